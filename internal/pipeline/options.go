package pipeline

import (
	"cmp"
	"context"
	"log/slog"
	"net/http"
	"time"

	"etl/internal/config"
	"etl/load"
)

// Options are the settings of a run. Config, Pipelines and Store must be set;
// the zero value of everything else works.
type Options struct {
	Config    *config.Config
	Pipelines []*config.Pipeline // what to run, parents before children
	Store     *load.Store
	StageDir  string // folder for kept pages on this machine; empty: below the destination

	Since, Until time.Time // bounds of a windowed pipeline; zero: see Window
	Missing      bool      // only slices that are not committed and closed
	Fresh        bool      // use no kept page
	Replay       bool      // read nothing: build from the kept pages of the last committed reading
	AllParents   bool      // ask every parent
	NewSource    bool      // the data set may go on with another account or address
	AllowShrink  bool      // the data set may lose most of its rows

	Label       string  // --run-id; a name for people
	Version     string  // of etl
	RateShare   float64 // this process's share of the sources' limits; 0: all
	Memory      int64   // bytes of open row groups; 0: the default of load
	Ahead       int64   // bytes of pages that wait for their turn, of all pipelines; 0: 32 MiB
	Reserve     int64   // bytes of each disk that stay free; 0: 16 MiB; below 0: disks are not looked at
	Concurrency int     // pipelines at one time; 0: 4, fewer where the process may open few files

	Now       func() time.Time // nil: time.Now
	Sleep     func(context.Context, time.Duration) error
	Rand      func() float64    // in [0, 1), for jitter; nil: math/rand
	MaxPage   int64             // bytes of a page; 0: the default of extract
	Transport http.RoundTripper // nil: that of extract
	Log       *slog.Logger      // nil: discard
	Progress  func(Progress)    // nil: none; called from several goroutines

	hold     *hold // of the run
	scanFrom int   // bytes of a body from which on its records are read as it is checked; 0: 64 KiB
	spaceOf  func(dir string) (load.Space, error)
}

// A Progress tells how far a pipeline is.
type Progress struct {
	Pipeline string
	Slice    string // empty: the only one
	Shard    *int   // nil: not of a plan
	Pages    int64  // accepted
	Planned  int64  // pages that are known to come; 0: unknown
	Rows     int64
	Bytes    int64
	Wait     time.Duration // until the source's limit lets the next request through
	Budget   time.Duration // until it will have let those of all planned pages through
	Done     bool
	Result   *Result // with Done
}

func (o *Options) setDefaults() {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Progress == nil {
		o.Progress = func(Progress) {}
	}
	if o.Concurrency == 0 {
		o.Concurrency = pipelinesAtOnce(openFiles())
	}
	o.Reserve = cmp.Or(o.Reserve, diskReserve)
	if o.spaceOf == nil {
		o.spaceOf = load.SpaceOf
	}
	o.scanFrom = cmp.Or(o.scanFrom, worthASheet)
	o.hold = newHold(cmp.Or(o.Ahead, pagesHeld))
}
