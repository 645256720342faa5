package pipeline

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"etl/internal/fault"
	"etl/load"
)

// WritePlan writes a plan where a URI says, and never over another: to a file of
// this machine, or below the destination. A URI that ends in / is a folder, where
// the plan is named by its id. It returns the URI of the plan.
func WritePlan(store *load.Store, uri string, plan *ShardPlan) (string, error) {
	if strings.HasSuffix(uri, "/") {
		uri += plan.ID + ".json"
	}
	data, err := plan.Encode()
	if err != nil {
		return "", err
	}
	if name, ok := store.Below(uri); ok {
		return uri, store.CreatePlan(name, data)
	}
	if strings.Contains(uri, "://") {
		return "", notBelow(store, uri)
	}
	return uri, createFile(uri, data)
}

// ReadPlan reads the plan at a URI.
func ReadPlan(store *load.Store, uri string) (*ShardPlan, error) {
	data, err := planAt(store, uri)
	if err != nil {
		return nil, err
	}
	return DecodePlan(data)
}

func planAt(store *load.Store, uri string) ([]byte, error) {
	if name, ok := store.Below(uri); ok {
		return store.ReadPlan(name)
	}
	if strings.Contains(uri, "://") {
		return nil, notBelow(store, uri)
	}
	data, err := os.ReadFile(uri)
	if err != nil {
		return nil, fault.New(fault.Config, "reading the plan: %w", err)
	}
	return data, nil
}

func notBelow(store *load.Store, uri string) error {
	return fault.New(fault.Config, "the plan %s is neither a file nor below the destination %s", uri, store.Path())
}

// createFile writes a file for nobody but the user if there is none of the name.
func createFile(name string, data []byte) error {
	if err := os.MkdirAll(filepath.Dir(name), 0o750); err != nil {
		return fault.New(fault.Storage, "writing the plan: %w", err)
	}
	f, err := os.CreateTemp(filepath.Dir(name), "."+filepath.Base(name)+".*")
	if err != nil {
		return fault.New(fault.Storage, "writing the plan: %w", err)
	}
	_, err = f.Write(data)
	if err = errors.Join(err, f.Sync(), f.Close()); err == nil {
		err = os.Link(f.Name(), name)
	}
	if there, readErr := os.ReadFile(name); errors.Is(err, fs.ErrExist) && readErr == nil && !bytes.Equal(there, data) {
		err = fault.New(fault.Config, "there is another plan of that name").
			WithHint("a name that ends in / is a folder, where each plan has a name of its own")
	}
	_ = os.Remove(f.Name())
	if _, ok := errors.AsType[*fault.Error](err); ok || err == nil {
		return err
	}
	return fault.New(fault.Storage, "writing the plan: %w", err)
}
