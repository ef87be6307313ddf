// Package conformance holds the tests that every spec of the kernel has to pass:
// packages generated from them are built and checked for many machines, and what
// they put on the wire is compared with the codec of gen/dynamic.
package conformance

import (
	"bytes"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"go/types"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"text/tabwriter"
	"time"

	"github.com/nlgen/nlgen/gen"
	"github.com/nlgen/nlgen/gen/model"
	"github.com/nlgen/nlgen/internal/kernelsrc"
	"github.com/nlgen/nlgen/internal/tempmod"
)

const (
	// maxTime is what all of the kernel's specs together may take.
	maxTime = 3 * time.Second
	// maxLines bounds the generated lines per field of a message.
	maxLines = 12
)

// A result is what became of one spec.
type result struct {
	spec   string
	family *model.Family
	files  []gen.File
	took   time.Duration
}

// generateAll generates the kernel's specs, unmodified.
func generateAll(t *testing.T) []result {
	t.Helper()
	specs, err := filepath.Glob(filepath.Join(kernelsrc.Specs(t), "*.yaml"))
	if err != nil || len(specs) == 0 {
		t.Fatalf("no specs: %v", err)
	}
	var results []result
	for _, path := range specs {
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		start := time.Now()
		family, diags := gen.Load(filepath.Base(path), data, gen.Options{})
		if err := diags.Err(); err != nil {
			t.Fatal(err)
		}
		files, err := gen.Go(family)
		if err != nil {
			t.Fatal(err)
		}
		results = append(results, result{filepath.Base(path), family, files, time.Since(start)})
	}
	return results
}

// TestKernelSpecs logs what the kernel's specs generate, and bounds its size and
// the time it takes.
func TestKernelSpecs(t *testing.T) { report(t, generateAll(t)) }

// TestKernelBuilds builds and checks the packages for every kind of machine.
func TestKernelBuilds(t *testing.T) {
	if testing.Short() {
		t.Skip("takes minutes the first time")
	}
	m := tempmod.New(t)
	for _, r := range generateAll(t) {
		for _, f := range r.files {
			m.Write(filepath.Join(r.family.Package, f.Name), f.Data)
		}
	}
	staticcheck := buildStaticcheck(t)
	for _, arch := range []string{"amd64", "386", "arm64", "s390x"} {
		env := []string{"GOOS=linux", "GOARCH=" + arch, "CGO_ENABLED=0"}
		m.Run(env, "go", "vet", "./...")
		m.Run(env, staticcheck, "./...")
	}
	for _, goos := range []string{"darwin", "windows"} {
		m.Run([]string{"GOOS=" + goos, "CGO_ENABLED=0"}, "go", "build", "./...")
	}
}

// buildStaticcheck returns a staticcheck that runs on this machine, whatever
// machine it checks for.
func buildStaticcheck(t *testing.T) string {
	t.Helper()
	bin := filepath.Join(t.TempDir(), "staticcheck")
	cmd := exec.Command("go", "build", "-o", bin, "honnef.co/go/tools/cmd/staticcheck")
	cmd.Dir = filepath.Join(tempmod.Root(t), "internal", "tools")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("staticcheck: %v\n%s", err, out)
	}
	return bin
}

// report logs the table of specs and checks the limits on time and size.
func report(t *testing.T, results []result) {
	t.Helper()
	var b strings.Builder
	w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', tabwriter.AlignRight)
	row := func(name string, ops, attrs, fields, lines int, took time.Duration) {
		fmt.Fprintf(w, "%s\t%d\t%d\t%d\t%d\t%.1f\t%.3f\t\n", name, ops, attrs, fields, lines,
			float64(lines)/float64(fields), took.Seconds())
	}
	fmt.Fprintln(w, "spec\toperations\tattributes\tfields\tlines\tper field\tseconds\t")
	var ops, attrs, fields, lines int
	var took time.Duration
	for _, r := range results {
		o, a, f, l := len(r.family.Ops), countAttrs(r.family), countFields(r.family), countLines(r.files)
		row(r.spec, o, a, f, l, r.took)
		ops, attrs, fields, lines, took = ops+o, attrs+a, fields+f, lines+l, took+r.took
	}
	row("all", ops, attrs, fields, lines, took)
	if err := w.Flush(); err != nil {
		t.Fatal(err)
	}
	t.Log("\n" + b.String())
	if took > maxTime {
		t.Errorf("generating took %v, more than %v", took, maxTime)
	}
	perField := float64(fieldLines(t, results)) / float64(fields)
	t.Logf("%.1f lines per field: declaration, encode, decode, tables", perField)
	if perField > maxLines {
		t.Errorf("%.1f lines per field, more than %d", perField, maxLines)
	}
}

// fieldLines counts the lines of messages and of their tables, all but what
// belongs to operations: their descriptions and the methods of the client.
func fieldLines(t *testing.T, results []result) int {
	n := 0
	for _, r := range results {
		for _, f := range r.files {
			if f.Name == "attrs_gen.go" || f.Name == "ops_gen.go" {
				n += bytes.Count(f.Data, []byte("\n")) - operationLines(t, f)
			}
		}
	}
	return n
}

func operationLines(t *testing.T, f gen.File) int {
	t.Helper()
	fset := token.NewFileSet()
	file, err := parser.ParseFile(fset, f.Name, f.Data, parser.ParseComments)
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, d := range file.Decls {
		var doc *ast.CommentGroup
		switch d := d.(type) {
		case *ast.FuncDecl:
			if d.Recv == nil || types.ExprString(d.Recv.List[0].Type) != "*Client" {
				continue
			}
			doc = d.Doc
		case *ast.GenDecl:
			if v, ok := d.Specs[0].(*ast.ValueSpec); !ok || !strings.HasPrefix(v.Names[0].Name, "op") {
				continue
			}
			doc = d.Doc
		}
		start := d.Pos()
		if doc != nil {
			start = doc.Pos()
		}
		n += fset.Position(d.End()).Line - fset.Position(start).Line + 2 // and a blank line
	}
	return n
}

func countAttrs(f *model.Family) int {
	n := 0
	for _, s := range f.Sets {
		n += len(s.Attrs)
	}
	return n
}

func countFields(f *model.Family) int {
	n := 0
	for _, m := range f.Messages {
		n += len(m.Fields)
	}
	return n
}

func countLines(files []gen.File) int {
	n := 0
	for _, f := range files {
		n += bytes.Count(f.Data, []byte("\n"))
	}
	return n
}

// TestSameOutput generates everything twice.
func TestSameOutput(t *testing.T) {
	first, second := generateAll(t), generateAll(t)
	for i, r := range first {
		for j, f := range r.files {
			if !bytes.Equal(f.Data, second[i].files[j].Data) {
				t.Errorf("%s: %s differs from one run to the next", r.spec, f.Name)
			}
		}
	}
}
