package e2e

import (
	"fmt"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestProcessDiskCheckedAhead holds that a run that will not fit ends in exit 7
// before it asks for anything, with both numbers, and that the check can be
// switched off.
func TestProcessDiskCheckedAhead(t *testing.T) {
	const pipeline = "workshop_resources"
	crm := startSim(t)
	lake := smallDisk(t, "256m")
	r, _ := runPipelines(t, crm.env, shipped, lake, pipeline)
	r.want(t, 0)
	before, asked := tree(t, lake), len(readLedger(t, crm.ledger))
	if err := mount(lake, "remount,size=17m"); err != nil {
		t.Fatal(err)
	}
	r, _ = runPipelines(t, crm.env, shipped, lake, pipeline)
	r.want(t, 7)
	for _, part := range []string{"MiB free", "MiB are needed", "--disk-reserve"} {
		if !strings.Contains(r.stderr, part) {
			t.Errorf("stderr does not tell of %q:\n%s", part, r.stderr)
		}
	}
	if now := len(readLedger(t, crm.ledger)); now != asked {
		t.Errorf("it made %d requests", now-asked)
	}
	if diff := cmp.Diff(before, tree(t, lake)); diff != "" {
		t.Errorf("files (-before +after):\n%s", diff)
	}
	r, _ = runPipelines(t, crm.env.with(env{"ETL_DISK_RESERVE": "off"}), shipped, lake, pipeline)
	r.want(t, 0)
}

// TestProcessPublishesOnAFullDisk kills a run as soon as its commit stands, and
// fills the disk. The next run publishes the commit, with its view and its mark,
// though there is no room for a byte, and then ends in exit 7 for what it reads.
func TestProcessPublishesOnAFullDisk(t *testing.T) {
	const pipeline = "workshop_resources"
	crm := startSim(t, small...)
	undisturbed := t.TempDir()
	r, _ := runPipelines(t, crm.env, shipped, undisturbed, pipeline)
	r.want(t, 0)

	lake := smallDisk(t, "64m")
	w := &world{env: crm.env, args: []string{"run", "-q", "-f", shipped, pipeline}}
	record := filepath.Join(lake, "_etl", pipeline, "commits", "000000000001.json")
	for n := 1; ; n++ {
		w.kill(t, lake, point{"link", n, true}.flags()...).want(t, exitKilled)
		if _, err := os.Stat(record); err == nil {
			break
		}
	}
	if live, err := filepath.Glob(filepath.Join(lake, "data", pipeline, "*.parquet")); err != nil || len(live) > 0 {
		t.Fatalf("published already: %q (%v)", live, err)
	}
	fill(t, filepath.Join(lake, "filler"))

	r, _ = runPipelines(t, crm.env.with(env{"ETL_DISK_RESERVE": "off"}), shipped, lake, pipeline)
	r.want(t, 7)
	if diff := cmp.Diff(tree(t, undisturbed), tree(t, lake)); diff != "" {
		t.Errorf("on a full disk (-undisturbed +published):\n%s", diff)
	}
	for _, name := range []string{"views/" + pipeline + ".sql", "_etl/" + pipeline + "/published/000000000001"} {
		if _, err := os.Stat(filepath.Join(lake, name)); err != nil {
			t.Error(err)
		}
	}
	if err := os.Remove(filepath.Join(lake, "filler")); err != nil {
		t.Fatal(err)
	}
	r, _ = runPipelines(t, crm.env, shipped, lake, pipeline)
	r.want(t, 0)
	if diff := cmp.Diff(tree(t, undisturbed), tree(t, lake)); diff != "" {
		t.Errorf("with room again (-undisturbed +this):\n%s", diff)
	}
}

// fill writes a file until the disk takes no byte more.
func fill(t *testing.T, name string) {
	t.Helper()
	file, err := os.Create(name)
	if err != nil {
		t.Fatal(err)
	}
	for size := 1 << 20; size > 0; {
		if _, err := file.Write(make([]byte, size)); err != nil {
			size /= 2
		}
	}
	if err := file.Close(); err != nil {
		t.Fatal(err)
	}
}

// TestProcessFewFiles lets runs have hardly any file open. They end in exit 7 and
// name the limit, or they do; nothing is half-done, and a run with the usual
// limit ends as if nothing had been.
func TestProcessFewFiles(t *testing.T) {
	fewFiles(t, nil, func(t *testing.T) string { return t.TempDir() })
}

// TestStoresFewFiles does the same with buckets, each request to which may take
// a connection.
func TestStoresFewFiles(t *testing.T) {
	servers := startBuckets(t)
	for _, bucket := range []string{"s3://lake/", "gs://lake/"} {
		t.Run(bucket[:2], func(t *testing.T) {
			fewFiles(t, servers, func(t *testing.T) string { return bucket + path.Base(t.Name()) })
		})
	}
}

func fewFiles(t *testing.T, servers env, destination func(*testing.T) string) {
	t.Helper()
	pipelines := []string{"request_list", "requests", "workshop_resources"}
	crm := startSim(t, small...)
	undisturbed := t.TempDir()
	r, _ := runPipelines(t, crm.env, shipped, undisturbed, pipelines...)
	r.want(t, 0)
	want, failed := tree(t, undisturbed), 0
	for _, files := range []int{8, 11, 13, 15, 17, 19, 22, 26, 40} {
		t.Run(strconv.Itoa(files), func(t *testing.T) {
			lake := destination(t)
			r := runWithFiles(t, files, crm.env.with(servers).with(env{"ETL_DESTINATION": lake}), append([]string{"run", "-q", "-f", shipped}, pipelines...)...)
			if r.exit != 0 {
				failed++
				r.want(t, 7)
				for _, part := range []string{"too many open files", fmt.Sprintf("%d files open", files), "ulimit -n"} {
					if !strings.Contains(r.stderr, part) {
						t.Errorf("stderr does not tell of %q:\n%s", part, r.stderr)
					}
				}
			}
			r, _ = runPipelines(t, crm.env.with(servers), shipped, lake, pipelines...)
			r.want(t, 0)
			if diff := cmp.Diff(want, treeOf(t, servers, lake)); diff != "" {
				t.Errorf("files differ from those of an undisturbed run (-undisturbed +this):\n%s", diff)
			}
		})
	}
	if failed == 0 {
		t.Error("every run had enough files")
	}
}

// runWithFiles runs etl with a limit of open files.
func runWithFiles(t *testing.T, files int, e env, args ...string) result {
	t.Helper()
	etl := command(t, e, args...)
	limited := exec.CommandContext(t.Context(), "sh", append([]string{"-c", fmt.Sprintf(`ulimit -n %d && exec "$0" "$@"`, files), etl.Path}, args...)...)
	limited.Env = etl.Env
	var stdout, stderr strings.Builder
	limited.Stdout, limited.Stderr = &stdout, &stderr
	err := limited.Run()
	if limited.ProcessState == nil {
		t.Fatalf("running etl with %d files: %v", files, err)
	}
	return result{limited.ProcessState.ExitCode(), stdout.String(), stderr.String()}
}
