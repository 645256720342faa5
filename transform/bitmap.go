package transform

// A bitmap holds a bit per value, least significant first. Those behind the last
// 0 are not written: all of them are 1.
type bitmap struct {
	bits  []byte
	n     int
	zeros int
}

func (m *bitmap) add(bit bool) {
	if !bit {
		m.clear()
	}
	m.n++
}

// push adds a bit of which nobody could guess what it is: the opposite of zero.
func (m *bitmap) push(zero byte) {
	i := uint(m.n) / 8
	if i >= uint(len(m.bits)) {
		m.extend()
	}
	m.bits[i] &^= zero << (uint(m.n) % 8)
	m.zeros += int(zero)
	m.n++
}

// clear makes the bit behind the last one a 0.
func (m *bitmap) clear() {
	m.extend()
	m.bits[uint(m.n)/8] &^= 1 << (uint(m.n) % 8)
	m.zeros++
}

// extend writes bits up to the place of the next one.
func (m *bitmap) extend() {
	for uint(len(m.bits)) <= uint(m.n)/8 {
		m.bits = append(m.bits, 0xff)
	}
}

func (m *bitmap) at(i int) bool { return i/8 >= len(m.bits) || m.bits[i/8]>>(i%8)&1 == 1 }

func (m *bitmap) truncate(n int) {
	if n == 0 {
		m.bits, m.n, m.zeros = m.bits[:0], 0, 0
		return
	}
	for i := n; i < min(m.n, 8*len(m.bits)); i++ {
		if !m.at(i) {
			m.bits[i/8] |= 1 << (i % 8)
			m.zeros--
		}
	}
	m.n = n
	m.bits = m.bits[:min(len(m.bits), (n+7)/8)]
}

// bytes returns all bits, with zeros behind the last of them. Then no more can
// be added.
func (m *bitmap) bytes() []byte {
	for len(m.bits) < (m.n+7)/8 {
		m.bits = append(m.bits, 0xff)
	}
	if m.n%8 > 0 {
		m.bits[m.n/8] &= 1<<(m.n%8) - 1
	}
	return m.bits
}
