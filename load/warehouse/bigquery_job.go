package warehouse

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"etl/internal/fault"
	"etl/load"
)

// The resources of the API, as far as they are used here
// (https://bigquery.googleapis.com/discovery/v1/apis/bigquery/v2/rest).
type (
	bigJob struct {
		JobReference  jobReference   `json:"jobReference"`
		Configuration jobConfig      `json:"configuration"`
		Status        *jobStatus     `json:"status,omitempty"`
		Statistics    *jobStatistics `json:"statistics,omitempty"`
	}
	jobReference struct {
		ProjectID string `json:"projectId"`
		JobID     string `json:"jobId"`
		Location  string `json:"location,omitempty"`
	}
	jobConfig struct {
		Labels map[string]string `json:"labels,omitempty"`
		Load   *loadConfig       `json:"load,omitempty"`
		Query  *queryConfig      `json:"query,omitempty"`
		Copy   *copyConfig       `json:"copy,omitempty"`
	}
	loadConfig struct {
		SourceURIs         []string        `json:"sourceUris,omitempty"` // none: the file is uploaded
		SourceFormat       string          `json:"sourceFormat"`
		DestinationTable   tableReference  `json:"destinationTable"`
		CreateDisposition  string          `json:"createDisposition"`
		WriteDisposition   string          `json:"writeDisposition"`
		DecimalTargetTypes []string        `json:"decimalTargetTypes"`
		ParquetOptions     map[string]bool `json:"parquetOptions"`
	}
	queryConfig struct {
		Query        string `json:"query"`
		UseLegacySQL bool   `json:"useLegacySql"`
	}
	copyConfig struct {
		SourceTable       tableReference `json:"sourceTable"`
		DestinationTable  tableReference `json:"destinationTable"`
		CreateDisposition string         `json:"createDisposition"`
		WriteDisposition  string         `json:"writeDisposition"`
	}
	tableReference struct {
		ProjectID string `json:"projectId"`
		DatasetID string `json:"datasetId"`
		TableID   string `json:"tableId"`
	}
	jobStatus struct {
		State       string
		ErrorResult *struct{ Reason, Message string }
	}
	jobStatistics struct {
		Load *struct{ OutputRows string }
	}
)

// A work is a job to be done once.
type work struct {
	what   string // for messages
	config jobConfig
	of     []string // what the id follows from
	rows   int64    // that a load job must write; -1: it is none
	set    *load.Dataset
	file   *load.File // of set, to upload; nil: none
}

// attemptsOfJob is how often a job that failed for a passing reason is made anew.
const attemptsOfJob = 4

// id returns the id of a job. A failed one cannot be used again, hence attempts.
func (k work) id(attempt int) string {
	sum := sha256.Sum256([]byte(strings.Join(k.of, "\x00")))
	return fmt.Sprintf("etl_%s_%d", hex.EncodeToString(sum[:20]), attempt)
}

// submit starts a job, or finds the one that was started before. It passes over
// the ids of jobs that have failed.
func (w *BigQuery) submit(ctx context.Context, k work) (bigJob, error) {
	for attempt := 1; ; attempt++ {
		job := bigJob{JobReference: jobReference{w.Project, k.id(attempt), w.Location}, Configuration: k.config}
		started, err := w.insert(ctx, k, job)
		if isCode(err, http.StatusConflict) {
			if started, err = w.job(ctx, job.JobReference); err == nil && failed(started) && attempt < 100 {
				continue
			}
		}
		if err != nil {
			return job, fmt.Errorf("%s: %w", k.what, err)
		}
		return started, nil
	}
}

// insert sends a job. One with a file is looked for first, since the file would
// be sent for nothing.
func (w *BigQuery) insert(ctx context.Context, k work, job bigJob) (started bigJob, err error) {
	if k.file == nil {
		err = w.call(ctx, http.MethodPost, w.path("jobs"), job, &started)
		return started, err
	}
	if _, err := w.job(ctx, job.JobReference); !isCode(err, http.StatusNotFound) {
		if err == nil {
			err = &bigError{Code: http.StatusConflict}
		}
		return started, err
	}
	return w.send(ctx, job, k)
}

// job asks for a job.
func (w *BigQuery) job(ctx context.Context, r jobReference) (job bigJob, err error) {
	err = w.call(ctx, http.MethodGet, w.path("jobs", r.JobID)+"?"+url.Values{"location": {r.Location}}.Encode(), nil, &job)
	return job, err
}

func failed(j bigJob) bool {
	return j.Status != nil && j.Status.State == "DONE" && j.Status.ErrorResult != nil
}

// wait waits for the end of a job.
func (w *BigQuery) wait(ctx context.Context, job bigJob) (bigJob, error) {
	for attempt := 0; job.Status == nil || job.Status.State != "DONE"; attempt++ {
		if err := sleep(ctx, min(time.Duration(attempt)*250*time.Millisecond, 10*time.Second)); err != nil {
			return job, err
		}
		var err error
		if job, err = w.job(ctx, job.JobReference); err != nil {
			return job, err
		}
	}
	return job, nil
}

// do brings a job to its end. One that fails for a passing reason is made anew.
func (w *BigQuery) do(ctx context.Context, k work, job bigJob) error {
	for attempt := 1; ; attempt++ {
		done, err := w.wait(ctx, job)
		if err != nil {
			return fmt.Errorf("%s: %w", k.what, err)
		}
		if !failed(done) {
			return k.check(done)
		}
		e := done.Status.ErrorResult
		if !slices.Contains(passing, e.Reason) || attempt >= attemptsOfJob {
			return k.failure(done.JobReference, e.Reason, e.Message)
		}
		if err := sleep(ctx, backoff(attempt)); err != nil {
			return err
		}
		if job, err = w.submit(ctx, k); err != nil {
			return err
		}
	}
}

// check holds the rows that a load job wrote against those of its files.
func (k work) check(job bigJob) error {
	if k.rows < 0 {
		return nil
	}
	wrote := ""
	if job.Statistics != nil && job.Statistics.Load != nil {
		wrote = job.Statistics.Load.OutputRows
	}
	if n, err := strconv.ParseInt(wrote, 10, 64); err != nil || n != k.rows {
		return fault.New(fault.Data, "%s: job %s wrote %q rows, its files hold %d", k.what, job.JobReference.JobID, wrote, k.rows)
	}
	return nil
}

// failure turns the end of a job into an error.
func (k work) failure(r jobReference, reason, message string) error {
	switch {
	case strings.Contains(message, raiseOvertaken), strings.Contains(message, "aborted due to concurrent update"):
		return fmt.Errorf("%s: %w", k.what, errOvertaken)
	case strings.Contains(message, raiseCounts):
		return fault.New(fault.Data, "%s: the table would not have the rows of the commit", k.what).
			WithHint("somebody has changed the table: drop it and load again")
	}
	class := fault.Storage
	switch reason {
	case "accessDenied":
		class = fault.Auth
	case "quotaExceeded":
		class = fault.Transient
	case "notFound":
		class = fault.Conflict // a file that a newer commit has replaced, as a rule
	}
	if slices.Contains(passing, reason) {
		class = fault.Transient
	}
	return fault.New(class, "%s: job %s failed: %s: %s", k.what, r.JobID, reason, safeReason(reason, message)).
		WithHint("bq show --location=%s -j %s:%s tells more", r.Location, r.ProjectID, r.JobID)
}

// script runs SQL of a load as one job.
func (w *BigQuery) script(ctx context.Context, l *bigLoad, step, text string) error {
	k := work{
		what:   fmt.Sprintf("loading %s into BigQuery: the step %s", l.Name, step),
		config: jobConfig{Labels: l.labels(), Query: &queryConfig{Query: text}},
		of:     []string{w.Project, w.Dataset, l.Name, step, text, w.now()},
		rows:   -1,
	}
	job, err := w.submit(ctx, k)
	if err != nil {
		return err
	}
	return w.do(ctx, k, job)
}

// now makes the ids of scripts differ from process to process: each is guarded
// by the books, and what has run once before may have to run again.
func (w *BigQuery) now() string { return strconv.FormatInt(time.Now().UnixNano(), 10) }

// labelText is what a label may not hold.
var labelText = regexp.MustCompile(`[^a-z0-9_-]`)

// labels say in the lists of jobs, and in bills, what a job was for.
func (l *bigLoad) labels() map[string]string {
	pipeline := labelText.ReplaceAllString(strings.ToLower(l.Name), "_")
	return map[string]string{
		"managed_by": "etl",
		"pipeline":   pipeline[:min(len(pipeline), 63)],
		"commit":     strconv.FormatInt(l.commits[0].Number, 10),
	}
}

// query runs a query and returns its rows as text.
func (w *BigQuery) query(ctx context.Context, text string) (rows [][]string, err error) {
	var reply struct {
		JobComplete  bool
		JobReference jobReference
		PageToken    string
		Rows         []struct {
			F []struct{ V *string }
		}
	}
	request := map[string]any{"query": text, "useLegacySql": false, "location": w.Location, "timeoutMs": 20000}
	if err := w.call(ctx, http.MethodPost, w.path("queries"), request, &reply); err != nil {
		return nil, fmt.Errorf("asking the tables: %w", err)
	}
	for attempt := 1; !reply.JobComplete; attempt++ {
		if err := sleep(ctx, min(time.Duration(attempt)*100*time.Millisecond, 5*time.Second)); err != nil {
			return nil, err
		}
		address := w.path("queries", reply.JobReference.JobID) + "?" + url.Values{"location": {w.Location}, "timeoutMs": {"20000"}}.Encode()
		if err := w.call(ctx, http.MethodGet, address, nil, &reply); err != nil {
			return nil, fmt.Errorf("asking the tables: %w", err)
		}
	}
	if reply.PageToken != "" {
		return nil, fault.New(fault.Bug, "asking the tables: the answer has several pages")
	}
	for _, row := range reply.Rows {
		values := make([]string, len(row.F))
		for i, f := range row.F {
			if f.V != nil {
				values[i] = *f.V
			}
		}
		rows = append(rows, values)
	}
	return rows, nil
}

// A tableInfo is what is asked about a table.
type tableInfo struct {
	Type         string
	CreationTime string
}

// table asks about a table. One that there is not has no type.
func (w *BigQuery) table(ctx context.Context, name string) (t tableInfo, err error) {
	err = w.call(ctx, http.MethodGet, w.path("datasets", w.Dataset, "tables", name), nil, &t)
	if isCode(err, http.StatusNotFound) {
		return tableInfo{}, nil
	}
	return t, err
}

// tableKind returns what has a name: "table", "view", or nothing.
func (w *BigQuery) tableKind(ctx context.Context, name string) (string, error) {
	t, err := w.table(ctx, name)
	return strings.ToLower(t.Type), err
}

// locate finds out where the dataset lies.
func (w *BigQuery) locate(ctx context.Context) error {
	var d struct{ Location string }
	err := w.call(ctx, http.MethodGet, w.path("datasets", w.Dataset), nil, &d)
	if isCode(err, http.StatusNotFound) {
		return fault.New(fault.Config, "there is no dataset %s in the project %s", w.Dataset, w.Project).
			WithHint("bq mk --location=EU --dataset %s:%s", w.Project, w.Dataset)
	}
	w.Location = cmp.Or(w.Location, d.Location)
	if err == nil && !strings.EqualFold(w.Location, d.Location) {
		return fault.New(fault.Config, "the dataset %s lies in %s, not in %s", w.Dataset, d.Location, w.Location)
	}
	return err
}
