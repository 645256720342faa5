package load

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/apache/arrow/go/v15/arrow"
	"github.com/apache/arrow/go/v15/arrow/array"
	alloc "github.com/apache/arrow/go/v15/arrow/memory"
	"github.com/google/go-cmp/cmp"

	"etl/internal/fault"
	"etl/schemas"
)

// A world is what a data set should hold: the value of wait by id.
type world map[int64]int64

// A game plays random operations against a data set, in memory or in a bucket,
// and against
// the simplest model of one: the worlds after each commit.
type game struct {
	*rand.Rand
	store  *Store
	schema *schemas.Schema
	worlds []world // by commit number; 0: before the first
	gone   bool    // files of older commits are: removed by gc, or lost
	played []string
	runs   int
	sure   bool // no call fails
}

func (g *game) now() world { return g.worlds[len(g.worlds)-1] }

// data is the data set as a process sees it whose calls may begin to fail.
func (g *game) data() *Dataset {
	g.runs++
	if g.sure || g.IntN(2) > 0 {
		return g.store.Dataset("p")
	}
	n := 1 + g.IntN(40)
	g.played[len(g.played)-1] += fmt.Sprintf(", dying at call %d", n)
	return g.store.onHeap(dieAt(n)).Dataset("p")
}

// options are those of every writer of the game.
func (g *game) options() WriterOptions {
	return WriterOptions{Schema: g.schema, Partition: []Partition{{By: "bucket", N: 2, Of: "id"}}}
}

// step plays one operation.
func (g *game) step() error {
	switch g.IntN(7) {
	case 0, 1:
		return g.replace()
	case 2, 3:
		return g.merge()
	case 4, 5:
		return g.rollback()
	default:
		return g.collect()
	}
}

func (g *game) play(format string, args ...any) {
	g.played = append(g.played, fmt.Sprintf(format, args...))
}

// some returns rows of a few ids, and a few values, so that contents come back.
func (g *game) some() world {
	w := world{}
	for range g.IntN(4) {
		w[g.Int64N(5)] = g.Int64N(2)
	}
	return w
}

// replace commits rows in the place of all others.
func (g *game) replace() error {
	want := g.some()
	g.play("replace all by %v", want)
	return g.change(want, func(d *Dataset, st *Stage, draft *Draft, base *Commit) (err error) {
		draft.Add, err = g.write(st, want)
		if base != nil {
			draft.Replace = base.Files
		}
		return err
	})
}

// merge commits rows in the place of those of equal ids, and of some others.
func (g *game) merge() error {
	come, leave := g.some(), world{}
	if g.IntN(2) == 0 {
		leave = g.some()
	}
	g.play("merge %v without the ids of %v", come, leave)
	want := maps.Clone(g.now())
	remove := map[schemas.Key]bool{}
	for _, rows := range []world{come, leave} {
		for id := range rows {
			remove[keyOfZid(int(id))] = true
			delete(want, id)
		}
	}
	maps.Copy(want, come)
	return g.change(want, func(d *Dataset, st *Stage, draft *Draft, base *Commit) error {
		incoming, err := g.write(st, come)
		if err != nil {
			return err
		}
		between, err := st.KeysBetween(g.options(), []string{"id"}, incoming)
		if err != nil {
			return err
		}
		if len(leave) > 0 {
			between = nil
		}
		merged, err := st.Merge(g.options(), Merge{
			Base: base, Incoming: incoming, Key: []string{"id"}, Between: between,
			Remove: func(key schemas.Key, _ int64) bool { return remove[key] },
		})
		draft.Add, draft.Replace = merged.Add, merged.Replace
		return err
	})
}

// write stages rows in the order of their ids.
func (g *game) write(st *Stage, rows world) ([]StagedFile, error) {
	b := array.NewRecordBuilder(alloc.NewGoAllocator(), arrow.NewSchema(arrowFields(schemaLayout(g.schema).columns), nil))
	for _, id := range slices.Sorted(maps.Keys(rows)) {
		b.Field(0).(*array.Int64Builder).Append(id)
		b.Field(1).(*array.Int64Builder).Append(rows[id])
		b.Field(2).AppendNull()
	}
	w, err := st.Writer(g.options())
	if err != nil {
		return nil, err
	}
	if err := w.Write(b.NewRecord(), nil); err != nil {
		return nil, errors.Join(err, w.Abort())
	}
	return w.Close()
}

// change makes a commit and checks that it is there if it should be.
func (g *game) change(want world, fill func(*Dataset, *Stage, *Draft, *Commit) error) error {
	d := g.data()
	err := func() error {
		if err := d.Recover(); err != nil {
			return err
		}
		base, err := d.Newest()
		if err != nil {
			return err
		}
		run := fmt.Sprintf("run%d", g.runs)
		st, err := d.Stage("all", run)
		if err != nil {
			return err
		}
		draft := Draft{
			Run: run, Time: noon, Version: "test", Proof: "walked", Schema: Describe(g.schema, []string{"id"}),
			Slices: []Slice{{State: SliceClosed, Identity: "all", Proof: "walked"}}, Units: len(want),
		}
		if base != nil {
			draft.Base = base.Number
		}
		if err := fill(d, st, &draft, base); err != nil {
			return err
		}
		_, err = d.Commit(context.Background(), st, draft)
		return err
	}()
	return g.judge(want, err)
}

// rollback goes back to any commit.
func (g *game) rollback() error {
	newest := len(g.worlds) - 1
	if newest == 0 {
		return nil
	}
	to := 1 + g.IntN(newest)
	g.play("roll back to %d", to)
	_, err := g.data().Rollback(context.Background(), int64(to), Author{Run: fmt.Sprintf("run%d", g.runs), Time: noon})
	if err != nil && g.gone && strings.Contains(err.Error(), "files are gone") {
		return nil
	}
	return g.judge(g.worlds[to], err)
}

// judge compares the log with what an operation was to do: if its commit is
// there it is done, whatever the error; without error it must be.
func (g *game) judge(want world, err error) error {
	if err != nil && !errors.Is(err, errDead) {
		return err
	}
	newest, failed := g.store.Dataset("p").Newest()
	if failed != nil {
		return failed
	}
	switch {
	case newest != nil && newest.Number == int64(len(g.worlds)):
		g.worlds = append(g.worlds, want)
	case err == nil && !maps.Equal(want, g.now()):
		return fmt.Errorf("it has made no commit")
	}
	if err != nil && g.IntN(3) == 0 {
		return g.lose()
	}
	return nil
}

// collect removes what is left over.
func (g *game) collect() error {
	keep := time.Duration(1)
	if g.IntN(2) == 0 {
		keep = 1000 * time.Hour
	}
	g.play("gc that keeps replaced files for %v", keep)
	g.gone = g.gone || keep == 1
	_, err := g.data().GC(GCOptions{Now: noon.AddDate(0, 0, 8), KeepReplaced: keep})
	if errors.Is(err, errDead) {
		return nil
	}
	return err
}

// lose removes the staged files of a commit that is not published yet, as a
// rule of a bucket may. Only a rollback can follow.
func (g *game) lose() error {
	d := g.store.Dataset("p")
	c, err := d.Newest()
	if err != nil || c == nil || c.Number == 1 || len(c.Added) == 0 {
		return err
	}
	if published, err := d.publishes(c.Number); published || err != nil {
		return err
	}
	g.play("lose the staged files of commit %d", c.Number)
	for _, f := range c.moves() {
		if err := d.store.objects.remove(f.Staged); err != nil {
			return err
		}
	}
	lost, err := d.lost(c)
	if err != nil || !lost {
		return err // all of them were in place
	}
	g.runs++
	g.gone = true
	if err := d.Recover(); fault.Of(err) != fault.Storage || !strings.Contains(fault.Hint(err), "etl rollback p --to") {
		return fmt.Errorf("recovering it gives %w", err)
	}
	// What it replaced is still there: it was never published.
	want := g.worlds[c.Number-1]
	_, err = d.Rollback(context.Background(), c.Number-1, Author{Run: fmt.Sprintf("run%d", g.runs), Time: noon})
	return g.judge(want, err)
}

// check compares the data set, recovered, with the model.
func (g *game) check() error {
	d := g.store.Dataset("p")
	if err := d.Recover(); err != nil {
		return err
	}
	c, err := d.Published()
	if err != nil {
		return err
	}
	if c == nil {
		c = &Commit{Schema: Describe(g.schema, nil)}
	}
	if int(c.Number) != len(g.worlds)-1 {
		return fmt.Errorf("commit %d is published, want %d", c.Number, len(g.worlds)-1)
	}
	got := world{}
	err = d.Scan(c, []string{"id", "wait"}, func(row []any) error {
		if _, double := got[row[0].(int64)]; double {
			return fmt.Errorf("id %d comes twice", row[0])
		}
		got[row[0].(int64)] = row[1].(int64)
		return nil
	})
	if err != nil {
		return err
	}
	if diff := cmp.Diff(g.now(), got); diff != "" {
		return fmt.Errorf("live rows (-want +got):\n%s", diff)
	}
	return nil
}

// end cleans up, and makes sure that nothing is left over and nothing is wrong.
func (g *game) end() error {
	g.sure = true
	for range 3 { // an orphan is set aside, its stage closed; a commit; it is removed
		if err := g.collect(); err != nil {
			return err
		}
		world := world{int64(100 + len(g.worlds)): 1}
		g.play("replace all by %v", world)
		err := g.change(world, func(_ *Dataset, st *Stage, draft *Draft, base *Commit) (err error) {
			draft.Add, err = g.write(st, world)
			if base != nil {
				draft.Replace = base.Files
			}
			return err
		})
		if err != nil {
			return err
		}
	}
	if err := g.collect(); err != nil {
		return err
	}
	d := g.store.Dataset("p")
	left, err := d.store.objects.list(d.state("stage"))
	if err != nil || len(left) > 0 {
		return fmt.Errorf("stages still hold %v, %w", left, err)
	}
	c, err := d.Published()
	if err != nil {
		return err
	}
	found, err := d.Verify(c, true)
	if err != nil || len(found) > 0 {
		return fmt.Errorf("verify finds %v, %w", found, err)
	}
	return g.check()
}

// TestRandomOperationsFollowTheModel plays many short games: whatever is
// committed, merged, rolled back, collected and interrupted, the live rows are
// those of the model.
func TestRandomOperationsFollowTheModel(t *testing.T) {
	stores := []*Store{heapStore(), vaultStore(t)}
	for seed := range uint64(2000 * *times / slowness) {
		g := &game{Rand: rand.New(rand.NewPCG(seed, 7)), store: stores[seed%2].empty(), schema: testSchema(), worlds: []world{{}}}
		var err error
		for range 2 + g.IntN(8) {
			if err = g.step(); err == nil && g.IntN(3) == 0 {
				err = g.check() // which recovers; else the next operation has to
			}
			if err != nil {
				break
			}
		}
		if err == nil {
			err = g.check()
		}
		if err == nil && seed%4 == 0 {
			err = g.end()
		}
		if err != nil {
			t.Fatalf("seed %d: %s\n%v", seed, strings.Join(g.played, "\n"), err)
		}
	}
}
