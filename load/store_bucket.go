package load

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"etl/internal/fault"
	"etl/load/bucket"
)

// remote keeps objects in a bucket. What it sends and what it reads in parts
// lies in files of this machine meanwhile, which have no name and go with the
// process.
//
// A bucket cannot rename: move copies and then removes. So after a crash, or
// beside another process, an object may have both names; moving it again ends
// that. A copy whose answer was lost may still appear, much later.
type remote struct {
	bucket bucket.Bucket
	local  string // folder for the files
}

// OpenBucket opens a bucket as a destination. The address is how readers name
// it, and in the folder local lies what stays on this machine.
func OpenBucket(b bucket.Bucket, address, local string) *Store {
	return &Store{objects: &remote{b, filepath.Join(local, filepath.FromSlash(temporary))}, path: address, local: local, workshop: &workshop{}}
}

// openRemote opens the bucket of an address.
func openRemote(address string, s Settings) (*Store, error) {
	address, err := bucket.Canonical(address)
	if err != nil {
		return nil, err
	}
	b, err := bucket.Open(address, bucket.Settings{Lookup: s.Lookup})
	if err != nil {
		return nil, err
	}
	if s.Local == "" {
		cache, err := os.UserCacheDir()
		if err != nil {
			return nil, fault.New(fault.Config, "opening the destination %s: there is no place on this machine for kept pages: %w", address, err).
				WithHint("set XDG_CACHE_HOME or HOME")
		}
		s.Local = filepath.Join(cache, "etl", filepath.FromSlash(strings.Replace(address, "://", "/", 1)))
	}
	store := OpenBucket(b, address, s.Local)
	store.atOnce = movesAtOnce
	return store, nil
}

func (r *remote) read(name string) ([]byte, error) { return r.bucket.Get(name) }

func (r *remote) modified(name string) (time.Time, error) {
	info, err := r.bucket.Stat(name)
	return info.Modified, err
}

func (r *remote) list(dir string) ([]string, error) {
	prefix := dir + "/"
	if dir == "." {
		prefix = ""
	}
	names, err := r.bucket.List(prefix)
	slices.Sort(names)
	return names, err
}

func (r *remote) create(name string, data []byte) error { return r.bucket.Create(name, data) }

func (r *remote) put(name string, data []byte) error {
	return r.bucket.Put(name, bytes.NewReader(data), int64(len(data)))
}

func (r *remote) move(from, to string) error {
	if err := r.bucket.Copy(from, to); err != nil {
		return err
	}
	return r.bucket.Delete(from)
}

func (r *remote) together(_ []string, calls func(objects) error) error { return calls(r) }

func (r *remote) remove(name string) error { return r.bucket.Delete(name) }

func (r *remote) tidy(string) error { return nil } // a bucket has no folders

// temp opens a file that has no name.
func (r *remote) temp() (*os.File, error) {
	if err := os.MkdirAll(r.local, 0o700); err != nil {
		return nil, err
	}
	file, err := os.CreateTemp(r.local, "")
	if err != nil {
		return nil, err
	}
	if err := os.Remove(file.Name()); err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return file, nil
}

func (r *remote) write(name string, _ fs.FileMode) (*sink, error) {
	file, err := r.temp()
	if err != nil {
		return nil, err
	}
	return newSink(name, &remoteOutput{File: file, to: r.bucket, name: name}), nil
}

// A remoteOutput becomes an object when it is closed.
type remoteOutput struct {
	*os.File
	to   bucket.Bucket
	name string
	size int64
}

func (o *remoteOutput) Write(data []byte) (int, error) {
	n, err := o.File.Write(data)
	o.size += int64(n)
	return n, err
}

func (o *remoteOutput) Close() error {
	return errors.Join(o.to.Put(o.name, o.File, o.size), o.File.Close())
}

func (o *remoteOutput) Abort() error { return o.File.Close() }

// Sizes of what is fetched at once.
const (
	blockSize    = 1 << 20 // all of a small object
	longestFetch = 16 << 20
)

// A remoteBlob is an object of a bucket that is open for reading. What was read
// of it lies in a file, so that nothing is fetched twice.
type remoteBlob struct {
	from    bucket.Bucket
	name    string
	version string
	size    int64
	file    *os.File

	lock  sync.Mutex
	there []bool // by block
	next  int64  // where the last fetch has ended, in blocks
	ahead int64  // how much it fetched, in blocks
}

// open fetches the first block of the object, which may be all of it.
func (r *remote) open(name string) (blob, error) {
	file, err := r.temp()
	if err != nil {
		return nil, err
	}
	info, err := r.bucket.Range(name, "", bucket.Range{Bytes: blockSize}, file)
	if err != nil {
		return nil, errors.Join(err, file.Close())
	}
	b := &remoteBlob{from: r.bucket, name: name, version: info.Version, size: info.Size, file: file, next: 1, ahead: 1}
	b.there = make([]bool, (info.Size+blockSize-1)/blockSize)
	if len(b.there) > 0 {
		b.there[0] = true
	}
	return b, nil
}

func (b *remoteBlob) Size() int64 { return b.size }

func (b *remoteBlob) Close() error { return b.file.Close() }

func (b *remoteBlob) ReadAt(p []byte, off int64) (int, error) {
	if off < 0 || off >= b.size {
		return 0, io.EOF
	}
	b.lock.Lock()
	defer b.lock.Unlock()
	end := min(off+int64(len(p)), b.size)
	for i := off / blockSize; i*blockSize < end; i++ {
		if !b.there[i] {
			if err := b.fetch(i, (end+blockSize-1)/blockSize); err != nil {
				return 0, err
			}
		}
	}
	return b.file.ReadAt(p, off)
}

// fetch fetches a block and those after it that are missing: up to the end of
// what is asked for, and beyond if the object is read from front to back.
func (b *remoteBlob) fetch(first, end int64) error {
	if first == b.next {
		b.ahead = min(2*b.ahead, longestFetch/blockSize)
	} else {
		b.ahead = 1
	}
	end = min(max(end, first+b.ahead), first+longestFetch/blockSize, int64(len(b.there)))
	last := first
	for last < end && !b.there[last] {
		last++
	}
	_, err := b.from.Range(b.name, b.version, bucket.Range{From: first * blockSize, Bytes: (last - first) * blockSize}, b.file)
	if err != nil {
		return err
	}
	for i := first; i < last; i++ {
		b.there[i] = true
	}
	b.next = last
	return nil
}
