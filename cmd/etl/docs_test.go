package main

import (
	"context"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/urfave/cli/v2"
)

// flagRow is a row of the guide's table of flags.
var flagRow = regexp.MustCompile("(?m)^\\| `--([a-z0-9-]+)`[^|]*\\|([^|]*)\\|([^|]*)\\|([^|]*)\\|")

// Every flag of every command stands in the guide, with its variable and its
// default, and no flag that does not exist.
func TestGuideNamesEveryFlag(t *testing.T) {
	text, err := os.ReadFile("../../docs/configuration.md")
	if err != nil {
		t.Fatal(err)
	}
	told := map[string][]string{} // flag and command → variable and default
	for _, m := range flagRow.FindAllStringSubmatch(string(text), -1) {
		for _, command := range strings.Fields(strings.NewReplacer("`", "", ",", "").Replace(m[2])) {
			told["--"+m[1]+" of "+command] = m[3:]
		}
	}
	for name, flag := range allFlags() {
		row, ok := told[name]
		if !ok {
			t.Errorf("the guide tells nothing of the flag %s", name)
			continue
		}
		delete(told, name)
		if want := variableOf(flag); strings.Trim(row[0], " `") != want {
			t.Errorf("%s: the variable is %q, the guide says %q", name, want, row[0])
		}
		if want := defaultOf(flag); want != "" && !strings.Contains(row[1], want) {
			t.Errorf("%s: the default is %s, the guide says %q", name, want, row[1])
		}
	}
	for name := range told {
		t.Errorf("there is no flag %s", name)
	}
}

// Every command stands in the guide, in the words of its help.
func TestGuideNamesEveryCommand(t *testing.T) {
	text, err := os.ReadFile("../../docs/configuration.md")
	if err != nil {
		t.Fatal(err)
	}
	sh := &shell{lookup: func(string) (string, bool) { return "", false }}
	for _, c := range sh.app().Commands {
		if row := fmt.Sprintf("\n| `%s` | %s |\n", c.Name, c.Usage); !c.Hidden && c.Name != "help" && !strings.Contains(string(text), row) {
			t.Errorf("the guide has no row%s", row)
		}
	}
}

// allFlags returns the flags of all commands that help shows, by "--flag of
// command"; a command of a command is written command/command.
func allFlags() map[string]cli.Flag {
	sh := &shell{lookup: func(string) (string, bool) { return "", false }}
	all := map[string]cli.Flag{}
	var add func(prefix string, commands []*cli.Command)
	add = func(prefix string, commands []*cli.Command) {
		for _, c := range commands {
			if c.Hidden || c.Name == "help" {
				continue
			}
			for _, f := range c.Flags {
				if name := f.Names()[0]; name != "help" {
					all[fmt.Sprintf("--%s of %s%s", name, prefix, c.Name)] = f
				}
			}
			add(prefix+c.Name+"/", c.Subcommands)
		}
	}
	add("", sh.app().Commands)
	return all
}

func variableOf(f cli.Flag) string {
	if d, ok := f.(cli.DocGenerationFlag); ok && len(d.GetEnvVars()) > 0 {
		return d.GetEnvVars()[0]
	}
	return ""
}

func defaultOf(f cli.Flag) string {
	if _, toggle := f.(*cli.BoolFlag); toggle {
		return ""
	}
	d, ok := f.(cli.DocGenerationFlag)
	if !ok {
		return ""
	}
	text := strings.Trim(d.GetDefaultText(), `"`)
	if slices.Contains([]string{"0", "0s"}, text) {
		return ""
	}
	return text
}

// A flag that the test does not see would be one that users do not find.
func TestGuideSeesFlags(t *testing.T) {
	var help strings.Builder
	if code := run(context.Background(), []string{"run", "--help"}, func(string) (string, bool) { return "", false }, &help, &help); code != 0 {
		t.Fatalf("exit %d", code)
	}
	for name := range allFlags() {
		if flag, ok := strings.CutSuffix(name, " of run"); ok && !strings.Contains(help.String(), flag) {
			t.Errorf("help of run does not show %s", flag)
		}
	}
}
