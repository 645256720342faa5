package jsonspan

import (
	"bytes"
	"errors"
	"unicode/utf16"
	"unicode/utf8"
)

// Errors of Unquote: a string that is JSON, but no text.
var (
	ErrUTF8      = errors.New("invalid UTF-8")
	ErrSurrogate = errors.New("half of a surrogate pair")
)

// Unquote returns the text of a string, given with its quotes, that was
// checked before. The result may share memory with quoted. A string that is no
// text gives ErrUTF8 or ErrSurrogate; nothing is replaced in silence.
func Unquote(quoted []byte) ([]byte, error) {
	inside := quoted[1 : len(quoted)-1]
	if bytes.IndexByte(inside, '\\') >= 0 {
		return AppendText(make([]byte, 0, len(inside)), quoted)
	}
	if !utf8.Valid(inside) {
		return nil, ErrUTF8
	}
	return inside, nil
}

// AppendText appends the text of a string to text, as Unquote returns it.
func AppendText(text, quoted []byte) ([]byte, error) {
	inside := quoted[1 : len(quoted)-1]
	if !utf8.Valid(inside) {
		return nil, ErrUTF8
	}
	for i := 0; i < len(inside); i++ {
		if inside[i] != '\\' {
			text = append(text, inside[i])
			continue
		}
		i++
		if inside[i] != 'u' {
			text = append(text, simpleEscapes[inside[i]])
			continue
		}
		r := hex4(inside[i+1:])
		i += 4
		if utf16.IsSurrogate(r) {
			if r >= 0xdc00 || !bytes.HasPrefix(inside[i+1:], []byte(`\u`)) {
				return nil, ErrSurrogate
			}
			r = utf16.DecodeRune(r, hex4(inside[i+3:]))
			if r == utf8.RuneError {
				return nil, ErrSurrogate
			}
			i += 6
		}
		text = utf8.AppendRune(text, r)
	}
	return text, nil
}

var simpleEscapes = [256]byte{'"': '"', '\\': '\\', '/': '/', 'b': '\b', 'f': '\f', 'n': '\n', 'r': '\r', 't': '\t'}

func hex4(digits []byte) rune {
	var r rune
	for _, c := range digits[:4] {
		r = r<<4 | rune(hexDigit(c))
	}
	return r
}
