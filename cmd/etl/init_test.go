package main

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"etl"
	"etl/internal/config"
)

// Each system can be cut out: the cut reads as the whole does.
func TestKnownSystems(t *testing.T) {
	whole, err := config.Parse("pipelines.yaml", etl.Pipelines(), config.Options{Schemas: etl.Schemas(), Only: []string{unused}})
	if err != nil {
		t.Fatal(err)
	}
	if len(systems()) != len(whole.Sources) {
		t.Fatalf("systems %v, the shipped file has %d", systems(), len(whole.Sources))
	}
	for _, name := range systems() {
		text, err := known(name)
		if err != nil {
			t.Fatal(err)
		}
		cut, err := config.Parse("cut.yaml", []byte(text), config.Options{Schemas: etl.Schemas(), Only: []string{unused}})
		if err != nil {
			t.Fatalf("%s: %v\n%s", name, err, text)
		}
		if len(cut.Sources) != 1 || cut.Sources[0].Name != name {
			t.Errorf("%s: %d sources", name, len(cut.Sources))
		}
		all := slices.DeleteFunc(slices.Clone(whole.Pipelines), func(p *config.Pipeline) bool { return p.Source.Name != name })
		if !slices.EqualFunc(all, cut.Pipelines, func(a, b *config.Pipeline) bool { return a.Name == b.Name && a.Identity() == b.Identity() }) {
			t.Errorf("%s: pipelines %v, want %v", name, names(cut.Pipelines), names(all))
		}
	}
}

// Taken apart and put together again the shipped file is the same, but for what
// stands above its first key.
func TestTakeApart(t *testing.T) {
	text := string(etl.Pipelines())
	c := takeApart(text)
	var all []string
	for _, one := range slices.Concat(c.sources, c.pipelines) {
		all = append(all, one.name)
	}
	got := c.only(all, all)
	if want := text[strings.Index(text, "\nversion:")+1:]; got != want {
		t.Errorf("put together again:\n%s", got)
	}
}

func TestTakeApartKeepsComments(t *testing.T) {
	const text = `# for editors
# more

# top
version: 1

sources:
  # about a
  a:
    kind: x

    # inside a
    y: 1

  # about b
  b: { kind: x }

# all streams
pipelines:
  # about p
  p:
    source: a
  q: { source: b }
`
	const want = `version: 1

sources:
  # about b
  b: { kind: x }

# all streams
pipelines:
  q: { source: b }
`
	if got := takeApart(text).only([]string{"b"}, []string{"q"}); got != want {
		t.Errorf("only b and q:\n%s", got)
	}
}

// Every alternative that the skeleton offers as a comment can stand.
func TestSkeleton(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "schemas", "shop", "records.yaml")
	if err := writeNew([]written{{file, skeletonSchema}}); err != nil {
		t.Fatal(err)
	}
	lookup := func(name string) (string, bool) {
		return "https://example.com", strings.HasPrefix(name, "SHOP_")
	}
	text := skeleton("shop")
	alternatives := map[string][]string{}
	for _, m := range regexp.MustCompile(`(?m)^    # ((auth|paging): .*)$`).FindAllStringSubmatch(text, -1) {
		alternatives[m[2]] = append(alternatives[m[2]], m[1])
	}
	if len(alternatives["auth"]) < 6 || len(alternatives["paging"]) < 5 {
		t.Fatalf("alternatives %v", alternatives)
	}
	for key, lines := range alternatives {
		chosen := regexp.MustCompile(`(?m)^    ` + key + `: .*$`)
		for _, line := range lines {
			changed := chosen.ReplaceAllLiteralString(text, "    "+line)
			if _, err := config.Parse(filepath.Join(dir, "shop.yaml"), []byte(changed), config.Options{Lookup: lookup}); err != nil {
				t.Errorf("%s: %v", line, err)
			}
		}
	}
	uncommented := regexp.MustCompile(`(?m)^(    )# (limits|replies|defaults|  -|partition)`).ReplaceAllString(text, "$1$2")
	uncommented = strings.ReplaceAll(uncommented, "of: created_at", "of: id")
	uncommented = strings.ReplaceAll(uncommented, "by: month", "by: value")
	if _, err := config.Parse(filepath.Join(dir, "shop.yaml"), []byte(uncommented), config.Options{Lookup: lookup}); err != nil {
		t.Error(err)
	}
}

func TestWriteNewWritesAllOrNothing(t *testing.T) {
	dir := t.TempDir()
	there := filepath.Join(dir, "b")
	if err := os.WriteFile(there, []byte("mine"), 0o600); err != nil {
		t.Fatal(err)
	}
	err := writeNew([]written{{filepath.Join(dir, "a"), "new"}, {there, "new"}})
	if err == nil || !strings.Contains(err.Error(), there) {
		t.Errorf("writeNew = %v, want an error with %s", err, there)
	}
	if _, err := os.Stat(filepath.Join(dir, "a")); err == nil {
		t.Error("a file was written")
	}
	if got := read(t, there); got != "mine" {
		t.Errorf("the file that was there holds %q", got)
	}
}
