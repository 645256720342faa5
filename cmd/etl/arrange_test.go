package main

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"etl/internal/fault"
)

func TestArrange(t *testing.T) {
	tests := []struct{ in, want string }{
		{"run", "run --"},
		{"run requests", "run -- requests"},
		{"run -q requests", "run -q -- requests"},
		{"run requests -q", "run -q -- requests"},
		{"run -f a.yaml requests", "run -f a.yaml -- requests"},
		{"run requests -f a.yaml", "run -f a.yaml -- requests"},
		{"run a -f x b --fresh c", "run -f x --fresh -- a b c"},
		{"run a --file=x b", "run --file=x -- a b"},
		{"run a -file x", "run -file x -- a"},
		{"run -q -- a", "run -q -- a"},
		{"run a -- -q --", "run -- a -q --"},
		{"run --summary-file - a", "run --summary-file - -- a"},
		{"run --run-id=-x a", "run --run-id=-x -- a"},
		{"preview requests --rows 5", "preview --rows 5 -- requests"},
		{"sim --switch a=1 --switch b=2", "sim --switch a=1 --switch b=2 --"},
		{"run requests --help", "run --help -- requests"},
		{"help run", "help -- run"},
		{"--help", "help"},
		{"--version", "version"},
		{"__complete run --fi", "__complete run --fi"},
	}
	for _, tt := range tests {
		t.Run(tt.in, func(t *testing.T) {
			got, err := arrange(testShell().app(), strings.Fields(tt.in))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(strings.Fields(tt.want), got); diff != "" {
				t.Errorf("arrange (-want +got):\n%s", diff)
			}
		})
	}
}

func TestArrangeRefuses(t *testing.T) {
	tests := []struct{ in, want, hint string }{
		{"", "no command is given", "etl demo"},
		{"rnu requests", `there is no command "rnu"`, `"run"`},
		{"help vaildate", `there is no command "vaildate"`, `"validate"`},
		{"-q run", `there is no command "-q"`, ""},
		{"run --missign", "run has no flag --missign", `"--missing"`},
		{"run requests --rows 5", "run has no flag --rows", ""},
		{"run -x", "run has no flag -x", ""},
		{"run -", "run has no flag -,", ""},
		{"run requests -f", "flag -f needs a value", "-f=VALUE"},
		{"run --since --until 2026-01-01", "flag --since needs a value", "--since=VALUE"},
		{"run --run-id -- requests", "flag --run-id needs a value", ""},
	}
	for _, tt := range tests {
		t.Run(tt.in, func(t *testing.T) {
			_, err := arrange(testShell().app(), strings.Fields(tt.in))
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Fatalf("arrange = %v, want %s", err, tt.want)
			}
			if e, ok := errors.AsType[*fault.Error](err); !ok || e.Class != fault.Config || !strings.Contains(e.Hint, tt.hint) {
				t.Errorf("arrange = %#v, want class config and a hint with %s", err, tt.hint)
			}
		})
	}
}

// testShell is a shell without environment.
func testShell() *shell {
	return &shell{lookup: func(string) (string, bool) { return "", false }}
}
