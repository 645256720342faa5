package e2e

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// storeServer builds the server that stands in for buckets. It is of a module of
// its own, so that this one need not have what it is made of.
var storeServer = sync.OnceValues(func() (string, error) {
	binary, err := filepath.Abs(filepath.Join("..", ".cache", "e2e", "storeserver"))
	if err != nil {
		return "", err
	}
	if out, err := exec.Command("go", "build", "-C", "stores", "-o", binary, "./server").CombinedOutput(); err != nil {
		return "", fmt.Errorf("building the server of buckets: %w\n%s", err, out)
	}
	return binary, nil
})

// startBuckets starts servers of buckets and returns the environment that leads
// to them.
func startBuckets(t *testing.T) (e env) {
	t.Helper()
	binary, err := storeServer()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(binary)
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd.Stderr = os.Stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		stdin.Close()
		_ = cmd.Wait()
	})
	if err := json.NewDecoder(stdout).Decode(&e); err != nil {
		t.Fatal(err)
	}
	return e.with(env{"XDG_CACHE_HOME": t.TempDir(), "AWS_EC2_METADATA_DISABLED": "true"})
}

// TestBuckets runs all pipelines into a bucket, is killed in the middle of it,
// runs again, and loads DuckDB from there: what the bucket holds is, byte for
// byte, what a folder would, and the tables are what was served.
func TestBuckets(t *testing.T) {
	scale := []string{"--seed", "7", "--scale", "0.03"}
	crm := startSim(t, scale...)
	lake := t.TempDir()
	r, _ := runPipelines(t, crm.env, shipped, lake)
	r.want(t, 0)
	truth := t.TempDir()
	run(t, nil, append([]string{"sim", "--truth", truth}, scale...)...).want(t, 0)
	servers := startBuckets(t)
	for _, destination := range []string{"s3://lake/crm", "gs://lake/deep/er"} {
		t.Run(destination[:2], func(t *testing.T) {
			e := crm.env.with(servers).with(env{"ETL_DESTINATION": destination, "ETL_FILE": shipped})
			killedOnce(t, crm, e)
			run(t, e, "run", "-q").want(t, 0)
			run(t, e, "verify").want(t, 0)
			sameFiles(t, e, lake, destination)

			w := newWarehouse(t, lake) // its views tell what is right
			w.env = e
			w.load()
			w.check()
			w.checkTruth(truth)

			run(t, e, "run", "-q", "users").want(t, 0)
			run(t, e, "log", "users").want(t, 0)
			run(t, e, "inspect", "users").want(t, 0)
			run(t, e, "gc").want(t, 0)
			run(t, e, "rollback", "users", "--to", "1").want(t, 0)
			run(t, e, "verify", "--deep", "users").want(t, 0)
		})
	}
}

// killedOnce starts a run and kills it when it has asked for some pages.
func killedOnce(t *testing.T, crm *sim, e env) {
	t.Helper()
	before := len(readLedger(t, crm.ledger))
	cmd := command(t, e, "run", "-q")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	eventually(t, "pages were served", func() bool { return len(readLedger(t, crm.ledger)) > before+60 })
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); err == nil {
		t.Fatal("the run had ended before it was killed")
	}
}

// sameFiles holds the data sets of a destination against those of a folder.
func sameFiles(t *testing.T, e env, lake, destination string) {
	t.Helper()
	pipelines, err := filepath.Glob(filepath.Join(lake, "views", "*.sql"))
	if err != nil || len(pipelines) == 0 {
		t.Fatalf("%d views: %v", len(pipelines), err)
	}
	number := regexp.MustCompile(`/\d{6}-`) // a run that was killed may have made a commit
	for _, view := range pipelines {
		name := strings.TrimSuffix(filepath.Base(view), ".sql")
		list := func(e env) (files []string) {
			var listing struct {
				Files []struct {
					Path  string
					Rows  int64
					Bytes int64
				}
			}
			r := run(t, e, "files", name, "--json")
			r.want(t, 0)
			if err := json.Unmarshal([]byte(r.stdout), &listing); err != nil {
				t.Fatal(err)
			}
			for _, f := range listing.Files {
				path, below := strings.CutPrefix(f.Path, e["ETL_DESTINATION"]+"/")
				if !below {
					t.Errorf("%s is not below %s", f.Path, e["ETL_DESTINATION"])
				}
				files = append(files, fmt.Sprintf("%s %d rows %d bytes", number.ReplaceAllString(path, "/"), f.Rows, f.Bytes))
			}
			return files
		}
		if diff := cmp.Diff(list(e.with(env{"ETL_DESTINATION": lake})), list(e)); diff != "" {
			t.Errorf("files of %s (-folder +%s):\n%s", name, destination, diff)
		}
	}
}

// treeOf is tree for any destination.
func treeOf(t *testing.T, e env, lake string) map[string]string {
	t.Helper()
	if !strings.Contains(lake, "://") {
		return tree(t, lake)
	}
	files := map[string]string{}
	for _, name := range objects(t, e, lake+"/data/") {
		content, err := object(e, name)
		if err != nil {
			t.Fatal(err)
		}
		files[strings.TrimPrefix(name, lake+"/data/")] = fmt.Sprintf("%x", sha256.Sum256(content))
	}
	if len(files) == 0 {
		t.Fatal("there are no data files")
	}
	return files
}

// objects lists the addresses in a bucket that begin with a prefix.
func objects(t *testing.T, e env, prefix string) (names []string) {
	t.Helper()
	scheme, rest, _ := strings.Cut(prefix, "://lake/")
	address, name := e["AWS_ENDPOINT_URL_S3"]+"/lake?list-type=2&prefix=", regexp.MustCompile(`<Key>([^<]+)</Key>`)
	if scheme == "gs" {
		address, name = e["STORAGE_EMULATOR_HOST"]+"/storage/v1/b/lake/o?prefix=", regexp.MustCompile(`"name": ?"([^"]+)"`)
	}
	text, err := body(address + url.QueryEscape(rest))
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range name.FindAllSubmatch(text, -1) {
		names = append(names, scheme+"://lake/"+string(m[1]))
	}
	return names
}

// object reads an object by its address.
func object(e env, address string) ([]byte, error) {
	if name, ok := strings.CutPrefix(address, "gs://lake/"); ok {
		return body(e["STORAGE_EMULATOR_HOST"] + "/storage/v1/b/lake/o/" + url.PathEscape(name) + "?alt=media")
	}
	return body(e["AWS_ENDPOINT_URL_S3"] + "/" + strings.TrimPrefix(address, "s3://"))
}

// body asks for something and returns it.
func body(address string) ([]byte, error) {
	resp, err := http.Get(address)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	content, err := io.ReadAll(resp.Body)
	if err == nil && resp.StatusCode != http.StatusOK {
		err = fmt.Errorf("HTTP %d", resp.StatusCode)
	}
	return content, err
}
