package load

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// More parts than go in one call, some of them empty, and all of them.
func TestPartsAreWrittenInTheirOrder(t *testing.T) {
	many := [][]byte{nil}
	for i := range 2*mostParts + 3 {
		many = append(many, bytes.Repeat([]byte{byte(i), byte(i >> 8)}, i%3))
	}
	for _, parts := range [][][]byte{nil, {nil, {}}, {[]byte("a"), nil, []byte("bc")}, many} {
		name, want := filepath.Join(t.TempDir(), "file"), bytes.Join(parts, nil)
		file, err := os.Create(name)
		if err != nil {
			t.Fatal(err)
		}
		if err := errors.Join(writeParts(file, parts), file.Close()); err != nil {
			t.Fatal(err)
		}
		if got, err := os.ReadFile(name); err != nil || !bytes.Equal(got, want) {
			t.Errorf("of %d bytes %d are there, %v", len(want), len(got), err)
		}
	}
}

// Where no byte of a part was taken the file says why.
func TestPartsThatCannotBeWritten(t *testing.T) {
	full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer full.Close() //nolint:errcheck // nothing was written
	if err := writeParts(full, [][]byte{{1}, {2}}); !errors.Is(err, syscall.ENOSPC) {
		t.Errorf("a full disk says %v", err)
	}
}

// A disk that is nearly full takes a part of what is written.
func TestWhatIsLeftOfParts(t *testing.T) {
	for n, want := range [][]string{
		{"ab", "", "cde"}, {"b", "", "cde"}, {"cde"}, {"de"}, {"e"}, {},
	} {
		left := []string{}
		for _, part := range behind([][]byte{{}, []byte("ab"), {}, []byte("cde"), {}}, n) {
			left = append(left, string(part))
		}
		if n < 5 {
			want = append(want, "")
		}
		if diff := cmp.Diff(want, left); diff != "" {
			t.Errorf("after %d bytes (-want +got):\n%s", n, diff)
		}
	}
}
