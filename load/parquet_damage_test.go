package load

import (
	"bytes"
	"os"
	"path/filepath"
	"reflect"
	"testing"
)

// memoryBlob is an object in memory.
type memoryBlob struct{ *bytes.Reader }

func (memoryBlob) Close() error { return nil }

// smallFile returns a file of a few rows of every type, and its rows.
func smallFile(t testing.TB) (data []byte, rows []block) {
	t.Helper()
	s := everything()
	st, tab := testStage(t), newTable(s, 5, 0.3)
	files := writeRows(t, st, tab, WriterOptions{Schema: s, RowGroupRows: 20}, 50, 50, nil)
	data, err := os.ReadFile(filepath.Join(st.Folder(), files[0].Staged))
	if err != nil {
		t.Fatal(err)
	}
	rows, err = readAll(data)
	if err != nil {
		t.Fatal(err)
	}
	return data, rows
}

// readAll reads all blocks of a file of every type.
func readAll(data []byte) (rows []block, err error) {
	l := schemaLayout(everything())
	err = readBlob(memoryBlob{bytes.NewReader(data)}, "a file", func(r *reader) error {
		if err := r.matches(l); err != nil {
			return err
		}
		return r.blocks(l.leaves, func(b *block) error {
			c := block{rows: b.rows}
			for _, v := range b.vectors {
				c.vectors = append(c.vectors, vector{v.rows, clone(v.defs), clone(v.reps), clone(v.ints), clone(v.data), clone(v.ends)})
			}
			rows = append(rows, c)
			return b.check(l)
		})
	})
	return rows, err
}

func clone[T any](s []T) []T { return append([]T{}, s...) }

// TestDamagedFiles breaks bytes all over a file, and cuts it short: every time
// it is read as it was, or reading it is an error.
func TestDamagedFiles(t *testing.T) {
	data, want := smallFile(t)
	for at := 0; at < len(data); at += len(data)/97 + 1 {
		broken := bytes.Clone(data)
		broken[at] ^= 0x55
		got, err := readAll(broken)
		if err == nil && !reflect.DeepEqual(want, got) {
			t.Errorf("byte %d of %d is broken: other rows, and no error", at, len(data))
		}
		if _, err := readAll(data[:at]); err == nil {
			t.Errorf("only %d of %d bytes: no error", at, len(data))
		}
	}
}

// FuzzDamagedFiles breaks files in any way.
func FuzzDamagedFiles(f *testing.F) {
	data, _ := smallFile(f)
	f.Add(len(data)-20, byte(1), 0)
	f.Fuzz(func(t *testing.T, at int, by byte, cut int) {
		broken := bytes.Clone(data)
		broken[uint(at)%uint(len(data))] ^= by
		broken = broken[:len(broken)-int(uint(cut)%uint(len(data)))]
		_, _ = readAll(broken) // a panic fails
	})
}
