package e2e

import (
	"crypto/sha256"
	"debug/elf"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// largest is how many bytes the stripped binary may have.
const largest = 35 << 20

// The binary is the same whatever folder it is built in, needs no library of the
// machine, and stays small.
func TestBinary(t *testing.T) {
	first, second := release(t, ".."), release(t, sources(t))
	if hashOf(t, first) != hashOf(t, second) {
		t.Error("two builds of the same sources in two folders differ")
	}
	f, err := elf.Open(first)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	libraries, err := f.ImportedLibraries()
	if err != nil || len(libraries) > 0 || f.Section(".interp") != nil {
		t.Errorf("the binary is linked with %v, want nothing (%v)", libraries, err)
	}
	info, err := os.Stat(first)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%.1f MiB", float64(info.Size())/(1<<20))
	if info.Size() > largest {
		t.Errorf("the binary has %d bytes, at most %d wanted", info.Size(), largest)
	}
}

// release builds the binary as docs/decisions.md says.
func release(t *testing.T, dir string) string {
	t.Helper()
	binary := filepath.Join(t.TempDir(), "etl")
	cmd := exec.Command("go", "build", "-trimpath", "-buildvcs=false", "-ldflags=-s -w -buildid=", "-o", binary, "./cmd/etl")
	cmd.Dir, cmd.Env = dir, append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("building in %s: %v\n%s", dir, err, out)
	}
	return binary
}

// sources copies what the binary is built from into another folder.
func sources(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	for _, name := range []string{"go.mod", "go.sum", "embed.go", "pipelines.yaml", "cmd", "extract", "transform", "load", "schemas", "internal"} {
		from := filepath.Join("..", name)
		info, err := os.Stat(from)
		if err != nil {
			t.Fatal(err)
		}
		to := filepath.Join(dir, name)
		if info.IsDir() {
			err = os.CopyFS(to, os.DirFS(from))
		} else {
			err = copyFile(from, to)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func copyFile(from, to string) error {
	data, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	return os.WriteFile(to, data, 0o600)
}

func hashOf(t *testing.T, path string) (sum [sha256.Size]byte) {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		t.Fatal(err)
	}
	return [sha256.Size]byte(h.Sum(nil))
}
