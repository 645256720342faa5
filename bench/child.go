package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"etl/bench/wire"
)

// programs are the packages of what is built before anything is measured, by
// name. without is etl as product runs it, but for kept pages: see overlay. duck
// is DuckDB in the version that the gates were set with, see pinned.
var programs = map[string]string{
	"product":     "./product",
	"without":     "./product",
	"duck":        "./duck",
	"duck-newest": "./duck",
	"parts":       "./parts",
	"etl":         "./cmd/etl", // of the module etl
}

// pinned is the go.mod of the DuckDB that the gates are held against, for as long
// as they stand: a faster one would move them. bench/go.mod has the version of
// the tests in e2e.
const pinned = "duckdb-1.4.3.mod"

// build builds the programs into the folder bin.
func (b *bench) build() error {
	overlay, err := b.overlay()
	if err != nil {
		return err
	}
	pin, err := b.pin()
	if err != nil {
		return err
	}
	for name, from := range programs {
		args := []string{"build", "-o", b.program(name)}
		env := os.Environ()
		if from != "./duck" { // DuckDB alone needs cgo
			args, env = append(args, "-trimpath"), append(env, "CGO_ENABLED=0")
		}
		switch name {
		case "without":
			args = append(args, "-overlay", overlay)
		case "duck":
			args = append(args, "-modfile", pin)
		}
		cmd := exec.CommandContext(b.ctx, "go", append(args, from)...)
		cmd.Env = env
		if name == "etl" {
			cmd.Dir, cmd.Env = "..", append(cmd.Env, "GOFLAGS=") // see tools/bench
		}
		cmd.Stderr = os.Stderr
		if err := cmd.Run(); err != nil {
			return fmt.Errorf("building %s: %w", name, err)
		}
	}
	return nil
}

// pin returns a copy of pinned, which go build may bring up to date.
func (b *bench) pin() (string, error) {
	for _, name := range []string{pinned, strings.TrimSuffix(pinned, ".mod") + ".sum"} {
		text, err := os.ReadFile(name)
		if err == nil {
			err = os.WriteFile(b.path("bin", name), text, 0o600)
		}
		if err != nil {
			return "", fmt.Errorf("pinning DuckDB: %w", err)
		}
	}
	return b.path("bin", pinned), nil
}

func (b *bench) program(name string) string { return filepath.Join(b.dir, "bin", name) }

// clean removes what was written, and leaves the data.
func (b *bench) clean() { _ = os.RemoveAll(b.path("lake")) }

// path names something in the folder of the benchmark.
func (b *bench) path(parts ...string) string {
	return filepath.Join(append([]string{b.dir}, parts...)...)
}

// A child is a process that does one job again and again.
type child struct {
	cmd     *exec.Cmd
	in      io.WriteCloser
	answers *json.Decoder
}

// program of a job, by what is done.
var programOf = map[string]string{
	"etl": "product", "without": "without", "pages": "duck", "ndjson": "duck", "compare": "duck", "version": "duck",
}

// child starts the process of a job and waits until it is ready.
func (b *bench) child(job wire.Job) (*child, error) {
	if b.profiles != "" {
		b.started++
		job.Profile = filepath.Join(b.profiles, fmt.Sprintf("%03d-%s-%s.pprof", b.started, strings.ReplaceAll(job.Do, " ", ""), job.Schema))
	}
	text, err := json.Marshal(job)
	if err != nil {
		return nil, err
	}
	name, ok := programOf[job.Do]
	switch {
	case !ok:
		name = "parts"
	case job.Newest:
		name += "-newest"
	}
	c := &child{cmd: exec.CommandContext(b.ctx, b.program(name), string(text))}
	c.cmd.Stderr = os.Stderr
	c.cmd.Env = append(os.Environ(), fmt.Sprint("GOMAXPROCS=", job.Threads))
	if c.in, err = c.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	out, err := c.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := c.cmd.Start(); err != nil {
		return nil, err
	}
	c.answers = json.NewDecoder(out)
	if _, err := c.answer(); err != nil {
		c.stop()
		return nil, err
	}
	return c, nil
}

// once does the job.
func (c *child) once() (wire.Point, error) {
	if _, err := io.WriteString(c.in, "\n"); err != nil {
		return wire.Point{}, err
	}
	return c.answer()
}

func (c *child) answer() (p wire.Point, err error) {
	if err := c.answers.Decode(&p); err != nil {
		return p, fmt.Errorf("the child process ended: %w", err)
	}
	if p.Error != "" {
		return p, errors.New(p.Error)
	}
	return p, nil
}

// stop ends the process.
func (c *child) stop() {
	if c == nil {
		return
	}
	_ = c.in.Close()
	_ = c.cmd.Wait() // what it did was judged by its answers
}

// alone does a job once, in a process of its own.
func (b *bench) alone(job wire.Job) (wire.Point, error) {
	c, err := b.child(job)
	if err != nil {
		return wire.Point{}, err
	}
	defer c.stop()
	return c.once()
}

// overlay writes what makes go build etl without kept pages: nothing in etl
// leaves them out, so the function that keeps one returns at once.
func (b *bench) overlay() (string, error) {
	const file, function = "../load/pages.go", "func (p *Pages) Put("
	text, err := os.ReadFile(file)
	if err != nil {
		return "", fmt.Errorf("reading what keeps pages: %w", err)
	}
	at := strings.Index(string(text), function)
	end := strings.Index(string(text[max(at, 0):]), "{\n")
	if at < 0 || end < 0 {
		return "", fmt.Errorf("%s has no %s…): the function that keeps a page is another", file, function)
	}
	end += at + len("{\n")
	changed := string(text[:end]) + "\tif number >= 0 {\n\t\treturn PageRef{Number: number}, nil\n\t}\n" + string(text[end:])
	original, err := filepath.Abs(file)
	if err != nil {
		return "", err
	}
	if err := os.MkdirAll(b.path("bin"), 0o750); err != nil {
		return "", err
	}
	replace := map[string]map[string]string{"Replace": {original: b.path("bin", "pages.go.txt")}}
	list, err := json.Marshal(replace)
	if err == nil {
		err = errors.Join(os.WriteFile(b.path("bin", "pages.go.txt"), []byte(changed), 0o600), os.WriteFile(b.path("bin", "overlay.json"), list, 0o600))
	}
	return b.path("bin", "overlay.json"), err
}
