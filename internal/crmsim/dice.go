package crmsim

// A dice gives a sequence of numbers that its start decides. It is SplitMix64
// (Steele, Lea, Flood: Fast splittable pseudorandom number generators, 2014),
// which is small, and here to stay the same whatever becomes of math/rand.
type dice uint64

// roll returns the next 64 bits.
func (d *dice) roll() uint64 {
	*d += 0x9e3779b97f4a7c15
	return mix(uint64(*d))
}

// below returns the next number from 0 up to, but without, n.
func (d *dice) below(n int64) int64 { return int64(d.roll() % uint64(n)) }

// mix spreads every bit of z over all bits.
func mix(z uint64) uint64 {
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}

// hash returns the FNV-1a hash of s.
func hash(s string) uint64 {
	h := uint64(14695981039346656037)
	for i := range len(s) {
		h = (h ^ uint64(s[i])) * 1099511628211
	}
	return h
}
