package transform

import (
	"fmt"
	"strings"
	"testing"
	"time"
	_ "time/tzdata"
)

// Each type takes some texts, as its column, and sets the rest aside with a
// reason. The value is a member of a record, as it stands in a page; the result
// is a JSON text, or "! reason" for a reject.
func TestTypes(t *testing.T) {
	warsaw, err := time.LoadLocation("Europe/Warsaw")
	if err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		typ    string // and the other keys of the column
		values [][2]string
	}{
		{"bool", [][2]string{
			{`true`, `true`}, {`false`, `false`}, {`null`, `null`},
			{`1`, `! not a bool`}, {`"true"`, `! not a bool`},
		}},
		{"bool, loose: true", [][2]string{
			{`1`, `true`}, {`"1"`, `true`}, {`0`, `false`}, {`"0"`, `false`},
			{`2`, `! not a bool`}, {`1.0`, `! not a bool`}, {`""`, `! not a bool`}, {`"yes"`, `! not a bool`},
		}},
		{"int32", [][2]string{
			{`2147483647`, `2147483647`}, {`-2147483648`, `-2147483648`},
			{`2147483648`, `! out of the range of the integer type`}, {`-2147483649`, `! out of the range of the integer type`},
		}},
		{"int64", [][2]string{
			{`0`, `0`}, {`-0`, `0`}, {`1.0`, `1`}, {`1e3`, `1000`}, {`1200E-2`, `12`}, {`0e99999999999999999999`, `0`},
			{`9223372036854775807`, `9223372036854775807`}, {`-9223372036854775808`, `-9223372036854775808`},
			{`922337203685477580.7e1`, `9223372036854775807`},
			{`9223372036854775808`, `! out of the range of the integer type`}, {`-9223372036854775809`, `! out of the range of the integer type`},
			{`1e99999999999999999999`, `! out of the range of the integer type`},
			{`1.5`, `! not a whole number`}, {`1e-1`, `! not a whole number`}, {`1e-99999999999999999999`, `! not a whole number`},
			{`"12"`, `12`}, {`"-12"`, `-12`}, {`"+12"`, `12`}, {`"1e3"`, `1000`}, {`"0"`, `0`}, {`"\u0031"`, `1`},
			{`"007"`, `! a quoted number with leading zeros`}, {`"-07"`, `! a quoted number with leading zeros`}, {`"000"`, `! a quoted number with leading zeros`}, {`"00A"`, `! not a number`},
			{`""`, `! not a number`}, {`" 1"`, `! not a number`}, {`"+-1"`, `! not a number`}, {`"0x1"`, `! not a number`}, {`"-"`, `! not a number`},
			{`true`, `! not an integer`}, {`[1]`, `! not an integer`}, {`{}`, `! not an integer`},
		}},
		{"int64, min: -5, max: 5", [][2]string{
			{`-5`, `-5`}, {`5`, `5`}, {`6`, `! outside of min and max`}, {`-6`, `! outside of min and max`},
		}},
		{"float64", [][2]string{
			{`0.1`, `0.1`}, {`1e308`, `1e+308`}, {`-1.5`, `-1.5`}, {`1e-400`, `0`},
			{`1e309`, `! out of the range of float64`}, {`"1.5"`, `! not a number`}, {`null`, `null`},
		}},
		{"float64, loose: true", [][2]string{{`"1.5"`, `1.5`}, {`"Inf"`, `! not a number`}, {`"0x1p2"`, `! not a number`}}},
		{`"decimal(5,2)"`, [][2]string{
			{`"1.50"`, `"1.50"`}, {`1.5`, `"1.50"`}, {`-0.01`, `"-0.01"`}, {`"+2"`, `"2.00"`}, {`1.5e2`, `"150.00"`},
			{`1.50000000000000000000000000000000000000000`, `"1.50"`}, {`999.99`, `"999.99"`}, {`-0.0`, `"0.00"`}, {`0e999999999`, `"0.00"`},
			{`1e2`, `"100.00"`}, {`0.00000001e8`, `"1.00"`},
			{`1000`, `! more digits than the precision`}, {`1e999999999999`, `! more digits than the precision`},
			{`1.005`, `! more digits after the point than the scale`}, {`1e-999999999999`, `! more digits after the point than the scale`},
			{`"5."`, `! not a number`}, {`".5"`, `! not a number`}, {`""`, `! not a number`}, {`"NaN"`, `! not a number`}, {`"1,5"`, `! not a number`},
			{`"01.50"`, `! a quoted number with leading zeros`}, {`false`, `! not a number`},
		}},
		{`"decimal(38,0)"`, [][2]string{
			{`99999999999999999999999999999999999999`, `"99999999999999999999999999999999999999"`},
			{`-99999999999999999999999999999999999999`, `"-99999999999999999999999999999999999999"`},
			{`100000000000000000000000000000000000000`, `! more digits than the precision`},
		}},
		{`"decimal(5,2)", round: half_even`, [][2]string{
			{`1.005`, `"1.00"`}, {`1.015`, `"1.02"`}, {`1.0150000001`, `"1.02"`}, {`1.0149`, `"1.01"`}, {`0.005`, `"0.00"`}, {`0.0051`, `"0.01"`},
			{`-1.015`, `"-1.02"`}, {`9.995`, `"10.00"`}, {`0.0009`, `"0.00"`}, {`1e-999999999999`, `"0.00"`}, {`0.999`, `"1.00"`},
			{`999.994`, `"999.99"`}, {`999.995`, `! more digits than the precision`},
		}},
		{`"decimal(5,2)", min: 0, max: 10.5`, [][2]string{
			{`10.5`, `"10.50"`}, {`10.51`, `! outside of min and max`}, {`-0.01`, `! outside of min and max`},
		}},
		{"string", [][2]string{
			{`"x"`, `"x"`}, {`""`, `""`}, {`"\u00e9\ud83d\ude00\n"`, `"é😀\n"`}, {`null`, `null`},
			{`12`, `! not a string`}, {`true`, `! not a string`}, {`{}`, `! not a string`},
			{`"\ud83d"`, `! half of a surrogate pair`}, {"\"\xff\"", `! invalid UTF-8`},
		}},
		{"string, loose: true", [][2]string{{`12.50`, `"12.50"`}, {`true`, `! not a string`}}},
		{`string, null_if: ["", "-", "0"]`, [][2]string{{`""`, `null`}, {`"-"`, `null`}, {`0`, `null`}, {`"\u002d"`, `null`}, {`"x"`, `"x"`}}},
		{"date", [][2]string{
			{`"2024-02-29"`, `"2024-02-29"`}, {`"0001-01-01"`, `"0001-01-01"`}, {`"9999-12-31"`, `"9999-12-31"`},
			{`"2023-02-29"`, `! not a date like 2006-01-02`}, {`"2023-13-01"`, `! not a date like 2006-01-02`}, {`"2023-00-01"`, `! not a date like 2006-01-02`},
			{`"0000-00-00"`, `! outside of the years 1 to 9999`}, {`"2023-1-1"`, `! not a date like 2006-01-02`}, {`"2023-01-01T00:00:00Z"`, `! not a date like 2006-01-02`},
			{`""`, `! not a date like 2006-01-02`}, {`20230101`, `! not a string`},
		}},
		{`date, min: "2020-01-01"`, [][2]string{{`"2020-01-01"`, `"2020-01-01"`}, {`"2019-12-31"`, `! outside of min and max`}}},
		{"time", [][2]string{
			{`"15:04"`, `"15:04:00.000000"`}, {`"15:04:05"`, `"15:04:05.000000"`}, {`"00:00:00.0000010"`, `"00:00:00.000001"`}, {`"23:59:59.999999"`, `"23:59:59.999999"`},
			{`"24:00"`, `! 24:00, which is written as 00:00 of the next day`}, {`"23:59:60"`, `! a leap second, which has no place in the column`},
			{`"12:00:00.0000001"`, `! digits past the microsecond`}, {`"12:00:00."`, `! not a time of day like 15:04:05`}, {`"9:00"`, `! not a time of day like 15:04:05`},
			{`"12:60"`, `! not a time of day like 15:04:05`}, {`"12:00:00Z"`, `! not a time of day like 15:04:05`},
		}},
		{"timestamp", [][2]string{
			{`"2026-01-02T03:04:05Z"`, `"2026-01-02T03:04:05.000000Z"`}, {`"2026-01-02t03:04:05z"`, `"2026-01-02T03:04:05.000000Z"`},
			{`"2026-04-14T12:05:09.123456+05:00"`, `"2026-04-14T07:05:09.123456Z"`}, {`"2026-01-01T00:00:00.1-00:30"`, `"2026-01-01T00:30:00.100000Z"`},
			{`"2026-01-02T03:04:05.123456000Z"`, `"2026-01-02T03:04:05.123456Z"`}, {`"2026-01-02T03:04:05.1234567Z"`, `! digits past the microsecond`},
			{`"0001-01-01T00:00:00Z"`, `"0001-01-01T00:00:00.000000Z"`}, {`"9999-12-31T23:59:59.999999Z"`, `"9999-12-31T23:59:59.999999Z"`},
			{`"0001-01-01T00:00:00+01:00"`, `! outside of the years 1 to 9999`}, {`"9999-12-31T23:59:59-00:01"`, `! outside of the years 1 to 9999`},
			{`"2026-01-02T24:00:00Z"`, `! 24:00, which is written as 00:00 of the next day`}, {`"2016-12-31T23:59:60Z"`, `! a leap second, which has no place in the column`},
			{`"2026-01-02T03:04:05"`, `! not a timestamp of RFC 3339 or of a declared layout`}, {`"2026-01-02 03:04:05Z"`, `! not a timestamp of RFC 3339 or of a declared layout`},
			{`"2026-02-30T00:00:00Z"`, `! not a timestamp of RFC 3339 or of a declared layout`}, {`"2026-01-02T03:04:05+24:00"`, `! not a timestamp of RFC 3339 or of a declared layout`},
			{`"2026-01-02T03:04Z"`, `! not a timestamp of RFC 3339 or of a declared layout`}, {`1767322800`, `! not a string`},
		}},
		{`timestamp, layouts: [datetime, date, "02.01.2006 15:04 -0700"]`, [][2]string{
			{`"2026-01-02 03:04:05"`, `"2026-01-02T02:04:05.000000Z"`}, {`"2026-07-02 03:04:05.5"`, `"2026-07-02T01:04:05.500000Z"`},
			{`"2026-01-02"`, `"2026-01-01T23:00:00.000000Z"`}, {`"02.01.2026 03:04 +0300"`, `"2026-01-02T00:04:00.000000Z"`},
			{`"2026-03-29 01:59:59"`, `"2026-03-29T00:59:59.000000Z"`},
			{`"2026-03-29 02:30:00"`, `"2026-03-29T01:30:00.000000Z"`}, // put forward: 02:30 is never shown, 03:30 is meant
			{`"2026-03-29 03:00:00"`, `"2026-03-29T01:00:00.000000Z"`},
			{`"2026-10-25 02:30:00"`, `"2026-10-25T00:30:00.000000Z"`}, // put back: shown twice, the first is meant
			{`"2026-10-25 03:00:00"`, `"2026-10-25T02:00:00.000000Z"`},
			{`"2026-01-02 03:04:05.1234567"`, `! digits past the microsecond`}, {`"2026-01-02 03:04:05.0000000001"`, `! digits past the microsecond`},
			{`"0000-00-00 00:00:00"`, `! not a timestamp of RFC 3339 or of a declared layout`},
		}},
		{`timestamp, layouts: ["2006-02-01 15:04:05", datetime]`, [][2]string{
			{`"2026-02-01 00:00:00"`, `"2026-01-01T23:00:00.000000Z"`}, {`"2026-01-31 00:00:00"`, `"2026-01-30T23:00:00.000000Z"`}, // the first layout that fits
		}},
		{"duration(django)", [][2]string{
			{`"1 00:00:00"`, `86400000000`}, {`"02:30:00"`, `9000000000`}, {`"30 12:00:00"`, `2635200000000`}, {`"00:00:00.500000"`, `500000`},
			{`"-1 23:59:59"`, `-1000000`}, {`"-00:00:01"`, `-1000000`}, {`"1 -01:00:00"`, `82800000000`}, {`"15:30"`, `930000000`}, {`"30"`, `30000000`}, {`"86400.0"`, `86400000000`},
			{`"1 day, 2:00:00"`, `93600000000`}, {`"2 days, 0:00:00"`, `172800000000`}, {`"00:00:01,5"`, `1500000`}, {`"100:90:90"`, `365490000000`}, {`"-0.5"`, `-500000`},
			{`"00:00:00.0000010"`, `1`}, {`"00:00:00.0000001"`, `! digits past the microsecond`},
			{`"106751991 04:00:54.775807"`, `9223372036854775807`}, {`"106751991 04:00:54.775808"`, `! a duration of more than 292 thousand years`},
			{`"-106751992 19:59:05.224192"`, `-9223372036854775808`}, {`"99999999999999999999999999999999999999999 00:00:00"`, `! a duration of more than 292 thousand years`},
			{`"P1D"`, `! not a duration of a declared form`}, {`""`, `! not a duration of a declared form`}, {`"1 day"`, `! not a duration of a declared form`}, {`"1.5 00:00:00"`, `! not a duration of a declared form`}, {`"1:"`, `! not a duration of a declared form`},
			{`86400`, `! not a duration of a declared form`}, {`null`, `null`},
		}},
		{"duration(iso)", [][2]string{
			{`"P1DT02H30M00S"`, `95400000000`}, {`"-P0DT00H00M01S"`, `-1000000`}, {`"P2W"`, `1209600000000`}, {`"PT0.5H"`, `1800000000`}, {`"PT1,25S"`, `1250000`}, {`"P0.5D"`, `43200000000`}, {`"+PT1S"`, `1000000`},
			{`"P"`, `! not a duration of a declared form`}, {`"P1DT"`, `! not a duration of a declared form`}, {`"P1Y"`, `! not a duration of a declared form`}, {`"P1M"`, `! not a duration of a declared form`},
			{`"PT0.5H1S"`, `! not a duration of a declared form`}, {`"PT.5S"`, `! not a duration of a declared form`}, {`"PT1.S"`, `! not a duration of a declared form`}, {`"PT0.0000001S"`, `! digits past the microsecond`},
		}},
		{"duration(hms)", [][2]string{
			{`"00:05:18"`, `318000000`}, {`"100:00:00"`, `360000000000`}, {`"-01:00:00"`, `-3600000000`}, {`"00:00:00.25"`, `250000`},
			{`"05:18"`, `! not a duration of a declared form`}, {`"00:60:00"`, `! not a duration of a declared form`},
		}},
		{"duration(seconds)", [][2]string{
			{`19`, `19000000`}, {`"86400.0"`, `86400000000`}, {`-0.5`, `-500000`}, {`1e3`, `1000000000`}, {`0e999999999`, `0`},
			{`9223372036854.775807`, `9223372036854775807`}, {`20000000000000`, `! a duration of more than 292 thousand years`},
			{`1e-7`, `! digits past the microsecond`}, {`1e999999999999`, `! a duration of more than 292 thousand years`}, {`1e-999999999999`, `! digits past the microsecond`}, {`"00:01"`, `! not a duration of a declared form`},
		}},
		{`"duration(hms, seconds)"`, [][2]string{{`"00:05:18"`, `318000000`}, {`19`, `19000000`}, {`true`, `! not a duration of a declared form`}}},
		{"uuid", [][2]string{
			{`"3C90C3CC-0d44-4b50-8888-8dd25736052a"`, `"3c90c3cc-0d44-4b50-8888-8dd25736052a"`},
			{`"3c90c3cc0d444b5088888dd25736052a"`, `! not a UUID in its canonical form`}, {`"{3c90c3cc-0d44-4b50-8888-8dd25736052}"`, `! not a UUID in its canonical form`},
			{`"3c90c3cc-0d44-4b50-8888-8dd25736052g"`, `! not a UUID in its canonical form`}, {`""`, `! not a UUID in its canonical form`},
		}},
		{"json", [][2]string{
			{`{ "a" : [1.0, null] }`, `"{ \"a\" : [1.0, null] }"`}, {`"x\u00e9"`, `"\"x\\u00e9\""`}, {`1e2`, `"1e2"`}, {`[]`, `"[]"`}, {`{"a":1,"a":2}`, `"{\"a\":1,\"a\":2}"`},
			{`"\ud83d"`, `"\"\\ud83d\""`}, {`null`, `null`}, {"\"\xff\"", `! invalid UTF-8`},
		}},
		{"list<int64>", [][2]string{
			{`[1,2]`, `[1,2]`}, {`[]`, `[]`}, {`null`, `null`}, {`["3"]`, `[3]`},
			{`[1,null]`, `! null in a list`}, {`[1,"x"]`, `! not a number`}, {`{}`, `! not a list`}, {`1`, `! not a list`},
		}},
		{"list<string>, loose: true", [][2]string{{`["a",1.50]`, `["a","1.50"]`}}},
	}
	for _, tt := range tests {
		s := one(t, tt.typ)
		for _, v := range tt.values {
			t.Run(fmt.Sprintf("%s %.40s", tt.typ, v[0]), func(t *testing.T) {
				b := decode(t, s, Options{Zone: warsaw}, `[{"x":`+v[0]+`}]`)
				if got := told(b); got != v[1] {
					t.Errorf("got %s, want %s", got, v[1])
				}
			})
		}
	}
}

// told is the value of column x in the only record of a batch, or why there is
// none.
func told(b *Batch) string {
	if len(b.Rejects) == 1 {
		return "! " + b.Rejects[0].Reason
	}
	return strings.TrimSpace(value(b.Record.Column(0), 0))
}

func TestEnumKeepsItsCode(t *testing.T) {
	tests := []struct {
		typ, value, want string
		unlabelled       int64
	}{
		{"enum(int32), labels: { 0: Запрос, 1: open }", `0`, `{"x":0,"x_label":"Запрос"}`, 0},
		{"enum(int32), labels: { 0: Запрос, 1: open }", `"1"`, `{"x":1,"x_label":"open"}`, 0},
		{"enum(int32), labels: { 0: Запрос, 1: open }", `6`, `{"x":6,"x_label":null}`, 1},
		{"enum(int32), labels: { 0: Запрос, 1: open }", `null`, `{"x":null,"x_label":null}`, 0},
		{"enum(int64)", `3000000000`, `{"x":3000000000,"x_label":null}`, 1},
		{"enum(string), labels: { a: same, b: same }", `"b"`, `{"x":"b","x_label":"same"}`, 0},
		{"enum(string), labels: { a: A }", `"cancelled"`, `{"x":"cancelled","x_label":null}`, 1},
	}
	for _, tt := range tests {
		t.Run(tt.typ+" "+tt.value, func(t *testing.T) {
			s := one(t, tt.typ)
			s.Unknown = "ignore"
			b := decode(t, s, Options{}, `[{"x":`+tt.value+`}]`)
			if got := strings.TrimSpace(rows(b.Record)); got != tt.want {
				t.Errorf("got %s, want %s", got, tt.want)
			}
			if b.Counts.Unlabelled != tt.unlabelled {
				t.Errorf("%d without label, want %d", b.Counts.Unlabelled, tt.unlabelled)
			}
		})
	}
}
