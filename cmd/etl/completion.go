package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"
)

// scripts make the shells ask etl itself what may come next: the words before
// the cursor, and the one under it, go to the hidden command.
var scripts = map[string]string{
	"bash": `# In ~/.bashrc:  source <(etl completion bash)
_etl() {
  local IFS=$'\n'
  COMPREPLY=($(compgen -W "$(etl __complete "${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)" -- "${COMP_WORDS[COMP_CWORD]}"))
}
complete -o default -F _etl etl
`,
	"zsh": `#compdef etl
# In ~/.zshrc, after compinit:  source <(etl completion zsh)
_etl() {
  local -a candidates
  candidates=(${(f)"$(etl __complete "${(@)words[2,CURRENT]}" 2>/dev/null)"})
  if (( $#candidates )); then compadd -a candidates; else _files; fi
}
compdef _etl etl
`,
	"fish": `# In ~/.config/fish/completions/etl.fish:  etl completion fish | source
complete -c etl -f -a '(etl __complete (commandline -opc)[2..] (commandline -ct) 2>/dev/null; or __fish_complete_path (commandline -ct))'
`,
}

func (sh *shell) completionCommand() *cli.Command {
	return &cli.Command{
		Name:      "completion",
		Usage:     "print the script that completes command lines",
		ArgsUsage: "bash|zsh|fish",
		Action: func(c *cli.Context) error {
			script, ok := scripts[c.Args().First()]
			if !ok || c.NArg() != 1 {
				return usage("completion takes the name of a shell").WithHint("bash, zsh or fish")
			}
			_, err := fmt.Fprint(sh.stdout, script)
			return err
		},
	}
}

// completeCommand prints what may stand in the place of its last argument, one
// a line. It exits 1 if that is anything, such as the name of a file.
func (sh *shell) completeCommand() *cli.Command {
	return &cli.Command{
		Name:            "__complete",
		Hidden:          true,
		SkipFlagParsing: true,
		Action: func(c *cli.Context) error {
			words := c.Args().Slice()
			if len(words) == 0 {
				words = []string{""}
			}
			found := false
			for _, candidate := range sh.candidates(c.App, words) {
				if strings.HasPrefix(candidate, words[len(words)-1]) {
					fmt.Fprintln(sh.stdout, candidate)
					found = true
				}
			}
			if !found {
				return ended(1)
			}
			return nil
		},
	}
}

// candidates returns what may stand in the place of the last word.
func (sh *shell) candidates(app *cli.App, words []string) []string {
	last := len(words) - 1
	if last == 0 {
		return commandNames(app)
	}
	command := app.Command(words[0])
	switch {
	case command == nil:
		return nil
	case needsValue(command, words[last-1]):
		return sh.valuesOf(command, words[1:last])
	case strings.HasPrefix(words[last], "-"):
		return flagNames(command)
	case command.Name == "help":
		return commandNames(app)
	}
	return sh.argumentsOf(command, words[1:last])
}

// needsValue tells whether a word is a flag whose value comes next.
func needsValue(command *cli.Command, word string) bool {
	if !strings.HasPrefix(word, "-") || strings.Contains(word, "=") {
		return false
	}
	flag := flagOf(command, strings.TrimLeft(word, "-"))
	_, isToggle := flag.(*cli.BoolFlag)
	return flag != nil && !isToggle
}

func commandNames(app *cli.App) (names []string) {
	for _, c := range app.Commands {
		if !c.Hidden {
			names = append(names, c.Name)
		}
	}
	slices.Sort(names)
	return names
}

func flagNames(command *cli.Command) (names []string) {
	for _, f := range command.Flags {
		names = append(names, "--"+f.Names()[0])
	}
	slices.Sort(names)
	return names
}
