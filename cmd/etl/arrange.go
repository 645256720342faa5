package main

import (
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"etl/internal/fault"
)

// arrange puts the flags of a command line before its arguments: the library
// takes what follows the first argument for arguments, flags too, in silence.
// It refuses commands and flags that do not exist, flags without their value,
// and arguments that begin with "-", unless "--" stands before them.
func arrange(app *cli.App, args []string) ([]string, error) {
	if len(args) == 0 {
		return nil, usage("no command is given").WithHint("etl help lists them; etl demo shows what etl does")
	}
	switch args[0] {
	case "-h", "-help", "--help":
		return []string{"help"}, nil
	case "-v", "-version", "--version":
		return []string{"version"}, nil
	}
	command := app.Command(args[0])
	if command == nil {
		return nil, unknownCommand(app, args[0])
	}
	if command.SkipFlagParsing {
		return args, nil
	}
	flags, arguments, err := split(command, args[1:])
	if err != nil {
		return nil, err
	}
	if command.HasName("help") && len(arguments) > 0 && app.Command(arguments[0]) == nil {
		return nil, unknownCommand(app, arguments[0])
	}
	return slices.Concat(args[:1], flags, []string{"--"}, arguments), nil
}

// split tells flags, with their values, from arguments.
func split(command *cli.Command, args []string) (flags, arguments []string, err error) {
	for len(args) > 0 {
		word := args[0]
		args = args[1:]
		if word == "--" {
			return flags, append(arguments, args...), nil
		}
		if !strings.HasPrefix(word, "-") {
			arguments = append(arguments, word)
			continue
		}
		name, _, hasValue := strings.Cut(strings.TrimLeft(word, "-"), "=")
		flag := flagOf(command, name)
		if flag == nil {
			return nil, nil, unknownFlag(command, word, name)
		}
		flags = append(flags, word)
		if _, isToggle := flag.(*cli.BoolFlag); isToggle || hasValue {
			continue
		}
		if len(args) == 0 || looksLikeFlag(args[0]) {
			return nil, nil, usage("flag %s needs a value", word).WithHint("one that begins with - is written %s=VALUE", word)
		}
		flags = append(flags, args[0])
		args = args[1:]
	}
	return flags, arguments, nil
}

// looksLikeFlag tells flags from values; "-" and negative numbers are values.
func looksLikeFlag(word string) bool {
	return len(word) > 1 && word[0] == '-' && (word[1] < '0' || word[1] > '9')
}

// flagOf returns the flag of a command by any of its names, nil if it has none.
func flagOf(command *cli.Command, name string) cli.Flag {
	for _, f := range append(slices.Clone(command.Flags), cli.HelpFlag) {
		if slices.Contains(f.Names(), name) {
			return f
		}
	}
	return nil
}

func unknownCommand(app *cli.App, name string) *fault.Error {
	visible := slices.DeleteFunc(slices.Clone(app.Commands), func(c *cli.Command) bool { return c.Hidden })
	near := cli.SuggestCommand(visible, name) // a sentence
	return usage("there is no command %q", name).WithHint("d%s", strings.TrimPrefix(near, "D"))
}

func unknownFlag(command *cli.Command, word, name string) *fault.Error {
	err := usage("%s has no flag %s, and no argument begins with -", command.Name, word)
	if near := cli.SuggestFlag(command.Flags, name, false); near != "" {
		return err.WithHint("did you mean %q?", near)
	}
	return err.WithHint("etl help %s", command.Name)
}
