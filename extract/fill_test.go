package extract

import (
	"encoding/json"
	"testing"
	"time"

	"etl/internal/config"
	"etl/internal/fault"
)

func testFiller(t *testing.T) *filler {
	t.Helper()
	zone, err := time.LoadLocation("Europe/Moscow")
	if err != nil {
		t.Fatal(err)
	}
	return &filler{
		Vars: Vars{
			Since: time.Date(2026, 1, 1, 0, 0, 0, 0, zone),
			Until: time.Date(2026, 2, 1, 0, 0, 0, 0, zone),
			Parent: map[string]any{"id": int64(7), "code": "a b/c", "open": true, "rate": json.Number("1.50"),
				"gone": nil, "up": ".."},
		},
		zone: zone,
		page: 3,
		at:   Position{Number: 3, Offset: 200, Size: 100, Cursor: `"x\u00e9"`},
		token: &token{replies: []*document{
			newDocument([]byte(`{"access":"new"}`)), newDocument([]byte(`{"access":"old","refresh":"r1","user":{"id":5}}`)),
		}},
	}
}

func TestTemplate(t *testing.T) {
	tests := []struct {
		template, json string
		class          fault.Class // of the error; Bug: none
	}{
		{"plain", `"plain"`, 0},
		{"", `""`, 0},
		{"{parent.id}", `7`, 0},
		{"no {parent.id}", `"no 7"`, 0},
		{"{parent.code}", `"a b/c"`, 0},
		{"{parent.open}", `true`, 0},
		{"{parent.rate}", `1.50`, 0},
		{"{parent.gone}", `null`, 0},
		{"no {parent.gone}", "", fault.Data},
		{"{parent.none}", "", fault.Config},
		{"{since:date};{last:date}", `"2026-01-01;2026-01-31"`, 0},
		{"{until:datetime}", `"2026-02-01 00:00:00"`, 0},
		{"{last:datetime}", `"2026-01-31 23:59:59"`, 0},
		{"{since:rfc3339}", `"2026-01-01T00:00:00+03:00"`, 0},
		{"{since:unix}", `1767214800`, 0},
		{"{since:02.01.2006}", `"01.01.2026"`, 0},
		{"{page}", `3`, 0},
		{"{offset}", `200`, 0},
		{"{size}", `100`, 0},
		{"{cursor}", `"xé"`, 0},
		{"{token.refresh}", `"r1"`, 0},
		{"{token.access}", `"new"`, 0},
		{"{token.user.id}", `5`, 0},
		{"{token.none}", "", fault.Auth},
		{"{nonsense}", "", fault.Config},
	}
	for _, tt := range tests {
		t.Run(tt.template, func(t *testing.T) {
			got, err := testFiller(t).template(template(tt.template))
			if tt.class != fault.Bug {
				if fault.Of(err) != tt.class {
					t.Fatalf("error %v (%v), want class %v", err, fault.Of(err), tt.class)
				}
				return
			}
			if err != nil || string(got.json()) != tt.json {
				t.Errorf("template(%q) = %s, %v; want %s", tt.template, got.json(), err, tt.json)
			}
		})
	}
}

func TestPath(t *testing.T) {
	tests := []struct{ template, want string }{
		{"/orders/{parent.id}/", "/orders/7/"},
		{"/orders/{parent.code}/", "/orders/a%20b%2Fc/"},
		{"/orders/{parent.up}/", ""},
		{"/orders/{parent.gone}/", ""},
	}
	for _, tt := range tests {
		got, err := testFiller(t).path(template(tt.template))
		if tt.want == "" {
			wantFault(t, err, fault.Data, "")
		} else if err != nil || got != tt.want {
			t.Errorf("path(%q) = %q, %v; want %q", tt.template, got, err, tt.want)
		}
	}
}

func TestParameters(t *testing.T) {
	fields := []config.Field{
		textField("b", "{parent.code}"),
		textField("a", "{parent.id}"),
		{Name: "left_out", Value: config.Value{Kind: config.Absent}},
		{Name: "nothing", Value: config.Value{Kind: config.Null}},
		{Name: "many", Value: config.Value{Kind: config.List, List: []config.Value{
			{Kind: config.Number, Number: "1e2"}, {Kind: config.Absent}, {Kind: config.Bool, Bool: true},
		}}},
	}
	query, err := testFiller(t).pairs(fields)
	if want := "b=a+b%2Fc&a=7&many=1e2&many=true"; err != nil || query.encode() != want {
		t.Errorf("pairs = %q, %v; want %q", query.encode(), err, want)
	}
	object, err := testFiller(t).object(fields)
	if want := `{"b":"a b/c","a":7,"nothing":null,"many":[1e2,true]}`; err != nil || string(object.json()) != want {
		t.Errorf("object = %s, %v; want %s", object.json(), err, want)
	}
}

func TestSliceWithoutWindow(t *testing.T) {
	_, err := (&filler{}).template(template("{since:date}"))
	wantFault(t, err, fault.Config, "{since}")
}
