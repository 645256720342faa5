package pipeline

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// shops are lists of three shops that overlap: 1 to 10, 8 to 17 and 15 to 24.
// The later a shop the older are its versions of a row, but those of row 16 are
// equal. Row 20 does not fit the schema, and neither does row 5.
func shops(rw http.ResponseWriter, r *http.Request) {
	shop := strings.Index("abc", strings.TrimPrefix(r.URL.Path, "/shops/"))
	type row struct {
		ID      int    `json:"id"`
		Version int    `json:"version"`
		Shop    string `json:"shop"`
		Price   any    `json:"price"`
	}
	rows := []row{}
	for id := 7*shop + 1; id <= 7*shop+10; id++ {
		one := row{ID: id, Version: 10 - shop, Shop: "abc"[shop : shop+1], Price: id}
		if id == 16 {
			one.Version = 1
		}
		if id == 5 || id == 20 {
			one.Price = "dear"
		}
		rows = append(rows, one)
	}
	_ = json.NewEncoder(rw).Encode(map[string]any{"rows": rows})
}

// shopsWorld is a world whose configuration reads the shops.
func shopsWorld(t *testing.T, address, rest string) *world {
	w := newWorld(t, nil)
	dir := t.TempDir()
	writeFile(t, dir+"/row.yaml", "columns:\n  - { name: id, type: int64, required: true }\n  - { name: version, type: int64 }\n  - { name: shop, type: string }\n  - { name: price, type: int64 }\n")
	w.file = dir + "/pipelines.yaml"
	w.yaml = fmt.Sprintf(`
version: 1
destination: ./lake
sources: { shops: { base_url: %s, records: rows, paging: none } }
pipelines:
  rows:
    source: shops
    for_each: { values: [{ shop: a }, { shop: b }, { shop: c }] }
    request: { path: "/shops/{parent.shop}" }
    schema: ./row.yaml
    key: [id]
    version: version
    %s
`, address, rest)
	return w
}

// Rows that two units deliver, and records that none can take, are judged by the
// commit as a run judges them.
func TestShardsWithDuplicatesAndRejects(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(shops))
	defer server.Close()
	plain := shopsWorld(t, server.URL, "max_rejects: 2")
	want := plain.ok(Options{}, "rows")["rows"]
	if want.Written != 22 || want.Duplicates != 6 || want.Rejected != 2 {
		t.Fatalf("a run: written %d, duplicates %d, rejected %d", want.Written, want.Duplicates, want.Rejected)
	}
	w := shopsWorld(t, server.URL, "max_rejects: 2")
	plan := w.divide(Options{}, 3, "rows")
	got := w.together(Options{}, plan, 2, 0, 1).Pipelines[0]
	if got.Written != want.Written || got.Duplicates != want.Duplicates || got.Rejected != want.Rejected {
		t.Errorf("shards: written %d, duplicates %d, rejected %d", got.Written, got.Duplicates, got.Rejected)
	}
	p, err := w.config().Select([]string{"rows"})
	if err != nil {
		t.Fatal(err)
	}
	rows := w.rows(p[0])
	if diff := cmp.Diff(plain.rows(p[0]), rows); diff != "" {
		t.Errorf("rows (-plain +divided):\n%s", diff)
	}
	if !slices.Contains(rows, "[8 10 a 8]") || !slices.Contains(rows, "[16 1 c 16]") {
		t.Errorf("neither the higher version nor the later unit is in %q", rows)
	}

	w = shopsWorld(t, server.URL, "max_rejects: 1")
	plan = w.divide(Options{}, 3, "rows")
	for k := range plan.Shards {
		w.succeeded(w.shard(Options{}, plan, k))
	}
	if s := w.commit(Options{}, plan); s.Exit != 4 || len(find(t, w.root, "data")) > 0 {
		t.Errorf("exit %d of a commit with too many rejects: %s", s.Exit, s.Pipelines[0].Error)
	}
}

// Each account of a source is a source of its own for a plan: one worker has all
// of its limit, and its rows end in a data set of its own.
func TestShardsOfAccounts(t *testing.T) {
	w := newWorld(t, nil)
	w.yaml = twoCompanies
	want := map[string][]int64{"request_list@almaty": w.addAccount("almaty", 1), "request_list@astana": w.addAccount("astana", 2)}
	plan := w.divide(Options{}, 2, "request_list@almaty", "request_list@astana")
	if plan.Shards != 2 || len(plan.Sources) != 2 || plan.Sources[0].Share != 1 || plan.Sources[1].Share != 1 {
		t.Errorf("%d shards, sources %+v", plan.Shards, plan.Sources)
	}
	w.together(Options{}, plan, 1, 0)
	for name, ids := range want {
		got := w.ids(name)
		slices.Sort(got)
		if diff := cmp.Diff(ids, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

// Units prove settled one by one, and so does their commit; a unit whose list
// moves too much to be settled ends its shard, and nothing is committed.
func TestShardsSettle(t *testing.T) {
	for _, moves := range []int{0, shelfPage} {
		t.Run(fmt.Sprintf("%d rows move", moves), func(t *testing.T) {
			s := newShelf(shelfRows)
			for request := range 200 {
				s.moves[request+3] = moves
			}
			server := httptest.NewServer(s)
			defer server.Close()
			w := shopsWorld(t, server.URL, "complete: settled")
			w.yaml = strings.Replace(strings.Replace(w.yaml, "paging: none", "paging: { kind: offset, send: { offset: offset, size: size }, size: 8 }", 1), "    version: version\n", "", 1)
			w.yaml = strings.Replace(w.yaml, "[{ shop: a }, { shop: b }, { shop: c }]", "[{ shop: a }]", 1)
			plan := w.divide(Options{}, 1, "rows")
			done := w.shard(Options{}, plan, 0)
			if moves > 0 {
				if done.Exit != 6 || len(find(t, w.root, "data")) > 0 {
					t.Errorf("exit %d: %s", done.Exit, done.Pipelines[0].Error)
				}
				if sum := w.commit(Options{}, plan); sum.Exit != 3 {
					t.Errorf("a commit without the shard: exit %d", sum.Exit)
				}
				return
			}
			w.succeeded(done)
			sum := w.commit(Options{}, plan)
			w.succeeded(sum)
			if r := sum.Pipelines[0]; r.Proof != "settled" || r.Written != shelfRows {
				t.Errorf("%d rows, proof %s", r.Written, r.Proof)
			}
		})
	}
}
