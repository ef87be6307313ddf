package resolve_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/nlgen/nlgen/gen/diag"
	"github.com/nlgen/nlgen/gen/errata"
	"github.com/nlgen/nlgen/gen/model"
	"github.com/nlgen/nlgen/gen/resolve"
	"github.com/nlgen/nlgen/gen/spec"
	"github.com/nlgen/nlgen/gen/tree"
	"github.com/nlgen/nlgen/internal/golden"
	"github.com/nlgen/nlgen/internal/kernelsrc"
)

// load reads a tree that must be well formed.
func load(t *testing.T, name string, data []byte) *tree.Node {
	t.Helper()
	node, diags := tree.Load(name, data)
	if err := diags.Err(); err != nil {
		t.Fatal(err)
	}
	return node
}

// decode reads a spec that must be well formed.
func decode(t *testing.T, node *tree.Node) *spec.Spec {
	t.Helper()
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
		s := decode(t, load(t, "spec.yaml", []byte(in["spec.yaml"])))
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
	for name, node := range specs(t, "../../specs") {
		t.Run(name, func(t *testing.T) {
			if diags := resolveTwice(t, node); len(diags) > 0 {
				t.Errorf("%v", diags)
			}
		})
	}
}

// TestKernelSpecs resolves the kernel's specs with the known errata.
func TestKernelSpecs(t *testing.T) {
	for name, node := range specs(t, kernelsrc.Specs(t)) {
		t.Run(name, func(t *testing.T) {
			node, _ = errata.Apply(node)
			if diags := resolveTwice(t, node); diags.HasErrors() {
				t.Errorf("%v", diags.Filter(diag.Error))
			}
		})
	}
}

// TestDamagedSpecs takes away one thing after the other from the kernel's
// specs: whatever is missing, resolving must not panic.
func TestDamagedSpecs(t *testing.T) {
	const step = 23 // a prime, so that all kinds of things are hit
	for name, node := range specs(t, kernelsrc.Specs(t)) {
		t.Run(name, func(t *testing.T) {
			for i := 0; ; i += step {
				damaged := node.Clone()
				if left := i; !remove(damaged, &left) {
					break
				}
				if s, diags := spec.Decode(damaged, spec.Options{}); !diags.HasErrors() {
					resolve.Resolve(s, resolve.Options{})
				}
			}
		})
	}
}

// remove takes the nth field or item, counted in depth-first order, out of a
// tree.
func remove(node *tree.Node, n *int) bool {
	for i, f := range node.Fields {
		if *n == 0 {
			node.Fields = slices.Delete(node.Fields, i, i+1)
			return true
		}
		if *n--; remove(f.Value, n) {
			return true
		}
	}
	for i, item := range node.Items {
		if *n == 0 {
			node.Items = slices.Delete(node.Items, i, i+1)
			return true
		}
		if *n--; remove(item, n) {
			return true
		}
	}
	return false
}

// specs loads every spec in a directory.
func specs(t *testing.T, dir string) map[string]*tree.Node {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "*.yaml"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no spec in %s: %v", dir, err)
	}
	nodes := map[string]*tree.Node{}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		name := filepath.Base(file)
		nodes[name] = load(t, name, data)
	}
	return nodes
}

// resolveTwice resolves a spec and checks that a second run gives the same.
func resolveTwice(t *testing.T, node *tree.Node) diag.List {
	t.Helper()
	s := decode(t, node)
	f, diags := resolve.Resolve(s, resolve.Options{})
	again, _ := resolve.Resolve(s, resolve.Options{})
	if diff := cmp.Diff(dump(t, f), dump(t, again)); diff != "" {
		t.Errorf("a second run differs:\n%s", diff)
	}
	return diags
}
