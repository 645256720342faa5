package config

import (
	"strings"

	"etl/schemas"
)

// check looks at what belongs together in a pipeline.
func (b *builder) check(d *draft) {
	if d.Source == nil {
		return
	}
	b.checkUses(d)
	b.checkKey(d)
	b.checkPartition(d)
	b.checkTimes(d)
	b.checkBody(d)
	b.checkReplies(d)
	b.checkCovers(d)
	b.checkParents(d)
	b.checkComplete(d)
	if d.Schema != nil && d.Schema.Hashes() && b.config.PIIKey == "" && b.needed(join("pipelines", d.Name)) {
		b.at(d.keys.Schema.at, "put a long random text into it, and keep it: another key gives other hashes",
			"pii: hash in schema %s needs the variable %s", d.Schema.Name, PIIKeyVariable)
	}
	if d.Merge && len(d.Key) == 0 {
		b.at(d.keys.Write.at, "key: [id]", "write: merge needs a key")
	}
}

// column returns a column of a schema, or reports that there is none.
func (b *builder) column(s *schemas.Schema, name string, at *node) *schemas.Column {
	if s == nil {
		return nil
	}
	c := s.Column(name)
	if c == nil {
		var names []string
		for _, c := range s.Columns {
			names = append(names, c.Name)
		}
		b.at(at, near(name, names), "there is no column %s in schema %s", shown(at, name), s.Name)
		return nil
	}
	if c.PII == schemas.PIIDrop {
		b.at(at, "", "the column %q is dropped as personal data", name)
		return nil
	}
	w := c.Written()
	return &w
}

func (b *builder) checkKey(d *draft) {
	seen := map[string]bool{}
	for _, leaf := range d.keys.Key {
		if !leaf.known() {
			continue
		}
		c := b.column(d.Schema, leaf.s, leaf.at)
		switch {
		case seen[leaf.s]:
			b.at(leaf.at, "", "the column is there twice")
		case c == nil:
		case c.PII == schemas.PIIMask:
			b.at(leaf.at, "pii: hash", "a masked column is no key")
		case !plain(c.Type) || c.Type.Kind == schemas.Float64:
			b.at(leaf.at, "", "a column of type %s is no key", c.Type)
		case !c.Required:
			b.at(leaf.at, "required: true in the schema", "a key column must be required")
		}
		seen[leaf.s] = true
	}
	if !d.keys.Version.known() {
		return
	}
	at := d.keys.Version.at
	if c := b.column(d.Schema, d.Version, at); c != nil && !kindOf(c, schemas.Int32, schemas.Int64, schemas.Date, schemas.Timestamp) {
		b.at(at, "int32, int64, date or timestamp", "a column of type %s is no version", c.Type)
	}
	if len(d.Key) == 0 {
		b.at(at, "key: [id]", "a version needs a key")
	}
}

func kindOf(c *schemas.Column, kinds ...schemas.Kind) bool {
	for _, k := range kinds {
		if c.Type.Kind == k {
			return true
		}
	}
	return false
}

func (b *builder) checkPartition(d *draft) {
	seen := map[Partition]bool{}
	for i, p := range d.Partition {
		k := d.keys.Partition[i]
		if !k.By.known() || !k.Of.known() {
			continue
		}
		c := b.column(d.Schema, p.Of, k.Of.at)
		switch {
		case c == nil:
		case seen[p]:
			b.at(k.at, "", "the partition is there twice")
		case anyOf(p.By, "year", "month", "day") && !kindOf(c, schemas.Date, schemas.Timestamp):
			b.at(k.Of.at, "", "by %s needs a date or a timestamp, not %s", p.By, c.Type)
		case p.By == "hour" && !kindOf(c, schemas.Timestamp):
			b.at(k.Of.at, "", "by hour needs a timestamp, not %s", c.Type)
		case !plain(c.Type) || c.Type.Kind == schemas.Float64:
			b.at(k.Of.at, "", "a column of type %s makes no folders", c.Type)
		}
		seen[p] = true
	}
}

// checkTimes checks the column of the window, and that times without a zone
// have one.
func (b *builder) checkTimes(d *draft) {
	if k := d.keys.Window; k != nil && k.Field.known() {
		if c := b.column(d.Schema, k.Field.s, k.Field.at); c != nil && !kindOf(c, schemas.Date, schemas.Timestamp) {
			b.at(k.Field.at, "", "the field of a window is a date or a timestamp, not %s", c.Type)
		}
	}
	if d.Schema == nil || d.Source.Zone != nil || len(d.Source.Unset) > 0 {
		return
	}
	if name := zoneless(d.Schema.Columns, ""); name != "" {
		b.at(d.keys.Schema.at, "timezone: Europe/Moscow under the source", "times of %s have no zone, and the source names none", name)
	}
}

// zoneless returns the first column that has a layout of times without a zone.
func zoneless(columns []schemas.Column, path string) string {
	for _, c := range columns {
		name := join(path, c.Name)
		for t := &c.Type; t != nil; t = inside(t) {
			for _, layout := range t.Layouts {
				if !strings.Contains(layout, "Z07") && !strings.Contains(layout, "-07") && !strings.Contains(layout, "MST") {
					return name
				}
			}
			if found := zoneless(t.Fields, name); found != "" {
				return found
			}
		}
	}
	return ""
}

// inside returns the type of the elements of a list.
func inside(t *schemas.Type) *schemas.Type {
	if t.Element == nil {
		return nil
	}
	return &t.Element.Type
}

// checkBody checks that paging in the body has a body to stand in.
func (b *builder) checkBody(d *draft) {
	if d.Paging.In != InBody || d.Paging.Kind == PagingNone || len(d.Unset) > 0 || b.told(d.keys.Paging.In.at) {
		return
	}
	at, q := d.keys.Paging.In.at, d.Request
	switch {
	case q.Method == "GET":
		b.at(at, "request: { method: POST }", "a GET has no body")
	case q.JSON != nil && q.JSON.Kind != Map:
		b.at(at, "json: { name: value }", "parameters of paging need a map under json")
	}
}

func (b *builder) checkReplies(d *draft) {
	for _, k := range d.keys.Replies {
		own := strings.HasPrefix(k.at.path, d.path+".")
		if own && k.Then.known() && k.Then.s == Skip && d.keys.ForEach == nil {
			b.at(k.Then.at, "", "skip needs for_each: only a parent can be gone")
		}
	}
}

// checkCovers checks that the parents' requests can be held against the same
// request without them.
func (b *builder) checkCovers(d *draft) {
	if !d.Covers {
		return
	}
	at := d.keys.ForEach.place.at
	for _, k := range d.keys.ForEach.oneOrMany {
		if k.Pipeline.given() {
			b.at(at, "", "covers belongs to values alone")
		}
	}
	if len(d.Paging.Read.Total) == 0 || d.Paging.Read.TotalHint {
		b.at(at, "paging: { read: { total: count } }", "covers: all needs a total that the API keeps")
	}
	if len(d.Key) == 0 {
		b.at(at, "key: [id]", "covers: all needs a key")
	}
	for _, part := range d.Request.Path {
		if strings.HasPrefix(part.Name, "parent.") {
			b.at(at, "use it in the query, or drop covers", "covers: all cannot leave {%s} out of the path", part.Name)
		}
	}
}

// checkParents checks columns that take a value of the parent.
func (b *builder) checkParents(d *draft) {
	if d.Schema == nil {
		return
	}
	for _, c := range d.Schema.Columns {
		for _, from := range c.From {
			if len(from) != 1 {
				continue
			}
			if name, ok := strings.CutPrefix(from[0], "@parent."); ok {
				if problem, hint := d.parentProblem(name); problem != "" {
					b.at(d.keys.Schema.at, hint, "column %q: @parent.%s %s", c.Name, name, problem)
				}
			}
		}
	}
}

// strength orders the proofs; higher is stronger.
var strength = map[string]int{Answered: 1, Walked: 2, Counted: 3, Settled: 4}

// Strongest returns the strongest proof that one reading of the pipeline can
// give with its key. A data set's proof is no stronger than that of its parents.
func (p *Pipeline) Strongest() string {
	own := Walked
	switch {
	case p.Paging.Kind == PagingNone:
		own = Answered
	case len(p.Paging.Read.Total) > 0 && !p.Paging.Read.TotalHint && len(p.Key) > 0:
		own = Counted
	}
	return p.weakest(own)
}

// Overlap is how many rows each page repeats of the one before it. Where settled
// is asked for, pages by offset overlap by one row, so that a row that was
// skipped or came twice shows at the boundary of two pages.
func (p *Pipeline) Overlap() int64 {
	if p.Complete == Settled && p.Paging.Kind == PagingOffset && len(p.Key) > 0 {
		return 1
	}
	return 0
}

// weakest returns proof, or what the parents' pipelines give if that is less.
func (p *Pipeline) weakest(proof string) string {
	for _, each := range p.ForEach {
		if each.Pipeline == nil {
			continue
		}
		parent := each.Pipeline.Complete
		if parent == "" {
			parent = each.Pipeline.Strongest()
		}
		if strength[parent] < strength[proof] {
			proof = parent
		}
	}
	return proof
}

// checkComplete refuses a proof that cannot be reached. Settled is reached by
// reading a list twice.
func (b *builder) checkComplete(d *draft) {
	if !d.keys.Complete.known() || d.visit == looped {
		return
	}
	reach := d.Strongest()
	if d.Paging.Kind != PagingNone && len(d.Key) > 0 {
		reach = d.weakest(Settled)
		if d.Complete == Counted {
			reach = d.Strongest()
		}
	}
	if strength[d.Complete] > strength[reach] {
		b.at(d.keys.Complete.at, "complete: "+reach, "%s cannot be reached, only %s", d.Complete, reach)
	}
}
