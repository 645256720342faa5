package load

import (
	"errors"
	"slices"

	"github.com/parquet-go/parquet-go"

	"etl/schemas"
)

// KeysBetween returns a function that tells whether staged files have a row
// whose key lies from low to high, as Merge asks for. It is nil if the key is not
// one column of integers, or may be NULL. It holds 8 bytes for each row.
func (st *Stage) KeysBetween(o WriterOptions, key []string, files []StagedFile) (func(low, high int64) bool, error) {
	l := schemaLayout(o.Schema)
	k, err := newKeyReader(l, key, "")
	if err != nil || !k.isInteger() || k.key[0].optional {
		return nil, err
	}
	var keys []int64
	for _, f := range files {
		b, err := st.openFile(f)
		if err != nil {
			return nil, err
		}
		err = readBlob(b, f.Staged, f.SHA256, func(r *reader) error {
			if err := r.matches(l); err != nil {
				return err
			}
			return r.blocks(k.leaves(), func(b *block) error {
				keys = append(keys, b.vectors[k.key[0].leaf.index].ints...)
				return nil
			})
		})
		if err != nil {
			return nil, err
		}
	}
	slices.Sort(keys)
	return func(low, high int64) bool {
		at, _ := slices.BinarySearch(keys, low)
		return at < len(keys) && keys[at] <= high
	}, nil
}

// isInteger tells whether keys are the values of one column of integers.
func (k *keyReader) isInteger() bool {
	return len(k.key) == 1 && (k.key[0].source.Kind == schemas.Int32 || k.key[0].source.Kind == schemas.Int64)
}

// spared tells whether the statistics of a live file show that no row of it
// leaves. Any doubt, and any error, means that the file is searched.
//
// The file's hash is not looked at: to hash all files would take the time that
// is to be saved. Instead the bounds must stand twice in the file, in its footer
// and in its index of pages, and the footer must have the rows of the commit.
func (j *merging) spared(f File) bool {
	if j.merge.Between == nil || !j.keys.isInteger() {
		return false
	}
	b, err := j.stage.data.open(f)
	if err != nil {
		return false
	}
	spared, err := j.outside(b, f, j.keys.key[0].leaf)
	return errors.Join(err, b.Close()) == nil && spared
}

// outside tells whether the keys of all row groups lie where no row leaves.
func (j *merging) outside(b blob, f File, l *leaf) (outside bool, err error) {
	if b.Size() != f.Bytes {
		return false, nil
	}
	r, err := newReader(b, f.Path)
	if err != nil || r.file.NumRows() != f.Rows {
		return false, err
	}
	if err := r.matches(j.layout); err != nil {
		return false, err
	}
	defer damaged(&err, f.Path)
	for i, group := range r.file.RowGroups() {
		m := &r.file.Metadata().RowGroups[i].Columns[l.index].MetaData
		if m.Statistics.NullCount != 0 || m.NumValues != group.NumRows() {
			return false, nil
		}
		index, err := group.ColumnChunks()[l.index].ColumnIndex()
		if err != nil || index.NumPages() == 0 {
			return false, err
		}
		low, high := bound(l.kind, m.Statistics.MinValue), bound(l.kind, m.Statistics.MaxValue)
		least, most := pageBounds(index, l)
		if least != low || most != high || j.merge.Between(low, high) {
			return false, nil
		}
	}
	return true, nil
}

// pageBounds returns the least and the greatest integer of all pages.
func pageBounds(index parquet.ColumnIndex, l *leaf) (low, high int64) {
	var v vector
	for page := range index.NumPages() {
		least, most := index.MinValue(page), index.MaxValue(page)
		v.storeValue(&least, l)
		v.storeValue(&most, l)
	}
	low, high = v.ints[0], v.ints[0]
	for _, x := range v.ints {
		low, high = min(low, x), max(high, x)
	}
	return low, high
}
