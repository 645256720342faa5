package load

import (
	"bytes"
	"os"
	"path/filepath"
	"reflect"
	"testing"

	"etl/internal/fault"
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
	r, err := newReader(memoryBlob{bytes.NewReader(data)}, "a file")
	if err != nil {
		return nil, err
	}
	if err := r.matches(l); err != nil {
		return nil, err
	}
	err = r.blocks(l.leaves, func(b *block) error {
		c := block{rows: b.rows}
		for _, v := range b.vectors {
			c.vectors = append(c.vectors, vector{v.rows, clone(v.defs), clone(v.reps), clone(v.ints), clone(v.data), clone(v.ends)})
		}
		rows = append(rows, c)
		return b.check(l)
	})
	return rows, err
}

func clone[T any](s []T) []T { return append([]T{}, s...) }

// TestDamagedFileOfACommit is found out before anything of it is believed.
func TestDamagedFileOfACommit(t *testing.T) { everyStore(t, damagedFileOfACommit) }

func damagedFileOfACommit(t *testing.T, open func(*testing.T) *Store) {
	s := everything()
	c, st := commitRows(t, newTable(s, 1, 0.3), s, WriterOptions{}, 10)
	name := c.Files[0].Path
	whole, err := st.data.store.objects.read(name)
	if err != nil {
		t.Fatal(err)
	}
	d := open(t).Dataset(st.data.pipeline)
	for what, damaged := range map[string][]byte{
		"empty": {}, "cut": whole[:len(whole)-1], "longer": append(bytes.Clone(whole), 0), "broken": append([]byte("PAR2"), whole[4:]...),
	} {
		if err := d.store.objects.put(name, damaged); err != nil {
			t.Fatal(err)
		}
		err := d.Scan(c, []string{"zid"}, func([]any) error { t.Errorf("%s: a row of it", what); return nil })
		wantClass(t, err, fault.Storage, "damaged", c.Files[0].Path)
	}
}

// TestDamagedFiles breaks bytes all over a file whose checksum nobody looks
// at, and cuts it short: every time it is read as it was, or reading it is an
// error. The checksums of pages and the checks of the reader see to it.
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
