package pipeline

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"etl/load"
	"etl/load/bucket"
)

// A vault is a bucket in memory.
type vault struct {
	sync.Mutex
	objects map[string]object
	before  func(call, name string) error // may do something first, or fail the call; nil: nothing
}

func (v *vault) first(call, name string) error {
	if v.before == nil {
		return nil
	}
	return v.before(call, name)
}

type object struct {
	data []byte
	at   time.Time
}

func (v *vault) get(name string) (object, error) {
	v.Lock()
	defer v.Unlock()
	o, ok := v.objects[name]
	if !ok {
		return o, fmt.Errorf("reading %s: %w", name, fs.ErrNotExist)
	}
	return o, nil
}

func (v *vault) set(name string, data []byte, absent bool) error {
	v.Lock()
	defer v.Unlock()
	if _, there := v.objects[name]; there && absent {
		return fs.ErrExist
	}
	v.objects[name] = object{data, time.Now()}
	return nil
}

func (v *vault) Get(name string) ([]byte, error) {
	o, err := v.get(name)
	return bytes.Clone(o.data), err
}

func (v *vault) Stat(name string) (bucket.Info, error) {
	o, err := v.get(name)
	return bucket.Info{Size: int64(len(o.data)), Modified: o.at}, err
}

func (v *vault) Range(name, _ string, r bucket.Range, w io.WriterAt) (bucket.Info, error) {
	o, err := v.get(name)
	if err == nil {
		_, err = w.WriteAt(o.data[r.From:min(r.From+r.Bytes, int64(len(o.data)))], r.From)
	}
	return bucket.Info{Size: int64(len(o.data)), Modified: o.at}, err
}

func (v *vault) List(prefix string) ([]string, error) {
	if err := v.first("list", prefix); err != nil {
		return nil, err
	}
	v.Lock()
	defer v.Unlock()
	return slices.DeleteFunc(slices.Collect(maps.Keys(v.objects)), func(name string) bool { return !strings.HasPrefix(name, prefix) }), nil
}

func (v *vault) Create(name string, data []byte) error {
	if err := v.first("create", name); err != nil {
		return err
	}
	return v.set(name, bytes.Clone(data), true)
}

func (v *vault) Put(name string, data io.ReaderAt, size int64) error {
	all, err := io.ReadAll(io.NewSectionReader(data, 0, size))
	if err != nil {
		return err
	}
	return v.set(name, all, false)
}

func (v *vault) Copy(from, to string) error {
	o, err := v.get(from)
	if err != nil {
		return err
	}
	return v.set(to, o.data, false)
}

func (v *vault) Delete(name string) error {
	v.Lock()
	defer v.Unlock()
	delete(v.objects, name)
	return nil
}

// everywhere runs a test on a world whose destination is a folder, and on one
// with a bucket.
func everywhere(t *testing.T, test func(t *testing.T, in func(*world) *world)) {
	t.Run("folder", func(t *testing.T) { test(t, func(w *world) *world { return w }) })
	t.Run("bucket", func(t *testing.T) {
		test(t, func(w *world) *world {
			w.bucket = &vault{objects: map[string]object{}}
			return w
		})
	})
}

// open opens the destination, as every process does.
func (w *world) open() *load.Store {
	w.t.Helper()
	if w.bucket != nil {
		return load.OpenBucket(w.bucket, "s3://bucket/lake", w.root)
	}
	store, err := load.Open(w.root)
	if err != nil {
		w.t.Fatal(err)
	}
	return store
}

// objectsOf is tree of a bucket.
func (w *world) objectsOf(pipeline string) map[string]string {
	w.t.Helper()
	dir := "data/" + pipeline + "/"
	names, err := w.bucket.List(dir)
	if err != nil {
		w.t.Fatal(err)
	}
	sums := map[string]string{}
	for _, name := range slices.Sorted(slices.Values(names)) {
		o, err := w.bucket.get(name)
		if err != nil {
			w.t.Fatal(err)
		}
		sum := sha256.Sum256(o.data)
		sums[path.Dir(strings.TrimPrefix(name, dir))] += hex.EncodeToString(sum[:8])
	}
	return sums
}

// clearStages takes away what runs have staged, pages too.
func (w *world) clearStages(pipeline string) error {
	if w.bucket != nil {
		names, err := w.bucket.List("_etl/" + pipeline + "/stage/")
		for _, name := range names {
			if err == nil {
				err = w.bucket.Delete(name)
			}
		}
		if err != nil {
			return err
		}
	}
	return os.RemoveAll(filepath.Join(w.root, "_etl", pipeline, "stage"))
}
