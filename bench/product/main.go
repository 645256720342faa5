// Command product is the child process that runs etl: the pages of a list, from
// a folder or from memory, to committed partitions, with all that a run does.
// Only the connection is another: replies come without a network.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"runtime/debug"

	"etl/bench/sample"
	"etl/bench/wire"
	"etl/internal/memory"
	"etl/internal/pipeline"
	"etl/load"
)

func main() {
	memory.Pace(os.LookupEnv, debug.SetGCPercent) // as the binary does
	wire.Main(ready)
}

func ready(job wire.Job) (func() (wire.Point, error), error) {
	replies := &replies{records: job.Records}
	switch {
	case job.Data != "":
		replies.pages = folder(job.Data)
	default:
		schema, err := sample.Schema(job.Schema, job.Columns)
		if err != nil {
			return nil, err
		}
		replies.pages = sample.NewList(sample.Maker{Schema: schema, Months: job.Months}, job.Records).Page
	}
	return func() (wire.Point, error) { return run(job, replies) }, nil
}

// run is etl run of one pipeline, into an empty destination.
func run(job wire.Job, replies *replies) (wire.Point, error) {
	c, err := sample.Config(sample.Run{Destination: job.Out, Schema: job.Schema, Columns: job.Columns})
	if err != nil {
		return wire.Point{}, err
	}
	store, err := load.Open(c.Destination)
	if err != nil {
		return wire.Point{}, err
	}
	s, err := pipeline.Run(context.Background(), pipeline.Options{
		Config: c, Pipelines: c.Pipelines, Store: store, Transport: replies, Version: "bench",
	})
	if err != nil {
		return wire.Point{}, err
	}
	r := s.Pipelines[0]
	if s.Exit != 0 {
		return wire.Point{}, errors.New(r.Error)
	}
	if r.Written != int64(job.Records) || r.Rejected > 0 || len(r.Drift) > 0 || r.Proof != "counted" {
		return wire.Point{}, fmt.Errorf("of %d records %d were written and %d rejected; proof %s", job.Records, r.Written, r.Rejected, r.Proof)
	}
	return wire.Point{Records: r.Written, Input: r.Bytes}, nil
}
