package load

import (
	"errors"
	"fmt"
	"maps"
	"slices"

	"etl/internal/fault"
	"etl/schemas"
)

// A Merge brings new rows into the live files of a data set.
type Merge struct {
	Base     *Commit // whose live files are merged; nil: none
	Incoming []StagedFile
	// Remove says of each live row whether it leaves. It may be asked several
	// times about a row and must answer the same. The version is that of
	// Version, math.MinInt64 if it is NULL or there is no such column.
	Remove  func(key schemas.Key, version int64) bool
	Key     []string
	Version string

	// Between tells whether any row leaves whose key lies from low to high.
	// It serves where Key is one column of integers: files whose statistics
	// show that they hold no such row are not searched. Nil: all are. If only
	// rows leave for which new ones come, KeysBetween makes it.
	Between func(low, high int64) bool
}

// Merged is what a merge makes of a data set.
type Merged struct {
	Add     []StagedFile // files that come, in the order of their folders
	Replace []File       // live files that leave
	Removed int64        // rows that left
}

// Merge writes the partitions that lose rows or receive incoming ones anew:
// their live rows that stay, then the incoming ones, each in their order. All
// other files stay as they are, and so does an incoming file whose partition
// has no live rows. The options are those that the incoming files were written
// with.
func (st *Stage) Merge(o WriterOptions, m Merge) (Merged, error) {
	o = o.withDefaults()
	j := &merging{stage: st, merge: m, options: o, layout: schemaLayout(o.Schema), folders: map[string]*mergedFolder{}}
	if o.Name == "rows" {
		j.options.Name = "merged"
	} else {
		j.options.Name += "-merged"
	}
	keys, err := newKeyReader(j.layout, m.Key, m.Version)
	if err != nil {
		return Merged{}, err
	}
	j.keys = keys
	if err := j.survey(); err != nil {
		return Merged{}, err
	}
	if err := j.rewrite(); err != nil {
		return Merged{}, err
	}
	return j.merged, nil
}

// A merging is a merge under way.
type merging struct {
	stage   *Stage
	merge   Merge
	options WriterOptions
	layout  *layout
	keys    *keyReader
	folders map[string]*mergedFolder
	merged  Merged
}

// A mergedFolder is a partition, before and after.
type mergedFolder struct {
	live     []File
	incoming []StagedFile
	leaving  int64 // live rows
}

func (j *merging) folder(name string) *mergedFolder {
	f := j.folders[name]
	if f == nil {
		f = &mergedFolder{}
		j.folders[name] = f
	}
	return f
}

// survey reads keys and versions of all live rows, to learn which files lose
// rows.
func (j *merging) survey() error {
	for _, f := range j.merge.Incoming {
		into := j.folder(f.Folder)
		into.incoming = append(into.incoming, f)
	}
	if j.merge.Base == nil {
		return nil
	}
	for _, f := range j.merge.Base.Files {
		in := j.folder(j.stage.data.folderOf(f))
		in.live = append(in.live, f)
		if j.spared(f) {
			continue
		}
		err := j.stage.data.read(f, func(r *reader) error {
			if err := r.matches(j.layout); err != nil {
				return err
			}
			return r.blocks(j.keys.leaves(), func(b *block) error {
				return j.keys.each(b, func(_ int, key schemas.Key, version int64) error {
					if j.merge.Remove(key, version) {
						in.leaving++
					}
					return nil
				})
			})
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// rewrite writes the touched partitions anew, one after the other.
func (j *merging) rewrite() error {
	for n, name := range slices.Sorted(maps.Keys(j.folders)) {
		f := j.folders[name]
		switch {
		case len(f.incoming) == 0 && f.leaving == 0:
		case len(f.live) == 0:
			j.merged.Add = append(j.merged.Add, f.incoming...)
		default:
			if err := j.rewriteFolder(n, name, f); err != nil {
				return err
			}
		}
	}
	return nil
}

func (j *merging) rewriteFolder(n int, name string, f *mergedFolder) error {
	o := j.options
	o.Slice = f.live[0].Slice
	p := &part{
		options: &o, layout: j.layout, stage: j.stage, place: place{name, f.live[0].Partition},
		name: fmt.Sprintf("%s-%04d", o.Name, n+1),
	}
	err := j.copyFolder(p, f)
	if err == nil {
		err = p.close()
	}
	if err != nil {
		return errors.Join(err, p.abort())
	}
	j.merged.Add = append(j.merged.Add, p.files...)
	j.merged.Replace = append(j.merged.Replace, f.live...)
	j.merged.Removed += f.leaving
	return nil
}

func (j *merging) copyFolder(p *part, f *mergedFolder) error {
	left := f.leaving
	for _, live := range f.live {
		err := j.stage.data.read(live, func(r *reader) error {
			return r.blocks(j.layout.leaves, func(b *block) error {
				keep := all(b.rows)
				err := j.keys.each(b, func(row int, key schemas.Key, version int64) error {
					if j.merge.Remove(key, version) {
						keep[row] = false
						left--
					}
					return nil
				})
				if err != nil {
					return err
				}
				return p.copy(b, keep)
			})
		})
		if err != nil {
			return err
		}
	}
	if left != 0 {
		return fault.New(fault.Bug, "merging %s: the rows that leave have changed in between", p.folder)
	}
	for _, staged := range f.incoming {
		if err := j.copyStaged(p, staged); err != nil {
			return err
		}
	}
	return nil
}

func (j *merging) copyStaged(p *part, f StagedFile) error {
	in, err := j.stage.openFile(f)
	if err != nil {
		return err
	}
	return readBlob(in, f.Staged, f.SHA256, func(r *reader) error {
		if err := r.matches(j.layout); err != nil {
			return err
		}
		return r.blocks(j.layout.leaves, func(b *block) error { return p.copy(b, all(b.rows)) })
	})
}

// copy adds rows of a block and ends the row group if it takes too much memory.
func (p *part) copy(b *block, keep []bool) error {
	if err := p.add(b, keep); err != nil {
		return err
	}
	if p.size() > p.options.OpenBytes {
		return p.endGroup()
	}
	return nil
}
