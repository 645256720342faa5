package load

import (
	"errors"
	"fmt"

	"etl/schemas"
)

// gatherBelow is the size below which staged files of one partition are put
// together: units are cut for the sake of reading, and readers of the data set
// want files that are worth opening.
const gatherBelow = 32 << 20

// A Unit is what a unit of a plan has staged.
type Unit struct {
	Files []StagedFile
	Drop  map[schemas.Key]bool // keys of its rows that leave: those of other units stay
}

// Gather makes of the files of units, in plan order, those of a commit: rows
// whose keys a unit drops leave, and small files of one partition become one.
// What comes out depends on the files and drops alone. Files that are fit to
// stay where they are keep their stage.
func (st *Stage) Gather(o WriterOptions, key []string, units []Unit) ([]StagedFile, error) {
	g := &gathering{stage: st, options: o.withDefaults(), folders: map[string][]gathered{}}
	g.layout = schemaLayout(o.Schema)
	var err error
	if len(key) > 0 {
		if g.keys, err = newKeyReader(g.layout, key, ""); err != nil {
			return nil, err
		}
	}
	var order []string
	for _, u := range units {
		for _, f := range u.Files {
			if _, known := g.folders[f.Folder]; !known {
				order = append(order, f.Folder)
			}
			g.folders[f.Folder] = append(g.folders[f.Folder], gathered{f, u.Drop})
		}
	}
	for n, name := range order {
		if err := g.folder(n, g.folders[name]); err != nil {
			return nil, err
		}
	}
	return g.files, nil
}

// A gathered is a file of a unit, and what leaves it.
type gathered struct {
	StagedFile
	drop map[schemas.Key]bool
}

func (f *gathered) fits() bool { return len(f.drop) == 0 && f.Bytes >= gatherBelow }

// A gathering is under way.
type gathering struct {
	stage   *Stage
	options WriterOptions
	layout  *layout
	keys    *keyReader // nil: there is no key, and nothing is dropped
	folders map[string][]gathered
	files   []StagedFile
}

// folder puts together what stands between files that stay as they are.
func (g *gathering) folder(n int, files []gathered) error {
	for part := 0; len(files) > 0; part++ {
		run := 0
		for run < len(files) && !files[run].fits() {
			run++
		}
		switch {
		case run == 0 || run == 1 && len(files[0].drop) == 0:
			g.files = append(g.files, files[0].StagedFile)
			run = 1
		default:
			if err := g.together(fmt.Sprintf("%s-%04d-%04d", g.options.Name, n+1, part+1), files[:run]); err != nil {
				return err
			}
		}
		files = files[run:]
	}
	return nil
}

// together writes files as one.
func (g *gathering) together(name string, files []gathered) error {
	o := g.options
	o.Slice = files[0].Slice
	p := &part{
		options: &o, layout: g.layout, stage: g.stage, place: place{files[0].Folder, files[0].Partition},
		name: name,
	}
	for i := range files {
		if err := g.copy(p, &files[i]); err != nil {
			return errors.Join(err, p.abort())
		}
	}
	if err := p.close(); err != nil {
		return errors.Join(err, p.abort())
	}
	g.files = append(g.files, p.files...)
	return nil
}

func (g *gathering) copy(p *part, f *gathered) error {
	in, err := g.stage.openFile(f.StagedFile)
	if err != nil {
		return err
	}
	return readBlob(in, f.Staged, f.SHA256, func(r *reader) error {
		if err := r.matches(g.layout); err != nil {
			return err
		}
		return r.blocks(g.layout.leaves, func(b *block) error {
			keep := all(b.rows)
			if len(f.drop) > 0 {
				err := g.keys.each(b, func(row int, key schemas.Key, _ int64) error {
					keep[row] = !f.drop[key]
					return nil
				})
				if err != nil {
					return err
				}
			}
			return p.copy(b, keep)
		})
	})
}
