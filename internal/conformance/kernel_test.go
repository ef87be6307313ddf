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
	perField := 0.0
	for _, r := range results {
		for _, f := range r.files {
			perField += float64(messageLines(t, f)) / float64(fields)
		}
	}
	t.Logf("%.1f lines per field: declaration, encode, decode, tables", perField)
	if perField > maxLines {
		t.Errorf("%.1f lines per field, more than %d", perField, maxLines)
	}
}

// messageLines counts the lines of message types with their comments, of their
// codecs, and of the tables of attributes.
func messageLines(t *testing.T, file gen.File) int {
	if file.Name != "attrs_gen.go" && file.Name != "ops_gen.go" && file.Name != "events_gen.go" {
		return 0
	}
	fset := token.NewFileSet()
	f, err := parser.ParseFile(fset, file.Name, file.Data, parser.ParseComments)
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, decl := range f.Decls {
		var doc *ast.CommentGroup
		var counts bool
		switch d := decl.(type) {
		case *ast.FuncDecl:
			doc, counts = d.Doc, d.Name.Name == "Encode" || d.Name.Name == "Decode"
		case *ast.GenDecl:
			doc, counts = d.Doc, d.Tok == token.TYPE || d.Tok == token.CONST || isSchema(d)
		}
		if !counts {
			continue
		}
		const blank = 1 // the line after it
		n += fset.Position(decl.End()).Line - fset.Position(decl.Pos()).Line + 1 + blank
		if doc != nil {
			n += len(doc.List)
		}
	}
	return n
}

func isSchema(d *ast.GenDecl) bool {
	v, ok := d.Specs[0].(*ast.ValueSpec)
	return ok && v.Names[0].Name == "schema"
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
