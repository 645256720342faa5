package transform

import (
	"math/bits"
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
	texts []textLabel // found by a hash of their codes, then by going on; a power of two, half of them free
	ints  map[int64]int32
	small [16]int32 // of the codes from 0 on: place + 1, or 0
}

type textLabel struct {
	code  string
	place int32 // + 1; 0: free
}

func newLabels(codes int) labels {
	return labels{texts: make([]textLabel, 2<<bits.Len(uint(codes))), ints: map[int64]int32{}}
}

func (l *labels) put(code string, place int32) {
	*l.slot([]byte(code)) = textLabel{code, place + 1}
	if v, err := strconv.ParseInt(code, 10, 64); err == nil {
		l.ints[v] = place
		if v >= 0 && v < int64(len(l.small)) {
			l.small[v] = place + 1
		}
	}
}

// slot returns where the label of a code is, or would be.
func (l *labels) slot(code []byte) *textLabel {
	hash := uint64(0)
	for _, c := range code {
		hash = bits.RotateLeft64(hash, 7) ^ uint64(c)
	}
	const odd = 0x9e3779b97f4a7c15 // spreads what differs over the highest bits
	for i := hash * odd >> 32; ; i++ {
		if slot := &l.texts[i&uint64(len(l.texts)-1)]; slot.place == 0 || slot.code == string(code) {
			return slot
		}
	}
}

func (l *labels) ofText(code []byte) (int32, bool) {
	place := l.slot(code).place
	return max(place-1, 0), place > 0
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
	f.labels = newLabels(len(c.Type.Labels))
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
