package load

import (
	"errors"
	"fmt"
	"path"
)

// A part is one partition that is being written: rows gather in a block, blocks
// make row groups, row groups make files.
type part struct {
	place
	options *WriterOptions
	layout  *layout
	stage   *Stage
	name    string // what its files are named after
	spill   *spill // where rows wait until other partitions are done; nil: it is open
	block   block
	file    *parquetFile // nil: none is open
	files   []StagedFile // closed ones
	encoded int64        // bytes of the open row group, blocks not counted in
	rows    []int32      // rows of the segment in hand
	todo    []int32      // those of them that are left
	now     []int32      // those of them whose turn it is
}

// rowsBlock returns the block that rows gather in.
func (p *part) rowsBlock() *block {
	switch {
	case p.block.vectors != nil:
	case p.spill != nil:
		p.block = p.spill.empty()
	default:
		p.block = newBlock(len(p.layout.leaves))
	}
	return &p.block
}

// room is how many rows the block still takes: a row group ends with a block.
func (p *part) room() int {
	rows := blockRows
	if p.file != nil {
		rows = min(rows, p.options.RowGroupRows-int(p.file.openRows))
	}
	return min(rows, p.options.RowGroupRows) - p.block.rows
}

// turn encodes the block if it is full.
func (p *part) turn() error {
	if p.room() > 0 {
		return nil
	}
	if p.spill != nil {
		return p.spill.write(p)
	}
	return p.endBlock()
}

// size is what the part takes in memory, in bytes.
func (p *part) size() int64 { return p.encoded + p.block.size() }

// packed is how much memory its packed pages take.
func (p *part) packed() int64 {
	if p.file == nil {
		return 0
	}
	return p.file.set.packing.shelf.held()
}

// endBlock encodes the rows of the block. The first ones of a file decide how
// its columns are encoded.
func (p *part) endBlock() error {
	if p.block.rows == 0 {
		return nil
	}
	if p.file == nil {
		name := fmt.Sprintf("%s-%d.part", p.name, len(p.files)+1)
		file, err := newParquetFile(p.stage, name, p.layout, &p.block)
		if err != nil {
			return err
		}
		p.file = file
	}
	if err := p.file.write(&p.block); err != nil {
		return err
	}
	p.block.reset()
	p.encoded = p.file.size()
	if p.file.openRows >= int64(p.options.RowGroupRows) {
		return p.endGroup()
	}
	return nil
}

// endGroup ends the row group, and the file if it is long enough.
func (p *part) endGroup() error {
	if err := p.endBlock(); err != nil || p.file == nil {
		return err
	}
	if err := p.file.flush(); err != nil {
		return err
	}
	p.encoded = 0
	if p.file.written < maxFileBytes {
		return nil
	}
	return p.endFile()
}

func (p *part) endFile() error {
	file := p.file
	p.file = nil
	staged, err := file.close()
	if err != nil {
		return err
	}
	staged.Folder, staged.Partition, staged.Slice = p.folder, p.values, p.options.Slice
	p.files = append(p.files, staged)
	return nil
}

// add appends the rows of a block that keep marks.
func (p *part) add(b *block, keep []bool) error {
	at := make([]cursor, len(b.vectors))
	for len(keep) > 0 {
		n, kept := 0, 0
		for room := p.room(); n < len(keep) && kept < room; n++ {
			if keep[n] {
				kept++
			}
		}
		to := p.rowsBlock()
		for i, leaf := range p.layout.leaves {
			b.vectors[i].take(&to.vectors[i], leaf, &at[i], keep[:n])
		}
		to.rows += kept
		keep = keep[n:]
		if p.room() == 0 {
			if err := p.endBlock(); err != nil {
				return err
			}
		}
	}
	return nil
}

// close ends the last file, and gives the memory back.
func (p *part) close() error {
	if err := p.endGroup(); err != nil {
		return err
	}
	p.block = block{}
	if p.file == nil {
		return nil
	}
	return p.endFile()
}

// abort removes the files of the part.
func (p *part) abort() (err error) {
	if p.file != nil {
		err = p.file.abort()
		p.file = nil
	}
	for _, f := range p.files {
		err = errors.Join(err, p.stage.discard(f.Staged))
	}
	p.files = nil
	return err
}

// discard removes a file of the stage.
func (st *Stage) discard(name string) error {
	return stored(st.data.store.objects.remove(path.Join(st.folder, name)), "removing %s of %s", name, st.data.pipeline)
}
