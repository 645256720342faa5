package etl_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// Libraries that more than one row of the table names.
const (
	arrow   = "github.com/apache/arrow/go/v15/arrow"
	parquet = "github.com/parquet-go/parquet-go"
	zip     = "github.com/klauspost/compress"
	hash    = "github.com/zeebo/xxh3"
	yaml    = "github.com/goccy/go-yaml"
	x       = "golang.org/x"
)

// mayImport says what each package may import beside the standard library: a
// package, or everything below a path that ends with /. A package that has no
// row is not part of the design.
var mayImport = map[string][]string{
	"etl":                   {},
	"etl/internal/fault":    {},
	"etl/internal/jsonspan": {},
	"etl/internal/keyset":   {},
	"etl/internal/memory":   {},
	"etl/internal/crmsim":   {x + "/"},
	"etl/internal/bigsim":   {},
	"etl/schemas":           {"etl/internal/fault", yaml + "/"},
	"etl/internal/config":   {"etl/internal/fault", "etl/schemas", yaml + "/", "github.com/google/jsonschema-go/"},
	"etl/extract":           {"etl/internal/fault", "etl/internal/config", "etl/internal/jsonspan", zip + "/", hash, x + "/sync/semaphore"},
	"etl/transform":         {"etl/internal/fault", "etl/internal/jsonspan", "etl/schemas", arrow + "/"},
	"etl/load":              {"etl/internal/fault", "etl/internal/keyset", "etl/schemas", "etl/load/bucket", x + "/sync/errgroup", arrow + "/", parquet + "/", zip + "/", hash, x + "/sys/"},
	"etl/load/bucket":       {"etl/internal/fault", x + "/oauth2/", x + "/sync/errgroup", "github.com/aws/aws-sdk-go-v2/"},
	"etl/load/warehouse":    {"etl/internal/fault", "etl/schemas", "etl/load", x + "/oauth2/"},
	"etl/internal/propose": {
		"etl/internal/fault", "etl/internal/jsonspan", "etl/schemas", "etl/transform", "etl/load", yaml + "/", "github.com/getkin/kin-openapi/",
	},
	"etl/internal/pipeline": {
		"etl/internal/fault", "etl/internal/jsonspan", "etl/internal/keyset", "etl/internal/config",
		"etl/schemas", "etl/extract", "etl/transform", "etl/load", arrow + "/", x + "/sync/",
	},
	"etl/cmd/etl": {
		"etl/", x + "/", "github.com/urfave/cli/v2/", "github.com/google/jsonschema-go/",
	},
}

// testsMayImport is what tests may import beside what their package may: the
// package itself, what is in the binary, the simulators, what a bucket in memory
// has to be, and the independent reader of Parquet.
var testsMayImport = []string{
	"etl", "etl/internal/crmsim", "etl/internal/bigsim", "etl/load/bucket", "github.com/google/go-cmp/", "github.com/rogpeppe/go-internal/", "go.uber.org/goleak/", "pgregory.net/rapid/",
	"github.com/go-json-experiment/json/",
	"github.com/apache/arrow/go/v15/", "github.com/google/jsonschema-go/",
}

// mayGo tells whether a file may start goroutines and speak of channels.
func mayGo(file string) bool {
	dir, name := path.Split(file)
	switch dir {
	case "internal/pipeline/", "internal/crmsim/", "cmd/etl/", "load/bucket/":
		return true
	case "load/":
		return strings.HasPrefix(name, "store")
	}
	return false
}

func TestImportsFollowTheArrows(t *testing.T) {
	got, err := wrongImports(".")
	if err != nil {
		t.Fatal(err)
	}
	for _, wrong := range got {
		t.Error(wrong)
	}
}

func TestFilesWaitWhereTheyMay(t *testing.T) {
	got, err := wrongFiles(os.DirFS("."))
	if err != nil {
		t.Fatal(err)
	}
	for _, wrong := range got {
		t.Error(wrong)
	}
}

// A package as go list prints it.
type listed struct {
	ImportPath                         string
	Imports, TestImports, XTestImports []string
}

// wrongImports returns what the packages of the module in dir import against
// the table.
func wrongImports(dir string) (wrong []string, err error) {
	cmd := exec.Command("go", "list", "-e", "-json=ImportPath,Imports,TestImports,XTestImports", "./...")
	cmd.Dir = dir
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("listing packages: %w", err)
	}
	for d := json.NewDecoder(bytes.NewReader(out)); ; {
		var p listed
		if err := d.Decode(&p); errors.Is(err, io.EOF) {
			return wrong, nil
		} else if err != nil {
			return nil, fmt.Errorf("reading the list of packages: %w", err)
		}
		allowed, known := mayImport[p.ImportPath]
		if !known {
			wrong = append(wrong, p.ImportPath+" has no row in the table of imports")
			continue
		}
		inTests := slices.Concat(allowed, testsMayImport, []string{p.ImportPath})
		if p.ImportPath == "etl" { // its tests hold the documents against everything
			inTests = append(inTests, "etl/", yaml+"/")
		}
		wrong = append(wrong, against(p.ImportPath, p.Imports, allowed)...)
		wrong = append(wrong, against("a test of "+p.ImportPath, p.TestImports, inTests)...)
		wrong = append(wrong, against("a test of "+p.ImportPath, p.XTestImports, inTests)...)
	}
}

// against returns the imports that are not allowed.
func against(who string, imports, allowed []string) (wrong []string) {
	for _, imported := range imports {
		if !isStandard(imported) && !slices.ContainsFunc(allowed, func(entry string) bool { return covers(entry, imported) }) {
			wrong = append(wrong, who+" imports "+imported)
		}
	}
	return wrong
}

// isStandard tells the standard library from modules: a module's path begins
// with a host name, ours with etl.
func isStandard(imported string) bool {
	first, _, _ := strings.Cut(imported, "/")
	return first != "etl" && !strings.Contains(first, ".")
}

// covers tells whether an entry of the table allows an import.
func covers(entry, imported string) bool {
	if folder, ok := strings.CutSuffix(entry, "/"); ok {
		return imported == folder || strings.HasPrefix(imported, entry)
	}
	return imported == entry
}

// wrongFiles returns where the Go files of a module use what belongs to
// concurrency in a file that may not, and where tests sleep.
func wrongFiles(module fs.FS) (wrong []string, err error) {
	err = fs.WalkDir(module, ".", func(file string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() && file != "." && skipped(module, file) {
			return fs.SkipDir
		}
		if filepath.Ext(file) != ".go" {
			return nil
		}
		source, err := fs.ReadFile(module, file)
		if err != nil {
			return err
		}
		fset := token.NewFileSet()
		f, err := parser.ParseFile(fset, file, source, parser.SkipObjectResolution)
		if err != nil {
			return fmt.Errorf("parsing %s: %w", file, err)
		}
		switch {
		case strings.HasSuffix(file, "_test.go"):
			wrong = append(wrong, sleeps(fset, f)...)
		case !mayGo(file):
			wrong = append(wrong, concurrency(fset, f)...)
		}
		return nil
	})
	return wrong, err
}

// skipped tells whether a folder holds no code of the module.
func skipped(module fs.FS, dir string) bool {
	_, err := fs.Stat(module, path.Join(dir, "go.mod"))
	return err == nil || strings.HasPrefix(path.Base(dir), ".") || path.Base(dir) == "testdata"
}

// concurrency returns where a file uses what belongs to concurrency. A function
// sleep is left out: waiting for a timer or the end of a context takes a select
// and starts nothing.
func concurrency(fset *token.FileSet, f *ast.File) (found []string) {
	ast.Inspect(f, func(n ast.Node) bool {
		what := ""
		switch n := n.(type) {
		case *ast.FuncDecl:
			return n.Name.Name != "sleep"
		case *ast.GoStmt:
			what = "a go statement"
		case *ast.ChanType:
			what = "a channel"
		case *ast.SelectStmt:
			what = "select"
		case *ast.ImportSpec:
			if n.Path.Value == `"golang.org/x/sync/errgroup"` {
				what = "errgroup"
			}
		case *ast.SelectorExpr:
			if isName(n, "sync", "WaitGroup") {
				what = "sync.WaitGroup"
			}
		}
		if what != "" {
			found = append(found, fmt.Sprintf("%s: %s", fset.Position(n.Pos()), what))
		}
		return true
	})
	return found
}

// sleeps returns where a test waits for time to pass. Where synctest makes the
// time, that costs none.
func sleeps(fset *token.FileSet, f *ast.File) (found []string) {
	if slices.ContainsFunc(f.Imports, func(i *ast.ImportSpec) bool { return i.Path.Value == `"testing/synctest"` }) {
		return nil
	}
	ast.Inspect(f, func(n ast.Node) bool {
		if s, ok := n.(*ast.SelectorExpr); ok && isName(s, "time", "Sleep") {
			found = append(found, fmt.Sprintf("%s: a sleep", fset.Position(n.Pos())))
		}
		return true
	})
	return found
}

// isName tells whether a selector is a name of a package.
func isName(s *ast.SelectorExpr, pkg, name string) bool {
	of, ok := s.X.(*ast.Ident)
	return ok && of.Name == pkg && s.Sel.Name == name
}

// A module that breaks every rule once: the checks must find all of it.
var broken = map[string]string{
	"go.mod":               "module etl\n\ngo 1.26.0\n",
	"extract/extract.go":   "package extract\n\nimport (\n\t_ \"etl/transform\"\n\t_ \"net/http\"\n)\n\nfunc f() { go f() }\n",
	"extract/f_test.go":    "package extract\n\nimport _ \"etl/load\"\n\nfunc g() { go g() }\n",
	"schemas/s_test.go":    "package schemas\n\nimport \"time\"\n\nfunc s() { time.Sleep(1) }\n",
	"schemas/u_test.go":    "package schemas\n\nimport (\n\t_ \"testing/synctest\"\n\t\"time\"\n)\n\nfunc u() { time.Sleep(1) }\n",
	"transform/t.go":       "package transform\n\nimport _ \"github.com/parquet-go/parquet-go\"\n\nvar c chan int\n",
	"transform/x_test.go":  "package transform_test\n\nimport (\n\t_ \"github.com/apache/arrow/go/v15/parquet/file\"\n\t_ \"etl/transform\"\n)\n",
	"load/load.go":         "package load\n\nimport (\n\t\"sync\"\n\n\t_ \"github.com/apache/arrow-go/v18/arrow\"\n\t_ \"github.com/apache/arrow/go/v15/parquet\"\n\t_ \"github.com/parquet-go/parquet-go/format\"\n)\n\nvar w sync.WaitGroup\n",
	"load/store_folder.go": "package load\n\nfunc f() { go f() }\n",
	"schemas/schemas.go":   "package schemas\n\nimport _ \"golang.org/x/sync/errgroup\"\n\nfunc f() {\n\tselect {}\n}\n\nfunc sleep() {\n\tselect {}\n}\n",
	"util/util.go":         "package util\n",
	"util/testdata/t.go":   "package t\n\nfunc f() { go f() }\n",
	"e2e/go.mod":           "module etl/e2e\n",
	"e2e/e2e.go":           "package e2e\n\nfunc f() { go f() }\n",
}

func TestChecksFindWhatIsWrong(t *testing.T) {
	dir := t.TempDir()
	for file, text := range broken {
		file = filepath.Join(dir, filepath.FromSlash(file))
		if err := os.MkdirAll(filepath.Dir(file), 0o750); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	imports, err := wrongImports(dir)
	if err != nil {
		t.Fatal(err)
	}
	wantImports := []string{
		"etl/extract imports etl/transform",
		"a test of etl/extract imports etl/load",
		"etl/load imports github.com/apache/arrow-go/v18/arrow",
		"etl/load imports github.com/apache/arrow/go/v15/parquet",
		"etl/schemas imports golang.org/x/sync/errgroup",
		"etl/transform imports github.com/parquet-go/parquet-go",
		"etl/util has no row in the table of imports",
	}
	if diff := cmp.Diff(wantImports, imports); diff != "" {
		t.Errorf("imports found (-want +got):\n%s", diff)
	}
	files, err := wrongFiles(os.DirFS(dir))
	if err != nil {
		t.Fatal(err)
	}
	wantFiles := []string{
		"extract/extract.go:8:12: a go statement",
		"load/load.go:11:7: sync.WaitGroup",
		"schemas/s_test.go:5:12: a sleep",
		"schemas/schemas.go:3:8: errgroup",
		"schemas/schemas.go:6:2: select",
		"transform/t.go:5:7: a channel",
	}
	if diff := cmp.Diff(wantFiles, files); diff != "" {
		t.Errorf("files found (-want +got):\n%s", diff)
	}
}
