package etl_test

import (
	"cmp"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
)

// least are the oldest versions without the holes that the Go vulnerability
// database (golang/vulndb, 2026-08-20) knows of. Arrow v15 by itself asks for
// older ones.
var least = []struct{ module, version, holes string }{
	{"golang.org/x/net", "v0.58.0", "GO-2024-2687, GO-2026-4918, GO-2026-5026: HTTP/2 and HTML"},
	{"golang.org/x/text", "v0.41.0", "GO-2026-5970"},
	{"golang.org/x/sys", "v0.47.0", "GO-2026-5024"},
	{"google.golang.org/grpc", "v1.83.2", "GO-2026-4762, GO-2026-6061"},
	{"google.golang.org/protobuf", "v1.36.12", "GO-2024-2611"},
	{"github.com/klauspost/compress", "v1.19.2", "GO-2026-5841: a read out of bounds in s2"},
}

// No module is older than the version that mended its last known hole, whatever
// those that need it ask for.
func TestVersionsWithoutKnownHoles(t *testing.T) {
	out, err := exec.Command("go", "list", "-m", "-f", "{{.Path}} {{.Version}}", "all").Output()
	if err != nil {
		t.Fatal(err)
	}
	chosen := map[string]string{}
	for line := range strings.Lines(string(out)) {
		module, version, _ := strings.Cut(strings.TrimSpace(line), " ")
		chosen[module] = version
	}
	for _, m := range least {
		if have := chosen[m.module]; have == "" || older(have, m.version) {
			t.Errorf("%s is %s, want at least %s (%s)", m.module, cmp.Or(have, "gone from the list: remove it here"), m.version, m.holes)
		}
	}
}

// A Go older than 1.26.6 lets os.Root be left (GO-2026-4602, GO-2026-4864,
// GO-2026-4970) and has other holes in its standard library.
func TestGoWithoutKnownHoles(t *testing.T) {
	text, err := os.ReadFile("go.mod")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		if version, ok := strings.CutPrefix(strings.TrimSpace(line), "go "); ok {
			if older("v"+version, "v1.26.6") {
				t.Errorf("go.mod asks for Go %s, want at least 1.26.6", version)
			}
			return
		}
	}
	t.Error("go.mod names no version of Go")
}

// older tells whether version a comes before b: numbers between dots, and what
// follows a dash does not count.
func older(a, b string) bool {
	x, y := numbers(a), numbers(b)
	for i := range y {
		if i >= len(x) || x[i] != y[i] {
			return i >= len(x) || x[i] < y[i]
		}
	}
	return false
}

func numbers(version string) (ns []int) {
	plain, _, _ := strings.Cut(strings.TrimPrefix(version, "v"), "-")
	for part := range strings.SplitSeq(plain, ".") {
		n, _ := strconv.Atoi(part)
		ns = append(ns, n)
	}
	return ns
}

func TestOlder(t *testing.T) {
	for _, v := range []struct {
		a, b string
		want bool
	}{
		{"v0.9.0", "v0.10.0", true},
		{"v0.10.0", "v0.9.0", false},
		{"v1.2.3", "v1.2.3", false},
		{"v1.2", "v1.2.1", true},
		{"v1.3.0-rc.1", "v1.2.9", false},
	} {
		if got := older(v.a, v.b); got != v.want {
			t.Errorf("older(%s, %s) is %v", v.a, v.b, got)
		}
	}
}
