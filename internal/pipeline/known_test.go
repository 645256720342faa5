package pipeline

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"

	"etl"
	"etl/internal/config"
)

// What tests know already, and share where they can: to parse a configuration
// costs as much as a small run, and so does the truth of a simulator.
type known struct {
	mu     sync.Mutex
	parsed map[string]*config.Config
	truths map[string][]string
}

func newKnown() *known {
	return &known{parsed: map[string]*config.Config{}, truths: map[string][]string{}}
}

// config returns the configuration of a world, which the test may change.
func (w *world) config() *config.Config {
	w.t.Helper()
	return w.known.config(w)
}

// config parses at an address that stands for that of any simulator.
func (k *known) config(w *world) *config.Config {
	w.t.Helper()
	const anywhere = "http://127.0.0.1:1"
	env := w.sim.Env(anywhere)
	maps.Copy(env, w.env)
	key := fmt.Sprint(env, w.yaml)
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.parsed[key] == nil {
		text := etl.Pipelines()
		if w.yaml != "" {
			text = []byte(w.yaml)
		}
		c, err := config.Parse(cmp.Or(w.file, "pipelines.yaml"), text, config.Options{
			Lookup:  func(name string) (string, bool) { v, ok := env[name]; return v, ok },
			Schemas: etl.Schemas(),
		})
		if err != nil {
			w.t.Fatal(err)
		}
		k.parsed[key] = c
	}
	c := copied(k.parsed[key])
	for _, s := range c.Sources {
		s.BaseURL = strings.Replace(s.BaseURL, anywhere, w.url, 1)
	}
	return c
}

// copied returns a configuration whose pipelines and sources can be changed.
func copied(c *config.Config) *config.Config {
	d := *c
	d.Sources, d.Pipelines = slices.Clone(c.Sources), nil
	sources, pipelines := map[*config.Source]*config.Source{}, map[*config.Pipeline]*config.Pipeline{}
	for i, s := range c.Sources {
		source := *s
		sources[s], d.Sources[i] = &source, &source
	}
	for _, p := range c.Pipelines {
		q := *p
		q.Source, q.ForEach = sources[p.Source], slices.Clone(p.ForEach)
		pipelines[p] = &q
		d.Pipelines = append(d.Pipelines, &q)
	}
	for _, p := range d.Pipelines {
		for i, each := range p.ForEach {
			p.ForEach[i].Pipeline = pipelines[each.Pipeline]
		}
	}
	return &d
}

// truth returns the rows that a stream should have in the end, as they are
// written of some columns, in order. The name stands for the simulator.
func (k *known) truth(w *world, name, stream string, columns []string) []string {
	w.t.Helper()
	key := fmt.Sprint(name, stream, columns)
	k.mu.Lock()
	defer k.mu.Unlock()
	if rows, ok := k.truths[key]; ok {
		return rows
	}
	rows := []string{}
	for line := range w.sim.Truth(stream) {
		row := map[string]any{}
		d := json.NewDecoder(bytes.NewReader(line))
		d.UseNumber()
		if err := d.Decode(&row); err != nil {
			w.t.Fatal(err)
		}
		rows = append(rows, written(columns, func(i int) any { return row[columns[i]] }))
	}
	slices.Sort(rows)
	k.truths[key] = rows
	return rows
}

// written is a row as text.
func written(columns []string, value func(i int) any) string {
	var text strings.Builder
	for i, name := range columns {
		text.WriteString(name + "=" + plain(value(i)) + " ")
	}
	return text.String()
}
