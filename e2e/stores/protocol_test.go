package stores

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/apache/arrow/go/v15/arrow"
	"github.com/apache/arrow/go/v15/arrow/array"
	"github.com/apache/arrow/go/v15/arrow/memory"
	"github.com/google/go-cmp/cmp"

	"etl/internal/fault"
	"etl/load"
	"etl/load/bucket"
	"etl/schemas"
)

// rowSchema is that of the rows of these tests.
func rowSchema(t *testing.T) *schemas.Schema {
	t.Helper()
	s, err := schemas.Parse("test/row", []byte("columns:\n  - { name: id, type: int64, required: true }\n  - { name: part, type: int64, required: true }\n"))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// steps are the ids that the runs of these tests want to commit, in order.
var steps = [][]int64{{1, 2, 3, 4}, {3, 4, 5}}

// work does what a run does: it recovers, then makes every commit that is
// missing, in two partitions.
func work(t *testing.T, s *load.Store, run string) error {
	d := s.Dataset("p")
	if err := d.Recover(); err != nil {
		return err
	}
	for i, ids := range steps {
		base, err := d.Newest()
		if err != nil {
			return err
		}
		if base != nil && base.Number > int64(i) {
			continue
		}
		if err := commit(t, d, base, fmt.Sprintf("%s-%d", run, i), ids); err != nil {
			return err
		}
	}
	return nil
}

func commit(t *testing.T, d *load.Dataset, base *load.Commit, run string, ids []int64) error {
	schema := rowSchema(t)
	st, err := d.Stage("all", run)
	if err != nil {
		return err
	}
	w, err := st.Writer(load.WriterOptions{Schema: schema, Partition: []load.Partition{{By: "bucket", N: 2, Of: "part"}}})
	if err != nil {
		return err
	}
	b := array.NewRecordBuilder(memory.NewGoAllocator(), arrow.NewSchema([]arrow.Field{
		{Name: "id", Type: arrow.PrimitiveTypes.Int64}, {Name: "part", Type: arrow.PrimitiveTypes.Int64},
		{Name: schemas.ExtraColumn, Type: arrow.BinaryTypes.String, Nullable: true},
	}, nil))
	for _, id := range ids {
		b.Field(0).(*array.Int64Builder).Append(id)
		b.Field(1).(*array.Int64Builder).Append(id)
		b.Field(2).AppendNull()
	}
	if err := w.Write(b.NewRecord(), nil); err != nil {
		return errors.Join(err, w.Abort())
	}
	draft := load.Draft{
		Run: run, Time: time.Date(2026, 1, 2, 12, 0, 0, 0, time.UTC), Version: "test", Proof: "walked",
		Schema: load.Describe(schema, []string{"id"}), Units: ids,
		Slices: []load.Slice{{State: load.SliceClosed, Identity: "all", Proof: "walked"}},
	}
	if draft.Add, err = w.Close(); err != nil {
		return err
	}
	if base != nil {
		draft.Base, draft.Replace = base.Number, base.Files
	}
	_, err = d.Commit(context.Background(), st, draft)
	return err
}

// check makes sure that the newest commit is the last step's, whole, and that
// nothing else lies in data/.
func check(t *testing.T, s *load.Store, b bucket.Bucket) {
	t.Helper()
	d := s.Dataset("p")
	c, err := d.Published()
	if err != nil || c == nil || c.Number != int64(len(steps)) {
		t.Fatalf("commit %+v is published, %v, want %d", c, err, len(steps))
	}
	ids, live := map[int64]int{}, map[string]bool{}
	for _, f := range c.Files {
		live[f.Path] = true
	}
	if err := d.Scan(c, []string{"id"}, func(row []any) error { ids[row[0].(int64)]++; return nil }); err != nil {
		t.Fatal(err)
	}
	want := map[int64]int{}
	for _, id := range steps[len(steps)-1] {
		want[id] = 1
	}
	if diff := cmp.Diff(want, ids); diff != "" {
		t.Errorf("rows (-want +got):\n%s", diff)
	}
	if found, err := d.Verify(c, true); err != nil || len(found) > 0 {
		t.Errorf("verify finds %v, %v", found, err)
	}
	names, err := b.List("data/")
	if err != nil {
		t.Fatal(err)
	}
	there := map[string]bool{}
	for _, name := range names {
		there[name] = true
	}
	if diff := cmp.Diff(live, there); diff != "" {
		t.Errorf("files (-listed +there):\n%s", diff)
	}
}

// counting passes requests on through a handler that knows their number.
func (s server) counting(t *testing.T, of func(n int64, next http.Handler, w http.ResponseWriter, r *http.Request)) (server, *atomic.Int64) {
	var n atomic.Int64
	return s.behind(t, func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { of(n.Add(1), next, w, r) })
	}), &n
}

// store opens a destination on the server that gives up after some attempts.
func (s server) store(t *testing.T, prefix string, attempts int) (*load.Store, bucket.Bucket) {
	t.Helper()
	settings := s.settings(t)
	settings.Attempts = attempts
	b, err := bucket.Open(s.address(prefix), settings)
	if err != nil {
		t.Fatal(err)
	}
	return load.OpenBucket(b, s.address(prefix), t.TempDir()), b
}

// requests returns how many requests a run takes that nothing disturbs.
func requests(t *testing.T, s server) int64 {
	t.Helper()
	counted, n := s.counting(t, func(_ int64, next http.Handler, w http.ResponseWriter, r *http.Request) { next.ServeHTTP(w, r) })
	store, b := counted.store(t, "undisturbed", 3)
	if err := work(t, store, "a"); err != nil {
		t.Fatal(err)
	}
	check(t, store, b)
	return n.Load()
}

// TestCrashAtEveryRequest cuts a run off at each of its requests: from then on
// nothing is answered, and the request itself was done or was not. The next run
// ends with what was meant to be. (What comes after the last mark only tidies up,
// and fails in silence.)
func TestCrashAtEveryRequest(t *testing.T) {
	eachServer(t, func(t *testing.T, s server) {
		all := requests(t, s)
		for _, done := range []bool{false, true} {
			for at := int64(1); at <= all; at++ {
				cut, _ := s.counting(t, func(n int64, next http.Handler, w http.ResponseWriter, r *http.Request) {
					switch {
					case n == at && done:
						lose(next, r)
					case n >= at:
						panic(http.ErrAbortHandler)
					}
					next.ServeHTTP(w, r)
				})
				prefix := fmt.Sprintf("crash-%v-%d", done, at)
				store, _ := cut.store(t, prefix, 1)
				if err := work(t, store, "a"); err != nil && fault.Of(err) != fault.Transient {
					t.Errorf("cut off at request %d: %v, of class %v", at, err, fault.Of(err))
				}
				store, b := s.store(t, prefix, 3)
				if err := work(t, store, "b"); err != nil {
					t.Fatalf("after being cut off at request %d (done: %v): %v", at, done, err)
				}
				check(t, store, b)
				if t.Failed() {
					t.Fatalf("cut off at request %d (done: %v)", at, done)
				}
			}
		}
		t.Logf("cut off at each of %d requests, twice", all)
	})
}

// TestLostAnswerToEveryRequest loses the answer to one request after the other:
// the run does not notice.
func TestLostAnswerToEveryRequest(t *testing.T) {
	eachServer(t, func(t *testing.T, s server) {
		all := requests(t, s)
		for at := int64(1); at <= all; at++ {
			lossy, _ := s.counting(t, func(n int64, next http.Handler, w http.ResponseWriter, r *http.Request) {
				if n == at {
					lose(next, r)
				}
				next.ServeHTTP(w, r)
			})
			store, b := lossy.store(t, fmt.Sprintf("lost-%d", at), 3)
			if err := work(t, store, "a"); err != nil {
				t.Fatalf("without the answer to request %d: %v", at, err)
			}
			check(t, store, b)
		}
		t.Logf("lost the answer to each of %d requests", all)
	})
}

// TestProcessesWithoutALock lets several runs make the same commits at once:
// each commit is made by one of them.
func TestProcessesWithoutALock(t *testing.T) {
	eachServer(t, func(t *testing.T, s server) {
		for round := range 5 {
			prefix := fmt.Sprintf("race-%d", round)
			store, b := s.store(t, prefix, 3)
			var wait sync.WaitGroup
			for i := range 4 {
				wait.Go(func() {
					for try := range 20 {
						err := work(t, store, fmt.Sprintf("r%d-%d", i, try))
						if err == nil {
							return
						}
						if fault.Of(err) != fault.Conflict {
							t.Errorf("run %d ends in %v", i, err)
							return
						}
					}
					t.Errorf("run %d never ends", i)
				})
			}
			wait.Wait()
			if err := work(t, store, "z"); err != nil {
				t.Fatal(err)
			}
			check(t, store, b)
		}
	})
}
