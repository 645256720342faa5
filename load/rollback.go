package load

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"slices"
	"strings"
	"time"

	"etl/internal/fault"
)

// An Author says in a commit who made it.
type Author struct {
	Run     string // random id of the process
	Label   string
	Version string // of etl
	Time    time.Time
}

// Rollback makes a commit whose state is that of an older one: its rows,
// slices, proof, parents and fingerprints. Files that are live still stay as
// they are, the others are copied back from where replaced files are kept,
// under new names: no name is ever used twice. If nothing would change it makes
// no commit and returns the newest.
//
// It is refused if a file of the older commit is gone. It alone may follow a
// commit that can never be published, because a file of it is lost. Like a run
// it needs the lock, but it recovers by itself.
func (d *Dataset) Rollback(ctx context.Context, to int64, by Author) (*Commit, error) {
	base, lost, err := d.rollbackBase()
	if err != nil {
		return nil, err
	}
	if base == nil || to < 1 || to > base.Number || lost && to == base.Number {
		return nil, fault.New(fault.Config, "rolling %s back: there is no commit %d to go back to", d.pipeline, to).
			WithHint("etl log %s", d.pipeline)
	}
	target, err := d.At(to)
	if err != nil {
		return nil, err
	}
	st, err := d.Stage("rollback", by.Run)
	if err != nil {
		return nil, err
	}
	draft, err := st.bringBack(base, target, lost)
	if err != nil {
		return nil, errors.Join(err, st.Clear())
	}
	draft.Run, draft.Label, draft.Version, draft.Time = by.Run, by.Label, by.Version, by.Time
	c, err := d.Commit(ctx, st, draft)
	if err != nil {
		return c, err
	}
	return c, d.Recover() // a lost commit may have left files in data/
}

// rollbackBase returns the newest commit, and whether a file of it is lost.
func (d *Dataset) rollbackBase() (base *Commit, lost bool, err error) {
	recovering := d.Recover()
	base, err = d.Newest()
	if err != nil || base == nil || recovering == nil {
		return base, false, errors.Join(err, recovering)
	}
	lost, err = d.lost(base)
	if err != nil || !lost {
		return nil, false, errors.Join(recovering, err)
	}
	return base, true, nil
}

// lost tells whether a commit can never be published: a file that it adds is
// neither staged nor, whole, in its place.
func (d *Dataset) lost(c *Commit) (bool, error) {
	if published, err := d.publishes(c.Number); published || err != nil {
		return false, err
	}
	for _, f := range c.moves() {
		if staged, err := d.store.has(f.Staged); staged || err != nil {
			if err != nil {
				return false, err
			}
			continue
		}
		sum, err := d.store.sum(f.Path)
		if errors.Is(err, fs.ErrNotExist) || err == nil && sum != f.SHA256 {
			return true, nil
		}
		if err != nil {
			return false, stored(err, "looking at %s", f.Path)
		}
	}
	return false, nil
}

// bringBack drafts the commit that follows on base with the state of target,
// and stages the files that are not live any more.
func (st *Stage) bringBack(base, target *Commit, lost bool) (Draft, error) {
	leave, missing := st.data.changes(base, target, lost)
	draft := Draft{
		Base: base.Number, Restores: target.Number, Replace: leave,
		Schema: target.Schema, Fingerprints: target.Fingerprints, Proof: target.Proof,
		Slices: target.Slices, Parents: target.Parents, ParentsFile: target.ParentsFile, Seen: target.Seen,
	}
	from, err := st.data.copies(missing)
	if err != nil {
		return draft, err
	}
	gone := func(n int, name string) error {
		return fault.New(fault.Storage, "rolling %s back to commit %d: %d of its files are gone, such as %s", st.data.pipeline, target.Number, n, name).
			WithHint("replaced files are kept for a while only: go back to a newer commit, or run the pipeline again")
	}
	if n := slices.IndexFunc(from, func(names []string) bool { return len(names) == 0 }); n >= 0 {
		count := 0
		for _, names := range from {
			if len(names) == 0 {
				count++
			}
		}
		return draft, gone(count, missing[n].Path)
	}
	for i, f := range missing {
		staged, err := st.copy(fmt.Sprintf("%04d.part", i+1), f, from[i])
		if errors.Is(err, fs.ErrNotExist) {
			return draft, gone(1, f.Path) // gc was faster
		}
		if err != nil {
			return draft, err
		}
		draft.Add = append(draft.Add, staged)
	}
	for _, name := range st.data.attached(&Commit{ParentsFile: target.ParentsFile}) {
		there, err := st.data.store.has(name)
		if err != nil {
			return draft, err
		}
		if !there {
			return draft, gone(1, name)
		}
	}
	return draft, nil
}

// changes compares two commits by the contents of their files: those of base
// that target does not have leave, those that only target has are missing. Of
// a lost base nothing that it adds is of use.
//
// What base has dropped is missing even if it still lies in data/: whoever
// publishes base, asleep until now, would take it away.
func (d *Dataset) changes(base, target *Commit, lost bool) (leave, missing []File) {
	live := map[content][]File{}
	for _, f := range base.Files {
		if base.Schema.Fingerprint != target.Schema.Fingerprint || lost && slices.Contains(base.Added, f.Path) {
			leave = append(leave, f)
			continue
		}
		of := content{d.folderOf(f), f.SHA256}
		live[of] = append(live[of], f)
	}
	for _, f := range target.Files {
		of := content{d.folderOf(f), f.SHA256}
		if len(live[of]) > 0 {
			live[of] = live[of][1:]
			continue
		}
		missing = append(missing, f)
	}
	for _, files := range live {
		leave = append(leave, files...)
	}
	slices.SortFunc(leave, func(a, b File) int { return strings.Compare(a.Path, b.Path) })
	return leave, missing
}

// copies returns, for each of some files that are not live any more, the names
// under which it may still lie.
func (d *Dataset) copies(files []File) ([][]string, error) {
	names, err := d.store.objects.list(d.state("replaced"))
	if err != nil {
		return nil, stored(err, "listing what was replaced in %s", d.pipeline)
	}
	replaced := map[string][]string{} // by name in data/
	for _, name := range names {
		_, file, _ := strings.Cut(strings.TrimPrefix(name, d.state("replaced")+"/"), "/")
		file = path.Join(d.data(), file)
		replaced[file] = append(replaced[file], name)
	}
	from := make([][]string, len(files))
	for i, f := range files {
		there, err := d.store.has(f.Path)
		if err != nil {
			return nil, err
		}
		if there {
			from[i] = append(from[i], f.Path)
		}
		from[i] = append(from[i], replaced[f.Path]...)
	}
	return from, nil
}

// copy stages a file of a commit from the first of some names that holds it.
func (st *Stage) copy(as string, f File, from []string) (staged StagedFile, err error) {
	for _, name := range from {
		staged = StagedFile{
			Staged: as, Folder: st.data.folderOf(f),
			Rows: f.Rows, Bytes: f.Bytes, SHA256: f.SHA256, Partition: f.Partition, Slice: f.Slice,
		}
		if err = st.copyObject(as, name, f.SHA256); err == nil {
			return staged, nil
		}
	}
	return StagedFile{}, err
}

// copyObject copies an object into the stage. The sum is the SHA-256 that it
// must have, in hex.
func (st *Stage) copyObject(as, name, sum string) error {
	from, err := st.data.store.objects.open(name)
	if err != nil {
		return stored(err, "reading %s", name)
	}
	to, err := st.create(as)
	if err != nil {
		return errors.Join(err, from.Close())
	}
	err = errors.Join(copyBlob(to, from, name, sum), from.Close())
	if err != nil {
		return stored(errors.Join(err, st.discard(as)), "copying %s", name)
	}
	return nil
}

// copyBlob writes all of a blob to a sink, and ends that. The sum is the SHA-256
// that it must have, in hex.
func copyBlob(to *sink, from blob, name, sum string) error {
	if _, err := io.Copy(to, io.NewSectionReader(from, 0, from.Size())); err != nil {
		return errors.Join(stored(err, "copying %s", name), to.Abort())
	}
	_, got, err := to.Close()
	if err == nil && got != sum {
		err = fault.New(fault.Storage, "copying %s: it is damaged: its SHA-256 is %s, not %s", name, got, sum)
	}
	return err
}
