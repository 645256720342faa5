package transform

import (
	"strconv"

	"etl/schemas"

	"github.com/apache/arrow/go/v15/arrow"
)

// A coded buffer holds codes of an enum.
type coded interface {
	buffer
	place(l *labels, i int) (place int32, labelled bool)
}

// Labels tell, for each code of an enum, the place of its label in the
// dictionary.
type labels struct {
	texts map[string]int32
	ints  map[int64]int32
	small [16]int32 // of the codes from 0 on: place + 1, or 0
}

func (l *labels) put(code string, place int32) {
	l.texts[code] = place
	if v, err := strconv.ParseInt(code, 10, 64); err == nil {
		l.ints[v] = place
		if v >= 0 && v < int64(len(l.small)) {
			l.small[v] = place + 1
		}
	}
}

func (l *labels) ofInt(code int64) (int32, bool) {
	if code >= 0 && code < int64(len(l.small)) {
		place := l.small[code]
		return max(place-1, 0), place > 0
	}
	place, labelled := l.ints[code]
	return place, labelled
}

// An enum buffer holds codes, and for each code the place of its label in the
// dictionary.
type enum struct {
	*scope
	codes  coded
	labels labels
	texts  arrow.ArrayData
	valid  bitmap
	places []int32
}

func (f *enum) add(n *node) error {
	if err := f.codes.add(n); err != nil {
		return err
	}
	f.label()
	return nil
}

// label labels the newest code.
func (f *enum) label() {
	place, labelled := f.codes.place(&f.labels, f.codes.len()-1)
	if !labelled {
		f.counts.Unlabelled++
	}
	f.valid.add(labelled)
	f.places = append(f.places, place)
}

func (f *enum) null() {
	f.codes.null()
	f.valid.add(false)
	f.places = append(f.places, 0)
}

func (f *enum) len() int { return len(f.places) }

func (f *enum) truncate(n int) {
	f.codes.truncate(n)
	f.valid.truncate(n)
	f.places = f.places[:n]
}

func (f *enum) arrays(w *wrapper, out []arrow.ArrayData) []arrow.ArrayData {
	return append(f.codes.arrays(w, out), w.wrapLabels(&f.valid, f.places, f.texts))
}

func (f *enum) key(b *schemas.KeyBuilder, i int) { f.codes.key(b, i) }

// enum makes the buffer of an enum, with all its labels in the order of the
// schema; equal texts share a place.
func (b *builder) enum(c schemas.Column) (buffer, error) {
	codes := c
	codes.Type = schemas.Type{Kind: c.Type.Code}
	inner, err := b.buffer(codes, "")
	if err != nil {
		return nil, err
	}
	f := &enum{scope: b.scope, codes: inner.(coded)}
	f.labels = labels{texts: map[string]int32{}, ints: map[int64]int32{}}
	var texts text
	places := map[string]int32{}
	for _, l := range c.Type.Labels {
		place, known := places[l.Text]
		if !known {
			place = int32(texts.len())
			places[l.Text] = place
			if err := texts.append([]byte(l.Text)); err != nil {
				return nil, err
			}
		}
		f.labels.put(l.Code, place)
	}
	var alone *wrapper
	f.texts = texts.arrays(alone, nil)[0]
	return f, nil
}
