package load

import (
	"encoding/binary"
	"math"

	"etl/internal/fault"
	"etl/schemas"
)

// A keyReader makes the keys of stored rows, equal to those that transform
// makes of records, and reads their versions.
type keyReader struct {
	key     []*column
	version *column // nil: none
	builder schemas.KeyBuilder
}

func newKeyReader(l *layout, key []string, version string) (*keyReader, error) {
	k := &keyReader{}
	for _, name := range key {
		c := l.column(name)
		if c == nil || c.leaf == nil || c.source.Kind == schemas.Float64 {
			return nil, fault.New(fault.Config, "reading keys: column %s is missing, or of a type that is no key", name)
		}
		k.key = append(k.key, c)
	}
	if version == "" {
		return k, nil
	}
	k.version = l.column(version)
	if k.version == nil || k.version.leaf == nil || k.version.leaf.text || k.version.source.Kind == schemas.Float64 {
		return nil, fault.New(fault.Config, "reading versions: column %s is missing, or no integer and no time", version)
	}
	return k, nil
}

// leaves returns the leaves that keys and versions are made of.
func (k *keyReader) leaves() (leaves []*leaf) {
	for _, c := range k.key {
		leaves = append(leaves, c.leaf)
	}
	if k.version != nil {
		leaves = append(leaves, k.version.leaf)
	}
	return leaves
}

// each passes on the key and the version of each row of a block.
func (k *keyReader) each(b *block, do func(row int, key schemas.Key, version int64) error) error {
	next := make([]int, len(k.key)) // places among the values that are not null
	nextVersion := 0
	for row := range b.rows {
		for i, c := range k.key {
			v := &b.vectors[c.leaf.index]
			if c.optional && v.defs[row] == 0 {
				k.builder.Null()
				continue
			}
			k.add(v, next[i], c)
			next[i]++
		}
		version := int64(math.MinInt64)
		if c := k.version; c != nil {
			if v := &b.vectors[c.leaf.index]; !c.optional || v.defs[row] > 0 {
				version = v.ints[nextVersion]
				nextVersion++
			}
		}
		if err := do(row, k.builder.Sum(), version); err != nil {
			return err
		}
	}
	return nil
}

func (k *keyReader) add(v *vector, i int, c *column) {
	switch {
	case c.source.Kind == schemas.Decimal && c.leaf.text:
		b := v.bytes(i)
		k.builder.Decimal(int64(binary.BigEndian.Uint64(b)), binary.BigEndian.Uint64(b[8:]))
	case c.source.Kind == schemas.Decimal:
		k.builder.Decimal(v.ints[i]>>63, uint64(v.ints[i]))
	case c.leaf.text:
		k.builder.Text(v.bytes(i))
	default:
		k.builder.Int(v.ints[i])
	}
}
