package golang_test

import (
	"bytes"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/nlgen/nlgen/gen"
	"github.com/nlgen/nlgen/gen/golang"
	"github.com/nlgen/nlgen/gen/model"
	"github.com/nlgen/nlgen/internal/golden"
	"github.com/nlgen/nlgen/internal/kernelsrc"
)

// TestGolden compares what the specs in testdata generate with what it was, so
// that a change of the emitter shows as a change of code. The package of each is
// then built, vetted and tested with the real runtime.
func TestGolden(t *testing.T) {
	module := newModule(t)
	golden.Run(t, "testdata/*.txtar", func(t *testing.T, in golden.Files) golden.Files {
		f := load(t, "spec.yaml", []byte(in["spec.yaml"]))
		show := strings.Fields(in["show"])
		want := golden.Files{}
		for _, file := range emit(t, f) {
			module.write(filepath.Join(f.Package, file.Name), file.Data)
			if slices.Contains(show, file.Name) {
				want[file.Name] = string(file.Data)
			}
		}
		for name, text := range in {
			if strings.HasSuffix(name, "_test.go") {
				module.write(filepath.Join(f.Package, name), []byte(text))
			}
		}
		return want
	})
	module.check()
}

// TestKernelSpecs generates all specs of the kernel, 32-bit and off Linux too.
func TestKernelSpecs(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(kernelsrc.Specs(t), "*.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	module := newModule(t)
	fields, lines := 0, 0
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		f := load(t, filepath.Base(file), data)
		for _, m := range f.Messages {
			fields += len(m.Fields)
		}
		for _, out := range emit(t, f) {
			module.write(filepath.Join(f.Package, out.Name), out.Data)
			lines += messageLines(t, out)
		}
	}
	if most := 12.0; float64(lines) > most*float64(fields) {
		t.Errorf("%d lines for %d fields of messages, more than %v each", lines, fields, most)
	}
	module.check()
	module.run("GOOS=windows GOARCH=386", "go", "build", "./...")
}

func TestNoForm(t *testing.T) {
	f := load(t, "spec.yaml", []byte(`
name: test
protocol: genetlink-legacy
doc: A family for tests.
attribute-sets:
  - name: top
    attributes:
      - {name: on, type: flag, multi-attr: true}
operations:
  list:
    - {name: get, doc: Gets it., attribute-set: top, do: {request: {attributes: [on]}}}
`))
	_, err := golang.Emit(f, golang.Options{})
	want := "spec.yaml:8:9: attribute-sets/top/attributes/on: an attribute of this type cannot repeat"
	if err == nil || err.Error() != want {
		t.Errorf("error %v, want %s", err, want)
	}
}

// messageLines counts the lines of message types with their comments, of their
// codecs, and of the tables of attributes.
func messageLines(t *testing.T, file golang.File) int {
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

func load(t *testing.T, name string, data []byte) *model.Family {
	t.Helper()
	f, diags := gen.Load(name, data, gen.Options{})
	if f == nil {
		t.Fatal(diags)
	}
	return f
}

// emit returns the package of a family with its test. It emits twice: the bytes
// must be the same.
func emit(t *testing.T, f *model.Family) []golang.File {
	t.Helper()
	var runs [2][]golang.File
	for i := range runs {
		files, err := golang.Emit(f, golang.Options{})
		if err != nil {
			t.Fatal(err)
		}
		test, err := golang.EmitTest(f, golang.Options{})
		if err != nil {
			t.Fatal(err)
		}
		server, err := golang.EmitServer(f, golang.Options{})
		if err != nil {
			t.Fatal(err)
		}
		runs[i] = append(files, server, test)
	}
	for i, file := range runs[0] {
		if !bytes.Equal(file.Data, runs[1][i].Data) {
			t.Errorf("%s: two runs differ", file.Name)
		}
	}
	return runs[0]
}

// A module is a Go module in a temporary directory that uses the runtime of
// this one. Its path is below ours, so that it may import internal packages.
type module struct {
	*testing.T
	dir string
}

func newModule(t *testing.T) module {
	m := module{t, t.TempDir()}
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	gomod, err := os.ReadFile(filepath.Join(root, "go.mod"))
	if err != nil {
		t.Fatal(err)
	}
	const path = "github.com/nlgen/nlgen"
	text := strings.Replace(string(gomod), "module "+path, "module "+path+"/golden", 1)
	text += "\nrequire " + path + " v0.0.0\n\nreplace " + path + " => " + root + "\n"
	m.write("go.mod", []byte(text))
	gosum, err := os.ReadFile(filepath.Join(root, "go.sum"))
	if err != nil {
		t.Fatal(err)
	}
	m.write("go.sum", gosum)
	return m
}

func (m module) write(name string, data []byte) {
	file := filepath.Join(m.dir, name)
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		m.Fatal(err)
	}
	if err := os.WriteFile(file, data, 0o644); err != nil {
		m.Fatal(err)
	}
}

// check vets and tests the packages of the module.
func (m module) check() {
	m.run("", "go", "vet", "./...")
	m.run("", "go", "test", "-trimpath", "./...")
}

func (m module) run(env, name string, args ...string) {
	cmd := exec.Command(name, args...)
	cmd.Dir = m.dir
	cmd.Env = append(os.Environ(), strings.Fields(env)...)
	if out, err := cmd.CombinedOutput(); err != nil {
		m.Errorf("%s: %v\n%s", cmd, err, out)
	}
}
