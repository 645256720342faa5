package load

import "testing"

func TestQuote(t *testing.T) {
	for _, q := range []struct{ s, name, text string }{
		{"plain", `"plain"`, `'plain'`},
		{"", `""`, `''`},
		{`a"b`, `"a""b"`, `'a"b'`},
		{"it's", `"it's"`, `'it''s'`},
		{`'; DROP TABLE x; --`, `"'; DROP TABLE x; --"`, `'''; DROP TABLE x; --'`},
		{`back\slash`, `"back\slash"`, `'back\slash'`},
		{"two\nlines", "\"two\nlines\"", "'two\nlines'"},
		{"nul\x00", `"nul"`, `'nul'`},
		{"Заявка", `"Заявка"`, `'Заявка'`},
	} {
		if got := QuoteName(q.s); got != q.name {
			t.Errorf("the name %q is %s, want %s", q.s, got, q.name)
		}
		if got := QuoteText(q.s); got != q.text {
			t.Errorf("the text %q is %s, want %s", q.s, got, q.text)
		}
	}
}
