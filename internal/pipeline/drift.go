package pipeline

import (
	"context"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strings"

	"etl/internal/fault"
	"etl/internal/jsonspan"
	"etl/load"
	"etl/transform"
)

// A column that is not met any more has vanished, unless its absence may well
// be chance: in few records, or for a member that is rarely sent. Below this
// probability it is not taken for chance.
const chanceOfAbsence = 0.01

// known is what the commits so far have seen of the columns.
func (t *take) known() map[string]load.SeenColumn {
	if t.base == nil {
		return nil
	}
	return t.base.Seen
}

// drifted compares what was read with what the schema knows, and with what
// commits have seen before: what nobody has ever sent does not count.
func (t *take) drifted(before map[string]load.SeenColumn, w *watch) []load.Drifted {
	var all []load.Drifted
	for _, path := range slices.Sorted(maps.Keys(w.Unknown)) {
		s := w.Unknown[path]
		all = append(all, t.at(s.First, load.Drifted{Kind: load.UnknownField, Path: path, Count: s.Times}))
	}
	var retyped []load.Drifted
	for i, p := range w.places {
		was, known := before[p.Column]
		if p.Type == "" || !known {
			continue
		}
		objects, now := w.objects(p), &w.Seen[i]
		switch {
		case now.Times > 0:
			if fresh, first := now.other(p, was); len(fresh) > 0 {
				retyped = append(retyped, t.at(first, load.Drifted{Kind: load.RetypedField, Path: p.Column, Was: was.Kinds, Is: fresh}))
			}
		case absent(was, objects.Times) < chanceOfAbsence:
			first := objects.First[jsonspan.Object]
			all = append(all, t.at(first, load.Drifted{Kind: load.VanishedField, Path: p.Column, Count: objects.Times}))
		}
	}
	return append(all, retyped...)
}

// at adds the place where a drifted field was first met.
func (t *take) at(s spot, d load.Drifted) load.Drifted {
	d.Page, d.Slice = s.Page, t.slice.name
	if len(t.units) > 1 {
		d.Unit = t.units[s.Unit].name
	}
	return d
}

// other returns the kinds of values that a column of the same type has not had
// before, and where the first of them was met. Null is of no kind, and where the
// schema is loose all scalars are of one.
func (s *sighting) other(p transform.Place, was load.SeenColumn) (names []string, first spot) {
	scalar := func(kind string) bool { return kind == "bool" || kind == "number" || kind == "string" }
	if p.Type != was.Type || p.Type == "json" || slices.Equal(was.Kinds, []string{"null"}) {
		return nil, first
	}
	for kind := jsonspan.Bool; kind <= jsonspan.Object; kind++ {
		name := kind.String()
		if !s.Kinds.Has(kind) || slices.Contains(was.Kinds, name) || p.Loose && scalar(name) && slices.ContainsFunc(was.Kinds, scalar) {
			continue
		}
		if len(names) == 0 {
			first = s.First[kind]
		}
		names = append(names, name)
	}
	return names, first
}

// absent is the probability that a column is in none of n objects although it is
// sent as often as before: of all ways to choose the objects that hold it, among
// old and new ones, the share in which all are old (Fisher's exact test).
func absent(was load.SeenColumn, n int64) float64 {
	held, of := min(was.Held, was.Of), was.Of
	p := 1.0
	for i := int64(1); i <= min(held, n) && p >= chanceOfAbsence; i++ {
		if held < n {
			p *= float64(of-i+1) / float64(of+n-i+1)
		} else {
			p *= float64(of-held+i) / float64(of+i)
		}
	}
	return p
}

// seenSoFar is what the commit says of the columns: those of this reading, and
// of the base those that this one tells nothing of. What was read before counts
// half, so that many small readings know as much as a large one, and a change
// is not held against years.
func seenSoFar(before map[string]load.SeenColumn, w *watch, drifted []load.Drifted) map[string]load.SeenColumn {
	all := map[string]load.SeenColumn{}
	for i, p := range w.places {
		if p.Type == "" {
			continue
		}
		was, known := before[p.Column]
		now := &w.Seen[i]
		switch {
		case now.Times > 0:
			kinds := now.Kinds
			if known && was.Type == p.Type {
				kinds = kinds.With(was.Kinds)
			}
			of := w.objects(p).Times
			all[p.Column] = load.SeenColumn{Type: p.Type, Kinds: kinds.Names(), Held: min(now.Times, of) + was.Held/2, Of: of + was.Of/2}
		case known && !slices.ContainsFunc(drifted, func(d load.Drifted) bool { return d.Kind == load.VanishedField && d.Path == p.Column }):
			all[p.Column] = was
		}
	}
	return all
}

// mostTold is how many drifted fields a message names.
const mostTold = 10

// tellDrift writes lines about it. Only what has vanished leaves the data set
// without something: what comes in another form either fits or is a reject.
func (t *take) tellDrift(drifted []load.Drifted) {
	var unknown []string
	for i, d := range drifted {
		switch {
		case d.Kind == load.UnknownField:
			unknown = append(unknown, d.Path)
		case i < len(unknown)+mostTold:
			level := slog.LevelInfo
			if d.Kind == load.VanishedField {
				level = slog.LevelWarn
			}
			t.log.Log(context.Background(), level, "drift: "+DriftText(d), "page", d.Page)
		}
	}
	if len(unknown) > 0 {
		t.log.Info("drift: members that the schema does not know", "members", len(unknown),
			"first", strings.Join(unknown[:min(len(unknown), mostTold)], ", "))
	}
}

// DriftText says in a few words how a field has drifted.
func DriftText(d load.Drifted) string {
	switch d.Kind {
	case load.VanishedField:
		return d.Path + " has vanished"
	case load.RetypedField:
		return fmt.Sprintf("%s comes as %s, and was %s", d.Path, strings.Join(d.Is, " and "), strings.Join(d.Was, " or "))
	}
	return d.Path + " is not in the schema"
}

// checkDrift refuses records that differ from the schema, or from what commits
// before have seen, where drift: fail says so.
func (t *take) checkDrift(drifted []load.Drifted) error {
	if !t.p.Schema.FailOnDrift || len(drifted) == 0 {
		return nil
	}
	var texts []string
	for _, d := range drifted[:min(len(drifted), mostTold)] {
		where := fmt.Sprintf("page %d", d.Page)
		if d.Unit != "" {
			where += " of unit " + d.Unit
		}
		texts = append(texts, fmt.Sprintf("%s (%s)", DriftText(d), where))
	}
	err := fault.New(fault.Data, "pipeline %s: fields have drifted from schema %s, %d in all: %s",
		t.p.Name, t.p.Schema.Name, len(drifted), strings.Join(texts, "; "))
	if slices.ContainsFunc(drifted, func(d load.Drifted) bool { return d.Kind != load.UnknownField }) {
		return err.WithHint("change the columns in the schema; or take it for the new state: run once with drift: report")
	}
	return err.WithHint("add them to the schema as columns; the kept pages are then used, nothing is asked twice")
}
