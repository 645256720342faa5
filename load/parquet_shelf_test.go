package load

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/apache/arrow/go/v15/arrow"
	"github.com/apache/arrow/go/v15/arrow/array"
	alloc "github.com/apache/arrow/go/v15/arrow/memory"
	"github.com/google/go-cmp/cmp"

	"etl/internal/fault"
	"etl/schemas"
)

// noise is a schema whose texts hardly get shorter when they are packed, so that
// few rows fill a slab.
func noise() *schemas.Schema {
	return &schemas.Schema{Columns: []schemas.Column{
		{Name: "id", Type: schemas.Type{Kind: schemas.Int64}, Required: true}, {Name: "text", Type: schemas.Type{Kind: schemas.String}, Required: true},
	}, Rules: schemas.Rules{Unknown: schemas.IgnoreUnknown}}
}

// writeNoise writes rows of noise, some at a time, and calls between before each
// but the first.
func writeNoise(st *Stage, o WriterOptions, rows int, between func()) ([]StagedFile, error) {
	o.Schema = noise()
	w, err := st.Writer(o)
	if err != nil {
		return nil, err
	}
	b := array.NewRecordBuilder(alloc.NewGoAllocator(), arrow.NewSchema(arrowFields(schemaLayout(o.Schema).columns), nil))
	r := rand.New(rand.NewPCG(1, 2))
	for n := 1; n <= rows && err == nil; n++ {
		b.Field(0).(*array.Int64Builder).Append(int64(n))
		b.Field(1).(*array.StringBuilder).Append(fmt.Sprintf("%016x%016x%016x%016x%016x", r.Uint64(), r.Uint64(), r.Uint64(), r.Uint64(), r.Uint64()))
		if n%blockRows == 0 || n == rows {
			err = w.Write(b.NewRecord(), nil)
			between()
		}
	}
	if err != nil {
		return nil, errors.Join(err, w.Abort())
	}
	return w.Close()
}

// inBuckets are the options of these tests: two files with row groups of some
// slabs.
var inBuckets = WriterOptions{Partition: []Partition{{By: "bucket", N: 2, Of: "id"}}, RowGroupRows: 5000, PackedBytes: 1}

// onDisk returns the one file of pages in a stage.
func onDisk(st *Stage) (name string, info fs.FileInfo) {
	names, _ := filepath.Glob(filepath.Join(st.Folder(), "*-pages.part"))
	if len(names) == 1 {
		info, _ = os.Stat(names[0])
		return names[0], info
	}
	return "", nil
}

// TestPagesThatWaitOnDiskMakeTheSameFiles writes rows with all packed pages in
// memory and with next to none.
func TestPagesThatWaitOnDiskMakeTheSameFiles(t *testing.T) {
	o, grown := inBuckets, map[int64]int64{}
	write := func(rows int) []StagedFile {
		st := testStage(t)
		files, err := writeNoise(st, o, rows, func() {
			if _, info := onDisk(st); info != nil {
				grown[o.PackedBytes] = info.Size()
				if info.Mode().Perm() != 0o600 {
					t.Errorf("pages on disk have the mode %v", info.Mode())
				}
			}
		})
		if err != nil {
			t.Fatal(err)
		}
		if left := tree(t, st.data.store, "."); len(left) != len(files) {
			t.Errorf("%d files in the stage, want %d", len(left), len(files))
		}
		return files
	}
	const rows = 30000
	o.PackedBytes = 1 << 40
	want := write(rows)
	for _, o.PackedBytes = range []int64{1, 300 << 10} {
		if diff := cmp.Diff(want, write(rows)); diff != "" {
			t.Errorf("with %d bytes in memory (-all +some):\n%s", o.PackedBytes, diff)
		}
	}
	groups := 2 * int64(o.RowGroupRows) * 80 // of both files, not packed
	if grown[1] == 0 || grown[1] > groups || grown[300<<10] == 0 || grown[1<<40] > 0 {
		t.Errorf("pages took %v bytes on disk, by what they may take in memory; row groups have %d", grown, groups)
	}
}

// TestRandomPagesOnDiskMakeTheSameFiles does so with random rows of every type.
func TestRandomPagesOnDiskMakeTheSameFiles(t *testing.T) {
	for seed := range uint64(4) {
		tab, r := newTable(everything(), seed, 0.2), rand.New(rand.NewPCG(seed, 1))
		o := WriterOptions{
			Schema: everything(), Partition: []Partition{{By: "bucket", N: 1 + r.IntN(3), Of: "zid"}}, OpenPartitions: 1 + r.IntN(3),
			RowGroupRows: 2000 + r.IntN(4000), OpenBytes: int64(1+r.IntN(8)) << 20,
		}
		rows := (6000 + r.IntN(6000)) / slowness
		o.PackedBytes = 1 << 40
		want := writeRows(t, testStage(t), tab, o, rows, 1000, nil)
		o.PackedBytes = 1
		if diff := cmp.Diff(want, writeRows(t, testStage(t), tab, o, rows, 700, nil)); diff != "" {
			t.Errorf("seed %d (-in memory +on disk):\n%s", seed, diff)
		}
	}
}

// TestEveryFailureOfPagesOnDiskIsSeen fails each call to the file that packed
// pages wait in. Writing ends with an error of storage, and leaves nothing.
func TestEveryFailureOfPagesOnDiskIsSeen(t *testing.T) {
	seen := map[string]int{}
	for _, failure := range []error{syscall.ENOSPC, syscall.EIO, io.ErrShortWrite} {
		for n := 1; ; n++ {
			st, calls, failed := testStage(t), 0, ""
			st.data.store.objects.(*folder).around = func(op, name string, call func() error) error {
				if strings.HasSuffix(name, "-pages.part") && op != "remove" {
					if calls++; calls == n {
						failed = op
						return failure
					}
				}
				return memory(op, name, call)
			}
			_, err := writeNoise(st, inBuckets, 8000, func() {})
			if failed == "" {
				break // all have had their turn
			}
			seen[failed]++
			if !errors.Is(err, failure) || fault.Of(err) != fault.Storage {
				t.Errorf("%s fails: error %v, want %v, of storage", failed, err, failure)
			}
			for name := range tree(t, st.data.store, ".") {
				t.Errorf("%s fails: %s is left behind", failed, name)
			}
		}
	}
	if seen["write"] == 0 || seen["append"] < 6 || seen["read"] < 6 {
		t.Errorf("failed were %v", seen)
	}
}

// TestPagesThatDiskLosesAreMissed damages pages while they wait on disk.
func TestPagesThatDiskLosesAreMissed(t *testing.T) {
	for what, damage := range map[string]func(f *os.File, size int64) error{
		"a broken bit": func(f *os.File, size int64) error {
			b := make([]byte, 1)
			_, err := f.ReadAt(b, size/2)
			b[0] ^= 4
			_, err2 := f.WriteAt(b, size/2)
			return errors.Join(err, err2)
		},
		"zeros":     func(f *os.File, size int64) error { _, err := f.WriteAt(make([]byte, size), 0); return err },
		"a cut end": func(f *os.File, size int64) error { return f.Truncate(size - 1) },
		"nothing":   func(f *os.File, _ int64) error { return f.Truncate(0) },
	} {
		st, damaged := testStage(t), false
		_, err := writeNoise(st, inBuckets, 8000, func() {
			name, info := onDisk(st)
			if damaged || info == nil {
				return
			}
			damaged = true
			f, err := os.OpenFile(name, os.O_RDWR, 0)
			if err == nil {
				err = errors.Join(damage(f, info.Size()), f.Close())
			}
			if err != nil {
				t.Fatal(err)
			}
		})
		wantClass(t, err, fault.Storage, "pages that wait on disk")
		if !damaged {
			t.Errorf("%s: nothing was on disk", what)
		}
		if left := tree(t, st.data.store, "."); len(left) > 0 {
			t.Errorf("%s: %d files are left behind", what, len(left))
		}
	}
}
