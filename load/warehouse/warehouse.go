package warehouse

import (
	"errors"
	"strings"

	"etl/internal/fault"
	"etl/load"
	"etl/schemas"
)

// A Stream is what becomes one table: the data set of a pipeline, or those of
// all accounts that it is read for.
type Stream struct {
	Name     string
	Datasets []*load.Dataset
	Schema   *schemas.Schema // for words about columns; nil: there are none
}

// A Result says what a load has done.
type Result struct {
	Pipeline string           `json:"pipeline"`
	Commit   int64            `json:"commit,omitempty"`  // that the warehouse holds now
	Commits  map[string]int64 `json:"commits,omitempty"` // of each account, in place of commit
	Rows     int64            `json:"rows"`              // of it
	Added    int              `json:"added"`             // parts that were brought over
	Dropped  int              `json:"dropped"`           // parts that left
}

// accountColumn tells the rows of accounts apart.
const accountColumn = "_account"

// accounts tells whether the stream has accounts.
func (s Stream) accounts() bool { return strings.Contains(s.Datasets[0].Pipeline(), "@") }

// accountOf returns the account in the name of a pipeline, empty if it has none.
func accountOf(pipeline string) string {
	_, account, _ := strings.Cut(pipeline, "@")
	return account
}

// result returns what a load of commits leaves.
func (s Stream) result(commits []*load.Commit) Result {
	r := Result{Pipeline: s.Name}
	for _, c := range commits {
		r.Rows += c.Rows()
		if !s.accounts() {
			r.Commit = c.Number
			continue
		}
		if r.Commits == nil {
			r.Commits = map[string]int64{}
		}
		r.Commits[accountOf(c.Pipeline)] = c.Number
	}
	return r
}

// published returns the newest published commits. None at all is a mistake of
// the user, and so are accounts whose rows do not fit into one table.
func (s Stream) published() (commits []*load.Commit, err error) {
	for _, d := range s.Datasets {
		c, err := d.Published()
		if err != nil {
			return nil, err
		}
		if c != nil {
			commits = append(commits, c)
		}
	}
	if len(commits) == 0 {
		return nil, fault.New(fault.Config, "the data set of %s has no commit yet", s.Name).WithHint("etl run %s", s.Name)
	}
	for _, c := range commits {
		if c.Schema.Fingerprint != commits[0].Schema.Fingerprint {
			return nil, fault.New(fault.Config, "loading %s: the data sets of %s and %s have other columns or types", s.Name, commits[0].Pipeline, c.Pipeline).
				WithHint("etl schema apply %s", s.Name)
		}
	}
	return commits, nil
}

// errOvertaken says that another load, or another commit, came first. It is
// never the end of a load: that starts again.
var errOvertaken = errors.New("another load came first")

// attempts is how often a load starts again before it gives up.
const attempts = 5

// newest puts the newest published commits of a stream somewhere. When newer
// ones are published meanwhile, or another load comes first, it starts again.
func newest(s Stream, put func([]*load.Commit) (Result, error)) (r Result, err error) {
	commits, err := s.published()
	if err != nil {
		return r, err
	}
	for range attempts {
		r, err = put(commits)
		if err == nil {
			return r, nil
		}
		newer, broken := s.published()
		if broken != nil {
			return r, broken
		}
		if same(newer, commits) && !errors.Is(err, errOvertaken) {
			return r, err
		}
		commits = newer
	}
	if errors.Is(err, errOvertaken) {
		return r, fault.New(fault.Conflict, "loading %s: %w, %d times", s.Name, err, attempts).WithHint("try again")
	}
	return r, err
}

// same tells whether two lists are of the same commits.
func same(a, b []*load.Commit) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if a[i].Pipeline != b[i].Pipeline || a[i].Number != b[i].Number {
			return false
		}
	}
	return true
}

// refuseOlder is the error of a load whose warehouse holds a newer commit than
// the destination has.
func (s Stream) refuseOlder(c *load.Commit, held int64) error {
	return fault.New(fault.Config, "loading %s: the warehouse holds commit %d, the newest of the destination is %d", c.Pipeline, held, c.Number).
		WithHint("if this destination is the right one, drop the table %s and load again", s.Name)
}

// refuseForeign is the error of a load that finds its place taken.
func (s Stream) refuseForeign(kind string) error {
	return fault.New(fault.Config, "loading %s: there is a %s of that name which etl has not made", s.Name, kind).
		WithHint("rename the %s, or load elsewhere", kind)
}
