package jsonspan

import (
	"bytes"
	"encoding/json"
	"testing"
)

// A string ends where encoding/json sees its end, whatever lies behind it, and
// what it holds is told.
func FuzzStringEnd(f *testing.F) {
	for _, s := range []string{`""`, `"a"`, `"1234567"`, `"12345678" "`, `"é"x`, "\"\\u00e9\\\\\\\"\" ", "\"seven..\x1f\"", "\"\xff......\"é", `"\u12`} {
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
		wide := bytes.ContainsFunc(text[:end], func(r rune) bool { return r >= 0x80 })
		if escapes := bytes.ContainsRune(text[:end], '\\'); (holds&Escapes != 0) != escapes || (holds&Wide != 0) != wide {
			t.Errorf("%q holds %b", text[:end], holds)
		}
	})
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
