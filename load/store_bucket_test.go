package load

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"etl/internal/fault"
	"etl/load/bucket"

	"github.com/google/go-cmp/cmp"
)

// A vault is a bucket in memory. Each of its calls is made in one step, as a
// bucket's are; moving an object takes two.
type vault struct {
	*heap
	late *lateCopies // nil: copies come at once
}

// lateCopies are copies whose answer was lost and that the server has not made
// yet.
type lateCopies struct {
	random  *rand.Rand
	pending []func()
}

func (v vault) Get(name string) ([]byte, error)       { return v.read(name) }
func (v vault) Create(name string, data []byte) error { return v.create(name, data) }
func (v vault) Delete(name string) error              { return v.remove(name) }
func (v vault) List(prefix string) ([]string, error)  { return v.list(cmpDir(prefix)) }
func (v vault) Stat(name string) (bucket.Info, error) {
	at, err := v.modified(name)
	return bucket.Info{Modified: at}, err
}
func cmpDir(prefix string) string {
	if prefix == "" {
		return "."
	}
	return strings.TrimSuffix(prefix, "/")
}

func (v vault) Put(name string, data io.ReaderAt, size int64) error {
	all := make([]byte, size)
	if _, err := data.ReadAt(all, 0); err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	return v.put(name, all)
}

func (v vault) Range(name, _ string, r bucket.Range, w io.WriterAt) (bucket.Info, error) {
	data, err := v.read(name)
	if err != nil {
		return bucket.Info{}, err
	}
	size := int64(len(data))
	_, err = w.WriteAt(data[r.From:min(r.From+r.Bytes, size)], r.From)
	return bucket.Info{Size: size}, err
}

// errLost is what a call ends with whose answer is lost for good.
var errLost = fault.New(fault.Transient, "no clear answer")

func (v vault) Copy(from, to string) error {
	return v.do("copy", to, func() error {
		o, ok := v.objects[from]
		if !ok {
			return fs.ErrNotExist
		}
		if v.late != nil && v.late.random.IntN(20) == 0 {
			v.late.pending = append(v.late.pending, func() { v.objects[to] = o })
			return errLost
		}
		v.objects[to] = o
		return nil
	})
}

// arrive makes one of the late copies.
func (v vault) arrive() error {
	return v.do("arrive", "", func() error {
		if n := len(v.late.pending); n > 0 {
			i := v.late.random.IntN(n)
			v.late.pending[i]()
			v.late.pending = slices.Delete(v.late.pending, i, i+1)
		}
		return nil
	})
}

// vaultStore returns a fresh destination in a bucket in memory.
func vaultStore(t testing.TB) *Store {
	return OpenBucket(vault{heap: heapStore().objects.(*heap)}, "s3://bucket/lake", tempDir(t))
}

// empty returns a fresh destination in memory of the same kind.
func (s *Store) empty() *Store {
	fresh := heapStore()
	if _, ok := s.objects.(*remote); !ok {
		return fresh
	}
	return OpenBucket(vault{heap: fresh.objects.(*heap)}, s.path, s.local)
}

// through returns another process's view of a destination in a bucket in memory.
func (r *remote) through(around disk) *remote {
	v := r.bucket.(vault)
	v.heap = &heap{v.shared, around}
	return &remote{v, r.local}
}

// anyStore are the kinds of destination, by name: tests that go through all of
// them hold what a Store promises wherever it lies. (Real servers of buckets
// are held to the same in e2e/stores.)
var anyStore = map[string]func(t *testing.T) *Store{
	"folder": open,
	"memory": func(*testing.T) *Store { return heapStore() },
	"bucket": func(t *testing.T) *Store { return vaultStore(t) },
}

// everyStore runs a test on each kind of destination.
func everyStore(t *testing.T, test func(t *testing.T, open func(*testing.T) *Store)) {
	for name, open := range anyStore {
		t.Run(name, func(t *testing.T) { test(t, open) })
	}
}

// inMemory runs a test on destinations whose calls are made in one step: one
// that renames, and a bucket, which copies and removes.
func inMemory(t *testing.T, test func(t *testing.T, open func(*testing.T) *Store)) {
	t.Run("memory", func(t *testing.T) { test(t, anyStore["memory"]) })
	t.Run("bucket", func(t *testing.T) {
		one := vaultStore(t)
		test(t, func(*testing.T) *Store { return one.empty() })
	})
}

// TestLateCopies is TestAnythingAtOnce on a bucket that loses answers to copies
// and makes those copies later, at any time, even after everybody has ended.
func TestLateCopies(t *testing.T) {
	one := vaultStore(t)
	for seed := range uint64(250 * *times / slowness) {
		random := rand.New(rand.NewPCG(seed, 2))
		late := &lateCopies{random: random}
		store := one.empty()
		store.objects.(*remote).bucket = vault{store.objects.(*remote).bucket.(vault).heap, late}
		p := &play{store: store, random: random, intents: map[string]files{}}
		p.act(t, func(d *Dataset, _ string) error {
			for range 40 {
				if err := d.store.objects.(*remote).bucket.(vault).arrive(); err != nil {
					return err
				}
			}
			return nil
		})
		for len(late.pending) > 0 {
			if err := store.objects.(*remote).bucket.(vault).arrive(); err != nil {
				t.Fatal(err)
			}
		}
		store.objects.(*remote).bucket = vault{store.objects.(*remote).bucket.(vault).heap, nil}
		if err := store.Dataset("p").Recover(); err != nil {
			t.Fatalf("seed %d: %v", seed, err)
		}
		p.seen(t, p.state(t))
		if t.Failed() {
			t.Fatalf("seed %d", seed)
		}
	}
}

// TestManyFilesAtOnce commits many files to a bucket, and other ones in their
// place, moving many at a time.
func TestManyFilesAtOnce(t *testing.T) {
	s := vaultStore(t)
	s.atOnce = 8
	d := s.Dataset("p")
	for number := range int64(3) {
		add := files{}
		for i := range 100 {
			add[fmt.Sprintf("p=%d", i)] = fmt.Sprint(number, i)
		}
		job{light: true}.commit(t, d, fmt.Sprintf("run%d", number), number, add, nil)
		if got := contents(t, d); len(got) != len(add) {
			t.Errorf("commit %d: %d files are live", number+1, len(got))
		}
	}
	if left := tree(t, s, d.state("stage")); len(left) > 0 {
		t.Errorf("stages still hold %d objects", len(left))
	}
	if replaced := tree(t, s, d.state("replaced")); len(replaced) != 200 {
		t.Errorf("%d files were replaced", len(replaced))
	}
}

// TestRemoteBlob reads a large object in many ways: what comes is what was
// written, and no block is fetched twice.
func TestRemoteBlob(t *testing.T) {
	data := make([]byte, 20*blockSize+12345)
	random := rand.New(rand.NewPCG(1, 1))
	for i := range data {
		data[i] = byte(random.Uint32())
	}
	var fetched int64
	fetches := 0
	s := vaultStore(t)
	counted := countedBucket{s.objects.(*remote).bucket, &fetched, &fetches}
	s.objects.(*remote).bucket = counted
	if err := s.objects.put("big", data); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		name  string
		most  int // requests
		reads func(b blob) error
	}{
		{"the footer alone", 2, func(b blob) error { return same(b, data, int64(len(data))-1000, 1000) }},
		{"all of it, from front to back", 8, func(b blob) error {
			got, err := io.ReadAll(io.NewSectionReader(b, 0, b.Size()))
			if err == nil && !bytes.Equal(got, data) {
				err = errors.New("other bytes come")
			}
			return err
		}},
		{"here and there", 100, func(b blob) error {
			for range 100 {
				from := random.Int64N(int64(len(data)))
				if err := same(b, data, from, random.Int64N(min(3*blockSize, int64(len(data))-from)+1)); err != nil {
					return err
				}
			}
			return nil
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			fetched, fetches = 0, 0
			b, err := s.objects.open("big")
			if err != nil {
				t.Fatal(err)
			}
			if err := errors.Join(test.reads(b), b.Close()); err != nil {
				t.Error(err)
			}
			if fetched > int64(len(data)) || fetches > test.most {
				t.Errorf("%d bytes came in %d requests, of %d", fetched, fetches, len(data))
			}
		})
	}
}

func same(b blob, data []byte, from, size int64) error {
	got := make([]byte, size)
	if _, err := b.ReadAt(got, from); err != nil {
		return err
	}
	if !bytes.Equal(got, data[from:from+size]) {
		return errors.New("other bytes come")
	}
	return nil
}

// A countedBucket counts what is fetched.
type countedBucket struct {
	bucket.Bucket
	bytes    *int64
	requests *int
}

func (c countedBucket) Range(name, version string, r bucket.Range, w io.WriterAt) (bucket.Info, error) {
	info, err := c.Bucket.Range(name, version, r, w)
	*c.bytes += min(r.Bytes, info.Size-r.From)
	*c.requests++
	return info, err
}

// TestSpilledRowsStayHere: rows that wait for their partition are no object of
// the bucket.
func TestSpilledRowsStayHere(t *testing.T) {
	s := vaultStore(t)
	st, err := s.Dataset("p").Stage("all", "run")
	if err != nil {
		t.Fatal(err)
	}
	file, err := st.scratch("spill.part")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := file.WriteAt([]byte("rows"), 0); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(map[string]string{}, tree(t, s, ".")); diff != "" {
		t.Errorf("objects (-want +got):\n%s", diff)
	}
	if err := file.Close(); err != nil {
		t.Fatal(err)
	}
}

// TestAddresses: readers find the files of a bucket by its address, kept pages
// lie on this machine.
func TestAddresses(t *testing.T) {
	s := vaultStore(t)
	if got := s.Address("data/p/day=1/000001-0001.parquet"); got != "s3://bucket/lake/data/p/day=1/000001-0001.parquet" {
		t.Errorf("a file is at %s", got)
	}
	st, err := s.Dataset("p").Stage("all", "run")
	if err != nil {
		t.Fatal(err)
	}
	if got := st.Folder(); !strings.HasPrefix(got, s.local+"/") {
		t.Errorf("kept pages lie in %s", got)
	}
	c := job{}.commit(t, s.Dataset("p"), "run", 0, files{"p=1": "one"}, nil)
	view, err := s.objects.read("views/p.sql")
	if want := "'s3://bucket/lake/" + c.Files[0].Path + "'"; err != nil || !strings.Contains(string(view), want) {
		t.Errorf("%v, the view does not read %s:\n%s", err, want, view)
	}
}
