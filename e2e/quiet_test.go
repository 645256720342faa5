package e2e

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	web "net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/klauspost/compress/zstd"

	"etl/e2e/compare"
)

// canaries are secrets that must not come out anywhere, by what they are. Those
// of the environment go to the servers in a header, a query, a body and params;
// sessions and tokens that servers give are added as they pass by.
type canaries struct {
	mu     sync.Mutex
	values map[string]string
	seen   map[string]int // how often a server was sent each
}

// secretVariables are the variables of the environment whose values are secret.
var secretVariables = []string{"RENTAL_PASSWORD", "PROJECTS_TOKEN", "PROJECTS_SECRET", "MEETINGS_TOKEN", "CALLS_PASSWORD"}

func newCanaries(e env) *canaries {
	c := &canaries{values: map[string]string{}, seen: map[string]int{}}
	for _, name := range secretVariables {
		c.values[name] = e[name]
	}
	return c
}

// given adds the tokens of a login's reply.
func (c *canaries) given(body []byte) {
	for _, m := range regexp.MustCompile(`"(access|refresh|access_token)": ?"([^"]{16,})"`).FindAllSubmatch(body, -1) {
		c.mu.Lock()
		c.values[string(m[1])+" "+string(m[2][len(m[2])-6:])] = string(m[2])
		c.mu.Unlock()
	}
}

// in returns which canaries stand in a text: as they are, quoted for a URL, or
// in base64.
func (c *canaries) in(text []byte) (found []string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for name, value := range c.values {
		for _, form := range []string{value, url.QueryEscape(value), base64.StdEncoding.EncodeToString([]byte(value))} {
			if bytes.Contains(text, []byte(form)) {
				found = append(found, name)
				break
			}
		}
	}
	return found
}

// A gate stands between etl and the simulator. It notes which canaries pass, and
// can answer as a server that tells everything it was sent.
type gate struct {
	*canaries
	echo web.HandlerFunc // nil: the simulator answers
	pass web.Handler
	argv []byte // what /proc tells of the command lines of all processes
}

// openGate returns the environment of a simulator behind a gate. The meetings API
// takes its token from the query there.
func openGate(t *testing.T, s *sim, echo web.HandlerFunc) (env, *gate) {
	t.Helper()
	proxy := httputil.NewSingleHostReverseProxy(&url.URL{Scheme: "http", Host: s.listen})
	proxy.ErrorLog = nil
	proxy.ErrorHandler = func(web.ResponseWriter, *web.Request, error) { panic(web.ErrAbortHandler) }
	g := &gate{canaries: newCanaries(s.env), echo: echo, pass: proxy}
	proxy.ModifyResponse = func(r *web.Response) error {
		if !strings.Contains(r.Request.URL.Path, "auth") && !strings.Contains(r.Request.URL.Path, "calls") {
			return nil
		}
		body, err := io.ReadAll(r.Body)
		g.given(body)
		r.Body = io.NopCloser(bytes.NewReader(body))
		return err
	}
	server := httptest.NewServer(g)
	t.Cleanup(server.Close)
	e := env{}
	for name, value := range s.env {
		e[name] = strings.Replace(value, "http://"+s.listen, server.URL, 1)
	}
	return e, g
}

func (g *gate) ServeHTTP(w web.ResponseWriter, r *web.Request) {
	body, _ := io.ReadAll(r.Body) // what did not come is not there
	r.Body = io.NopCloser(bytes.NewReader(body))
	dump, _ := httputil.DumpRequest(r, true)
	for _, name := range g.in(dump) {
		g.mu.Lock()
		g.seen[name]++
		if g.seen[name] == 1 {
			g.argv = append(g.argv, commandLines()...)
		}
		g.mu.Unlock()
	}
	if q := r.URL.Query(); q.Has("api_key") {
		r.Header.Set("Authorization", "Bearer "+q.Get("api_key"))
		q.Del("api_key")
		r.URL.RawQuery = q.Encode()
	}
	login := strings.Contains(r.URL.Path, "/auth/") || bytes.Contains(body, []byte("login.user"))
	if g.echo == nil || login && r.Header.Get("Echo-Logins") == "" {
		g.pass.ServeHTTP(w, r)
		return
	}
	r.Header.Set("Dump", string(dump))
	g.echo(w, r)
}

// commandLines returns the command lines of all processes.
func commandLines() (all []byte) {
	names, _ := filepath.Glob("/proc/[0-9]*/cmdline")
	for _, name := range names {
		line, _ := os.ReadFile(name) // gone by now
		all = append(append(all, line...), '\n')
	}
	return all
}

// echoes are servers that tell what they were sent, in every place that etl
// reads a message from.
var echoes = map[string]web.HandlerFunc{
	"an error that tells the request": func(w web.ResponseWriter, r *web.Request) {
		w.Header().Set("X-Request", r.Header.Get("Authorization"))
		w.WriteHeader(web.StatusBadRequest)
		_, _ = w.Write(told(r))
	},
	"a body that tells the request": func(w web.ResponseWriter, r *web.Request) { _, _ = w.Write(told(r)) },
	"a page of HTML that tells the request": func(w web.ResponseWriter, r *web.Request) {
		fmt.Fprintf(w, "<html><pre>%s</pre></html>", r.Header.Get("Dump"))
	},
	"a redirect that tells the request": func(w web.ResponseWriter, r *web.Request) {
		web.Redirect(w, r, "http://elsewhere.example/?"+url.Values{"of": {r.Header.Get("Dump")}}.Encode(), web.StatusFound)
	},
	"refused credentials, told": func(w web.ResponseWriter, r *web.Request) {
		w.WriteHeader(web.StatusUnauthorized)
		_, _ = w.Write(told(r))
	},
}

// told is the reply of an echo.
func told(r *web.Request) []byte {
	dump := r.Header.Get("Dump")
	text, err := json.Marshal(map[string]any{
		"jsonrpc": "2.0", "id": 1, "status": 500, "code": dump, "detail": dump, "description": dump, "message": dump,
		"error": map[string]any{"code": -32602, "message": dump, "data": map[string]any{"mnemonic": dump, "field": dump}},
	})
	if err != nil {
		panic(err)
	}
	return text
}

// No secret comes out, whatever a server does: not in what etl prints, not in
// any file that it leaves, and not in a command line.
func TestQuiet(t *testing.T) {
	file := edited(t,
		edit{`(?m)^    base_url:`, "    timeout: 1s\n    retries: 1\n    base_url:"},
		edit{`kind: headers, headers: \{ Authorization: "Bearer (.*?)" \}`, `kind: query, query: { api_key: "$1" }`})
	sent := map[string]int{}
	leaks := func(t *testing.T, echo web.HandlerFunc, args ...string) {
		s := startSim(t, append([]string{"--scale", "0.05", "--switch", "rental.access=1h"}, args...)...)
		e, g := openGate(t, s, echo)
		lake := filepath.Join(t.TempDir(), "lake")
		r, _ := runPipelines(t, e, file, lake, "request_list", "requests", "projects", "users", "sales_funnels", "--log-format", "json")
		g.hold(t, "what it prints", []byte(r.stdout+r.stderr))
		g.hold(t, "a command line", g.argv)
		g.holdFiles(t, lake)
		g.holdRows(t, lake)
		for name, n := range g.seen {
			sent[name] += n
		}
	}
	t.Run("no fault", func(t *testing.T) { leaks(t, nil) })
	for name, echo := range echoes {
		t.Run(name, func(t *testing.T) { leaks(t, echo) })
	}
	for name, sources := range faults(t) {
		t.Run(name, func(t *testing.T) {
			var switches []string
			for _, source := range sources {
				switches = append(switches, "--switch", source+".fail="+name+":2:1000000")
			}
			leaks(t, nil, switches...)
		})
	}
	for _, name := range secretVariables {
		if sent[name] == 0 {
			t.Errorf("%s was never sent, so nothing was shown of it", name)
		}
	}
}

// hold fails the test if a canary stands in a text.
func (c *canaries) hold(t *testing.T, where string, text []byte) {
	t.Helper()
	for _, name := range c.in(text) {
		t.Errorf("%s holds the secret %s", where, name)
	}
}

// holdFiles looks through every file of a destination, and what is compressed in
// it.
func (c *canaries) holdFiles(t *testing.T, lake string) {
	t.Helper()
	err := filepath.WalkDir(lake, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		c.hold(t, "the name of a file", []byte(path))
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		c.hold(t, path, text)
		if strings.HasSuffix(path, ".zst") {
			d, err := zstd.NewReader(nil)
			if err != nil {
				return err
			}
			defer d.Close()
			plain, _ := d.DecodeAll(text, nil) // what a fault cut off is not there
			c.hold(t, path, plain)
		}
		return nil
	})
	if err != nil && !os.IsNotExist(err) {
		t.Error(err)
	}
}

// holdRows looks through the values of every Parquet file.
func (c *canaries) holdRows(t *testing.T, lake string) {
	t.Helper()
	db, err := compare.OpenDuckDB()
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	for _, path := range parquetFiles(lake) {
		var text string
		err := db.QueryRow(fmt.Sprintf(`SELECT coalesce(string_agg(r::VARCHAR, chr(10)), '') FROM read_parquet('%s', hive_partitioning = false) r`, path)).Scan(&text)
		if err != nil {
			t.Errorf("reading %s: %v", path, err)
		}
		c.hold(t, "a row of "+path, []byte(text))
	}
}

func parquetFiles(dir string) (files []string) {
	_ = filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err == nil && strings.HasSuffix(path, ".parquet") {
			files = append(files, path)
		}
		return nil
	})
	return files
}

// sourceNames are the sources in the order of the columns of the guide's table.
var sourceNames = []string{"rental", "projects", "meetings", "calls"}

// faults returns the sources that know each fault.
func faults(t *testing.T) map[string][]string {
	t.Helper()
	all := map[string][]string{}
	for name, cells := range faultCells(t) {
		for i, source := range sourceNames {
			if cells[i] != "–" {
				all[name] = append(all[name], source)
			}
		}
	}
	return all
}

// faultCells returns what the simulator's guide says in its table of each fault:
// how a run of each source ends, or a dash.
func faultCells(t *testing.T) map[string][]string {
	t.Helper()
	guide, err := os.ReadFile("../docs/simulator.md")
	if err != nil {
		t.Fatal(err)
	}
	_, table, _ := strings.Cut(string(guide), "\n| fault |")
	table, _, _ = strings.Cut(table, "\n\n")
	all := map[string][]string{}
	for _, row := range regexp.MustCompile("(?m)^\\| `(\\w+)` \\|(.*)$").FindAllStringSubmatch(table, -1) {
		for cell := range strings.SplitSeq(row[2], "|") {
			all[row[1]] = append(all[row[1]], strings.TrimSpace(cell))
		}
	}
	for line := range strings.Lines(run(t, nil, "sim", "--faults").stdout) {
		if name := strings.TrimRight(line, "\n"); !strings.HasPrefix(name, " ") && all[name] == nil {
			t.Errorf("the guide has no fault %s", name)
		}
	}
	return all
}

// A secret in an address is refused, and the message does not have it.
func TestQuietAddress(t *testing.T) {
	const canary = "c4n4ry-of-the-userinfo"
	file := filepath.Join(t.TempDir(), "pipelines.yaml")
	text := `version: 1
sources: { a: { base_url: "${A_URL}", records: $ } }
pipelines: { p: { source: a, request: { path: /x }, paging: none, schema: ./s.yaml } }
`
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	r := run(t, env{"A_URL": "https://user:" + canary + "@example.com/api"}, "validate", "-f", file)
	r.want(t, 2)
	if strings.Contains(r.stdout+r.stderr, canary) {
		t.Errorf("the message tells the secret:\n%s", r.stderr)
	}
	if !strings.Contains(r.stderr, "base_url") {
		t.Errorf("the message does not name base_url:\n%s", r.stderr)
	}
}
