package load

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"etl/internal/fault"
	"etl/schemas"
)

// TestParents writes parents and reads them back.
func TestParents(t *testing.T) {
	many := make([]Parent, 3000)
	for i := range many {
		many[i].Text = fmt.Sprintf(`{"id":%d}`, i)
		if i%3 > 0 {
			many[i].Changed = fmt.Sprint("2026-01-", i)
		}
		for n := range i % 5 {
			many[i].Keys = append(many[i].Keys, schemas.Key{byte(i), byte(i >> 8), byte(n)})
		}
	}
	for name, parents := range map[string][]Parent{"none": nil, "one without rows": many[:1], "many": many} {
		t.Run(name, func(t *testing.T) {
			st := testStage(t)
			w, err := st.ParentsWriter()
			if err != nil {
				t.Fatal(err)
			}
			for _, p := range parents {
				if err := w.Write(p); err != nil {
					t.Fatal(err)
				}
			}
			file, err := w.Close()
			if err != nil {
				t.Fatal(err)
			}
			var got []Parent
			err = st.data.ReadParents(&Commit{ParentsFile: file}, func(p Parent) error {
				got = append(got, p)
				return nil
			})
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(parents, got); diff != "" {
				t.Errorf("parents read back (-want +got):\n%.1000s", diff)
			}
		})
	}
}

// TestParentsOfNoName refuses a name that leads elsewhere.
func TestParentsOfNoName(t *testing.T) {
	err := testStage(t).data.ReadParents(&Commit{ParentsFile: "../commits/000000000001.json"}, nil)
	wantClass(t, err, fault.Storage, "parents")
}
