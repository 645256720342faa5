package jsonspan

import (
	"encoding/binary"
	"math/bits"
)

// A Content says what a string holds beside text that may be taken as it is.
type Content byte

// What a string may hold.
const (
	Escapes Content = 1 << iota // backslashes, and what they stand for
	Wide                        // bytes above ASCII that were not found to be UTF-8
)

const (
	ones  = 0x0101010101010101
	highs = 0x8080808080808080
)

// StringEnd returns the end of the string whose opening quote stands at pos, and
// what is in it; -1 if there is none that RFC 8259 knows.
func StringEnd(text []byte, pos int) (end int, holds Content) {
	if uint(pos) >= uint(len(text)) || text[pos] != '"' {
		return -1, 0
	}
	for pos++; pos <= len(text)-8; pos += 8 {
		x := binary.LittleEndian.Uint64(text[pos : pos+8])
		// The bytes that are a quote, a backslash, a control character or above
		// ASCII; perhaps some behind the first of them too.
		special := ((x ^ ones*'"' - ones) | (x ^ ones*'\\' - ones) | (x - ones*0x20) | x) & highs
		if special == 0 {
			continue
		}
		if pos += bits.TrailingZeros64(special) / 8; text[pos] == '"' {
			return pos + 1, 0
		}
		break
	}
	return stringEnd(text, pos)
}

// stringEnd is StringEnd from a place inside the string on, behind nothing but
// plain ASCII.
func stringEnd(text []byte, i int) (end int, holds Content) {
	odd, open := uint64(0), uint64(0)
	for len(text)-i >= 8 {
		x := binary.LittleEndian.Uint64(text[i : i+8])
		n := plain(x)
		wrong, next := pairs(x&(1<<(8*n)-1), open)
		odd, open = odd|wrong, next
		if n == 8 {
			i += 8
			continue
		}
		switch i += n; text[i] {
		case '"':
			if odd != 0 {
				holds |= Wide
			}
			return i + 1, holds
		case '\\':
			if n = escape(text[i:]); n < 0 {
				return -1, 0
			}
			i, holds = i+n, holds|Escapes
		default:
			return -1, 0
		}
	}
	if odd|open != 0 {
		holds |= Wide
	}
	return lastEnd(text, i, holds)
}

// lastEnd is stringEnd near the end of the text.
func lastEnd(text []byte, i int, holds Content) (int, Content) {
	for i < len(text) {
		switch c := text[i]; {
		case c == '"':
			return i + 1, holds
		case c == '\\':
			n := escape(text[i:])
			if n < 0 {
				return -1, 0
			}
			i, holds = i+n, holds|Escapes
		case c < 0x20:
			return -1, 0
		default:
			if c >= 0x80 {
				holds |= Wide
			}
			i++
		}
	}
	return -1, 0
}

// plain returns how many of eight bytes come before a quote, a backslash or a
// control character. A byte is zero where subtracting 1 borrows; a borrow that
// runs on marks only bytes behind a true one.
func plain(x uint64) int {
	quote, slash := x^(ones*'"'), x^(ones*'\\')
	return bits.TrailingZeros64(((quote-ones)&^quote|(slash-ones)&^slash|(x-ones*0x20)&^x)&highs) / 8
}

// pairs looks for UTF-8 in eight bytes of a string, where open is what it
// returned as next for those before. It knows the characters of one byte and of
// two, as Cyrillic has, and odd is not 0 where others stand, or none.
func pairs(x, open uint64) (odd, next uint64) {
	wide, second, third := x&highs, x<<1, x<<2
	lead, further := wide&second, wide&^second // 11…, 10…
	overlong := lead &^ (x&(ones*0x1e) + ones*0x7e)
	return lead&third | overlong | (further ^ (lead<<8 | open)), lead >> 56
}

// escape returns the length of the escape that text begins with, -1 if it is
// none.
func escape(text []byte) int {
	if len(text) < 2 {
		return -1
	}
	if text[1] != 'u' {
		if simpleEscapes[text[1]] == 0 {
			return -1
		}
		return 2
	}
	if len(text) < 6 {
		return -1
	}
	for _, c := range text[2:6] {
		if hexDigit(c) < 0 {
			return -1
		}
	}
	return 6
}

// shallow is how deep a value may be nested that Skip passes over: so much less
// than MaxDepth that there is room for what it stands in.
const shallow = MaxDepth / 2

// Skip returns the end of the value that starts at pos, checked to the letter;
// -1 if there is none, or if it is nested unusually deep.
func Skip(text []byte, pos int) int { return End(text, pos, MaxDepth-shallow) }

// End returns the end of the value that starts at pos in a text where it is
// nested so deep, checked to the letter; -1 if there is none.
func End(text []byte, pos, depth int) int {
	s := scanner{text: text, pos: pos}
	if uint(pos) >= uint(len(text)) || s.value(depth, false) != nil {
		return -1
	}
	return s.pos
}
