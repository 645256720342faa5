package pipeline

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"etl/internal/config"
	"etl/internal/fault"
	"etl/load"
	"etl/schemas"
)

// with returns the configuration with another schema for one pipeline.
func (w *world) with(pipeline string, change func(*schemas.Schema)) (*config.Config, *config.Pipeline) {
	w.t.Helper()
	c := w.config()
	for _, p := range c.Pipelines {
		if p.Name == pipeline {
			s := *p.Schema
			s.Columns = slices.Clone(s.Columns)
			change(&s)
			p.Schema = &s
			return c, p
		}
	}
	w.t.Fatalf("no pipeline %s", pipeline)
	return nil, nil
}

func (w *world) apply(c *config.Config, p *config.Pipeline, null bool) (*Applied, error) {
	w.t.Helper()
	store, err := load.Open(w.root)
	if err != nil {
		w.t.Fatal(err)
	}
	return Apply(w.t.Context(), Options{Config: c, Store: store}, p, null)
}

func column(name string, kind schemas.Kind) schemas.Column {
	return schemas.Column{Name: name, From: []schemas.Path{{name}}, Type: schemas.Type{Kind: kind}}
}

// What a schema makes of the rows that another one has stored are the bytes
// that it makes of the source itself.
func TestApplyEqualsReadingAgain(t *testing.T) {
	changes := map[string]func(*schemas.Schema){
		"a column that was in _extra": func(s *schemas.Schema) {
			s.Columns = append(s.Columns, column("loyalty", schemas.JSON))
		},
		"a column less": func(s *schemas.Schema) {
			s.Columns = slices.DeleteFunc(s.Columns, func(c schemas.Column) bool { return c.Name == "discount_type" || c.Name == "count" })
		},
		"another order": func(s *schemas.Schema) { slices.Reverse(s.Columns[1:]) },
		"a wider type": func(s *schemas.Schema) {
			for i := range s.Columns {
				if s.Columns[i].Name == "discount_type" || s.Columns[i].Name == "inventory_group_count" {
					s.Columns[i].Type.Kind = schemas.Int64
				}
				if s.Columns[i].Name == "price" {
					s.Columns[i].Type.Precision = 38
				}
			}
		},
	}
	for pipeline, all := range map[string]string{"workshop_resources": "workshop_resources", "requests": "request*"} {
		base := newWorld(t, nil)
		base.ok(Options{}, all)
		for name, change := range changes {
			t.Run(pipeline+": "+name, func(t *testing.T) {
				w := base.copied(t)
				c, p := w.with(pipeline, change)
				if _, err := w.apply(c, p, false); err != nil {
					t.Fatal(err)
				}
				fresh := base.empty(t)
				c, _ = fresh.with(pipeline, change)
				fresh.ok(Options{Config: c}, all)
				if diff := cmp.Diff(fresh.tree(pipeline), w.tree(pipeline)); diff != "" {
					t.Errorf("data (-read again +applied):\n%s", diff)
				}
				if again, err := w.apply(c, p, false); err != nil || again.Changed {
					t.Errorf("applied twice: %+v, %v", again, err)
				}
			})
		}
	}
}

// A run that would leave files of the old schema names the command.
func TestRunNamesApply(t *testing.T) {
	w := newWorld(t, nil)
	w.ok(Options{}, "request*")
	w.move(map[string]string{"rental.changed": "2"})
	c, _ := w.with("requests", func(s *schemas.Schema) { s.Columns = append(s.Columns, column("loyalty", schemas.JSON)) })
	s := w.run(Options{Config: c}, "request*")
	if s.Exit != 2 || !strings.Contains(s.Pipelines[1].Hint, "etl schema apply requests") {
		t.Errorf("exit %d: %+v", s.Exit, s.Pipelines[1])
	}
}

func TestApplyRefuses(t *testing.T) {
	w := newWorld(t, nil)
	c, p := w.with("sales_funnels", func(s *schemas.Schema) { s.Unknown = schemas.IgnoreUnknown })
	w.ok(Options{Config: c}, "sales_funnels")
	before := w.tree("sales_funnels")

	s := *p.Schema
	s.Columns = append(slices.Clone(s.Columns), column("is_default", schemas.Bool))
	p.Schema = &s
	if _, err := w.apply(c, p, false); fault.Of(err) != fault.Config || !strings.Contains(fault.Hint(err), "--null") {
		t.Errorf("a column that was never kept: %v", err)
	}
	s.Columns = slices.Clone(s.Columns)
	s.Columns[1].Type.Kind = schemas.Int64
	if _, err := w.apply(c, p, true); fault.Of(err) != fault.Data || !strings.Contains(err.Error(), "name") {
		t.Errorf("a type that the values do not fit: %v", err)
	}
	if diff := cmp.Diff(before, w.tree("sales_funnels")); diff != "" {
		t.Errorf("data (-before +after):\n%s", diff)
	}
	if left := find(t, w.root, "stage"); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
	s.Columns[1].Type.Kind = schemas.String
	if a, err := w.apply(c, p, true); err != nil || !a.Changed {
		t.Errorf("with --null: %+v, %v", a, err)
	}
}
