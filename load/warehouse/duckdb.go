package warehouse

import (
	"context"
	"os"
	"slices"

	"etl/internal/fault"
	"etl/load"
)

// A DuckDB is a database file, and the program duckdb that works on it. Only one
// process at a time can have the file open; a load that finds it so ends with
// fault.Conflict.
type DuckDB struct {
	Program  string // as exec.Command takes it; empty: there is none
	Database string // file; created if there is none
	Views    bool   // views over the Parquet files, in place of tables
}

// Load puts the newest published commits of a stream into the database, in one
// transaction. The table is named after the stream; its columns have the types
// of the data set's view, and comments where the schema has words for them. Its
// last column, _etl_file, names the file of a row; with accounts it has _account
// before that.
//
// Rows of files that the commits do not have any more leave, those of new files
// come; if columns or types differ, the table is made anew. If the database
// holds a newer commit, or a table of that name that no load has made, nothing
// is changed and the class is fault.Config.
func (w DuckDB) Load(ctx context.Context, s Stream) (Result, error) {
	return newest(s, func(commits []*load.Commit) (Result, error) {
		r := s.result(commits)
		l, err := w.look(ctx, s, commits)
		if err != nil {
			return r, err
		}
		for _, p := range l.parts {
			r.Added, r.Dropped = r.Added+len(p.add), r.Dropped+len(p.drop)
		}
		if l.done() {
			return r, nil
		}
		return r, w.bring(ctx, l)
	})
}

// bring runs a load. Files in a bucket are fetched first, so that DuckDB needs
// neither an extension nor credentials; a view reads them where they lie.
func (w DuckDB) bring(ctx context.Context, l *duckLoad) (err error) {
	if !l.view {
		dir, err := os.MkdirTemp("", "etl-load-")
		if err != nil {
			return fault.New(fault.Storage, "loading %s: %w", l.Name, err)
		}
		defer func() { _ = os.RemoveAll(dir) }() // what stays is in the system's temporary folder
		for i := range l.parts {
			if l.parts[i].set, err = l.parts[i].set.Fetch(l.parts[i].add, dir); err != nil {
				return err
			}
		}
	}
	script, err := l.script()
	if err != nil {
		return err
	}
	_, err = w.run(ctx, script)
	return err
}

// Script returns what Load would run for the newest published commits. Without a
// program it cannot look into the database: then the script makes the table
// anew.
func (w DuckDB) Script(ctx context.Context, s Stream) (string, error) {
	commits, err := s.published()
	if err != nil {
		return "", err
	}
	if w.Program == "" {
		l := w.plan(s, commits, duckBooks{})
		l.blind = true
		return l.script()
	}
	l, err := w.look(ctx, s, commits)
	if err != nil {
		return "", err
	}
	return l.script()
}

// A duckLoad is what a load has to do.
type duckLoad struct {
	Stream
	held  duckBooks
	parts []duckPart // one for each account, or one
	view  bool       // views are wanted, not tables
	anew  bool       // what is there is replaced as a whole
	blind bool       // what is held is not known
}

// A duckPart is what a load does with one data set.
type duckPart struct {
	commit *load.Commit
	set    *load.Dataset
	add    []load.File // whose rows come
	drop   []string    // names of the files whose rows leave
}

// Kinds of what a load leaves.
const (
	kindTable = "table"
	kindView  = "view"
)

// kind is what the load leaves.
func (l *duckLoad) kind() string {
	if l.view {
		return kindView
	}
	return kindTable
}

// look compares what the database holds with commits.
func (w DuckDB) look(ctx context.Context, s Stream, commits []*load.Commit) (*duckLoad, error) {
	held, err := w.books(ctx, s.Name)
	if err != nil {
		return nil, err
	}
	if held.There != "" && len(held.Loads) == 0 {
		return nil, s.refuseForeign(held.There)
	}
	if held.There != "" {
		for _, c := range commits {
			if number := held.commit(c.Pipeline); number > c.Number {
				return nil, s.refuseOlder(c, number)
			}
		}
	}
	return w.plan(s, commits, held), nil
}

// plan returns what has to be done where the books are as they are.
func (w DuckDB) plan(s Stream, commits []*load.Commit, held duckBooks) *duckLoad {
	l := &duckLoad{Stream: s, held: held, view: w.Views}
	l.anew = held.There != l.kind() || held.differs(commits)
	for _, c := range commits {
		p := duckPart{commit: c, set: s.set(c.Pipeline)}
		if !l.view {
			var there []duckFile
			if !l.anew {
				there = held.Files
			}
			p.compare(there)
		}
		l.parts = append(l.parts, p)
	}
	return l
}

// compare finds out which files come and which leave.
func (p *duckPart) compare(held []duckFile) {
	there := map[string]string{} // hash by name
	for _, f := range held {
		if f.Pipeline == p.commit.Pipeline {
			there[f.Name] = f.SHA256
		}
	}
	for _, f := range p.commit.Files {
		if there[fileName(f)] != f.SHA256 {
			p.add = append(p.add, f)
			continue
		}
		delete(there, fileName(f))
	}
	for name := range there {
		p.drop = append(p.drop, name)
	}
	slices.Sort(p.drop)
}

// done tells whether the database holds the commits already.
func (l *duckLoad) done() bool {
	return !l.anew && !slices.ContainsFunc(l.parts, func(p duckPart) bool {
		return len(p.add)+len(p.drop) > 0 || l.held.commit(p.commit.Pipeline) != p.commit.Number
	})
}
