package load

import (
	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/format"
)

// A dataPage is a page that is being filled. Its values are encoded as they
// come, as far as that is possible, so that it takes little memory.
type dataPage struct {
	leaf     *leaf
	encoding format.Encoding
	rows     int
	slots    int
	values   int
	texts    int64 // bytes of texts
	reps     levels
	defs     levels
	indexes  []uint16 // RLEDictionary: numbers in the dictionary
	deltas   deltas   // DeltaBinaryPacked: values; DeltaLengthByteArray: lengths
	body     []byte   // Plain: values; DeltaLengthByteArray: texts
	bits     int      // Plain booleans: how many
	lengths  []int64  // scratch
	bounds   bounds
}

func (p *dataPage) reset(l *leaf, e format.Encoding) {
	p.leaf, p.encoding = l, e
	p.rows, p.slots, p.values, p.texts, p.bits = 0, 0, 0, 0, 0
	p.reps.reset(l.maxRep)
	p.defs.reset(l.maxDef)
	p.indexes, p.body = p.indexes[:0], p.body[:0]
	p.deltas.reset(l.kind != parquet.Int64)
	p.bounds.reset()
}

// size is about how many bytes the page takes, in memory as in the file.
func (p *dataPage) size() int {
	return len(p.reps.out) + len(p.defs.out) + 2*len(p.indexes) + p.deltas.size() + len(p.body)
}

// addLevels adds the rows, the levels and the counts of a vector. Most leaves
// have no nulls.
func (p *dataPage) addLevels(v *vector) {
	values, slots := v.values(p.leaf), v.slots(p.leaf)
	p.rows, p.slots, p.values = p.rows+v.rows, p.slots+slots, p.values+values
	if p.leaf.text {
		p.texts += int64(len(v.data))
	}
	if p.leaf.maxRep > 0 {
		p.reps.add(v.reps)
	}
	switch {
	case p.leaf.maxDef == 0:
	case values == slots:
		p.defs.repeat(p.leaf.maxDef, slots)
	default:
		p.defs.add(v.defs)
	}
}

// addValues adds the values of a vector, if the page has no dictionary.
func (p *dataPage) addValues(v *vector) {
	switch p.encoding {
	case format.DeltaBinaryPacked:
		p.deltas.add(v.ints)
	case format.DeltaLengthByteArray:
		p.addLengths(v.ends)
		p.body = append(p.body, v.data...)
	default:
		p.addPlain(v)
	}
	if p.leaf.text && p.leaf.bounds {
		p.bounds.addTexts(v.data, v.ends)
	}
}

func (p *dataPage) addLengths(ends []int) {
	p.lengths = p.lengths[:0]
	start := 0
	for _, end := range ends {
		p.lengths = append(p.lengths, int64(end-start))
		start = end
	}
	p.deltas.add(p.lengths)
}

func (p *dataPage) addPlain(v *vector) {
	switch {
	case p.leaf.text:
		p.body = appendPlainTexts(p.body, v.data, v.ends, p.leaf.kind)
	case p.leaf.kind != parquet.Boolean:
		p.body = appendPlainInts(p.body, v.ints, p.leaf.kind)
	default:
		for _, x := range v.ints {
			if p.bits%8 == 0 {
				p.body = append(p.body, 0)
			}
			p.body[len(p.body)-1] |= byte(x&1) << (p.bits % 8)
			p.bits++
		}
	}
}

// numbers tells whether the values are numbers of some bits, packed.
func (p *dataPage) numbers() bool {
	return p.encoding == format.RLEDictionary || p.encoding == format.DeltaBinaryPacked || p.leaf.kind == parquet.Boolean
}

// appendValues appends the values as they stand in the file. Nothing can be
// added to the page any more.
func (p *dataPage) appendValues(out []byte, d *dictionary) []byte {
	switch p.encoding {
	case format.RLEDictionary:
		return appendIndexes(out, p.indexes, d.len())
	case format.DeltaBinaryPacked:
		return p.deltas.end(out)
	case format.DeltaLengthByteArray:
		return append(p.deltas.end(out), p.body...)
	}
	return append(out, p.body...)
}
