package load

import (
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/klauspost/compress/zstd"
	"github.com/zeebo/xxh3"

	"etl/internal/fault"
)

// Pages are the kept pages of one reading, in a folder of this machine: the
// bodies as they were accepted, compressed, for nobody but the user (0600). It
// is safe for concurrent use.
//
// A page is a file <unit>-<number>.json.zst, which zstd unpacks to the body; it
// is packed only as far as a run has time for that, see thrift. If the body came
// as gzip it stays so: the file is <unit>-<number>.json.gz. What else is known of
// the reply stands before the body, where both skip it.
// A unit that was read to its end has a file <unit>.end.json with the list of
// its accepted pages.
type Pages struct {
	root    *os.Root
	encoder *zstd.Encoder
	decoder *zstd.Decoder
	thrift  *thrift
	packed  sync.Pool // *[]byte: memory of packed pages
}

// PageMeta is what is kept of a reply beside its body.
type PageMeta struct {
	Position json.RawMessage `json:"position"` // where the page stands in its list
	Status   int             `json:"status"`   // of HTTP
	Date     time.Time       `json:"date"`     // of the server
	Wire     int64           `json:"wire"`     // bytes on the wire
	Hash     string          `json:"xxh3"`     // of the body; set by Put
}

// A PageRef names a page of a unit.
type PageRef struct {
	Number int    `json:"number"`
	Hash   string `json:"xxh3"` // of the body
}

// hashOf tells bodies apart, and damaged ones from whole ones: XXH3 with 128
// bits, in hex. Nobody is kept from forging one, who could as well write the
// page.
func hashOf(body []byte) string {
	sum := xxh3.Hash128(body).Bytes()
	return hex.EncodeToString(sum[:])
}

// largestPage bounds what one page unpacks to, so that a damaged file cannot
// take all memory.
const largestPage = 1 << 30

// OpenPages opens the folder of a reading and creates it if there is none. now
// tells how much time there was for packing.
func OpenPages(dir string, now func() time.Time) (*Pages, error) {
	if err := makeFolder(dir); err != nil {
		return nil, fault.New(fault.Storage, "creating the folder of kept pages: %w", err)
	}
	thrift, err := newThrift(dir, now)
	if err != nil {
		return nil, fault.New(fault.Storage, "looking at the folder of kept pages: %w", err)
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, fault.New(fault.Storage, "opening the folder of kept pages: %w", err)
	}
	encoder, err := zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithNoEntropyCompression(true),
		zstd.WithEncoderConcurrency(1), zstd.WithWindowSize(packWindow), zstd.WithLowerEncoderMem(true), zstd.WithEncoderCRC(false)) // a page has a hash already
	if err != nil {
		return nil, errors.Join(err, root.Close())
	}
	decoder, err := zstd.NewReader(nil, zstd.WithDecoderMaxMemory(largestPage))
	if err != nil {
		return nil, errors.Join(err, root.Close())
	}
	return &Pages{root: root, encoder: encoder, decoder: decoder, thrift: thrift}, nil
}

// makeFolder creates a folder and those above it, of which another run may remove
// one as empty in between.
func makeFolder(dir string) (err error) {
	for range 100 {
		if err = os.MkdirAll(dir, 0o750); !errors.Is(err, fs.ErrNotExist) {
			break
		}
	}
	return err
}

// Close lets go of the folder.
func (p *Pages) Close() error {
	p.decoder.Close()
	return errors.Join(p.encoder.Close(), p.root.Close())
}

func pageName(unit string, number int, form string) string {
	return fmt.Sprintf("%s-%06d%s", url.PathEscape(unit), number, form)
}

func endName(unit string) string { return url.PathEscape(unit) + ".end.json" }

// Put keeps a page, in the place of an earlier copy of it. packed is the body as
// it came, as gzip, and is kept as it is; nil: it came plain. Nothing is forced to
// disk: a page that a power cut tears is found out by its hash and asked for
// again.
func (p *Pages) Put(unit string, number int, meta PageMeta, body, packed []byte) (PageRef, error) {
	meta.Hash = hashOf(body)
	ref := PageRef{Number: number, Hash: meta.Hash}
	head, err := json.Marshal(meta)
	if err != nil {
		return PageRef{}, fault.New(fault.Bug, "keeping page %d of %s: %w", number, unit, err)
	}
	form, other := zstdPage, gzipPage
	var parts [][]byte
	switch before := gzipHead(head); {
	case packed != nil && before != nil:
		form, other = gzipPage, zstdPage
		parts = [][]byte{before, packed}
	case p.thrift.packs(len(body)):
		memory, _ := p.packed.Get().(*[]byte)
		if memory == nil {
			memory = new([]byte)
		}
		defer p.packed.Put(memory)
		*memory = p.encoder.EncodeAll(body, (*memory)[:0])
		parts = [][]byte{zstdHead(head), *memory}
	default:
		parts = append([][]byte{zstdHead(head)}, plainFrame(body)...)
	}
	if err = p.place(pageName(unit, number, form), false, parts...); err == nil {
		err = unlessGone(p.root.Remove(pageName(unit, number, other)))
	}
	return ref, stored(err, "keeping page %d of %s", number, unit)
}

// End says that a unit was read to its end and that these are its accepted
// pages, in order. Bytes derive from this list alone.
func (p *Pages) End(unit string, list []PageRef) error {
	data, err := encode(list)
	if err != nil {
		return err
	}
	return stored(p.place(endName(unit), true, data), "ending %s", unit)
}

// Unit returns the pages of a unit. If it is whole they are the accepted ones,
// in order; else those that were kept before it broke off, by number, without
// a gap.
func (p *Pages) Unit(unit string) (list []PageRef, whole bool, err error) {
	data, err := p.root.ReadFile(endName(unit))
	if errors.Is(err, fs.ErrNotExist) {
		list, err = p.broken(unit)
		return list, false, stored(err, "looking for pages of %s", unit)
	}
	if err == nil {
		err = strictly(data, &list)
	}
	if err != nil {
		return nil, false, stored(err, "reading the end of %s", unit)
	}
	return list, true, nil
}

// broken lists the pages of a unit that was not read to its end.
func (p *Pages) broken(unit string) ([]PageRef, error) {
	entries, err := fs.ReadDir(p.root.FS(), ".")
	if err != nil {
		return nil, err
	}
	var numbers []int
	for _, entry := range entries {
		text, ok := strings.CutPrefix(entry.Name(), url.PathEscape(unit)+"-")
		form := pageForm(text)
		n, err := strconv.Atoi(strings.TrimSuffix(text, form))
		if ok && err == nil && entry.Name() == pageName(unit, n, form) {
			numbers = append(numbers, n)
		}
	}
	slices.Sort(numbers)
	numbers = slices.Compact(numbers)
	var list []PageRef
	for i, n := range numbers {
		meta, _, err := p.file(unit, n, "")
		if err != nil || n != numbers[0]+i {
			break // torn, or beyond a gap
		}
		list = append(list, PageRef{Number: n, Hash: meta.Hash})
	}
	return list, nil
}

// Get returns a kept page. A page that is not the one that the reference means
// is an error: ask for it again.
func (p *Pages) Get(unit string, ref PageRef) (PageMeta, []byte, error) {
	meta, body, err := p.file(unit, ref.Number, ref.Hash)
	return meta, body, stored(err, "reading kept page %d of %s", ref.Number, unit)
}

// file reads the file of a page with a hash, in whatever form it is, and checks
// that it is whole. Without a hash any page will do.
func (p *Pages) file(unit string, number int, sum string) (meta PageMeta, body []byte, err error) {
	err = fs.ErrNotExist
	for _, form := range pageForms {
		data, readErr := p.root.ReadFile(pageName(unit, number, form))
		if errors.Is(readErr, fs.ErrNotExist) {
			continue
		}
		if err = readErr; err == nil {
			meta, body, err = p.unpack(data, form)
		}
		if err == nil && sum != "" && sum != meta.Hash {
			err = errors.New("it is another page than the list says")
		}
		if err == nil {
			break // else an older copy may be there in the other form
		}
	}
	return meta, body, err
}

// unpack takes the file of a page apart.
func (p *Pages) unpack(file []byte, form string) (meta PageMeta, body []byte, err error) {
	head, unpack := headOfZstd, p.unzstd
	if form == gzipPage {
		head, unpack = headOfGzip, gunzip
	}
	about, err := head(file)
	if err == nil {
		err = strictly(about, &meta)
	}
	if err == nil {
		body, err = unpack(file)
	}
	if err != nil {
		return meta, nil, err
	}
	if hashOf(body) != meta.Hash {
		return meta, nil, errors.New("its body is not the one that was kept")
	}
	return meta, body, nil
}

// place writes a file of parts and gives it its name when it is whole; firmly
// means that it is on disk before that, and its name after.
func (p *Pages) place(name string, firmly bool, parts ...[]byte) error {
	temp := name + ".tmp"
	file, err := p.root.OpenFile(temp, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, forUs)
	if err != nil {
		return err
	}
	if err = writeParts(file, parts); err == nil && firmly {
		err = file.Sync()
	}
	if err := errors.Join(err, file.Close()); err != nil {
		return errors.Join(err, p.root.Remove(temp))
	}
	if err := p.root.Rename(temp, name); err != nil || !firmly {
		return err
	}
	dir, err := p.root.Open(".")
	if err != nil {
		return err
	}
	return errors.Join(dir.Sync(), dir.Close())
}

// Remove removes the pages and everything else that Pages has written, and the
// folder if nothing else is left in it. What another process has removed
// already is no error. together is that of WriterOptions: to let go of many
// pages takes time.
func (p *Pages) Remove(together func(tasks []func() error) error) error {
	entries, err := fs.ReadDir(p.root.FS(), ".")
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	var tasks []func() error
	for some := range slices.Chunk(entries, 16) {
		tasks = append(tasks, func() error { return p.remove(some) })
	}
	if together == nil {
		together = oneByOne
	}
	err = errors.Join(err, together(tasks))
	left, readErr := fs.ReadDir(p.root.FS(), ".")
	if err = errors.Join(err, unlessGone(readErr)); err == nil && len(left) == 0 {
		err = unlessGone(os.Remove(filepath.Clean(p.root.Name())))
	}
	return stored(err, "removing kept pages")
}

// remove removes those files of the folder that Pages has written.
func (p *Pages) remove(entries []fs.DirEntry) (err error) {
	for _, entry := range entries {
		name := strings.TrimSuffix(entry.Name(), ".tmp")
		if name == manifestName || pageForm(name) != "" || strings.HasSuffix(name, ".end.json") {
			err = errors.Join(err, unlessGone(p.root.Remove(entry.Name())))
		}
	}
	return err
}

// unlessGone returns an error unless it says that there is nothing to remove.
func unlessGone(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}
