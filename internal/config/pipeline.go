package config

import (
	"fmt"
	"strings"
	"time"

	"etl/schemas"
)

// What a pipeline that does not say otherwise may lose.
const (
	defaultMaxShrink = 0.5
	defaultMaxGone   = 0.1
)

// How long things are kept for a pipeline that does not say otherwise.
const (
	defaultResumeWithin = 6 * time.Hour
	defaultKeepFailed   = 7 * 24 * time.Hour
	defaultKeepReplaced = 24 * time.Hour
)

// A draft is a pipeline under construction, with what its checks need.
type draft struct {
	*Pipeline
	keys *pipelineKeys
	at   *node // of its name
	path string
	uses []use

	account *account
	visit   visit
}

// A visit says how far the search for loops has come.
type visit int

const (
	unvisited visit = iota
	visiting
	visited
	looped
)

// pipeline builds a pipeline but for its parents.
func (b *builder) pipeline(one *namedOne[pipelineKeys]) *draft {
	k := &one.one
	d := &draft{keys: k, at: one.at, path: one.at.path, account: one.account, Pipeline: &Pipeline{
		Name:       fullName(one.name, one.account),
		Stream:     one.name,
		Version:    k.Version.s,
		Merge:      k.Write.s == "merge",
		Complete:   k.Complete.s,
		MaxShrink:  defaultMaxShrink,
		MaxGone:    defaultMaxGone,
		MinRows:    k.MinRows.n,
		MaxRejects: k.MaxRejects.max,
		Place:      fmt.Sprintf("%s:%d:%d", b.file, one.at.line, one.at.column),
	}}
	d.ResumeWithin = k.ResumeWithin.or(defaultResumeWithin)
	d.KeepFailed = k.KeepFailed.or(defaultKeepFailed)
	d.KeepReplaced = k.KeepReplaced.or(defaultKeepReplaced)
	if k.MaxShrink.known() {
		d.MaxShrink = k.MaxShrink.f
	}
	if k.MaxGone.known() {
		d.MaxGone = k.MaxGone.f
	}
	for _, column := range k.Key {
		d.Key = append(d.Key, column.s)
	}
	for _, p := range k.Partition {
		d.Partition = append(d.Partition, Partition{By: p.By.by, N: p.By.n, Of: p.Of.s})
	}
	unset := b.within(one.path, one.account, func() { b.insides(d) })
	d.Unset = distinct(one.unset, unset)
	if d.Source != nil {
		d.Unset = distinct(d.Unset, d.Source.Unset)
	}
	return d
}

// insides builds what depends on the source.
func (b *builder) insides(d *draft) {
	k := d.keys
	d.KeepPages = b.keepPages(k.KeepPages)
	d.Schema = b.schema(d)
	if !k.Source.known() {
		return
	}
	name := fullName(k.Source.s, d.account)
	if d.Source = find(b.config.Sources, func(s *Source) bool { return s.Name == name }); d.Source == nil {
		b.at(k.Source.at, near(k.Source.s, b.sourceNames()), "there is no source %s", k.Source.shown())
		return
	}
	sc := scope{template: true, uses: &d.uses}
	d.Paging = b.paging(k.Paging, d.Source)
	d.Headers = b.fields(k.Headers.at, sc)
	d.Params = b.fields(k.Params.at, sc)
	d.Request = b.request(k.Request, d.Source, sc)
	d.Request.Headers = over(d.Headers, d.Request.Headers)
	d.Request.Params = over(d.Params, d.Request.Params)
	d.Records = b.records(k.Records, d)
	for _, r := range k.Replies {
		d.Replies = append(d.Replies, b.reply(r, d.Source))
	}
	d.Window = b.window(k.Window, d.Source)
	d.Limits = b.limits(k.Limits)
	if k.Params.given() && d.Source.Kind != JSONRPC {
		b.at(k.Params.at, "write parameters of a query under request.query", "params belong to jsonrpc")
	}
}

func (b *builder) sourceNames() []string {
	var names []string
	for _, s := range b.config.Sources {
		name, _, _ := strings.Cut(s.Name, "@")
		names = append(names, name)
	}
	return distinct(names)
}

// find returns the first element that fits, or nil.
func find[T any](all []*T, fits func(*T) bool) *T {
	for _, one := range all {
		if fits(one) {
			return one
		}
	}
	return nil
}

func (b *builder) keepPages(t textLeaf) time.Duration {
	switch {
	case !t.known() || t.s == "none":
		return 0
	case t.s == "bucket":
		b.at(t.at, "keep_pages: 7d", "keeping pages in a bucket is not supported yet")
		return 0
	}
	var length span
	length.read(b.decoder, t.at)
	return length.d
}

// window builds the grid. Its start must lie on it.
func (b *builder) window(k *windowKeys, s *Source) *Window {
	if k == nil {
		return nil
	}
	w := &Window{Every: k.Every.s, Field: k.Field.s, Again: 1, Lag: time.Hour}
	if k.Again.known() {
		w.Again = int(k.Again.n)
	}
	if k.Lag.known() {
		w.Lag = k.Lag.d
	}
	if s.Zone == nil && len(s.Unset) == 0 {
		b.at(k.at, "timezone: Europe/Moscow under the source", "a window needs the time zone of its source")
	}
	if !k.Start.known() || !k.Every.known() || s.Zone == nil {
		return w
	}
	start, ok := parseStart(k.Start.s, s.Zone)
	if !ok {
		b.at(k.Start.at, "2020-01-01, or 2020-01-01T15:00", "a date is expected, not %s", k.Start.shown())
		return w
	}
	w.Start = start
	if w.Every == "hour" && (start.Minute() != 0 || start.Second() != 0) {
		b.at(k.Start.at, "", "the start is no full hour")
	} else if !w.OnGrid(start) {
		before, after := w.Nearest(start)
		b.at(k.Start.at, before.Format(time.DateOnly)+" or "+after.Format(time.DateOnly), "no %s begins at the start", w.Every)
	}
	return w
}

// parseStart reads a date or a time in a zone. A date is the first moment of
// its day.
func parseStart(s string, zone *time.Location) (time.Time, bool) {
	if day, err := time.Parse(time.DateOnly, s); err == nil {
		return startOfDay(day.Year(), day.Month(), day.Day(), zone), true
	}
	for _, layout := range []string{"2006-01-02T15:04", "2006-01-02T15:04:05", "2006-01-02 15:04", time.DateTime} {
		if t, err := time.ParseInLocation(layout, s, zone); err == nil {
			return t, true
		}
	}
	return time.Time{}, false
}

// defaults returns what the source and the pipeline say for all columns.
func (k *schemaKeys) defaults() schemas.Defaults {
	if k == nil {
		return schemas.Defaults{}
	}
	d := schemas.Defaults{
		Loose:       k.Loose.b,
		NullIf:      texts(k.NullIf),
		Layouts:     texts(k.Layouts),
		Unknown:     schemas.Unknown(k.Unknown.s),
		FailOnDrift: k.Drift.s == "fail",
	}
	if k.DuplicateKeys.s == "last" {
		d.DuplicateKeys = schemas.Last
	}
	if k.Text.s == "replace" {
		d.Text = schemas.Replace
	}
	return d
}

func texts(leaves []textLeaf) (all []string) {
	for _, l := range leaves {
		all = append(all, l.s)
	}
	return all
}
