package load

import (
	"bytes"
	"errors"
	"io/fs"
	"path"
	"path/filepath"
	"strings"

	"etl/internal/fault"
)

// Below returns the name, below the destination, of the object that a URI or a
// path means, and false if it lies elsewhere.
func (s *Store) Below(uri string) (name string, ok bool) {
	if strings.Contains(uri, "://") {
		name, ok = strings.CutPrefix(uri, strings.TrimSuffix(s.path, "/")+"/")
		return name, ok && name == path.Clean(name) && !strings.HasPrefix(name, "../")
	}
	if strings.Contains(s.path, "://") {
		return "", false
	}
	abs, err := filepath.Abs(uri)
	if err != nil {
		return "", false
	}
	name, err = filepath.Rel(s.path, abs)
	return filepath.ToSlash(name), err == nil && filepath.IsLocal(name) && name != "."
}

// CreatePlan writes a plan below the destination if there is nothing of the
// name, and where no reader takes it for data.
func (s *Store) CreatePlan(name string, data []byte) error {
	if top, _, _ := strings.Cut(name, "/"); top == "data" || top == "views" {
		return fault.New(fault.Config, "writing the plan %s: %s/ is for readers of the data", name, top).
			WithHint("name another folder, such as plans/")
	}
	answer := s.objects.create(name, data)
	if answer == nil {
		return nil
	}
	there, err := s.objects.read(name)
	switch {
	case err == nil && bytes.Equal(there, data):
		return nil
	case err == nil:
		return fault.New(fault.Config, "writing the plan %s: there is another plan of that name", name).
			WithHint("a name that ends in / is a folder, where each plan has a name of its own")
	case errors.Is(err, fs.ErrNotExist):
		return stored(answer, "writing the plan %s", name)
	}
	return stored(errors.Join(answer, err), "writing the plan %s", name)
}

// ReadPlan returns a plan that lies below the destination.
func (s *Store) ReadPlan(name string) ([]byte, error) {
	data, err := s.objects.read(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fault.New(fault.Config, "reading the plan %s: there is none", name)
	}
	return data, stored(err, "reading the plan %s", name)
}
