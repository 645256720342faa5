package jsonspan

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

func TestOutline(t *testing.T) {
	text := []byte(`{"a": {"b": {"c": {"d": {"e": {"f": 1}}}}}, "l\u0069st": [ {"id": 1} , [2] ], "a": 2, "empty": {}, "none": []}`)
	o, err := NewOutline(text, nil)
	if err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]string{
		"a.b.c.d.e":   `{"f": 1}`,
		"a.b.c.d.e.f": "1", // deeper than what is outlined
		"list":        `[ {"id": 1} , [2] ]`,
		"empty.x":     "",
		"b":           "",
	} {
		at, ok := o.Root, true
		for step := range strings.SplitSeq(path, ".") {
			if ok {
				at, ok = o.Member(at, step)
			}
		}
		if got := string(at.Of(text)); ok != (want != "") || ok && got != want {
			t.Errorf("%s: %q, %v, want %q", path, got, ok, want)
		}
	}
	for path, want := range map[string]string{"list": `{"id": 1} [2]`, "none": ""} {
		list, _ := o.Member(o.Root, path)
		var got []string
		for _, e := range o.Elements(list) {
			got = append(got, string(e.Of(text)))
		}
		if joined := strings.Join(got, " "); joined != want {
			t.Errorf("elements of %s: %s, want %s", path, joined, want)
		}
	}
}

// An outline says what Whole, Find and Elements say, of every object and list
// down to any depth.
func FuzzOutline(f *testing.F) {
	for _, s := range []string{`{"a":[1,{"b":[2]}],"a":null,"\u0062":{"c":{"d":{"e":{"f":[3]}}}}}`, "[[1],[]]", " 7 ", "nul", "\xef\xbb\xbf{}"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		root, want := Whole(text)
		o, err := NewOutline(text, nil)
		if fmt.Sprint(err) != fmt.Sprint(want) {
			t.Fatalf("NewOutline = %v, Whole = %v", err, want)
		}
		if err != nil {
			return
		}
		if o.Root != root {
			t.Fatalf("the root is %v, want %v", o.Root, root)
		}
		compareOutline(t, o, text, root)
	})
}

func compareOutline(t *testing.T, o *Outline, text []byte, at Span) {
	t.Helper()
	switch KindOf(text, at) {
	case Object:
		for name, value := range Members(text, at) {
			plain, err := Unquote(name.Of(text))
			if err != nil {
				continue
			}
			got, ok := o.Member(at, string(plain))
			if want, _ := Find(text, at, []string{string(plain)}); !ok || got != want {
				t.Fatalf("member at byte %d: %v, %v, want %v", name.Start, got, ok, want)
			}
			compareOutline(t, o, text, value)
		}
	case Array:
		want := slices.Collect(Elements(text, at))
		if got := o.Elements(at); !slices.Equal(got, want) {
			t.Fatalf("list at byte %d: %v, want %v", at.Start, got, want)
		}
		for _, e := range want {
			compareOutline(t, o, text, e)
		}
	}
}

// page is what a list of records looks like.
func page(records int) []byte {
	record := `{"id": 1, "name": "Иван Петров", "price": "120.50", "tags": ["a", "b"], "client": {"id": 7, "phone": null}}`
	return []byte(`{"count": 5000, "next": null, "results": [` + strings.TrimSuffix(strings.Repeat(record+", ", records), ", ") + `]}`)
}

// What a page costs extract: the outline, against a pass for each question.
func BenchmarkPage(b *testing.B) {
	text := page(1000)
	b.Run("outline", func(b *testing.B) {
		b.SetBytes(int64(len(text)))
		for b.Loop() {
			o, err := NewOutline(text, nil)
			if err != nil {
				b.Fatal(err)
			}
			list, _ := o.Member(o.Root, "results")
			if len(o.Elements(list)) != 1000 {
				b.Fatal("records are missing")
			}
		}
	})
	b.Run("passes", func(b *testing.B) {
		b.SetBytes(int64(len(text)))
		for b.Loop() {
			root, err := Whole(text)
			if err != nil {
				b.Fatal(err)
			}
			list, _ := Find(text, root, []string{"results"})
			if len(slices.Collect(Elements(text, list))) != 1000 {
				b.Fatal("records are missing")
			}
		}
	})
}
