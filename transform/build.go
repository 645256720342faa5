package transform

import (
	"cmp"
	"errors"
	"fmt"

	"etl/internal/fault"
	"etl/schemas"

	"github.com/apache/arrow/go/v15/arrow/decimal128"
)

// A builder makes buffers from columns.
type builder struct {
	*scope
	key    []byte // of hashes
	places []Place
}

// fields makes the fields of a struct, or of the record, at a path.
func (b *builder) fields(columns []schemas.Column, path string) ([]*field, error) {
	b.addPlaces(columns, path)
	var all []*field
	for _, c := range columns {
		f := &field{scope: b.scope, column: c, path: joinPath(path, c.Name)}
		var err error
		if c.PII != "" {
			f.buffer, err = b.personal(c)
		} else {
			f.buffer, err = b.buffer(c, f.path)
		}
		if err != nil {
			return nil, columnError(f.path, err)
		}
		all = append(all, f)
	}
	return all, nil
}

// personal makes the buffer of a column that hides personal data.
func (b *builder) personal(c schemas.Column) (buffer, error) {
	if c.PII == schemas.PIIDrop {
		return &dropped{}, nil
	}
	f := &personal{typ: c.Type, hide: masked}
	if c.PII == schemas.PIIHash {
		f.hide = hashed(b.key)
	}
	if c.Type.Kind == schemas.Enum {
		f.typ = schemas.Type{Kind: c.Type.Code}
		c.Type = f.typ
	}
	var err error
	f.values, err = b.buffer(c, "")
	return f, err
}

func columnError(path string, err error) error {
	if _, told := errors.AsType[*fault.Error](err); told {
		return err
	}
	return fault.New(fault.Config, "column %s: %w", path, err)
}

// buffer makes the buffer of a column, or of the elements of a list.
func (b *builder) buffer(c schemas.Column, path string) (buffer, error) {
	t := c.Type
	switch t.Kind {
	case schemas.Bool:
		return &boolean{read: readBool(c.Loose)}, nil
	case schemas.Int32:
		return bounded(c, b.readInt32, cmp.Compare[int32])
	case schemas.Int64:
		return bounded(c, b.readInt64, cmp.Compare[int64])
	case schemas.Float64:
		return bounded(c, b.readFloat64(c.Loose), cmp.Compare[float64])
	case schemas.Decimal:
		return bounded(c, b.readDecimal(t.Precision, t.Scale, c.Round), decimal128.Num.Cmp)
	case schemas.Date:
		return bounded(c, ofText(b.scope, readDate), cmp.Compare[int32])
	case schemas.Time:
		return &fixed[int64]{dtype: arrowType(t), read: ofText(b.scope, readTime)}, nil
	case schemas.Timestamp:
		return b.timestamp(c)
	case schemas.Duration:
		return &fixed[int64]{dtype: arrowType(t), read: durations{b.scope, t.Forms}.read}, nil
	case schemas.String:
		return &text{read: b.readString(c.Loose)}, nil
	case schemas.UUID:
		return &text{read: ofText(b.scope, readUUID)}, nil
	case schemas.JSON:
		return &text{read: b.source}, nil
	case schemas.Enum:
		return b.enum(c)
	case schemas.List:
		return b.list(c, path)
	case schemas.Struct:
		return b.structure(c, path)
	}
	return nil, fmt.Errorf("unknown type %v", t)
}

// ofBound makes a bound look like a value in a record.
func ofBound(c schemas.Column, bound string) *node {
	if c.Type.Kind == schemas.Date || c.Type.Kind == schemas.Timestamp {
		return newNode(appendQuoted(nil, bound))
	}
	return newNode([]byte(bound))
}

// bounded makes a buffer whose values lie between the bounds of the column.
func bounded[T int32 | int64 | float64 | decimal128.Num](c schemas.Column, read func(*node) (T, error), compare func(T, T) int) (buffer, error) {
	f := &fixed[T]{dtype: arrowType(c.Type), read: read}
	for sign, bound := range map[int]string{-1: c.Min, 1: c.Max} {
		outside := errAbove
		if sign < 0 {
			outside = errBelow
		}
		if bound == "" {
			continue
		}
		limit, err := read(ofBound(c, bound))
		if err != nil {
			return nil, fmt.Errorf("reading the bound %s: %w", bound, err)
		}
		inner := f.within
		f.within = func(v T) error {
			if compare(v, limit) == sign {
				return outside
			}
			if inner != nil {
				return inner(v)
			}
			return nil
		}
	}
	return f, nil
}

func (b *builder) timestamp(c schemas.Column) (buffer, error) {
	r := timestamps{layouts: c.Type.Layouts, zone: b.zone}
	return bounded(c, ofText(b.scope, r.read), cmp.Compare[int64])
}

func (b *builder) list(c schemas.Column, path string) (buffer, error) {
	elements, err := b.buffer(*c.Type.Element, path)
	if err != nil {
		return nil, err
	}
	return &list{scope: b.scope, dtype: arrowType(c.Type), nulls: !c.Type.Element.Required, elements: elements}, nil
}

func (b *builder) structure(c schemas.Column, path string) (buffer, error) {
	place := len(b.places)
	fields, err := b.fields(c.Type.Fields, path)
	if err != nil {
		return nil, err
	}
	return &structure{scope: b.scope, place: place, dtype: arrowType(c.Type), loose: c.Loose, fields: fields}, nil
}
