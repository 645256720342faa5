package load

import (
	"cmp"
	"crypto/rand"
	"errors"
	"os"
	"slices"
	"sort"

	"etl/internal/keyset"
	"etl/schemas"
)

// A keyCheck looks for rows of equal keys in the files of a commit.
type keyCheck struct {
	reader *keyReader
	set    *keyset.Set
	dir    string
	files  []string
	first  []int64 // ordinal of the first row of each file
}

// A brokenFile is an error that one file is to blame for.
type brokenFile struct{ err error }

func (b *brokenFile) Error() string { return b.err.Error() }

// collectKeys gets ready to take keys in.
func (v *verifier) collectKeys() error {
	reader, err := newKeyReader(v.layout, v.commit.Schema.Key, "")
	if err != nil {
		return v.corrupt(v.commit.Number, "%w", err)
	}
	st, err := v.Stage("verify", rand.Text())
	if err != nil {
		return err
	}
	v.keys = &keyCheck{reader: reader, dir: st.Folder()}
	v.keys.set = keyset.New(v.keys.dir)
	return nil
}

// add takes the keys of a file in. Few keys stay in memory, so that the folder
// for the others is made only if it is needed: whoever may only read can still
// verify a small data set.
func (k *keyCheck) add(r *reader, f File) error {
	k.files, k.first = append(k.files, f.Path), append(k.first, k.set.Len())
	var writing error
	err := r.blocks(k.reader.leaves(), func(b *block) error {
		if k.set.Len()+int64(b.rows) > keyset.BlockSize && writing == nil {
			writing = os.MkdirAll(k.dir, 0o750)
		}
		return k.reader.each(b, func(_ int, key schemas.Key, _ int64) error {
			if writing == nil {
				writing = k.set.Add(keyset.Key(key), 0)
			}
			return writing
		})
	})
	if writing != nil {
		return stored(writing, "sorting keys")
	}
	if err != nil {
		return &brokenFile{err}
	}
	return nil
}

// row returns the file and the number, from 1, of a row.
func (k *keyCheck) row(ordinal int64) (file string, row int64) {
	i := sort.Search(len(k.first), func(i int) bool { return k.first[i] > ordinal }) - 1
	return k.files[i], ordinal - k.first[i] + 1
}

// duplicates finds the files with rows whose keys other rows have.
func (v *verifier) duplicates() error {
	if v.keys == nil {
		return nil
	}
	type double struct {
		rows          int64
		ordinal, like int64 // of the first of them, and of the row before it with its key
	}
	found := map[string]*double{}
	for group, err := range v.keys.set.Groups() {
		if err != nil {
			return stored(err, "sorting keys")
		}
		slices.SortFunc(group, func(a, b keyset.Entry) int { return cmp.Compare(a.Ordinal, b.Ordinal) })
		for i, e := range group[1:] {
			file, _ := v.keys.row(e.Ordinal)
			d := found[file]
			if d == nil {
				d = &double{ordinal: e.Ordinal, like: group[i].Ordinal}
				found[file] = d
			}
			d.rows++
			if e.Ordinal < d.ordinal {
				d.ordinal, d.like = e.Ordinal, group[i].Ordinal
			}
		}
	}
	for _, file := range v.keys.files {
		d := found[file]
		if d == nil {
			continue
		}
		_, row := v.keys.row(d.ordinal)
		other, like := v.keys.row(d.like)
		v.find(file, "%d of its rows have the key of a row before them; the first is row %d, like row %d of %s", d.rows, row, like, other)
	}
	return nil
}

// close removes what was written.
func (k *keyCheck) close() error {
	err := k.set.Close()
	if removed := os.Remove(k.dir); !errors.Is(removed, os.ErrNotExist) {
		err = errors.Join(err, removed)
	}
	return stored(err, "removing sorted keys")
}
