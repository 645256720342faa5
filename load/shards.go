package load

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"strings"

	"etl/internal/fault"
)

// Shards are the notes that the workers of one plan leave for each other and
// for the commit, below the stage of the data set: a manifest of each shard,
// and what became of the plan. A note is created if absent and never changed:
// of several workers one wins, whatever crashes. gc takes the notes of an old
// plan for a stage that was given up on, and removes them as such.
type Shards struct {
	data   *Dataset
	folder string
}

// committedNote is the note that says that the plan was committed.
const committedNote = "committed"

// Shards returns the notes of a plan, by its id.
func (d *Dataset) Shards(plan string) (*Shards, error) {
	if err := d.check(); err != nil {
		return nil, err
	}
	if !isPlain(plan) {
		return nil, fault.New(fault.Config, "opening the shards of %s: %q is not the id of a plan", d.pipeline, plan)
	}
	return &Shards{data: d, folder: d.state("stage", "plan-"+plan, "shards")}, nil
}

func shardNote(shard int) string { return fmt.Sprintf("%06d", shard) }

// Put writes the manifest of a shard, and reports whether this is the one that
// counts; if not, another worker has written its own before.
func (s *Shards) Put(shard int, manifest any) (won bool, err error) {
	return s.create(shardNote(shard), manifest)
}

// Get reads the manifest of a shard. It reports false if there is none yet.
func (s *Shards) Get(shard int, manifest any) (there bool, err error) {
	return s.read(shardNote(shard), manifest)
}

// Has tells whether there is a manifest of a shard.
func (s *Shards) Has(shard int) (bool, error) {
	return s.data.store.has(s.name(shardNote(shard)))
}

// Begin notes that a worker has begun with a shard. It reports whether another
// one had before.
func (s *Shards) Begin(shard int, worker string) (again bool, err error) {
	won, err := s.create(shardNote(shard)+"-begun", worker)
	return !won, err
}

// PutCommitted notes what became of the plan.
func (s *Shards) PutCommitted(result any) (won bool, err error) {
	return s.create(committedNote, result)
}

// Committed reads what became of the plan. It reports false if it was not
// committed, or if that is not known any more.
func (s *Shards) Committed(result any) (bool, error) { return s.read(committedNote, result) }

func (s *Shards) name(note string) string { return path.Join(s.folder, note+".json") }

// create writes a note. Only a plain success is believed: after any other
// answer it looks at what stands there.
func (s *Shards) create(note string, v any) (won bool, err error) {
	data, err := encode(v)
	if err != nil {
		return false, err
	}
	answer := s.data.store.objects.create(s.name(note), data)
	if answer == nil {
		return true, nil
	}
	there, err := s.data.store.objects.read(s.name(note))
	if errors.Is(err, fs.ErrNotExist) {
		err = answer
	}
	return err == nil && bytes.Equal(there, data), stored(err, "writing note %s of a plan of %s", note, s.data.pipeline)
}

func (s *Shards) read(note string, v any) (there bool, err error) {
	data, err := s.data.store.objects.read(s.name(note))
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err == nil {
		err = strictly(data, v)
	}
	return err == nil, stored(err, "reading note %s of a plan of %s", note, s.data.pipeline)
}

// ClearStage removes what a worker has staged in a folder that one of its files
// names.
func (d *Dataset) ClearStage(folder string) error {
	if !strings.HasPrefix(folder, d.state("stage")+"/") || path.Clean(folder) != folder {
		return fault.New(fault.Bug, "clearing a stage of %s: %q is none", d.pipeline, folder)
	}
	return (&Stage{data: d, folder: folder}).Clear()
}
