package conformance

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/nlgen/nlgen/gen"
	"github.com/nlgen/nlgen/gen/golang"
	"github.com/nlgen/nlgen/internal/kernelsrc"
	"github.com/nlgen/nlgen/internal/tempmod"
	"github.com/nlgen/nlgen/internal/testenv"
)

// TestWire runs the round trips of every package, generated from the kernel's
// specs and from ours, and compares the bytes with those of gen/dynamic: on this
// machine, and on a big-endian one.
func TestWire(t *testing.T) {
	m := tempmod.New(t)
	addPackages(t, m, "kernel", kernelsrc.Specs(t))
	addPackages(t, m, "newer", filepath.Join(tempmod.Root(t), "internal", "conformance", "testdata", "newer"))
	addPackages(t, m, "ours", filepath.Join(tempmod.Root(t), "specs"))
	onEachMachine(t, m)
}

// onEachMachine runs the tests of a module on this machine, and on a big-endian one.
func onEachMachine(t *testing.T, m *tempmod.Module) {
	t.Run("native", func(t *testing.T) {
		m.Run(nil, "go", "test", "./...")
	})
	t.Run("s390x", func(t *testing.T) {
		qemu := testenv.Program(t, "qemu-s390x-static")
		m.Run([]string{"GOARCH=s390x", "CGO_ENABLED=0"}, "go", "test", "-exec", qemu, "./...")
	})
}

// addPackages generates the packages of the specs in a directory, each with its tests.
func addPackages(t *testing.T, m *tempmod.Module, group, dir string) {
	t.Helper()
	specs, err := filepath.Glob(filepath.Join(dir, "*.yaml"))
	if err != nil || len(specs) == 0 {
		t.Fatalf("no specs in %s: %v", dir, err)
	}
	for _, spec := range specs {
		addPackage(t, m, group, spec)
	}
}

// addPackage generates the package of a spec, with its tests.
func addPackage(t *testing.T, m *tempmod.Module, group, spec string) {
	t.Helper()
	data, err := os.ReadFile(spec)
	if err != nil {
		t.Fatal(err)
	}
	family, diags := gen.Load(spec, data, gen.Options{})
	if err := diags.Err(); err != nil {
		t.Fatal(err)
	}
	files, err := gen.Go(family)
	if err != nil {
		t.Fatal(err)
	}
	test, err := golang.EmitTest(family, golang.Options{})
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range append(files, gen.File{Name: test.Name, Data: test.Data}) {
		m.Write(filepath.Join(group, family.Package, f.Name), f.Data)
	}
	m.Write(filepath.Join(group, family.Package, "wire_test.go"), fmt.Appendf(nil, `package %s

import (
	"testing"

	"github.com/nlgen/nlgen/internal/conformance"
)

func TestWire(t *testing.T) { conformance.Compare(t, %q, roundTrip) }
`, family.Package, spec))
}
