package etl_test

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"etl/extract"
	"etl/internal/config"
)

// Variables become what the guide says.
func TestGuideFillsVariables(t *testing.T) {
	tried := 0
	for _, r := range readDocument(t, configurationGuide).rows {
		if !r.isTable("you write", "with", "becomes") {
			continue
		}
		tried++
		s := newStand(t)
		for _, set := range code(r.cells[1]) {
			name, value, _ := strings.Cut(set, "=")
			s.env[name] = value
		}
		c, err := s.parse(whole("pipeline", fmt.Sprintf("request: { path: /orders, query: { x: '%s' } }\n", code(r.cells[0])[0])))
		if err != nil {
			t.Errorf("%s: %v", r.cells[0], err)
			continue
		}
		if got := c.Pipelines[1].Request.Query[0].Value.String(); got != code(r.cells[2])[0] {
			t.Errorf("%s becomes %s, the guide says %s", r.cells[0], got, r.cells[2])
		}
	}
	if tried < 8 {
		t.Errorf("only %d variables were tried", tried)
	}
}

// A catcher answers every request with an empty list and keeps the last one.
type catcher struct{ last *http.Request }

func (c *catcher) RoundTrip(r *http.Request) (*http.Response, error) {
	c.last = r
	return &http.Response{
		StatusCode: http.StatusOK, Request: r, Header: http.Header{"Content-Type": {"application/json"}}, ContentLength: -1,
		Body: io.NopCloser(strings.NewReader(`{"items":[],"next":"c","total":9}`)),
	}, nil
}

// Placeholders are sent as the guide says: for January 2026 in Warsaw, the
// parent { id: 7, name: "a b/c" }, and page 3 of 100 rows each.
func TestGuideSendsPlaceholders(t *testing.T) {
	warsaw, err := time.LoadLocation("Europe/Warsaw")
	if err != nil {
		t.Fatal(err)
	}
	vars := extract.Vars{
		Since:  time.Date(2026, 1, 1, 0, 0, 0, 0, warsaw),
		Until:  time.Date(2026, 2, 1, 0, 0, 0, 0, warsaw),
		Parent: map[string]any{"id": int64(7), "name": "a b/c"},
	}
	tried := 0
	for _, r := range readDocument(t, configurationGuide).rows {
		if !r.isTable("you write", "is sent as", "stands for") {
			continue
		}
		tried++
		wrote := code(r.cells[0])[0]
		path, x := "/{parent.id}", wrote
		if strings.HasPrefix(wrote, "/") {
			path, x = wrote, ""
		}
		c, err := newStand(t).parse(whole("pipeline", placeholders(path, x, pagingFor(wrote))))
		if err != nil {
			t.Errorf("%s: %v", wrote, err)
			continue
		}
		caught := &catcher{}
		c.Sources[0].Retries = -1
		client, err := extract.NewClient(c.Sources[0], extract.Options{Transport: caught})
		if err != nil {
			t.Fatal(err)
		}
		at := extract.Position{Number: 3, Offset: 200, Size: 100, Cursor: "c2"}
		if _, err := client.List(c.Pipelines[1], vars).Fetch(t.Context(), at); err != nil {
			t.Errorf("%s: %v", wrote, err)
			continue
		}
		got := caught.last.URL.Query().Get("x")
		if x == "" {
			got = caught.last.URL.EscapedPath()
		}
		if want := code(r.cells[1])[0]; got != want {
			t.Errorf("%s is sent as %s, the guide says %s", wrote, got, want)
		}
	}
	if tried < 10 {
		t.Errorf("only %d placeholders were tried", tried)
	}
}

func placeholders(path, x, paging string) string {
	return fmt.Sprintf(`window: { every: month, start: 2026-01-01 }
for_each: { values: [{ id: 7, name: "a b/c" }] }
request: { path: "%s", query: { x: "%s", from: "{since:date}", of: "{parent.id}" } }
paging: %s
`, path, x, paging)
}

// pagingFor returns paging in which a placeholder stands for something.
func pagingFor(wrote string) string {
	switch {
	case strings.Contains(wrote, "{offset"):
		return "{ kind: offset, size: 100 }"
	case strings.Contains(wrote, "{cursor"):
		return "{ kind: cursor, size: 100, read: { cursor: next } }"
	}
	return "{ kind: page, size: 100 }"
}

// shipped reads the pipelines.yaml of the repository, with something for each
// variable that must be set.
func shipped(t *testing.T) *config.Config {
	t.Helper()
	text, err := os.ReadFile("pipelines.yaml")
	if err != nil {
		t.Fatal(err)
	}
	env := map[string]string{}
	for _, m := range regexp.MustCompile(`\$\{([A-Z_]+)[|}]`).FindAllStringSubmatch(string(text), -1) {
		env[m[1]] = "1"
		if strings.HasSuffix(m[1], "_URL") {
			env[m[1]] = "https://api.example.com"
		}
	}
	c, err := config.Parse("pipelines.yaml", text, config.Options{
		Lookup:  func(name string) (string, bool) { value, ok := env[name]; return value, ok },
		Schemas: os.DirFS("schemas"),
	})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// The table of endpoints says what pipelines.yaml does with each.
func TestGuideListsEndpoints(t *testing.T) {
	c := shipped(t)
	told := map[string]bool{}
	for _, r := range readDocument(t, configurationGuide).rows {
		if !r.isTable("endpoint", "method", "paging", "auth", "verdict", "pipeline", "proof") {
			continue
		}
		name := code(r.cells[5])[0]
		i := slices.IndexFunc(c.Pipelines, func(p *config.Pipeline) bool { return p.Name == name })
		if i < 0 {
			t.Errorf("there is no pipeline %s", name)
			continue
		}
		told[name] = true
		p := c.Pipelines[i]
		endpoint, method := strings.TrimPrefix(p.Source.BaseURL, "https://api.example.com")+p.Request.Path.String(), p.Request.Method
		if p.Request.Call != "" {
			endpoint, method = p.Request.Call, "call"
		}
		proof := p.Complete
		if proof == "" {
			proof = p.Strongest()
		}
		for i, want := range []string{endpoint, method, p.Paging.Kind, p.Source.Auth.Kind} {
			if got := code(r.cells[i])[0]; got != want {
				t.Errorf("%s: the %s is %s, the guide says %s", name, r.columns[i], want, got)
			}
		}
		if got := code(r.cells[6])[0]; got != proof {
			t.Errorf("%s: the proof is %s, the guide says %s", name, proof, got)
		}
		checkVerdict(t, r, p)
	}
	for _, p := range c.Pipelines {
		if !told[p.Name] {
			t.Errorf("the guide has no row for the endpoint of %s", p.Name)
		}
	}
}

// The README counts what is shipped.
func TestReadmeCountsPipelines(t *testing.T) {
	text, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	if want := fmt.Sprintf("runs all %d pipelines", len(shipped(t).Pipelines)); !strings.Contains(string(text), want) {
		t.Errorf("the README does not say that the demo %s", want)
	}
}

// checkVerdict holds the rules that a row quotes against those of its pipeline.
func checkVerdict(t *testing.T, r row, p *config.Pipeline) {
	t.Helper()
	var rules []string
	for _, rule := range p.Replies {
		rules = append(rules, rule.String())
	}
	quoted := code(r.cells[4])
	if len(rules) > 0 && len(quoted) == 0 {
		t.Errorf("%s: the guide tells nothing of the rules %q", p.Name, rules)
	}
	for _, q := range quoted {
		if !strings.Contains(strings.Join(rules, "\n"), q) {
			t.Errorf("%s: no rule has %s: %q", p.Name, q, rules)
		}
	}
}

// boundsInCode say what the guide tells of each bound and where it stands in the
// source: who changes one there finds out here that a user was told otherwise.
var boundsInCode = map[string]struct{ told, file, text string }{
	"kept pages that are packed, of those that came plain":    {"1 MiB, and 8 MiB more with every second", "load/pages_thrift.go", "packAtOnce = 1 << 20 // bytes of bodies that are packed at once\n\tpackPerSecond = 8 << 20"},
	"kept pages that lie on disk as they came":                {"1 GiB of a reading, and a sixteenth of the free space", "load/pages_thrift.go", "mostPlain = 1 << 30"},
	"requests at one time, per source":                        {"4", "extract/client.go", "defaultConcurrency = 4\n"},
	"time for one whole reply":                                {"2m", "extract/client.go", "defaultTimeout = 2 * time.Minute\n"},
	"tries after the first":                                   {"8", "extract/client.go", "defaultRetries = 8\n"},
	"pause between tries":                                     {"500ms, doubled up to 30s, with jitter", "extract/retry.go", "firstBackoff = 500 * time.Millisecond\n\tmostBackoff = 30 * time.Second\n"},
	"time for trying again, from the first failure of a page": {"10m", "extract/client.go", "defaultDeadline = 10 * time.Minute\n"},
	"longest wait that a reply may ask for":                   {"5m", "extract/client.go", "defaultMaxWait = 5 * time.Minute\n"},
	"size of a page, as sent and unpacked":                    {"256 MiB", "extract/client.go", "defaultMaxPage = 256 << 20\n"},
	"pages of a list":                                         {"1000000", "internal/config/paging.go", "defaultMaxPages = 1_000_000\n"},
	"pipelines at one time":                                   {"4; fewer where few files may be open", "internal/pipeline/open_files.go", "mostPipelines = 4\n"},
	"parents whose rows make one unit of resuming":            {"100", "internal/pipeline/plan.go", "blockSize = 100\n"},
	"pages read again when a list moved":                      {"3 rounds; a tenth of the requests, at least 4", "internal/pipeline/chain.go", "return max(4, b.counts.Pages/10)"},
	"open partitions":                                         {"64", "load/writer.go", "defaultOpenPartitions = 64\n"},
	"pages in memory that wait for their turn":                {"32 MiB, of all pipelines together", "internal/pipeline/hold.go", "pagesHeld = 32 << 20\n"},
	"open row groups":                                         {"96 MiB", "load/writer.go", "defaultOpenBytes = 96 << 20\n"},
	"packed pages of open row groups in memory, per pipeline": {"16 MiB", "load/writer.go", "defaultPackedBytes = 16 << 20\n"},
	"rows of a row group":                                     {"131072", "load/writer.go", "defaultRowGroupRows = 128 << 10\n"},
	"size of a file":                                          {"512 MiB", "load/writer.go", "maxFileBytes = 512 << 20\n"},
	"age of a broken-off reading that is resumed":             {"6h", "internal/config/pipeline.go", "defaultResumeWithin = 6 * time.Hour\n"},
	"how long a reading that did not fit the schema is kept":  {"7d", "internal/config/pipeline.go", "defaultKeepFailed = 7 * 24 * time.Hour\n"},
	"how long replaced files are kept":                        {"24h", "internal/config/pipeline.go", "defaultKeepReplaced = 24 * time.Hour\n"},
	"how long pages of committed readings are kept":           {"none", "internal/config/pipeline.go", `t.s == "none"`},
	"rejects":                                        {"none", "internal/config/config.go", "MaxRejects MaxRejects\n"},
	"rows that a commit may lose":                    {"50%", "internal/config/pipeline.go", "defaultMaxShrink = 0.5\n"},
	"asked parents that may be gone":                 {"10%, and always 5", "internal/config/pipeline.go", "defaultMaxGone = 0.1\n"},
	"shards of a plan":                               {"10000", "internal/pipeline/shard_plan.go", "= 10_000\n"},
	"first pages that a plan asks for, per pipeline": {"100, evenly spread", "internal/pipeline/shard_deal.go", "mostFirstPages = 100\n"},
	"size below which files of a partition are put together by a commit of shards": {"32 MiB", "load/gather.go", "gatherBelow = 32 << 20\n"},
	"levels of a reply":  {"256", "internal/jsonspan/jsonspan.go", "const MaxDepth = 256\n"},
	"headers of a reply": {"1 MiB", "extract/transport.go", "MaxResponseHeaderBytes: 1 << 20,"},
	"connections of a source that wait for the next request":                           {"as many as requests at one time, for 90s", "extract/transport.go", "IdleConnTimeout: 90 * time.Second,"},
	"open files of the process":                                                        {"what the system allows (`ulimit -n`)", "internal/pipeline/open_files.go", "filesOfPipeline = 64 + 24\n"},
	"memory of the process":                                                            {"90 % of what its control group allows", "internal/memory/limit.go", "set(limit / 10 * 9)"},
	"free space of each disk":                                                          {"16 MiB, and half as much again as what the newest commit had to write", "internal/pipeline/disk.go", "diskReserve = 16 << 20\n"},
	"size of a configuration or schema file":                                           {"8 MiB", "schemas/limits.go", "MaxFile = 8 << 20\n"},
	"pipelines of a configuration, of all accounts":                                    {"10000", "internal/config/limits.go", "maxPipelines = 10_000\n"},
	"columns of a schema, with the fields of its structs":                              {"10000", "schemas/limits.go", "maxColumns = 10_000\n"},
	"levels of a schema file":                                                          {"100", "schemas/limits.go", "maxDepth = 100\n"},
	"levels of a configuration file":                                                   {"100", "internal/config/tree.go", "maxDepth = 100\n"},
	"fewer at one time, while a source throttles, fails or is slow":                    {"halved by 429, 503, other failures and replies that take a quarter of `timeout`, once a second at most; one more for each round of good replies", "extract/health.go", "h.room, h.narrowed = max(1, h.room/2), now"},
	"time until a reply begins":                                                        {"1m", "extract/client.go", "defaultPatience = time.Minute"},
	"time in which a reply must bring 4 KiB more":                                      {"30s", "extract/watchdog.go", "progressWindow = 30 * time.Second\n\tprogressBytes = 4 << 10\n"},
	"tries again, of all pipelines of a source together":                               {"30, and 20 % of its requests; those that a reply asked for with `Retry-After` do not count", "extract/health.go", "if h.retries >= freeRetries+requests*retryPercent/100 {"},
	"failures in a row, of all pipelines of a source together, until it is left alone": {"10", "extract/health.go", "breakAfter = 10 "},
	"how long it is left alone, before one request at a time asks again":               {"5s, doubled up to 1m, at most `max_wait`", "extract/health.go", "pause = min(firstBreak<<probes, longestBreak)"},
	"requests that may fail then":                                                      {"5", "extract/health.go", "mostProbes = 5 "},
	"refresh of a token that says how long it lives (`expires_in`, or `exp` of a JWT)": {"a tenth of its life before its end, at most 30s", "extract/lifetime.go", "return now.Add(lifetime - min(most, lifetime/10))"},
	"how much the heap grows until the garbage collector runs":                         {"by what is allocated in 300 ms, at least a tenth of what is in use, at most twice as much", "internal/memory/pace.go", "period = 300 * time.Millisecond"},
	"empty replies that end a list without a total, asked for once more":               {"a tenth of the pages of a pipeline, at least 1", "internal/pipeline/doubt.go", "<= max(1, j.asked.Load()/10)"},
}

// A bound is set by keys, flags and variables that the guide tells of elsewhere,
// and it says what happens.
func checkSetBy(t *testing.T, r row) {
	t.Helper()
	for _, name := range code(r.cells[2]) {
		if name != "GOMEMLIMIT" && name != "GOGC" && !named(readDocument(t, configurationGuide), name) {
			t.Errorf("%s: the guide tells nothing else of %s", r.cells[0], name)
		}
	}
	if r.cells[3] == "" {
		t.Errorf("%s: the guide does not say what happens", r.cells[0])
	}
}

// named tells whether the guide has a row for a flag, or for a key below the
// section that its path names: limits.concurrency, max_wait. Other tests hold
// that these rows are all that there is.
func named(guide document, name string) bool {
	section, key := "", name
	if i := strings.LastIndex(name, "."); i >= 0 {
		section, key = name[:i], name[i+1:]
	}
	return slices.ContainsFunc(guide.rows, func(r row) bool {
		flag := r.isTable("flag", "commands", "variable", "default", "what it says")
		return (flag || r.isTable("key", "type", "default", "example", "what it says")) &&
			slices.Contains(code(r.cells[0]), key) && (section == "" || slices.Contains(code(r.heading), section))
	})
}

// Every bound of the guide is that of the code.
func TestGuideNamesBounds(t *testing.T) {
	told := map[string]bool{}
	for _, r := range readDocument(t, configurationGuide).rows {
		if !r.isTable("bound", "default", "set by", "when it is reached") {
			continue
		}
		told[r.cells[0]] = true
		checkSetBy(t, r)
		in, ok := boundsInCode[r.cells[0]]
		if !ok {
			t.Errorf("nothing says where the bound %q stands", r.cells[0])
			continue
		}
		if r.cells[1] != in.told {
			t.Errorf("%s: the guide says %s, not %s", r.cells[0], r.cells[1], in.told)
		}
		source, err := os.ReadFile(in.file)
		if err != nil {
			t.Fatal(err)
		}
		if plain := regexp.MustCompile(` +`).ReplaceAllString(string(source), " "); !strings.Contains(plain, in.text) {
			t.Errorf("%s: %s does not say %q any more", r.cells[0], in.file, in.text)
		}
	}
	for bound := range boundsInCode {
		if !told[bound] {
			t.Errorf("the guide tells nothing of the bound %q", bound)
		}
	}
}
