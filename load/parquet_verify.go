package load

import (
	"fmt"
	"math"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/format"

	"etl/internal/fault"
)

// A groupTally is what was given to a row group, for the comparison with what
// the footer says of it.
type groupTally struct {
	rows   int64
	leaves []leafTally
}

// A leafTally counts a leaf of a row group.
type leafTally struct {
	slots, values int64
	min, max      int64 // of values that are integers
}

// add counts a vector whose integers lie between two of them.
func (t *leafTally) add(v *vector, l *leaf, low, high int64) {
	if t.values == 0 {
		t.min, t.max = math.MaxInt64, math.MinInt64
	}
	t.slots += int64(v.slots(l))
	t.values += int64(v.values(l))
	t.min, t.max = min(t.min, low), max(t.max, high)
}

// verify reads the footer of the closed file and compares it with what was
// given to it.
func (f *parquetFile) verify() error {
	b, err := f.stage.open(f.name)
	if err != nil {
		return err
	}
	defer func() { _ = b.Close() }() // only read
	r, err := newReader(b, f.name)
	if err != nil {
		return err
	}
	if !sameSchema(r.file.Schema(), f.layout.schema()) {
		return f.mismatch("another schema")
	}
	groups := r.file.Metadata().RowGroups
	if len(groups) != len(f.groups) || r.file.NumRows() != f.rows() {
		return f.mismatch("%d rows in %d groups, not %d in %d", r.file.NumRows(), len(groups), f.rows(), len(f.groups))
	}
	for i := range groups {
		if groups[i].NumRows != f.groups[i].rows || len(groups[i].Columns) != len(f.layout.leaves) {
			return f.mismatch("row group %d differs in size", i)
		}
		for j, leaf := range f.layout.leaves {
			if !f.groups[i].leaves[j].equal(leaf, &groups[i].Columns[j].MetaData) {
				return f.mismatch("column %s of row group %d has other counts or bounds", leaf.path, i)
			}
		}
	}
	return nil
}

// mismatch is the error of a file that is not what was written.
func (f *parquetFile) mismatch(format string, args ...any) error {
	return fault.New(fault.Storage, "reading %s back: "+format, append([]any{f.name}, args...)...).
		WithHint("run it again; if it comes back, check the disk")
}

// equal compares the tally of a leaf with the footer.
func (t *leafTally) equal(l *leaf, m *format.ColumnMetaData) bool {
	if m.NumValues != t.slots || m.Statistics.NullCount != t.slots-t.values {
		return false
	}
	if l.text || l.kind == parquet.Double || t.values == 0 {
		return true
	}
	return bound(l.kind, m.Statistics.MinValue) == t.min && bound(l.kind, m.Statistics.MaxValue) == t.max
}

// bound reads a minimum or maximum that is an integer.
func bound(k parquet.Kind, b []byte) int64 {
	switch {
	case k == parquet.Boolean && len(b) == 1:
		return int64(b[0])
	case k == parquet.Int32 && len(b) == 4:
		return int64(parquet.Int32.Value(b).Int32())
	case k == parquet.Int64 && len(b) == 8:
		return parquet.Int64.Value(b).Int64()
	}
	return math.MinInt64 + 1 // no bound, and hardly one that is looked for
}

// sameSchema compares names, types and order of two schemas, encodings not.
func sameSchema(a, b parquet.Node) bool {
	if a.Leaf() != b.Leaf() || a.Optional() != b.Optional() || a.Repeated() != b.Repeated() {
		return false
	}
	if a.Leaf() {
		x, y := a.Type(), b.Type()
		return x.Kind() == y.Kind() && x.Length() == y.Length() && logical(x) == logical(y)
	}
	as, bs := a.Fields(), b.Fields()
	if len(as) != len(bs) {
		return false
	}
	for i := range as {
		if as[i].Name() != bs[i].Name() || !sameSchema(as[i], bs[i]) {
			return false
		}
	}
	return true
}

// logical names what a type means; the unit and zone of times and the digits
// of decimals are part of it.
func logical(t parquet.Type) string {
	if l := t.LogicalType(); l != nil {
		return fmt.Sprint(l.Value)
	}
	return ""
}
