package load

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"etl/internal/fault"
	"etl/load/bucket"
)

// objects is what a Store needs of the place that it lies in. Names are below
// the destination, with slashes. A folder can do it, and a bucket can.
//
// An error that is fs.ErrNotExist says that there is no such object; no other
// error says so. What has returned without error stays, whatever crashes.
type objects interface {
	// read returns all of an object.
	read(name string) ([]byte, error)
	// open opens an object for reading in parts.
	open(name string) (blob, error)
	// modified returns when an object was written.
	modified(name string) (time.Time, error)
	// list returns the names of all objects below a folder, sorted. A folder
	// that does not exist has none.
	list(dir string) ([]string, error)
	// create writes an object if there is none of the name, else it changes
	// nothing and returns fs.ErrExist. Of several at once exactly one succeeds.
	create(name string, data []byte) error
	// put writes an object, in the place of any of the name.
	put(name string, data []byte) error
	// write starts a new object of a stage that is written in parts. It may
	// be seen before it is closed, and half of it after a crash.
	write(name string, mode fs.FileMode) (*sink, error)
	// scratch makes a file for this process alone, below the destination if that
	// is a folder and on this machine if it is a bucket.
	scratch(name string) (scratch, error)
	// move gives an object another name, in the place of any of that name.
	move(from, to string) error
	// together makes calls through what it hands over, one after the other, that
	// move objects into some folders. What they have done stays, whatever crashes,
	// once together returns without error.
	together(into []string, calls func(objects) error) error
	// remove removes an object. One that does not exist is no error.
	remove(name string) error
	// tidy removes a folder of a stage if nothing is in it.
	tidy(dir string) error
}

// A blob is an object open for reading.
type blob interface {
	io.ReaderAt
	io.Closer
	Size() int64
}

// A Store is a destination: the place where data sets lie. It is safe for
// concurrent use.
type Store struct {
	objects objects
	path    string // absolute, as readers open it
	local   string // folder for what stays on this machine; of a folder, itself
	atOnce  int    // how many objects are looked at or moved at a time

	workshop *workshop // where files are made; nil only where none are
}

// Settings of a destination. The zero value serves for folders.
type Settings struct {
	Lookup func(name string) (value string, set bool) // environment, for buckets; nil: it is empty
	Local  string                                     // folder for what stays on this machine, for buckets; empty: one for caches
}

// Open opens a destination: a local folder, which is created if there is none,
// or a bucket, s3://bucket/prefix or gs://bucket/prefix, to which nothing is
// sent yet. Nothing outside of the folder or prefix is ever written, whatever
// links lie in it, but for what stays on this machine of a bucket: pages, and
// files on their way.
func Open(root string) (*Store, error) { return OpenWith(root, Settings{}) }

// OpenWith opens a destination as Open does, with settings.
func OpenWith(root string, s Settings) (*Store, error) {
	if bucket.Is(root) {
		return openRemote(root, s)
	}
	abs, err := filepath.Abs(root)
	if err != nil {
		return nil, fault.New(fault.Storage, "opening the destination %s: %w", root, err)
	}
	if strings.ContainsRune(abs, 0) {
		return nil, fault.New(fault.Config, "opening the destination: its name holds a NUL byte")
	}
	if err := makeRoot(abs); err != nil {
		return nil, fault.New(fault.Storage, "creating the destination: %w", err)
	}
	f, err := openFolder(abs)
	if err != nil {
		return nil, err
	}
	return &Store{objects: f, path: abs, local: abs, workshop: &workshop{}}, nil
}

// Path returns the absolute name of the destination's folder, or the address of
// its bucket.
func (s *Store) Path() string { return s.path }

// plainName is what names of pipelines, identities and runs look like: one
// element of a path that hides nothing and needs no quoting.
var plainName = regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9_.@-]*$`)

func isPlain(name string) bool { return len(name) <= 200 && plainName.MatchString(name) }

// A Dataset is what a pipeline has loaded into a destination. It keeps nothing
// in memory: every method looks at the destination anew.
type Dataset struct {
	store    *Store
	pipeline string
}

// Dataset returns the data set of a pipeline, which need not exist yet. The
// name must be one that the configuration accepts.
func (s *Store) Dataset(pipeline string) *Dataset {
	return &Dataset{store: s, pipeline: pipeline}
}

// Pipeline returns the name of the pipeline that loads the data set.
func (d *Dataset) Pipeline() string { return d.pipeline }

// check refuses a pipeline whose name would lead elsewhere.
func (d *Dataset) check() error {
	if !isPlain(d.pipeline) {
		return fault.New(fault.Config, "opening the data set %q: not a name of a pipeline", d.pipeline)
	}
	return nil
}

// state returns the name of an object of the data set's own books.
func (d *Dataset) state(elem ...string) string {
	return path.Join(append([]string{"_etl", d.pipeline}, elem...)...)
}

// data returns the folder of the data set's live files.
func (d *Dataset) data() string {
	stream, account := d.account()
	if account != "" {
		return path.Join("data", stream, accountFolder+account)
	}
	return path.Join("data", stream)
}

// Address returns the name of the folder of the data set's live files, as
// readers outside see it.
func (d *Dataset) Address() string { return d.store.Address(d.data()) }

// Address returns the name of an object as readers outside open it: of a file
// the absolute path, of an object in a bucket its address.
func (s *Store) Address(name string) string {
	if bucket.Is(s.path) {
		return s.path + "/" + name
	}
	return filepath.Join(s.path, filepath.FromSlash(name))
}

// has tells whether there is an object of a name.
func (s *Store) has(name string) (bool, error) {
	_, err := s.objects.modified(name)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	return err == nil, stored(err, "looking at %s", name)
}

// open opens a live file for reading.
func (d *Dataset) open(f File) (blob, error) {
	b, err := d.store.objects.open(f.Path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fault.New(fault.Conflict, "reading %s: a newer commit has replaced it: %w", f.Path, err).
			WithHint("start again: the newest commit lists other files")
	}
	return b, stored(err, "reading %s", f.Path)
}

// stored says what was being done to the destination when err happened, and
// that it is a matter of storage, unless err has a class of its own. A nil err
// stays nil.
func stored(err error, format string, args ...any) error {
	if err == nil {
		return nil
	}
	what := fmt.Sprintf(format, args...)
	if _, ok := errors.AsType[*fault.Error](err); ok {
		return fmt.Errorf("%s: %w", what, err)
	}
	return fault.New(fault.Storage, "%s: %w", what, err)
}
