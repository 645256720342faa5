package crmsim

import "iter"

// A stream is a kind of record that a source serves.
type stream struct {
	name  string
	rows  func() (lo, hi int64) // ordinals, after all that switches make happen
	form  form
	write func(e *encoder, n int64) bool // writes a record, and tells whether it can be loaded
}

// Streams returns the names of all streams, those that Truth knows.
func (s *Server) Streams() []string {
	var names []string
	for _, a := range apis() {
		for _, st := range s.sources[a.name].streams() {
			names = append(names, st.name)
		}
	}
	return names
}

// Truth returns what a data set of a stream should hold, in the order of its
// key: one JSON object per row with every column, in the order of the schema,
// and without a line break. It is the state after all that switches make
// happen; records that cannot be loaded are left out. A row is valid until the
// next one. An unknown stream has no rows.
//
// Null is null, and so is what is missing. Decimals are text with all digits of
// their scale, points in time are UTC with six digits, durations are integers
// of microseconds, JSON is text exactly as sent, UUIDs are in lower case, and
// an enum is followed by its label. The last column, _extra, is text: an object
// from path to value of the members that no column names.
func (s *Server) Truth(name string) iter.Seq[[]byte] {
	return func(yield func([]byte) bool) {
		for _, a := range apis() {
			for _, st := range s.sources[a.name].streams() {
				if st.name == name && !st.truth(yield) {
					return
				}
			}
		}
	}
}

// truth yields all rows, and tells whether more are wanted.
func (st stream) truth(yield func([]byte) bool) bool {
	e := &encoder{truth: true, form: st.form}
	lo, hi := st.rows()
	for n := lo; n < hi; n++ {
		e.buf = e.buf[:0]
		if st.write(e, n) && !yield(e.buf) {
			return false
		}
	}
	return true
}
