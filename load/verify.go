package load

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strconv"
	"strings"

	"etl/schemas"
)

// A Finding is something that is not as a commit says.
type Finding struct {
	File string // name below the destination
	What string // what is wrong with it; never a value of a row
}

// Verify holds a data set against a commit, which is the newest published one
// as a rule. Each file must be there with its size, its hash, its rows, the
// columns of the schema and the partition that its folder names; the counts,
// slices and proof of the commit must agree with the files and with each other;
// and in data/ there must be nothing that no commit lists. A deep look also
// reads all keys, and makes sure that none comes twice: in memory that does not
// grow with the rows, with runs of sorted keys in a stage of its own.
//
// It returns everything that it finds; an error says that it could not look.
func (d *Dataset) Verify(c *Commit, deep bool) (findings []Finding, err error) {
	l, err := storedLayout(c.Schema)
	if err != nil {
		return nil, d.corrupt(c.Number, "%w", err)
	}
	v := &verifier{Dataset: d, commit: c, layout: l}
	if deep && len(c.Schema.Key) > 0 {
		if err := v.collectKeys(); err != nil {
			return nil, err
		}
		defer func() { err = errors.Join(err, v.keys.close()) }()
	}
	for _, f := range c.Files {
		if err := v.file(f); err != nil {
			return nil, err
		}
	}
	for _, look := range []func() error{v.details, v.strangers, v.counts, v.duplicates} {
		if err := look(); err != nil {
			return nil, stored(err, "verifying %s", d.pipeline)
		}
	}
	return v.findings, nil
}

// A verifier is a verification under way.
type verifier struct {
	*Dataset
	commit   *Commit
	layout   *layout
	keys     *keyCheck // nil: keys are not looked at
	findings []Finding
}

func (v *verifier) find(file, format string, args ...any) {
	v.findings = append(v.findings, Finding{file, fmt.Sprintf(format, args...)})
}

// file looks at one live file.
func (v *verifier) file(f File) error {
	v.name(f)
	b, ok := v.whole(f)
	if !ok {
		return nil
	}
	err := v.content(b, f)
	return errors.Join(err, stored(b.Close(), "reading %s", f.Path))
}

// whole opens a file if it has the bytes that it was written with.
func (v *verifier) whole(f File) (b blob, ok bool) {
	b, err := v.store.objects.open(f.Path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		v.find(f.Path, "it is missing")
		return nil, false
	case err != nil:
		v.find(f.Path, "it cannot be opened: %v", err)
		return nil, false
	}
	if b.Size() != f.Bytes {
		v.find(f.Path, "it has %d bytes, the commit says %d", b.Size(), f.Bytes)
	} else if err := checkSum(b, f.Path, f.SHA256); err != nil {
		v.find(f.Path, "%v", err)
	} else {
		return b, true
	}
	_ = b.Close() // only read
	return nil, false
}

// content looks into a file, whose bytes are as they were written.
func (v *verifier) content(b blob, f File) error {
	r, err := newReader(b, f.Path)
	if err != nil {
		v.find(f.Path, "%v", err)
		return nil
	}
	if n := r.file.NumRows(); n != f.Rows {
		v.find(f.Path, "it has %d rows, the commit says %d", n, f.Rows)
	}
	if err := r.matches(v.layout); err != nil {
		v.find(f.Path, "its columns or types are not those of the commit")
		return nil
	}
	v.bounds(r, f)
	if v.keys == nil {
		return nil
	}
	err = v.keys.add(r, f)
	if broken := (*brokenFile)(nil); errors.As(err, &broken) {
		v.find(f.Path, "%v", broken.err)
		return nil
	}
	return err
}

// name holds the name of a file against the partition that the commit gives
// it.
func (v *verifier) name(f File) {
	match := liveName.FindStringSubmatch(path.Base(f.Path))
	if path.Dir(f.Path) != path.Join(v.data(), v.folderOf(f)) || match == nil {
		v.find(f.Path, "it does not lie where files of %s do", v.pipeline)
		return
	}
	if n, err := strconv.ParseInt(match[1], 10, 64); err != nil || n < 1 || n > v.commit.Number {
		v.find(f.Path, "its name tells of a commit that is not before commit %d", v.commit.Number)
	}
	want := map[string]bool{}
	for key, value := range f.Partition {
		want[folderName(key, value)] = true
	}
	folder := v.folderOf(f)
	if f.Slice != "" {
		first, rest, _ := strings.Cut(folder, "/")
		if first != folderName(sliceKey, f.Slice) {
			v.find(f.Path, "its folder is not that of its slice, %s", f.Slice)
			return
		}
		folder = rest
	}
	for name := range strings.SplitSeq(folder, "/") {
		if !want[name] && name != "" {
			v.find(f.Path, "its folder names the partition %s, the commit does not", name)
		}
		delete(want, name)
	}
	for name := range want {
		v.find(f.Path, "its partition is %s, which its folder does not name", name)
	}
}

// details looks for what the commit refers to beside files of data/.
func (v *verifier) details() error {
	if f := v.commit.Rejects; f != nil {
		if b, ok := v.whole(*f); ok {
			_ = b.Close() // only read
		}
	}
	for _, name := range v.attached(v.commit) {
		sum, err := v.store.sum(name)
		base := path.Base(name)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			v.find(name, "it is missing")
		case err != nil:
			v.find(name, "it cannot be read: %v", err)
		case sum != strings.TrimSuffix(base, path.Ext(base)):
			v.find(name, "it is damaged: its SHA-256 is %s", sum)
		}
	}
	return nil
}

// strangers looks for what no commit lists. Files of a commit that is being
// published at the moment are none.
func (v *verifier) strangers() error {
	listed := v.commit.live()
	for _, find := range []func() (*Commit, error){v.Newest, v.Published} {
		c, err := find()
		if err != nil {
			return err
		}
		for _, f := range c.Files {
			listed[f.Path] = f
		}
	}
	names, err := v.store.objects.list(v.data())
	if err != nil {
		return err
	}
	for _, name := range names {
		if _, ok := listed[name]; !ok && !strings.HasPrefix(name, v.data()+"/"+accountFolder) {
			v.find(name, "it lies in data/, but no commit lists it as live")
		}
	}
	return nil
}

// storedLayout returns the columns of the files of a data set, from what a
// commit says about them.
func storedLayout(ref SchemaRef) (*layout, error) {
	columns, err := columnsOf(ref.Columns)
	return newLayout(fieldColumns(columns)), err
}

func columnsOf(stored []StoredColumn) (columns []schemas.Column, err error) {
	for _, s := range stored {
		c := schemas.Column{Name: s.Name, Required: s.Required}
		if c.Type, err = typeOf(s); err != nil {
			return nil, err
		}
		columns = append(columns, c)
	}
	return columns, nil
}

// typeOf reads a type as a commit writes it.
func typeOf(s StoredColumn) (t schemas.Type, err error) {
	fields, err := columnsOf(s.Fields)
	if err != nil {
		return t, err
	}
	if n, err := fmt.Sscanf(s.Type, "decimal(%d,%d)", &t.Precision, &t.Scale); n == 2 && err == nil {
		t.Kind = schemas.Decimal
		return t, nil
	}
	for k := schemas.Bool; k <= schemas.Struct; k++ {
		if k.String() == s.Type && k != schemas.Decimal && k != schemas.Enum {
			t.Kind = k
		}
	}
	switch {
	case t.Kind == schemas.Struct:
		t.Fields = fields
	case t.Kind == schemas.List && len(fields) == 1:
		t.Element = &fields[0]
	case t.Kind == schemas.List || t.Kind == 0:
		return t, fmt.Errorf("column %s has the type %q, which is none", s.Name, s.Type)
	}
	return t, nil
}

// proofs are the words for a proof, from the weakest.
var proofs = []string{"answered", "walked", "counted", "settled"}

// strength tells how strong a proof is, from 0; -1 for a word that is none.
func strength(proof string) int { return slices.Index(proofs, proof) }
