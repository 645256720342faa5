package main

import (
	"regexp"
	"slices"
	"strings"
)

// A cuttable is the text of a pipelines.yaml, taken apart so that some of its
// sources and pipelines can be put together again with the comments above them.
type cuttable struct {
	head      []string // from the first key to "sources:"
	sources   []cut
	between   []string // "pipelines:", with what stands above it
	pipelines []cut
}

// A cut is one source or pipeline: its lines, comments above them included.
type cut struct {
	name  string
	lines []string
}

var (
	topKey   = regexp.MustCompile(`^[a-z]`)
	entryKey = regexp.MustCompile(`^  ([a-z][a-z0-9_]*):`)
)

// takeApart cuts a configuration that is written as the shipped one is: top keys
// at the margin, names of sources and pipelines two spaces in.
func takeApart(text string) *cuttable {
	c := &cuttable{}
	section := &c.head
	var entries *[]cut
	var above []string // comments and empty lines that belong to what comes next
	for line := range strings.Lines(text) {
		m := entryKey.FindStringSubmatch(line)
		switch {
		case strings.TrimSpace(line) == "" || strings.HasPrefix(line, "#") || strings.HasPrefix(line, "  #"):
			above = append(above, line)
			continue
		case topKey.MatchString(line):
			if strings.HasPrefix(line, "pipelines:") {
				section, entries = &c.between, &c.pipelines
			}
			*section = append(*section, slices.Concat(above, []string{line})...)
			if strings.HasPrefix(line, "sources:") {
				entries = &c.sources
			}
		case m != nil && entries != nil:
			*entries = append(*entries, cut{m[1], slices.Concat(above, []string{line})})
		default:
			last := &(*entries)[len(*entries)-1].lines
			*last = append(*last, slices.Concat(above, []string{line})...)
		}
		above = nil
	}
	return c
}

// only puts the text together again with some of the sources and pipelines, and
// without what stands above the first key.
func (c *cuttable) only(sources, pipelines []string) string {
	head := c.head[slices.IndexFunc(c.head, topKey.MatchString):]
	lines := slices.Concat(head, pick(c.sources, sources), c.between, pick(c.pipelines, pipelines))
	return strings.Join(lines, "")
}

// pick returns the lines of the cuts of those names, without empty lines at the
// start.
func pick(cuts []cut, names []string) (lines []string) {
	for _, c := range cuts {
		if slices.Contains(names, c.name) {
			lines = append(lines, c.lines...)
		}
	}
	for len(lines) > 0 && strings.TrimSpace(lines[0]) == "" {
		lines = lines[1:]
	}
	return lines
}
