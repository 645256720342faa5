package transform

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"testing"

	"etl/internal/jsonspan"
	"etl/schemas"
)

//go:embed testdata/json.txt
var jsonVectors string

// A vector is a text that is JSON, or is not.
type vector struct {
	verdict, form string
	text          string
}

// vectors reads the file of vectors: verdict, form, texts in the quotes of Go,
// each of which may be repeated, and joined to the next one.
func vectors(t testing.TB) (all []vector) {
	t.Helper()
	for line := range strings.Lines(jsonVectors) {
		if line = strings.TrimSpace(line); line == "" || line[0] == '#' {
			continue
		}
		verdict, rest, _ := strings.Cut(line, " ")
		form, rest, _ := strings.Cut(rest, " ")
		joined := false
		for rest != "" {
			text, left := vectorText(t, rest)
			if joined {
				all[len(all)-1].text += text
			} else {
				all = append(all, vector{verdict, form, text})
			}
			rest, joined = strings.CutPrefix(left, "+ ")
		}
	}
	return all
}

// vectorText takes a text from a line, as often as the line says.
func vectorText(t testing.TB, line string) (text, rest string) {
	t.Helper()
	quoted, err := strconv.QuotedPrefix(line)
	if err != nil {
		t.Fatalf("no text in %s", line)
	}
	text, _ = strconv.Unquote(quoted)
	rest = strings.TrimSpace(line[len(quoted):])
	if after, ok := strings.CutPrefix(rest, "* "); ok {
		count, left, _ := strings.Cut(after, " ")
		n, err := strconv.Atoi(count)
		if err != nil {
			t.Fatal(err)
		}
		return strings.Repeat(text, n), left
	}
	return text, rest
}

// A page is read if RFC 8259 takes it, and refused as a whole if not: by itself,
// and with the text at a place that no column looks at.
func TestVectors(t *testing.T) {
	count := map[string]int{}
	for i, v := range vectors(t) {
		count[v.verdict]++
		t.Run(fmt.Sprintf("%s %s %d", v.verdict, v.form, i), func(t *testing.T) {
			taken := v.verdict == "y" || v.verdict == "i"
			if valid := taken || v.form == "deep"; json.Valid([]byte(v.text)) != valid {
				t.Fatalf("%.80q: encoding/json does not share the verdict", v.text)
			}
			for _, page := range []string{"%s", `{"v":%s}`, `[{"id":1,"x":[2,{"v":%s}]}]`} {
				text := fmt.Sprintf(page, v.text)
				if _, err := jsonspan.Whole([]byte(text)); (err == nil) != taken {
					t.Errorf("%.80q: %v", text, err)
				}
			}
			inRecord(t, v, taken)
		})
	}
	if count["y"] < 98 || count["n"] < 239 || count["i"] < 30 || count["o"] < 4 {
		t.Errorf("%v vectors: some forms are gone", count)
	}
}

// Places of a record that hold what no column takes apart, and what becomes of
// it there: of the text as it was sent, quoted, where the row has it.
var wholes = []struct{ columns, unknown, record, want string }{
	{"", "ignore", `{"id":1,"v":%s,"last":2}`, `{"id":1}`},
	{"  - { name: s, type: struct, fields: [ { name: a, type: int64 } ] }", "ignore", `{"id":1,"s":{"a":2,"v":%s}}`, `{"id":1,"s":{"a":2}}`},
	{"", "keep", `{"id":1,"v":%s,"last":2}`, `{"id":1,"_extra":"{\"v\":%s,\"last\":2}"}`},
	{"  - { name: v, type: json }", "ignore", `{"v":%s,"id":1}`, `{"id":1,"v":"%s"}`},
}

// inRecord holds a decoder to the verdict, also where nobody has checked the
// page before. Bytes that are no UTF-8 set the record aside wherever they stand.
func inRecord(t *testing.T, v vector, taken bool) {
	t.Helper()
	for _, w := range wholes {
		s := parse(t, "  - { name: id, type: int64 }\n"+w.columns+"\n")
		s.Unknown = schemas.Unknown(w.unknown)
		fast, plain := bothWays(t, s, Options{})
		body := fmt.Appendf(nil, w.record, v.text)
		p := Page{Body: body, Records: []jsonspan.Span{{Start: 0, End: len(body)}}}
		compare(t, fast, plain, p)
		b, err := fast.Decode(p)
		if err != nil {
			t.Fatal(err)
		}
		got, want := strings.TrimSpace(rows(b.Record)), ""
		if taken && v.form != "no-utf-8" {
			quoted := quoteJSON(strings.Trim(v.text, " \t\r\n"))
			want = strings.ReplaceAll(w.want, "%s", quoted[1:len(quoted)-1])
			want = strings.ReplaceAll(want, `"v":"null"`, `"v":null`)
		}
		if got != want {
			t.Errorf("%.80q: got %.200s, want %.200s", body, got, want)
		}
		if rejected := len(b.Rejects) == 1; rejected != (want == "") || rejected && taken && b.Rejects[0].Reason != "invalid UTF-8" {
			t.Errorf("%.80q: rejects %v", body, b.Rejects)
		}
		b.Record.Release()
	}
}
