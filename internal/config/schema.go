package config

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
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
	found, err := b.findSchema(t.s, nil)
	if err != nil {
		b.at(t.at, err.hint, "%s", strings.ReplaceAll(err.message, strconv.Quote(t.s), t.shown()))
		return nil
	}
	s, known := b.read[found.file]
	if !known {
		s = b.readSchema(t, found, nil)
		b.read[found.file] = s
	}
	if s == nil {
		return nil
	}
	s = s.WithDefaults(d.keys.Defaults.defaults())
	if err := s.Check(); err != nil {
		b.at(t.at, "", "schema %s: %v", s.Name, err)
	}
	return s
}

// readSchema reads a schema file, and those that it extends; chain is the files
// that extend it. It is nil after a mistake.
func (b *builder) readSchema(t textLeaf, f schemaFile, chain []schemaFile) *schemas.Schema {
	chain = append(chain, f)
	s, err := schemas.ParseOver(f.name, f.text, func(name string) (*schemas.Schema, error) {
		base, err := b.findSchema(name, chain)
		if err != nil {
			return nil, errors.New(err.message)
		}
		if s := b.readSchema(t, base, chain); s != nil {
			return s, nil
		}
		return nil, fmt.Errorf("%s has mistakes of its own", base.file)
	})
	if err != nil {
		b.schemaMistakes(t, f.file, f.text, err)
		return nil
	}
	return s
}

// ownSchema tells a file beside the configuration from a name to look up.
func ownSchema(name string) bool {
	return strings.HasPrefix(name, "./") || strings.HasPrefix(name, "../") || filepath.IsAbs(name) || strings.HasSuffix(name, ".yaml")
}

// A schemaFile is a schema that was found.
type schemaFile struct {
	name, file string
	binary     bool // it is the one in the binary
	text       []byte
}

// in tells whether f is in a chain of files.
func (f schemaFile) in(chain []schemaFile) bool {
	return slices.ContainsFunc(chain, func(g schemaFile) bool { return g.file == f.file && g.binary == f.binary })
}

// A schemaProblem says why a schema was not found.
type schemaProblem struct{ message, hint string }

// findSchema returns the text of a schema: ./x.yaml from beside the
// configuration, system/stream from the folder schemas beside it, else from the
// binary. Files of the chain, which extend it, are passed over: beside the
// configuration rental/request may extend rental/request in the binary.
func (b *builder) findSchema(name string, chain []schemaFile) (schemaFile, *schemaProblem) {
	own := ownSchema(name)
	f := schemaFile{name: name, file: filepath.Join(b.folder, "schemas", filepath.FromSlash(name)+".yaml")}
	if own {
		f.name, f.file = strings.TrimSuffix(filepath.Base(name), ".yaml"), name
		if !filepath.IsAbs(name) {
			f.file = filepath.Join(b.folder, name)
		}
	} else if !fs.ValidPath(name) {
		return f, &schemaProblem{strconv.Quote(name) + " is no name of a schema", "system/stream, or ./file.yaml"}
	}
	again := f.in(chain)
	if !again {
		var err error
		if f.text, err = schemas.ReadFile(f.file); err == nil {
			return f, nil
		}
		if !errors.Is(err, fs.ErrNotExist) {
			return f, &schemaProblem{fmt.Sprintf("reading the schema: %v", errors.Unwrap(err)), ""}
		}
	}
	if b.schemas != nil && !own {
		text, err := fs.ReadFile(b.schemas, name+".yaml")
		f.file, f.binary, f.text = "schemas/"+name+".yaml", true, text
		if err == nil && !f.in(chain) {
			return f, nil
		}
		again = again || err == nil
	}
	if again {
		return f, &schemaProblem{fmt.Sprintf("schema %q extends itself", name), ""}
	}
	return f, &schemaProblem{fmt.Sprintf("there is no schema %q", name), near(name, b.schemaNames())}
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
