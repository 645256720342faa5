package load

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"strings"
	"time"
)

// GCOptions say what GC may take for left over. Ages only spare runs and
// readings that are still of use; safety does not depend on them, nor on any
// clock.
type GCOptions struct {
	Now          time.Time
	KeepReplaced time.Duration // how long replaced files serve overtaken readers and rollback; 0: 24 hours
	KeepStages   time.Duration // how long what nobody writes to is spared, failed readings too; 0: 7 days
	DryRun       bool          // change nothing
}

// An Action is what GC did with an object or a folder, or would do.
type Action struct {
	Do   string // close, remove, set aside, restore
	Name string // below the destination
	Why  string
}

// GC removes what no commit needs any more: stages that were given up on and
// what is left of published ones, replaced files that are old enough, details
// that no commit names, and temporary files. It needs no lock and may run
// beside runs.
//
// A stage that was given up on goes in two passes: one closes it, so that no
// commit is made from it any more, and a later one removes it, once a commit
// was made that any run that had not seen the mark must have lost to.
func (d *Dataset) GC(o GCOptions) ([]Action, error) {
	if err := d.check(); err != nil {
		return nil, err
	}
	if o.KeepReplaced == 0 {
		o.KeepReplaced = 24 * time.Hour
	}
	if o.KeepStages == 0 {
		o.KeepStages = 7 * 24 * time.Hour
	}
	g := &collector{Dataset: d, o: o, refs: references{stages: map[string]int64{}, named: map[string]bool{}}}
	if o.DryRun {
		g.Dataset = (&Store{objects: readOnly{d.store.objects}, path: d.store.path, local: d.store.local, atOnce: d.store.atOnce}).Dataset(d.pipeline)
	}
	if err := g.follow(); err != nil {
		return nil, err
	}
	for _, pass := range []func() error{g.stages, g.orphans, g.replaced, g.temporary} {
		if err := pass(); err != nil {
			return g.actions, stored(err, "collecting what is left over of %s", d.pipeline)
		}
	}
	return g.actions, nil
}

// readOnly are objects that stay as they are: what would change them does
// nothing, without an error.
type readOnly struct{ objects }

func (readOnly) create(string, []byte) error { return nil }
func (readOnly) put(string, []byte) error    { return nil }
func (readOnly) move(_, _ string) error      { return nil }
func (readOnly) remove(string) error         { return nil }
func (readOnly) tidy(string) error           { return nil }

// A collector is a garbage collection under way.
type collector struct {
	*Dataset
	o       GCOptions
	refs    references
	actions []Action
}

// references are what the commits up to a number refer to.
type references struct {
	upTo      int64
	published int64            // number of the newest published commit
	stages    map[string]int64 // by folder: the newest commit that was made from it
	named     map[string]bool  // details
}

// follow reads the commits that it has not read yet.
func (g *collector) follow() (err error) {
	if g.refs.published, err = g.highest("published", ""); err != nil {
		return err
	}
	newest, err := g.highest("commits", ".json")
	if err != nil {
		return err
	}
	for g.refs.upTo < newest {
		c, err := g.At(g.refs.upTo + 1)
		if err != nil {
			return err
		}
		for _, f := range c.moves() {
			g.refs.stages[path.Dir(f.Staged)] = c.Number
		}
		for _, name := range g.attached(c) {
			g.refs.named[name] = true
		}
		g.refs.upTo = c.Number
	}
	return nil
}

func (g *collector) report(do, name, format string, args ...any) {
	g.actions = append(g.actions, Action{do, name, fmt.Sprintf(format, args...)})
}

// old tells whether an object was written long enough ago. One that is gone is
// not.
func (g *collector) old(name string) (bool, error) {
	at, err := g.store.objects.modified(name)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	return err == nil && g.o.Now.Sub(at) > g.o.KeepStages, err
}

// remove removes objects, and the folders up to top that are empty then.
func (g *collector) remove(top string, names ...string) error {
	for _, name := range names {
		if err := g.store.objects.remove(name); err != nil {
			return err
		}
		for dir := path.Dir(name); strings.HasPrefix(dir, top+"/"); dir = path.Dir(dir) {
			if err := g.store.objects.tidy(dir); err != nil {
				return err
			}
		}
	}
	return nil
}

// replaced removes files that were replaced by commits published long enough
// ago. The age counts from the mark: a file keeps the time of when it was
// written.
func (g *collector) replaced() error {
	top := g.state("replaced")
	names, err := g.store.objects.list(top)
	if err != nil {
		return err
	}
	marks, err := g.numbers("published", "")
	if err != nil {
		return err
	}
	old := map[string]bool{} // by folder of a commit
	for _, name := range names {
		number, _, _ := strings.Cut(strings.TrimPrefix(name, top+"/"), "/")
		dir := path.Join(top, number)
		if _, known := old[dir]; !known {
			since, err := g.publishedAt(number, marks)
			if err != nil {
				return err
			}
			old[dir] = !since.IsZero() && g.o.Now.Sub(since) > g.o.KeepReplaced
			if old[dir] {
				g.report("remove", dir, "it was replaced at %s", since.UTC().Format(time.RFC3339))
			}
		}
		if !old[dir] {
			continue
		}
		if err := g.remove(top, name); err != nil {
			return err
		}
	}
	return nil
}

// publishedAt returns since when readers go by a commit, given as the serial of
// its number, or by a newer one, and the zero time if they do not.
func (g *collector) publishedAt(number string, marks []int64) (time.Time, error) {
	for _, n := range marks {
		if serial(n) >= number {
			at, err := g.store.objects.modified(g.mark(n))
			if errors.Is(err, fs.ErrNotExist) {
				return time.Time{}, nil
			}
			return at, err
		}
	}
	return time.Time{}, nil
}

// temporary removes what a crash has left between the writing of an object and
// its naming. It may be any pipeline's.
func (g *collector) temporary() error {
	names, err := g.store.objects.list(temporary)
	if err != nil {
		return err
	}
	for _, name := range names {
		old, err := g.old(name)
		if err != nil {
			return err
		}
		if !old {
			continue
		}
		g.report("remove", name, "a crash has left it unnamed")
		if err := g.store.objects.remove(name); err != nil {
			return err
		}
	}
	return nil
}
