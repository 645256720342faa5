package e2e

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var (
	killShare = flag.Int("kills", 5, "percent of the calls to the file system at which a run is killed")
	seed      = flag.Uint64("seed", 1, "decides which calls these are, and when processes sleep")
)

// buildKiller makes the program that kills others.
var buildKiller = sync.OnceValues(func() (string, error) {
	binary, err := filepath.Abs(filepath.Join("..", ".cache", "e2e", "fskill"))
	if err != nil {
		return "", err
	}
	if out, err := exec.Command("go", "build", "-o", binary, "./fskill").CombinedOutput(); err != nil {
		return "", fmt.Errorf("building fskill: %w\n%s", err, out)
	}
	return binary, nil
})

// exitForbidden and exitKilled are exit codes of fskill.
const (
	exitForbidden = 77
	exitKilled    = 137
)

// A point is where a run is killed: at the n-th call of a kind.
type point struct {
	kind  string
	n     int
	after bool
}

func (p point) String() string {
	when := "before"
	if p.after {
		when = "after"
	}
	return fmt.Sprintf("%s %s %d", when, p.kind, p.n)
}

func (p point) flags() []string {
	return []string{"-kind", p.kind, "-at", strconv.Itoa(p.n), fmt.Sprintf("-after=%t", p.after)}
}

// kill runs etl in a world under fskill and returns the exit code.
func (w *world) kill(t *testing.T, lake string, flags ...string) result {
	t.Helper()
	killer, err := buildKiller()
	if err != nil {
		t.Fatal(err)
	}
	etl := command(t, nil)
	cmd := exec.CommandContext(t.Context(), killer, append(append(flags, etl.Path), w.args...)...)
	cmd.Env = w.env.with(env{"ETL_DESTINATION": lake}).list()
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil {
		if _, exited := errors.AsType[*exec.ExitError](err); !exited {
			t.Fatalf("running fskill: %v", err)
		}
	}
	r := result{cmd.ProcessState.ExitCode(), stdout.String(), stderr.String()}
	if r.exit == exitForbidden {
		t.Skipf("SKIPPED: it takes ptrace, which is not allowed here: %s", r.stderr)
	}
	return r
}

// points returns the places to kill at: some percent of all, at random, and of
// each kind at least one before and one after. The order is random too.
func points(kinds []string, percent int, random *rand.Rand) (chosen []point) {
	total := map[string]int{}
	for _, kind := range kinds {
		total[kind]++
	}
	for _, kind := range slices.Sorted(maps.Keys(total)) {
		for _, after := range []bool{false, true} {
			take := max(1, (total[kind]*percent+99)/100)
			for _, n := range random.Perm(total[kind])[:min(take, total[kind])] {
				chosen = append(chosen, point{kind, n + 1, after})
			}
		}
	}
	return chosen
}

// TestKilledAtFileCalls kills a run before and after its calls to the file
// system: a list that is replaced, one that is merged by key, and slices of a
// window, over a data set that is there already. What readers see then is a
// commit, whole. Then the run is run again, at times killed again, and it ends
// as if nothing had been, byte by byte.
func TestKilledAtFileCalls(t *testing.T) { newWorld(t).killAnywhere(t, *killShare) }

// TestKilledFromNothing does the same with the first run into a destination:
// until its commits there is no data set, and no view. It makes more calls, of
// which it takes a fifth of the share, unless that is all.
func TestKilledFromNothing(t *testing.T) {
	newWorld(t).fromNothing(t).killAnywhere(t, ofFirstRun(*killShare, 5))
}

// ofFirstRun returns how many percent of a first run are tried, which makes more
// calls than others: a part of their share, unless that is all.
func ofFirstRun(share, part int) int {
	if share >= 100 {
		return share
	}
	return (share + part - 1) / part
}

func (w *world) killAnywhere(t *testing.T, percent int) {
	t.Helper()
	want := w.undisturbed(t)

	log := filepath.Join(t.TempDir(), "calls")
	w.kill(t, w.copy(t), "-log", log).want(t, 0)
	text, err := os.ReadFile(log)
	if err != nil {
		t.Fatal(err)
	}
	kinds := strings.Fields(string(text))
	random := rand.New(rand.NewPCG(*seed, 0))
	chosen := points(kinds, percent, random)
	var mutex sync.Mutex
	killed, again := 0, 0
	t.Run("at", func(t *testing.T) {
		for _, p := range chosen {
			second := point{p.kind, 1 + random.IntN(20), random.IntN(2) == 0}
			twice := random.IntN(8) == 0
			t.Run(strings.ReplaceAll(p.String(), " ", "_"), func(t *testing.T) {
				t.Parallel()
				lake := w.copy(t)
				r := w.kill(t, lake, p.flags()...)
				if r.exit != exitKilled {
					r.want(t, 0) // it happened to make fewer calls
				}
				w.checkCommitted(t, lake)
				w.checkViews(t, lake)
				if twice {
					s := w.kill(t, lake, second.flags()...)
					if s.exit != exitKilled {
						s.want(t, 0)
					}
					w.checkCommitted(t, lake)
				}
				run(t, w.env.with(env{"ETL_DESTINATION": lake}), w.args...).want(t, 0)
				w.checkEnd(t, lake)
				if diff := cmp.Diff(want, tree(t, lake)); diff != "" {
					t.Errorf("files differ from those of an undisturbed run (-undisturbed +this):\n%s", diff)
				}
				mutex.Lock()
				defer mutex.Unlock()
				if r.exit == exitKilled {
					killed++
				}
				if twice {
					again++
				}
			})
		}
	})
	t.Logf("of %d calls: killed at %d of %d chosen places, %d of them again while recovering (%d %%, -seed %d)",
		len(kinds), killed, len(chosen), again, percent, *seed)
	if killed < len(chosen)*9/10 {
		t.Errorf("only %d of %d runs were killed", killed, len(chosen))
	}
}
