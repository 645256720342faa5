package main

import (
	"bytes"

	"github.com/urfave/cli/v2"

	"etl/internal/pipeline"
)

func (sh *shell) metricsFlag() cli.Flag {
	return sh.text("metrics-file", "", "`FILE` for figures of the run in the text form of Prometheus")
}

// measure writes the figures of a run, whatever became of it, where the command
// line asks for them.
func (sh *shell) measure(c *cli.Context, s *pipeline.Summary) error {
	file := c.String("metrics-file")
	if file == "" {
		return nil
	}
	var text bytes.Buffer
	if err := s.WriteMetrics(&text, sh.now()); err != nil {
		return err
	}
	return replaceFile(file, text.Bytes())
}
