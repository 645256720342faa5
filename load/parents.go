package load

import (
	"errors"
	"path"
	"regexp"
	"strings"

	"github.com/parquet-go/parquet-go"

	"etl/internal/fault"
	"etl/schemas"
)

// A Parent is a row that requests were made for, as the next run needs to know
// it.
type Parent struct {
	Text    string        // JSON object of its columns
	Changed string        // value at which it was asked; empty: NULL
	Keys    []schemas.Key // of the rows that the requests gave
}

// parentsLayout is that of a file of parents.
func parentsLayout() *layout {
	key := &column{name: "element", typ: parquet.FixedLenByteArrayType(len(schemas.Key{}))}
	return newLayout([]*column{
		{name: "parent", typ: textType()},
		{name: "changed", typ: textType(), optional: true},
		{name: "keys", list: true, children: []*column{key}},
	})
}

// A ParentsWriter writes the file of parents of a commit, one after the other.
type ParentsWriter struct {
	part    part
	options WriterOptions
}

// ParentsWriter starts a file of parents in the stage.
func (st *Stage) ParentsWriter() (*ParentsWriter, error) {
	w := &ParentsWriter{options: WriterOptions{}.withDefaults()}
	w.part = part{options: &w.options, layout: parentsLayout(), stage: st, name: "parents"}
	return w, nil
}

// Write adds a parent.
func (w *ParentsWriter) Write(p Parent) error {
	b := w.part.rowsBlock()
	parent, changed, keys := &b.vectors[0], &b.vectors[1], &b.vectors[2]
	parent.appendString(p.Text)
	changed.defs = append(changed.defs, 0)
	if p.Changed != "" {
		changed.defs[len(changed.defs)-1] = 1
		changed.appendString(p.Changed)
	}
	if len(p.Keys) == 0 {
		keys.defs, keys.reps = append(keys.defs, 0), append(keys.reps, 0)
	}
	for i := range p.Keys {
		keys.defs, keys.reps = append(keys.defs, 1), append(keys.reps, uint8(min(i, 1)))
		keys.appendBytes(p.Keys[i][:])
	}
	for i := range b.vectors {
		b.vectors[i].rows++
	}
	b.rows++
	return w.part.turn()
}

// Close ends the file and puts it under parents/, named by the SHA-256 of its
// bytes, where a commit may refer to it by the name that is returned. Without
// parents there is no file, and the name is empty.
func (w *ParentsWriter) Close() (name string, err error) {
	file, err := w.CloseStaged()
	if err != nil || file == nil {
		return "", err
	}
	st := w.part.stage
	name = file.SHA256 + parentsSuffix
	err = st.data.store.objects.move(path.Join(st.folder, file.Staged), st.data.state("parents", name))
	return name, stored(err, "writing the parents of %s", st.data.pipeline)
}

// CloseStaged ends the file and leaves it in the stage. Without parents there is
// none, and it returns nil.
func (w *ParentsWriter) CloseStaged() (*StagedFile, error) {
	if err := w.part.close(); err != nil {
		return nil, errors.Join(err, w.part.abort())
	}
	if len(w.part.files) > 1 {
		return nil, errors.Join(fault.New(fault.Data, "writing parents: more than one file holds"), w.part.abort())
	}
	if len(w.part.files) == 0 {
		return nil, nil
	}
	return &w.part.files[0], nil
}

// Abort gives up and removes the file.
func (w *ParentsWriter) Abort() error { return w.part.abort() }

// parentsSuffix ends the names of files of parents.
const parentsSuffix = ".parquet"

// parentsName is what files of parents are called.
var parentsName = regexp.MustCompile(`^[0-9a-f]{64}\.parquet$`)

// ReadParents passes on the parents of a commit, in the order in which they
// were written. A commit without parents has none.
func (d *Dataset) ReadParents(c *Commit, each func(Parent) error) error {
	if c.ParentsFile == "" {
		return nil
	}
	if !parentsName.MatchString(c.ParentsFile) {
		return fault.New(fault.Storage, "reading the parents of %s: commit %d names no file of parents", d.pipeline, c.Number)
	}
	b, err := d.store.objects.open(d.state("parents", c.ParentsFile))
	if err != nil {
		return stored(err, "reading the parents of %s", d.pipeline)
	}
	return readParents(b, c.ParentsFile, strings.TrimSuffix(c.ParentsFile, parentsSuffix), each)
}

// readParents passes on what a file of parents holds, and closes it.
func readParents(b blob, name, sum string, each func(Parent) error) error {
	return readBlob(b, name, sum, func(r *reader) error {
		l := parentsLayout()
		if err := r.matches(l); err != nil {
			return err
		}
		return r.blocks(l.leaves, func(b *block) error { return eachParent(b, each) })
	})
}

func eachParent(b *block, each func(Parent) error) error {
	parent, changed, keys := &b.vectors[0], &b.vectors[1], &b.vectors[2]
	nextChanged, nextKey, slot := 0, 0, 0
	for row := range b.rows {
		p := Parent{Text: string(parent.bytes(row))}
		if changed.defs[row] == 1 {
			p.Changed = string(changed.bytes(nextChanged))
			nextChanged++
		}
		for first := true; slot < len(keys.defs) && (first || keys.reps[slot] > 0); slot++ {
			first = false
			if keys.defs[slot] == 1 {
				p.Keys = append(p.Keys, schemas.Key(keys.bytes(nextKey)))
				nextKey++
			}
		}
		if err := each(p); err != nil {
			return err
		}
	}
	return nil
}
