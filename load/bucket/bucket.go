// Package bucket keeps objects in buckets of S3 and of Google Cloud Storage,
// and of what speaks their protocols.
//
// It speaks HTTP by itself: the libraries of the two are larger than the whole
// program. Only what finds and renews credentials is theirs.
package bucket

import (
	"io"
	"net/url"
	"regexp"
	"strings"
	"time"

	"etl/internal/fault"
)

// A Bucket keeps objects by name, below a prefix that is not part of the names.
// It is safe for concurrent use.
//
// An error that is fs.ErrNotExist says that there is no such object; no other
// error says so. A call that has no clear answer is made again, with pauses
// that grow, a number of times. If there is none then, the class is
// fault.Transient, and what was asked for may have been done or still be. An
// error never holds credentials, nor what an object holds.
type Bucket interface {
	// Get returns all of an object.
	Get(name string) ([]byte, error)
	// Range writes a part of an object to w, at the place that it has in the
	// object. With a version it fails if the object
	// is not of that version any more.
	Range(name, version string, r Range, w io.WriterAt) (Info, error)
	// Stat tells of an object.
	Stat(name string) (Info, error)
	// List returns the names of all objects that begin with a prefix, in no order.
	List(prefix string) ([]string, error)
	// Create writes an object if there is none of the name, else it changes
	// nothing and returns fs.ErrExist. Of several at once exactly one succeeds;
	// one whose answer was lost may find its own object and return fs.ErrExist.
	Create(name string, data []byte) error
	// Put writes an object, in the place of any of the name. The server makes sure
	// that all of it has arrived unharmed.
	Put(name string, data io.ReaderAt, size int64) error
	// Copy writes an object of another's bytes, in the place of any of the name.
	Copy(from, to string) error
	// Delete removes an object. One that does not exist is no error.
	Delete(name string) error
}

// Info is what is known of an object.
type Info struct {
	Size     int64
	Modified time.Time
	Version  string // changes whenever the object is written
}

// A Range is a part of an object. Ranges from the end are not used: some servers
// give nothing if the object is shorter.
type Range struct {
	From  int64 // before the end, but for that of an empty object
	Bytes int64 // at least one; fewer come if the object ends before
}

// header writes a range as HTTP has it.
func (r Range) header() string {
	return "bytes=" + itoa(r.From) + "-" + itoa(r.From+r.Bytes-1)
}

// Settings of a bucket. The zero value is that of a program with an empty
// environment.
type Settings struct {
	Lookup   func(name string) (value string, set bool) // environment; credentials are looked for in that of the process
	Attempts int                                        // 0: 8
	Timeout  time.Duration                              // of one attempt; 0: 5 minutes
	Sleep    func(time.Duration)                        // between attempts; nil: time passes
	PartSize int64                                      // of uploads in parts; 0: 16 MiB
}

// Is tells whether a destination is the address of a bucket.
func Is(destination string) bool { return strings.Contains(destination, "://") }

// Open returns the bucket of an address, s3://bucket/prefix or
// gs://bucket/prefix. It sends nothing.
//
// Of S3, credentials, region and endpoint are found as the AWS command line
// finds them. Of Cloud Storage, credentials are those of the application
// default, and STORAGE_EMULATOR_HOST names a server that stands in for it and
// gets none.
func Open(address string, s Settings) (Bucket, error) {
	a, err := parse(address)
	if err != nil {
		return nil, err
	}
	if a.scheme == "s3" {
		return openS3(a, s)
	}
	return openGCS(a, s)
}

// An address is s3://bucket/prefix, taken apart.
type address struct{ scheme, bucket, prefix string }

// bucketName is what names of buckets look like; those of Cloud Storage may be
// longer and hold an underscore.
var bucketName = regexp.MustCompile(`^[a-z0-9][a-z0-9._-]{1,220}[a-z0-9]$`)

// prefixName is what the prefix may be made of: it stands in addresses, in SQL
// and in commands without quoting.
var prefixName = regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9_.=@-]*(/[A-Za-z0-9_][A-Za-z0-9_.=@-]*)*$`)

func parse(text string) (a address, err error) {
	refuse := func(why, hint string) (address, error) {
		return a, fault.New(fault.Config, "opening the destination: %s", why).WithHint("%s", hint)
	}
	u, err := url.Parse(text)
	if err != nil || u.Scheme != "s3" && u.Scheme != "gs" {
		return refuse("it is not the address of a bucket", "a folder, s3://bucket/prefix or gs://bucket/prefix")
	}
	if u.User != nil || u.RawQuery != "" || u.Fragment != "" || u.Port() != "" {
		return refuse("an address of a bucket has a name and a prefix only", "credentials, region and endpoint come from the environment")
	}
	a = address{u.Scheme, u.Host, strings.Trim(u.Path, "/")}
	if !bucketName.MatchString(a.bucket) {
		return refuse("the address has no name of a bucket", a.scheme+"://bucket/prefix")
	}
	if a.prefix != "" && !prefixName.MatchString(a.prefix) {
		return refuse("the prefix is made of letters, digits and _ . = @ - /, and no part of it begins with . or -", a.scheme+"://"+a.bucket+"/lake")
	}
	return a, nil
}

// String is how readers name the place.
func (a address) String() string {
	if a.prefix == "" {
		return a.scheme + "://" + a.bucket
	}
	return a.scheme + "://" + a.bucket + "/" + a.prefix
}

// key returns the name of an object in the bucket.
func (a address) key(name string) string {
	if a.prefix == "" {
		return name
	}
	return a.prefix + "/" + name
}

// name undoes key.
func (a address) name(key string) (name string, ok bool) {
	if a.prefix == "" {
		return key, true
	}
	return strings.CutPrefix(key, a.prefix+"/")
}

// Canonical returns an address as readers write it: without a slash at its end.
func Canonical(text string) (string, error) {
	a, err := parse(text)
	return a.String(), err
}
