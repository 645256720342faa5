package warehouse

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/google/go-cmp/cmp"

	"etl/internal/bigsim"
	"etl/internal/fault"
)

// newFake returns a server that takes each file of a lake to have as many rows as
// its name ends in. One that is uploaded holds its name, twice.
func newFake(t *testing.T) *bigsim.Server {
	f := bigsim.New(t.Errorf)
	f.BreakUploads = true
	f.Read = func(address string, content []byte) (name string, rows int64, err error) {
		name = "data/" + string(content[:len(content)/2])
		if address != "" {
			name = address[strings.Index(address, "data/"):]
		}
		number := strings.TrimSuffix(name, ".parquet")
		rows, err = strconv.ParseInt(number[len(number)-4:], 10, 64)
		return name, rows, err
	}
	return f
}

// partOf tells whether a pipeline is one of a stream.
func partOf(pipeline, stream string) bool {
	return pipeline == stream || strings.HasPrefix(pipeline, stream+"@")
}

// on returns the warehouse of a fake.
func (l *lake) on(f *bigsim.Server) BigQuery {
	return BigQuery{Project: "my-project", Dataset: "lake", Root: "gs://bucket/prefix", Client: &http.Client{Transport: f}}
}

// check holds a table against the newest commits, file by file, and the books.
func (l *lake) check(t *testing.T, f *bigsim.Server, stream string) {
	t.Helper()
	want := []string{}
	for pipeline, c := range l.now {
		if !partOf(pipeline, stream) {
			continue
		}
		for _, file := range c.Files {
			want = append(want, file.Path)
		}
		if got := f.Tables["_etl_loads"].Loads[pipeline].Commit; got != fmt.Sprint(c.Number) {
			t.Errorf("the books say commit %q of %s, want %d", got, pipeline, c.Number)
		}
	}
	slices.Sort(want)
	if diff := cmp.Diff(want, f.Tables[stream].Files()); diff != "" {
		t.Errorf("files of the table %s (-want +got):\n%s", stream, diff)
	}
	for name := range f.Tables {
		if strings.HasPrefix(name, "_etl_stage_") {
			t.Errorf("the staging table %s is left", name)
		}
	}
}

// counted returns how many jobs the fake has run.
func counted(f *bigsim.Server) (loads, copies, queries int) {
	for _, job := range f.Jobs {
		config := job["configuration"].(map[string]any)
		switch {
		case config["load"] != nil:
			loads++
		case config["copy"] != nil:
			copies++
		default:
			queries++
		}
	}
	return loads, copies, queries
}

// histories are what a stream can go through: the files of one commit after the
// other.
var histories = map[string][][]string{
	"one file":   {{"000001-0001"}, {"000002-0001"}, {"000002-0001"}},
	"nothing":    {{}, {"000002-0001"}, {}},
	"partitions": {{"day=1/000001-0001", "day=2/000001-0002", "day=2/000001-0003"}, {"day=1/000001-0001", "day=2/000001-0002", "day=3/000002-0001"}, {"day=1/000001-0001"}},
	"slices": {
		{"window=2026-01-01/000001-0001", "window=2026-02-01/000001-0002"},
		{"window=2026-01-01/000001-0001", "window=2026-02-01/000002-0001", "window=2026-02-01/000002-0002", "window=2026-03-01/000002-0003"},
		{"window=2026-01-01/000001-0001", "window=2026-03-01/000002-0003"},
	},
}

func TestBigQueryLoadsEachCommitOnce(t *testing.T) {
	for name, history := range histories {
		t.Run(name, func(t *testing.T) {
			l, f := newLake(t), newFake(t)
			for _, files := range history {
				c := l.commit("requests", requests, files...)
				r, err := l.on(f).Load(t.Context(), l.stream("requests"))
				if err != nil {
					t.Fatal(err)
				}
				if r.Commit != c.Number || r.Rows != c.Rows() {
					t.Errorf("commit %d and %d rows, want %d and %d", r.Commit, r.Rows, c.Number, c.Rows())
				}
				l.check(t, f, "requests")
				before := len(f.Jobs)
				if r, err := l.on(f).Load(t.Context(), l.stream("requests")); err != nil || r.Added+r.Dropped != 0 || len(f.Jobs) != before {
					t.Errorf("the second load: %v, %+v, %d more jobs", err, r, len(f.Jobs)-before)
				}
			}
		})
	}
}

func TestBigQueryLoadsWhatDiffers(t *testing.T) {
	l, f := newLake(t), newFake(t)
	for i, want := range []string{"2 loads", "4 loads", "4 loads"} { // two slices, then one changed and one new, then one gone
		l.commit("requests", requests, histories["slices"][i]...)
		if _, err := l.on(f).Load(t.Context(), l.stream("requests")); err != nil {
			t.Fatal(err)
		}
		if loads, _, _ := counted(f); fmt.Sprintf("%d loads", loads) != want {
			t.Errorf("after commit %d %d loads, want %s", i+1, loads, want)
		}
	}
}

// A load may end at any request, and the next one does the rest.
func TestBigQueryCrashes(t *testing.T) {
	for name, history := range histories {
		t.Run(name, func(t *testing.T) {
			for at := 1; ; at++ {
				l, f := newLake(t), newFake(t)
				l.commit("requests", requests, history[0]...)
				if _, err := l.on(f).Load(t.Context(), l.stream("requests")); err != nil {
					t.Fatal(err)
				}
				l.commit("requests", requests, history[1]...)
				done := crash(t, l, f, at)
				l.commit("requests", requests, history[0]...) // what began last must not stay
				f.Before = nil
				if _, err := l.on(f).Load(t.Context(), l.stream("requests")); err != nil {
					t.Fatalf("after a crash at request %d: %v", at, err)
				}
				for name := range f.Tables { // expires in a day
					if strings.HasPrefix(name, "_etl_stage_") {
						delete(f.Tables, name)
					}
				}
				l.check(t, f, "requests")
				if done {
					return
				}
			}
		})
	}
}

// crash starts a load that ends at a request, and tells whether it was done
// before. The request itself is served: only its answer is lost.
func crash(t *testing.T, l *lake, f *bigsim.Server, at int) (done bool) {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	served := 0
	f.Before = func(string, string, map[string]any) {
		if served++; served == at {
			stop()
		}
	}
	_, err := l.on(f).Load(ctx, l.stream("requests"))
	if err != nil && !errors.Is(err, context.Canceled) {
		t.Fatalf("crash at request %d: %v", at, err)
	}
	return err == nil
}

// A load may be overtaken at any request by another, with a newer commit.
func TestBigQueryLoadsAtOnce(t *testing.T) {
	for name, history := range histories {
		t.Run(name, func(t *testing.T) {
			for at, done := 1, false; !done; at++ {
				l, f := newLake(t), newFake(t)
				l.commit("requests", requests, history[0]...)
				if _, err := l.on(f).Load(t.Context(), l.stream("requests")); err != nil {
					t.Fatal(err)
				}
				l.commit("requests", requests, history[1]...)
				served := 0
				f.Before = func(string, string, map[string]any) {
					if served++; served != at {
						return
					}
					l.commit("requests", requests, history[2]...)
					if _, err := l.on(f).Load(t.Context(), l.stream("requests")); err != nil {
						t.Fatalf("the other load, at request %d: %v", at, err)
					}
				}
				if _, err := l.on(f).Load(t.Context(), l.stream("requests")); err != nil {
					t.Fatalf("overtaken at request %d: %v", at, err)
				}
				if done = served < at; !done {
					for name := range f.Tables {
						if strings.HasPrefix(name, "_etl_stage_") {
							delete(f.Tables, name)
						}
					}
					l.check(t, f, "requests")
				}
			}
		})
	}
}

func TestBigQueryAccounts(t *testing.T) {
	l, f := newLake(t), newFake(t)
	for _, account := range []string{"north", "south"} {
		l.commit("deals@"+account, requests, "_account="+account+"/window=2026-01-01/000001-0001")
	}
	for range 2 {
		r, err := l.on(f).Load(t.Context(), l.stream("deals", "north", "south"))
		if diff := cmp.Diff(l.now["deals@south"].Number, r.Commits["south"]); err != nil || diff != "" {
			t.Fatalf("%v %s", err, diff)
		}
		l.check(t, f, "deals")
		l.commit("deals@south", requests, "_account=south/window=2026-01-01/000002-0001")
	}
	other := requests
	other.Fingerprint = "f2"
	l.commit("deals@south", other)
	_, err := l.on(f).Load(t.Context(), l.stream("deals", "north", "south"))
	wantClass(t, err, fault.Config, "deals@north and deals@south have other columns")
}

// Other columns make the table anew, and so does a table that somebody dropped.
func TestBigQueryMakesTablesAnew(t *testing.T) {
	for _, files := range [][]string{histories["one file"][0], histories["partitions"][0], histories["slices"][1]} {
		l, f := newLake(t), newFake(t)
		l.commit("requests", requests, files...)
		again := func() {
			t.Helper()
			if _, err := l.on(f).Load(t.Context(), l.stream("requests")); err != nil {
				t.Fatal(err)
			}
			l.check(t, f, "requests")
		}
		again()
		clear(f.Tables) // the books too: only the jobs are known still
		again()
		other := requests
		other.Fingerprint, other.Columns = "f2", other.Columns[:2]
		l.commit("requests", other, files...)
		again()
		if f.Tables["requests__services"] != nil {
			t.Error("the view over a list that is gone is still there")
		}
		delete(f.Tables, "requests")
		again()
	}
}

func TestBigQueryUploads(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, f := newLake(t), newFake(t)
		for _, files := range histories["slices"] {
			c := l.commit("requests", requests, files...)
			for _, file := range c.Files {
				half := strings.TrimPrefix(file.Path, "data/")
				l.write(file.Path, []byte(half+half))
			}
			w := l.on(f)
			w.Root = l.dir
			if _, err := w.Load(t.Context(), l.stream("requests")); err != nil {
				t.Fatal(err)
			}
			l.check(t, f, "requests")
		}
		if _, copies, _ := counted(f); copies != 1 {
			t.Errorf("%d copies, want 1: of the slice with two files", copies)
		}
		if err := os.RemoveAll(filepath.Join(l.dir, "data")); err != nil {
			t.Fatal(err)
		}
		l.commit("requests", requests, "window=2026-09-01/000009-0001")
		w := l.on(f)
		w.Root = l.dir
		_, err := w.Load(t.Context(), l.stream("requests"))
		wantClass(t, err, fault.Conflict, "000009-0001.parquet")
	})
}

func TestBigQueryTriesAgain(t *testing.T) {
	load := func(t *testing.T, wrong func(method, path string, body map[string]any) *bigsim.Failure) (*bigsim.Server, error) {
		l, f := newLake(t), newFake(t)
		l.commit("requests", requests, histories["slices"][0]...)
		f.Fail = wrong
		_, err := l.on(f).Load(t.Context(), l.stream("requests"))
		if err == nil {
			f.Fail = nil
			l.check(t, f, "requests")
		}
		return f, err
	}
	once := func(of string, code int, reason string) func(method, path string, body map[string]any) *bigsim.Failure {
		return func(method, _ string, _ map[string]any) *bigsim.Failure {
			if method != of {
				return nil
			}
			of = ""
			return &bigsim.Failure{Code: code, Reason: reason}
		}
	}
	always := func(of string, code int, reason string) func(method, path string, body map[string]any) *bigsim.Failure {
		return func(method, _ string, body map[string]any) *bigsim.Failure {
			if method != of || method == "JOB" && body["configuration"].(map[string]any)["load"] == nil {
				return nil
			}
			return &bigsim.Failure{Code: code, Reason: reason}
		}
	}
	for _, test := range []struct {
		name  string
		wrong func(method, path string, body map[string]any) *bigsim.Failure
		class fault.Class
		text  string // of the error; empty: there is none
	}{
		{"busy", once("POST", 503, "backendError"), 0, ""},
		{"too fast", once("GET", 403, "rateLimitExceeded"), 0, ""},
		{"a job fails", once("JOB", 0, "backendError"), 0, ""},
		{"always busy", always("GET", 503, "backendError"), fault.Transient, "text is left out"},
		{"jobs fail", always("JOB", 0, "backendError"), fault.Transient, "failed: backendError"},
		{"quota", always("POST", 403, "quotaExceeded"), fault.Transient, "quotaExceeded: made to fail"},
		{"no permission", always("POST", 403, "accessDenied"), fault.Auth, "accessDenied: made to fail"},
		{"no credentials", always("GET", 401, "authError"), fault.Auth, "text is left out"},
		{"no dataset", always("GET", 404, "notFound"), fault.Config, "there is no dataset lake in the project my-project"},
		{"bad data", always("JOB", 0, "invalid"), fault.Storage, "failed: invalid: the text is left out"},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				_, err := load(t, test.wrong)
				if test.text != "" {
					wantClass(t, err, test.class, test.text)
				} else if err != nil {
					t.Error(err)
				}
			})
		})
	}
}
