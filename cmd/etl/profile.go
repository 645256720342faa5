package main

import (
	"errors"
	"os"
	"runtime"
	"runtime/pprof"

	"github.com/urfave/cli/v2"

	"etl/internal/fault"
)

// profileFlags are the flags of commands that can be looked at while they work.
func (sh *shell) profileFlags() []cli.Flag {
	return []cli.Flag{
		sh.text("cpuprofile", "", "`FILE` for where processor time goes, for go tool pprof"),
		sh.text("memprofile", "", "`FILE` for where memory goes, for go tool pprof"),
	}
}

// profile starts what the flags ask for. finish ends it and must be called; its
// error says that there is no profile, and nothing of the work.
func profile(c *cli.Context) (finish func() error, err error) {
	cpu, memory := c.String("cpuprofile"), c.String("memprofile")
	var file *os.File
	if cpu != "" {
		if file, err = createProfile(cpu); err != nil {
			return nil, err
		}
		if err := pprof.StartCPUProfile(file); err != nil {
			return nil, errors.Join(profileFault(cpu, err), file.Close())
		}
	}
	return func() (err error) {
		if file != nil {
			pprof.StopCPUProfile()
			err = profileFault(cpu, file.Close())
		}
		if memory != "" {
			err = errors.Join(err, writeHeap(memory))
		}
		return err
	}, nil
}

// writeHeap writes what was allocated so far, and what of it is in use.
func writeHeap(name string) error {
	file, err := createProfile(name)
	if err != nil {
		return err
	}
	runtime.GC() // so that what is in use is up to date
	return profileFault(name, errors.Join(pprof.WriteHeapProfile(file), file.Close()))
}

func createProfile(name string) (*os.File, error) {
	file, err := os.OpenFile(name, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	return file, profileFault(name, err)
}

func profileFault(name string, err error) error {
	if err == nil {
		return nil
	}
	return fault.New(fault.Storage, "writing the profile %s: %w", name, err)
}
