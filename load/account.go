package load

import (
	"errors"
	"io/fs"
	"path"
	"slices"
	"strings"
)

// A data set of an account is that of a pipeline named <stream>@<account>. Each
// has its own commits, and they know of each other only by one object for each
// account, so that all of them can be found: the view of the stream is the
// union over its accounts.

// account returns the stream that the data set holds, and the account that it
// holds it for; without accounts, the pipeline and nothing.
func (d *Dataset) account() (stream, account string) {
	stream, account, _ = strings.Cut(d.pipeline, "@")
	return stream, account
}

// Accounts returns the names of the accounts that the destination knows of a
// stream, sorted. One whose first commit was not published yet has no data.
func (s *Store) Accounts(stream string) ([]string, error) {
	names, err := s.objects.list(enrolled(stream))
	if err != nil {
		return nil, stored(err, "listing the accounts of %s", stream)
	}
	for i, name := range names {
		names[i] = path.Base(name)
	}
	slices.Sort(names)
	return names, nil
}

// Datasets returns the data sets that make up a stream: one for each account,
// or that of the stream itself if there are no accounts.
func (s *Store) Datasets(stream string) ([]*Dataset, error) {
	accounts, err := s.Accounts(stream)
	if err != nil {
		return nil, err
	}
	if len(accounts) == 0 {
		return []*Dataset{s.Dataset(stream)}, nil
	}
	var all []*Dataset
	for _, account := range accounts {
		all = append(all, s.Dataset(stream+"@"+account))
	}
	return all, nil
}

// accountFolder begins the name of the folder with the files of an account.
const accountFolder = "_account="

// enrolled is the folder with an object for each account of a stream.
func enrolled(stream string) string { return path.Join("_etl", stream, "accounts") }

// enroll lets the data set be found among those of its stream.
func (d *Dataset) enroll() error {
	stream, account := d.account()
	if account == "" {
		return nil
	}
	err := d.store.objects.create(path.Join(enrolled(stream), account), nil)
	if errors.Is(err, fs.ErrExist) {
		return nil
	}
	return stored(err, "noting the account of %s", d.pipeline)
}

// union returns what a view is to show: of the data set this commit, or the
// newest published one if it is nil, and of each other account its newest
// published one.
func (d *Dataset) union(own *Commit) ([]*Commit, error) {
	stream, account := d.account()
	all := []*Dataset{d}
	if account != "" {
		var err error
		if all, err = d.store.Datasets(stream); err != nil {
			return nil, err
		}
	}
	var commits []*Commit
	for _, one := range all {
		c := own
		if c == nil || one.pipeline != d.pipeline {
			var err error
			if c, err = one.Published(); err != nil {
				return nil, err
			}
		}
		if c != nil {
			commits = append(commits, c)
		}
	}
	return commits, nil
}
