package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
	"github.com/rogpeppe/go-internal/txtar"
)

// The guide to a new API is what its script does: TestNewAPI runs the script,
// and TestNewAPIGuide holds the guide's files, commands and outputs to it.

const newAPIScript = "testdata/newapi.txtar"

// TestNewAPI runs the script with two commands more:
//
//	serve              start the shop's API, and set SHOP_URL and SHOP_TOKEN
//	curl -s -H H URL   print the body of a reply
func TestNewAPI(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Files:               []string{newAPIScript},
		RequireExplicitExec: true,
		Cmds:                map[string]func(*testscript.TestScript, bool, []string){"serve": serveShop, "curl": curl, "exits": exits},
	})
}

func serveShop(ts *testscript.TestScript, _ bool, _ []string) {
	server := httptest.NewServer(http.HandlerFunc(shopOrders))
	ts.Defer(server.Close)
	ts.Setenv("SHOP_URL", server.URL)
	ts.Setenv("SHOP_TOKEN", "a-token")
}

// shopOrders is the API of a shop with three orders.
func shopOrders(w http.ResponseWriter, r *http.Request) {
	if r.Header.Get("Authorization") != "Bearer a-token" {
		http.Error(w, `{"error":"no token"}`, http.StatusUnauthorized)
		return
	}
	orders := []json.RawMessage{
		json.RawMessage(`{"id": 1, "status": 1, "price": "12.50", "created_at": "2026-01-02 10:00:00", "customer": {"name": "Ewa"}, "gift": false}`),
		json.RawMessage(`{"id": 2, "status": 0, "price": "8.00", "created_at": "2026-01-03 11:30:00", "customer": null, "gift": true}`),
		json.RawMessage(`{"id": 3, "status": 7, "price": "0.99", "created_at": "2026-01-03 12:00:00", "customer": {"name": "Jan"}, "gift": false}`),
	}
	page, _ := strconv.Atoi(r.FormValue("page"))
	size, _ := strconv.Atoi(r.FormValue("per_page"))
	if r.URL.Path != "/v1/orders" || page < 1 || size < 1 {
		http.Error(w, `{"error":"no such page"}`, http.StatusNotFound)
		return
	}
	from := min((page-1)*size, len(orders))
	fmt.Fprint(w, "{\n  \"total\": 3,\n  \"items\": [")
	for i, order := range orders[from:min(from+size, len(orders))] {
		fmt.Fprintf(w, "%s\n    %s", strings.Repeat(",", min(i, 1)), order)
	}
	fmt.Fprint(w, "\n  ]\n}\n")
}

// curl is as much of curl as the guide uses, for machines that have none.
func curl(ts *testscript.TestScript, _ bool, args []string) {
	if len(args) != 4 || args[0] != "-s" || args[1] != "-H" {
		ts.Fatalf("usage: curl -s -H HEADER URL")
	}
	r, err := http.NewRequest(http.MethodGet, args[3], http.NoBody)
	ts.Check(err)
	name, value, _ := strings.Cut(args[2], ": ")
	r.Header.Set(name, value)
	reply, err := http.DefaultClient.Do(r)
	ts.Check(err)
	defer func() { _ = reply.Body.Close() }()
	_, err = io.Copy(ts.Stdout(), reply.Body)
	ts.Check(err)
}

var fenced = regexp.MustCompile("(?ms)^```([a-z]*)[^\n]*\n(.*?)^```")

// Files, commands and outputs of the guide are those of the script.
func TestNewAPIGuide(t *testing.T) {
	text, err := os.ReadFile("../../docs/new-api.md")
	if err != nil {
		t.Fatal(err)
	}
	script, err := txtar.ParseFile(newAPIScript)
	if err != nil {
		t.Fatal(err)
	}
	var commands, written []string
	for line := range strings.Lines(string(script.Comment)) {
		line = strings.TrimPrefix(strings.TrimSpace(line), "exec ")
		commands = append(commands, strings.TrimPrefix(line, "exits 4 "))
	}
	for _, f := range script.Files {
		written = append(written, string(f.Data))
	}
	shown := map[string]bool{}
	for _, m := range fenced.FindAllStringSubmatch(string(text), -1) {
		if m[1] != "sh" {
			shown[m[2]] = true
			if !slices.Contains(written, m[2]) {
				t.Errorf("the script has no file or output\n%s", m[2])
			}
			continue
		}
		for line := range strings.Lines(m[2]) {
			command, _, _ := strings.Cut(strings.TrimSpace(line), "  #")
			if !strings.HasPrefix(command, "export ") && !strings.HasPrefix(command, "duckdb ") && !slices.Contains(commands, strings.TrimSpace(command)) {
				t.Errorf("the script does not run %s", command)
			}
		}
	}
	for _, f := range script.Files {
		if !shown[string(f.Data)] {
			t.Errorf("the guide does not show %s", f.Name)
		}
	}
}
