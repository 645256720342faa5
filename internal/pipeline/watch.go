package pipeline

import (
	"etl/internal/jsonspan"
	"etl/transform"
)

// A spot is where something was first met.
type spot struct {
	Page int64 `json:"page"`
	Unit int   `json:"unit,omitempty"`
}

// A sighting is what the pages of a slice held at a place of the schema.
type sighting struct {
	Times int64                  `json:"times,omitempty"`
	Kinds transform.Kinds        `json:"kinds,omitempty"`
	First map[jsonspan.Kind]spot `json:"first,omitempty"` // page of the first value of each kind
}

// A stranger is a member that the schema does not know.
type stranger struct {
	Times int64 `json:"times"`
	First spot  `json:"first"`
}

// A watch gathers, page by page in plan order, what records hold. A shard
// leaves that of each unit in its manifest.
type watch struct {
	Seen     []sighting           `json:"seen"` // by place
	Unknown  map[string]*stranger `json:"unknown,omitempty"`
	Breaches map[string]int64     `json:"breaches,omitempty"` // by check and column: "min price"
	places   []transform.Place
}

// newWatch makes a watch for the places of the schema.
func (t *take) newWatch() (*watch, error) {
	d, err := transform.New(t.p.Schema, t.decoding())
	if err != nil {
		return nil, err
	}
	return &watch{
		places: d.Places(), Seen: make([]sighting, len(d.Places())),
		Unknown: map[string]*stranger{}, Breaches: map[string]int64{},
	}, nil
}

// add takes what a page held.
func (w *watch) add(b *transform.Batch, at spot) {
	for i, s := range b.Seen {
		if s != 0 {
			w.Seen[i].add(s.Times(), s.Kinds(), func(jsonspan.Kind) spot { return at })
		}
	}
	for path, n := range b.Unknown {
		w.stranger(path, n, at)
	}
	for breach, n := range b.Breaches {
		w.Breaches[breach.Check+" "+breach.Column] += n
	}
}

// join adds what the watch of a unit has gathered.
func (w *watch) join(of *watch, unit int) {
	for i, s := range of.Seen[:min(len(of.Seen), len(w.Seen))] {
		w.Seen[i].add(s.Times, s.Kinds, func(kind jsonspan.Kind) spot { return spot{s.First[kind].Page, unit} })
	}
	for path, s := range of.Unknown {
		w.stranger(path, s.Times, spot{s.First.Page, unit})
	}
	for breach, n := range of.Breaches {
		w.Breaches[breach] += n
	}
}

func (s *sighting) add(times int64, kinds transform.Kinds, first func(jsonspan.Kind) spot) {
	s.Times += times
	fresh := kinds &^ s.Kinds
	if fresh == 0 {
		return
	}
	s.Kinds |= fresh
	if s.First == nil {
		s.First = map[jsonspan.Kind]spot{}
	}
	for kind := jsonspan.Null; kind <= jsonspan.Object; kind++ {
		if fresh.Has(kind) {
			s.First[kind] = first(kind)
		}
	}
}

func (w *watch) stranger(path string, times int64, first spot) {
	if w.Unknown[path] == nil {
		w.Unknown[path] = &stranger{First: first}
	}
	w.Unknown[path].Times += times
}

// objects is what was seen of the objects that hold the column of a place.
func (w *watch) objects(p transform.Place) *sighting { return &w.Seen[p.Object] }

// counts returns how often each unknown member was met.
func (w *watch) counts() map[string]int64 {
	all := map[string]int64{}
	for path, s := range w.Unknown {
		all[path] = s.Times
	}
	return all
}
