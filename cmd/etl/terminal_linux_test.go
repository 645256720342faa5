package main

import (
	"fmt"
	"io"
	"os"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"etl/internal/crmsim"
)

// terminal opens a terminal. The function returns what was written to it.
func terminal(t *testing.T) (*os.File, func() string) {
	t.Helper()
	screen, err := os.OpenFile("/dev/ptmx", os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { screen.Close() })
	if err := unix.IoctlSetPointerInt(int(screen.Fd()), unix.TIOCSPTLCK, 0); err != nil {
		t.Fatal(err)
	}
	number, err := unix.IoctlGetInt(int(screen.Fd()), unix.TIOCGPTN)
	if err != nil {
		t.Fatal(err)
	}
	keyboard, err := os.OpenFile(fmt.Sprintf("/dev/pts/%d", number), os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	shown := make(chan string, 1)
	go func() {
		text, _ := io.ReadAll(screen) // ends with EIO when the other side is closed
		shown <- strings.ReplaceAll(string(text), "\r\n", "\n")
	}()
	return keyboard, func() string {
		keyboard.Close()
		return <-shown
	}
}

// On a terminal a run shows its pipelines and ends with a table; the JSON comes
// only when it is asked for, and JSON logs are lines there too.
func TestRunOnATerminal(t *testing.T) {
	file, lookup := shipped(t, t.TempDir(), serveSim(t, crmsim.Options{Seed: 1, Scale: 0.01}))
	const up, line, summary, table = "\x1b[1A\x1b[J", `"msg":"done"`, `{"run":"`, "pipeline      rows  pages"
	tests := []struct {
		flags      string
		want, none []string
	}{
		{"", []string{up, table, "\nrequest_list    30      1 "}, []string{line, summary}},
		{"--json", []string{up, summary}, []string{table, line}},
		{"--log-format=json", []string{line, table}, []string{up, summary}},
		{"-q", []string{table}, []string{up, line, summary}},
	}
	for _, tt := range tests {
		t.Run(tt.flags, func(t *testing.T) {
			tty, shown := terminal(t)
			args := append([]string{"run", "request_list", "-f", file}, strings.Fields(tt.flags)...)
			code := run(t.Context(), args, lookup, tty, tty)
			text := shown()
			if code != 0 {
				t.Fatalf("it ended with %d\n%s", code, text)
			}
			for _, want := range tt.want {
				if !strings.Contains(text, want) {
					t.Errorf("%q is not shown:\n%q", want, text)
				}
			}
			for _, none := range tt.none {
				if strings.Contains(text, none) {
					t.Errorf("%q is shown:\n%q", none, text)
				}
			}
		})
	}
}
