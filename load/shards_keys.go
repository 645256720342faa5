package load

import (
	"bufio"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"io"
	"path"

	"etl/internal/fault"
	"etl/schemas"
)

// keyEntry is the size of a key and its version in a file of keys.
const keyEntry = len(schemas.Key{}) + 8

// A KeysWriter writes the keys of a unit's rows to its stage, so that a commit
// can compare them with those of other units without reading the rows.
type KeysWriter struct {
	sink *sink
	out  *bufio.Writer
	rows int64
}

// KeysWriter starts the file of keys.
func (st *Stage) KeysWriter() (*KeysWriter, error) {
	s, err := st.create("keys.part")
	if err != nil {
		return nil, err
	}
	return &KeysWriter{sink: s, out: bufio.NewWriterSize(s, 256<<10)}, nil
}

// Write adds the key of a row, and its version, 0 if it has none. They come in
// the order of the keys, each once.
func (w *KeysWriter) Write(key schemas.Key, version int64) error {
	var entry [keyEntry]byte
	copy(entry[:], key[:])
	binary.LittleEndian.PutUint64(entry[len(key):], uint64(version))
	w.rows++
	_, err := w.out.Write(entry[:])
	return err
}

// Close ends the file.
func (w *KeysWriter) Close() (StagedFile, error) {
	if err := w.out.Flush(); err != nil {
		return StagedFile{}, errors.Join(err, w.sink.Abort())
	}
	bytes, sum, err := w.sink.Close()
	return StagedFile{Staged: path.Base(w.sink.name), Rows: w.rows, Bytes: bytes, SHA256: sum}, err
}

// Abort gives up and removes the file.
func (w *KeysWriter) Abort() error { return w.sink.Abort() }

// StagedKeys passes on the keys of a file of keys, in their order. Only if it
// returns no error were they those that were written.
func (d *Dataset) StagedKeys(f StagedFile, each func(schemas.Key, int64) error) (err error) {
	b, err := d.openStaged(f)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, b.Close()) }()
	hash := sha256.New()
	in := bufio.NewReaderSize(io.TeeReader(io.NewSectionReader(b, 0, b.Size()), hash), 256<<10)
	var entry [keyEntry]byte
	for range f.Rows {
		if _, err := io.ReadFull(in, entry[:]); err != nil {
			return stored(err, "reading the keys of %s", f.Staged)
		}
		key := schemas.Key(entry[:len(schemas.Key{})])
		if err := each(key, int64(binary.LittleEndian.Uint64(entry[len(key):]))); err != nil {
			return err
		}
	}
	if _, err := in.ReadByte(); !errors.Is(err, io.EOF) || hex.EncodeToString(hash.Sum(nil)) != f.SHA256 {
		return fault.New(fault.Storage, "reading the keys of %s: the file is damaged", f.Staged)
	}
	return nil
}

// StagedParents passes on the parents of a staged file of parents.
func (d *Dataset) StagedParents(f StagedFile, each func(Parent) error) error {
	b, err := d.openStaged(f)
	if err != nil {
		return err
	}
	return readParents(b, f.Staged, f.SHA256, each)
}

// StagedRejects passes on the records of a staged file of rejects.
func (d *Dataset) StagedRejects(f StagedFile, each func(Reject) error) (err error) {
	b, err := d.openStaged(f)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, b.Close()) }()
	if err := checkSum(b, f.Staged, f.SHA256); err != nil {
		return err
	}
	return stored(eachReject(b, each), "reading %s", f.Staged)
}

// openStaged opens a staged file that names its stage. One that is gone was
// removed because another worker's stands, or by gc.
func (d *Dataset) openStaged(f StagedFile) (blob, error) {
	b, err := d.store.objects.open(path.Join(f.Stage, f.Staged))
	return b, stored(err, "reading %s of %s", f.Staged, d.pipeline)
}
