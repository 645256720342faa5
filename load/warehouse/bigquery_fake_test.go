package warehouse

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// A fakeBigQuery speaks as much of BigQuery's REST API as a load needs. It holds
// each request against the fields and rules of the public discovery document,
// keeps jobs by their id for ever, and understands the SQL of loads. A table
// holds files: what a load job has read, by partition or by the folder that a
// query has given them.
type fakeBigQuery struct {
	t        *testing.T
	rows     map[string]int64 // of the files, by the end of their address
	tables   map[string]*fakeTable
	jobs     map[string]map[string]any
	clock    int
	requests []string                                                  // method and path, without project
	fault    func(method, path string, body map[string]any) *fakeFault // nil, or what goes wrong
	before   func(method, path string, body map[string]any)            // called before a request is served
	sessions map[string]map[string]any                                 // of uploads
	arrived  map[string]int                                            // bytes of each
}

// A fakeFault is an error of the API, or of a job.
type fakeFault struct {
	code   int // 0: the job fails
	reason string
}

// A fakeTable is a table. Books have lines, other tables have files.
type fakeTable struct {
	kind    string
	created int
	parts   map[string][]string // files by partition or folder
	loads   map[string]fakeLoad // books: by pipeline
	noted   map[string]string   // books: parts, "pipeline part" → the other columns
}

type fakeLoad struct{ commit, shape, elements string }

func newFake(t *testing.T) *fakeBigQuery {
	return &fakeBigQuery{
		t: t, rows: map[string]int64{}, tables: map[string]*fakeTable{}, jobs: map[string]map[string]any{},
		sessions: map[string]map[string]any{}, arrived: map[string]int{},
	}
}

// RoundTrip serves a request without a socket.
func (f *fakeBigQuery) RoundTrip(r *http.Request) (*http.Response, error) {
	w := httptest.NewRecorder()
	f.ServeHTTP(w, r)
	return w.Result(), nil
}

var fakePaths = regexp.MustCompile(`^(/upload)?/bigquery/v2/projects/my-project/(jobs|queries|datasets/lake)(?:/(tables/)?([^/]+))?$`)

func (f *fakeBigQuery) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	m := fakePaths.FindStringSubmatch(r.URL.Path)
	if m == nil {
		f.t.Errorf("request to %s, which the API does not have", r.URL.Path)
		http.NotFound(w, r)
		return
	}
	var body map[string]any
	if r.Method == http.MethodPost {
		if err := json.NewDecoder(r.Body).Decode(&body); err != nil {
			f.t.Errorf("%s %s: %v", r.Method, r.URL, err)
		}
		f.allowed(m[2], "", body)
	}
	path := strings.TrimPrefix(r.URL.Path, "/bigquery/v2/projects/my-project/")
	f.requests = append(f.requests, r.Method+" "+path)
	if f.before != nil {
		f.before(r.Method, path, body)
	}
	if f.fault != nil {
		if wrong := f.fault(r.Method, path, body); wrong != nil && wrong.code > 0 {
			f.refuse(w, wrong.code, wrong.reason, "made to fail")
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
		f.insert(w, body)
	case m[2] == "jobs":
		f.job(w, m[4])
	default:
		f.reply(w, map[string]any{"jobComplete": true, "rows": []any{map[string]any{"f": []any{map[string]any{"v": f.books(body["query"].(string))}}}}})
	}
}

func (f *fakeBigQuery) reply(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	if err := json.NewEncoder(w).Encode(v); err != nil {
		f.t.Error(err)
	}
}

func (f *fakeBigQuery) refuse(w http.ResponseWriter, code int, reason, message string) {
	w.WriteHeader(code)
	f.reply(w, map[string]any{"error": map[string]any{"code": code, "message": message, "errors": []any{map[string]any{"reason": reason, "message": message}}}})
}

func (f *fakeBigQuery) table(w http.ResponseWriter, name string) {
	t, ok := f.tables[name]
	if !ok {
		f.refuse(w, 404, "notFound", "Not found: Table "+name)
		return
	}
	f.reply(w, map[string]any{"type": t.kind, "creationTime": strconv.Itoa(t.created)})
}

func (f *fakeBigQuery) job(w http.ResponseWriter, id string) {
	job, ok := f.jobs[id]
	if !ok {
		f.refuse(w, 404, "notFound", "Not found: Job "+id)
		return
	}
	f.reply(w, job)
}

// insert runs a job at once; whoever asks for it later finds it done.
func (f *fakeBigQuery) insert(w http.ResponseWriter, job map[string]any) {
	id := job["jobReference"].(map[string]any)["jobId"].(string)
	if _, ok := f.jobs[id]; ok {
		f.refuse(w, 409, "duplicate", "Already Exists: Job "+id)
		return
	}
	status := map[string]any{"state": "DONE"}
	if err := f.runJob(job); err != nil {
		status["errorResult"] = map[string]any{"reason": reasonOf(err), "message": err.Error()}
	}
	f.jobs[id] = map[string]any{
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

func (f *fakeBigQuery) runJob(job map[string]any) error {
	if f.fault != nil {
		if wrong := f.fault("JOB", "", job); wrong != nil {
			return &jobError{wrong.reason, "made to fail"}
		}
	}
	config := job["configuration"].(map[string]any)
	if query, ok := config["query"].(map[string]any); ok {
		return f.run(query["query"].(string))
	}
	if c, ok := config["copy"].(map[string]any); ok {
		source, _ := tableOf(c["sourceTable"])
		target, partition := tableOf(c["destinationTable"])
		f.tables[target].parts[partition] = f.tables[source].files()
		return nil
	}
	load := config["load"].(map[string]any)
	name, partition := tableOf(load["destinationTable"])
	t, ok := f.tables[name]
	if !ok {
		return &jobError{"notFound", "Not found: Table " + name}
	}
	var files []string
	var rows int64
	for _, uri := range load["sourceUris"].([]any) {
		file := uri.(string)
		file = file[strings.Index(file, "data/"):]
		n, ok := f.rows[file]
		if !ok {
			return &jobError{"notFound", "Not found: URI " + file}
		}
		files, rows = append(files, file), rows+n
	}
	if load["writeDisposition"] == "WRITE_APPEND" {
		files = append(t.parts[partition], files...)
	}
	t.parts[partition] = files
	job["statistics"] = map[string]any{"load": map[string]any{"outputRows": strconv.FormatInt(rows, 10)}}
	return nil
}

// tableOf returns the name in a reference, and the partition.
func tableOf(reference any) (name, partition string) {
	name, partition, _ = strings.Cut(reference.(map[string]any)["tableId"].(string), "$")
	return name, partition
}

func (t *fakeTable) files() []string {
	all := []string{}
	for _, part := range slices.Sorted(maps.Keys(t.parts)) {
		all = append(all, t.parts[part]...)
	}
	slices.Sort(all)
	return all
}

// upload takes the start of a session and its bytes. The first time only half of
// them arrive: in the tests that is the name of the file, which it holds twice.
func (f *fakeBigQuery) upload(w http.ResponseWriter, r *http.Request, job map[string]any) {
	if r.Method == http.MethodPost {
		id := strconv.Itoa(len(f.sessions) + 1)
		f.sessions[id] = job
		if r.URL.Query().Get("uploadType") != "resumable" || r.Header.Get("X-Upload-Content-Length") == "" {
			f.t.Error("an upload that is not resumable")
		}
		w.Header().Set("Location", "https://bigquery.googleapis.com/upload/bigquery/v2/projects/my-project/jobs?upload_id="+id)
		return
	}
	id := r.URL.Query().Get("upload_id")
	bytes, err := io.ReadAll(r.Body)
	if err != nil {
		f.t.Error(err)
	}
	first, size := 0, 0
	if _, err := fmt.Sscanf(r.Header.Get("Content-Range"), "bytes */%d", &size); err != nil {
		last := 0
		if _, err := fmt.Sscanf(r.Header.Get("Content-Range"), "bytes %d-%d/%d", &first, &last, &size); err != nil || first != f.arrived[id] || len(bytes) != size-first {
			f.t.Errorf("range %q with %d bytes, %d have arrived", r.Header.Get("Content-Range"), len(bytes), f.arrived[id])
		}
		if first == 0 && size > 1 { // the connection breaks
			f.arrived[id] = size / 2
			f.refuse(w, 503, "backendError", "try again")
			return
		}
		f.arrived[id] = size
	}
	if f.arrived[id] < size {
		w.Header().Set("Range", fmt.Sprintf("bytes=0-%d", f.arrived[id]-1))
		w.WriteHeader(http.StatusPermanentRedirect)
		return
	}
	load := f.sessions[id]["configuration"].(map[string]any)["load"].(map[string]any)
	load["sourceUris"] = []any{"upload/data/" + string(bytes)}
	f.insert(w, f.sessions[id])
}

// digest is what a guard compares, from the books as they are.
func (f *fakeBigQuery) digest(stream string) string {
	var lines []string
	for pipeline, l := range f.book("_etl_loads").loads {
		if of(pipeline, stream) {
			lines = append(lines, pipeline+" "+l.commit)
		}
	}
	for name, rest := range f.book("_etl_parts").noted {
		c := strings.Split(rest, " ") // files, rows, commit, generation, done
		if of(strings.Fields(name + " ")[0], stream) {
			lines = append(lines, fmt.Sprintf("%s %s %s %s", name, c[0], c[3], c[4]))
		}
	}
	slices.Sort(lines)
	sum := sha256.Sum256([]byte(strings.Join(lines, "\n")))
	return hex.EncodeToString(sum[:])
}

func (f *fakeBigQuery) book(name string) *fakeTable {
	if t, ok := f.tables[name]; ok {
		return t
	}
	return &fakeTable{}
}

func of(pipeline, stream string) bool {
	return pipeline == stream || strings.HasPrefix(pipeline, stream+"@")
}

// books answers the query for the books.
func (f *fakeBigQuery) books(query string) string {
	m := regexp.MustCompile(`pipeline = '([^']*)'`).FindStringSubmatch(query)
	var b bigBooks
	for pipeline, l := range f.book("_etl_loads").loads {
		if of(pipeline, m[1]) {
			n, _ := strconv.ParseInt(l.commit, 10, 64)
			b.Loads = append(b.Loads, bookedLoad{pipeline, n, l.shape, l.elements})
		}
	}
	for name, rest := range f.book("_etl_parts").noted {
		pipeline, part, _ := strings.Cut(name, " ")
		p := bookedPart{partName: partName{pipeline, part}}
		var rows int64
		if _, err := fmt.Sscanf(rest, "%s %d %d %d %t", &p.Files, &rows, &p.Commit, &p.Generation, &p.Done); err != nil {
			f.t.Error(err)
		}
		if of(pipeline, m[1]) {
			b.Parts = append(b.Parts, p)
		}
	}
	text, err := json.Marshal(b)
	if err != nil {
		f.t.Error(err)
	}
	return string(text)
}

// allowed holds a request against the table of fields.
func (f *fakeBigQuery) allowed(resource, path string, value any) {
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
			f.t.Errorf("%s has the field %s = %q", resource, path, text)
		}
	}
}
