package jsonspan

import (
	"encoding/json"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestWhole(t *testing.T) {
	tests := []struct {
		name, text string
		offset     int // of the error; -1 where there is none
	}{
		{"object", ` {"a": [1, -0.5e+3, "x\u00e9\n", true, false, null, {}, []]} `, -1},
		{"byte order mark", "\xef\xbb\xbf[]", -1},
		{"nothing", "", 0},
		{"two values", "1 2", 2},
		{"leading zero", "01", 1},
		{"bare dot", "[1.]", 3},
		{"bare exponent", "1e", 2},
		{"trailing comma", "[1,]", 3},
		{"cut in a string", `{"a":"b`, 7},
		{"control character", "\"a\nb\"", 2},
		{"unknown escape", `"\x"`, 2},
		{"short escape", `"\u12g4"`, 5},
		{"name without quotes", "{a:1}", 1},
		{"word", "nul", 3},
		{"NaN", "NaN", 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := Whole([]byte(tt.text))
			if tt.offset < 0 {
				if err != nil {
					t.Fatalf("Whole(%q) = %v", tt.text, err)
				}
				return
			}
			syntax, ok := errors.AsType[*SyntaxError](err)
			if !ok || syntax.Offset != tt.offset {
				t.Errorf("Whole(%q) = %v, want an error at byte %d", tt.text, err, tt.offset)
			}
		})
	}
}

func TestWholeLimitsDepth(t *testing.T) {
	deep := func(n int) []byte {
		b := make([]byte, 2*n)
		for i := range n {
			b[i], b[2*n-1-i] = '[', ']'
		}
		return b
	}
	if _, err := Whole(deep(MaxDepth + 1)); err != nil {
		t.Errorf("depth %d: %v", MaxDepth+1, err)
	}
	if _, err := Whole(deep(MaxDepth + 2)); err == nil {
		t.Errorf("depth %d was accepted", MaxDepth+2)
	}
}

func TestFind(t *testing.T) {
	text := []byte(`{"data": {"l\u0069st": [ {"id":1} , {"id":2} ], "empty":[]}, "n": null}`)
	root, err := Whole(text)
	if err != nil {
		t.Fatal(err)
	}
	list, ok := Find(text, root, []string{"data", "list"})
	if !ok || KindOf(text, list) != Array {
		t.Fatalf("data.list: found %v, kind %v", ok, KindOf(text, list))
	}
	var got []string
	for s := range Elements(text, list) {
		got = append(got, string(s.Of(text)))
	}
	if diff := cmp.Diff([]string{`{"id":1}`, `{"id":2}`}, got); diff != "" {
		t.Errorf("elements (-want +got):\n%s", diff)
	}
	if _, ok := Find(text, root, []string{"data", "other"}); ok {
		t.Error("found a member that is not there")
	}
	if _, ok := Find(text, root, []string{"n", "x"}); ok {
		t.Error("found a member of null")
	}
}

func TestUnquote(t *testing.T) {
	tests := []struct {
		name, quoted, want string
		err                error
	}{
		{"plain", `"Иван"`, "Иван", nil},
		{"escapes", `"\"\\\/\b\f\n\r\t\u0041"`, "\"\\/\b\f\n\r\tA", nil},
		{"pair", `"\ud83d\ude00"`, "😀", nil},
		{"high half alone", `"\ud83d"`, "", ErrSurrogate},
		{"high half, then text", `"\ud83dx"`, "", ErrSurrogate},
		{"high half twice", `"\ud83d\ud83d"`, "", ErrSurrogate},
		{"low half alone", `"\ude00"`, "", ErrSurrogate},
		{"overlong", "\"\xc0\xaf\"", "", ErrUTF8},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := Unquote([]byte(tt.quoted))
			if !errors.Is(err, tt.err) || string(got) != tt.want {
				t.Errorf("Unquote(%s) = %q, %v, want %q, %v", tt.quoted, got, err, tt.want, tt.err)
			}
		})
	}
}

// Whole accepts what encoding/json accepts, but for depth and the byte order mark.
func FuzzWhole(f *testing.F) {
	for _, s := range []string{`{"a":[1,2.5e-3,"\u0041"]}`, `[[[]]]`, "nul", `"\ud800"`, "\xef\xbb\xbf{}"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		span, err := Whole(text)
		if len(text) >= 3 && string(text[:3]) == "\xef\xbb\xbf" {
			text, span = text[3:], Span{span.Start - 3, span.End - 3}
		}
		if syntax, ok := errors.AsType[*SyntaxError](err); ok && syntax.Reason == "nested too deep" {
			return
		}
		if want := json.Valid(text); (err == nil) != want {
			t.Fatalf("Whole = %v, json.Valid = %v", err, want)
		}
		if err == nil && !json.Valid(span.Of(text)) {
			t.Fatal("the span is no value")
		}
	})
}
