package warehouse

import (
	"context"
	"net/http"
	"strings"

	"etl/internal/fault"
	"etl/load"
)

// A BigQuery is a dataset of BigQuery, reached by its REST API, version 2
// (https://cloud.google.com/bigquery/docs/reference/rest).
type BigQuery struct {
	Project  string
	Dataset  string
	Location string       // of the dataset; empty: it is asked for
	Endpoint string       // empty: https://bigquery.googleapis.com
	Client   *http.Client // adds the credentials; see Credentials
	Root     string       // destination of the data sets: a folder or a bucket; only from gs:// it reads by itself

	// Attempts is how often a request is made while the answer is a passing
	// failure; 0 is 6.
	Attempts int
}

// Load puts the newest published commits of a stream into the dataset. The files
// are brought over by load jobs, whose ids follow from what they load: a job
// that was sent already is not sent again but looked at.
//
// A stream with a window has a table that is partitioned by ingestion time, each
// partition a slice, and a job replaces a partition as a whole; readers see
// slice after slice change. Any other stream goes through a staging table for
// each folder of the data set, and one transaction then replaces the folders
// that differ; its table has a column _etl_part, which names the folder of a
// row, and with accounts _account.
//
// The books are the last that is written. If they hold a newer commit, or if
// there is a table of that name that no load has made, nothing is changed and
// the class is fault.Config.
func (w BigQuery) Load(ctx context.Context, s Stream) (Result, error) {
	if err := w.locate(ctx); err != nil {
		return Result{}, err
	}
	touched := map[partName]int64{}
	return newest(s, func(commits []*load.Commit) (Result, error) {
		r := s.result(commits)
		l, err := w.look(ctx, s, commits, touched)
		if err != nil {
			return r, err
		}
		r.Added, r.Dropped = len(l.todo), len(l.gone)
		if l.done() {
			return r, nil
		}
		err = l.run(ctx, &w)
		if err != nil && l.grid != "" {
			for _, p := range l.todo { // what it wrote may have come after what another load wrote
				touched[p.partName] = p.generation
			}
		}
		return r, err
	})
}

// Script returns the SQL and the load jobs of a load of everything.
func (w BigQuery) Script(_ context.Context, s Stream) (string, error) {
	commits, err := s.published()
	if err != nil {
		return "", err
	}
	l, err := w.plan(s, commits, bigBooks{}, nil)
	if err != nil {
		return "", err
	}
	return l.script(&w)
}

// A bigLoad is what a load has to do.
type bigLoad struct {
	Stream
	table   string // quoted, with project and dataset
	books   string // quoted beginning of the names of the books
	commits []*load.Commit
	held    bigBooks
	uploads bool   // files are uploaded, one by one
	grid    string // unit of the partitions: hour, day or month; empty: no partitions
	anew    bool   // the table is made anew
	todo    []bigPart
	gone    []partName // that leave
}

// look compares what the dataset holds with commits.
func (w *BigQuery) look(ctx context.Context, s Stream, commits []*load.Commit, touched map[partName]int64) (*bigLoad, error) {
	there, err := w.tableKind(ctx, s.Name)
	if err != nil {
		return nil, err
	}
	held, err := w.readBooks(ctx, s.Name)
	if err != nil {
		return nil, err
	}
	if there != "" && !held.any() {
		return nil, s.refuseForeign(there)
	}
	if there == "" { // dropped by somebody, or never loaded
		held.Dropped = held.any()
	} else {
		for _, c := range commits {
			if number := held.commit(c.Pipeline); number > c.Number {
				return nil, s.refuseOlder(c, number)
			}
		}
	}
	return w.plan(s, commits, held, touched)
}

// plan returns what has to be done where the books are as they are. Parts that
// were touched are loaded again, whatever the books say.
func (w *BigQuery) plan(s Stream, commits []*load.Commit, held bigBooks, touched map[partName]int64) (*bigLoad, error) {
	if err := checkColumns(s.Name, commits[0].Schema.Columns); err != nil {
		return nil, err
	}
	l := &bigLoad{Stream: s, commits: commits, held: held, table: w.quoted(s.Name), books: w.quoted("_etl_"), uploads: w.uploads()}
	l.grid = gridOf(s, commits[0])
	l.anew = held.Dropped || len(held.Loads) == 0 || held.differs(commits, l.grid)
	wanted := map[partName]bool{}
	for _, c := range commits {
		for _, p := range partsOf(s, c, l.grid) {
			wanted[p.partName] = true
			there := held.part(p.partName)
			ours, wrote := touched[p.partName]
			stale := wrote && ours != there.Generation // written by us after somebody else, maybe
			if !l.anew && there.Done && there.Files == p.hash && !stale {
				continue
			}
			p.generation = there.Generation
			if there.Done || there.Commit != c.Number || there.Files != p.hash || stale {
				p.generation = max(there.Generation, ours) + 1
			}
			l.todo = append(l.todo, p)
		}
	}
	held.each(touched, func(name partName) {
		if !l.anew && !wanted[name] {
			l.gone = append(l.gone, name)
		}
	})
	if l.grid != "" && len(wanted) > maxPartitions {
		return nil, fault.New(fault.Config, "loading %s: it has %d slices, a table of BigQuery takes %d", s.Name, len(wanted), maxPartitions).
			WithHint("choose a larger unit for the window, or a later start")
	}
	return l, nil
}

// done tells whether the dataset holds the commits already.
func (l *bigLoad) done() bool {
	if l.anew || len(l.todo)+len(l.gone) > 0 {
		return false
	}
	for _, c := range l.commits {
		if l.held.commit(c.Pipeline) != c.Number {
			return false
		}
	}
	return true
}

// run does it: prepare the tables, load, and write the books.
func (l *bigLoad) run(ctx context.Context, w *BigQuery) error {
	today := l.todo
	if l.grid != "" {
		today = l.todo[:min(len(l.todo), maxLoadsADay)]
	}
	if err := w.script(ctx, l, "prepare", l.prepare(today)); err != nil {
		return err
	}
	if err := w.bring(ctx, l, today); err != nil {
		return err
	}
	if rest := len(l.todo) - len(today); rest > 0 {
		if err := w.script(ctx, l, "part", l.finishPart(today)); err != nil {
			return err
		}
		return l.tomorrow(rest)
	}
	return w.script(ctx, l, "finish", l.finish())
}

// quoted returns the name of a table as SQL takes it.
func (w *BigQuery) quoted(table string) string {
	return "`" + strings.Join([]string{w.Project, w.Dataset, table}, ".") + "`"
}
