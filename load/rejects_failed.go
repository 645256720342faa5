package load

import (
	"errors"
	"path"
	"slices"
	"time"
)

// A FailedRun is a run that ended without a commit and left behind, in its
// stage, the records that it had set aside.
type FailedRun struct {
	Run      string    // random id of its process
	Identity string    // of the slice that it read
	Time     time.Time // when it ended

	name string // of the file of its rejects
}

// FailedRuns returns the runs that left rejects, the newest first. They stay
// until a later run of the slice, or gc, clears their stage.
func (d *Dataset) FailedRuns() ([]FailedRun, error) {
	if err := d.check(); err != nil {
		return nil, err
	}
	names, err := d.store.objects.list(d.state("stage"))
	if err != nil {
		return nil, stored(err, "looking for rejects of %s", d.pipeline)
	}
	var runs []FailedRun
	for _, name := range names {
		if path.Base(name) != rejectsName {
			continue
		}
		at, err := d.store.objects.modified(name)
		if err != nil {
			return nil, stored(err, "looking for rejects of %s", d.pipeline)
		}
		stage := path.Dir(name)
		runs = append(runs, FailedRun{Run: path.Base(stage), Identity: path.Base(path.Dir(stage)), Time: at, name: name})
	}
	slices.SortStableFunc(runs, func(a, b FailedRun) int { return b.Time.Compare(a.Time) })
	return runs, nil
}

// RejectsOf calls each with every record that a failed run has set aside, in
// order. A run that was killed while it wrote them leaves nothing to read,
// which is an error.
func (d *Dataset) RejectsOf(run FailedRun, each func(Reject) error) (err error) {
	b, err := d.store.objects.open(run.name)
	if err != nil {
		return stored(err, "reading the rejects of run %s of %s", run.Run, d.pipeline)
	}
	defer func() { err = errors.Join(err, b.Close()) }()
	return stored(eachReject(b, each), "reading the rejects of run %s of %s", run.Run, d.pipeline)
}
