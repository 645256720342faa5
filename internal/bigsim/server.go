// Package bigsim is a server that stands in for BigQuery in tests, and refuses
// what BigQuery would not take. It is no part of the program.
package bigsim

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// A Server speaks as much of BigQuery's REST API as a load and a verification
// need. It holds each request against the fields and rules of the public
// discovery document, keeps jobs by their id for ever, and understands the SQL of
// loads. A table holds files: what a load job has read, by partition or by the
// folder that a query has given them. It serves one request at a time.
type Server struct {
	// Errorf is told what no client of BigQuery may do.
	Errorf func(format string, args ...any)

	// Read is called for each file of a load job: one in a bucket by its address,
	// one that was uploaded by what it holds. It returns a name for it, which
	// Tables has from then on, and its rows.
	Read func(address string, content []byte) (name string, rows int64, err error)

	// Figures answers a query for figures about the rows of files: the elements of
	// a list, as JSON. Nil: there are no such queries.
	Figures func(list string, files []string) string

	Tables map[string]*Table
	Jobs   map[string]map[string]any

	// Fail returns nil or what goes wrong with a request, or with a job, whose
	// method is JOB. Before is called before a request is served. Both may be nil.
	Fail   func(method, path string, body map[string]any) *Failure
	Before func(method, path string, body map[string]any)

	// BreakUploads has each upload break off once, when half of it has arrived.
	BreakUploads bool

	clock    int
	rows     map[string]int64          // of files, by name
	sessions map[string]map[string]any // of uploads
	arrived  map[string][]byte         // of each
}

// A Failure is an error of the API, or of a job.
type Failure struct {
	Code   int // 0: the job fails
	Reason string
}

// A Table is a table or a view. Books have lines, other tables have files.
type Table struct {
	Kind    string // TABLE or VIEW
	Created int
	Parts   map[string][]string // files by partition or folder
	Loads   map[string]Load     // books: by pipeline
	Noted   map[string]string   // books: parts, "pipeline part" → the other columns
}

// A Load is a line of the book of commits.
type Load struct{ Commit, Shape, Elements string }

// New returns a server with an empty dataset, my-project.lake, in the EU.
func New(errorf func(format string, args ...any)) *Server {
	return &Server{
		Errorf: errorf, Tables: map[string]*Table{}, Jobs: map[string]map[string]any{},
		rows: map[string]int64{}, sessions: map[string]map[string]any{}, arrived: map[string][]byte{},
	}
}

// RoundTrip serves a request without a socket. The answer is lost if the request
// was given up on meanwhile.
func (f *Server) RoundTrip(r *http.Request) (*http.Response, error) {
	w := httptest.NewRecorder()
	f.ServeHTTP(w, r)
	if err := r.Context().Err(); err != nil {
		return nil, err
	}
	return w.Result(), nil
}

var paths = regexp.MustCompile(`^(/upload)?/bigquery/v2/projects/my-project/(jobs|queries|datasets/lake)(?:/(tables/)?([^/]+))?$`)

func (f *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	m := paths.FindStringSubmatch(r.URL.Path)
	if m == nil {
		f.Errorf("request to %s, which the API does not have", r.URL.Path)
		http.NotFound(w, r)
		return
	}
	var body map[string]any
	if r.Method == http.MethodPost {
		if err := json.NewDecoder(r.Body).Decode(&body); err != nil {
			f.Errorf("%s %s: %v", r.Method, r.URL, err)
		}
		f.allowed(m[2], "", body)
		f.complete(body)
	}
	path := strings.TrimPrefix(r.URL.Path, "/bigquery/v2/projects/my-project/")
	if f.Before != nil {
		f.Before(r.Method, path, body)
	}
	if f.Fail != nil {
		if wrong := f.Fail(r.Method, path, body); wrong != nil && wrong.Code > 0 {
			f.refuse(w, wrong.Code, wrong.Reason, "made to fail")
			return
		}
	}
	switch {
	case m[1] != "":
		f.upload(w, r, body)
	case m[2] == "datasets/lake" && m[4] == "":
		f.reply(w, map[string]any{"location": "EU"})
	case m[2] == "datasets/lake":
		f.table(w, m[4])
	case m[2] == "jobs" && r.Method == http.MethodPost:
		f.insert(w, body, nil)
	case m[2] == "jobs":
		f.job(w, m[4])
	default:
		f.reply(w, map[string]any{"jobComplete": true, "rows": []any{map[string]any{"f": []any{map[string]any{"v": f.answer(body["query"].(string))}}}}})
	}
}

func (f *Server) reply(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	if err := json.NewEncoder(w).Encode(v); err != nil {
		f.Errorf("%v", err)
	}
}

func (f *Server) refuse(w http.ResponseWriter, code int, reason, message string) {
	w.WriteHeader(code)
	f.reply(w, map[string]any{"error": map[string]any{"code": code, "message": message, "errors": []any{map[string]any{"reason": reason, "message": message}}}})
}

func (f *Server) table(w http.ResponseWriter, name string) {
	t, ok := f.Tables[name]
	if !ok {
		f.refuse(w, 404, "notFound", "Not found: Table "+name)
		return
	}
	f.reply(w, map[string]any{"type": t.Kind, "creationTime": strconv.Itoa(t.Created)})
}

func (f *Server) job(w http.ResponseWriter, id string) {
	job, ok := f.Jobs[id]
	if !ok {
		f.refuse(w, 404, "notFound", "Not found: Job "+id)
		return
	}
	f.reply(w, job)
}

// insert runs a job at once; whoever asks for it later finds it done.
func (f *Server) insert(w http.ResponseWriter, job map[string]any, content []byte) {
	id := job["jobReference"].(map[string]any)["jobId"].(string)
	if _, ok := f.Jobs[id]; ok {
		f.refuse(w, 409, "duplicate", "Already Exists: Job "+id)
		return
	}
	status := map[string]any{"state": "DONE"}
	if err := f.runJob(job, content); err != nil {
		status["errorResult"] = map[string]any{"reason": reasonOf(err), "message": err.Error()}
	}
	f.Jobs[id] = map[string]any{
		"jobReference": job["jobReference"], "configuration": job["configuration"], "status": status, "statistics": job["statistics"],
	}
	f.reply(w, map[string]any{"jobReference": job["jobReference"], "status": map[string]any{"state": "RUNNING"}})
}

// A jobError is the end of a job that fails.
type jobError struct{ reason, text string }

func (e *jobError) Error() string { return e.text }

func reasonOf(err error) string {
	if e, ok := errors.AsType[*jobError](err); ok {
		return e.reason
	}
	return "invalidQuery"
}

func (f *Server) runJob(job map[string]any, content []byte) error {
	if f.Fail != nil {
		if wrong := f.Fail("JOB", "", job); wrong != nil {
			return &jobError{wrong.Reason, "made to fail"}
		}
	}
	config := job["configuration"].(map[string]any)
	if query, ok := config["query"].(map[string]any); ok {
		return f.run(query["query"].(string))
	}
	if c, ok := config["copy"].(map[string]any); ok {
		source, _ := tableOf(c["sourceTable"])
		target, partition := tableOf(c["destinationTable"])
		f.Tables[target].Parts[partition] = f.Tables[source].Files()
		return nil
	}
	load := config["load"].(map[string]any)
	name, partition := tableOf(load["destinationTable"])
	t, ok := f.Tables[name]
	if !ok {
		return &jobError{"notFound", "Not found: Table " + name}
	}
	var files []string
	var rows int64
	read := func(address string, content []byte) error {
		file, n, err := f.Read(address, content)
		if err != nil {
			return &jobError{"notFound", "Not found: URI " + address}
		}
		f.rows[file] = n
		files, rows = append(files, file), rows+n
		return nil
	}
	if uris, ok := load["sourceUris"].([]any); ok {
		for _, uri := range uris {
			if err := read(uri.(string), nil); err != nil {
				return err
			}
		}
	} else if err := read("", content); err != nil {
		return err
	}
	if load["writeDisposition"] == "WRITE_APPEND" {
		files = append(t.Parts[partition], files...)
	}
	t.Parts[partition] = files
	job["statistics"] = map[string]any{"load": map[string]any{"outputRows": strconv.FormatInt(rows, 10)}}
	return nil
}

// tableOf returns the name in a reference, and the partition.
func tableOf(reference any) (name, partition string) {
	name, partition, _ = strings.Cut(reference.(map[string]any)["tableId"].(string), "$")
	return name, partition
}

// Files lists what a table holds.
func (t *Table) Files() []string {
	all := []string{}
	for _, part := range slices.Sorted(maps.Keys(t.Parts)) {
		all = append(all, t.Parts[part]...)
	}
	slices.Sort(all)
	return all
}

// allowed holds a request against the table of fields.
func (f *Server) allowed(resource, path string, value any) {
	switch v := value.(type) {
	case map[string]any:
		for name, one := range v {
			f.allowed(resource, strings.TrimPrefix(path+"."+name, "."), one)
		}
	case []any:
		for _, one := range v {
			f.allowed(resource, path+"[]", one)
		}
	default:
		like, ok := fields[resource][path]
		if text := fmt.Sprint(v); !ok || !like.MatchString(text) {
			f.Errorf("%s has the field %s = %q", resource, path, text)
		}
	}
}

// complete holds a job against what it must say beside what the API asks for.
func (f *Server) complete(body map[string]any) {
	config, ok := body["configuration"].(map[string]any)
	if !ok {
		return
	}
	wanted := []string{"labels"}
	if load, ok := config["load"].(map[string]any); ok {
		wanted = append(wanted, "load.decimalTargetTypes", "load.parquetOptions", "load.createDisposition", "load.writeDisposition")
		if uris, ok := load["sourceUris"].([]any); ok && len(uris) > 10_000 {
			f.Errorf("a load job of %d addresses", len(uris))
		}
	}
	for _, path := range wanted {
		var at any = config
		for name := range strings.SplitSeq(path, ".") {
			at = at.(map[string]any)[name]
		}
		if at == nil {
			f.Errorf("a job without %s", path)
		}
	}
}
