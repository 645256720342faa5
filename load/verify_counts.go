package load

import "time"

// counts holds the counts, the slices and the proof of the commit against its
// files and each other.
func (v *verifier) counts() error {
	c, record := v.commit, v.record(v.commit.Number)
	v.sums(record, "the commit", c.Counts)
	if c.Rejects != nil && c.Rejects.Rows != c.Counts.Rejected {
		v.find(record, "%d records are rejected, but %d were set aside", c.Counts.Rejected, c.Rejects.Rows)
	}
	if strength(c.Proof) < 0 {
		v.find(record, "its proof %q is none", c.Proof)
	}
	rows := map[string]int64{} // by slice
	for _, f := range c.Files {
		rows[f.Slice] += f.Rows
	}
	_, whole := rows[""]
	whole = whole || len(rows) == 0
	for i, s := range c.Slices {
		name := s.title()
		v.sums(record, name, s.Counts)
		if s.Commit < 1 || s.Commit > c.Number {
			v.find(record, "%s was read by commit %d, which is not before commit %d", name, s.Commit, c.Number)
		}
		if s.State != SliceOpen && s.State != SliceClosed {
			v.find(record, "%s is %q, neither open nor closed", name, s.State)
		}
		if total := s.Counts.DeclaredTotal; s.Proof == "counted" && total != nil && s.Counts.Served < *total {
			v.find(record, "%s is counted, but of %d records only %d were served", name, *total, s.Counts.Served)
		}
		if strength(s.Proof) < strength(c.Proof) {
			v.find(record, "its proof is %q, but that of %s is %q", c.Proof, name, s.Proof)
		}
		if i > 0 && c.Slices[i-1].Until.After(s.Since) {
			v.find(record, "%s overlaps %s", name, c.Slices[i-1].title())
		}
		if whole {
			continue // rows of a merge, or of a pipeline without slices
		}
		n, folder := int64(0), ""
		for _, folder = range s.folders() {
			n += rows[folder]
			delete(rows, folder)
		}
		if n != s.Counts.Written {
			v.find(record, "%s has %d rows in its files, but %d were written", name, n, s.Counts.Written)
		}
	}
	if !whole {
		for folder, n := range rows {
			v.find(record, "%d rows lie in the files of slice %s, which the commit does not hold", n, folder)
		}
	}
	if whole && c.Counts.Written > c.Rows() {
		v.find(record, "%d rows were written, but only %d are live", c.Counts.Written, c.Rows())
	}
	return nil
}

// sums holds counts against each other.
func (v *verifier) sums(record, what string, n Counts) {
	if n.Served != n.Written+n.Duplicates+n.Rejected {
		v.find(record, "of %s %d records were served, but %d written, %d duplicates and %d rejected", what, n.Served, n.Written, n.Duplicates, n.Rejected)
	}
}

// title names a slice in messages.
func (s Slice) title() string {
	if s.Since.IsZero() {
		return "the only slice"
	}
	return "the slice of " + s.Since.Format(time.RFC3339)
}

// folders returns the names that the folder of a slice may have: its first day
// where it was read, or its hour.
func (s Slice) folders() []string {
	day, hour := s.Since.Format(time.DateOnly), s.Since.UTC().Format("2006-01-02T15Z")
	if s.Since.IsZero() {
		return nil
	}
	return []string{day, hour}
}
