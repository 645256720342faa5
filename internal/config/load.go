package config

import (
	"io/fs"
	"path/filepath"
	"reflect"
	"strings"
	_ "time/tzdata" // zones must not depend on the machine

	"etl/internal/fault"
	"etl/schemas"
)

// Options say what a configuration is read with. The zero value has no
// environment and no schemas but those beside the file, and needs the variables
// of all sources.
type Options struct {
	Lookup  func(name string) (string, bool) // environment; nil: empty
	Schemas fs.FS                            // schemas in the binary: "<system>/<stream>.yaml"; nil: none
	// Only are names or globs of the pipelines that the command uses, and
	// "source:NAME" for a source; empty: all. Variables are required only of
	// the sources that these use, and of those of their parents.
	Only []string
}

// Load reads a configuration file. An error has class fault.Config; what is
// wrong in the file comes as *Mistakes, all at once.
func Load(file string, o Options) (*Config, error) {
	text, err := schemas.ReadFile(file)
	if err != nil {
		return nil, fault.New(fault.Config, "reading the configuration: %w", err).
			WithHint("etl init writes a pipelines.yaml to start from")
	}
	return Parse(file, text, o)
}

// Parse reads the text of a configuration file. The file's name is for messages
// and is where relative paths and the folder schemas start.
func Parse(file string, text []byte, o Options) (*Config, error) {
	if o.Lookup == nil {
		o.Lookup = func(string) (string, bool) { return "", false }
	}
	r := &report{}
	if top := r.parse(newDocument(file, text), text); top != nil {
		top.hush(false)
		b := newBuilder(r, file, o)
		b.needed = needed(top, withoutAccounts(o.Only))
		top = b.expand(inherit(top))
		b.needed = needed(top, o.Only)
		if c := b.build(top); len(r.mistakes) == 0 {
			return c, nil
		}
	}
	mistakes := r.mistakes.tidy()
	return nil, &mistakes
}

// needed returns a function that tells by its path whether a source or a
// pipeline is used by a command that names only some.
func needed(top *node, only []string) func(path string) bool {
	if len(only) == 0 {
		return func(string) bool { return true }
	}
	used := map[string]bool{}
	var take func(pipeline entry)
	take = func(pipeline entry) {
		path := join("pipelines", fullName(pipeline.key, pipeline.account))
		if used[path] {
			return
		}
		used[path] = true
		used[join("sources", fullName(pipeline.value.get("source").word(), pipeline.account))] = true
		for _, name := range parents(pipeline.value) {
			for _, e := range top.get("pipelines").members() {
				if e.key == name && (e.account == nil || e.account == pipeline.account) {
					take(e)
				}
			}
		}
	}
	for _, pattern := range only {
		source, isSource := strings.CutPrefix(pattern, "source:")
		for _, e := range top.get("sources").members() {
			if isSource && fits(source, e.key, fullName(e.key, e.account)) {
				used[join("sources", fullName(e.key, e.account))] = true
			}
		}
		for _, e := range top.get("pipelines").members() {
			if !isSource && fits(pattern, e.key, fullName(e.key, e.account)) {
				take(e)
			}
		}
	}
	return func(path string) bool { return used[path] }
}

// withoutAccounts makes of patterns that name one account those for all.
func withoutAccounts(patterns []string) []string {
	var all []string
	for _, pattern := range patterns {
		pattern, _, _ = strings.Cut(pattern, "@")
		all = append(all, pattern)
	}
	return all
}

// parents returns the names of the pipelines that a pipeline makes its requests
// for.
func parents(pipeline *node) (names []string) {
	each := pipeline.get("for_each")
	if each == nil {
		return nil
	}
	for _, one := range append([]*node{each}, each.items...) {
		if name := one.get("pipeline"); name != nil {
			names = append(names, name.scalar)
		}
	}
	return names
}

// inherit fills up each pipeline with what it inherits from its source.
func inherit(top *node) *node {
	pipelines := top.get("pipelines")
	if pipelines == nil {
		return top
	}
	full := *pipelines
	full.entries = nil
	for _, e := range pipelines.entries {
		if name := e.value.get("source"); name != nil {
			e.value = e.value.inherit(top.get("sources").get(name.scalar))
		}
		full.entries = append(full.entries, e)
	}
	return top.with("pipelines", &full)
}

// inherit returns a pipeline with what its source says. Paging is not inherited
// by a pipeline that names another kind: parameters and paths of one kind mean
// nothing to another.
func (n *node) inherit(source *node) *node {
	if source == nil {
		return n
	}
	for _, key := range []string{"headers", "params", "paging", "records", "defaults", "limits"} {
		base, over := source.get(key), n.get(key)
		if key == "limits" && !n.has(key) {
			continue // those of the source hold anyway
		}
		if key == "paging" && over.get("kind") != nil && over.get("kind").scalar != base.get("kind").word() {
			continue
		}
		if both := merge(base, over); both != nil {
			n = n.with(key, both)
		}
	}
	base, over := source.get("replies"), n.get("replies")
	if base == nil || over == nil || base.form != listForm || over.form != listForm {
		if base != nil && over == nil {
			n = n.with("replies", base)
		}
		return n
	}
	both := *over
	both.items = append(append([]*node(nil), over.items...), base.items...)
	return n.with("replies", &both)
}

// word returns the scalar of a node, or nothing if there is none.
func (n *node) word() string {
	if n == nil {
		return ""
	}
	return n.scalar
}

// A builder turns the language into a Config and checks what belongs together.
type builder struct {
	*decoder
	file    string
	schemas fs.FS
	read    map[string]*schemas.Schema // by file; nil: with mistakes
	config  *Config
	drafts  []*draft
}

func newBuilder(r *report, file string, o Options) *builder {
	return &builder{
		decoder: &decoder{report: r, lookup: o.Lookup, folder: filepath.Dir(file), used: true},
		file:    file,
		schemas: o.Schemas,
		read:    map[string]*schemas.Schema{},
		config:  &Config{File: file, Destination: "./lake"},
	}
}

// build reads the whole file.
func (b *builder) build(top *node) *Config {
	var keys fileKeys
	b.into(top, reflect.ValueOf(&keys).Elem())
	if keys.Version.known() && keys.Version.n != 1 {
		b.at(keys.Version.at, "version: 1", "unknown version of the language")
	}
	if keys.Destination.s != "" {
		b.config.Destination = keys.Destination.s
	}
	for i := range keys.Sources {
		b.config.Sources = append(b.config.Sources, b.source(&keys.Sources[i]))
	}
	for i := range keys.Pipelines {
		d := b.pipeline(&keys.Pipelines[i])
		b.drafts = append(b.drafts, d)
		b.config.Pipelines = append(b.config.Pipelines, d.Pipeline)
	}
	key, _ := b.lookup(PIIKeyVariable)
	b.config.PIIKey = Secret(key)
	b.link()
	for _, d := range b.drafts {
		b.check(d)
	}
	return b.config
}
