package power

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
)

// found returns all that a disk may hold after some calls: the files, with
// their data, of each image, sorted.
func found(t *testing.T, calls ...Call) (images []string) {
	t.Helper()
	disk, err := NewDisk(fstest.MapFS{"d/old": {Data: []byte("old")}})
	if err != nil {
		t.Fatal(err)
	}
	for i, c := range calls {
		c.Begun = i
		if err := disk.Do(c); err != nil {
			t.Fatal(err)
		}
	}
	random, seen := rand.New(rand.NewPCG(1, 1)), map[string]bool{}
	for range 50 {
		for _, image := range disk.Images(random, seen) {
			var files []string
			for _, name := range slices.Sorted(maps.Keys(image.Files)) {
				if data := image.Files[name]; data != nil {
					files = append(files, fmt.Sprintf("%s=%q", name, data))
				}
			}
			images = append(images, strings.Join(files, " "))
		}
	}
	slices.Sort(images)
	return slices.Compact(images)
}

func TestWhatIsLost(t *testing.T) {
	open, write := Call{Kind: Open, Path: "d/new", FD: 3, At: 1}, Call{Kind: Write, FD: 3, Data: []byte("ab")}
	sync, syncDir := Call{Kind: Sync, FD: 3}, Call{Kind: SyncDir, Path: "d"}
	for _, tt := range []struct {
		name  string
		calls []Call
		want  []string
	}{
		{"nothing was done", nil, []string{`d/old="old"`}},
		{"a file without any sync", []Call{open, write}, []string{
			`d/new="" d/old="old"`, `d/new="\x00\x00" d/old="old"`, `d/new="a" d/old="old"`, `d/new="ab" d/old="old"`, `d/old="old"`,
		}},
		{"a synced file has no name yet", []Call{open, write, sync}, []string{`d/new="ab" d/old="old"`, `d/old="old"`}},
		{"all is synced", []Call{open, write, sync, syncDir}, []string{`d/new="ab" d/old="old"`}},
		{"a name without data", []Call{open, syncDir, write}, []string{
			`d/new="" d/old="old"`, `d/new="\x00\x00" d/old="old"`, `d/new="a" d/old="old"`, `d/new="ab" d/old="old"`,
		}},
		{"a rename", []Call{{Kind: Rename, Path: "d/old", To: "other"}}, []string{
			`d/old="old"`, `d/old="old" other="old"`, `other="old"`,
		}},
		{"a rename whose old folder alone is synced", []Call{{Kind: Rename, Path: "d/old", To: "other"}, syncDir}, []string{`other="old"`}},
		{"a folder is gone after what was in it", []Call{{Kind: Unlink, Path: "d/old"}, {Kind: Rmdir, Path: "d"}}, []string{``, `d/old="old"`}},
		{"a folder that was not synced", []Call{
			{Kind: Mkdir, Path: "e"},
			{Kind: Rename, Path: "d/old", To: "e/new"},
			{Kind: SyncDir, Path: "e"},
			syncDir,
		}, []string{``, `e/new="old"`}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, found(t, tt.calls...)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}
