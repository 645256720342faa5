package load

import (
	"path"
	"strings"
)

// Details of a commit lie in objects that are named by their hash: its parents
// and its units. A run that finds an object of the name there takes it for its
// own. So gc cannot just remove one that no commit names: a commit that does
// may be on its way. It sets it aside instead, as if it were the file of a
// stage that was given up on, and whoever publishes or recovers that commit
// fetches it back.

// attached returns the names of the objects that hold details of a commit.
func (d *Dataset) attached(c *Commit) (names []string) {
	if c.ParentsFile != "" {
		names = append(names, d.state("parents", path.Base(c.ParentsFile)))
	}
	if c.Units != "" {
		names = append(names, d.state("units", path.Base(c.Units)))
	}
	return names
}

// asides is the folder, below stage/, of what gc has set aside: one folder for
// each time.
const asides = "orphans"

// aside returns the name under which gc sets an object of the data set's books
// aside.
func (d *Dataset) aside(name, run string) string {
	return d.state("stage", asides, run, strings.TrimPrefix(name, d.state()+"/"))
}

// reattach fetches back what gc has set aside of a commit. Nothing is done
// about details that are nowhere: the rows are whole without them.
func (d *Dataset) reattach(c *Commit) error {
	var aside []string
	for _, name := range d.attached(c) {
		there, err := d.store.has(name)
		if err != nil {
			return err
		}
		if there {
			continue
		}
		if aside == nil {
			if aside, err = d.store.objects.list(d.state("stage", asides)); err != nil {
				return stored(err, "looking for %s", name)
			}
		}
		for _, from := range aside {
			if strings.HasSuffix(from, strings.TrimPrefix(name, d.state())) {
				if err := d.store.restore(from, name); err != nil {
					return err
				}
			}
		}
	}
	return nil
}
