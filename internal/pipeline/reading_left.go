package pipeline

import (
	"errors"
	"os"
	"path/filepath"
	"slices"

	"etl/internal/fault"
	"etl/load"
)

// lockPages sees to it that of the runs on this machine one alone goes on with
// the kept pages of the slice, or clears them away, and none while another adds
// to them. Destinations in buckets have no lock that would keep two runs apart.
func (t *take) lockPages() (unlock func() error, err error) {
	stage, err := t.ds.Stage(t.place(), t.run)
	if err != nil {
		return nil, err
	}
	unlock, ok, err := load.LockFile(t.keptIn(stage) + ".lock")
	if ok || err != nil {
		return unlock, err
	}
	if t.o.Replay {
		return nil, fault.New(fault.Conflict, "pipeline %s: another run uses its kept pages", t.p.Name).WithHint("wait until it has ended")
	}
	t.beside = true
	return func() error { return nil }, nil
}

// choose looks through the readings that were left in dir. It goes on with the
// newest that may be used, and removes the others.
func (r *reading) choose(dir string) error {
	left, err := load.Readings(dir)
	if err != nil {
		return err
	}
	for _, old := range slices.Backward(left) {
		resume, rebuild := r.t.usable(old)
		if r.about.Run == r.t.run && (resume || rebuild) {
			r.about, r.resumed, r.rebuilt = old, true, rebuild
			if err := r.abandon(old); err != nil {
				return err
			}
			continue
		}
		if r.t.o.Replay || old.State == load.Committed && r.t.o.Now().Sub(old.Started) < r.t.p.KeepPages {
			continue
		}
		if err := r.remove(old); err != nil {
			return err
		}
	}
	if r.t.o.Replay && !r.rebuilt {
		return fault.New(fault.Config, "pipeline %s: no pages of a committed reading are kept", r.t.p.Name).
			WithHint("with keep_pages: 7d in the configuration, those of the next runs are")
	}
	return nil
}

// remove removes a reading that nobody will go on with, and its stage.
func (r *reading) remove(old load.Reading) error {
	kept, err := load.OpenPages(old.Dir, r.t.o.Now)
	if err != nil {
		return err
	}
	err = errors.Join(os.RemoveAll(filepath.Join(old.Dir, "keys")), kept.Remove(together), kept.Close())
	return errors.Join(err, r.abandon(old))
}

// abandon gives up the stage of a run that seems to be no more. Where there is
// no lock it may be asleep: its files go when a commit of ours stands.
func (r *reading) abandon(old load.Reading) error {
	stage, err := r.t.ds.Stage(r.t.place(), old.Run)
	if err != nil {
		return err
	}
	r.abandoned = append(r.abandoned, stage)
	return stage.Abandon()
}

// reclaim removes what the stages that were given up hold.
func (r *reading) reclaim() (err error) {
	for _, stage := range r.abandoned {
		err = errors.Join(err, stage.Reclaim())
	}
	return err
}

// usable tells whether the pages of an earlier reading are used: to resume one
// that was broken off, or to build one anew that did not fit an older schema.
// Where the slice was committed since, perhaps from another machine, its pages
// are older than what the data set holds.
func (t *take) usable(old load.Reading) (resume, rebuild bool) {
	switch {
	case t.o.Replay:
		return false, old.State == load.Committed
	case t.o.Fresh:
		return false, false
	case old.Base < t.lastRead():
		return false, false
	}
	age := t.o.Now().Sub(old.Started)
	resume = old.State == load.BrokenOff && age < t.p.ResumeWithin
	rebuild = (old.State == load.Failed || old.State == load.Whole) && age < t.p.KeepFailed && old.Schema != t.schemaHash()
	return resume, rebuild
}

// lastRead returns the number of the newest commit that read any of the slice;
// 0: none.
func (t *take) lastRead() (number int64) {
	if t.base == nil {
		return 0
	}
	for _, s := range t.base.Slices {
		before := !s.Until.IsZero() && !s.Until.After(t.since)
		after := !t.until.IsZero() && !s.Since.Before(t.until)
		if !before && !after {
			number = max(number, s.Commit)
		}
	}
	return number
}
