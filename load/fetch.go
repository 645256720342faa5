package load

import (
	"errors"
	"os"
	"path/filepath"

	"etl/internal/fault"
	"etl/load/bucket"
)

// Fetch brings files of a commit onto this machine, below a folder, and returns
// the data set as one whose files lie there: for FilesSQL and programs that read
// no buckets. Nothing is done for a destination that is a folder. A file that is
// damaged or gone is an error.
func (d *Dataset) Fetch(files []File, dir string) (*Dataset, error) {
	if !bucket.Is(d.store.path) {
		return d, nil
	}
	for _, f := range files {
		if err := d.fetch(f, filepath.Join(dir, filepath.FromSlash(f.Path))); err != nil {
			return nil, err
		}
	}
	here := *d.store
	here.path = dir
	return here.Dataset(d.pipeline), nil
}

// fetch writes a copy of a file.
func (d *Dataset) fetch(f File, as string) error {
	if err := os.MkdirAll(filepath.Dir(as), 0o700); err != nil {
		return fault.New(fault.Storage, "fetching %s: %w", f.Path, err)
	}
	from, err := d.open(f)
	if err != nil {
		return err
	}
	out, err := os.OpenFile(as, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, forUs)
	if err != nil {
		return errors.Join(fault.New(fault.Storage, "fetching %s: %w", f.Path, err), from.Close())
	}
	to := newSink(as, fetchedOutput{out})
	err = copyBlob(to, from, f.Path, f.SHA256)
	return errors.Join(err, from.Close())
}

// A fetchedOutput needs not outlast a power cut.
type fetchedOutput struct{ *os.File }

func (o fetchedOutput) Abort() error { return errors.Join(o.File.Close(), os.Remove(o.Name())) }
