package load

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"testing"

	"etl/schemas"
)

// testSchema is what the rows of the tests' data sets are.
func testSchema() *schemas.Schema {
	return &schemas.Schema{Name: "test/row", Columns: []schemas.Column{
		{Name: "id", From: []schemas.Path{{"id"}}, Type: schemas.Type{Kind: schemas.Int64}, Required: true},
		{Name: "wait", From: []schemas.Path{{"wait"}}, Type: schemas.Type{Kind: schemas.Duration}},
	}}
}

// files are contents by partition folder. The commit log does not look into
// files, so that text does for Parquet.
type files map[string]string

// A job is what a run does after it has read everything.
type job struct {
	identity string
	light    bool // its rejects are text too
}

// draft stages files and rejects and drafts the commit that replaces the live
// files of the same folders.
func (j job) draft(d *Dataset, run string, base *Commit, add files) (*Stage, Draft, error) {
	if j.identity == "" {
		j.identity = "all"
	}
	draft := Draft{
		Run: run, Time: noon, Version: "test", Proof: "walked", Schema: Describe(testSchema(), []string{"id"}),
		Fingerprints: Fingerprints{Config: "c", Source: "s", Request: "r"},
		Slices:       []Slice{{State: SliceClosed, Identity: j.identity, Proof: "walked"}},
		Counts:       Counts{Pages: 1, Served: int64(len(add)), Written: int64(len(add))},
		Units:        []string{"unit of " + j.identity},
	}
	st, err := d.Stage(j.identity, run)
	if err != nil {
		return nil, draft, err
	}
	if base != nil {
		draft.Base = base.Number
		for _, f := range base.Files {
			if _, ok := add[d.folderOf(f)]; ok {
				draft.Replace = append(draft.Replace, f)
			}
		}
	}
	for i, folder := range slices.Sorted(maps.Keys(add)) {
		if add[folder] == "" {
			continue // the partition is empty now
		}
		f, err := stageText(st, fmt.Sprintf("%04d.part", i+1), folder, add[folder])
		if err != nil {
			return nil, draft, err
		}
		draft.Add = append(draft.Add, f)
	}
	if j.light {
		f, err := stageText(st, rejectsName, "", "rejects")
		draft.Rejects = &f
		return st, draft, err
	}
	rejects, err := st.Rejects()
	if err != nil {
		return nil, draft, err
	}
	if err := rejects.Write(Reject{Page: 1, Record: 2, Reason: "not a number", Raw: `{"id":"x"}`}); err != nil {
		return nil, draft, err
	}
	draft.Rejects, err = rejects.Close()
	return st, draft, err
}

func stageText(st *Stage, name, folder, text string) (StagedFile, error) {
	s, err := st.create(name)
	if err != nil {
		return StagedFile{}, err
	}
	if _, err := s.Write([]byte(text)); err != nil {
		return StagedFile{}, err
	}
	bytes, sum, err := s.Close()
	return StagedFile{Staged: name, Folder: folder, Rows: 1, Bytes: bytes, SHA256: sum}, err
}

// commit stages and commits files, and fails the test if that fails. With
// change (nil: none) a test changes the draft before it is committed.
func (j job) commit(t *testing.T, d *Dataset, run string, base int64, add files, change func(*Draft)) *Commit {
	t.Helper()
	on, err := d.Newest()
	if err != nil {
		t.Fatal(err)
	}
	st, draft, err := j.draft(d, run, on, add)
	if err != nil {
		t.Fatal(err)
	}
	draft.Base = base
	if change != nil {
		change(&draft)
	}
	c, err := d.Commit(context.Background(), st, draft)
	if err != nil {
		t.Fatal(err)
	}
	return c
}
