package e2e

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"flag"
	"fmt"
	"io/fs"
	"maps"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"

	"etl/e2e/power"
)

var powerShare = flag.Int("power", 2, "percent of the disks after a loss of power that are tried")

// An outage is a disk after the power went, and what the run had told by then.
type outage struct {
	power.Image
	call string           // the last one that had returned
	told map[string]int64 // the commit that was said to be done, by pipeline
}

// TestPowerLost has the power go after each call to the file system of a run:
// over data sets that are there already, and in a first run, which makes the
// destination, keeps its pages elsewhere, and so syncs folders less often.
func TestPowerLost(t *testing.T) {
	t.Run("again", func(t *testing.T) { newWorld(t).losePower(t, *powerShare) })
	t.Run("first", func(t *testing.T) { newWorld(t).fromNothing(t).losePower(t, ofFirstRun(*powerShare, 2)) })
}

// on returns the environment of a run on a disk.
func (w *world) on(disk string) env {
	e := w.env.with(env{"ETL_DESTINATION": filepath.Join(disk, "lake")})
	if w.first {
		e["ETL_STAGE"] = filepath.Join(disk, "pages")
	}
	return e
}

// losePower tries some percent of the disks that a run could leave if the power
// went. Readers see whole files of commits, and what was told to be done is
// there. Then the run is run again on that disk, and ends as if nothing had been.
func (w *world) losePower(t *testing.T, percent int) {
	t.Helper()
	want := w.undisturbed(t)
	if w.first {
		if err := os.Remove(w.base); err != nil {
			t.Fatal(err)
		}
	}
	disks, base := memoryDir(t), filepath.Dir(w.base)
	disk := filepath.Join(disks, "000000")
	calls := w.record(t, base, disk)
	outages := outagesOf(t, os.DirFS(base), calls)
	random := rand.New(rand.NewPCG(*seed, 0))
	chosen := random.Perm(len(outages))[:(len(outages)*percent+99)/100]
	var told atomic.Int64
	t.Run("at", func(t *testing.T) {
		for n, i := range chosen {
			t.Run(fmt.Sprint(i), func(t *testing.T) {
				t.Parallel()
				o, found := outages[i], filepath.Join(disks, fmt.Sprintf("%06d", n+1))
				lake := filepath.Join(found, "lake")
				told.Add(int64(len(o.told)))
				o.check(t, disk)
				if err := o.WriteTo(found, disk); err != nil {
					t.Fatal(err)
				}
				defer func() {
					if t.Failed() {
						t.Logf("lost after %s: %s", o.call, o.What)
					}
				}()
				run(t, w.on(found), w.args...).want(t, 0)
				if diff := cmp.Diff(want, tree(t, lake)); diff != "" {
					t.Errorf("files differ from those of an undisturbed run (-undisturbed +this):\n%s", diff)
				}
				checkText(t, disk, found)
				run(t, w.on(found), append([]string{"verify", "-f", w.file}, disturbed...)...).want(t, 0)
				if err := os.RemoveAll(found); err != nil {
					t.Error(err)
				}
			})
		}
	})
	t.Logf("of %d calls: tried %d of %d disks after a loss of power, on which %d commits had been told (%d %%, -seed %d)",
		len(calls), len(chosen), len(outages), told.Load(), percent, *seed)
	if told.Load() == 0 {
		t.Error("no commit had been told on any of them")
	}
}

// record runs the run of a world on a copy of a disk, and returns its calls.
func (w *world) record(t *testing.T, base, disk string) (calls []power.Call) {
	t.Helper()
	if out, err := exec.Command("cp", "-a", base, disk).CombinedOutput(); err != nil {
		t.Fatalf("copying: %v\n%s", err, out)
	}
	file := filepath.Join(t.TempDir(), "calls")
	loud := *w
	loud.args = slices.DeleteFunc(slices.Clone(w.args), func(arg string) bool { return arg == "-q" })
	loud.env = w.on(disk)
	loud.kill(t, filepath.Join(disk, "lake"), "-record", file, "-below", disk).want(t, 0)
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if calls, err = power.Recorded(f); err != nil {
		t.Fatal(err)
	}
	return calls
}

// done is what a run says of a pipeline whose last commit is published.
var done = regexp.MustCompile(`msg=done pipeline=(\S+) commit=(\d+)`)

// outagesOf returns the different disks that the power could leave after any of
// the calls.
func outagesOf(t *testing.T, base fs.FS, calls []power.Call) (outages []outage) {
	t.Helper()
	disk, err := power.NewDisk(base)
	if err != nil {
		t.Fatal(err)
	}
	random, seen, told := rand.New(rand.NewPCG(*seed, 1)), map[string]bool{}, map[string]int64{}
	for _, c := range calls {
		if err := disk.Do(c); err != nil {
			t.Fatal(err)
		}
		if m := done.FindSubmatch(c.Data); c.Kind == power.Say && m != nil {
			number, err := strconv.ParseInt(string(m[2]), 10, 64)
			if err != nil {
				t.Fatal(err)
			}
			told = maps.Clone(told)
			told[string(m[1])] = number
			clear(seen) // the same disk must now hold more
		}
		for _, i := range disk.Images(random, seen) {
			outages = append(outages, outage{i, c.String(), told})
		}
	}
	return outages
}

// check fails unless every commit that was told is there, whole, every file that
// a glob finds is whole and of a commit, and every file that a view names is
// there.
func (o outage) check(t *testing.T, disk string) {
	t.Helper()
	committed, files := map[string]string{}, map[string][]byte{}
	for name, data := range o.Files {
		if name, below := strings.CutPrefix(name, "lake/"); below && data != nil {
			files[name] = data
		}
	}
	for name, data := range files {
		if !strings.Contains(name, "/commits/") {
			continue
		}
		var commit struct {
			Files []struct{ Path, SHA256 string }
		}
		if err := json.Unmarshal(data, &commit); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		for _, f := range commit.Files {
			committed[f.Path] = f.SHA256
		}
	}
	for pipeline, number := range o.told {
		record := fmt.Sprintf("_etl/%s/commits/%012d.json", pipeline, number)
		want, err := os.ReadFile(filepath.Join(disk, "lake", record))
		if err != nil || !bytes.Equal(want, files[record]) {
			t.Errorf("commit %d of %s was told to be done, and is not there (%v)", number, pipeline, err)
		}
	}
	for name, data := range files {
		if strings.HasPrefix(name, "data/") && committed[name] != fmt.Sprintf("%x", sha256.Sum256(data)) {
			t.Errorf("%s is in no commit, or not whole", name)
		}
		for _, file := range viewFile.FindAll(data, -1) {
			if strings.HasPrefix(name, "views/") && files[string(file)] == nil {
				t.Errorf("%s reads %s, which is not there", name, file)
			}
		}
	}
}

// checkText fails unless the views are those of the recorded run.
func checkText(t *testing.T, disk, found string) {
	t.Helper()
	for _, pipeline := range disturbed {
		name := filepath.Join("lake", "views", pipeline+".sql")
		want, err := os.ReadFile(filepath.Join(disk, name))
		if err != nil {
			t.Fatal(err)
		}
		got, err := os.ReadFile(filepath.Join(found, name))
		if diff := cmp.Diff(string(bytes.ReplaceAll(want, []byte(disk), []byte(found))), string(got)); err != nil || diff != "" {
			t.Errorf("%s (%v, -undisturbed +this):\n%s", name, err, diff)
		}
	}
}
