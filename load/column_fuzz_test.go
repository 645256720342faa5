package load

import (
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"etl/schemas"
)

// FuzzRoundTrip writes rows of any schema, cut into any batches, reads them back
// with Arrow, and holds statistics and indexes against the values.
func FuzzRoundTrip(f *testing.F) {
	for seed := range uint64(12) {
		f.Add(seed, uint16(40*seed), uint16(7+seed), uint8(10*seed))
	}
	f.Fuzz(func(t *testing.T, seed uint64, rows, batch uint16, nulls uint8) {
		r := rand.New(rand.NewPCG(seed, 0))
		s := &schemas.Schema{Columns: someColumns(r, 1+r.IntN(6), 0), Rules: schemas.Rules{Unknown: schemas.IgnoreUnknown}}
		st, tab, n := testStage(t), newTable(s, seed, float64(nulls)/255), int(rows)%1500
		o := WriterOptions{Schema: s, RowGroupRows: 1 + r.IntN(2000)}
		var got []string
		for _, file := range writeRows(t, st, tab, o, n, 1+int(batch)%1500, nil) {
			name := filepath.Join(st.Folder(), file.Staged)
			got = append(got, readArrow(t, name)...)
			checkFile(t, name, tab.layout)
		}
		if diff := cmp.Diff(jsonRows(t, tab.rows(0, n)), got); diff != "" {
			t.Errorf("rows read back differ (-want +got):\n%.2000s", diff)
		}
	})
}

// someColumns makes up columns, at most four levels deep.
func someColumns(r *rand.Rand, n, depth int) (columns []schemas.Column) {
	for i := range n {
		columns = append(columns, schemas.Column{Name: fmt.Sprintf("c%d", n-i), Required: r.IntN(3) == 0, Type: someType(r, depth)})
	}
	return columns
}

func someType(r *rand.Rand, depth int) schemas.Type {
	kinds := int(schemas.Struct)
	if depth == 3 {
		kinds = int(schemas.JSON)
	}
	t := schemas.Type{Kind: schemas.Kind(1 + r.IntN(kinds))}
	switch t.Kind {
	case schemas.Decimal:
		t.Precision = 1 + r.IntN(38)
		t.Scale = r.IntN(t.Precision + 1)
	case schemas.Enum:
		t.Code = pickOne(r, schemas.Int32, schemas.Int64, schemas.String)
	case schemas.List:
		t.Element = &schemas.Column{Name: "element", Required: r.IntN(2) == 0, Type: someType(r, depth+1)}
	case schemas.Struct:
		t.Fields = someColumns(r, 1+r.IntN(3), depth+1)
	}
	return t
}
