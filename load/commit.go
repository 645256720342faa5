package load

import (
	"encoding/json"
	"time"

	"etl/internal/fault"
)

// Format is the format of the commit records that this program writes, and the
// only one that it reads.
const Format = 1

// A Commit is a record of the commit log: the whole state of a data set. It is
// written once and never changed.
type Commit struct {
	Format       int                   `json:"format" jsonschema:"1"`
	Number       int64                 `json:"number" jsonschema:"from 1, without gaps"`
	Pipeline     string                `json:"pipeline"`
	Run          string                `json:"run" jsonschema:"random id of the process that made the commit"`
	Label        string                `json:"label,omitempty" jsonschema:"name that the user gave to the run"`
	Plan         string                `json:"plan,omitempty" jsonschema:"id of the plan whose shards read it; absent: one process did"`
	Restores     int64                 `json:"restores,omitempty" jsonschema:"number of the commit whose state a rollback brought back"`
	Time         time.Time             `json:"time" jsonschema:"when the commit was made, by the clock of its machine"`
	Version      string                `json:"etl" jsonschema:"version of etl"`
	Schema       SchemaRef             `json:"schema" jsonschema:"what a row is; that of every live file"`
	Fingerprints Fingerprints          `json:"fingerprints" jsonschema:"hashes of the configuration in hex"`
	Proof        string                `json:"proof" jsonschema:"how it is known that everything was read: settled, counted, walked or answered"`
	Counts       Counts                `json:"counts" jsonschema:"of what this commit read"`
	Slices       []Slice               `json:"slices" jsonschema:"all slices that the data set holds, oldest first"`
	Parents      map[string]int64      `json:"parents,omitempty" jsonschema:"numbers of the commits that the parents came from, by pipeline"`
	ParentsFile  string                `json:"parents_file,omitempty" jsonschema:"parents and the value at which each was asked"`
	Units        string                `json:"units,omitempty" jsonschema:"details of the units, in an object named by its SHA-256"`
	Drift        map[string]int64      `json:"drift,omitempty" jsonschema:"how often each member was served that the schema does not know, by path"`
	Drifted      []Drifted             `json:"drifted,omitempty" jsonschema:"fields by which the records differ from the schema, or from the commits before"`
	Seen         map[string]SeenColumn `json:"seen,omitempty" jsonschema:"what records have held, by the name of the column"`
	Checks       []Check               `json:"checks,omitempty" jsonschema:"checks of the data that this commit stood"`
	Rejects      *File                 `json:"rejects,omitempty" jsonschema:"records that this commit set aside"`
	Files        []File                `json:"files" jsonschema:"all live files, by path"`
	Added        []string              `json:"added" jsonschema:"paths of the files that are live since this commit"`
	Dropped      []string              `json:"dropped" jsonschema:"paths of the files that were live until this commit"`
}

// Fingerprints are hashes, in hex, of parts of the configuration that a commit
// was made with.
type Fingerprints struct {
	Config  string `json:"config" jsonschema:"of all that decides what is read"`
	Source  string `json:"source" jsonschema:"of what decides whose data it is"`
	Request string `json:"request" jsonschema:"of what decides the reply for a parent"`
}

// Counts says what became of the records. served = written + duplicates +
// rejected; asked + unchanged + gone are all parents.
type Counts struct {
	Pages         int64  `json:"pages"`
	Bytes         int64  `json:"bytes" jsonschema:"of the pages' JSON text, decoded"`
	Served        int64  `json:"served"`
	Written       int64  `json:"written"`
	Duplicates    int64  `json:"duplicates"`
	Rejected      int64  `json:"rejected"`
	Reread        int64  `json:"reread" jsonschema:"records that were read again for the proof"`
	Asked         int64  `json:"asked" jsonschema:"parents that requests were made for"`
	Unchanged     int64  `json:"unchanged" jsonschema:"parents that needed no request"`
	Gone          int64  `json:"gone" jsonschema:"parents that the API does not know any more"`
	DeclaredTotal *int64 `json:"declared_total" jsonschema:"what the API says how many there are; null if it does not say"`
}

// States of a slice.
const (
	SliceOpen   = "open"
	SliceClosed = "closed"
)

// A Slice is one cell of the calendar grid that was read and committed. A
// pipeline without a window has a single one, without ends.
type Slice struct {
	Since    time.Time `json:"since,omitzero" jsonschema:"first instant of the slice"`
	Until    time.Time `json:"until,omitzero" jsonschema:"first instant after the slice"`
	State    string    `json:"state" jsonschema:"closed, or open: it may still change and is read again"`
	Identity string    `json:"identity" jsonschema:"hash of all that decides what is read"`
	Proof    string    `json:"proof"`
	Counts   Counts    `json:"counts"`
	Commit   int64     `json:"commit" jsonschema:"number of the commit that read it last"`
}

// A Draft is what a run wants to commit.
type Draft struct {
	Base         int64 // number of the commit that it builds on; 0: none
	Run          string
	Label        string
	Plan         string // id of the plan whose shards read it; empty: one process did
	Time         time.Time
	Version      string
	Schema       SchemaRef
	Fingerprints Fingerprints
	Proof        string
	Counts       Counts
	Slices       []Slice // those that the run read; others of the base stay
	Parents      map[string]int64
	ParentsFile  string
	Add          []StagedFile // in plan order
	Replace      []File       // live files of the base that leave
	Units        any          // JSON-encodable; nil: none
	Drift        map[string]int64
	Drifted      []Drifted
	Seen         map[string]SeenColumn
	Checks       []Check
	Rejects      *StagedFile // nil: none
	Restores     int64       // rollback: the commit whose Slices these are; Add and Replace are taken as they are
}

// decode reads a record that was found under a number. A record that it does
// not understand in full is an error: to go on without it would lose data.
func (d *Dataset) decode(number int64, data []byte) (*Commit, error) {
	var c Commit
	err := strictly(data, &c)
	if err != nil || c.Format != Format {
		var only struct{ Format int } // of a newer format more may be unknown
		if loose := json.Unmarshal(data, &only); loose == nil && only.Format != Format {
			return nil, fault.New(fault.Config, "reading commit %d of %s: its format is %d, this program reads %d", number, d.pipeline, only.Format, Format).
				WithHint("use the version of etl that wrote it, or a newer one")
		}
		return nil, d.corrupt(number, "%w", err)
	}
	if c.Number != number || c.Pipeline != d.pipeline {
		return nil, d.corrupt(number, "it says that it is commit %d of %q", c.Number, c.Pipeline)
	}
	live := c.live()
	if len(live) != len(c.Files) {
		return nil, d.corrupt(number, "it lists a file twice")
	}
	for _, path := range c.Added {
		if _, ok := live[path]; !ok {
			return nil, d.corrupt(number, "it adds %s, which is not live", path)
		}
	}
	return &c, nil
}

func (d *Dataset) corrupt(number int64, format string, args ...any) error {
	return stored(fault.New(fault.Storage, format, args...).
		WithHint("restore %s from a backup; nothing is written until then", d.record(number)),
		"reading commit %d of %s: the record is damaged", number, d.pipeline)
}

// live returns the live files by path.
func (c *Commit) live() map[string]File {
	files := make(map[string]File, len(c.Files))
	for _, f := range c.Files {
		files[f.Path] = f
	}
	return files
}

// Rows returns how many rows the live files hold.
func (c *Commit) Rows() int64 {
	var n int64
	for _, f := range c.Files {
		n += f.Rows
	}
	return n
}
