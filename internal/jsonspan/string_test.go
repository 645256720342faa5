package jsonspan

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"unicode/utf8"
)

// A string ends where encoding/json sees its end, whatever lies behind it, and
// what it holds is told.
func FuzzStringEnd(f *testing.F) {
	for _, s := range []string{`""`, `"a"`, `"1234567"`, `"12345678" "`, `"é"x`, "\"\\u00e9\\\\\\\"\" ", "\"seven..\x1f\"", "\"\xff......\"é", `"\u12`, `"Кирилл"       `, "\"\xd0\xd0       ", "\"\xc1\x81       ", "\"\xd0\"       ", `"日本語"      `} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		end, holds := StringEnd(text, 0)
		want := -1
		for i := 2; i <= len(text) && text[0] == '"'; i++ {
			if text[i-1] == '"' && json.Valid(text[:i]) {
				want = i
				break
			}
		}
		if end != want {
			t.Fatalf("%q ends at %d, want %d", text, end, want)
		}
		if end < 0 {
			return
		}
		ascii := !bytes.ContainsFunc(text[:end], func(r rune) bool { return r >= 0x80 })
		if escapes := bytes.ContainsRune(text[:end], '\\'); (holds&Escapes != 0) != escapes || holds&Wide != 0 && ascii || holds&Wide == 0 && !utf8.Valid(text[:end]) {
			t.Errorf("%q holds %b", text[:end], holds)
		}
	})
}

// Characters of two bytes are found to be UTF-8 without another look, wherever
// they stand in a string.
func TestStringEndKnowsPairs(t *testing.T) {
	const name = "Пётр 1-й, Ω и é"
	for before := range 9 {
		text := `"` + strings.Repeat(".", before) + name + `\n` + name + `"` + strings.Repeat(" ", 8)
		if end, holds := StringEnd([]byte(text), 0); end != len(text)-8 || holds != Escapes {
			t.Errorf("%q ends at %d and holds %b", text, end, holds)
		}
	}
}

// Skip takes a value as Whole does, with anything behind it.
func FuzzSkip(f *testing.F) {
	f.Add([]byte(`[1,{"a":null}],`))
	f.Add([]byte(`{`))
	f.Fuzz(func(t *testing.T, text []byte) {
		end := Skip(text, 0)
		if end < 0 {
			if span, err := Whole(text); err == nil && span.Start == 0 {
				t.Fatalf("no end of %q", text)
			}
			return
		}
		if span, err := Whole(text[:end]); err != nil || span != (Span{0, end}) {
			t.Errorf("%q to %d is %v, %v", text, end, span, err)
		}
	})
}
