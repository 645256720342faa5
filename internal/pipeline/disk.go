package pipeline

import (
	"fmt"

	"etl/internal/fault"
	"etl/load"
)

// diskReserve is how many bytes of a disk stay free, by default: a commit that is
// under way, its view and its marks always find room.
const diskReserve = 16 << 20

// diskInterval is after how many bytes of pages the disks are looked at again.
const diskInterval = 1 << 20

// What kept pages take: measured on pages of the simulator, those of many records
// are packed to a quarter of their JSON text and less, and a small one takes a
// block of the disk.
const (
	keptShare = 4
	keptBlock = 4 << 10
)

// A need is what will be written below a folder.
type need struct {
	dir   string
	bytes int64
}

// checkRoom refuses to read a slice that will not fit on the disks, by what it
// took before. Nothing has been asked of the source yet.
func (t *take) checkRoom() error {
	if t.o.Reserve < 0 {
		return nil
	}
	stage, err := t.ds.Stage(t.place(), t.run)
	if err != nil {
		return err
	}
	dir := t.keptIn(stage)
	files, pages := t.expected()
	pages, err = t.expectedPages(dir, pages)
	if err != nil {
		return err
	}
	return t.o.fits(need{t.o.Store.Local(), files + files/2}, need{dir, pages + pages/2})
}

// expected returns how many bytes the files of the slice and its kept pages will
// have: as many as in the newest commit, or as those of an
// average slice if it is not there, in proportion to the parents that are asked.
// Without a commit, and of a part of a slice, nothing is known.
func (t *take) expected() (files, pages int64) {
	if t.base == nil || t.part {
		return 0, 0
	}
	of, names := t.base.Slices, map[string]bool{}
	for i, s := range of {
		if s.Since.Equal(t.since) {
			of, names[t.slice.name] = of[i:i+1], true
			break
		}
	}
	var asked int64
	for _, s := range of {
		pages += s.Counts.Bytes/keptShare + s.Counts.Pages*keptBlock
		asked += s.Counts.Asked
	}
	for _, f := range t.base.Files {
		if t.p.Merge || len(names) == 0 || names[f.Slice] {
			files += f.Bytes
		}
	}
	if t.p.Merge {
		files = addedBytes(t.base)
	} else {
		files /= int64(max(1, len(of)))
	}
	pages /= int64(max(1, len(of)))
	if asked /= int64(max(1, len(of))); asked > 0 {
		share := min(1, float64(t.asks())/float64(asked))
		files, pages = int64(share*float64(files)), int64(share*float64(pages))
	}
	return files, pages
}

// addedBytes is what the run wrote that made a commit; 0: no run made it.
func addedBytes(c *load.Commit) (bytes int64) {
	if c.Counts.Served == 0 {
		return 0
	}
	added := map[string]bool{}
	for _, path := range c.Added {
		added[path] = true
	}
	for _, f := range c.Files {
		if added[f.Path] {
			bytes += f.Bytes
		}
	}
	return bytes
}

// asks is how many lists are asked for.
func (t *take) asks() (lists int) {
	for _, u := range t.units {
		lists += len(u.parents)
	}
	return lists
}

// expectedPages returns how many bytes of pages will come on the disk: as many as
// the newest committed reading has there, else as many as they are expected to
// have. Those of a reading that was left behind are used again, or go.
func (t *take) expectedPages(dir string, pages int64) (int64, error) {
	if t.o.Replay {
		return 0, nil
	}
	var spare int64
	left, err := load.Readings(dir)
	if err != nil {
		return 0, err
	}
	for _, r := range left {
		size, err := load.SizeOf(r.Dir)
		if err != nil {
			return 0, err
		}
		if r.State == load.Committed {
			pages = size
		} else {
			spare += size
		}
	}
	return max(0, pages-spare), nil
}

// fits holds what will be written against what is free, together for folders on
// one disk. On every disk the reserve stays.
func (o *Options) fits(needs ...need) error {
	if o.Reserve < 0 {
		return nil
	}
	together := map[any]int64{}
	for _, n := range needs {
		space, err := o.spaceOf(n.dir)
		if err != nil {
			return err
		}
		together[space.Device] += n.bytes
		if sum := together[space.Device]; space.Known && space.Free < sum+o.Reserve {
			return fault.New(fault.Storage, "the disk of %s has %s free, and %s are needed: %s for what comes, by what there was, and %s that stay free",
				n.dir, mebibytes(space.Free), mebibytes(sum+o.Reserve), mebibytes(sum), mebibytes(o.Reserve)).
				WithHint("make room, or see --disk-reserve; a run does not ask again for what it has kept")
		}
	}
	return nil
}

// look holds the reserve against the disks while a slice is written, once for
// every so many bytes of pages.
func (t *take) look(b *built) error {
	if b.looked > 0 && b.counts.Bytes-b.looked < diskInterval {
		return nil
	}
	b.looked = b.counts.Bytes
	return t.o.fits(need{t.o.Store.Local(), 0}, need{t.reading.dir, 0})
}

func mebibytes(n int64) string { return fmt.Sprintf("%.1f MiB", float64(n)/(1<<20)) }
