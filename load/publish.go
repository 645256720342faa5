package load

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"io/fs"
	"path"
	"strings"

	"etl/internal/fault"
)

// Publish puts the files of a commit where readers look, and marks it as
// published. Whatever part of it was done before, by this process or another
// and even at this moment, it does the rest; a commit that is published, or
// older than one that is, is left alone.
func (d *Dataset) Publish(c *Commit) error {
	done, err := d.publishes(c.Number)
	if err != nil || done {
		return err
	}
	if err := d.reattach(c); err != nil {
		return err
	}
	moves := c.moves()
	var into []string
	for _, f := range moves {
		into = append(into, path.Dir(f.Path))
	}
	err = d.store.objects.together(into, func(o objects) (err error) {
		done, err = d.store.each(len(moves), func(i int) (bool, error) { return d.publishFile(o, c, moves[i]) })
		return err
	})
	if err != nil || done {
		return err
	}
	if err := d.writeView(c); err != nil {
		return err
	}
	into = nil
	for _, name := range c.Dropped {
		into = append(into, path.Dir(d.retired(c.Number, name)))
	}
	err = d.store.objects.together(into, func(o objects) error {
		_, err := d.store.each(len(c.Dropped), func(i int) (bool, error) { return false, d.retire(o, c.Number, c.Dropped[i]) })
		return err
	})
	if err != nil {
		return err
	}
	err = d.store.objects.create(d.mark(c.Number), nil)
	if err != nil && !errors.Is(err, fs.ErrExist) {
		return stored(err, "marking commit %d of %s as published", c.Number, d.pipeline)
	}
	return d.refreshView()
}

// publishes tells whether a commit, or one after it, is published.
func (d *Dataset) publishes(number int64) (bool, error) {
	n, err := d.highest("published", "")
	return n >= number, err
}

// publishFile moves a file to its path. If it finds that others have published
// the commit in the meantime, it is done with all of it.
func (d *Dataset) publishFile(o objects, c *Commit, f File) (done bool, err error) {
	err = o.move(f.Staged, f.Path)
	if !errors.Is(err, fs.ErrNotExist) {
		return false, stored(err, "publishing %s", f.Path)
	}
	sum, err := d.store.sum(f.Path)
	if err == nil && sum == f.SHA256 {
		return false, nil // moved before
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return false, stored(err, "publishing %s", f.Path)
	}
	if done, err := d.publishes(c.Number); done || err != nil {
		return done, err // moved before, and dropped since
	}
	return false, fault.New(fault.Storage, "publishing commit %d of %s: %s is gone from the stage and is not in place", c.Number, d.pipeline, f.Staged).
		WithHint("etl rollback %s --to %d", d.pipeline, c.Number-1)
}

// sum returns the SHA-256 of an object in hex.
func (s *Store) sum(name string) (sum string, err error) {
	b, err := s.objects.open(name)
	if err != nil {
		return "", err
	}
	hash := sha256.New()
	_, err = io.Copy(hash, io.NewSectionReader(b, 0, b.Size()))
	return hex.EncodeToString(hash.Sum(nil)), errors.Join(err, b.Close())
}

// retire moves a file that is not live any more out of the readers' sight. One
// that is gone was retired before.
func (d *Dataset) retire(o objects, number int64, name string) error {
	err := o.move(name, d.retired(number, name))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return stored(err, "replacing %s", name)
}

// retired returns the name of a file that a commit has replaced.
func (d *Dataset) retired(number int64, name string) string {
	return path.Join(d.replaced(number), strings.TrimPrefix(name, d.data()))
}

// replaced returns the folder of the files that a commit has replaced.
func (d *Dataset) replaced(number int64) string {
	return d.state("replaced", serial(number))
}
