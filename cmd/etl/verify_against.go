package main

import (
	"encoding/json"
	"fmt"

	"github.com/urfave/cli/v2"

	"etl/load/warehouse"
)

// againstFlags are those of verify that name a warehouse.
func (sh *shell) againstFlags() []cli.Flag {
	return append([]cli.Flag{
		sh.text("against", "", "hold the tables of a `WAREHOUSE`, duckdb or bigquery, against the data sets"),
	}, sh.warehouseFlags()...)
}

// verifyAgainst holds the tables of a warehouse against the newest commits: rows,
// different keys, values and sums.
func (sh *shell) verifyAgainst(c *cli.Context) error {
	patterns := c.Args().Slice()
	if len(patterns) == 0 {
		patterns = []string{"*"}
	}
	root, streams, err := sh.streams(c, patterns)
	if err != nil {
		return err
	}
	to, prints, err := sh.target(c, c.String("against"), root)
	if err != nil {
		return err
	}
	if prints {
		return usage("there is no program duckdb to ask").WithHint("name it with --duckdb")
	}
	return sh.each(c, streams, func(s warehouse.Stream) error {
		r, err := to.Verify(c.Context, s)
		if err != nil {
			return err
		}
		if c.Bool("json") {
			return json.NewEncoder(sh.stdout).Encode(r)
		}
		_, err = fmt.Fprintf(sh.stdout, "%s: %s rows, as in %s\n", r.Pipeline, grouped(r.Rows), ofCommits(r))
		return err
	})
}
