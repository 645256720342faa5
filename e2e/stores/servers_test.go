// Package stores holds load's buckets against servers that others wrote:
// gofakes3 and fake-gcs-server in this process, and versitygw, which checks
// signatures, as a process of its own.
package stores

import (
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/fsouza/fake-gcs-server/fakestorage"
	"github.com/johannesboyne/gofakes3"
	"github.com/johannesboyne/gofakes3/backend/s3mem"

	"etl/load/bucket"
)

// bucketName is the bucket that every server has.
const bucketName = "lake-of-tests"

// A server stands in for a service.
type server struct {
	scheme string // of addresses of buckets
	url    string
}

// servers are all that the tests go through, by name.
var servers = map[string]func(t *testing.T) server{
	"gofakes3":        startGoFakeS3,
	"fake-gcs-server": startFakeGCS,
	"versitygw":       startVersity,
}

// eachServer runs a test against each server.
func eachServer(t *testing.T, test func(t *testing.T, s server)) {
	for name, start := range servers {
		t.Run(name, func(t *testing.T) { test(t, start(t)) })
	}
}

func startGoFakeS3(t *testing.T) server {
	backend := s3mem.New()
	if err := backend.CreateBucket(bucketName); err != nil {
		t.Fatal(err)
	}
	return server{"s3", serve(t, gofakes3.New(backend).Server())}
}

func startFakeGCS(t *testing.T) server {
	front := httptest.NewUnstartedServer(nil)
	fake, err := fakestorage.NewServerWithOptions(fakestorage.Options{
		NoListener: true, ExternalURL: "http://" + front.Listener.Addr().String(), Writer: io.Discard,
	})
	if err != nil {
		t.Fatal(err)
	}
	fake.CreateBucketWithOpts(fakestorage.CreateBucketOpts{Name: bucketName})
	front.Config.Handler = fake.HTTPHandler()
	front.Start()
	t.Cleanup(front.Close)
	return server{"gs", front.URL}
}

// Credentials of versitygw.
const (
	accessKey = "etl-access"
	secretKey = "etl-secret-of-tests"
)

// startVersity starts the program that VERSITYGW names. tools/suites installs it.
func startVersity(t *testing.T) server {
	program := os.Getenv("VERSITYGW")
	if program == "" {
		t.Skip("VERSITYGW names no program: make test-stores installs it")
	}
	root := t.TempDir()
	if err := os.Mkdir(filepath.Join(root, bucketName), 0o750); err != nil {
		t.Fatal(err)
	}
	address := freeAddress(t)
	cmd := exec.Command(program, "--port", address, "--quiet", "posix", "--sidecar", t.TempDir(), root)
	cmd.Env = append(os.Environ(), "ROOT_ACCESS_KEY="+accessKey, "ROOT_SECRET_KEY="+secretKey)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill() // it holds nothing
		_ = cmd.Wait()
	})
	s := server{"s3", "http://" + address}
	wait(t, func() bool {
		resp, err := http.Get(s.url)
		if err == nil {
			resp.Body.Close()
		}
		return err == nil
	})
	return s
}

// freeAddress returns an address of this machine that nobody listens on.
func freeAddress(t *testing.T) string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// wait waits for a condition.
func wait(t *testing.T, holds func() bool) {
	t.Helper()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	deadline := time.After(20 * time.Second)
	for !holds() {
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatal("it does not come about")
		}
	}
}

// serve serves a handler on loopback.
func serve(t *testing.T, h http.Handler) (address string) {
	front := httptest.NewServer(h)
	t.Cleanup(front.Close)
	return front.URL
}

// at returns the same server as one finds it at another address.
func (s server) at(url string) server { return server{s.scheme, url} }

// behind returns the server as one finds it behind a handler that passes on what
// it wants to.
func (s server) behind(t *testing.T, middle func(next http.Handler) http.Handler) server {
	target, err := url.Parse(s.url)
	if err != nil {
		t.Fatal(err)
	}
	next := &httputil.ReverseProxy{
		Rewrite:  func(r *httputil.ProxyRequest) { r.SetURL(target); r.Out.Host = r.In.Host }, // signatures hold the host
		ErrorLog: log.New(io.Discard, "", 0),
	}
	return s.at(serve(t, middle(next)))
}

// settings are those of a bucket of the server. They set the environment as
// users do.
func (s server) settings(t *testing.T) bucket.Settings {
	for name, value := range map[string]string{
		"AWS_ENDPOINT_URL_S3": s.url, "AWS_ACCESS_KEY_ID": accessKey, "AWS_SECRET_ACCESS_KEY": secretKey,
		"AWS_REGION": "us-east-1", "AWS_CONFIG_FILE": "/dev/null", "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
		"STORAGE_EMULATOR_HOST": s.url,
	} {
		t.Setenv(name, value)
	}
	return bucket.Settings{Lookup: os.LookupEnv, Attempts: 6, Timeout: 5 * time.Second, PartSize: 5 << 20, Sleep: func(time.Duration) {}}
}

// address is that of a folder of the bucket.
func (s server) address(prefix string) string {
	return fmt.Sprintf("%s://%s/%s", s.scheme, bucketName, prefix)
}

// open opens a folder of the bucket.
func (s server) open(t *testing.T, prefix string) bucket.Bucket {
	t.Helper()
	b, err := bucket.Open(s.address(prefix), s.settings(t))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// a bytesAt is a file in memory.
type bytesAt []byte

func (b *bytesAt) WriteAt(data []byte, off int64) (int, error) {
	if off < 0 {
		return 0, errors.New("before the start")
	}
	if need := off + int64(len(data)); need > int64(len(*b)) {
		*b = append(*b, make([]byte, need-int64(len(*b)))...)
	}
	return copy((*b)[off:], data), nil
}
