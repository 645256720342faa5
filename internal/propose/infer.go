package propose

import (
	"fmt"
	"strings"
	"time"

	"etl/internal/fault"
	"etl/schemas"
	"etl/transform"
)

// Infer proposes the schema of the records of pages. Its columns stand in the
// order in which they came. The proposal reads all of these pages without a
// reject, or asks why it cannot. An error of class Data says that there are no
// records.
func Infer(name string, pages []transform.Page) (*Proposal, error) {
	top := newShape()
	for _, p := range pages {
		for _, r := range p.Records {
			top.add(p.Body, r, 0)
		}
	}
	p := &Proposal{From: fmt.Sprintf("%s: pages %d, records %d", name, len(pages), top.seen)}
	p.Columns, p.Open = top.fields()
	if len(p.Columns) == 0 {
		return nil, fault.New(fault.Data, "the pages of %s hold no record with members that a column can have", name).WithHint("read more with --pages")
	}
	p.inferKey(top)
	return p, p.hold(pages)
}

// inferKey takes the first column that is unique and always there, before others
// one named id.
func (p *Proposal) inferKey(top *shape) {
	best, rank := -1, 0
	for i, c := range p.Columns {
		s := top.members[memberOf(c)]
		if r := keyRank(c, s, top.seen); r > rank {
			best, rank = i, r
		}
	}
	if best < 0 {
		p.Open = append(p.Open, fmt.Sprintf("the key: no column is unique in %d records and never null", top.seen))
		return
	}
	c := &p.Columns[best]
	if c.Required, p.Key = true, []string{c.Name}; top.seen < 2 {
		p.Open = append(p.Open, "the key: "+c.Name+", by its name; one record tells nothing")
		return
	}
	c.note("the key: unique, never null")
}

func memberOf(c Column) string {
	if c.From != "" {
		return c.From
	}
	return c.Name
}

// keyRank says how good a key a column is; 0: none.
func keyRank(c Column, s *shape, records int) int {
	switch kind := c.Type.Kind; {
	case kind != schemas.Int32 && kind != schemas.Int64 && kind != schemas.UUID && kind != schemas.String:
		return 0
	case s.given() != records || s.seen != records || len(s.keys) != records:
		return 0
	case strings.EqualFold(c.Name, "id"):
		return 3
	case isID(c.Name) || c.Type.Kind == schemas.UUID:
		return 2
	case records > 1:
		return 1
	}
	return 0
}

// hold reads the pages with the proposal. A column that does not hold becomes
// json, until all do.
func (p *Proposal) hold(pages []transform.Page) error {
	for {
		rejects, err := p.read(pages)
		if err != nil {
			return err
		}
		mended := false
		for _, r := range rejects {
			c := p.find(r.Column)
			if c != nil && c.Type.Kind != schemas.JSON && !c.Required {
				c.toJSON("%s did not hold: %s", c.Type, r.Reason)
				mended = true
			}
		}
		if mended {
			continue
		}
		if len(rejects) > 0 {
			p.Open = append(p.Open, fmt.Sprintf("%d records cannot be read: %s", len(rejects), rejects[0].Reason))
		}
		return nil
	}
}

// read returns what the proposal cannot read of pages.
func (p *Proposal) read(pages []transform.Page) (rejects []transform.Reject, err error) {
	s, err := schemas.Parse("proposal", p.Schema())
	if err != nil {
		return nil, fault.New(fault.Bug, "a proposal that is no schema: %w", err)
	}
	d, err := transform.New(s, transform.Options{Zone: time.UTC, Key: p.Key})
	if err != nil {
		return nil, err
	}
	for _, page := range pages {
		b, err := d.Decode(page)
		if err != nil {
			return nil, err
		}
		b.Record.Release()
		rejects = append(rejects, b.Rejects...)
	}
	return rejects, nil
}

// find returns the column at a path of names, nil if there is none.
func (p *Proposal) find(path string) *Column {
	columns := p.Columns
	var found *Column
	for name := range strings.SplitSeq(path, ".") {
		found = nil
		for i := range columns {
			if columns[i].Name == name {
				found = &columns[i]
			}
		}
		if found == nil {
			return nil
		}
		columns = found.Fields
	}
	return found
}
