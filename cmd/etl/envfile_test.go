package main

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestParseEnv(t *testing.T) {
	tests := []struct {
		name string
		text string
		want map[string]string
	}{
		{"nothing", "", map[string]string{}},
		{"a line", "A=1", map[string]string{"A": "1"}},
		{"comments and empty lines", "# about\n\nA=1\n  # more\n", map[string]string{"A": "1"}},
		{"lines of Windows", "A=1\r\nB=2\r\n", map[string]string{"A": "1", "B": "2"}},
		{"export", "export A=1", map[string]string{"A": "1"}},
		{"double quotes", `A="x y"`, map[string]string{"A": "x y"}},
		{"single quotes keep the others", `A='"x"'`, map[string]string{"A": `"x"`}},
		{"an equals sign in a value", "A=b==", map[string]string{"A": "b=="}},
		{"a hash in a value", "A=b#c", map[string]string{"A": "b#c"}},
		{"an empty value", "A=", map[string]string{"A": ""}},
		{"spaces around", "  A = 1 ", map[string]string{"A": "1"}},
		{"the last one counts", "A=1\nA=2", map[string]string{"A": "2"}},
		{"no variable is filled in", "A=$B", map[string]string{"A": "$B"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := parseEnv(tt.text)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("parseEnv (-want +got):\n%s", diff)
			}
		})
	}
}

func TestParseEnvRefusesWithoutTelling(t *testing.T) {
	tests := []struct{ name, text, want string }{
		{"no equals sign", "A=1\nhunter2", "line 2 is not KEY=VALUE"},
		{"no key", "=hunter2", "line 1 is not KEY=VALUE"},
		{"a key with a space", "A hunter2=1", "line 1 is not KEY=VALUE"},
		{"a key that begins with a digit", "1A=hunter2", "line 1 is not KEY=VALUE"},
		{"an open quote", `A="hunter2`, "line 1: the quotes of A do not match"},
		{"a single quote", `A='`, "line 1: the quotes of A do not match"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := parseEnv(tt.text)
			if err == nil || err.Error() != tt.want {
				t.Errorf("parseEnv = %v, want %s", err, tt.want)
			}
		})
	}
}

func TestTheRealEnvironmentWins(t *testing.T) {
	real := map[string]string{"A": "real", "EMPTY": ""}
	lookup := over(func(name string) (string, bool) { v, ok := real[name]; return v, ok }, map[string]string{"A": "file", "B": "file", "EMPTY": "file"})
	for name, want := range map[string]string{"A": "real", "B": "file", "EMPTY": "file"} {
		if got, ok := lookup(name); got != want || !ok {
			t.Errorf("%s = %q, %t, want %q", name, got, ok, want)
		}
	}
	if _, ok := lookup("C"); ok {
		t.Error("C is set by nobody, but found")
	}
}

// FuzzParseEnv: what writeEnv writes for any values without line breaks,
// parseEnv reads back.
func FuzzParseEnv(f *testing.F) {
	f.Add("RENTAL_URL", "http://127.0.0.1:8080/rental")
	f.Add("A", ` "x' `)
	f.Add("A", "")
	f.Fuzz(func(t *testing.T, key, value string) {
		if !isVariable(key) || strings.ContainsAny(value, "\r\n") {
			t.Skip()
		}
		want := map[string]string{key: value, "LAST": "1"}
		text := envText(want)
		got, err := parseEnv(text)
		if err != nil {
			t.Fatal(err)
		}
		if !maps.Equal(got, want) {
			t.Errorf("%q was read back as %v", text, slices.Sorted(maps.Values(got)))
		}
	})
}
