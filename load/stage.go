package load

import (
	"cmp"
	"errors"
	"maps"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"etl/internal/fault"
)

// A Stage is the folder that one run writes the files of one slice to, before
// a commit takes them up. No other run writes to it.
type Stage struct {
	data   *Dataset
	folder string // below the destination
}

// closedMark is the object by which gc forbids a commit from a stage.
const closedMark = "closed"

// Stage returns the stage of a run for a slice. The identity is that of the
// slice, the run a random id that no other process writes under.
func (d *Dataset) Stage(identity, run string) (*Stage, error) {
	if err := d.check(); err != nil {
		return nil, err
	}
	for _, name := range []string{identity, run} {
		if !isPlain(name) {
			return nil, fault.New(fault.Bug, "opening a stage of %s: %q is not a plain name", d.pipeline, name)
		}
	}
	return &Stage{data: d, folder: d.state("stage", identity, run)}, nil
}

// Folder returns the absolute name of the stage's folder, of a bucket that of
// one on this machine. Kept pages lie in it unless the user has named another
// place.
func (st *Stage) Folder() string {
	return filepath.Join(st.data.store.local, filepath.FromSlash(st.folder))
}

// create starts a file of the stage. Its name must end in .part, so that no
// reader takes it for data. The folder of a stage comes with its first file.
func (st *Stage) create(name string) (*sink, error) {
	s, err := st.data.store.objects.write(path.Join(st.folder, name), forReaders)
	return s, stored(err, "writing %s of %s", name, st.data.pipeline)
}

// open opens a file of the stage for reading.
func (st *Stage) open(name string) (blob, error) {
	b, err := st.data.store.objects.open(path.Join(st.folder, name))
	return b, stored(err, "reading %s of %s", name, st.data.pipeline)
}

// openFile opens a staged file, of this stage or of the one that it names.
func (st *Stage) openFile(f StagedFile) (blob, error) {
	b, err := st.data.store.objects.open(st.nameOf(f))
	return b, stored(err, "reading %s of %s", f.Staged, st.data.pipeline)
}

// nameOf returns the name of a staged file below the destination.
func (st *Stage) nameOf(f StagedFile) string {
	return path.Join(cmp.Or(f.Stage, st.folder), f.Staged)
}

// Own returns a file of this stage with the name of the stage, so that another
// one can commit it.
func (st *Stage) Own(f StagedFile) StagedFile {
	f.Stage = st.folder
	return f
}

// Clear removes the files that the stage holds for a commit, and the stage if
// nothing else is left in it. Kept pages stay.
func (st *Stage) Clear() error {
	names, err := st.data.store.objects.list(st.folder)
	if err != nil {
		return stored(err, "clearing a stage of %s", st.data.pipeline)
	}
	for _, name := range names {
		if strings.HasSuffix(name, ".part") {
			err = errors.Join(err, st.data.store.objects.remove(name))
		}
	}
	for dir := st.folder; err == nil && dir != st.data.state("stage"); dir = path.Dir(dir) {
		err = st.data.store.objects.tidy(dir)
	}
	return stored(err, "clearing a stage of %s", st.data.pipeline)
}

// Discard removes staged files that no commit will take up.
func (st *Stage) Discard(files ...StagedFile) (err error) {
	for _, f := range files {
		err = errors.Join(err, st.data.store.objects.remove(st.nameOf(f)))
	}
	return stored(err, "discarding files of %s", st.data.pipeline)
}

// ready says whether a commit may be made from the stage: gc has not closed
// it, and all that the commit names is there. Anything else is a lost race.
func (st *Stage) ready(c *Commit) error {
	names, stages := st.data.attached(c), map[string]bool{st.folder: true}
	for _, f := range c.moves() {
		names = append(names, f.Staged)
		stages[path.Dir(f.Staged)] = true
	}
	for _, folder := range slices.Sorted(maps.Keys(stages)) {
		closed, err := st.data.store.has(path.Join(folder, closedMark))
		if err != nil {
			return err
		}
		if closed {
			return fault.New(fault.Conflict, "committing %s: its stage was closed as abandoned", st.data.pipeline).
				WithHint("run it again")
		}
	}
	_, err := st.data.store.each(len(names), func(i int) (bool, error) {
		there, err := st.data.store.has(names[i])
		if err == nil && !there {
			err = fault.New(fault.Conflict, "committing %s: %s is gone", st.data.pipeline, names[i]).
				WithHint("run it again")
		}
		return false, err
	})
	return err
}
