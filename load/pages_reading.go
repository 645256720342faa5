package load

import (
	"cmp"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"

	"etl/internal/fault"
)

// States of a reading.
const (
	BrokenOff = "broken-off" // not every unit was read to its end
	Whole     = "whole"      // every unit was, and nothing came of it yet
	Failed    = "failed"     // whole, but its records did not fit
	Committed = "committed"  // whole, and taken up by a commit
)

// A Reading says what the kept pages in a folder are, so that a later run can
// decide whether to use them.
type Reading struct {
	Dir      string           `json:"-"` // where it lies
	Identity string           `json:"identity"`
	Run      string           `json:"run"`
	Started  time.Time        `json:"started"`
	Base     int64            `json:"base"`              // number of the commit that the run built on; 0: none
	Schema   string           `json:"schema"`            // hash of all that the schema said
	Totals   map[string]int64 `json:"totals,omitempty"`  // what the API declared, by unit
	Parents  string           `json:"parents,omitempty"` // hash of the parents; empty: none
	State    string           `json:"state"`
	Commit   int64            `json:"commit,omitempty"` // Committed: number of the commit
}

// manifestName is the file that says what a reading is.
const manifestName = "reading.json"

// Describe writes down what the reading is, in the place of what was written
// before. A reading begins as BrokenOff.
func (p *Pages) Describe(r Reading) error {
	if !slices.Contains([]string{BrokenOff, Whole, Failed, Committed}, r.State) {
		return fault.New(fault.Bug, "describing a reading: no state %q", r.State)
	}
	data, err := encode(r)
	if err != nil {
		return err
	}
	return stored(p.place(manifestName, true, data), "describing a reading")
}

// Readings lists the readings whose folders lie in dir, oldest first. A folder
// without a description is none.
func Readings(dir string) ([]Reading, error) {
	entries, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, stored(err, "looking for kept pages")
	}
	var readings []Reading
	for _, entry := range entries {
		r := Reading{Dir: filepath.Join(dir, entry.Name())}
		data, err := os.ReadFile(filepath.Join(r.Dir, manifestName))
		if errors.Is(err, fs.ErrNotExist) || !entry.IsDir() {
			continue
		}
		if err == nil {
			err = strictly(data, &r)
		}
		if err != nil {
			return nil, stored(err, "reading %s", filepath.Join(r.Dir, manifestName))
		}
		readings = append(readings, r)
	}
	slices.SortStableFunc(readings, func(a, b Reading) int {
		return cmp.Or(a.Started.Compare(b.Started), cmp.Compare(a.Run, b.Run))
	})
	return readings, nil
}
