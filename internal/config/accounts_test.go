package config

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func namesOf(pipelines []*Pipeline) string {
	var names []string
	for _, p := range pipelines {
		names = append(names, p.Name)
	}
	return strings.Join(names, " ")
}

// A name stands for all accounts, unless it names one.
func TestSelectAccounts(t *testing.T) {
	c, err := load(t, "testdata/good/accounts.yaml")
	if err != nil {
		t.Fatal(err)
	}
	tests := []struct{ patterns, want string }{
		{"orders", "orders@almaty orders@north-1"},
		{"orders@almaty", "orders@almaty"},
		{"*@almaty", "orders@almaty lines@almaty"},
		{"lines@*", "lines@almaty lines@north-1"},
		{"kinds n*", "kinds news@kz news@no"},
		{"kinds@almaty", `no pipeline is named "kinds@almaty"`},
	}
	for _, tt := range tests {
		got, err := c.Select(strings.Fields(tt.patterns))
		if text := namesOf(got); err == nil && text != tt.want || err != nil && err.Error() != tt.want {
			t.Errorf("Select(%s) = %s, %v, want %s", tt.patterns, text, err, tt.want)
		}
	}
	for name, want := range map[string]int{"shop": 2, "shop@almaty": 1, "plain": 1, "sho": 0} {
		if got := len(c.SourcesOf(name)); got != want {
			t.Errorf("%d sources of %s, want %d", got, name, want)
		}
	}
}

// Parents are those of the same account, or of a source without accounts.
func TestParentsOfAccounts(t *testing.T) {
	c, err := load(t, "testdata/good/accounts.yaml")
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	for _, p := range c.Pipelines {
		for _, each := range p.ForEach {
			got[p.Name] += each.Pipeline.Name + " "
		}
	}
	want := map[string]string{"lines@almaty": "orders@almaty kinds ", "lines@north-1": "orders@north-1 kinds "}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// Variables are needed only of the accounts that a command uses.
func TestVariablesOfAccounts(t *testing.T) {
	const text = `version: 1
sources:
  shop:
    base_url: https://shop.example.com
    accounts: { a: { token: "${TOKEN_A}" }, b: { token: "${TOKEN_B}" } }
    auth: { kind: headers, headers: { X-Token: "{account.token}" } }
  feed: { base_url: "https://feed.example.com", accounts: "${file:nowhere.yaml}", headers: { X-Feed: "{account.feed}" } }
pipelines:
  orders: { source: shop, request: { path: /orders }, schema: shop/order }
  news: { source: feed, request: { path: /news }, schema: shop/order }
`
	tests := []struct {
		only string
		env  string
		want string // what the pipelines miss, or the mistake
	}{
		{"orders@a", "TOKEN_A", "[] [TOKEN_B] [account.feed file:nowhere.yaml]"},
		{"orders", "TOKEN_A", "the variable TOKEN_B is not set"},
		{"orders", "TOKEN_A TOKEN_B", "[] [] [account.feed file:nowhere.yaml]"},
		{"source:shop@b", "TOKEN_B", "[TOKEN_A] [] [account.feed file:nowhere.yaml]"},
		{"news", "", "reading the file nowhere.yaml"},
	}
	for _, tt := range tests {
		t.Run(tt.only+" with "+tt.env, func(t *testing.T) {
			c, err := Parse("testdata/pipelines.yaml", []byte(text), Options{
				Lookup: func(name string) (string, bool) {
					set := strings.Contains(tt.env, name)
					return map[bool]string{true: "x"}[set], set
				},
				Schemas: os.DirFS("testdata/schemas"), Only: []string{tt.only},
			})
			if err != nil {
				if !strings.Contains(err.Error(), tt.want) {
					t.Errorf("error %v, want %s", err, tt.want)
				}
				return
			}
			var got []string
			for _, p := range c.Pipelines {
				got = append(got, fmt.Sprint(p.Unset))
			}
			if joined := strings.Join(got, " "); joined != tt.want {
				t.Errorf("not set: %s, want %s", joined, tt.want)
			}
		})
	}
}

// The data of one account never lands on that of another, even if they differ
// in nothing but their names.
func TestIdentityOfAccounts(t *testing.T) {
	const text = `version: 1
sources:
  shop: { base_url: "https://shop.example.com", accounts: { a: { token: x }, b: { token: x } } }
pipelines:
  orders: { source: shop, request: { path: /orders }, schema: shop/order }
`
	c, err := Parse("pipelines.yaml", []byte(text), Options{Schemas: os.DirFS("testdata/schemas")})
	if err != nil {
		t.Fatal(err)
	}
	if a, b := c.Pipelines[0].Identity(), c.Pipelines[1].Identity(); a.Source == b.Source {
		t.Error("two accounts have one identity")
	}
}
