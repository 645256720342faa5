package pipeline

import (
	"os"
	"path/filepath"
	"strings"

	"etl/extract"
	"etl/internal/config"
	"etl/internal/fault"
)

// clientOptions are the settings of the client of a source.
func (o *Options) clientOptions(src *config.Source) extract.Options {
	return extract.Options{
		Transport: o.Transport, Now: o.Now, Sleep: o.Sleep, Log: o.Log.With("source", src.Name), Share: o.RateShare,
		State: o.stateFolder(), MaxPage: o.MaxPage, Rand: o.Rand,
	}
}

// stateFolder is where refresh tokens that servers have exchanged are kept: on
// this machine, whatever the destination is.
func (o *Options) stateFolder() string {
	const folder = "_state" // no pipeline has such a name
	if o.StageDir != "" {
		return filepath.Join(o.StageDir, folder)
	}
	root := o.Config.Destination
	if o.Store != nil {
		root = o.Store.Path()
	}
	if !strings.Contains(root, "://") {
		return filepath.Join(root, "_etl", folder)
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		return "" // they end with the process
	}
	return filepath.Join(cache, "etl", folder)
}

// checkAccounts refuses to mix rows with and without an account in one folder.
func (j *job) checkAccounts() error {
	if j.p.Source.Account == "" {
		accounts, err := j.o.Store.Accounts(j.p.Name)
		if err == nil && len(accounts) > 0 {
			err = mixed(j.p.Name, "were read with accounts, and the source has none now")
		}
		return err
	}
	old, err := j.o.Store.Dataset(j.p.Stream).Newest()
	if err == nil && old != nil && len(old.Files) > 0 {
		err = mixed(j.p.Name, "were read without accounts, and the source has accounts now")
	}
	return err
}

func mixed(pipeline, how string) error {
	return fault.New(fault.Config, "pipeline %s: the rows of the data set %s", pipeline, how).
		WithHint("use another destination, or another name for the pipeline")
}
