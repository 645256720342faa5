package pipeline

import (
	"slices"
	"strings"
	"testing"

	"etl/internal/crmsim"
)

// struck are the sources that faults strike, in the order of the guide's
// columns, each with a pipeline that reads one list.
var struck = []struct{ source, pipeline string }{
	{"rental", "request_list"}, {"projects", "projects"}, {"meetings", "users"}, {"calls", "sales_funnels"},
}

// unknown stands where a source does not know a fault.
const unknown = "–"

// Every fault ends as the guide says: once for each source, in the second reply
// with records, and every time for the first source that knows it.
func TestFaults(t *testing.T) {
	k := newKnown()
	for _, row := range guideRows(t, "fault") {
		name := quotes(row[0])[0]
		cells, always, words := row[1:5], row[5], quotes(row[6])
		once, first := faulty(k, name, ":2:1", cells), -1
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			all := once.endings(t)
			for i, s := range struck {
				if cells[i] == unknown {
					continue
				}
				t.Run(s.source, func(t *testing.T) { all[s.pipeline].hold(t, cells[i], words) })
				if first < 0 {
					first = i
				}
			}
			t.Run("every time", func(t *testing.T) {
				tr := faulty(k, name, ":1", cells)
				tr.set, tr.run = tr.set[:1], tr.run[:1]
				tr.endings(t)[struck[first].pipeline].hold(t, always, words)
			})
		})
	}
}

// faulty returns a trial in which a fault strikes the sources that know it. Each
// has three pages.
func faulty(k *known, name, when string, cells []string) (tr trial) {
	tr.known = k
	tr.with = []string{"scale=0.1", "rental.size=120", "projects.size=60", "meetings.size=2", "calls.size=80"}
	if slices.Contains([]string{"stall", "hang", "dribble", "slow_head"}, name) {
		tr.with = append(tr.with, "timeout=200ms")
	}
	for i, s := range struck {
		if cells[i] != unknown {
			tr.set = append(tr.set, s.source+".fail="+name+when)
			tr.run = append(tr.run, s.pipeline)
		}
	}
	return tr
}

// Every fault has its row, and tells which sources know it.
func TestEveryFaultHasItsRow(t *testing.T) {
	told := map[string][]string{}
	for _, row := range guideRows(t, "fault") {
		told[quotes(row[0])[0]] = row[1:5]
	}
	for name := range told {
		for i, s := range struck {
			_, err := crmsim.New(crmsim.Options{Switches: map[string]string{s.source + ".fail": name + ":1"}})
			if knows := err == nil; knows != (told[name][i] != unknown) {
				t.Errorf("%s: that %s knows it is %v", name, s.source, knows)
			}
		}
	}
	for _, name := range faultNames() {
		if told[name] == nil {
			t.Errorf("the fault %s has no row", name)
		}
	}
}

// faultNames returns the faults of all sources and of single ones.
func faultNames() (names []string) {
	for _, f := range crmsim.Faults() {
		names = append(names, f.Name)
	}
	for _, s := range crmsim.Switches() {
		if _, own, ok := strings.Cut(s.Doc, "KIND is also one of "); ok {
			names = append(names, strings.Split(own, ", ")...)
		}
	}
	return names
}
