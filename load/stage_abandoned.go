package load

import (
	"path"
	"strings"
)

// Abandon says that nobody is to commit any more from the stage of a run that
// seems to be no more. It removes nothing: where no lock keeps two runs apart,
// that run may be asleep with its commit on the way. It does what gc does at
// first; Reclaim, or gc, removes what the stage holds later.
func (st *Stage) Abandon() error {
	staged, err := st.staged()
	if err != nil || len(staged) == 0 {
		return err
	}
	g := &collector{Dataset: st.data}
	return stored(g.close(st.folder, "its run is no more"), "giving up a stage of %s", st.data.pipeline)
}

// Reclaim removes the files of a stage that was abandoned, if nobody can commit
// from it any more: a later commit stands, and was made from another. If not,
// they are left to gc. Kept pages stay.
func (st *Stage) Reclaim() error {
	mark := path.Join(st.folder, closedMark)
	at, err := (&collector{Dataset: st.data}).closedAt(mark)
	if err != nil || at < 0 {
		return stored(err, "reclaiming a stage of %s", st.data.pipeline)
	}
	newest, err := st.data.highest("commits", ".json")
	if err != nil || newest <= at {
		return err
	}
	for n := at + 1; n <= newest; n++ {
		c, err := st.data.At(n)
		if err != nil {
			return err
		}
		for _, f := range c.moves() {
			if path.Dir(f.Staged) == st.folder {
				return nil
			}
		}
	}
	if err := st.Clear(); err != nil {
		return err
	}
	if err := st.data.store.objects.remove(mark); err != nil {
		return stored(err, "reclaiming a stage of %s", st.data.pipeline)
	}
	return st.Clear() // and the folder
}

// staged returns the files that the stage holds for a commit.
func (st *Stage) staged() (names []string, err error) {
	all, err := st.data.store.objects.list(st.folder)
	for _, name := range all {
		if strings.HasSuffix(name, ".part") {
			names = append(names, name)
		}
	}
	return names, stored(err, "listing a stage of %s", st.data.pipeline)
}
