package load

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"etl/internal/fault"

	"github.com/google/go-cmp/cmp"
	"github.com/klauspost/compress/zstd"
)

// clock stands still at a time after noon.
func clock(after time.Duration) func() time.Time {
	return func() time.Time { return noon.Add(after) }
}

func openPages(t *testing.T, dir string) *Pages {
	t.Helper()
	p, err := OpenPages(dir, clock(0))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := p.Close(); err != nil {
			t.Error(err)
		}
	})
	return p
}

// gzipOf packs a body as a server does that sends it in two members.
func gzipOf(t *testing.T, body []byte) []byte {
	t.Helper()
	var packed bytes.Buffer
	for _, part := range [][]byte{body[:len(body)/2], body[len(body)/2:]} {
		w := gzip.NewWriter(&packed)
		if _, err := w.Write(part); err != nil {
			t.Fatal(err)
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
	}
	return packed.Bytes()
}

// put keeps pages of a unit that hold no more than their number.
func put(t *testing.T, p *Pages, unit string, numbers ...int) []PageRef {
	t.Helper()
	var list []PageRef
	for _, n := range numbers {
		ref, err := p.Put(unit, n, PageMeta{Status: 200, Date: noon, Wire: 7, Position: json.RawMessage(`{"Number":1}`)}, pageBody(n), nil)
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, ref)
	}
	return list
}

func pageBody(n int) []byte { return bytes.Repeat([]byte{'0' + byte(n)}, 1000) }

func TestKeptPagesComeBack(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "all", "run1")
	list := put(t, openPages(t, dir), "all", 1, 2)
	p := openPages(t, dir) // another process
	meta, body, err := p.Get("all", list[1])
	if err != nil {
		t.Fatal(err)
	}
	want := PageMeta{Position: json.RawMessage(`{"Number":1}`), Status: 200, Date: noon, Wire: 7, Hash: list[1].Hash}
	if diff := cmp.Diff(want, meta); diff != "" || !bytes.Equal(body, pageBody(2)) {
		t.Errorf("page 2 holds %.10q, meta (-want +got):\n%s", body, diff)
	}
}

func TestKeptPagesAreZstdOfTheBody(t *testing.T) {
	dir := t.TempDir()
	put(t, openPages(t, dir), "all", 1)
	name := filepath.Join(dir, "all-000001.json.zst")
	info, err := os.Stat(name)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Fatalf("%v, %v, want mode 0600", info, err)
	}
	data, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	plain, err := zstd.NewReader(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	defer plain.Close()
	var body bytes.Buffer
	if _, err := body.ReadFrom(plain); err != nil || !bytes.Equal(body.Bytes(), pageBody(1)) {
		t.Errorf("zstd unpacks it to %.10q, %v", body.Bytes(), err)
	}
}

// Any tool unpacks it to the body; etl alone sees the head before it.
func TestKeptPagesThatCameAsGzipStaySo(t *testing.T) {
	dir := t.TempDir()
	p := openPages(t, dir)
	packed := gzipOf(t, pageBody(1))
	want := PageMeta{Position: json.RawMessage("1"), Status: 200}
	ref, err := p.Put("all", 1, want, pageBody(1), packed)
	if err != nil {
		t.Fatal(err)
	}
	meta, body, err := p.Get("all", ref)
	want.Hash = ref.Hash
	if diff := cmp.Diff(want, meta); diff != "" || err != nil || !bytes.Equal(body, pageBody(1)) {
		t.Errorf("page 1 holds %.10q, %v, meta (-want +got):\n%s", body, err, diff)
	}
	data, err := os.ReadFile(filepath.Join(dir, "all-000001.json.gz"))
	if err != nil || !bytes.HasSuffix(data, packed) {
		t.Fatalf("the file does not end with what came: %v", err)
	}
	plain, err := gzip.NewReader(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	if text, err := io.ReadAll(plain); err != nil || !bytes.Equal(text, pageBody(1)) {
		t.Errorf("gzip unpacks it to %.10q, %v", text, err)
	}
}

// A crash can leave both copies behind.
func TestACopyInTheOtherFormTakesThePlaceOfTheFirst(t *testing.T) {
	dir := t.TempDir()
	p := openPages(t, dir)
	first, err := p.Put("all", 1, PageMeta{}, pageBody(1), nil)
	if err != nil {
		t.Fatal(err)
	}
	before, err := os.ReadFile(filepath.Join(dir, "all-000001.json.zst"))
	if err != nil {
		t.Fatal(err)
	}
	second, err := p.Put("all", 1, PageMeta{}, pageBody(2), gzipOf(t, pageBody(2)))
	if err != nil {
		t.Fatal(err)
	}
	_, _, err = p.Get("all", first)
	wantClass(t, err, fault.Storage, "another page")
	if err := os.WriteFile(filepath.Join(dir, "all-000001.json.zst"), before, 0o600); err != nil {
		t.Fatal(err)
	}
	for n, ref := range []PageRef{first, second} {
		if _, body, err := p.Get("all", ref); err != nil || !bytes.Equal(body, pageBody(n+1)) {
			t.Errorf("copy %d holds %.10q, %v", n+1, body, err)
		}
	}
}

func TestUnits(t *testing.T) {
	p := openPages(t, t.TempDir())
	ended := put(t, p, "2026-01-01", 2, 1)
	if err := p.End("2026-01-01", ended); err != nil {
		t.Fatal(err)
	}
	broken := put(t, p, "2026-01", 1, 2)
	put(t, p, "2026-01", 4)
	put(t, p, "a/b", 1)
	if err := p.End("empty", nil); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		about, unit string
		list        []PageRef
		whole       bool
	}{
		{"read to its end: the accepted pages, in their order", "2026-01-01", ended, true},
		{"broken off: pages up to the first gap; no pages of another unit", "2026-01", broken, false},
		{"read to its end without a page", "empty", nil, true},
		{"never begun", "a", nil, false},
	} {
		list, whole, err := p.Unit(test.unit)
		if diff := cmp.Diff(test.list, list); diff != "" || whole != test.whole || err != nil {
			t.Errorf("%s: whole %v, %v, list (-want +got):\n%s", test.about, whole, err, diff)
		}
	}
}

func TestDamagedGzipIsFoundOut(t *testing.T) {
	packed := gzipOf(t, pageBody(1))
	for name, damage := range map[string]func([]byte) []byte{
		"cut":                      func(b []byte) []byte { return b[:len(b)-3] },
		"cut in front of the body": func(b []byte) []byte { return b[:len(b)-len(packed)] },
		"cut in the head":          func(b []byte) []byte { return b[:20] },
		"cut before the head":      func(b []byte) []byte { return b[:13] },
		"another magic":            func(b []byte) []byte { b[0]++; return b },
		"another field":            func(b []byte) []byte { b[12]++; return b },
		"another body":             func(b []byte) []byte { return append(b[:len(b)-len(packed)], gzipOf(t, pageBody(2))...) },
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			p := openPages(t, dir)
			ref, err := p.Put("all", 1, PageMeta{}, pageBody(1), packed)
			if err != nil {
				t.Fatal(err)
			}
			file := filepath.Join(dir, "all-000001.json.gz")
			data, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(file, damage(data), 0o600); err != nil {
				t.Fatal(err)
			}
			_, _, err = p.Get("all", ref)
			wantClass(t, err, fault.Storage, "page 1 of all")
		})
	}
}

func TestDamagedPagesAreFoundOut(t *testing.T) {
	for _, test := range []struct {
		name   string
		damage func([]byte) []byte
	}{
		{"gone", nil},
		{"empty", func([]byte) []byte { return nil }},
		{"cut", func(b []byte) []byte { return b[:len(b)-3] }},
		{"cut in front of the body", func(b []byte) []byte { return b[:bytes.Index(b, []byte{0x28, 0xB5, 0x2F, 0xFD})] }},
		{"another length", func(b []byte) []byte { b[6] = 0x7f; return b }},
		{"another magic", func(b []byte) []byte { b[0]++; return b }},
		{"another body", func(b []byte) []byte {
			return append(b[:bytes.Index(b, []byte{0x28, 0xB5, 0x2F, 0xFD})], zstdOf("other")...)
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			dir := t.TempDir()
			p := openPages(t, dir)
			list := put(t, p, "all", 1, 2, 3)
			name := filepath.Join(dir, "all-000002.json.zst")
			data, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			if err := os.Remove(name); err != nil {
				t.Fatal(err)
			}
			if test.damage != nil {
				if err := os.WriteFile(name, test.damage(data), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			_, _, err = p.Get("all", list[1])
			wantClass(t, err, fault.Storage, "page 2 of all")
			got, whole, err := p.Unit("all")
			if diff := cmp.Diff(list[:1], got); diff != "" || whole || err != nil {
				t.Errorf("what is left: whole %v, %v, list (-want +got):\n%s", whole, err, diff)
			}
		})
	}
}

func zstdOf(text string) []byte {
	w, _ := zstd.NewWriter(nil)
	return w.EncodeAll([]byte(text), nil)
}

func TestAPageThatWasPutAgainIsNotTheOneOfTheList(t *testing.T) {
	p := openPages(t, t.TempDir())
	list := put(t, p, "all", 1)
	if _, err := p.Put("all", 1, PageMeta{}, []byte("changed"), nil); err != nil {
		t.Fatal(err)
	}
	_, _, err := p.Get("all", list[0])
	wantClass(t, err, fault.Storage, "another page")
}

func TestReadings(t *testing.T) {
	dir := t.TempDir()
	if got, err := Readings(filepath.Join(dir, "nowhere")); got != nil || err != nil {
		t.Errorf("nowhere are %v, %v", got, err)
	}
	want := []Reading{
		{Run: "c", Identity: "i", Started: noon.Add(-time.Hour), State: Failed, Schema: "s1"},
		{Run: "a", Identity: "i", Started: noon, State: BrokenOff, Base: 3, Totals: map[string]int64{"all": 7}, Parents: "p"},
		{Run: "b", Identity: "i", Started: noon, State: Committed, Commit: 4},
	}
	for i := range want {
		want[i].Dir = filepath.Join(dir, want[i].Run)
		p := openPages(t, want[i].Dir)
		begun := want[i]
		begun.State, begun.Commit = BrokenOff, 0
		for _, r := range []Reading{begun, want[i]} {
			if err := p.Describe(r); err != nil {
				t.Fatal(err)
			}
		}
	}
	put(t, openPages(t, filepath.Join(dir, "d")), "all", 1) // died before it was described
	got, err := Readings(dir)
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Errorf("%v, readings (-want +got):\n%s", err, diff)
	}
	wantClass(t, openPages(t, want[0].Dir).Describe(Reading{State: "half"}), fault.Bug)

	if err := os.WriteFile(filepath.Join(dir, "a", manifestName), []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err = Readings(dir)
	wantClass(t, err, fault.Storage, "reading.json")
}

func TestPagesRemoveOnlyThemselves(t *testing.T) {
	for _, test := range []struct{ beside, left string }{{"0001.part", "0001.part"}, {"", ""}} {
		dir := filepath.Join(t.TempDir(), "run")
		p := openPages(t, dir)
		put(t, p, "all", 1)
		if err := p.End("all", nil); err != nil {
			t.Fatal(err)
		}
		if err := p.Describe(Reading{State: Whole}); err != nil {
			t.Fatal(err)
		}
		if test.beside != "" {
			if err := os.WriteFile(filepath.Join(dir, test.beside), nil, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		if err := p.Remove(nil); err != nil {
			t.Fatal(err)
		}
		var left []string
		entries, err := os.ReadDir(dir)
		for _, entry := range entries {
			left = append(left, entry.Name())
		}
		if strings.Join(left, " ") != test.left || (err == nil) != (test.left != "") {
			t.Errorf("left are %v, %v, want %q", left, err, test.left)
		}
	}
}

func TestCommitsLeaveKeptPagesInTheStage(t *testing.T) {
	d := open(t).Dataset("p")
	st, err := d.Stage("all", "run1")
	if err != nil {
		t.Fatal(err)
	}
	p := openPages(t, st.Folder())
	list := put(t, p, "all", 1)
	job{}.commit(t, d, "run1", 0, files{"": "x"}, nil)
	if err := d.Recover(); err != nil {
		t.Fatal(err)
	}
	if _, _, err := p.Get("all", list[0]); err != nil {
		t.Error(err)
	}
}
