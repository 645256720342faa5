package config

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"etl/schemas"
)

// schema finds and reads the schema of a pipeline and gives it the defaults of
// the source. It is nil after a mistake.
func (b *builder) schema(d *draft) *schemas.Schema {
	t := d.keys.Schema
	if !t.known() {
		return nil
	}
	file, text, ok := b.schemaText(t)
	if !ok {
		return nil
	}
	s, known := b.read[file]
	if !known {
		name := t.s
		if ownSchema(name) {
			name = strings.TrimSuffix(filepath.Base(name), ".yaml")
		}
		var err error
		if s, err = schemas.Parse(name, text); err != nil {
			s = nil
			b.schemaMistakes(t, file, text, err)
		}
		b.read[file] = s
	}
	if s == nil {
		return nil
	}
	return s.WithDefaults(d.keys.Defaults.defaults())
}

// ownSchema tells a file beside the configuration from a name to look up.
func ownSchema(name string) bool {
	return strings.HasPrefix(name, "./") || strings.HasPrefix(name, "../") || filepath.IsAbs(name) || strings.HasSuffix(name, ".yaml")
}

// schemaText returns the text of a schema: ./x.yaml from beside the
// configuration, system/stream from the folder schemas beside it, else from the
// binary.
func (b *builder) schemaText(t textLeaf) (file string, text []byte, ok bool) {
	file = filepath.Join(b.folder, "schemas", filepath.FromSlash(t.s)+".yaml")
	if ownSchema(t.s) {
		file = t.s
		if !filepath.IsAbs(file) {
			file = filepath.Join(b.folder, file)
		}
	} else if !fs.ValidPath(t.s) {
		b.at(t.at, "system/stream, or ./file.yaml", "%s is no name of a schema", t.shown())
		return "", nil, false
	}
	text, err := os.ReadFile(file)
	if err == nil {
		return file, text, true
	}
	if !errors.Is(err, fs.ErrNotExist) {
		b.at(t.at, "", "reading the schema: %v", errors.Unwrap(err))
		return "", nil, false
	}
	if b.schemas != nil && !ownSchema(t.s) {
		if text, err := fs.ReadFile(b.schemas, t.s+".yaml"); err == nil {
			return "schemas/" + t.s + ".yaml", text, true
		}
	}
	b.at(t.at, near(t.s, b.schemaNames()), "there is no schema %s", t.shown())
	return "", nil, false
}

// schemaNames returns the names that can be looked up.
func (b *builder) schemaNames() []string {
	var names []string
	collect := func(from fs.FS) {
		found, _ := fs.Glob(from, "*/*.yaml") // the pattern is right
		for _, f := range found {
			names = append(names, strings.TrimSuffix(f, ".yaml"))
		}
	}
	collect(os.DirFS(filepath.Join(b.folder, "schemas")))
	if b.schemas != nil {
		collect(b.schemas)
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// schemaMistakes adds what is wrong in a schema file.
func (b *builder) schemaMistakes(t textLeaf, file string, text []byte, err error) {
	all, ok := errors.AsType[schemas.Mistakes](err)
	if !ok {
		b.at(t.at, "", "%v", err)
		return
	}
	doc := newDocument(file, text)
	for _, m := range all {
		n := &node{doc: doc, line: m.Line, column: m.Column, path: m.Path}
		b.at(n, m.Hint, "%s", m.Message)
	}
}
