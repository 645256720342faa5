package schemas

import (
	"errors"
	"fmt"
	"strings"
)

// Check finds what Parse cannot see, since the defaults of a source decide it:
// columns whose misfits have no place, and layouts with names of zones. The
// error tells all of it.
func (s *Schema) Check() error {
	if all := s.problems(s.Columns, ""); len(all) > 0 {
		return errors.New(strings.Join(all, "; "))
	}
	return nil
}

func (s *Schema) problems(columns []Column, path string) (all []string) {
	for _, c := range columns {
		name := joinPath(path, c.Name)
		if c.Misfit == ExtraMisfit && !s.Extra() {
			all = append(all, fmt.Sprintf("column %s: misfit: extra needs unknown: keep", name))
		}
		leaf := c.Type.leaf()
		for _, layout := range leaf.Layouts {
			if strings.Contains(layout, "MST") {
				all = append(all, fmt.Sprintf("column %s: layout %q: names of zones stand for several offsets", name, layout))
			}
		}
		all = append(all, s.problems(leaf.Fields, name)...)
	}
	return all
}
