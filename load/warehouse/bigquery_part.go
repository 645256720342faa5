package warehouse

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"path"
	"slices"
	"strings"
	"time"

	"etl/internal/fault"
	"etl/load"
)

// Limits of BigQuery (https://cloud.google.com/bigquery/quotas): a table takes
// 1,500 load jobs a day, those that fail too, and 10,000 partitions; a job changes
// 4,000 partitions and takes 10,000 addresses of files, a query 1,000 tables.
const (
	maxLoadsADay  = 1400
	maxPartitions = 10000
	maxModified   = 4000
	maxAddresses  = 10000
	maxTables     = 500
)

// A partName names a part of a table.
type partName struct {
	Pipeline string
	Part     string // slice, or folder below that of the data set
}

// A bigPart is a part of a commit.
type bigPart struct {
	partName
	commit     int64
	files      []load.File
	hash       string // of the list of files
	generation int64  // counts how often the part was begun with other files
}

// rows returns how many rows the part has.
func (p bigPart) rows() (n int64) {
	for _, f := range p.files {
		n += f.Rows
	}
	return n
}

// gridOf returns the unit of the partitions of a stream's table: that of its
// slices, if each row belongs to one. Rows of accounts share slices, and rows
// that are merged belong to none.
func gridOf(s Stream, c *load.Commit) string {
	if s.accounts() || len(c.Slices) == 0 || c.Slices[0].Since.IsZero() ||
		slices.ContainsFunc(c.Files, func(f load.File) bool { return f.Slice == "" }) {
		return ""
	}
	switch length := c.Slices[0].Until.Sub(c.Slices[0].Since); {
	case length <= time.Hour:
		return "hour"
	case length <= 8*24*time.Hour: // a week's partition is that of its first day
		return "day"
	default:
		return "month"
	}
}

// partsOf returns the parts of a commit, by name.
func partsOf(s Stream, c *load.Commit, grid string) []bigPart {
	byName := map[string][]load.File{}
	for _, f := range c.Files {
		name := strings.TrimPrefix(strings.TrimPrefix(path.Dir(f.Path), "data/"+s.Name), "/")
		if grid != "" {
			name = f.Slice
		}
		byName[name] = append(byName[name], f)
	}
	var parts []bigPart
	for name, files := range byName {
		sum := sha256.New()
		for _, f := range files {
			fmt.Fprintf(sum, "%s %s\n", f.Path, f.SHA256)
		}
		parts = append(parts, bigPart{
			partName: partName{c.Pipeline, name}, commit: c.Number, files: files, hash: hex.EncodeToString(sum.Sum(nil)),
		})
	}
	slices.SortFunc(parts, func(a, b bigPart) int { return strings.Compare(a.Part, b.Part) })
	return parts
}

// decorator returns what names the partition of a slice behind the name of a
// table, such as $20260101.
func decorator(grid, slice string) string {
	digits := strings.NewReplacer("-", "", "T", "", "Z", "").Replace(slice)
	if grid == "month" {
		digits = digits[:min(len(digits), len("200601"))]
	}
	return "$" + digits
}

// partitionTime returns the instant that BigQuery files a slice under.
func partitionTime(grid, slice string) string {
	digits := strings.TrimPrefix(decorator(grid, slice), "$")
	layout := map[string]string{"hour": "2006010215", "day": "20060102", "month": "200601"}[grid]
	t, err := time.Parse(layout, digits)
	if err != nil {
		return "NULL" // no slice has such a name
	}
	return t.Format("TIMESTAMP '2006-01-02 15:04:05+00'")
}

// tomorrow is the error of a load that has come to a limit of BigQuery.
func (l *bigLoad) tomorrow(rest int) error {
	e := fault.New(fault.Transient, "loading %s: %d slices are left: BigQuery takes 1500 load jobs for a table in a day", l.Name, rest).
		WithHint("load again tomorrow: what is done is not done again")
	e.RetryAfter = 24 * time.Hour
	return e
}
