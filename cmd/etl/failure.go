package main

import (
	"fmt"
	"io"
	"strings"

	"etl/internal/fault"
	"etl/internal/pipeline"
)

// tellFailures ends a failed run: for each pipeline that is not done what kind
// of failure it was, the reason, what to do about it, and the next command. The
// file is the configuration, so that the command can be typed as it stands.
func tellFailures(w io.Writer, s *pipeline.Summary, file string) {
	for _, r := range s.Pipelines {
		if r.Status == pipeline.OK {
			continue
		}
		kind := r.Class
		if r.Status == pipeline.Blocked {
			kind = r.Status
		}
		reason, more := firstLine(r.Error)
		fmt.Fprintf(w, "%s failed (%s): %s\n", r.Name, kind, reason)
		if more > 0 {
			fmt.Fprintf(w, "  and %s; all stand in the summary\n", count(int64(more), "more reason"))
		}
		if r.Hint != "" && !isCommand(r.Hint) {
			fmt.Fprintf(w, "  hint: %s\n", r.Hint)
		}
		fmt.Fprintf(w, "  next: %s\n", next(r, s.RetryAfter, file))
	}
}

// firstLine returns the first line of a text and how many follow.
func firstLine(text string) (string, int) {
	first, rest, more := strings.Cut(text, "\n")
	if !more {
		return first, 0
	}
	return first, 1 + strings.Count(rest, "\n")
}

// isCommand tells whether a hint is the very command to try.
func isCommand(hint string) bool { return strings.HasPrefix(hint, "etl ") }

// next is the command to try after a failure.
func next(r pipeline.Result, retryAfter float64, file string) string {
	if isCommand(r.Hint) {
		return r.Hint
	}
	if r.Status == pipeline.Blocked {
		return fmt.Sprintf("etl run%s %s, after its parents", fileFlag(file), r.Name)
	}
	command := "run"
	switch r.Class {
	case fault.Config.String():
		return "etl validate" + fileFlag(file)
	case fault.Data.String():
		command = "preview"
		if r.Rejected > 0 {
			command = "rejects --failed"
		}
	case fault.Auth.String():
		command = "check"
	case fault.Bug.String():
		return "etl version, and report it with the lines above"
	}
	text := fmt.Sprintf("etl %s%s %s", command, fileFlag(file), r.Name)
	if r.Class == fault.Transient.String() && retryAfter > 0 {
		text += fmt.Sprintf(", in %.0f seconds or later", retryAfter)
	}
	return text
}

// fileFlag is the flag that names the configuration, if it needs naming.
func fileFlag(file string) string {
	if file == "pipelines.yaml" {
		return ""
	}
	return " -f " + shellQuote(file)
}

// shellQuote quotes a word where a shell would take it for something else.
func shellQuote(word string) string {
	plain := func(r rune) bool {
		return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("_-./:=@%+,", r)
	}
	if word != "" && strings.TrimFunc(word, plain) == "" {
		return word
	}
	return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
}
