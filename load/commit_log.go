package load

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"slices"
	"strconv"
	"strings"

	"etl/internal/fault"
)

// record returns the name of a commit record.
func (d *Dataset) record(number int64) string {
	return d.state("commits", serial(number)+".json")
}

// mark returns the name of the object that says that a commit is published.
func (d *Dataset) mark(number int64) string {
	return d.state("published", serial(number))
}

// serial writes the number of a commit so that names sort by it.
func serial(number int64) string { return fmt.Sprintf("%012d", number) }

// Newest returns the newest commit, published or not, and nil if there is none.
func (d *Dataset) Newest() (*Commit, error) {
	n, err := d.highest("commits", ".json")
	if err != nil || n == 0 {
		return nil, err
	}
	return d.At(n)
}

// Published returns the newest commit whose files are all in place, and nil if
// there is none. It is what readers go by.
func (d *Dataset) Published() (*Commit, error) {
	n, err := d.highest("published", "")
	if err != nil || n == 0 {
		return nil, err
	}
	return d.At(n)
}

// At returns a commit by its number.
func (d *Dataset) At(number int64) (*Commit, error) {
	data, err := d.store.objects.read(d.record(number))
	if err != nil {
		return nil, stored(err, "reading commit %d of %s", number, d.pipeline)
	}
	return d.decode(number, data)
}

// highest returns the highest number that names an object in a folder of the
// data set's books, and 0 if none does.
func (d *Dataset) highest(dir, suffix string) (int64, error) {
	numbers, err := d.numbers(dir, suffix)
	if err != nil || len(numbers) == 0 {
		return 0, err
	}
	return numbers[len(numbers)-1], nil
}

// numbers returns the numbers, from the lowest, that name objects in a folder
// of the data set's books.
func (d *Dataset) numbers(dir, suffix string) ([]int64, error) {
	if err := d.check(); err != nil {
		return nil, err
	}
	names, err := d.store.objects.list(d.state(dir))
	if err != nil {
		return nil, stored(err, "listing %s of %s", dir, d.pipeline)
	}
	var numbers []int64
	for _, name := range names {
		text := strings.TrimSuffix(path.Base(name), suffix)
		n, err := strconv.ParseInt(text, 10, 64)
		if err == nil && n > 0 && serial(n)+suffix == path.Base(name) {
			numbers = append(numbers, n)
		}
	}
	slices.Sort(numbers)
	return numbers, nil
}

// Commit makes what the stage holds and the draft describes the newest state
// of the data set, and publishes it. If nothing changes but the run, its time
// and its counts, it makes no commit and returns the base.
//
// It fails with fault.Conflict if the base is not the newest commit any more,
// or if the stage was given up on. If it fails after its record was written,
// it returns the commit with the error: the next Recover publishes it.
func (d *Dataset) Commit(ctx context.Context, st *Stage, draft Draft) (*Commit, error) {
	base, published, err := d.base(draft)
	if err != nil {
		return nil, err
	}
	next, err := d.build(st, base, draft)
	if err != nil {
		return nil, err
	}
	if published && base != nil && next.same(base) {
		_ = st.Clear() // what stays is left to gc
		return base, nil
	}
	if next.Units, err = d.putUnits(draft.Units); err != nil {
		return nil, err
	}
	if err := d.keepRoom(next); err != nil {
		return nil, err
	}
	if err := st.ready(next); err != nil {
		return nil, err
	}
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("committing %s: %w", d.pipeline, err)
	}
	if err := d.append(next); err != nil {
		return nil, err
	}
	if err := d.spending(func() error { return d.Publish(next) }); err != nil {
		return next, err
	}
	_ = st.Clear() // what stays is left to gc
	return next, nil
}

// base returns the commit that a draft builds on, if it still is the newest,
// and whether it is published. Only a rollback may follow one that is not, and
// only if it never can be.
func (d *Dataset) base(draft Draft) (base *Commit, published bool, err error) {
	newest, err := d.Newest()
	if err != nil {
		return nil, false, err
	}
	highest, err := d.highest("published", "")
	if err != nil {
		return nil, false, err
	}
	var n int64
	if newest != nil {
		n = newest.Number
	}
	if n != draft.Base {
		return nil, false, d.overtaken(n)
	}
	if highest == n {
		return newest, true, nil
	}
	if draft.Restores > 0 && newest != nil {
		if lost, err := d.lost(newest); lost || err != nil {
			return newest, false, err
		}
	}
	return nil, false, d.overtaken(n)
}

func (d *Dataset) overtaken(by int64) error {
	return fault.New(fault.Conflict, "committing %s: another run made commit %d first", d.pipeline, by).
		WithHint("run it again")
}

// append adds a record to the log. Only a plain success is believed; after any
// other answer it looks at what stands there, since the record may have
// arrived although the answer did not.
func (d *Dataset) append(c *Commit) error {
	data, err := encode(c)
	if err != nil {
		return err
	}
	answer := d.store.objects.create(d.record(c.Number), data)
	if answer == nil {
		return nil
	}
	there, err := d.store.objects.read(d.record(c.Number))
	switch {
	case err == nil && bytes.Equal(there, data):
		return nil
	case err == nil:
		return d.overtaken(c.Number)
	case errors.Is(err, fs.ErrNotExist) && errors.Is(answer, fs.ErrExist):
		// Some buckets refuse before they show what they refuse for.
		return fault.New(fault.Conflict, "writing commit %d of %s: it is being written at this moment", c.Number, d.pipeline).
			WithHint("run it again")
	case errors.Is(err, fs.ErrNotExist):
		return stored(answer, "writing commit %d of %s", c.Number, d.pipeline)
	}
	class := fault.Storage
	if fault.Of(err) == fault.Transient {
		class = fault.Transient
	}
	return fault.New(class, "writing commit %d of %s: it is unclear whether it stands: %w", c.Number, d.pipeline, errors.Join(answer, err)).
		WithHint("run it again: the next run finds out")
}

// putUnits writes the details of the units under their hash.
func (d *Dataset) putUnits(units any) (string, error) {
	if units == nil {
		return "", nil
	}
	data, err := encode(units)
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256(data)
	name := d.state("units", hex.EncodeToString(sum[:])+".json")
	err = d.store.objects.create(name, data)
	if errors.Is(err, fs.ErrExist) {
		err = nil
	}
	return name, stored(err, "writing the units of %s", d.pipeline)
}

// encode writes JSON for people and scripts: indented, with a newline.
func encode(v any) ([]byte, error) {
	data, err := json.MarshalIndent(v, "", " ")
	if err != nil {
		return nil, fault.New(fault.Bug, "writing a record: %w", err)
	}
	return append(data, '\n'), nil
}

// strictly reads JSON and refuses what it does not know.
func strictly(data []byte, v any) error {
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.DisallowUnknownFields()
	if err := dec.Decode(v); err != nil {
		return err
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return errors.New("something follows after its end")
	}
	return nil
}
