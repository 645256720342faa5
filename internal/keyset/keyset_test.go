package keyset

import (
	"encoding/binary"
	"math/rand/v2"
	"os"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func key(n int) Key { return Key{byte(n >> 8), byte(n)} }

// count returns how many keys there are and the ordinals of the rows that leave.
func count(s *Set) (distinct int64, leave []int64, err error) {
	for group, err := range s.Groups() {
		if err != nil {
			return 0, nil, err
		}
		distinct++
		for _, e := range group[1:] {
			leave = append(leave, e.Ordinal)
		}
	}
	slices.Sort(leave)
	return distinct, leave, nil
}

func TestGroupsStartWithHighestVersionThenLatest(t *testing.T) {
	tests := []struct {
		name    string
		rows    [][2]int // key, version
		want    int64
		dropped []int64
	}{
		{"nothing", nil, 0, nil},
		{"all different", [][2]int{{3, 0}, {1, 0}, {2, 0}}, 3, nil},
		{"the later stays", [][2]int{{1, 0}, {2, 0}, {1, 0}}, 2, []int64{0}},
		{"the higher version stays", [][2]int{{1, 9}, {2, 0}, {1, 3}, {1, 8}}, 2, []int64{2, 3}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := New(t.TempDir())
			for _, r := range tt.rows {
				if err := s.Add(key(r[0]), int64(r[1])); err != nil {
					t.Fatal(err)
				}
			}
			distinct, leave, err := count(s)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.dropped, leave); distinct != tt.want || diff != "" {
				t.Errorf("%d keys, want %d; rows that leave (-want +got):\n%s", distinct, tt.want, diff)
			}
		})
	}
}

// Whatever goes to disk, the answer is that of a map in memory.
func TestGroupsEqualAMap(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 50 {
		dir := t.TempDir()
		s := New(dir)
		s.limit = 1 + r.IntN(20)
		newest := map[Key]Entry{}
		n := r.IntN(200)
		for i := range n {
			e := Entry{key(r.IntN(60)), int64(r.IntN(3)), int64(i)}
			if err := s.Add(e.Key, e.Version); err != nil {
				t.Fatal(err)
			}
			if old, ok := newest[e.Key]; !ok || order(e, old) < 0 {
				newest[e.Key] = e
			}
		}
		stays := map[int64]bool{}
		for _, e := range newest {
			stays[e.Ordinal] = true
		}
		var dropped []int64
		for i := range n {
			if !stays[int64(i)] {
				dropped = append(dropped, int64(i))
			}
		}
		distinct, leave, err := count(s)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(dropped, leave); distinct != int64(len(newest)) || diff != "" {
			t.Fatalf("%d keys, want %d; rows that leave (-want +got):\n%s", distinct, len(newest), diff)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		if left, _ := os.ReadDir(dir); len(left) != 0 {
			t.Fatalf("%d runs were left behind", len(left))
		}
	}
}

// A run that was cut is an error, never fewer keys.
func TestGroupsReportACutRun(t *testing.T) {
	s := New(t.TempDir())
	s.limit = 4
	for i := range 6 {
		if err := s.Add(key(i), 0); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Truncate(s.runs[0], entrySize+5); err != nil {
		t.Fatal(err)
	}
	if _, _, err := count(s); err == nil {
		t.Error("a cut run was read as whole")
	}
}

// Keys that are even, that are alike in their first bits, and that are sorted
// already come out as one comparison after the other has them.
func TestArrangeSorts(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	kinds := map[string]func(i int) Key{
		"even": func(int) (k Key) {
			binary.BigEndian.PutUint64(k[:], r.Uint64())
			binary.BigEndian.PutUint64(k[8:], r.Uint64())
			return k
		},
		"alike":  func(int) Key { return Key{8: byte(r.Uint32()), 15: byte(r.Uint32())} },
		"few":    func(int) Key { return Key{0: byte(r.IntN(3)), 9: byte(r.IntN(2))} },
		"sorted": key,
	}
	for name, keyOf := range kinds {
		for _, n := range []int{0, 1, 2, 7, 8, 1000, 40_000} {
			var got []Entry
			for i := range n {
				got = append(got, Entry{keyOf(i), int64(r.IntN(3)), int64(i)})
			}
			want := slices.SortedFunc(slices.Values(got), order)
			if arrange(got, 0); !slices.Equal(want, got) {
				t.Errorf("%d keys that are %s are not in order", n, name)
			}
		}
	}
}
