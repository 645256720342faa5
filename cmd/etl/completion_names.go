package main

import (
	"slices"
	"strconv"
	"strings"

	"github.com/urfave/cli/v2"

	"etl"
	"etl/internal/config"
)

// argumentsOf returns what may be an argument of a command after some words.
// Its synopsis tells: words in small letters stand for themselves, SOURCE and
// PIPELINE for the names in the configuration.
func (sh *shell) argumentsOf(command *cli.Command, words []string) (names []string) {
	_, given, _ := split(command, words)
	for _, word := range strings.FieldsFunc(command.ArgsUsage, func(r rune) bool { return strings.ContainsRune("[]|… ", r) }) {
		switch {
		case word == "SOURCE":
			names = append(names, sh.sourceNames(command, words)...)
		case word == "PIPELINE":
			names = append(names, sh.pipelineNames(command, words)...)
		case word == strings.ToLower(word) && len(given) == 0:
			names = append(names, word)
		}
	}
	return names
}

// valuesOf returns what may be the value of the flag that is the last of the
// words.
func (sh *shell) valuesOf(command *cli.Command, words []string) []string {
	switch strings.TrimLeft(words[len(words)-1], "-") {
	case "log-format":
		return []string{"text", "json"}
	case "commit", "to":
		return sh.commitNumbers(command, words[:len(words)-1])
	}
	return nil
}

// configured reads the configuration that the words name, without variables of
// sources. It is nil while the file has mistakes.
func (sh *shell) configured(command *cli.Command, words []string) *config.Config {
	file := "pipelines.yaml"
	if name, ok := sh.lookup(envName("file")); ok && name != "" {
		file = name
	}
	flags, _, _ := split(command, words)
	for i, word := range flags {
		switch name, value, hasValue := strings.Cut(strings.TrimLeft(word, "-"), "="); {
		case name != "f" && name != "file":
		case hasValue:
			file = value
		case i+1 < len(flags):
			file = flags[i+1]
		}
	}
	cfg, err := config.Load(file, config.Options{Lookup: sh.lookup, Schemas: etl.Schemas(), Only: []string{unused}})
	if err != nil {
		return nil
	}
	return cfg
}

func (sh *shell) pipelineNames(command *cli.Command, words []string) (names []string) {
	if cfg := sh.configured(command, words); cfg != nil {
		for _, p := range cfg.Pipelines {
			names = append(names, p.Name)
		}
	}
	return names
}

func (sh *shell) sourceNames(command *cli.Command, words []string) (names []string) {
	if cfg := sh.configured(command, words); cfg != nil {
		for _, s := range cfg.Sources {
			names = append(names, s.Name)
		}
	}
	return names
}

// commitNumbers returns the numbers of the newest commits of the pipeline that
// the words name.
func (sh *shell) commitNumbers(command *cli.Command, words []string) (numbers []string) {
	_, given, _ := split(command, words)
	cfg := sh.configured(command, words)
	if cfg == nil || len(given) == 0 || !slices.ContainsFunc(cfg.Pipelines, func(p *config.Pipeline) bool { return p.Name == given[0] }) {
		return nil
	}
	store, err := sh.openIfThere(cfg)
	if err != nil || store == nil {
		return nil
	}
	for e, err := range store.Dataset(given[0]).Log() {
		const most = 20
		if err != nil || len(numbers) == most {
			break
		}
		numbers = append(numbers, strconv.FormatInt(e.Number, 10))
	}
	return numbers
}
