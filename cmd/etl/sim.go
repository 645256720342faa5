package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"etl/internal/crmsim"
	"etl/internal/fault"
)

func (sh *shell) simCommand() *cli.Command {
	return &cli.Command{
		Name:        "sim",
		Usage:       "serve the APIs with made-up records",
		Description: "Serves until it is stopped. Once it listens, it prints one line of JSON:\nbase_urls, and env, the variables that pipelines.yaml asks for.\nWith --truth and without --listen it serves nothing.\n\nSWITCHES:\n" + switchesHelp(),
		Flags: append(sh.simFlags(1),
			sh.text("listen", "", "`ADDRESS`; port 0 is any free one (default: 127.0.0.1:0)"),
			sh.text("ledger", "", "`FILE` that gets a line of JSON for each reply"),
			// No variable: ETL_ENV_FILE names the file that run reads, which may hold real credentials.
			&cli.StringFlag{Name: "env-file", Usage: "`FILE` that gets the variables as lines of KEY=VALUE"},
			&cli.DurationFlag{Name: "latency", Usage: "replies wait up to this `LONG`", EnvVars: sh.variable("latency")},
			sh.text("truth", "", "`FOLDER` that gets what data sets should hold, in PIPELINE.ndjson"),
			sh.toggle("switches", "print the switches, and serve nothing"),
			sh.toggle("faults", "print the faults that X.fail can name, and serve nothing"),
			&cli.StringSliceFlag{Name: "switch", Usage: "`NAME=VALUE` of a switch; may stand several times", EnvVars: sh.variable("switch")},
		),
		Action: sh.sim,
	}
}

// simFlags say what records are made up.
func (sh *shell) simFlags(scale float64) []cli.Flag {
	return []cli.Flag{
		&cli.Uint64Flag{Name: "seed", Value: 1, Usage: "`NUMBER` that the records depend on", EnvVars: sh.variable("seed")},
		&cli.Float64Flag{Name: "scale", Value: scale, Usage: "`FACTOR` of how many records there are; 1 is a small company", EnvVars: sh.variable("scale")},
	}
}

func (sh *shell) sim(c *cli.Context) error {
	if err := noArguments(c); err != nil {
		return err
	}
	if c.Bool("switches") || c.Bool("faults") {
		return sh.tellSwitches(c.Bool("switches"), c.Bool("faults"))
	}
	o := crmsim.Options{Seed: c.Uint64("seed"), Scale: c.Float64("scale"), Latency: c.Duration("latency")}
	var err error
	if o.Switches, err = parseSwitches(c.StringSlice("switch")); err != nil {
		return err
	}
	if file := c.String("ledger"); file != "" {
		f, err := os.Create(file)
		if err != nil {
			return fault.New(fault.Storage, "opening the ledger: %w", err)
		}
		defer func() { _ = f.Close() }() // each line reached it when it was written
		o.Ledger = f
	}
	server, err := crmsim.New(o)
	if err != nil {
		return usage("%w", err).WithHint("etl help sim")
	}
	if dir := c.String("truth"); dir != "" {
		if err := writeTruths(c.Context, dir, server); err != nil {
			return err
		}
		if !c.IsSet("listen") {
			return nil
		}
	}
	return sh.serve(c, server)
}

// serve serves until ctx ends, which is how the simulator is stopped and so no
// failure.
func (sh *shell) serve(c *cli.Context, server *crmsim.Server) error {
	address := c.String("listen")
	if address == "" {
		address = "127.0.0.1:0"
	}
	listener, err := (&net.ListenConfig{}).Listen(c.Context, "tcp", address)
	if err != nil {
		return usage("listening: %w", err)
	}
	ready := server.Ready(listener)
	if file := c.String("env-file"); file != "" {
		if err := writeSecret(file, envText(ready.Env)); err != nil {
			return err
		}
	}
	if err := json.NewEncoder(sh.stdout).Encode(ready); err != nil {
		return fault.New(fault.Storage, "telling that the server is ready: %w", err)
	}
	return crmsim.Serve(c.Context, listener, server)
}

// parseSwitches reads NAME=VALUE.
func parseSwitches(given []string) (map[string]string, error) {
	switches := map[string]string{}
	for _, text := range given {
		name, value, ok := strings.Cut(text, "=")
		if !ok {
			return nil, usage("--switch %s is not NAME=VALUE", text)
		}
		switches[name] = value
	}
	return switches, nil
}

// switchesHelp lists the switches and what their values stand for.
func switchesHelp() string {
	var b strings.Builder
	for _, s := range crmsim.Switches() {
		fmt.Fprintf(&b, "%s=%s (%s)\n    %s\n", s.Name, strings.Join(s.Values, "|"), s.Default, s.Doc)
	}
	forms := crmsim.Forms()
	for _, form := range slices.Sorted(maps.Keys(forms)) {
		fmt.Fprintf(&b, "%s: %s\n", form, forms[form])
	}
	return b.String()
}

// tellSwitches prints what a simulator can be told.
func (sh *shell) tellSwitches(switches, faults bool) error {
	text := ""
	if switches {
		text = switchesHelp()
	}
	if faults {
		for _, f := range crmsim.Faults() {
			text += f.Name + "\n    " + f.Doc + "\n"
		}
	}
	_, err := io.WriteString(sh.stdout, text)
	return err
}

// writeTruths writes what each data set should hold.
func writeTruths(ctx context.Context, dir string, server *crmsim.Server) error {
	if err := os.MkdirAll(dir, 0o750); err != nil {
		return fault.New(fault.Storage, "writing the truth: %w", err)
	}
	for _, stream := range server.Streams() {
		if err := writeTruth(ctx, filepath.Join(dir, stream+".ndjson"), server, stream); err != nil {
			return fmt.Errorf("writing the truth of %s: %w", stream, err)
		}
	}
	return nil
}

func writeTruth(ctx context.Context, file string, server *crmsim.Server, stream string) (err error) {
	f, err := os.Create(file)
	if err != nil {
		return fault.New(fault.Storage, "%w", err)
	}
	defer func() {
		if closed := f.Close(); err == nil && closed != nil {
			err = fault.New(fault.Storage, "%w", closed)
		}
	}()
	w := bufio.NewWriter(f)
	for row := range server.Truth(stream) {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if _, err := w.Write(row); err != nil {
			return fault.New(fault.Storage, "%w", err)
		}
		if err := w.WriteByte('\n'); err != nil {
			return fault.New(fault.Storage, "%w", err)
		}
	}
	if err := w.Flush(); err != nil {
		return fault.New(fault.Storage, "%w", err)
	}
	return nil
}
