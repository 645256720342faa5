package bucket

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"etl/internal/fault"
)

// Servers that others wrote answer in e2e/stores. What they never say is said
// here by hand.

func TestParse(t *testing.T) {
	for _, test := range []struct {
		text string
		want address
	}{
		{"s3://lake", address{"s3", "lake", ""}},
		{"s3://lake/", address{"s3", "lake", ""}},
		{"gs://my.lake_1/crm/raw-2/", address{"gs", "my.lake_1", "crm/raw-2"}},
	} {
		if got, err := parse(test.text); err != nil || got != test.want {
			t.Errorf("%s is %+v, %v", test.text, got, err)
		}
	}
	for _, text := range []string{
		"s3://", "s3:///x", "s3://a", "S3://Lake/x", "https://lake/x", "s3://lake/../x", "s3://lake/a//b", "s3://lake/a b", "s3://lake/.x", "s3://lake/a*",
		"s3://lake/a?region=x", "s3://lake/a#b", "s3://key:geheim@lake/a", "s3://lake:80/a", "s3://lake/a%20b", "gs://lake/a'b", "s3://lake/\x00",
	} {
		_, err := parse(text)
		if fault.Of(err) != fault.Config || strings.Contains(err.Error()+fault.Hint(err), "geheim") {
			t.Errorf("%q: %v, of class %v", text, err, fault.Of(err))
		}
	}
}

// s3At returns a bucket whose requests a function answers.
func s3At(t *testing.T, answer http.HandlerFunc) Bucket {
	t.Helper()
	front := httptest.NewServer(answer)
	t.Cleanup(front.Close)
	for name, value := range map[string]string{
		"AWS_ENDPOINT_URL": "", "AWS_ENDPOINT_URL_S3": front.URL, "AWS_ACCESS_KEY_ID": "AKIDGEHEIM", "AWS_SECRET_ACCESS_KEY": "geheim",
		"AWS_REGION": "us-east-1", "AWS_PROFILE": "", "AWS_CONFIG_FILE": os.DevNull, "AWS_SHARED_CREDENTIALS_FILE": os.DevNull,
	} {
		t.Setenv(name, value)
	}
	b, err := Open("s3://lake/crm", Settings{Sleep: func(time.Duration) {}, PartSize: 1000})
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// gcsAt does the same for Cloud Storage.
func gcsAt(t *testing.T, answer http.HandlerFunc) Bucket {
	t.Helper()
	front := httptest.NewServer(answer)
	t.Cleanup(front.Close)
	lookup := func(name string) (string, bool) { return front.URL, name == "STORAGE_EMULATOR_HOST" }
	b, err := Open("gs://lake/crm", Settings{Lookup: lookup, Sleep: func(time.Duration) {}, PartSize: 1000})
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// TestRequestsOfS3 are as the protocol has them: the bucket in the path, the
// region and the service in the signature, checksums of what is sent.
func TestRequestsOfS3(t *testing.T) {
	var got []string
	b := s3At(t, func(w http.ResponseWriter, r *http.Request) {
		signed := strings.Contains(r.Header.Get("Authorization"), "/us-east-1/s3/aws4_request")
		got = append(got, fmt.Sprintf("%s %s match=%s crc=%s copy=%s signed=%v", r.Method, r.RequestURI, r.Header.Get("If-None-Match"),
			r.Header.Get("X-Amz-Checksum-Crc32c"), r.Header.Get("X-Amz-Copy-Source"), signed))
		fmt.Fprint(w, "<Result/>")
	})
	for _, err := range []error{b.Create("a/p=1/ü %.json", []byte("123456789")), b.Copy("a%20b", "c"), b.Delete("c")} {
		if err != nil {
			t.Error(err)
		}
	}
	want := []string{
		"PUT /lake/crm/a/p%3D1/%C3%BC%20%25.json match=* crc=4waSgw== copy= signed=true",
		"PUT /lake/crm/c match= crc= copy=lake/crm/a%2520b signed=true",
		"DELETE /lake/crm/c match= crc= copy= signed=true",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("requests (-want +got):\n%s", diff)
	}
}

// TestOtherRegions: AWS tells where a bucket lies, another server does not.
func TestOtherRegions(t *testing.T) {
	b := &s3{address: address{"s3", "lake", "crm"}, place: &place{region: "us-east-1"}}
	moved := &refusal{status: http.StatusMovedPermanently, region: "eu-central-1"}
	if !b.place.follow(moved) || b.place.follow(moved) {
		t.Error("the region is taken over once")
	}
	if got := b.url("crm/a", nil); got != "https://lake.s3.eu-central-1.amazonaws.com/crm/a" {
		t.Errorf("an object is at %s", got)
	}
	b.bucket = "my.lake"
	if got := b.url("crm/a", nil); got != "https://s3.eu-central-1.amazonaws.com/my.lake/crm/a" {
		t.Errorf("of a bucket with a dot at %s", got)
	}
	if (&place{endpoint: "http://localhost:9000", region: "x"}).follow(moved) {
		t.Error("a server of one's own moves the region")
	}
}

// TestLateErrorsOfS3: a copy that is answered with 200 may end in an error all
// the same.
func TestLateErrorsOfS3(t *testing.T) {
	asked := 0
	b := s3At(t, func(w http.ResponseWriter, _ *http.Request) {
		asked++
		if asked < 3 {
			fmt.Fprint(w, "  <Error><Code>SlowDown</Code></Error>")
			return
		}
		fmt.Fprint(w, "  <Error><Code>NoSuchThing</Code><Message>geheim</Message></Error>")
	})
	err := b.Copy("a", "b")
	if asked != 3 || fault.Of(err) != fault.Storage || strings.Contains(err.Error(), "geheim") || !strings.Contains(err.Error(), "NoSuchThing") {
		t.Errorf("after %d requests: %v", asked, err)
	}
}

// TestUploadInParts: parts arrive at once, some of them twice, and are put
// together in order; an answer to the end that is lost is not an error if the
// object stands.
func TestUploadInParts(t *testing.T) {
	data := bytes.Repeat([]byte("0123456789"), 1234)
	var lock sync.Mutex
	parts, ended, tries := map[string][]byte{}, false, map[string]int{}
	b := s3At(t, func(w http.ResponseWriter, r *http.Request) {
		lock.Lock()
		defer lock.Unlock()
		number := r.URL.Query().Get("partNumber")
		switch {
		case r.URL.Query().Has("uploads"):
			fmt.Fprint(w, "<R><UploadId>u</UploadId></R>")
		case number != "":
			if tries[number]++; tries[number] == 1 && (number == "2" || number == "5") {
				w.WriteHeader(http.StatusInternalServerError)
				return
			}
			parts[number], _ = io.ReadAll(r.Body)
			w.Header().Set("ETag", "tag"+number)
		case r.Method == http.MethodPost && !ended:
			ended = true
			panic(http.ErrAbortHandler)
		case r.Method == http.MethodPost:
			w.WriteHeader(http.StatusNotFound)
			fmt.Fprint(w, "<Error><Code>NoSuchUpload</Code></Error>")
		case r.Method == http.MethodHead:
			w.Header().Set("Content-Length", fmt.Sprint(len(data)))
		default:
			t.Errorf("%s %s", r.Method, r.URL)
		}
	})
	if err := b.Put("big", bytes.NewReader(data), int64(len(data))); err != nil {
		t.Fatal(err)
	}
	var got []byte
	for i := range len(parts) {
		got = append(got, parts[fmt.Sprint(i+1)]...)
	}
	if !bytes.Equal(got, data) || len(parts) != 13 {
		t.Errorf("%d parts with %d bytes arrived", len(parts), len(got))
	}
}

// TestUploadInChunks: the server says how much of it has arrived, which need not
// be all that was sent.
func TestUploadInChunks(t *testing.T) {
	data := bytes.Repeat([]byte("0123456789"), 345)
	var got []byte
	b := gcsAt(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPost {
			w.Header().Set("Location", "http://"+r.Host+"/upload/session?upload_id=geheim")
			return
		}
		var from, to, all int
		if _, err := fmt.Sscanf(r.Header.Get("Content-Range"), "bytes %d-%d/%d", &from, &to, &all); err != nil || from > len(got) {
			t.Errorf("%d bytes have arrived, now comes %q", len(got), r.Header.Get("Content-Range"))
		}
		body, _ := io.ReadAll(r.Body)
		if keep := from + len(body); keep == len(data) {
			got = append(got[:from], body...)
			fmt.Fprint(w, "{}")
			return
		}
		got = append(got[:from], body[:len(body)-100]...)
		w.Header().Set("Range", fmt.Sprintf("bytes=0-%d", len(got)-1))
		w.WriteHeader(http.StatusPermanentRedirect)
	})
	if err := b.Put("big", bytes.NewReader(data), int64(len(data))); err != nil || !bytes.Equal(got, data) {
		t.Errorf("%v, %d bytes of %d have arrived", err, len(got), len(data))
	}
}

// TestCredentialsStayHome: an upload is not sent where a server points to, and an
// answer that points elsewhere is not followed.
func TestCredentialsStayHome(t *testing.T) {
	elsewhere := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		t.Errorf("%s %s came here", r.Method, r.URL)
	}))
	defer elsewhere.Close()
	moved := func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Location", elsewhere.URL+"/upload")
		w.WriteHeader(http.StatusTemporaryRedirect)
	}
	for _, b := range []Bucket{s3At(t, moved), gcsAt(t, moved)} {
		if _, err := b.Get("a"); fault.Of(err) != fault.Config {
			t.Errorf("an answer that points elsewhere: %v", err)
		}
	}
	b := gcsAt(t, func(w http.ResponseWriter, _ *http.Request) { w.Header().Set("Location", elsewhere.URL+"/upload") })
	if err := b.Put("big", bytes.NewReader(make([]byte, 2000)), 2000); fault.Of(err) != fault.Storage {
		t.Errorf("an upload that points elsewhere: %v", err)
	}
}

// TestErrorsKeepSecrets: neither keys nor the addresses of uploads are told.
func TestErrorsKeepSecrets(t *testing.T) {
	refused := func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(http.StatusForbidden)
		fmt.Fprintf(w, "<Error><Code>Signature geheim</Code><AWSAccessKeyId>AKIDGEHEIM</AWSAccessKeyId></Error>")
	}
	broken := func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }
	for _, b := range []Bucket{s3At(t, refused), gcsAt(t, refused), s3At(t, broken), gcsAt(t, broken)} {
		_, err := b.List("x")
		if text := strings.ToLower(fmt.Sprint(err, fault.Hint(err))); err == nil || strings.Contains(text, "geheim") || strings.Contains(text, "http://") {
			t.Errorf("an error tells %q", text)
		}
	}
}

// TestNotThere tells an object that is not there from one that nobody may see.
func TestNotThere(t *testing.T) {
	for status, class := range map[int]fault.Class{404: fault.Storage, 403: fault.Auth, 500: fault.Transient} {
		answer := func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(status) }
		for _, b := range []Bucket{s3At(t, answer), gcsAt(t, answer)} {
			_, err := b.Stat("a")
			if there := errors.Is(err, fs.ErrNotExist); there != (status == 404) || status != 404 && fault.Of(err) != class {
				t.Errorf("HTTP %d: %v, of class %v", status, err, fault.Of(err))
			}
		}
	}
}
