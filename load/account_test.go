package load

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// Each account has its own books and its own folder, and one view shows all.
func TestAccounts(t *testing.T) {
	s := open(t)
	south, north := s.Dataset("p@south"), s.Dataset("p@north")
	job{}.commit(t, south, "run1", 0, files{"": "one"}, nil)
	job{}.commit(t, north, "run2", 0, files{"": "one"}, nil)
	job{}.commit(t, south, "run3", 1, files{"": "two"}, nil)

	var paths []string
	names, err := s.objects.list("data")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		paths = append(paths, strings.SplitAfter(name, "/")[2])
	}
	if diff := cmp.Diff([]string{"_account=north/", "_account=south/"}, slices.Compact(paths)); diff != "" {
		t.Errorf("folders (-want +got):\n%s", diff)
	}
	accounts, err := s.Accounts("p")
	if diff := cmp.Diff([]string{"north", "south"}, accounts); diff != "" || err != nil {
		t.Errorf("accounts: %v (-want +got):\n%s", err, diff)
	}
	view, err := s.objects.read("views/p.sql")
	if err != nil {
		t.Fatal(err)
	}
	golden(t, "testdata/view_accounts.sql", strings.ReplaceAll(string(view), s.path, "/lake"))
}

// A view that another account has left behind is written anew.
func TestViewOfAccountsIsMended(t *testing.T) {
	s := open(t)
	south, north := s.Dataset("p@south"), s.Dataset("p@north")
	job{}.commit(t, south, "run1", 0, files{"": "one"}, nil)
	stale, err := s.objects.read("views/p.sql")
	if err != nil {
		t.Fatal(err)
	}
	job{}.commit(t, north, "run2", 0, files{"": "one"}, nil)
	want, _ := s.objects.read("views/p.sql")
	if err := s.objects.put("views/p.sql", stale); err != nil {
		t.Fatal(err)
	}
	if err := south.Recover(); err != nil {
		t.Fatal(err)
	}
	got, _ := s.objects.read("views/p.sql")
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// Files of accounts are no leftovers of a pipeline without.
func TestAccountsAreNotSwept(t *testing.T) {
	s := open(t)
	job{}.commit(t, s.Dataset("p@south"), "run1", 0, files{"": "one"}, nil)
	job{}.commit(t, s.Dataset("p"), "run2", 0, files{"": "one"}, nil)
	if err := s.Dataset("p").Recover(); err != nil {
		t.Fatal(err)
	}
	names, _ := s.objects.list("data/p/_account=south")
	if len(names) != 1 {
		t.Errorf("files %v, want the one of the account", names)
	}
}
