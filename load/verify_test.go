package load

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"etl/internal/fault"
	"etl/internal/keyset"
	"etl/schemas"
)

// verifiable commits rows of every type in partitions, with all that a commit
// of a run has.
func verifiable(t *testing.T, rows int, change func(*Draft)) (*Dataset, *Commit) {
	t.Helper()
	s := everything()
	st := testStage(t)
	o := WriterOptions{Schema: s, Partition: []Partition{{By: "month", Of: "created_at"}, {By: "bucket", N: 2, Of: "zid"}}}
	added := writeRows(t, st, newTable(s, 1, 0.3), o, rows, 100, nil)
	counts := Counts{Pages: 1, Served: int64(rows) + 2, Written: int64(rows), Duplicates: 1, Rejected: 1}
	w, err := st.Rejects()
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Write(Reject{Page: 1, Reason: "not a number"}); err != nil {
		t.Fatal(err)
	}
	rejects, err := w.Close()
	if err != nil {
		t.Fatal(err)
	}
	draft := Draft{
		Run: "run", Time: noon, Schema: Describe(s, []string{"zid"}), Proof: "counted", Counts: counts, Add: added, Rejects: rejects,
		Slices: []Slice{{State: SliceClosed, Proof: "counted", Counts: counts}}, Units: "units",
	}
	if change != nil {
		change(&draft)
	}
	c, err := st.data.Commit(context.Background(), st, draft)
	if err != nil {
		t.Fatal(err)
	}
	return st.data, c
}

func TestVerifyFindsNothingWrong(t *testing.T) {
	d, c := verifiable(t, 60, nil)
	before := tree(t, d.store, ".")
	for _, deep := range []bool{false, true} {
		if found, err := d.Verify(c, deep); len(found) > 0 || err != nil {
			t.Errorf("deep %v: it finds %v, %v", deep, found, err)
		}
	}
	if diff := cmp.Diff(before, tree(t, d.store, ".")); diff != "" {
		t.Errorf("something was written:\n%s", diff)
	}
}

// TestVerify spoils one thing after the other. Each must be found, with the
// file's name and what is wrong, and nothing else.
func TestVerify(t *testing.T) {
	rewrite := func(d *Dataset, name string, change func(string) string) {
		file := d.store.Address(name)
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(change(string(data))), 0o640); err != nil {
			t.Fatal(err)
		}
	}
	first := func(c *Commit) string { return c.Files[0].Path }
	record := func(*Commit) string { return "_etl/things/commits/000000000001.json" }
	for _, test := range []struct {
		name  string
		spoil func(d *Dataset, c *Commit)
		file  func(c *Commit) string
		what  string
	}{
		{"a file is missing", func(d *Dataset, c *Commit) { _ = d.store.objects.remove(first(c)) }, first, "it is missing"},
		{"a file is longer", func(d *Dataset, c *Commit) {
			rewrite(d, first(c), func(s string) string { return s + "x" })
		}, first, "bytes, the commit says"},
		{"a byte is another", func(d *Dataset, c *Commit) {
			rewrite(d, first(c), func(s string) string { return s[:9] + "\xff" + s[10:] })
		}, first, "damaged: its SHA-256"},
		{"the footer has other rows", func(_ *Dataset, c *Commit) { c.Files[0].Rows++ }, first, "rows, the commit says"},
		{"the schema has another column", func(_ *Dataset, c *Commit) {
			c.Schema.Columns[0].Name = "other"
			c.Files = c.Files[:1]
		}, nil, "its columns or types are not those of the commit"},
		{"the folder names another partition", func(_ *Dataset, c *Commit) {
			c.Files[0].Partition["zid_bucket"] = "7"
		}, first, "its folder names the partition zid_bucket="},
		{"the commit does not know the partition", func(_ *Dataset, c *Commit) { c.Files[0].Partition = nil }, first, "the commit does not"},
		{"a file lies in the folder of a slice", func(_ *Dataset, c *Commit) { c.Files[0].Slice = "2026-01-01" }, first, "its folder is not that of its slice"},
		{"a live file is not live", func(d *Dataset, c *Commit) {
			if err := d.store.objects.put("data/things/000001-0099.parquet", nil); err != nil {
				t.Fatal(err)
			}
		}, func(*Commit) string { return "data/things/000001-0099.parquet" }, "no commit lists it as live"},
		{"rejects are damaged", func(d *Dataset, c *Commit) {
			rewrite(d, c.Rejects.Path, func(s string) string { return "x" + s[1:] })
		}, func(c *Commit) string { return c.Rejects.Path }, "damaged"},
		{"units are missing", func(d *Dataset, c *Commit) { _ = d.store.objects.remove(c.Units) }, func(c *Commit) string { return c.Units }, "it is missing"},
		{"units are damaged", func(d *Dataset, c *Commit) {
			rewrite(d, c.Units, func(s string) string { return s + "x" })
		}, func(c *Commit) string { return c.Units }, "damaged"},
		{"parents are missing", func(d *Dataset, c *Commit) { c.ParentsFile = "a.parquet" }, func(c *Commit) string { return "_etl/things/parents/a.parquet" }, "it is missing"},
		{"counts do not add up", func(_ *Dataset, c *Commit) { c.Counts.Served++ }, record, "of the commit 63 records were served, but 60 written"},
		{"counts of a slice do not add up", func(_ *Dataset, c *Commit) { c.Slices[0].Counts.Duplicates++ }, record, "of the only slice 62 records"},
		{"more was rejected", func(_ *Dataset, c *Commit) { c.Rejects.Rows++ }, record, "1 records are rejected, but 2 were set aside"},
		{"more was written", func(_ *Dataset, c *Commit) { c.Counts.Written, c.Counts.Served = 300, 302 }, record, "300 rows were written, but only 60 are live"},
		{"the proof is no word", func(_ *Dataset, c *Commit) { c.Proof = "sure" }, record, `its proof "sure" is none`},
		{"the proof is too strong", func(_ *Dataset, c *Commit) { c.Proof = "settled" }, record, `its proof is "settled", but that of the only slice is "counted"`},
		{"less was served than declared", func(_ *Dataset, c *Commit) {
			total := int64(63)
			c.Slices[0].Counts.DeclaredTotal = &total
		}, record, "the only slice is counted, but of 63 records only 62 were served"},
		{"a slice is of the future", func(_ *Dataset, c *Commit) { c.Slices[0].Commit = 9 }, record, "was read by commit 9"},
		{"a slice is neither", func(_ *Dataset, c *Commit) { c.Slices[0].State = "ajar" }, record, `is "ajar", neither open nor closed`},
	} {
		t.Run(test.name, func(t *testing.T) {
			d, c := verifiable(t, 60, nil)
			file := first(c)
			test.spoil(d, c)
			if test.file != nil {
				file = test.file(c)
			}
			found, err := d.Verify(c, false)
			if err != nil {
				t.Fatal(err)
			}
			seen := false
			for _, f := range found {
				seen = seen || f.File == file && strings.Contains(f.What, test.what)
				if f.File != file && test.what != "its columns or types are not those of the commit" {
					t.Errorf("it also finds %v", f)
				}
			}
			if !seen {
				t.Errorf("it finds %v, want of %s: %s", found, file, test.what)
			}
		})
	}
}

// TestVerifySlices holds the rows of slices against what was written of them.
func TestVerifySlices(t *testing.T) {
	day := func(n int) time.Time { return time.Date(2026, 1, n, 0, 0, 0, 0, time.UTC) }
	slice := func(n int, rows int64) Slice {
		return Slice{Since: day(n), Until: day(n + 1), State: SliceClosed, Proof: "walked", Counts: Counts{Served: rows, Written: rows}, Commit: 1}
	}
	file := func(slice string, rows int64) File { return File{Slice: slice, Rows: rows} }
	whole := []File{file("2026-01-01", 3), file("2026-01-01", 4), file("2026-01-02", 5)}
	for _, test := range []struct {
		name   string
		files  []File
		slices []Slice
		want   string
	}{
		{"all is well", whole, []Slice{slice(1, 7), slice(2, 5), slice(3, 0)}, ""},
		{"other rows", whole, []Slice{slice(1, 8), slice(2, 5)}, "the slice of 2026-01-01T00:00:00Z has 7 rows in its files, but 8 were written"},
		{"a slice that the commit does not hold", whole, []Slice{slice(1, 7)}, "5 rows lie in the files of slice 2026-01-02"},
		{"slices that overlap", whole, []Slice{slice(1, 7), slice(2, 5), {Since: day(2), Until: day(4), State: SliceOpen, Proof: "walked", Commit: 1}}, "overlaps"},
		{"rows of a merge lie in no slice", []File{file("", 2)}, []Slice{slice(1, 7), slice(2, 5)}, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			v := &verifier{Dataset: heapStore().Dataset("p"), commit: &Commit{Number: 1, Proof: "walked", Files: test.files, Slices: test.slices}}
			if err := v.counts(); err != nil {
				t.Fatal(err)
			}
			found := ""
			for _, f := range v.findings {
				found += f.What + "\n"
			}
			if test.want == "" && found != "" || !strings.Contains(found, test.want) {
				t.Errorf("it finds %q, want %q", found, test.want)
			}
		})
	}
}

// TestVerifyKeys finds keys that come twice, in one file and in two, and also
// when they do not fit into memory.
func TestVerifyKeys(t *testing.T) {
	s := &schemas.Schema{Columns: []schemas.Column{{Name: "zid", Type: schemas.Type{Kind: schemas.Int64}, Required: true}}, Rules: schemas.Rules{Unknown: schemas.IgnoreUnknown}}
	for name, rows := range map[string]int{"few": 100, "more than a block": keyset.BlockSize + 10} {
		t.Run(name, func(t *testing.T) {
			st := testStage(t)
			var added []StagedFile
			for i, rows := range []int{rows, 5} { // the second file repeats the first rows of the first
				o := WriterOptions{Schema: s, Name: string(rune('a' + i))}
				added = append(added, writeRows(t, st, newTable(s, 1, 0), o, rows, rows, nil)...)
			}
			c, err := st.data.Commit(context.Background(), st, Draft{Run: "run", Schema: Describe(s, []string{"zid"}), Proof: "walked", Add: added})
			if err != nil {
				t.Fatal(err)
			}
			found, err := st.data.Verify(c, true)
			if err != nil {
				t.Fatal(err)
			}
			want := []Finding{{c.Files[1].Path, "5 of its rows have the key of a row before them; the first is row 1, like row 1 of " + c.Files[0].Path}}
			if diff := cmp.Diff(want, found); diff != "" {
				t.Errorf("found (-want +got):\n%s", diff)
			}
			if found, err := st.data.Verify(c, false); len(found) > 0 || err != nil {
				t.Errorf("without looking deep it finds %v, %v", found, err)
			}
			if left := tree(t, st.data.store, "_etl/things/stage"); len(left) > 0 {
				t.Errorf("the stage still holds %d files", len(left))
			}
		})
	}
}

// TestWithin shows what partitions take.
func TestWithin(t *testing.T) {
	at := func(s string) int64 {
		v, err := time.Parse(time.RFC3339, s)
		if err != nil {
			t.Fatal(err)
		}
		return v.UnixMicro()
	}
	for _, test := range []struct {
		kind      schemas.Kind
		by, value string
		low, high int64
		want      bool
	}{
		{schemas.Timestamp, "month", "2026-01-01", at("2025-12-31T21:00:00Z"), at("2026-01-31T20:59:59Z"), true}, // of Moscow
		{schemas.Timestamp, "month", "2026-01-01", at("2025-12-30T21:00:00Z"), at("2026-01-31T20:59:59Z"), false},
		{schemas.Timestamp, "month", "2026-01-01", at("2026-01-02T00:00:00Z"), at("2026-02-03T00:00:00Z"), false},
		{schemas.Timestamp, "hour", "2026-01-01T05", at("2026-01-01T05:00:00Z"), at("2026-01-01T05:59:59Z"), true},
		{schemas.Timestamp, "hour", "2026-01-01T05", at("2026-01-01T05:00:00Z"), at("2026-01-04T05:59:59Z"), false},
		{schemas.Date, "year", "2026-01-01", 20454, 20454 + 364, true},
		{schemas.Date, "year", "2026-01-01", 20454, 20454 + 400, false},
		{schemas.Date, "day", "not a day", 20454, 20454, false},
		{schemas.Int64, "value", "7", 7, 7, true},
		{schemas.Int64, "value", "7", 7, 8, false},
		{schemas.Int64, "bucket", "3", 7, 8, true},
	} {
		if got := within(test.kind, test.by, test.value, test.low, test.high); got != test.want {
			t.Errorf("%s of %s: from %d to %d: %v, want %v", test.by, test.value, test.low, test.high, got, test.want)
		}
	}
}

// TestVerifyOfWhatItCannotUnderstand is an error, not a finding.
func TestVerifyOfWhatItCannotUnderstand(t *testing.T) {
	d, c := verifiable(t, 10, nil)
	for name, change := range map[string]func(c *Commit){
		"a type that is none":     func(c *Commit) { c.Schema.Columns[0].Type = "complex" },
		"a list of nothing":       func(c *Commit) { c.Schema.Columns[0].Type = "list" },
		"a key that is no column": func(c *Commit) { c.Schema.Key = []string{"other"} },
	} {
		again, err := d.At(c.Number)
		if err != nil {
			t.Fatal(err)
		}
		change(again)
		_, err = d.Verify(again, true)
		if err == nil || fault.Of(err) == fault.Bug {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestVerifyNeverOverlooksAFailure lets each call fail: it is an error or a
// finding.
func TestVerifyNeverOverlooksAFailure(t *testing.T) {
	d, c := verifiable(t, 20, nil)
	for n := 1; ; n++ {
		calls := 0
		fails := failAt(n, false)
		found, err := d.store.on(t, func(op, name string, call func() error) error { calls++; return fails(op, name, call) }).
			Dataset(d.pipeline).Verify(c, true)
		if calls < n {
			break
		}
		if err == nil && len(found) == 0 {
			t.Errorf("EIO at call %d: nothing is found", n)
		}
	}
}

// TestStoredLayout makes the columns of files from a commit alone: the same as
// from the schema.
func TestStoredLayout(t *testing.T) {
	for _, s := range []*schemas.Schema{everything(), everyType()} {
		stored, err := storedLayout(Describe(s, nil))
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(schemaLayout(s).schema().String(), stored.schema().String()); diff != "" {
			t.Errorf("%s (-schema +commit):\n%s", s.Name, diff)
		}
	}
}

// TestVerifySmallDataSetWithoutWriting shows that whoever may only read can
// verify what fits into memory.
func TestVerifySmallDataSetWithoutWriting(t *testing.T) {
	d, c := verifiable(t, 20, nil)
	looking := d.store.on(t, func(op, name string, call func() error) error {
		if op != "open" && op != "list" && op != "read" && op != "stat" {
			t.Errorf("it makes the call %s %s", op, name)
		}
		return call()
	})
	if found, err := looking.Dataset(d.pipeline).Verify(c, true); len(found) > 0 || err != nil {
		t.Errorf("it finds %v, %v", found, err)
	}
	if _, err := os.Stat(filepath.Join(d.store.path, "_etl/things/stage/verify")); err == nil {
		t.Error("it has made a folder")
	}
}
