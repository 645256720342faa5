package pipeline

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"etl/internal/crmsim"
	"etl/load"
)

// A world is a simulator and a destination. The simulator can be replaced by
// one with other switches at the same address: the source moves on.
type world struct {
	t      *testing.T
	scale  float64
	url    string
	root   string
	bucket *vault            // the destination, with what stays on this machine below root; nil: root is it
	yaml   string            // of the configuration; empty: the shipped one
	file   string            // its name; empty: pipelines.yaml
	env    map[string]string // beside that of the simulator
	now    func() time.Time  // of the simulator; nil: time.Now
	ledger lockedBuffer
	known  *known

	mu      sync.Mutex
	sim     *crmsim.Server
	handler http.Handler // nil: sim
}

const testScale = 0.02 // 400 resources, 60 requests, 40 funnels

func newWorld(t *testing.T, switches map[string]string) *world {
	t.Helper()
	return newWorldOf(t, testScale, switches)
}

func newWorldOf(t *testing.T, scale float64, switches map[string]string) *world {
	t.Helper()
	w := newPlace(t)
	w.scale = scale
	w.move(switches)
	return w
}

// newPlace returns a world without a simulator.
func newPlace(t *testing.T) *world {
	t.Helper()
	w := &world{t: t, root: t.TempDir(), env: map[string]string{}, known: newKnown()}
	server := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		w.mu.Lock()
		h := w.handler
		if h == nil {
			h = w.sim
		}
		w.mu.Unlock()
		h.ServeHTTP(rw, r)
	}))
	t.Cleanup(server.Close)
	w.url = server.URL
	return w
}

// move lets the simulator begin anew with other switches.
func (w *world) move(switches map[string]string) {
	w.t.Helper()
	sim, err := crmsim.New(crmsim.Options{Seed: 1, Scale: w.scale, Switches: switches, Ledger: &w.ledger, Now: w.now})
	if err != nil {
		w.t.Fatal(err)
	}
	w.mu.Lock()
	w.sim = sim
	w.mu.Unlock()
}

// wrap puts a handler around the simulator.
func (w *world) wrap(around func(http.Handler) http.Handler) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.handler = around(w.sim)
}

// empty returns a world with the same simulator and nothing read.
func (w *world) empty(t *testing.T) *world {
	return &world{t: t, scale: w.scale, url: w.url, root: t.TempDir(), env: w.env, known: w.known, sim: w.sim}
}

// copied returns a world with the same simulator, and a copy of what was read.
func (w *world) copied(t *testing.T) *world {
	t.Helper()
	other := w.empty(t)
	if err := os.CopyFS(other.root, os.DirFS(w.root)); err != nil {
		t.Fatal(err)
	}
	return other
}

// run runs pipelines, by name or glob, with the options as they are.
func (w *world) run(o Options, names ...string) *Summary {
	w.t.Helper()
	return w.runContext(w.t.Context(), o, names...)
}

func (w *world) runContext(ctx context.Context, o Options, names ...string) *Summary {
	w.t.Helper()
	var err error
	if o.Config == nil {
		o.Config = w.config()
	}
	o.scanFrom = cmp.Or(o.scanFrom, 1)
	if o.Pipelines, err = o.Config.Select(names); err != nil {
		w.t.Fatal(err)
	}
	o.Store = w.open()
	s, err := Run(ctx, o)
	if err != nil {
		w.t.Fatal(err)
	}
	return s
}

// ok runs pipelines that must succeed, and returns their results by name.
func (w *world) ok(o Options, names ...string) map[string]Result {
	w.t.Helper()
	s := w.run(o, names...)
	results := map[string]Result{}
	for _, r := range s.Pipelines {
		results[r.Name] = r
		if r.Status != OK {
			w.t.Fatalf("%s: %s: %s (%s)", r.Name, r.Class, r.Error, r.Hint)
		}
		if r.Served != r.Written+r.Duplicates+r.Rejected {
			w.t.Fatalf("%s: served %d, written %d, duplicates %d, rejected %d", r.Name, r.Served, r.Written, r.Duplicates, r.Rejected)
		}
	}
	return results
}

// requests returns the lines of the ledger since the last call.
func (w *world) requests() []string {
	text := strings.TrimSpace(w.ledger.take())
	if text == "" {
		return nil
	}
	return strings.Split(text, "\n")
}

// tree returns the hash of every file below data/, by name without the number
// of the commit that it came with.
func (w *world) tree(pipeline string) map[string]string {
	w.t.Helper()
	if w.bucket != nil {
		return w.objectsOf(pipeline)
	}
	root := filepath.Join(w.root, "data", pipeline)
	sums := map[string]string{}
	err := filepath.WalkDir(root, func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		body, err := os.ReadFile(path)
		sum := sha256.Sum256(body)
		name, _ := filepath.Rel(root, path)
		sums[filepath.Dir(name)] += hex.EncodeToString(sum[:8])
		return err
	})
	if err != nil {
		w.t.Fatal(err)
	}
	return sums
}

// ids returns the id of every live row of a pipeline, in order.
func (w *world) ids(pipeline string) []int64 {
	w.t.Helper()
	var ids []int64
	w.scan(pipeline, []string{"id"}, func(row []any) { ids = append(ids, row[0].(int64)) })
	return ids
}

func (w *world) scan(pipeline string, columns []string, each func(row []any)) {
	w.t.Helper()
	ds := w.dataset(pipeline)
	commit, err := ds.Published()
	if err == nil {
		err = ds.Scan(commit, columns, func(row []any) error { each(row); return nil })
	}
	if err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) dataset(pipeline string) *load.Dataset {
	w.t.Helper()
	return w.open().Dataset(pipeline)
}

// truth returns the ids that a stream should have in the end.
func (w *world) truth(stream string) []int64 {
	w.t.Helper()
	var ids []int64
	for line := range w.sim.Truth(stream) {
		var row struct{ ID int64 }
		if err := json.Unmarshal(line, &row); err != nil {
			w.t.Fatal(err)
		}
		ids = append(ids, row.ID)
	}
	return ids
}

func writeFile(t *testing.T, name, text string) {
	t.Helper()
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// A lockedBuffer is a buffer that the simulator writes to while a test reads.
type lockedBuffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

func (b *lockedBuffer) take() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	text := b.buf.String()
	b.buf.Reset()
	return text
}
