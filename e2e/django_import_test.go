package e2e

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"etl/e2e/compare"

	"github.com/google/go-cmp/cmp"
)

// An imported schema is one that etl schema import makes of the document of a
// server.
type imported struct {
	file, path string
	undecided  []string // what import leaves to a person
}

// All that import could not tell of the columns of the shop.
var importedSchemas = []imported{
	{"bike_in_list.yaml", "/v1/bikes/", nil},
	{"bike.yaml", "/v1/bikes/{id}/", []string{"longest"}},
	{"booking.yaml", "/v1/bookings/", []string{"lines.duration", "duration", "delay", "note"}},
	{"repair.yaml", "/v1/repairs/", []string{"took", "note"}},
}

// What a person then writes into the files; the other columns above stay as
// import proposed them.
var decisions = map[string][2]string{
	"bike.yaml":    {"{ name: longest, type: string }", "{ name: longest, type: duration(django) }"},
	"booking.yaml": {"{ name: delay, type: string }", "{ name: delay, type: duration(django) }"},
	"repair.yaml":  {"{ name: took, type: string }", "{ name: took, type: duration(django) }"},
}

// What import asks about the request, and not about a column.
var ofRequest = []string{"size", "parents", "read.cursor"}

// TestDjangoImported reads the shop with the schemas that etl schema import
// makes of the shop's own document, and with nothing decided by hand but what
// import says that it leaves open; every value must be what Django says it is.
func TestDjangoImported(t *testing.T) {
	shop := startShop(t)
	dir, lake := t.TempDir(), t.TempDir()
	document := filepath.Join(dir, "openapi.json")
	save(t, shop.url+"/v1/schema/?format=json", document)
	for _, s := range importedSchemas {
		s.make(t, dir, document)
	}
	if err := copyFile("django/etl/pipelines.yaml", filepath.Join(dir, "pipelines.yaml")); err != nil {
		t.Fatal(err)
	}
	e := env{"SHOP_URL": shop.url, "SHOP_PASSWORD": "correct horse"}
	r, sum := runPipelines(t, e, filepath.Join(dir, "pipelines.yaml"), lake)
	r.want(t, 0)
	for _, o := range sum.Pipelines {
		t.Run(o.Name, func(t *testing.T) {
			want := readTruth(t, filepath.Join(shop.dir, "imported", o.Name+".ndjson"))
			checkCounts(t, o, want)
			checkView(t, lake, o.Name, want)
		})
	}
	if len(sum.Pipelines) != 5 {
		t.Errorf("%d pipelines ran, want 5", len(sum.Pipelines))
	}
}

// make imports a schema and fills in what a person decides.
func (s imported) make(t *testing.T, dir, document string) {
	t.Helper()
	file := filepath.Join(dir, s.file)
	r := run(t, env{}, "schema", "import", document, "--path", s.path, "--out", file)
	r.want(t, 0)
	var open []string
	for _, m := range regexp.MustCompile(`(?m)^undecided: ([^:]+): `).FindAllStringSubmatch(r.stderr, -1) {
		if !slices.Contains(ofRequest, m[1]) {
			open = append(open, m[1])
		}
	}
	if diff := cmp.Diff(s.undecided, open); diff != "" {
		t.Fatalf("import leaves open in %s (-want +got):\n%s", s.file, diff)
	}
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	d := decisions[s.file]
	if d[0] != "" && strings.Count(string(text), d[0]) != 1 {
		t.Fatalf("%s has no column %s", s.file, d[0])
	}
	if err := os.WriteFile(file, []byte(strings.Replace(string(text), d[0], d[1], min(len(d[0]), 1))), 0o600); err != nil {
		t.Fatal(err)
	}
}

// checkView compares the view of a data set with its truth, whose columns may
// stand in another order.
func checkView(t *testing.T, lake, pipeline string, want *compare.Table) {
	t.Helper()
	db, err := compare.OpenDuckDB()
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	view, err := os.ReadFile(filepath.Join(lake, "views", pipeline+".sql"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := db.ExecContext(t.Context(), string(view)); err != nil {
		t.Fatal(err)
	}
	columns, err := compare.Columns(t.Context(), db, pipeline)
	if err != nil {
		t.Fatal(err)
	}
	if len(columns) != len(want.Columns) {
		t.Errorf("%d columns, the truth has %d", len(columns), len(want.Columns))
	}
	got, err := compare.Read(t.Context(), db, fmt.Sprintf(`(SELECT "%s" FROM %s)`, strings.Join(want.Columns, `", "`), pipeline))
	if err != nil {
		t.Fatal(err)
	}
	report := compare.Diff(want, got, "id")
	if err := report.Err(); err != nil {
		t.Error(err)
	}
	t.Logf("%d rows, %d values are equal", report.Rows, report.Values)
}

// save writes the reply to a request into a file.
func save(t *testing.T, url, file string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	reply, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer reply.Body.Close()
	text, err := io.ReadAll(reply.Body)
	if err != nil || reply.StatusCode != http.StatusOK {
		t.Fatalf("status %d, %v", reply.StatusCode, err)
	}
	if err := os.WriteFile(file, text, 0o600); err != nil {
		t.Fatal(err)
	}
}
