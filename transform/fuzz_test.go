package transform

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"strings"
	"testing"
	"time"

	"etl/internal/jsonspan"
	"etl/schemas"

	"github.com/apache/arrow/go/v15/arrow/array"
)

// Numbers agree with math/big, as integers and as decimals.
func FuzzNumber(f *testing.F) {
	for _, s := range []string{"0", "-0", "1.005", "1e3", "12345678901234567890", "-9223372036854775808", "0.00e5", "9.995", "5e-3", "0.5", "1.5", "0E10000000000000000000"} {
		f.Add(s, uint8(5), uint8(2))
	}
	f.Fuzz(func(t *testing.T, text string, p, s uint8) {
		if !isNumber([]byte(text)) {
			return
		}
		v := parseNumber([]byte(text))
		if v.exponent > 1000 || v.exponent < -1000 {
			return // too much for the oracle
		}
		want := new(big.Rat) // the exponent of a zero may be more than big.Rat takes
		if len(v.digits) == 0 {
			if strings.ContainsAny(strings.FieldsFunc(text, func(r rune) bool { return r == 'e' || r == 'E' })[0], "123456789") {
				t.Fatalf("%q is read as 0", text)
			}
		} else if _, ok := want.SetString(text); !ok {
			t.Fatalf("big.Rat does not read %q", text)
		}
		checkInt(t, v, want)
		precision := int(p)%38 + 1
		checkDecimal(t, v, want, precision, int(s)%(precision+1))
	})
}

func checkInt(t *testing.T, v number, want *big.Rat) {
	t.Helper()
	got, err := v.int64()
	if fits := want.IsInt() && want.Num().IsInt64(); fits != (err == nil) || fits && got != want.Num().Int64() {
		t.Errorf("int64 of %v: %d, %v", want, got, err)
	}
}

func checkDecimal(t *testing.T, v number, want *big.Rat, precision, scale int) {
	t.Helper()
	unit := new(big.Rat).SetInt(powerOfTen(scale))
	exact := new(big.Rat).Mul(want, unit)
	limit := powerOfTen(precision)

	got, rounded, err := v.scaled(precision, scale, false)
	fits := exact.IsInt() && exact.Num().CmpAbs(limit) < 0
	if fits != (err == nil) || rounded || fits && got.BigInt().Cmp(exact.Num()) != 0 {
		t.Errorf("decimal(%d,%d) of %v: %v, %v", precision, scale, want, got.BigInt(), err)
	}

	near := halfEven(exact)
	got, rounded, err = v.scaled(precision, scale, true)
	fits = near.CmpAbs(limit) < 0
	if fits != (err == nil) || fits && (got.BigInt().Cmp(near) != 0 || rounded == exact.IsInt()) {
		t.Errorf("rounded decimal(%d,%d) of %v: %v, %v", precision, scale, want, got.BigInt(), err)
	}
}

// halfEven rounds to the nearest integer, and from the middle to the even one.
func halfEven(v *big.Rat) *big.Int {
	floor := new(big.Int).Div(v.Num(), v.Denom())
	rest := new(big.Rat).Sub(v, new(big.Rat).SetInt(floor))
	if c := rest.Cmp(big.NewRat(1, 2)); c > 0 || c == 0 && floor.Bit(0) == 1 {
		floor.Add(floor, big.NewInt(1))
	}
	return floor
}

// What a server of Django writes for a duration is read as that duration, and
// no text makes a form fail.
func FuzzDuration(f *testing.F) {
	for _, v := range []int64{0, 1, -1, 86399999999, -86400000000, 9223372036854775807, -9223372036854775808} {
		f.Add(v, "P1DT2H3M4.5S")
	}
	f.Add(int64(-1000000), "-1 23:59:59,000001")
	f.Fuzz(func(t *testing.T, v int64, text string) {
		for _, form := range []schemas.DurationForm{schemas.DjangoDuration, schemas.ISODuration, schemas.HMSDuration, schemas.SecondsDuration} {
			written := writeDuration(form, v)
			if got, err := readDuration(form, []byte(written)); err != nil || got != v {
				t.Errorf("%s: %q is read as %d, %v, want %d", form, written, got, err, v)
			}
			if got, err := readDuration(form, []byte(text)); err != nil && got != 0 && !errors.Is(err, errDurationRange) && !errors.Is(err, errPrecision) {
				t.Errorf("%s: %q gives both %d and %v", form, text, got, err)
			}
		}
	})
}

// writeDuration writes microseconds in a form, days below zero as Django does.
func writeDuration(form schemas.DurationForm, v int64) string {
	all := big.NewInt(v)
	sign := ""
	if v < 0 && form != schemas.DjangoDuration {
		sign = "-"
		all.Neg(all)
	}
	days, rest := new(big.Int).DivMod(all, big.NewInt(day), new(big.Int))
	r := rest.Int64()
	h, m, s, us := r/hour, r/minute%60, r/second%60, r%second
	switch form {
	case schemas.DjangoDuration:
		return fmt.Sprintf("%s %02d:%02d:%02d.%06d", days, h, m, s, us)
	case schemas.ISODuration:
		return fmt.Sprintf("%sP%sDT%02dH%02dM%02d.%06dS", sign, days, h, m, s, us)
	case schemas.HMSDuration:
		hours := new(big.Int).Add(new(big.Int).Mul(days, big.NewInt(24)), big.NewInt(h))
		return fmt.Sprintf("%s%02d:%02d:%02d.%06d", sign, hours, m, s, us)
	}
	return sign + new(big.Rat).SetFrac(all, big.NewInt(second)).FloatString(6)
}

// Timestamps with a zone agree with the strict reading of RFC 3339 of the time
// package.
func FuzzTimestamp(f *testing.F) {
	for _, s := range []string{"2026-01-02T03:04:05Z", "2026-01-02t03:04:05.123456z", "0001-01-01T00:00:00-23:59", "2026-01-02T03:04:05,1Z", "2026-02-29T00:00:00Z", "2026-01-02T24:00:00Z", "2026-01-02T00:00:00-24:00"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		got, err := timestamps{}.read([]byte(text))
		var want time.Time
		wantErr := want.UnmarshalText(bytes.ToUpper([]byte(text)))
		if err != nil && (strings.Contains(text, ",") || len(text) > 12 && text[12] == ':') {
			return // the time package takes commas, and hours of one digit
		}
		if err != nil && len(text) > 6 && text[len(text)-5:len(text)-3] == "24" {
			return // and offsets of 24 hours, of which RFC 3339 has none (time-hour = 00-23)
		}
		exact := want.Nanosecond()%1000 == 0 && !longFraction(text)
		inRange := want.UTC().Year() >= 1 && want.UTC().Year() <= 9999 && want.Year() >= 1
		if fits := wantErr == nil && exact && inRange; fits != (err == nil) {
			t.Fatalf("%q: %v, the time package says %v", text, err, wantErr)
		}
		if err == nil && got != want.UnixMicro() {
			t.Errorf("%q: %d, want %d", text, got, want.UnixMicro())
		}
	})
}

// A wall time is resolved to the first instant at which clocks show it; in a
// gap to the instant that is as far behind it as the wall time is inside.
func FuzzResolve(f *testing.F) {
	zones := []string{"Europe/Warsaw", "Asia/Almaty", "America/New_York", "Australia/Lord_Howe", "Pacific/Apia", "Africa/Casablanca", "UTC"}
	for i, s := range []int64{1774749600, 1709164800, 1793494800, 1775318400, 1325203200, 1741572000, 0} {
		f.Add(s, uint8(i))
	}
	f.Fuzz(func(t *testing.T, seconds int64, zone uint8) {
		loc, err := time.LoadLocation(zones[int(zone)%len(zones)])
		if err != nil {
			t.Fatal(err)
		}
		const since1980, until2100 = 315532800, 4102444800
		wall := time.Unix(since1980+((seconds-since1980)%(until2100-since1980)+(until2100-since1980))%(until2100-since1980), 0).UTC()
		got := resolve(wall, loc)
		if want, ok := firstShown(wall, loc); ok {
			if !got.Equal(want) {
				t.Errorf("%v in %v: %v, want %v", wall, loc, got.UTC(), want.UTC())
			}
			return
		}
		before := offsetAt(got.Add(-25*time.Hour), loc)
		if !got.Equal(wall.Add(-before)) {
			t.Errorf("%v in a gap of %v: %v, want the offset before the gap, %v", wall, loc, got.UTC(), before)
		}
	})
}

// firstShown tries all offsets of a quarter of an hour.
func firstShown(wall time.Time, loc *time.Location) (time.Time, bool) {
	for offset := 15 * time.Hour; offset >= -15*time.Hour; offset -= 15 * time.Minute {
		if t := wall.Add(-offset); offsetAt(t, loc) == offset {
			return t, true
		}
	}
	return time.Time{}, false
}

const fuzzed = `
  - { name: i, type: int64 }
  - { name: s, type: string }
  - { name: d, type: "decimal(20,4)", round: half_even, misfit: extra }
  - { name: t, type: timestamp, layouts: [datetime] }
  - { name: u, type: "duration(django, iso, hms, seconds)", misfit: extra }
  - { name: e, type: enum(int32), labels: { 0: no, 1: yes } }
  - { name: j, type: json }
  - { name: p, from: o.p, type: bool, loose: true }
  - { name: l, type: list<int64> }
  - name: o
    type: list<struct>
    misfit: extra
    fields: [ { name: i, type: int32, required: true }, { name: s, type: list<string>, misfit: extra } ]
`

// A page never makes the decoder fail; each record is a row or a reject; and
// integers and strings of rows are what encoding/json reads.
func FuzzPage(f *testing.F) {
	for _, s := range []string{
		`[{"i":1,"s":"x","d":1.23456,"t":"2026-01-02 03:04:05","u":"1 00:00:00","e":1,"j":{"a": 1},"l":[1,2]},{"i":"x"}]`,
		`[{"o":[{"i":1,"s":["a"]},{"i":2,"s":5,"n":[{}]}]},{"o":{"p":1}},{"o":[{"s":[]}]},7,null]`,
		`[{"i":"9223372036854775807","s":"\ud83d\ude00\u0000","x":{"y":[1e5]}},{"s":"\ud83d"},{"i":1,"i":2},{"l":[null]}]`,
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		whole, err := jsonspan.Whole(body)
		if err != nil || jsonspan.KindOf(body, whole) != jsonspan.Array {
			return
		}
		p := Page{Body: body}
		for r := range jsonspan.Elements(body, whole) {
			p.Records = append(p.Records, r)
		}
		d, err := New(parse(t, fuzzed), Options{Zone: time.UTC, Key: []string{"i", "s"}, Version: "t"})
		if err != nil {
			t.Fatal(err)
		}
		b, err := d.Decode(p)
		if err != nil {
			t.Fatal(err)
		}
		checkRecord(t, b.Record)
		if len(b.Ordinals)+len(b.Rejects) != len(p.Records) || int(b.Record.NumRows()) != len(b.Ordinals) || len(b.Keys) != len(b.Ordinals) || len(b.Versions) != len(b.Ordinals) {
			t.Errorf("%d records, %d rows, %d rejects", len(p.Records), b.Record.NumRows(), len(b.Rejects))
		}
		for row, ordinal := range b.Ordinals {
			checkRow(t, b, row, p.Records[ordinal].Of(body))
		}
	})
}

func checkRow(t *testing.T, b *Batch, row int, record []byte) {
	t.Helper()
	var want map[string]any
	d := json.NewDecoder(bytes.NewReader(record))
	d.UseNumber()
	if err := d.Decode(&want); err != nil {
		if strings.Contains(err.Error(), "exceeded max depth") {
			return
		}
		t.Fatalf("a row of what encoding/json refuses: %v", err)
	}
	i, s := b.Record.Column(0).(*array.Int64), b.Record.Column(1).(*array.String)
	switch v := want["i"].(type) {
	case nil:
		if !i.IsNull(row) {
			t.Errorf("i is %d, want NULL", i.Value(row))
		}
	case json.Number:
		if r, ok := new(big.Rat).SetString(string(v)); ok && (i.IsNull(row) || r.Cmp(new(big.Rat).SetInt64(i.Value(row))) != 0) {
			t.Errorf("i is %d, want %s", i.Value(row), v)
		}
	}
	switch v := want["s"].(type) {
	case nil:
		if !s.IsNull(row) {
			t.Errorf("s is %q, want NULL", s.Value(row))
		}
	default:
		if s.IsNull(row) || s.Value(row) != v {
			t.Errorf("s is %q, want %q", s.Value(row), v)
		}
	}
	if extra := b.Record.Column(int(b.Record.NumCols()) - 1).(*array.String); extra.IsValid(row) && !json.Valid([]byte(extra.Value(row))) {
		t.Errorf("_extra is no JSON: %s", extra.Value(row))
	}
}
