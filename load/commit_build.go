package load

import (
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"

	"etl/internal/fault"
)

// build makes the record that follows on base (nil: none) from a draft.
// Whatever order the run did its work in, equal drafts give equal records.
func (d *Dataset) build(st *Stage, base *Commit, draft Draft) (*Commit, error) {
	c := &Commit{
		Format: Format, Number: 1, Pipeline: d.pipeline,
		Run: draft.Run, Label: draft.Label, Plan: draft.Plan, Restores: draft.Restores, Time: draft.Time, Version: draft.Version,
		Schema: draft.Schema, Fingerprints: draft.Fingerprints,
		Proof: draft.Proof, Counts: draft.Counts,
		Parents: draft.Parents, ParentsFile: draft.ParentsFile, Drift: draft.Drift, Drifted: draft.Drifted, Seen: draft.Seen, Checks: draft.Checks,
		Files: []File{}, Added: []string{}, Dropped: []string{},
	}
	var before []Slice
	live := map[string]File{}
	if base != nil {
		c.Number, before, live = base.Number+1, base.Slices, base.live()
	}
	add, leave := draft.Add, draft.Replace
	if draft.Restores == 0 && base != nil && base.Schema.Fingerprint == draft.Schema.Fingerprint {
		add, leave = d.exchange(draft) // else even files of equal bytes are other files
	}
	for _, f := range leave {
		if _, ok := live[f.Path]; !ok {
			return nil, fault.New(fault.Bug, "committing %s: %s is to leave but is not live", d.pipeline, f.Path)
		}
		delete(live, f.Path)
		c.Dropped = append(c.Dropped, f.Path)
	}
	if base != nil && len(live) > 0 && base.Schema.Fingerprint != draft.Schema.Fingerprint {
		return nil, fault.New(fault.Config, "committing %s: %d live files have other columns or types", d.pipeline, len(live)).
			WithHint("etl schema apply %s", d.pipeline)
	}
	for i, f := range add {
		file := c.file(st, f, path.Join(d.data(), f.Folder, fmt.Sprintf("%06d-%04d.parquet", c.Number, i+1)))
		live[file.Path] = file
		c.Added = append(c.Added, file.Path)
	}
	if draft.Rejects != nil {
		f := c.file(st, *draft.Rejects, d.state("rejects", serial(c.Number)+".parquet"))
		c.Rejects = &f
	}
	for _, name := range slices.Sorted(maps.Keys(live)) {
		c.Files = append(c.Files, live[name])
	}
	slices.Sort(c.Dropped)
	c.Slices = draft.Slices
	if draft.Restores == 0 {
		c.Slices = follow(before, draft.Slices, c.Number)
	}
	return c, nil
}

// file returns a staged file as it will be when it is published.
func (c *Commit) file(st *Stage, f StagedFile, name string) File {
	return File{
		Path: name, Staged: st.nameOf(f),
		Rows: f.Rows, Bytes: f.Bytes, SHA256: f.SHA256, Partition: f.Partition, Slice: f.Slice,
	}
}

// content is what makes two files of a data set equal.
type content struct{ folder, sum string }

// exchange returns which staged files come and which live files leave: of the
// draft's, those that have no equal on the other side.
func (d *Dataset) exchange(draft Draft) (add []StagedFile, leave []File) {
	leaving := map[content][]File{}
	for _, f := range draft.Replace {
		of := content{d.folderOf(f), f.SHA256}
		leaving[of] = append(leaving[of], f)
	}
	for _, f := range draft.Add {
		of := content{f.Folder, f.SHA256}
		if n := len(leaving[of]); n > 0 {
			leaving[of] = leaving[of][:n-1]
			continue
		}
		add = append(add, f)
	}
	for _, files := range leaving {
		leave = append(leave, files...)
	}
	return add, leave
}

// folderOf returns the partition folder of a live file, as StagedFile has it.
func (d *Dataset) folderOf(f File) string {
	return strings.TrimPrefix(strings.TrimPrefix(path.Dir(f.Path), d.data()), "/")
}

// follow returns the slices that a data set holds when those read have been
// committed under a number. A slice takes the place of those inside of it.
func follow(before, read []Slice, number int64) []Slice {
	all := []Slice{}
	for _, old := range before {
		if !slices.ContainsFunc(read, old.within) {
			all = append(all, old)
		}
	}
	for _, s := range read {
		s.Commit = number
		all = append(all, s)
	}
	slices.SortStableFunc(all, func(a, b Slice) int { return a.Since.Compare(b.Since) })
	return all
}

// within tells whether all of s lies in t. A slice without ends holds all.
func (s Slice) within(t Slice) bool {
	if t.Since.IsZero() && t.Until.IsZero() {
		return true
	}
	return !s.Since.Before(t.Since) && !s.Until.IsZero() && !s.Until.After(t.Until)
}

// moves returns the files that publishing c moves out of the stage.
func (c *Commit) moves() []File {
	live := c.live()
	files := make([]File, 0, len(c.Added)+1)
	for _, name := range c.Added {
		files = append(files, live[name])
	}
	if c.Rejects != nil {
		files = append(files, *c.Rejects)
	}
	return files
}

// same tells whether c would say nothing that its base does not: runs, times,
// counts and the numbers of parents' commits do not matter, nor what records held,
// as long as nothing of it is news.
func (c *Commit) same(base *Commit) bool {
	return len(c.Added)+len(c.Dropped) == 0 && !c.news() &&
		c.Schema.Fingerprint == base.Schema.Fingerprint &&
		c.Fingerprints == base.Fingerprints &&
		c.Proof == base.Proof &&
		c.ParentsFile == base.ParentsFile &&
		(c.Rejects == nil || base.Rejects != nil && c.Rejects.SHA256 == base.Rejects.SHA256) &&
		slices.EqualFunc(c.Slices, base.Slices, Slice.same)
}

// same tells whether two slices are in the same state.
func (s Slice) same(t Slice) bool {
	return s.Since.Equal(t.Since) && s.Until.Equal(t.Until) &&
		s.State == t.State && s.Identity == t.Identity && s.Proof == t.Proof
}
