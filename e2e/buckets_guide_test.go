package e2e

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestBucketsGuide runs what docs/buckets.md tells users to type, but for the
// programs of others. In place of S3 there is a server that speaks its protocol.
func TestBucketsGuide(t *testing.T) {
	text, err := os.ReadFile(filepath.Join("..", "docs", "buckets.md"))
	if err != nil {
		t.Fatal(err)
	}
	blocks := strings.Split(string(text), "```sh\n")
	if len(blocks) != 3 {
		t.Fatalf("the guide has %d blocks of commands, want 2: one for each terminal", len(blocks)-1)
	}
	for i, block := range blocks {
		blocks[i], _, _ = strings.Cut(block, "```")
	}
	program, err := duckdbProgram()
	if err != nil {
		t.Fatal(err)
	}
	binary, err := build()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	startSim(t, "--env-file", filepath.Join(dir, "crm.env"))
	if !strings.Contains(blocks[1], "etl sim --env-file crm.env\n") {
		t.Errorf("the first terminal has other commands than this test: %s", blocks[1])
	}
	var script strings.Builder
	for line := range strings.Lines(blocks[2]) {
		if !strings.HasPrefix(line, "aws ") && !strings.HasPrefix(line, "duckdb ") {
			script.WriteString(line)
		}
	}
	cmd := exec.CommandContext(t.Context(), "sh", "-ec", strings.ReplaceAll(script.String(), "s3://my-company-lake", "s3://lake"))
	cmd.Dir = dir
	cmd.Env = startBuckets(t).with(env{"PATH": filepath.Dir(binary) + ":" + os.Getenv("PATH"), "ETL_DUCKDB": program}).list()
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for _, want := range []string{"s3://lake/crm/data/users/", "users: commit 1, "} {
		if !strings.Contains(string(out), want) {
			t.Errorf("the guide's commands print no %q:\n%s", want, out)
		}
	}
	if info, err := os.Stat(filepath.Join(dir, "crm.duckdb")); err != nil || info.Size() == 0 {
		t.Errorf("there is no database: %v", err)
	}
}
