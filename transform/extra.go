package transform

// An extra gathers what no column has taken from a record.
type extra struct {
	*scope
	private *private         // what has no place here
	json    []byte           // the value of _extra, so far
	unknown map[string]int64 // of the record: pattern of the path → how often
	told    map[string]int64 // of the page
}

// reset makes e ready for the next record.
func (e *extra) reset() {
	e.json = e.json[:0]
	if len(e.unknown) > 0 {
		clear(e.unknown)
	}
}

// value returns the JSON object from path to exact text; nil if it is empty.
func (e *extra) value() []byte {
	if len(e.json) == 0 {
		return nil
	}
	return append(e.json, '}')
}

// gather walks an opened object or list in the order of the text.
func (e *extra) gather(n *node) error {
	for _, child := range n.members {
		if err := e.visit(child); err != nil {
			return err
		}
	}
	for _, child := range n.elements {
		if err := e.visit(child); err != nil {
			return err
		}
	}
	return nil
}

// tell counts the unknown members of an accepted record.
func (e *extra) tell() {
	for path, n := range e.unknown {
		e.told[path] += n
	}
}

func (e *extra) visit(n *node) error {
	switch {
	case n.misfit:
		return e.keep(n)
	case n.whole:
		return nil
	case n.opened:
		return e.gather(n)
	}
	e.unknown[n.pattern()]++
	return e.keep(n)
}

func (e *extra) keep(n *node) error {
	source, err := e.source(n)
	if err != nil {
		return refuse(n, err)
	}
	if inside := e.private.of(n); inside != nil {
		source = inside.redact(nil, source)
	}
	e.put([]byte(n.path()), source)
	return nil
}

// put appends a value and the path that leads to it.
func (e *extra) put(path, source []byte) {
	separator := byte(',')
	if len(e.json) == 0 {
		separator = '{'
	}
	e.json = append(appendQuoted(append(e.json, separator), path), ':')
	e.json = append(e.json, source...)
}

// appendQuoted appends text as a JSON string, with as few escapes as RFC 8259
// allows.
func appendQuoted[T string | []byte](b []byte, text T) []byte {
	const hex = "0123456789abcdef"
	b = append(b, '"')
	for _, c := range []byte(text) {
		switch {
		case c == '"' || c == '\\':
			b = append(b, '\\', c)
		case c < 0x20:
			b = append(b, '\\', 'u', '0', '0', hex[c>>4], hex[c&15])
		default:
			b = append(b, c)
		}
	}
	return append(b, '"')
}
