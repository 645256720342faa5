package stores

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	toxiproxy "github.com/Shopify/toxiproxy/v2"
	"github.com/rs/zerolog"

	"etl/internal/fault"
	"etl/load/bucket"
)

// lose has a request done and drops its answer.
func lose(next http.Handler, r *http.Request) {
	next.ServeHTTP(httptest.NewRecorder(), r)
	panic(http.ErrAbortHandler)
}

// TestPassingRefusals: an answer that passes is asked for again, and the object
// is there once.
func TestPassingRefusals(t *testing.T) {
	s3 := func(code string) string { return "<Error><Code>" + code + "</Code><Message>secret</Message></Error>" }
	for _, refusal := range []struct {
		status int
		body   string
	}{
		{503, s3("SlowDown")}, {503, "<html>"}, {500, s3("InternalError")}, {429, ""}, {409, s3("ConditionalRequestConflict")}, {400, s3("RequestTimeout")},
	} {
		eachServer(t, func(t *testing.T, s server) {
			if s.scheme == "gs" && refusal.status == 409 || s.scheme == "gs" && refusal.status == 400 {
				return // of S3 alone
			}
			var refused atomic.Int32
			s = s.behind(t, func(next http.Handler) http.Handler {
				return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					if refused.Add(1) <= 3 {
						w.WriteHeader(refusal.status)
						fmt.Fprint(w, refusal.body)
						return
					}
					next.ServeHTTP(w, r)
				})
			})
			b := s.open(t, "passing")
			if err := b.Create("a", []byte("one")); err != nil {
				t.Errorf("after HTTP %d: %v", refusal.status, err)
			}
			if got, err := b.Get("a"); string(got) != "one" || err != nil {
				t.Errorf("it holds %q, %v", got, err)
			}
		})
	}
}

// TestRefusalsForGood: what no attempt gets over is told, by class, and nothing
// that a server says beside its one word.
func TestRefusalsForGood(t *testing.T) {
	for _, test := range []struct {
		status int
		class  fault.Class
	}{{403, fault.Auth}, {401, fault.Auth}, {400, fault.Storage}, {301, fault.Config}, {503, fault.Transient}} {
		eachServer(t, func(t *testing.T, s server) {
			b := s.behind(t, func(http.Handler) http.Handler {
				return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
					w.WriteHeader(test.status)
					fmt.Fprint(w, "<Error><Code>AccessDenied</Code><Message>the-secret</Message></Error>")
				})
			}).open(t, "refused")
			err := b.Create("a", nil)
			if fault.Of(err) != test.class || errors.Is(err, fs.ErrExist) {
				t.Errorf("HTTP %d ends in %v, of class %v", test.status, err, fault.Of(err))
			}
			if strings.Contains(err.Error(), "the-secret") {
				t.Errorf("%v tells what the server said", err)
			}
		})
	}
}

// TestARefusalIsNoAbsence: whatever is asked of an object, only a plain answer
// says that there is none.
func TestARefusalIsNoAbsence(t *testing.T) {
	asks := map[string]func(b bucket.Bucket) error{
		"Get":    func(b bucket.Bucket) error { _, err := b.Get("a"); return err },
		"Stat":   func(b bucket.Bucket) error { _, err := b.Stat("a"); return err },
		"Range":  func(b bucket.Bucket) error { _, err := b.Range("a", "", bucket.Range{Bytes: 1}, nil); return err },
		"List":   func(b bucket.Bucket) error { _, err := b.List(""); return err },
		"Copy":   func(b bucket.Bucket) error { return b.Copy("a", "b") },
		"Delete": func(b bucket.Bucket) error { return b.Delete("a") },
		"Create": func(b bucket.Bucket) error { return b.Create("a", nil) },
		"Put":    func(b bucket.Bucket) error { return b.Put("a", strings.NewReader("x"), 1) },
	}
	for _, status := range []int{400, 401, 403, 405, 429, 500, 502, 503} {
		eachServer(t, func(t *testing.T, s server) {
			refusing := s.behind(t, func(http.Handler) http.Handler {
				return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(status) })
			})
			_, b := refusing.store(t, "refused", 1)
			for name, ask := range asks {
				if err := ask(b); err == nil || errors.Is(err, fs.ErrNotExist) || errors.Is(err, fs.ErrExist) {
					t.Errorf("%s, answered with HTTP %d, ends in %v", name, status, err)
				}
			}
		})
	}
}

// TestLostAnswers: who creates an object and hears nothing either has created it
// or finds it there, his own.
func TestLostAnswers(t *testing.T) {
	eachServer(t, func(t *testing.T, s server) {
		var lost atomic.Bool
		b := s.behind(t, func(next http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if (r.Method == http.MethodPut || r.Method == http.MethodPost) && lost.CompareAndSwap(false, true) {
					lose(next, r)
				}
				next.ServeHTTP(w, r)
			})
		}).open(t, "lost")
		if err := b.Create("a", []byte("mine")); !errors.Is(err, fs.ErrExist) {
			t.Errorf("creating, its answer lost: %v, want ErrExist", err)
		}
		if got, err := b.Get("a"); string(got) != "mine" || err != nil {
			t.Errorf("it holds %q, %v", got, err)
		}
	})
}

// TestUploadsLeaveNoParts: an upload that fails is given up, so that nothing of
// it stays.
func TestUploadsLeaveNoParts(t *testing.T) {
	eachServer(t, func(t *testing.T, s server) {
		if s.scheme == "gs" {
			return // uploads that are not ended cost nothing there and end by themselves
		}
		var aborted atomic.Bool
		b := s.behind(t, func(next http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				switch q := r.URL.Query(); {
				case q.Get("partNumber") == "2":
					w.WriteHeader(http.StatusForbidden)
					return
				case r.Method == http.MethodDelete && q.Get("uploadId") != "":
					aborted.Store(true)
				}
				next.ServeHTTP(w, r)
			})
		}).open(t, "aborted")
		data := strings.Repeat("x", 11<<20)
		if err := b.Put("big", strings.NewReader(data), int64(len(data))); fault.Of(err) != fault.Auth {
			t.Errorf("an upload whose second part is refused: %v", err)
		}
		if !aborted.Load() {
			t.Error("the upload was not given up")
		}
		if _, err := b.Stat("big"); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("half of an object is there: %v", err)
		}
	})
}

// TestBrokenNetworks puts a proxy in between that resets connections, cuts
// answers and lets them hang: what has come is whole, or an error says so.
func TestBrokenNetworks(t *testing.T) {
	for _, toxic := range []struct{ name, json string }{
		{"resets", `{"type":"reset_peer","stream":"downstream","toxicity":0.6,"attributes":{"timeout":0}}`},
		{"answers that are cut", `{"type":"limit_data","stream":"downstream","toxicity":1,"attributes":{"bytes":9000}}`},
		{"requests that are cut", `{"type":"limit_data","stream":"upstream","toxicity":1,"attributes":{"bytes":9000}}`},
		{"answers that hang", `{"type":"timeout","stream":"downstream","toxicity":0.3,"attributes":{"timeout":0}}`},
	} {
		t.Run(toxic.name, func(t *testing.T) {
			eachServer(t, func(t *testing.T, s server) { brokenNetwork(t, s, toxic.json) })
		})
	}
}

func brokenNetwork(t *testing.T, s server, toxic string) {
	proxies := toxiproxy.NewServer(toxiproxy.NewMetricsContainer(nil), zerolog.New(io.Discard))
	proxy := toxiproxy.NewProxy(proxies, "store", freeAddress(t), strings.TrimPrefix(s.url, "http://"))
	if err := proxies.Collection.Add(proxy, true); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = proxies.Collection.Clear() })
	if _, err := proxy.Toxics.AddToxicJson(strings.NewReader(toxic)); err != nil {
		t.Fatal(err)
	}
	through := s.at("http://" + proxy.Listen)
	settings := through.settings(t)
	settings.Timeout, settings.Attempts = 500*time.Millisecond, 30
	var b bucket.Bucket
	for i := range 8 {
		var err error
		if b, err = bucket.Open(s.address("broken"), settings); err != nil { // on a connection of its own
			t.Fatal(err)
		}
		name, text := fmt.Sprintf("commits/%d", i), strings.Repeat(fmt.Sprint(i), 2000)
		if err := b.Create(name, []byte(text)); err != nil && !errors.Is(err, fs.ErrExist) {
			t.Fatalf("creating %s: %v", name, err)
		}
		if err := b.Copy(name, "data/"+name); err != nil {
			t.Fatalf("copying %s: %v", name, err)
		}
		if got, err := b.Get("data/" + name); err != nil || string(got) != text {
			t.Fatalf("%s holds %d bytes, %v", name, len(got), err)
		}
		if err := b.Delete(name); err != nil {
			t.Fatalf("removing %s: %v", name, err)
		}
	}
	names, err := b.List("")
	if err != nil || len(names) != 8 {
		t.Errorf("%d objects are there, %v", len(names), err)
	}
}
