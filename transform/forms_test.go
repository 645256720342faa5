package transform

import (
	"testing"
	"time"
)

// A form is a text that a published rule takes or refuses, in bytes of our own.
type form struct {
	text  string // of the value in JSON
	valid bool   // what the rule says
	want  string // what becomes of it; empty: refused
	why   string // where we differ from the rule
}

const (
	whyNoLeap  = "no microsecond stands for a leap second"
	whyNoZone  = "a time of day has no zone: where the source has one, it is a timestamp"
	whyNoYears = "years and months have no fixed length"
	whySign    = "a duration may be negative, as Django writes it"
	whyDecimal = "ISO 8601 lets the last part have a fraction, and Django writes them"
	whyMixed   = "a number of each unit is as clear as without gaps"
)

// Forms by who has published the rule. Rules of RFC 3339 are of its section 5.6
// and appendix A; JSON-Schema-Test-Suite (optional/format) tests them.
var forms = []struct {
	rule, typ, refusal string
	forms              []form
}{
	{"RFC 3339 full-date", "date", "not a date like 2006-01-02", []form{
		{`"1965-07-21"`, true, `"1965-07-21"`, ""}, {`"2023-01-31"`, true, `"2023-01-31"`, ""}, {`"2023-04-30"`, true, `"2023-04-30"`, ""},
		{`"2022-02-28"`, true, `"2022-02-28"`, ""}, {`"2024-02-29"`, true, `"2024-02-29"`, ""}, {`"0400-02-29"`, true, `"0400-02-29"`, ""}, {`"0001-01-01"`, true, `"0001-01-01"`, ""},
		{`"2023-01-32"`, false, "", ""}, {`"2024-02-30"`, false, "", ""}, {`"2023-02-29"`, false, "", ""}, {`"2023-03-32"`, false, "", ""}, {`"2023-04-31"`, false, "", ""},
		{`"2023-05-32"`, false, "", ""}, {`"2023-06-31"`, false, "", ""}, {`"2023-07-32"`, false, "", ""}, {`"2023-08-32"`, false, "", ""}, {`"2023-09-31"`, false, "", ""},
		{`"2023-10-32"`, false, "", ""}, {`"2023-11-31"`, false, "", ""}, {`"2023-12-32"`, false, "", ""}, {`"0100-02-29"`, false, "", ""}, {`"2100-02-29"`, false, "", ""},
		{`"2023-13-01"`, false, "", ""}, {`"2023-00-15"`, false, "", ""}, {`"2023-01-00"`, false, "", ""}, {`""`, false, "", ""},
		{`"07/21/1965"`, false, "", ""}, {`"2014-351"`, false, "", ""}, {`"1997-2-20"`, false, "", ""}, {`"1997-02-2"`, false, "", ""}, {`"20240328"`, false, "", ""},
		{`"2024-W01"`, false, "", ""}, {`"2024-W13-2"`, false, "", ""}, {`"2023W527"`, false, "", ""}, {`"2021-11-28T23:55:45Z"`, false, "", ""}, {`"2021-01-01 00:00:00Z"`, false, "", ""},
		{`" 2024-01-16"`, false, "", ""}, {`"2024-01-16 "`, false, "", ""}, {`"2021 -01-01"`, false, "", ""}, {`"2021-01-01X"`, false, "", ""}, {`"2021-01-01Z"`, false, "", ""},
		{`"21-01-01"`, false, "", ""}, {`"998-01-01"`, false, "", ""}, {`"12021-01-01"`, false, "", ""}, {`"+2021-01-01"`, false, "", ""}, {`"-2021-01-01"`, false, "", ""},
		{`"1965-07-2৪"`, false, "", ""}, {`"2021-0৪-01"`, false, "", ""}, {`"২021-01-01"`, false, "", ""}, {`"YYYY-01-01"`, false, "", ""}, {`"2021-MM-01"`, false, "", ""}, {`"2021-01-DD"`, false, "", ""},
		{`"2021-001-01"`, false, "", ""}, {`"2021-01-001"`, false, "", ""}, {`"2021:01:01"`, false, "", ""}, {`"2021.01.01"`, false, "", ""}, {`"2021 01 01"`, false, "", ""}, {`"2021-01/01"`, false, "", ""},
		{`"2021--01-01"`, false, "", ""}, {`"2021-01--01"`, false, "", ""}, {`"2021-01-01\n"`, false, "", ""},
	}},
	{"RFC 3339 partial-time", "time", "not a time of day like 15:04:05", []form{
		{`"07:31:07"`, true, `"07:31:07.000000"`, ""}, {`"23:20:50.52"`, true, `"23:20:50.520000"`, ""}, {`"07:31:07.283185"`, true, `"07:31:07.283185"`, ""},
		{`"008:030:006"`, false, "", ""}, {`"7:3:6"`, false, "", ""}, {`"7:0030:6"`, false, "", ""}, {`"00:60:00"`, false, "", ""}, {`"00:00:61"`, false, "", ""}, {`"ab:cd:ef"`, false, "", ""},
		{`"1২:00:00"`, false, "", ""}, {`"07:31:07 PST"`, false, "", ""}, {`"01:01:01,1111"`, false, "", ""}, {`"2021-11-28T23:55:45"`, false, "", ""}, {`"07:31:07\n"`, false, "", ""}, {`"073107"`, false, "", ""},
		{`"24:00:00"`, false, "! 24:00, which is written as 00:00 of the next day", ""}, {`"23:59:60"`, true, "! a leap second, which has no place in the column", whyNoLeap},
		{`"07:31"`, false, `"07:31:00.000000"`, "Django and forms write no seconds where there are none"},
	}},
	{"RFC 3339 full-time", "time", "not a time of day like 15:04:05", []form{
		{`"07:31:07Z"`, true, "", whyNoZone}, {`"07:31:07z"`, true, "", whyNoZone}, {`"07:31:07+00:20"`, true, "", whyNoZone}, {`"07:31:07-08:00"`, true, "", whyNoZone}, {`"12:34:56-00:00"`, true, "", whyNoZone},
		{`"07:31:07-8:000"`, false, "", ""}, {`"01:02:03+24:00"`, false, "", ""}, {`"01:02:03+00:60"`, false, "", ""}, {`"01:02:03Z+00:30"`, false, "", ""}, {`"07:31:07#00:20"`, false, "", ""}, {`"07:31:07+0130"`, false, "", ""}, {`"07:31:07+01"`, false, "", ""},
	}},
	{"RFC 3339 date-time", "timestamp", "not a timestamp of RFC 3339 or of a declared layout", []form{
		{`"1965-07-21T07:31:07.283185Z"`, true, `"1965-07-21T07:31:07.283185Z"`, ""}, {`"1965-07-21T07:31:07Z"`, true, `"1965-07-21T07:31:07.000000Z"`, ""},
		{`"1938-01-01T12:00:27.87+00:20"`, true, `"1938-01-01T11:40:27.870000Z"`, ""}, {`"1991-12-31T15:59:50.123-08:00"`, true, `"1991-12-31T23:59:50.123000Z"`, ""},
		{`"1965-07-21t07:31:07.283185z"`, true, `"1965-07-21T07:31:07.283185Z"`, ""}, {`"1965-07-21T07:31:07-00:00"`, true, `"1965-07-21T07:31:07.000000Z"`, ""},
		{`"1995-12-31T23:59:60Z"`, true, "! a leap second, which has no place in the column", whyNoLeap}, {`"1995-12-31T15:59:60.123-08:00"`, true, "! a leap second, which has no place in the column", whyNoLeap},
		{`"1986-04-12T00:59:59.999999999999999Z"`, true, "! digits past the microsecond", "what does not fit is set aside"},
		{`"1995-12-31T23:59:61Z"`, false, "", ""}, {`"1995-12-31T23:58:60Z"`, false, "! a leap second, which has no place in the column", ""}, {`"1995-12-31T22:59:60Z"`, false, "! a leap second, which has no place in the column", ""},
		{`"1991-02-31T15:59:59.123-08:00"`, false, "", ""}, {`"1991-12-31T15:59:59-24:00"`, false, "", ""}, {`"1991-12-31T15:59:59+10:60"`, false, "", ""}, {`"1965-07-21T07:31:07.28123+01:00Z"`, false, "", ""},
		{`"1991-12-31T24:00:00Z"`, false, "! 24:00, which is written as 00:00 of the next day", ""}, {`"1991-12-31T15:60:00Z"`, false, "", ""}, {`"07/21/1965 07:31:07 PST"`, false, "", ""},
		{`"2014-351T01:01:01"`, false, "", ""}, {`"1965-7-21T07:31:07.283185Z"`, false, "", ""}, {`"1965-07-2T07:31:07.283185Z"`, false, "", ""}, {`"1965-07-2৪T00:00:00Z"`, false, "", ""},
		{`"1965-07-21T0৪:00:00Z"`, false, "", ""}, {`"+11965-07-21T07:31:07.283185Z"`, false, "", ""}, {`"1965-07-21T07:31:07"`, false, "", ""}, {`"1965-07-21 07:31:07Z"`, false, "", ""}, {`"1965-07-21T07:31:07+0100"`, false, "", ""}, {`"1965-07-21T07:31:07+01"`, false, "", ""}, {`"1965-07-21T07:31:07.Z"`, false, "", ""},
	}},
	{"RFC 3339 duration", "duration(iso)", "not a duration of a declared form", []form{
		{`"P3DT11H31M6S"`, true, `300666000000`, ""}, {`"PT0S"`, true, `0`, ""}, {`"P0D"`, true, `0`, ""}, {`"PT1M"`, true, `60000000`, ""}, {`"PT36H"`, true, `129600000000`, ""}, {`"P1DT12H"`, true, `129600000000`, ""},
		{`"P3W"`, true, `1814400000000`, ""}, {`"PT1H2M3S"`, true, `3723000000`, ""}, {`"PT1H30M"`, true, `5400000000`, ""}, {`"PT1M2S"`, true, `62000000`, ""}, {`"P01D"`, true, `86400000000`, ""}, {`"P10DT10H10M10S"`, true, `900610000000`, ""},
		{`"P3Y"`, true, "", whyNoYears}, {`"P1M"`, true, "", whyNoYears}, {`"P1Y2M3DT4H5M6S"`, true, "", whyNoYears}, {`"P1Y2M"`, true, "", whyNoYears}, {`"P1M2D"`, true, "", whyNoYears},
		{`"P99999999999999999999999999999999999999999D"`, true, "! a duration of more than 292 thousand years", "what does not fit is set aside"},
		{`"PT1D"`, false, "", ""}, {`"3DT11H31M6S"`, false, "", ""}, {`"P"`, false, "", ""}, {`"P1YT"`, false, "", ""}, {`"P1DT"`, false, "", ""}, {`"PT"`, false, "", ""}, {`"P2D1Y"`, false, "", ""}, {`"PT1M1H"`, false, "", ""}, {`"P1D2H"`, false, "", ""}, {`"P2S"`, false, "", ""},
		{`"P1Y2W"`, false, "", ""}, {`"P0Y1W"`, false, "", ""}, {`"P২D"`, false, "", ""}, {`"P1"`, false, "", ""}, {`" P1D"`, false, "", ""}, {`"P1D "`, false, "", ""}, {`"P1D\n"`, false, "", ""}, {`""`, false, "", ""}, {`"P1D2T3H"`, false, "", ""}, {`"P1e2D"`, false, "", ""}, {`"P-1D"`, false, "", ""}, {`"p1d"`, false, "", ""},
		{`"PT0.5S"`, false, `500000`, whyDecimal}, {`"PT0,5S"`, false, `500000`, whyDecimal}, {`"-P1D"`, false, `-86400000000`, whySign}, {`"P1WT1H"`, false, `608400000000`, whyMixed}, {`"PT1H2S"`, false, `3602000000`, whyMixed},
	}},
	{"RFC 9562", "uuid", "not a UUID in its canonical form", []form{
		{`"3FB9BB19-BBA9-22FB-C5BB-84C552E27491"`, true, `"3fb9bb19-bba9-22fb-c5bb-84c552e27491"`, ""}, {`"3fb9bb19-bba9-22fb-c5bb-84c552e27491"`, true, `"3fb9bb19-bba9-22fb-c5bb-84c552e27491"`, ""},
		{`"3fB9bb19-BBA9-22fb-C5bb-84C552e27491"`, true, `"3fb9bb19-bba9-22fb-c5bb-84c552e27491"`, ""}, {`"00000000-0000-0000-0000-000000000000"`, true, `"00000000-0000-0000-0000-000000000000"`, ""}, {`"ffffffff-ffff-ffff-ffff-ffffffffffff"`, true, `"ffffffff-ffff-ffff-ffff-ffffffffffff"`, ""},
		{`"a9e91687-593f-4380-9545-8f97991bc333"`, true, `"a9e91687-593f-4380-9545-8f97991bc333"`, ""}, {`"a9e91687-593f-f380-9545-8f97991bc333"`, true, `"a9e91687-593f-f380-9545-8f97991bc333"`, ""},
		{`"3fb9bb19-bba9-22fb-c5bb-84c552e2749"`, false, "", ""}, {`"3fb9bb19-bba9-22fb-84c552e27491"`, false, "", ""}, {`"3fb9bb19-bba9-22fb-c5gb-84c552e27491"`, false, "", ""}, {`"3fb9bb19bba922fbc5bb84c552e27491"`, false, "", ""},
		{`"3fb9bb19bba9-22fb-c5bb84c552e27491"`, false, "", ""}, {`"3fb9-bb19-bba9-22fb-c5bb84c55-2e27491"`, false, "", ""}, {`"3fb9bb19bba922fbc5bb84c552e27491----"`, false, "", ""}, {`"3fb9bb1-9bba9-22f-bc5bb8-4c552e27491"`, false, "", ""}, {`"urn:uuid:3fb9bb19-bba9-22fb-c5bb-84c552e27491"`, false, "", ""},
	}},
}

// What a published rule takes is taken, and what it refuses is refused, but for
// stated reasons.
func TestForms(t *testing.T) {
	for _, group := range forms {
		s := one(t, group.typ)
		for _, f := range group.forms {
			t.Run(group.rule+" "+f.text, func(t *testing.T) {
				want := f.want
				if want == "" {
					want = "! " + group.refusal
				}
				if got := told(decode(t, s, Options{Zone: time.UTC}, `[{"x":`+f.text+`}]`)); got != want {
					t.Errorf("%s becomes %s, want %s", f.text, got, want)
				}
				if same := f.valid == (want[0] != '!'); same != (f.why == "") {
					t.Errorf("as the rule has it: %v; why not: %q", same, f.why)
				}
			})
		}
	}
}

// What Django's parse_duration (django.utils.dateparse) takes as its own form is
// the same duration here. Its three other forms are no duration(django): those
// of ISO 8601 are duration(iso), that of PostgreSQL is never written by Django.
func TestDjangoForms(t *testing.T) {
	const truncated, postgres = "Django drops digits past the microsecond: what does not fit is set aside", "a form of PostgreSQL"
	iso := "duration(iso)"
	own := []form{
		{`"3 0:14:29.200000"`, true, `260069200000`, ""}, {`"11:14:29"`, true, `40469000000`, ""}, {`"3 00:14:29"`, true, `260069000000`, ""}, {`"1 day, 0:00:00"`, true, `86400000000`, ""},
		{`"3 days, 0:14:29"`, true, `260069000000`, ""}, {`"-3 days, 0:14:29"`, true, `-258331000000`, ""}, {`"0:14:29"`, true, `869000000`, ""}, {`"0:00:29"`, true, `29000000`, ""},
		{`"29"`, true, `29000000`, ""}, {`"14:29"`, true, `869000000`, ""}, {`"4:29"`, true, `269000000`, ""}, {`"11:14:29"`, true, `40469000000`, ""}, {`"1:14:29"`, true, `4469000000`, ""}, {`"101:201:301"`, true, `375961000000`, ""},
		{`"3 14:29"`, true, `260069000000`, ""}, {`"3 11:14:29"`, true, `299669000000`, ""},
		{`"14:29.2"`, true, `869200000`, ""}, {`"14:29.02"`, true, `869020000`, ""}, {`"14:29.002"`, true, `869002000`, ""}, {`"14:29.0002"`, true, `869000200`, ""}, {`"14:29.00002"`, true, `869000020`, ""}, {`"14:29.000002"`, true, `869000002`, ""}, {`"14:29,000002"`, true, `869000002`, ""},
		{`"-3 14:29"`, true, `-258331000000`, ""}, {`"-259200"`, true, `-259200000000`, ""}, {`"-14:29"`, true, `-869000000`, ""}, {`"-1:14:29"`, true, `-4469000000`, ""}, {`"-29.2"`, true, `-29200000`, ""}, {`"-29,2"`, true, `-29200000`, ""},
		{`"-00:02:02"`, true, `-122000000`, ""}, {`"-02:02"`, true, `-122000000`, ""}, {`"1 -02:00:00"`, true, `79200000000`, ""}, {`"-02:-02"`, false, "", ""}, {`"+29"`, false, "", ""},
		{`"14:29.1234567"`, true, "! digits past the microsecond", truncated}, {`"14:29.1234560"`, true, `869123456`, ""},
		{`"1 day"`, true, "", postgres}, {`"-1 day"`, true, "", postgres}, {`"2 days 0:00:01"`, true, "", postgres}, {`"1 day -0:00:01"`, true, "", postgres}, {`"-1 day +0:00:01"`, true, "", postgres}, {`"+0:00:01"`, true, "", postgres},
		{`"1:2:3:4"`, false, "", ""}, {`"29."`, false, "", ""}, {`".2"`, false, "", ""}, {`"a"`, false, "", ""}, {`""`, true, "", "Django takes no text at all for zero"}, {`" 29"`, false, "", ""},
		{`"P3D"`, true, "", iso}, {`"P0.5D"`, true, "", iso}, {`"P0,5D"`, true, "", iso}, {`"-P3D"`, true, "", iso}, {`"-P0.5D"`, true, "", iso}, {`"PT6H"`, true, "", iso}, {`"-PT6H"`, true, "", iso}, {`"PT6M"`, true, "", iso}, {`"PT6S"`, true, "", iso}, {`"PT0.000006S"`, true, "", iso}, {`"PT0,000006S"`, true, "", iso},
		{`"P3Y"`, false, "", ""}, {`"P3M"`, false, "", ""}, {`"P3W"`, false, "", ""},
	}
	django, both := one(t, "duration(django)"), one(t, `"duration(django, iso)"`)
	for _, f := range own {
		t.Run(f.text, func(t *testing.T) {
			want := f.want
			if want == "" {
				want = "! not a duration of a declared form"
			}
			if got := told(decode(t, django, Options{}, `[{"x":`+f.text+`}]`)); got != want {
				t.Errorf("%s becomes %s, want %s", f.text, got, want)
			}
			if same := f.valid == (want[0] != '!'); same != (f.why == "") {
				t.Errorf("as Django has it: %v; why not: %q", same, f.why)
			}
			if got := told(decode(t, both, Options{}, `[{"x":`+f.text+`}]`)); f.why == iso && got[0] == '!' {
				t.Errorf("%s becomes %s with both forms", f.text, got)
			}
		})
	}
}

// Rounding and quantize as the General Decimal Arithmetic Specification (version
// 1.70, "round-half-even" and "quantize") has them: the nearest value, of two
// that are as near the even one; and what has more digits than the precision
// afterwards is an invalid operation.
func TestDecimalArithmetic(t *testing.T) {
	const tooLong, tooFine = "! more digits than the precision", "! more digits after the point than the scale"
	tests := []struct {
		typ    string
		values [][2]string
	}{
		{`"decimal(2,0)", round: half_even`, [][2]string{
			{"0.5", "0"}, {"1.5", "2"}, {"2.5", "2"}, {"3.5", "4"}, {"-0.5", "0"}, {"-1.5", "-2"}, {"-2.5", "-2"}, {"12.5", "12"}, {"13.5", "14"},
			{"0.4999999999999999999999999999999999999999", "0"}, {"0.5000000000000000000000000000000000000001", "1"}, {"2.5000000000000000000000000000000000000001", "3"}, {"2.4999999999999999999999999999999999999999", "2"},
			{"25e-1", "2"}, {"35E-1", "4"}, {"0.25e1", "2"}, {"5e-1", "0"}, {"5e-2", "0"}, {"1e-999", "0"}, {"250e-2", "2"}, {"2.50", "2"},
			{"9.5", "10"}, {"98.5", "98"}, {"99.4", "99"}, {"99.49", "99"}, {"99.5", tooLong}, {"-99.5", tooLong}, {"100", tooLong}, {"1e2", tooLong}, {"1e1", "10"}, {"-0", "0"}, {"-0.0", "0"}, {"0e99", "0"},
		}},
		{`"decimal(5,2)", round: half_even`, [][2]string{
			{"2.17", "2.17"}, {"2.1", "2.10"}, {"2", "2.00"}, {"2.175", "2.18"}, {"2.165", "2.16"}, {"-2.165", "-2.16"}, {"2.1750", "2.18"}, {"2.1650000", "2.16"}, {"2.16500001", "2.17"},
			{"0.005", "0.00"}, {"0.015", "0.02"}, {"0.025", "0.02"}, {"0.995", "1.00"}, {"9.995", "10.00"}, {"99.985", "99.98"}, {"999.99", "999.99"}, {"999.9949", "999.99"}, {"999.995", tooLong}, {"217e-1", "21.70"}, {"2.17e2", "217.00"}, {"2.17e3", tooLong},
		}},
		{`"decimal(5,2)"`, [][2]string{
			{"2.17", "2.17"}, {"2.170", "2.17"}, {"2.17000000", "2.17"}, {"2.171", tooFine}, {"2.165", tooFine}, {"217e-2", "2.17"}, {"2170e-3", "2.17"}, {"2171e-3", tooFine}, {"0.0217e2", "2.17"}, {"1e-3", tooFine}, {"0e-9", "0.00"}, {"1000", tooLong}, {"999.99", "999.99"},
		}},
		{`"decimal(38,38)", round: half_even`, [][2]string{
			{"0.99999999999999999999999999999999999999", "0.99999999999999999999999999999999999999"}, {"0.999999999999999999999999999999999999994", "0.99999999999999999999999999999999999999"},
			{"0.999999999999999999999999999999999999995", tooLong}, {"1e-38", "0.00000000000000000000000000000000000001"}, {"5e-39", "0.00000000000000000000000000000000000000"}, {"15e-39", "0.00000000000000000000000000000000000002"}, {"1", tooLong},
		}},
		{`"decimal(38,0)", round: half_even`, [][2]string{
			{"99999999999999999999999999999999999999.5", tooLong}, {"99999999999999999999999999999999999998.5", "99999999999999999999999999999999999998"}, {"1e37", "10000000000000000000000000000000000000"}, {"1e38", tooLong},
			{"12345678901234567890123456789012345678.4999999999999999999999999999999999999999", "12345678901234567890123456789012345678"},
		}},
	}
	for _, tt := range tests {
		s := one(t, tt.typ)
		for _, v := range tt.values {
			want := v[1]
			if want[0] != '!' {
				want = `"` + want + `"`
			}
			for _, text := range []string{v[0], `"` + v[0] + `"`} {
				if got := told(decode(t, s, Options{}, `[{"x":`+text+`}]`)); got != want {
					t.Errorf("%s: %s becomes %s, want %s", tt.typ, text, got, want)
				}
			}
		}
	}
}
