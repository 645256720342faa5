package load

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"
)

// finishedNote ends the names of objects that say what is finished in a stage.
// They go with its files.
const finishedNote = "-finished.part"

// A finished says that files of a stage are all that became of a source.
type finished struct {
	Source string       `json:"source"`
	Files  []StagedFile `json:"files"`
}

// Finish notes that files of the stage are all that became of a source, so that
// a later run can take them over. The source is a hash of what they were made
// from, and of all that decides what is made of it.
func (st *Stage) Finish(name, source string, files []StagedFile) error {
	data, err := encode(finished{source, files})
	if err != nil {
		return err
	}
	return stored(st.data.store.objects.put(path.Join(st.folder, name+finishedNote), data), "noting what is finished of %s", st.data.pipeline)
}

// An Earlier is what runs that were stopped have finished for the same slice.
type Earlier struct {
	to     *Stage
	stages []*Stage
	found  map[string][]earlierFiles // by source
}

type earlierFiles struct {
	folder string
	files  []StagedFile
}

// Earlier looks for what other runs have finished in stages of the same
// identity. A note that cannot be read is none.
func (st *Stage) Earlier() (*Earlier, error) {
	names, err := st.data.store.objects.list(path.Dir(st.folder))
	if err != nil {
		return nil, stored(err, "looking at the stages of %s", st.data.pipeline)
	}
	e := &Earlier{to: st, found: map[string][]earlierFiles{}}
	for _, name := range names {
		folder := path.Dir(name)
		if !strings.HasSuffix(name, finishedNote) || folder == st.folder {
			continue
		}
		data, err := st.data.store.objects.read(name)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, stored(err, "reading %s", name)
		}
		var f finished
		if err != nil || json.Unmarshal(data, &f) != nil {
			continue
		}
		e.found[f.Source] = append(e.found[f.Source], earlierFiles{folder, f.Files})
		if !slices.ContainsFunc(e.stages, func(s *Stage) bool { return s.folder == folder }) {
			e.stages = append(e.stages, &Stage{data: st.data, folder: folder})
		}
	}
	return e, nil
}

// Take copies the files that an earlier run has finished of a source into the
// stage, under names that begin with name. It reports false if there are none,
// or if one is gone or damaged: the stage of another run is only ever read, for
// it may still be at work.
func (e *Earlier) Take(name, source string) ([]StagedFile, bool) {
	for _, from := range e.found[source] {
		if files, err := e.take(name, from); err == nil {
			return files, true
		}
	}
	return nil, false
}

func (e *Earlier) take(name string, from earlierFiles) (files []StagedFile, err error) {
	for i, f := range from.files {
		as := fmt.Sprintf("%s-%d.part", name, i+1)
		if err := e.to.copyObject(as, path.Join(from.folder, path.Base(f.Staged)), f.SHA256); err != nil {
			return nil, errors.Join(err, e.to.Discard(files...))
		}
		f.Staged = as
		files = append(files, f)
	}
	return files, nil
}

// Clear removes what the earlier runs have left. It may be called once a commit
// was made on the base that they began with: none can be made from them then.
func (e *Earlier) Clear() (err error) {
	for _, s := range e.stages {
		err = errors.Join(err, s.Clear())
	}
	return err
}
