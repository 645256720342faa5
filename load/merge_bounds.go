package load

import (
	"errors"

	"github.com/parquet-go/parquet-go"

	"etl/schemas"
)

// spared tells whether the statistics of a live file show that no row of it
// leaves. Any doubt, and any error, means that the file is searched.
//
// The file's hash is not looked at: to hash all files would take the time that
// is to be saved. Instead the bounds must stand twice in the file, in its footer
// and in its index of pages, and the footer must have the rows of the commit.
func (j *merging) spared(f File) bool {
	if j.merge.Between == nil || len(j.keys.key) != 1 {
		return false
	}
	c := j.keys.key[0]
	if kind := c.source.Kind; kind != schemas.Int32 && kind != schemas.Int64 {
		return false
	}
	b, err := j.stage.data.open(f)
	if err != nil {
		return false
	}
	spared, err := j.outside(b, f, c.leaf)
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
