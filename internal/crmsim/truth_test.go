package crmsim

import (
	"encoding/json"
	"flag"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write the golden files anew")

// truth returns all rows of a stream's truth.
func (c *client) truth(stream string) []string {
	var rows []string
	for row := range c.server.Truth(stream) {
		rows = append(rows, string(row))
	}
	return rows
}

// served returns all records of a stream as they are sent.
func (c *client) served(stream string) []string {
	c.t.Helper()
	c.logIn()
	var texts []json.RawMessage
	switch stream {
	case "workshop_resources":
		texts = c.results(resources)
	case "request_list":
		texts = c.results(requests)
	case "requests":
		for _, id := range c.walk(requests + "?ordering=id&pageSize=10000") {
			status, body := c.ask("GET", requests+id+"/", "")
			if status != 200 {
				c.t.Fatalf("asking for a request: %d", status)
			}
			texts = append(texts, json.RawMessage(body))
		}
	case "sales_funnels":
		r, _ := c.funnels(c.session(), `,"limit":10000,"sort":[{"field":"ext_id"}]`)
		texts = decode[[]json.RawMessage](c.t, string(r.Result.Data))
	default:
		texts = c.servedMore(stream)
	}
	rows := make([]string, len(texts))
	for i, text := range texts {
		rows[i] = string(text)
	}
	return rows
}

func (c *client) results(path string) []json.RawMessage {
	c.t.Helper()
	_, body := c.ask("GET", path+"?ordering=id&pageSize=10000", "")
	return decode[struct{ Results []json.RawMessage }](c.t, body).Results
}

// dig returns the JSON text at a path of names and numbers, or null.
func dig(t *testing.T, text, path string) string {
	t.Helper()
	for name := range strings.SplitSeq(path, ".") {
		if i, err := strconv.Atoi(name); err == nil {
			list := decode[[]json.RawMessage](t, text)
			if i >= len(list) {
				return "null"
			}
			text = string(list[i])
			continue
		}
		value, ok := decode[map[string]json.RawMessage](t, text)[name]
		if !ok {
			return "null"
		}
		text = string(value)
	}
	return text
}

func TestTruthSaysWhatWasServed(t *testing.T) {
	for stream, fields := range wireFields() {
		t.Run(stream, func(t *testing.T) {
			c := open(t, Options{Scale: enough(stream) / 2})
			truth, served := c.truth(stream), c.served(stream)
			if len(truth) != len(served) || len(truth) == 0 {
				t.Fatalf("got %d rows of truth, %d served", len(truth), len(served))
			}
			for i, row := range truth {
				for _, f := range fields {
					c.compare(served[i], row, f.wire, f.column, f.read)
				}
			}
		})
	}
}

// compare fails the test if a value of truth is not what its reading of the
// wire gives.
func (c *client) compare(served, truth, wire, column string, read func(*testing.T, string) any) {
	c.t.Helper()
	sent, said := digOrNull(c.t, served, wire), digOrNull(c.t, truth, column)
	var want any
	if sent != "null" {
		want = read(c.t, sent)
	}
	var got any
	switch {
	case said == "null":
	case strings.HasPrefix(said, `"`):
		got = decode[string](c.t, said)
	default:
		got = said
	}
	if diff := cmp.Diff(want, got); diff != "" {
		c.t.Fatalf("%s of %.60s:\n%s", column, truth, diff)
	}
}

// digOrNull is dig where a struct or list on the way may be null.
func digOrNull(t *testing.T, text, path string) string {
	t.Helper()
	for name := range strings.SplitSeq(path, ".") {
		if text == "null" {
			return text
		}
		text = dig(t, text, name)
	}
	return text
}

func TestRowsOfTruthAreWhole(t *testing.T) {
	c := open(t, Options{Scale: 0.1})
	for _, stream := range c.server.Streams() {
		first := ""
		for _, row := range c.truth(stream) {
			members := slices.Sorted(maps.Keys(decode[map[string]json.RawMessage](t, row)))
			if names := strings.Join(members, " "); first == "" {
				first = names
			} else if names != first {
				t.Fatalf("%s: a row has the columns %s, another %s", stream, names, first)
			}
		}
	}
}

func TestAwkwardFormsAreAmongTheFirst200(t *testing.T) {
	streams := map[string][]string{
		"workshop_resources": {
			`"resource":null`, `"price":[0-9]+\.[0-9]+[,}]`, `"price":99999999999999\.99`, `"-0\.00"`, `"0\.00"`, `"-12\.50"`, `"filters":null`, `"filters":\[\]`,
			`"barcode":""`, `"barcode":null`, `\\ud83d\\ude00`, `😀`, `"extra":null`, `"extra":\{\}`, `"extra":\[\]`, `"extra":true`, `"extra":-1\.50E\+3`, `"extra":\{ "b" : 1 ,`,
			`"extra":12345678901234567890\.500`, `"loyalty":\{"tier": 2\}`, `"season"`, `\+05:00"`, `:[0-9]{2}\.000001\+05:00"`, `T[0-9:]{8}\+05:00"`, `\\\\back\\\\slashed`, `.{900}`,
		},
		"request_list": {`"status":6`, `"status_color":"cancelled"`, `"client":null`, `"inventories":null`, `"inventories":\[\]`, `"duriation":null`, `"source":\{`},
		"requests": {
			`"-1 23:59:59"`, `"00:00:00\.500000"`, `"400 00:00:00\.000001"`, `"30 12:00:00"`, `"-1 23:59:59\.999999"`, `"-4 17:00:00"`, `"00:00:00"`, `"duriation":null`,
			`"plus_id":9223372036854775807`, `"plus_id":-9223372036854775808`, `"plus_id":9007199254740993`, `"bag":"[0-9A-F-]*[A-F][0-9A-F-]*"`, `"bag":"[0-9a-f-]*[a-f][0-9a-f-]*"`, `"bag":null`,
			`"status":6`, `"services":null`, `"services":\[\]`, `"actions":null`, `"tarifs":\[\]`, `"tarifs":null`, `"service":null`, `"note":"x"`, `"loyalty"`, `"unique_id":""`, `"info":null`, `"tax_percent":"-999\.99"`,
		},
		"sales_funnels": {`"ext_id":"0`, `"stages":\[\]`, `"stages":null`, `"stage_status":"paused"`, `"stage_order":10010`, `"stage_name":null`, `"stage_name":""`, `"is_default":true`, `"stage_color"`},
		"projects": {
			`"id":"\d`, `"id":\d`, `"deleted":"1"`, `"deleted":1`, `"data":\[\]`, `"data":\{\}`, `"contract_date":"0000-00-00"`, `"client_id":"\d`, `"client_id":\d`,
			`"price":"-0\.00"|"price":-0\.0`, `"price":"?99999999999999\.99`, `"name":""`, `"name":null`, `"group_id":null`, `"participants_user_id":\[\]`, `"participants_user_id":\["\d`, `"tags"`,
		},
		"project_steps":      {`"date":"0000-00-00 00:00:00"`, `"user_id":null`},
		"project_actions":    {`"comment":""`, `"files"`},
		"project_goods":      {`"count":"?\d+\.5\D`, `"count":"?\d+[",]`, `"discount":"?-999\.99`},
		"project_payments":   {`"type":"0"`, `"type":1`, `"date":"0000-00-00"`},
		"project_checklists": {`"items":null`, `"items":\[\]`, `"done":"1"`, `"done":0`, `"deadline":"0000-00-00"`},
		"users":              {`"is_ctive":true`, `"is_ctive":"1"`, `"is_ctive":0`, `"language"`},
		"user_meetings":      {`"id_thread":""`, `"id_thread":null`, `"gps_lat":""`, `"start_date":"2025-10-26 02:`, `"status":"planned"`, `"end_date":""`, `"address":""`, `"summary"`},
		"user_threads":       {`"fields":\[\]`, `"fields":\[\{`, `"end_date":null`, `"contract_value":-?\d+\.\d`, `"archived"`},
		"calls_report": {
			`"communication_id":"\d`, `"communication_id":[345]\d{9}`, `"contact_phone_number":\{"value"`, `"contact_phone_number":7495`, `"contact_phone_number":"7495`, `"tags":null`, `"tags":\[\]`,
			`"call_records":null`, `"communication_type":"sms"`, `"talk_duration":0`, `"sale_cost":-?\d+\.\d`, `"employee_rating"`, `"direction":null`,
		},
		"visitor_sessions": {`"duration":"30:00:05"`, `"duration":"00:00:00"`, `"hits":\[\{`, `"hits":null`, `"integrated_campaign_data":\{\}`, `"integrated_campaign_data":null`, `"is_bot"`},
		"deals_history":    {`"contact_ext_ids":null`, `"contact_ext_ids":\[\]`, `"revenue":null`, `"is_generated":true`},
	}
	for _, seed := range []uint64{1, 7, 42} {
		for stream, forms := range streams {
			c := open(t, Options{Seed: seed, Scale: enough(stream)})
			all := strings.Join(c.served(stream)[:200], "\n")
			for _, form := range forms {
				if !regexp.MustCompile(form).MatchString(all) {
					t.Errorf("seed %d: %s: %s is not there", seed, stream, form)
				}
			}
			if strings.Contains(all, `\u0000`) {
				t.Errorf("%s holds NUL", stream)
			}
		}
	}
}

func TestUnknownMembersAreCollectedWithTheirPaths(t *testing.T) {
	c := open(t, Options{Scale: 0.1})
	want := map[string]string{
		"workshop_resources": `{"inventory_group.season":"лето"}`,
		"request_list":       `{"source":{"channel" : "site", "ids":[1, 2]}}`,
		"requests":           `{"services[0].note":"x","loyalty":{"tier": 2}}`,
		"sales_funnels":      `{"stages[0].stage_color":"#ff0000"}`,
	}
	for stream, extra := range want {
		rows := c.truth(stream)
		if !slices.ContainsFunc(rows, func(row string) bool { return dig(t, row, "_extra") == quoted(extra) }) {
			t.Errorf("%s: no row has the _extra %s", stream, extra)
		}
		if !slices.ContainsFunc(rows, func(row string) bool { return dig(t, row, "_extra") == "null" }) {
			t.Errorf("%s: every row has an _extra", stream)
		}
	}
}

func TestBadRecordsAreServedButNotTrue(t *testing.T) {
	c := open(t, with(0.1, "rental.bad", "4"))
	for _, stream := range []string{"workshop_resources", "requests"} {
		served := c.served(stream)
		if got, want := len(c.truth(stream)), len(served)-4; got != want {
			t.Errorf("%s: got %d rows of truth, want %d", stream, got, want)
		}
		flaws := []string{`"price":"12.345"`, `"many"`, `:2147483648`, `"price":"1.00","price":"2.00"`}
		for i, flaw := range flaws {
			if !strings.Contains(served[3+10*i], flaw) {
				t.Errorf("%s: record %d has no %s", stream, 3+10*i, flaw)
			}
		}
	}
}

func TestFormsOfTheWireLeaveTruthAlone(t *testing.T) {
	plain := open(t, with(0.1))
	other := open(t, with(0.1, "rental.zone", "Z", "rental.duration", "iso", "rental.decimals", "number"))
	for _, stream := range plain.server.Streams() {
		if diff := cmp.Diff(plain.truth(stream), other.truth(stream)); diff != "" {
			t.Error(diff)
		}
	}
	all := strings.Join(other.served("requests"), "\n")
	for _, form := range []string{`"-P0DT00H00M01S"`, `"P30DT12H00M00S"`, `Z"`} {
		if !strings.Contains(all, form) {
			t.Errorf("%s is not there", form)
		}
	}
	if metrics := strings.Join(other.served("workshop_resources"), "\n"); strings.Contains(metrics, `"price":"`) || strings.Contains(metrics, "+05:00") {
		t.Error("metrics have decimals in quotes, or another zone")
	}
}

func TestEqualSettingsGiveEqualBytes(t *testing.T) {
	for _, stream := range open(t, with(0.05)).server.Streams() {
		one, two := open(t, with(0.05)).served(stream), open(t, with(0.05)).served(stream)
		if !cmp.Equal(one, two) {
			t.Errorf("%s: two servers with one seed differ", stream)
		}
		if cmp.Equal(one, open(t, Options{Seed: 8, Scale: 0.05}).served(stream)) {
			t.Errorf("%s: servers with two seeds do not differ", stream)
		}
	}
}

func TestScaleGivesAtLeastOneRecord(t *testing.T) {
	for scale, want := range map[float64]int{0: 0, 0.00001: 1, 0.001: 20, 0.01: 200} {
		if got := len(open(t, Options{Scale: scale}).truth("workshop_resources")); got != want {
			t.Errorf("scale %v: got %d records, want %d", scale, got, want)
		}
	}
	for range open(t, Options{Scale: 1}).server.Truth("no such stream") {
		t.Error("an unknown stream has rows")
	}
}
