package transform

import (
	"bytes"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"etl/internal/jsonspan"
)

// What is read eight bytes at a time is no other value if any one byte is
// another: both ways to read it agree about each of 256 in every place.
func TestEveryByteBothWays(t *testing.T) {
	tests := []struct{ typ, values string }{
		{"bool", "true false null"},
		{"int64", `0 7 -7 1234567 12345678 1000000000 9223372036854775807 "12" 1e3 10.0`},
		{"int32", "0 2147483647 -2147483648 1234567"},
		{`"decimal(9,2)"`, `"0.00" "1234567.89" "12345678.90" "-7.25" 7.25 "0.5" 1.50e1 7E-2 "1234567.8900"`},
		{`"decimal(16,6)"`, `"1.234567" "0.000001"`},
		{`"decimal(5,0)"`, `"12" 12`},
		{"float64", "1.5e-3"},
		{"uuid", `"3C90c3cc-0d44-4b50-8888-8dd25736052a"`},
		{"date", `"2024-02-29" "2023-02-28"`},
		{"time", `"23:59:59.123456" "00:00:00"`},
		{"timestamp, layouts: [datetime, date]", `"2024-02-29T23:59:59.123456Z" "2026-01-31T00:00:00Z" "0001-01-01T00:00:00.5+05:30" "2026-10-25_02:30:00" "2026-03-29"`},
		{`"duration(django, seconds)"`, `"4_16:25:00" "-13_06:45:00.25" "23:05:00" 1.5`},
		{"enum(string), labels: { a: x, code: y, longerThanEight: z }", `"a" "code" "longerThanEight"`},
		{"enum(int32), labels: { 0: x, 15: y, 16: z }", "0 15 16"},
		{"string", `"" "eight_or_more_letters" "\u0416\n" "жук"`},
		{"json", `{"a":[1,-2.5e3,true,null,"x"]}`},
		{"list<int64>", "[1,22,333]"},
	}
	zone, err := time.LoadLocation("Europe/Warsaw")
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range tests {
		t.Run(tt.typ, func(t *testing.T) {
			fast, plain := bothWays(t, one(t, tt.typ), Options{Zone: zone})
			for value := range strings.FieldsSeq(tt.values) {
				compare(t, fast, plain, everyByte(`{"x":`+strings.ReplaceAll(value, "_", " ")+"}"))
			}
		})
	}
}

// everyByte is a page of all records that differ from one in at most one byte.
func everyByte(record string) Page {
	var p Page
	for i := range len(record) {
		for c := range 256 {
			changed := []byte(record)
			changed[i] = byte(c)
			p.Records = append(p.Records, jsonspan.Span{Start: len(p.Body), End: len(p.Body) + len(record)})
			p.Body = append(p.Body, changed...)
		}
	}
	return p
}

// A bitmap holds what a list of bools holds, however it came there.
func TestBitmap(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 2000 {
		var m bitmap
		var want []bool
		for range r.IntN(60) {
			switch bit := r.IntN(4) > 0; r.IntN(8) {
			case 0:
				want = want[:r.IntN(len(want)+1)]
				m.truncate(len(want))
			case 1, 2:
				zero := byte(1)
				if bit {
					zero = 0
				}
				m.push(zero)
				want = append(want, bit)
			default:
				m.add(bit)
				want = append(want, bit)
			}
		}
		packed := make([]byte, (len(want)+7)/8)
		zeros := 0
		for i, bit := range want {
			if m.at(i) != bit {
				t.Fatalf("bit %d of %v is %v", i, want, m.at(i))
			}
			if bit {
				packed[i/8] |= 1 << (i % 8)
			} else {
				zeros++
			}
		}
		if got := m.bytes(); m.n != len(want) || m.zeros != zeros || !bytes.Equal(got, packed) {
			t.Fatalf("%v is %08b with %d zeros of %d", want, got, m.zeros, m.n)
		}
	}
}

// A shelf finds each of its names, whatever stands behind it, and no other.
func TestShelf(t *testing.T) {
	names := strings.Fields(`"a": "#": "##": "": "id": "ident": "identify": "price": "price_tax": "price_discount": "discount_price": "a_name_as_long_as_a_window__":`)
	names = append(names, `"a" :`, `"a\"b":`)
	var h shelf
	for i, name := range names {
		if slices.Contains(names[:i], name) {
			t.Fatal("twice:", name)
		}
		if got := h.find(pad(name, ' ')); got != nil {
			t.Errorf("%s is found before it is put there", name)
		}
		h.put(newSpelling([]byte(name), &member{}))
	}
	for _, name := range names {
		for _, behind := range []byte{' ', '"', '1', 0xff} {
			if got := h.find(pad(name, behind)); got == nil || got.size != len(name) {
				t.Errorf("%s before %q is not found", name, behind)
			}
		}
	}
}

// pad makes a window of a text.
func pad(text string, behind byte) []byte {
	return append([]byte(text), bytes.Repeat([]byte{behind}, window-len(text))...)
}
