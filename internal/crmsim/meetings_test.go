package crmsim

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
)

// A meetingsReply is what the meetings API answers.
type meetingsReply struct {
	Status      int
	Description string
	Data        struct {
		List       []struct{}
		Pagination *struct {
			Page    int
			Pages   int `json:"pages_count"`
			PerPage int `json:"per_page"`
			Total   int
		}
	}
}

// meet asks for a path of the meetings API.
func (c *client) meet(path string) (int, string) {
	c.header = http.Header{"Authorization": {"Bearer " + c.env["MEETINGS_TOKEN"]}}
	return c.ask("GET", meetingsPath+path, "")
}

func TestPagesOfMeetings(t *testing.T) {
	tests := []struct {
		switches string // NAME=VALUE …, without meetings.
		path     string
		want     string // rows, and pagination as page/pages of per_page, total
	}{
		{"", "/users", "20 1/3 of 20, 60"},
		{"", "/users?page=3&per_page=25", "10 3/3 of 25, 60"},
		{"", "/users?per_page=500", "60 1/1 of 100, 60"},
		{"cap=50", "/users?per_page=100", "50 1/2 of 50, 60"},
		{"past=empty", "/users?page=9", "0 9/3 of 20, 60"},
		{"past=repeat", "/users?page=9&per_page=25", "10 9/3 of 25, 60"},
		{"past=400", "/users?page=9", "400 Nieprawidłowe parametry"},
		{"total=+1", "/users", "20 1/3 of 20, 61"},
		{"delete_at=1:60", "/users", "0 1/0 of 20, 0"},
		{"delete_at=1:60 empty_pages=1", "/users", "0 1/1 of 20, 0"},
		{"", "/users?page=x", "400 Nieprawidłowe parametry"},
		{"users=off", "/users", "404 HTML"},
		{"users=off", "/companies/COMPANY/users", "20 1/3 of 20, 60"},
		{"", "/companies/100/users", "404 Nie znaleziono"},
		{"", "/users/USER/meetings", "38"},
		{"paged=on", "/users/USER/meetings", "20 1/2 of 20, 38"},
		{"", "/meetings?id_user=USER&page=2", "18 2/2 of 20, 38"},
		{"", "/meetings?per_page=7", "7 1/252 of 7, 1758"},
		{"", "/users/USER/threads?per_page=5", "5 1/4 of 5, 16"},
		{"", "/users/2/threads", "404 Nie znaleziono"},
		{"missing=400", "/users/2/threads", "400 Nieprawidłowe parametry"},
	}
	for _, test := range tests {
		o := with(1)
		for pair := range strings.FieldsSeq(test.switches) {
			name, value, _ := strings.Cut(pair, "=")
			o.Switches["meetings."+name] = value
		}
		c := open(t, o)
		a := c.server.sources["meetings"].source.(*meetings)
		path := strings.NewReplacer("USER", fmt.Sprint(a.users.id(9)), "COMPANY", fmt.Sprint(a.company)).Replace(test.path)
		if got := described(t, c, path); got != test.want {
			t.Errorf("%s %s: got %q, want %q", test.switches, test.path, got, test.want)
		}
	}
}

// described tells in short what a reply holds.
func described(t *testing.T, c *client, path string) string {
	t.Helper()
	status, body := c.meet(path)
	if strings.HasPrefix(body, "<") {
		return fmt.Sprint(status, " HTML")
	}
	r := decode[meetingsReply](t, body)
	if r.Status != status {
		t.Errorf("%s: %d in the body, %d in HTTP", path, r.Status, status)
	}
	if status != 200 {
		return fmt.Sprint(status, " ", r.Description)
	}
	if p := r.Data.Pagination; p != nil {
		return fmt.Sprintf("%d %d/%d of %d, %d", len(r.Data.List), p.Page, p.Pages, p.PerPage, p.Total)
	}
	return fmt.Sprint(len(r.Data.List))
}

func TestVerdictOfMeetingsIsInTheBody(t *testing.T) {
	for how, want := range map[string]string{"same": "403 403", "200": "200 403", "html": "403 HTML"} {
		c := open(t, with(1, "meetings.errors", how))
		status, body := c.ask("GET", meetingsPath+"/users", "")
		got := fmt.Sprint(status, " HTML")
		if !strings.HasPrefix(body, "<") {
			r := decode[meetingsReply](t, body)
			got = fmt.Sprint(status, " ", r.Status)
			if r.Description != wrongCredentials {
				t.Errorf("%s: got %q", how, r.Description)
			}
		}
		if got != want {
			t.Errorf("%s: got %s, want %s", how, got, want)
		}
	}
}

func TestSpellingOfMeetings(t *testing.T) {
	tests := map[string][2]string{ // switch → there, not there
		"keys=documented": {`"id_comapny":`, `"id_company":`},
		"keys=corrected":  {`"id_company":`, `"id_comapny":`},
		"ids=text":        {`{"id":"`, `{"id":1`},
		"ids=number":      {`"id_thread":1`, `"id_thread":"1`},
	}
	for text, want := range tests {
		name, value, _ := strings.Cut(text, "=")
		_, body := open(t, with(1, "meetings."+name, value)).meet("/meetings?per_page=100")
		if !strings.Contains(body, want[0]) || strings.Contains(body, want[1]) {
			t.Errorf("%s: want %s, and no %s in %.300s", text, want[0], want[1], body)
		}
	}
	for value, want := range map[string]string{"list": `"fields":[]`, "objects": `"fields":[{`} {
		c := open(t, with(1, "meetings.fields", value))
		c.served("user_threads")
		for _, row := range c.served("user_threads") {
			if !strings.Contains(row, want) {
				t.Fatalf("%s: got %s", value, row)
			}
		}
	}
}
