package load

import (
	"crypto/rand"
	"errors"
	"io/fs"
	"path"
	"syscall"
)

// A commit that stands must be published on a full disk too. That takes little
// room: for the text of the view, for folders, and for names. A data set in a
// folder keeps a file of that size that holds nothing, and gives it up when
// publishing finds no room. A bucket does not get full.

// Room that publishing a commit takes, at most.
const (
	roomForNames   = 32 << 10 // of a few folders of our books
	roomForFolder  = 4 << 10
	roomForListing = 256 // of a file in a view, beside the name of the destination
)

// reserve returns the name of the file that keeps room free.
func (d *Dataset) reserve() string { return d.state("reserve") }

// keepRoom sees to it that there is room to publish a commit, before it is made.
func (d *Dataset) keepRoom(c *Commit) error {
	if _, local := d.store.objects.(*folder); !local {
		return nil
	}
	folders := map[string]bool{}
	for _, f := range c.moves() {
		folders[path.Dir(f.Path)] = true
	}
	for _, name := range c.Dropped {
		folders[path.Dir(d.retired(c.Number, name))] = true
	}
	view, err := d.size(d.view()) // of other accounts, too
	if err != nil {
		return err
	}
	kept, err := d.size(d.reserve())
	if err != nil {
		return err
	}
	need := view + roomForNames + int64(len(folders))*roomForFolder + int64(len(c.Files)*(roomForListing+len(d.store.path)))
	if kept >= need {
		return nil
	}
	room := make([]byte, need+need/2)
	_, _ = rand.Read(room) // never fails; what some disks would not make smaller
	return stored(d.store.objects.put(d.reserve(), room), "keeping room to publish %s", d.pipeline)
}

// size returns the size of an object, and 0 if there is none.
func (d *Dataset) size(name string) (int64, error) {
	b, err := d.store.objects.open(name)
	if errors.Is(err, fs.ErrNotExist) {
		return 0, nil
	}
	if err != nil {
		return 0, stored(err, "looking at %s", name)
	}
	return b.Size(), stored(b.Close(), "looking at %s", name)
}

// spending does what can be done again. If the disk is full it gives up the room
// that was kept, and does it again.
func (d *Dataset) spending(do func() error) error {
	err := do()
	if !errors.Is(err, syscall.ENOSPC) && !errors.Is(err, syscall.EDQUOT) {
		return err
	}
	kept, sizeErr := d.size(d.reserve())
	if sizeErr != nil || kept == 0 {
		return err
	}
	if removeErr := d.store.objects.remove(d.reserve()); removeErr != nil {
		return errors.Join(err, removeErr)
	}
	return do()
}
