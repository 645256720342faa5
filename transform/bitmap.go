package transform

// A bitmap holds a bit per value, least significant first. As long as all of
// them are set it holds their number alone.
type bitmap struct {
	bits []byte // of no meaning while set == n
	n    int
	set  int
}

func (m *bitmap) add(bit bool) {
	if bit && m.set == m.n {
		m.set++
		m.n++
		return
	}
	m.push(bit)
}

func (m *bitmap) push(bit bool) {
	if m.set == m.n {
		m.fill()
	}
	if m.n%8 == 0 {
		m.bits = append(m.bits, 0)
	}
	if bit {
		m.bits[m.n/8] |= 1 << (m.n % 8)
		m.set++
	}
	m.n++
}

// fill writes the bits that are all set.
func (m *bitmap) fill() {
	m.bits = m.bits[:0]
	for range m.n / 8 {
		m.bits = append(m.bits, 0xff)
	}
	if m.n%8 > 0 {
		m.bits = append(m.bits, 1<<(m.n%8)-1)
	}
}

func (m *bitmap) at(i int) bool { return m.set == m.n || m.bits[i/8]>>(i%8)&1 == 1 }

func (m *bitmap) truncate(n int) {
	if m.set == m.n {
		m.n, m.set = n, n
		return
	}
	for m.n > n && n > 0 {
		m.n--
		if m.bits[m.n/8]>>(m.n%8)&1 == 1 {
			m.bits[m.n/8] &^= 1 << (m.n % 8)
			m.set--
		}
	}
	if n == 0 {
		m.n, m.set = 0, 0
	}
	m.bits = m.bits[:(m.n+7)/8]
}

// bytes returns the bits.
func (m *bitmap) bytes() []byte {
	if m.set == m.n {
		m.fill()
	}
	return m.bits
}
