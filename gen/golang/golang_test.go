package golang_test

import (
	"bytes"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/nlgen/nlgen/gen"
	"github.com/nlgen/nlgen/gen/golang"
	"github.com/nlgen/nlgen/gen/model"
	"github.com/nlgen/nlgen/internal/golden"
	"github.com/nlgen/nlgen/internal/tempmod"
)

// TestGolden compares what the specs in testdata generate with what it was, so
// that a change of the emitter shows as a change of code. The package of each is
// then built, vetted and tested with the real runtime.
func TestGolden(t *testing.T) {
	module := tempmod.New(t)
	golden.Run(t, "testdata/*.txtar", func(t *testing.T, in golden.Files) golden.Files {
		f := load(t, "spec.yaml", []byte(in["spec.yaml"]))
		show := strings.Fields(in["show"])
		want := golden.Files{}
		for _, file := range emit(t, f) {
			module.Write(filepath.Join(f.Package, file.Name), file.Data)
			if slices.Contains(show, file.Name) {
				want[file.Name] = string(file.Data)
			}
		}
		for name, text := range in {
			if strings.HasSuffix(name, "_test.go") {
				module.Write(filepath.Join(f.Package, name), []byte(text))
			}
		}
		return want
	})
	module.Run(nil, "go", "vet", "./...")
	module.Run(nil, "go", "test", "-trimpath", "./...")
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
