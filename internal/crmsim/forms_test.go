package crmsim

import (
	"encoding/json"
	"testing"
	"time"
)

func TestDurationsAsPythonWritesThem(t *testing.T) {
	tests := []struct {
		d                    span
		django, iso, seconds string
	}{
		{0, "00:00:00", "P0DT00H00M00S", "0.0"},
		{-second, "-1 23:59:59", "-P0DT00H00M01S", "-1.0"},
		{second / 2, "00:00:00.500000", "P0DT00H00M00.500000S", "0.5"},
		{day, "1 00:00:00", "P1DT00H00M00S", "86400.0"},
		{2*hour + 30*60*second, "02:30:00", "P0DT02H30M00S", "9000.0"},
		{30*day + 12*hour, "30 12:00:00", "P30DT12H00M00S", "2635200.0"},
		{-1, "-1 23:59:59.999999", "-P0DT00H00M00.000001S", "-0.000001"},
		{-2 * day, "-2 00:00:00", "-P2DT00H00M00S", "-172800.0"},
		{-3*day - 7*hour, "-4 17:00:00", "-P3DT07H00M00S", "-284400.0"},
	}
	for _, test := range tests {
		for form, want := range map[string]string{durationDjango: test.django, durationISO: test.iso, durationSeconds: test.seconds} {
			if got := string(test.d.append(nil, form)); got != want {
				t.Errorf("%d µs as %s: got %s, want %s", test.d, form, got, want)
			}
		}
	}
}

func TestDecimals(t *testing.T) {
	tests := []struct {
		d           decimal
		text, truth string
		number      string // as a JSON number
	}{
		{decimal{hundredths: 150000}, "1500.00", "1500.00", "1500.0"},
		{decimal{hundredths: -1250}, "-12.50", "-12.50", "-12.5"},
		{decimal{hundredths: -1}, "-0.01", "-0.01", "-0.01"},
		{decimal{minusZero: true}, "-0.00", "0.00", "-0.0"},
		{decimal{hundredths: 9999999999999999}, "99999999999999.99", "99999999999999.99", "99999999999999.99"},
	}
	for _, test := range tests {
		for _, e := range []struct {
			encoder encoder
			want    string
		}{
			{encoder{}, `"` + test.text + `"`},
			{encoder{truth: true}, `"` + test.truth + `"`},
			{encoder{form: form{numbers: true}}, test.number},
		} {
			e.encoder.buf = []byte("[")
			e.encoder.decimal("", test.d)
			if got := string(e.encoder.buf[1:]); got != e.want {
				t.Errorf("got %s, want %s", got, e.want)
			}
		}
	}
}

func TestPointsInTime(t *testing.T) {
	at := micros(time.Date(2026, 1, 31, 20, 0, 5, 0, time.UTC).UnixMicro())
	tests := []struct{ got, want string }{
		{string(at.append(nil, zoneUTC)), "2026-01-31T20:00:05Z"},
		{string(at.append(nil, zoneAlmaty)), "2026-02-01T01:00:05+05:00"},
		{string((at + 120000).append(nil, zoneAlmaty)), "2026-02-01T01:00:05.120000+05:00"},
		{string(at.appendTruth(nil)), "2026-01-31T20:00:05.000000Z"},
	}
	for _, test := range tests {
		if test.got != test.want {
			t.Errorf("got %s, want %s", test.got, test.want)
		}
	}
}

func TestTextWithEscapes(t *testing.T) {
	const s = "a\"\\/\n\x01я😀"
	if got, want := string(appendText(nil, s, false)), `"a\"\\/\n\u0001я😀"`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if got, want := string(appendText(nil, s, true)), `"a\"\\\/\n\u0001\u044f\ud83d\ude00"`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func FuzzTextIsReadBack(f *testing.F) {
	for _, s := range phraseForms {
		f.Add(s, false)
		f.Add(s, true)
	}
	f.Fuzz(func(t *testing.T, s string, ascii bool) {
		encoded := appendText(nil, s, ascii)
		var back string
		if err := json.Unmarshal(encoded, &back); err != nil {
			t.Fatalf("%q: %v", encoded, err)
		}
		if want := string([]rune(s)); back != want {
			t.Errorf("got %q, want %q", back, want)
		}
	})
}
