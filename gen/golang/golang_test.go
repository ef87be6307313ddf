package golang_test

import (
	"bytes"
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
	module.run("go", "vet", "./...")
	module.run("go", "test", "./...")
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
		runs[i] = append(files, test)
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

func (m module) run(name string, args ...string) {
	cmd := exec.Command(name, args...)
	cmd.Dir = m.dir
	if out, err := cmd.CombinedOutput(); err != nil {
		m.Errorf("%s: %v\n%s", cmd, err, out)
	}
}
