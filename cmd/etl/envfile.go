package main

import (
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"

	"etl/internal/fault"
)

// readEnvFile reads the variables of an --env-file.
func readEnvFile(file string) (map[string]string, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, usage("reading the variables: %w", err)
	}
	variables, err := parseEnv(string(text))
	if err != nil {
		return nil, fmt.Errorf("reading the variables of %s: %w", file, err)
	}
	return variables, nil
}

// isOpenToAll tells whether every user of the machine can read or write a file.
// Mounted secrets of containers are so by default, so that is no mistake.
func isOpenToAll(file string) bool {
	info, err := os.Stat(file)
	return err == nil && info.Mode().IsRegular() && info.Mode().Perm()&0o006 != 0
}

// parseEnv reads lines of KEY=VALUE. "export " may stand before a key, and
// quotes around a value. Empty lines and lines that begin with # say nothing.
// A value is taken as it is: no variable in it is filled in, no backslash has a
// meaning. An error names the line, never what it holds.
func parseEnv(text string) (map[string]string, error) {
	variables := map[string]string{}
	for i, line := range strings.Split(text, "\n") {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		key, value, found := strings.Cut(strings.TrimPrefix(line, "export "), "=")
		key = strings.TrimSpace(key)
		if !found || !isVariable(key) {
			return nil, fault.New(fault.Config, "line %d is not KEY=VALUE", i+1)
		}
		value, ok := unquote(strings.TrimSpace(value))
		if !ok {
			return nil, fault.New(fault.Config, "line %d: the quotes of %s do not match", i+1, key)
		}
		variables[key] = value
	}
	return variables, nil
}

// isVariable tells whether a shell could have a variable of the name.
func isVariable(name string) bool {
	for i, r := range name {
		letter := r == '_' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z'
		if !letter && (i == 0 || r < '0' || r > '9') {
			return false
		}
	}
	return name != ""
}

// unquote removes the quotes around a value. What begins with a quote must end
// with the same one.
func unquote(value string) (string, bool) {
	if value == "" || value[0] != '"' && value[0] != '\'' {
		return value, true
	}
	if len(value) < 2 || value[len(value)-1] != value[0] {
		return "", false
	}
	return value[1 : len(value)-1], true
}

// over looks a variable up in the environment first, then among variables. As in
// the configuration, an empty one counts as not set.
func over(lookup func(string) (string, bool), variables map[string]string) func(string) (string, bool) {
	return func(name string) (string, bool) {
		if value, ok := lookup(name); ok && value != "" {
			return value, true
		}
		value, ok := variables[name]
		return value, ok
	}
}

// envText writes variables as lines that parseEnv and shells read.
func envText(variables map[string]string) string {
	var b strings.Builder
	for _, name := range slices.Sorted(maps.Keys(variables)) {
		quote := "'"
		if strings.Contains(variables[name], "'") {
			quote = `"`
		}
		fmt.Fprintf(&b, "%s=%s%s%s\n", name, quote, variables[name], quote)
	}
	return b.String()
}

// writeSecret writes a file that only its owner reads.
func writeSecret(file, text string) error {
	f, err := os.OpenFile(file, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return fault.New(fault.Storage, "writing the variables: %w", err)
	}
	err = f.Chmod(0o600) // it may have been there before
	if err == nil {
		_, err = io.WriteString(f, text)
	}
	if closed := f.Close(); err == nil {
		err = closed
	}
	if err != nil {
		return fault.New(fault.Storage, "writing the variables: %w", err)
	}
	return nil
}
