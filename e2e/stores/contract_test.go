package stores

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"etl/internal/fault"
	"etl/load/bucket"
)

// TestTheServerCreatesOnlyWhatIsAbsent is the first of all: a server that does
// not hold to it proves nothing about commits.
func TestTheServerCreatesOnlyWhatIsAbsent(t *testing.T) {
	eachServer(t, func(t *testing.T, s server) {
		b := s.open(t, "create")
		if err := b.Create("a/b", []byte("one")); err != nil {
			t.Fatal(err)
		}
		if err := b.Create("a/b", []byte("two")); !errors.Is(err, fs.ErrExist) {
			t.Errorf("creating what exists: %v, want ErrExist", err)
		}
		if got, err := b.Get("a/b"); string(got) != "one" || err != nil {
			t.Errorf("it now holds %q, %v", got, err)
		}
	})
}

func TestOneOfFiftyCreates(t *testing.T) {
	eachServer(t, func(t *testing.T, s server) {
		b := s.open(t, "race")
		for round := range 4 {
			name := fmt.Sprintf("commits/%d.json", round)
			errs := make([]error, 50)
			var wait sync.WaitGroup
			for i := range errs {
				wait.Go(func() { errs[i] = b.Create(name, fmt.Append(nil, i)) })
			}
			wait.Wait()
			winner := slices.Index(errs, nil)
			if winner < 0 {
				t.Fatalf("nobody created it: %v", errs[0])
			}
			for i, err := range errs {
				if i != winner && !errors.Is(err, fs.ErrExist) {
					t.Errorf("%d ends in %v, %d has created it", i, err, winner)
				}
			}
			if got, err := b.Get(name); string(got) != fmt.Sprint(winner) || err != nil {
				t.Errorf("%d created it, but it holds %q, %v", winner, got, err)
			}
		}
	})
}

// odd are names as data sets have them.
var odd = []string{"data/p/day=2026-01-01/000001-0001.parquet", "data/p/city=%D0%90%20b%2Fc/000001-0002.parquet", "_etl/p@kz.1/lock", "views/p.sql"}

func TestObjectsComeAndGo(t *testing.T) {
	eachServer(t, func(t *testing.T, s server) {
		b, other := s.open(t, "come"), s.open(t, "come-and-go")
		if err := other.Create("beside", nil); err != nil {
			t.Fatal(err)
		}
		for _, name := range odd {
			if err := b.Put(name, strings.NewReader(name), int64(len(name))); err != nil {
				t.Fatal(err)
			}
			if got, err := b.Get(name); string(got) != name || err != nil {
				t.Errorf("%s holds %q, %v", name, got, err)
			}
			if info, err := b.Stat(name); err != nil || info.Size != int64(len(name)) || info.Modified.IsZero() || info.Version == "" {
				t.Errorf("%s is %+v, %v", name, info, err)
			}
		}
		names, err := b.List("")
		slices.Sort(names)
		want := slices.Sorted(slices.Values(odd))
		if diff := cmp.Diff(want, names); diff != "" || err != nil {
			t.Errorf("%v, objects (-want +got):\n%s", err, diff)
		}
		if names, err := b.List("data/p/city="); err != nil || len(names) != 1 {
			t.Errorf("below a prefix lie %v, %v", names, err)
		}
		moved := odd[1] + ".copy"
		for range 2 { // again is no harm
			if err := b.Copy(odd[1], moved); err != nil {
				t.Fatal(err)
			}
		}
		if got, err := b.Get(moved); string(got) != odd[1] || err != nil {
			t.Errorf("the copy holds %q, %v", got, err)
		}
		for range 2 {
			if err := b.Delete(odd[1]); err != nil {
				t.Fatal(err)
			}
		}
		_, err = b.Get(odd[1])
		_, looked := b.Stat(odd[1])
		_, part := b.Range(odd[1], "", bucket.Range{Bytes: 10}, &bytesAt{})
		for what, err := range map[string]error{"reading": err, "looking at": looked, "reading a part of": part, "copying": b.Copy(odd[1], "x")} {
			if !errors.Is(err, fs.ErrNotExist) {
				t.Errorf("%s what is gone: %v, want ErrNotExist", what, err)
			}
		}
	})
}

func TestRanges(t *testing.T) {
	eachServer(t, func(t *testing.T, s server) {
		b := s.open(t, "ranges")
		for name, text := range map[string]string{"ten": "0123456789", "empty": ""} {
			if err := b.Put(name, strings.NewReader(text), int64(len(text))); err != nil {
				t.Fatal(err)
			}
		}
		for _, test := range []struct {
			name  string
			part  bucket.Range
			want  string
			whole int64
		}{
			{"ten", bucket.Range{From: 2, Bytes: 3}, "\x00\x00234", 10},
			{"ten", bucket.Range{From: 8, Bytes: 100}, strings.Repeat("\x00", 8) + "89", 10},
			{"ten", bucket.Range{Bytes: 100}, "0123456789", 10},
			{"empty", bucket.Range{Bytes: 100}, "", 0},
		} {
			var got bytesAt
			info, err := b.Range(test.name, "", test.part, &got)
			if err != nil || string(got) != test.want || info.Size != test.whole {
				t.Errorf("%+v of %s: %q, %+v, %v", test.part, test.name, got, info, err)
			}
		}
	})
}

// TestVersions asks versitygw alone: the others read whatever version is there,
// so nothing relies on it. What a file holds is held against its hash.
func TestVersions(t *testing.T) {
	b := startVersity(t).open(t, "versions")
	if err := b.Put("a", strings.NewReader("one"), 3); err != nil {
		t.Fatal(err)
	}
	info, err := b.Stat("a")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := b.Range("a", info.Version, bucket.Range{Bytes: 3}, &bytesAt{}); err != nil {
		t.Error(err)
	}
	if err := b.Put("a", strings.NewReader("two"), 3); err != nil {
		t.Fatal(err)
	}
	if _, err := b.Range("a", info.Version, bucket.Range{Bytes: 3}, &bytesAt{}); fault.Of(err) != fault.Storage {
		t.Errorf("reading on in another version: %v", err)
	}
}

func TestListingsOfManyPages(t *testing.T) {
	eachServer(t, func(t *testing.T, s server) {
		b := s.open(t, "many")
		var want []string
		var wait sync.WaitGroup
		slots := make(chan struct{}, 16)
		for i := range 2100 {
			name := fmt.Sprintf("commits/%012d.json", i)
			want = append(want, name)
			wait.Go(func() {
				slots <- struct{}{}
				defer func() { <-slots }()
				if err := b.Create(name, nil); err != nil {
					t.Error(err)
				}
			})
		}
		wait.Wait()
		got, err := b.List("commits/")
		slices.Sort(got)
		if diff := cmp.Diff(want, got); diff != "" || err != nil {
			t.Errorf("%v, objects (-want +got):\n%s", err, diff)
		}
	})
}

func TestLargeObjects(t *testing.T) {
	eachServer(t, func(t *testing.T, s server) {
		b := s.open(t, "large")
		data := make([]byte, 17<<20+123)
		random := rand.New(rand.NewPCG(1, 2))
		for i := range data {
			data[i] = byte(random.Uint32())
		}
		if err := b.Put("big", bytes.NewReader(data), int64(len(data))); err != nil {
			t.Fatal(err)
		}
		if got, err := b.Get("big"); err != nil || !bytes.Equal(got, data) {
			t.Errorf("%d bytes come of %d, %v", len(got), len(data), err)
		}
		if err := b.Copy("big", "copy"); err != nil {
			t.Error(err)
		}
		if info, err := b.Stat("copy"); err != nil || info.Size != int64(len(data)) {
			t.Errorf("the copy is %+v, %v", info, err)
		}
	})
}

func TestNoSuchBucket(t *testing.T) {
	eachServer(t, func(t *testing.T, s server) {
		b, err := bucket.Open(s.scheme+"://nobody-made-this/lake", s.settings(t))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := b.List("x/"); fault.Of(err) != fault.Config || !strings.Contains(err.Error(), "no such bucket") {
			t.Errorf("listing a bucket that is not there: %v, of class %v", err, fault.Of(err))
		}
	})
}

func TestWrongCredentials(t *testing.T) {
	s := startVersity(t)
	settings := s.settings(t)
	t.Setenv("AWS_SECRET_ACCESS_KEY", "another-secret")
	b, err := bucket.Open(s.address("x"), settings)
	if err != nil {
		t.Fatal(err)
	}
	_, err = b.List("x/")
	if fault.Of(err) != fault.Auth {
		t.Errorf("a wrong secret: %v, of class %v", err, fault.Of(err))
	}
	for _, secret := range []string{"another-secret", accessKey} {
		if strings.Contains(err.Error(), secret) {
			t.Errorf("%v holds %s", err, secret)
		}
	}
}
