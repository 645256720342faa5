package load

import (
	"path"

	"github.com/apache/arrow/go/v15/arrow"
)

// A splitter finds the partition of each row. It numbers the partitions in the
// order in which they first appear, and moves no values.
type splitter struct {
	slice  string
	levels []*level
	paths  map[[2]int32]int32 // node above and number on the next level → node below
	nodes  []int32            // partition of a leaf node, by node; -1: not met
	known  []place
}

// A place is where the rows of a partition belong.
type place struct {
	folder string
	values map[string]string // by key, not encoded; nil without partitions
}

func newSplitter(o *WriterOptions, l *layout) (*splitter, error) {
	s := &splitter{slice: o.Slice, paths: map[[2]int32]int32{}, nodes: []int32{-1}}
	for _, p := range o.Partition {
		v, err := newLevel(p, l, o.Zone)
		if err != nil {
			return nil, err
		}
		s.levels = append(s.levels, v)
	}
	return s, nil
}

// partition returns the number of the partition of a row.
func (s *splitter) partition(rec arrow.Record, row int) int32 {
	node := int32(0)
	for _, v := range s.levels {
		edge := [2]int32{node, v.number(rec.Column(v.column), row)}
		if edge != v.edge || v.below == 0 {
			v.edge, v.below = edge, s.below(edge)
		}
		node = v.below
	}
	if s.nodes[node] < 0 {
		s.nodes[node] = int32(len(s.known))
		s.known = append(s.known, s.place(rec, row))
	}
	return s.nodes[node]
}

// below returns the node that an edge leads to; never 0, the uppermost.
func (s *splitter) below(edge [2]int32) int32 {
	next, known := s.paths[edge]
	if !known {
		next = int32(len(s.nodes))
		s.paths[edge] = next
		s.nodes = append(s.nodes, -1)
	}
	return next
}

// place describes the partition of a row.
func (s *splitter) place(rec arrow.Record, row int) place {
	var p place
	if s.slice != "" {
		p.folder = folderName(sliceKey, s.slice)
	}
	for _, v := range s.levels {
		value := v.values[v.number(rec.Column(v.column), row)]
		if p.values == nil {
			p.values = map[string]string{}
		}
		p.values[v.key] = value
		p.folder = path.Join(p.folder, folderName(v.key, value))
	}
	return p
}
