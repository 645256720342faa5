package load

import (
	"errors"
	"io"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/compress/zstd"

	"etl/internal/fault"
)

// A Reject is a record that was set aside, as rejects/<number>.parquet holds
// it. It is the only place where a record's own text is kept after a run.
type Reject struct {
	Unit   string `parquet:"unit,dict"`   // whose page it is
	Page   int64  `parquet:"page"`        // number in the unit
	Record int64  `parquet:"record"`      // ordinal in the page
	Start  int64  `parquet:"start"`       // first byte in the page's body
	End    int64  `parquet:"end"`         // first byte after it
	Path   string `parquet:"path,dict"`   // of the value that does not fit, in the record
	Column string `parquet:"column,dict"` // that it does not fit
	Reason string `parquet:"reason,dict"`
	Raw    string `parquet:"raw"` // the record as sent, less its personal data
}

// rejectsName is the file of the rejects in their stage.
const rejectsName = "rejects.part"

// A RejectWriter writes the rejects of a run to its stage. They stay there if
// the run fails.
type RejectWriter struct {
	sink *sink
	file *parquet.GenericWriter[Reject]
	rows int64
}

// Rejects starts the file of the rejects.
func (st *Stage) Rejects() (*RejectWriter, error) {
	s, err := st.data.store.objects.write(st.folder+"/"+rejectsName, forUs)
	if err != nil {
		return nil, stored(err, "writing the rejects of %s", st.data.pipeline)
	}
	file := parquet.NewGenericWriter[Reject](s,
		parquet.Compression(&zstd.Codec{}), parquet.CreatedBy("etl", "", ""), parquet.MaxRowsPerRowGroup(16<<10))
	return &RejectWriter{sink: s, file: file}, nil
}

// Write adds rejects, in page order.
func (w *RejectWriter) Write(rejects ...Reject) error {
	n, err := w.file.Write(rejects)
	w.rows += int64(n)
	return stored(err, "writing rejects")
}

// Close finishes the file, which a draft takes up. Without any rejects there
// is none, and it returns nil.
func (w *RejectWriter) Close() (*StagedFile, error) {
	if w.rows == 0 {
		return nil, stored(w.sink.Abort(), "removing an empty file of rejects")
	}
	if err := w.file.Close(); err != nil {
		return nil, stored(errors.Join(err, w.sink.Abort()), "writing rejects")
	}
	bytes, sum, err := w.sink.Close()
	if err != nil {
		return nil, stored(err, "writing rejects")
	}
	return &StagedFile{Staged: rejectsName, Rows: w.rows, Bytes: bytes, SHA256: sum}, nil
}

// Rejects calls each with every record that a commit has set aside, in order.
func (d *Dataset) Rejects(c *Commit, each func(Reject) error) (err error) {
	if c.Rejects == nil {
		return nil
	}
	b, err := d.open(*c.Rejects)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, b.Close()) }()
	return stored(eachReject(b, each), "reading the rejects of commit %d of %s", c.Number, d.pipeline)
}

// eachReject calls each with every record of a file of rejects.
func eachReject(b blob, each func(Reject) error) error {
	whole, err := parquet.OpenFile(b, b.Size())
	if err != nil {
		return fault.New(fault.Storage, "%w", err)
	}
	file := parquet.NewGenericReader[Reject](whole)
	rows := make([]Reject, 256)
	for {
		n, err := file.Read(rows)
		for _, r := range rows[:n] {
			if err := each(r); err != nil {
				return errors.Join(err, file.Close())
			}
		}
		if errors.Is(err, io.EOF) {
			return file.Close()
		}
		if err != nil {
			return errors.Join(fault.New(fault.Storage, "%w", err), file.Close())
		}
	}
}
