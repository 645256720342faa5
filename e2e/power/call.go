// Package power rebuilds what a disk may hold after the power went: from the
// calls that a program made to the file system, which fskill records, to the
// files that a system finds when it is up again.
//
// The disk is as hard as ext4 and xfs may be, and somewhat harder. What was
// written to a file is safe once the file was synced; until then it is lost,
// cut, or zeros of its full length. A name is safe once the folder that it is in
// was synced, and not by a sync of the file alone; until then it is there or
// not, whatever became of names that were given before it. Three things are not
// undone, since journals keep them whole: a rename never takes the old name away
// without having given the new one; a folder is never gone before what was
// in it is; and what was synced stays.
package power

import (
	"encoding/gob"
	"fmt"
	"io"
	"os"
)

// The kinds of calls.
const (
	Open     = "open"     // for writing; creates the file if there is none
	Close    = "close"    //
	Write    = "write"    //
	Truncate = "truncate" //
	Sync     = "sync"     // of a file
	SyncDir  = "sync dir" //
	Rename   = "rename"   //
	Link     = "link"     //
	Unlink   = "unlink"   //
	Rmdir    = "rmdir"    //
	Mkdir    = "mkdir"    //
	Say      = "say"      // to the standard outputs
)

// A Call is one that was made without error.
type Call struct {
	Kind string
	Path string // below the folder that is looked at; of a file that is open, none
	To   string // of a rename and a link
	FD   int    // of a file that is open
	At   int64  // where it is written, or the size that it is cut to; of Open 1 if it is emptied
	Data []byte // what is written, or said
	// Begun is how many calls had returned when a sync began: it is these whose
	// effects it makes safe.
	Begun int
}

func (c Call) String() string {
	switch c.Kind {
	case Open, SyncDir, Unlink, Rmdir, Mkdir:
		return c.Kind + " " + c.Path
	case Rename, Link:
		return c.Kind + " " + c.Path + " " + c.To
	case Say:
		return c.Kind + " " + string(c.Data)
	}
	return fmt.Sprintf("%s %d at %d, %d bytes", c.Kind, c.FD, c.At, len(c.Data))
}

// Record writes calls to a file.
func Record(file string, calls []Call) (err error) {
	f, err := os.Create(file)
	if err != nil {
		return err
	}
	if err := gob.NewEncoder(f).Encode(calls); err != nil {
		_ = f.Close() // what it was to hold is told of
		return fmt.Errorf("recording calls: %w", err)
	}
	return f.Close()
}

// Recorded reads calls back.
func Recorded(from io.Reader) (calls []Call, err error) {
	if err := gob.NewDecoder(from).Decode(&calls); err != nil {
		return nil, fmt.Errorf("reading recorded calls: %w", err)
	}
	return calls, nil
}
