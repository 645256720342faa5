package e2e

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// An edit replaces every match of a pattern in the shipped pipelines file.
type edit struct{ pattern, replacement string }

// edited writes a copy of the shipped pipelines file and returns its path.
func edited(t *testing.T, edits ...edit) string {
	t.Helper()
	text, err := os.ReadFile(shipped)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range edits {
		pattern := regexp.MustCompile(e.pattern)
		if !pattern.Match(text) {
			t.Fatalf("%s has no %q to edit", shipped, e.pattern)
		}
		text = pattern.ReplaceAll(text, []byte(e.replacement))
	}
	file := filepath.Join(t.TempDir(), "pipelines.yaml")
	if err := os.WriteFile(file, text, 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// tree returns the SHA-256 of every file of the data sets, by path. There must be
// some.
func tree(t *testing.T, lake string) map[string]string {
	t.Helper()
	files := dataFiles(t, lake)
	if len(files) == 0 {
		t.Fatal("there are no data files")
	}
	return files
}

// dataFiles returns the SHA-256 of every file of the data sets, by path, if
// there are any.
func dataFiles(t *testing.T, lake string) map[string]string {
	t.Helper()
	return filesBelow(t, filepath.Join(lake, "data"))
}

// filesBelow returns the SHA-256 of every file below a folder, by path; none if
// there is no such folder.
func filesBelow(t *testing.T, dir string) map[string]string {
	t.Helper()
	files := map[string]string{}
	below := os.DirFS(dir)
	err := fs.WalkDir(below, ".", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		content, err := fs.ReadFile(below, path)
		files[path] = fmt.Sprintf("%x", sha256.Sum256(content))
		return err
	})
	if _, none := os.Stat(dir); errors.Is(none, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// count returns how many requests match.
func count(requests []request, pattern *regexp.Regexp) (n int) {
	for _, r := range requests {
		if pattern.MatchString(r.Path) {
			n++
		}
	}
	return n
}

// TestProcessBytes holds that neither cores nor timing nor the number of
// requests at a time decide about bytes.
func TestProcessBytes(t *testing.T) {
	crm := startSim(t, "--latency", "2ms", "--scale", "0.3")
	var want map[string]string
	for _, cores := range []string{"1", "2"} {
		for _, concurrency := range []string{"1", "8"} {
			name := fmt.Sprintf("GOMAXPROCS %s, concurrency %s", cores, concurrency)
			lake := t.TempDir()
			file := edited(t, edit{`concurrency: \d+`, "concurrency: " + concurrency},
				edit{`base_url: \$\{(?:PROJECTS|MEETINGS|CALLS)_URL.*`, "$0\n    limits: { concurrency: " + concurrency + " }"})
			r, _ := runPipelines(t, crm.env.with(env{"GOMAXPROCS": cores}), file, lake)
			r.want(t, 0)
			got := tree(t, lake)
			if want == nil {
				want = got
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("%s: files differ from those of the first run (-first +this):\n%s", name, diff)
			}
		}
	}
	t.Logf("compared %d files of 4 runs", len(want))
}

// TestProcessFailures holds the exit codes that scripts branch on, and that a
// failure says where it happened.
func TestProcessFailures(t *testing.T) {
	crm := startSim(t)
	tests := []struct {
		name, pipeline string
		env            env
		edits          []edit
		exit           int
		stderr         string // what the user must be told
	}{
		{"wrong password", "request_list", env{"RENTAL_PASSWORD": "wrong"}, nil, 5, "source rental"},
		{"wrong password of a JSON-RPC source", "sales_funnels", env{"CALLS_PASSWORD": "wrong"}, nil, 5, "source calls"},
		{
			"server down", "request_list", env{"RENTAL_URL": "http://127.0.0.1:1"},
			[]edit{{`(?m)^    timezone:`, "    retries: 1\n    timezone:"}}, 3, "source rental: connection refused",
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r, sum := runPipelines(t, crm.env.with(tt.env), edited(t, tt.edits...), t.TempDir(), tt.pipeline)
			r.want(t, tt.exit)
			if sum.Exit != tt.exit || sum.Status == "" {
				t.Errorf("the summary says status %q, exit %d, want exit %d", sum.Status, sum.Exit, tt.exit)
			}
			if !strings.Contains(r.stderr, tt.stderr) {
				t.Errorf("stderr does not name %s:\n%s", tt.stderr, r.stderr)
			}
			if strings.Contains(r.stderr+r.stdout, crm.env["RENTAL_PASSWORD"]) {
				t.Error("a password is in the output")
			}
		})
	}
}

// TestProcessDiskFull holds that a disk that is full, early or late in a run,
// ends in exit 7, and that the run after it, with room, ends as if nothing had
// been.
func TestProcessDiskFull(t *testing.T) {
	const pipeline = "workshop_resources"
	crm := startSim(t)
	undisturbed := t.TempDir()
	r, _ := runPipelines(t, crm.env, shipped, undisturbed, pipeline)
	r.want(t, 0)
	for _, size := range []string{"16k", "96k", "384k", "1m"} {
		t.Run(size, func(t *testing.T) {
			lake := smallDisk(t, size)
			r, _ := runPipelines(t, crm.env.with(env{"ETL_DISK_RESERVE": "off"}), shipped, lake, pipeline)
			r.want(t, 7)
			if !strings.Contains(r.stderr, "no space left") || !strings.Contains(r.stderr, "make room on the disk") {
				t.Errorf("stderr does not say that the disk is full:\n%s", r.stderr)
			}
			if err := mount(lake, "remount,size=256m"); err != nil {
				t.Fatal(err)
			}
			r, _ = runPipelines(t, crm.env, shipped, lake, pipeline)
			r.want(t, 0)
			if diff := cmp.Diff(tree(t, undisturbed), tree(t, lake)); diff != "" {
				t.Errorf("files differ from those of an undisturbed run (-undisturbed +this):\n%s", diff)
			}
		})
	}
}

// smallDisk returns a folder that is a disk of its own until the test ends.
func smallDisk(t *testing.T, size string) string {
	t.Helper()
	dir := t.TempDir()
	if err := mount(dir, "mode=0750,size="+size); err != nil {
		t.Skipf("SKIPPED: a small disk takes the right to mount: %v", err)
	}
	t.Cleanup(func() {
		if out, err := exec.Command("umount", dir).CombinedOutput(); err != nil {
			t.Errorf("unmounting: %v: %s", err, out)
		}
	})
	return dir
}

// mount puts a file system in memory over a folder.
func mount(dir, options string) error {
	out, err := exec.Command("mount", "-t", "tmpfs", "-o", options, "tmpfs", dir).CombinedOutput()
	if err != nil {
		return fmt.Errorf("mounting: %w: %s", err, bytes.TrimSpace(out))
	}
	return nil
}

// TestProcessKilled holds that a run that is killed without warning leaves what
// the next one needs: it uses the pages again and ends with the same bytes.
func TestProcessKilled(t *testing.T) {
	crm := startSim(t, "--latency", "20ms", "--scale", "0.3")
	undisturbed := t.TempDir()
	r, _ := runPipelines(t, crm.env, shipped, undisturbed)
	r.want(t, 0)
	fresh := count(readLedger(t, crm.ledger), detail)

	lake := t.TempDir()
	cmd := command(t, crm.env.with(env{"ETL_DESTINATION": lake}), "run", "-f", shipped)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	eventually(t, "half of the details were served", func() bool {
		return count(readLedger(t, crm.ledger), detail) >= fresh+fresh/2
	})
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); err == nil {
		t.Fatal("the run had ended before it was killed")
	}

	before := count(readLedger(t, crm.ledger), detail)
	r, _ = runPipelines(t, crm.env, shipped, lake)
	r.want(t, 0)
	again := count(readLedger(t, crm.ledger), detail) - before
	if again >= fresh {
		t.Errorf("the run after the kill asked for %d details, a fresh one for %d: no page was used again", again, fresh)
	}
	if diff := cmp.Diff(tree(t, undisturbed), tree(t, lake)); diff != "" {
		t.Errorf("files differ from those of an undisturbed run (-undisturbed +this):\n%s", diff)
	}
	t.Logf("a fresh run asked for %d details, the one after the kill for %d", fresh, again)
}

// Whatever the umask, nothing below the destination is open to other users, and
// pages and state are their owner's alone.
func TestProcessModes(t *testing.T) {
	crm := startSim(t, small...)
	lake := filepath.Join(t.TempDir(), "lake")
	e := crm.env.with(env{"ETL_DESTINATION": lake, "ETL_STAGE": filepath.Join(lake, "..", "stage")})
	etl := command(t, e, "run", "-q", "-f", edited(t, edit{`(?m)^    schema: rental/request$`, "    schema: rental/request\n    keep_pages: 1h"}))
	umasked := exec.Command("sh", append([]string{"-c", `umask 0; exec "$@"`, "sh", etl.Path}, etl.Args[1:]...)...)
	umasked.Env = etl.Env
	if out, err := umasked.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	kept := 0
	for _, dir := range []string{lake, e["ETL_STAGE"]} {
		err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
			if err != nil {
				return err
			}
			info, err := entry.Info()
			if err != nil {
				return err
			}
			if info.Mode().Perm()&0o027 != 0 {
				t.Errorf("%s has the mode %v", path, info.Mode())
			}
			if strings.Contains(filepath.Base(path), ".json.") {
				kept++
				if info.Mode().Perm() != 0o600 {
					t.Errorf("the kept page %s has the mode %v", path, info.Mode())
				}
			}
			return nil
		})
		if err != nil {
			t.Error(err)
		}
	}
	if kept == 0 {
		t.Error("no page was kept, so nothing was shown of their modes")
	}
}
