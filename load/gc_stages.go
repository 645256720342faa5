package load

import (
	"crypto/rand"
	"errors"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strconv"
	"strings"
)

// stages looks at every stage.
func (g *collector) stages() error {
	top := g.state("stage")
	names, err := g.store.objects.list(top)
	if err != nil {
		return err
	}
	stages := map[string][]string{} // objects by stage
	for _, name := range names {
		elements := strings.SplitN(strings.TrimPrefix(name, top+"/"), "/", 3)
		if len(elements) < 3 {
			continue // not ours
		}
		dir := path.Join(top, elements[0], elements[1])
		stages[dir] = append(stages[dir], name)
	}
	for _, dir := range slices.Sorted(maps.Keys(stages)) {
		if err := g.stage(dir, stages[dir]); err != nil {
			return err
		}
	}
	return nil
}

// stage does with a stage what may be done.
func (g *collector) stage(dir string, names []string) error {
	mark := path.Join(dir, closedMark)
	if number, referred := g.refs.stages[dir]; referred {
		if number <= g.refs.published {
			return g.clear(dir, names, number)
		}
		return nil // about to be published
	}
	closed := slices.Contains(names, mark)
	names = slices.DeleteFunc(names, func(name string) bool { return name == mark })
	if old, err := g.allOld(names); err != nil || !old {
		return err
	}
	if !closed {
		return g.close(dir, "nobody has written to it for long, and no commit refers to it")
	}
	at, err := g.closedAt(mark)
	if err != nil {
		return err
	}
	if at < 0 {
		return g.close(dir, "whoever closed it did not say when")
	}
	if g.refs.upTo <= at {
		return nil // a commit from it may be on its way
	}
	if names, err = g.reclaim(dir, names); err != nil {
		return err
	}
	g.report("remove", dir, "it was closed at commit %d, and commit %d was made from another", at, at+1)
	return g.remove(g.state("stage"), append(names, mark)...) // the mark last
}

// clear removes what is left of a stage that a published commit was made from.
// Kept pages may be another run's, which goes on with them.
func (g *collector) clear(dir string, names []string, number int64) error {
	left := slices.Clone(names)
	old, err := g.allOld(names)
	if err != nil {
		return err
	}
	if !old {
		left = slices.DeleteFunc(left, func(name string) bool { return !strings.HasSuffix(name, ".part") })
	}
	if len(left) > 0 {
		g.report("remove", dir, "commit %d was made from it and is published", number)
	}
	return g.remove(g.state("stage"), left...)
}

// allOld tells whether all objects were written long enough ago.
func (g *collector) allOld(names []string) (bool, error) {
	for _, name := range names {
		if old, err := g.old(name); err != nil || !old {
			return false, err
		}
	}
	return true, nil
}

// close forbids commits from a stage, and then writes down how far the log is:
// whoever has looked at the stage before can only make the next commit.
func (g *collector) close(dir, why string) error {
	g.report("close", dir, "%s", why)
	mark := path.Join(dir, closedMark)
	if err := g.store.objects.put(mark, nil); err != nil {
		return err
	}
	newest, err := g.highest("commits", ".json")
	if err != nil {
		return err
	}
	return g.store.objects.put(mark, []byte(strconv.FormatInt(newest, 10)))
}

// closedAt returns the number of the newest commit when a stage was closed, and
// -1 if the mark does not say it.
func (g *collector) closedAt(mark string) (int64, error) {
	data, err := g.store.objects.read(mark)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return 0, err
	}
	n, err := strconv.ParseInt(string(data), 10, 64)
	if err != nil || n < 0 {
		return -1, nil // it was not finished
	}
	return n, nil
}

// orphans sets details aside that no commit names.
func (g *collector) orphans() error {
	run := rand.Text()
	var set []string
	for _, dir := range []string{g.state("parents"), g.state("units")} {
		names, err := g.store.objects.list(dir)
		if err != nil {
			return err
		}
		for _, name := range names {
			if old, err := g.old(name); err != nil {
				return err
			} else if g.refs.named[name] || !old {
				continue
			}
			g.report("set aside", name, "no commit names it")
			if err := g.store.objects.move(name, g.aside(name, run)); err != nil && !errors.Is(err, fs.ErrNotExist) {
				return err
			}
			set = append(set, name)
		}
	}
	if len(set) == 0 {
		return nil
	}
	if err := g.close(g.state("stage", asides, run), "it holds what no commit names"); err != nil {
		return err
	}
	if err := g.follow(); err != nil { // a commit that names it may have come in between
		return err
	}
	var aside []string
	for _, name := range set {
		aside = append(aside, g.aside(name, run))
	}
	_, err := g.reclaim(g.state("stage", asides, run), aside)
	return err
}

// reclaim gives details that were set aside, and that a commit names after
// all, their place back. It returns the objects that are left.
func (g *collector) reclaim(dir string, names []string) (left []string, err error) {
	if path.Dir(dir) != g.state("stage", asides) {
		return names, nil
	}
	for _, name := range names {
		place := g.state(strings.TrimPrefix(name, dir+"/"))
		if !g.refs.named[place] {
			left = append(left, name)
			continue
		}
		g.report("restore", place, "a commit names it after all")
		if err := g.store.restore(name, place); err != nil {
			return nil, err
		}
	}
	return left, nil
}

// restore moves an object back to its place, unless an equal one has come there
// since.
func (s *Store) restore(from, to string) error {
	there, err := s.has(to)
	if err != nil {
		return err
	}
	if there {
		return stored(s.objects.remove(from), "removing %s", from)
	}
	if err := s.objects.move(from, to); !errors.Is(err, fs.ErrNotExist) {
		return stored(err, "restoring %s", to)
	}
	return nil
}
