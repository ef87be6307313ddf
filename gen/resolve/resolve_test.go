package resolve_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/nlgen/nlgen/gen/diag"
	"github.com/nlgen/nlgen/gen/model"
	"github.com/nlgen/nlgen/gen/resolve"
	"github.com/nlgen/nlgen/gen/spec"
	"github.com/nlgen/nlgen/gen/tree"
	"github.com/nlgen/nlgen/internal/golden"
	"github.com/nlgen/nlgen/internal/kernelsrc"
)

// decode reads a spec that must be well formed.
func decode(t *testing.T, name string, data []byte) *spec.Spec {
	t.Helper()
	node, diags := tree.Load(name, data)
	if err := diags.Err(); err != nil {
		t.Fatal(err)
	}
	s, diags := spec.Decode(node, spec.Options{})
	if err := diags.Err(); err != nil {
		t.Fatal(err)
	}
	return s
}

func dump(t *testing.T, f *model.Family) string {
	t.Helper()
	var b strings.Builder
	if err := model.Dump(&b, f); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// TestGolden resolves spec.yaml of each archive. The wanted model is there if
// there is no error; operations.txt lists the operations wanted.
func TestGolden(t *testing.T) {
	golden.Run(t, "testdata/*.txtar", func(t *testing.T, in golden.Files) golden.Files {
		s := decode(t, "spec.yaml", []byte(in["spec.yaml"]))
		f, diags := resolve.Resolve(s, resolve.Options{Operations: strings.Fields(in["operations.txt"])})
		out := golden.Files{"errors.txt": diags.String()}
		if !diags.HasErrors() {
			out["model.txt"] = dump(t, f)
		}
		return out
	})
}

// TestSpecs resolves the project's own specs: nothing may be wrong with them.
func TestSpecs(t *testing.T) {
	each(t, "../../specs/*.yaml", func(t *testing.T, diags diag.List) {
		if len(diags) > 0 {
			t.Errorf("%v", diags)
		}
	})
}

// TestKernelSpecs resolves the kernel's specs as they are.
func TestKernelSpecs(t *testing.T) {
	each(t, filepath.Join(kernelsrc.Specs(t), "*.yaml"), func(t *testing.T, diags diag.List) {
		if diags.HasErrors() {
			t.Errorf("%v", diags)
		}
	})
}

func each(t *testing.T, pattern string, check func(*testing.T, diag.List)) {
	files, err := filepath.Glob(pattern)
	if err != nil || len(files) == 0 {
		t.Fatalf("no spec matches %s: %v", pattern, err)
	}
	for _, file := range files {
		name := filepath.Base(file)
		t.Run(name, func(t *testing.T) {
			data, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			s := decode(t, name, data)
			f, diags := resolve.Resolve(s, resolve.Options{})
			check(t, diags)
			again, _ := resolve.Resolve(s, resolve.Options{})
			if dump(t, f) != dump(t, again) {
				t.Error("two runs differ")
			}
		})
	}
}
