package load

import (
	"errors"
	"io/fs"
	"testing"
)

// TestATemporaryFileGoes has gc remove what a sleeping writer is about to give
// its name: the writer writes it again.
func TestATemporaryFileGoes(t *testing.T) {
	for _, test := range []struct {
		name  string
		op    string
		times int // how often the temporary file goes
		write func(f *folder) error
		want  error
	}{
		{"of an object that is replaced", "rename", placings - 1, func(f *folder) error { return f.put("views/a.sql", []byte("new")) }, nil},
		{"of an object that is created", "link", placings - 1, func(f *folder) error { return f.create("views/b.sql", []byte("new")) }, nil},
		{"every time", "rename", placings * 2, func(f *folder) error { return f.put("views/a.sql", []byte("new")) }, fs.ErrNotExist},
	} {
		t.Run(test.name, func(t *testing.T) {
			f := open(t).objects.(*folder)
			left := test.times
			f.around = func(op, name string, call func() error) error {
				if op == test.op && left > 0 {
					left--
					return errors.Join(f.root.RemoveAll(temporary), f.root.Mkdir(temporary, 0o750), call())
				}
				return memory(op, name, call)
			}
			if err := test.write(f); !errors.Is(err, test.want) {
				t.Fatalf("it ends in %v, want %v", err, test.want)
			}
			names, err := f.list("views")
			if want := test.want == nil; err != nil || (len(names) == 1) != want {
				t.Errorf("the object is there: %v (%v), want %v", names, err, want)
			}
		})
	}
}
