// Command server stands in for S3 and for Google Cloud Storage, for tests of the
// whole program: gofakes3 and fake-gcs-server, in memory, each with a bucket
// named lake. When it is ready it prints a line of JSON with the environment that
// leads to them; it ends with its standard input.
package main

import (
	"encoding/json"
	"io"
	"net"
	"net/http"
	"os"

	"github.com/fsouza/fake-gcs-server/fakestorage"
	"github.com/johannesboyne/gofakes3"
	"github.com/johannesboyne/gofakes3/backend/s3mem"
)

func main() {
	if err := serve(); err != nil {
		panic(err)
	}
}

func serve() error {
	backend := s3mem.New()
	if err := backend.CreateBucket("lake"); err != nil {
		return err
	}
	s3, err := listen()
	if err != nil {
		return err
	}
	gcs, err := listen()
	if err != nil {
		return err
	}
	fake, err := fakestorage.NewServerWithOptions(fakestorage.Options{NoListener: true, ExternalURL: address(gcs), Writer: io.Discard})
	if err != nil {
		return err
	}
	fake.CreateBucketWithOpts(fakestorage.CreateBucketOpts{Name: "lake"})
	go func() { panic(http.Serve(s3, gofakes3.New(backend).Server())) }()
	go func() { panic(http.Serve(gcs, fake.HTTPHandler())) }()
	err = json.NewEncoder(os.Stdout).Encode(map[string]string{
		"AWS_ENDPOINT_URL_S3": address(s3), "AWS_ACCESS_KEY_ID": "key", "AWS_SECRET_ACCESS_KEY": "secret", "AWS_REGION": "us-east-1",
		"STORAGE_EMULATOR_HOST": address(gcs),
	})
	if err == nil {
		_, err = io.Copy(io.Discard, os.Stdin)
	}
	return err
}

func listen() (net.Listener, error) { return net.Listen("tcp", "127.0.0.1:0") }

func address(l net.Listener) string { return "http://" + l.Addr().String() }
