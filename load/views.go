package load

import (
	"bytes"
	"errors"
	"io/fs"
	"path"
)

// view returns the name of the file with the views of the data set, which it
// shares with those of the other accounts.
func (d *Dataset) view() string {
	stream, _ := d.account()
	return path.Join("views", stream+".sql")
}

// writeView writes the views of a commit that is being published, unless a
// newer one is published already.
func (d *Dataset) writeView(c *Commit) error {
	newer, err := d.publishes(c.Number + 1)
	if err != nil || newer {
		return err
	}
	if err := d.enroll(); err != nil {
		return err
	}
	commits, err := d.union(c)
	if err != nil {
		return err
	}
	text, err := d.ViewSQL(commits...)
	if err != nil {
		return err
	}
	return stored(d.store.objects.put(d.view(), []byte(text)), "writing the view of %s", d.pipeline)
}

// refreshView writes the views of the newest published commits if the file says
// anything else. It looks again after it has written: who was slower than a
// newer commit, also one of another account, may have put an old view over the
// new one.
func (d *Dataset) refreshView() error {
	for {
		commits, err := d.union(nil)
		if err != nil || len(commits) == 0 {
			return err
		}
		text, err := d.ViewSQL(commits...)
		if err != nil {
			return err
		}
		there, err := d.store.objects.read(d.view())
		if err == nil && bytes.Equal(there, []byte(text)) {
			return nil
		}
		if err == nil || errors.Is(err, fs.ErrNotExist) {
			err = d.store.objects.put(d.view(), []byte(text))
		}
		if err != nil {
			return stored(err, "writing the view of %s", d.pipeline)
		}
	}
}
