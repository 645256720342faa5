package load

import (
	"path"
	"regexp"
	"strconv"
	"strings"
)

// Recover finishes what a run before this one has left half-done, and is the
// first thing that a run does once it holds the lock: the newest commit is
// published, files that are not live any more leave data/, and the view shows
// the newest commit. What lies in data/ under a higher number is left alone: it
// is being published by another process.
//
// It goes on a full disk too: what room it takes was kept for it.
func (d *Dataset) Recover() error { return d.spending(d.finish) }

func (d *Dataset) finish() error {
	newest, err := d.Newest()
	if err != nil || newest == nil {
		return err
	}
	if err := d.Publish(newest); err != nil {
		return err
	}
	published, err := d.Published()
	if err != nil {
		return err
	}
	if err := d.reattach(published); err != nil {
		return err
	}
	if err := d.sweep(published); err != nil {
		return err
	}
	if err := d.refreshView(); err != nil {
		return err
	}
	return d.clearStages(published)
}

// liveName is the name of a file of a commit: their numbers.
var liveName = regexp.MustCompile(`^(\d{6,})-\d{4,}\.parquet$`)

// sweep retires files of this commit and those before it that it does not
// list: a crash came before they were moved, or a late copy brought them back.
func (d *Dataset) sweep(c *Commit) error {
	names, err := d.store.objects.list(d.data())
	if err != nil {
		return stored(err, "listing the files of %s", d.pipeline)
	}
	live := c.live()
	for _, name := range names {
		match := liveName.FindStringSubmatch(path.Base(name))
		if match == nil || strings.HasPrefix(name, d.data()+"/"+accountFolder) {
			continue // not ours
		}
		number, err := strconv.ParseInt(match[1], 10, 64)
		if _, ok := live[name]; ok || err != nil || number > c.Number {
			continue
		}
		if err := d.retire(d.store.objects, c.Number, name); err != nil {
			return err
		}
	}
	return nil
}

// clearStages removes what is left of the stages that a published commit was
// made from.
func (d *Dataset) clearStages(c *Commit) error {
	cleared := map[string]bool{}
	for _, f := range c.moves() {
		dir := path.Dir(f.Staged)
		if cleared[dir] || !strings.HasPrefix(dir, d.state("stage")+"/") {
			continue
		}
		cleared[dir] = true
		st := &Stage{data: d, folder: dir}
		if err := st.Clear(); err != nil {
			return err
		}
	}
	return nil
}
