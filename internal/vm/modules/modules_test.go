//go:build linux

// Package modules_test builds kernel modules from specs, loads them into a guest with
// Linux 6.12, and talks to them with the generated packages.
package modules_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/nlgen/nlgen/gen"
	"github.com/nlgen/nlgen/gen/kernel"
	"github.com/nlgen/nlgen/internal/vm"
	"github.com/nlgen/nlgen/specs"
)

// families have handlers of ours beside what is generated.
var families = map[string]string{
	"mytest": "testdata/mytest_handlers.c",
	"hello":  "testdata/hello_handlers.c",
	"imp2":   "testdata/imp2_handlers.c",
	"exam":   "testdata/exam_handlers.c",
	"demo":   "../../../gen/kernel/testdata/demo_handlers.c",
}

// TestModules runs the tests of the guest, unloads the modules, and does all that
// once more with modules that were loaded anew: what they left behind would show.
func TestModules(t *testing.T) {
	if os.Getenv(vm.InGuest) != "" {
		t.Skip("this is the guest")
	}
	var files []string
	for name, handlers := range families {
		files = append(files, build(t, name, handlers).File)
	}
	g := vm.Start(t, vm.Config{
		Modules: append([]string{"nlmon"}, files...),
		Files: map[string]string{
			"/usr/bin/send": program(t, "send"),
			"/usr/bin/recv": program(t, "recv"),
		},
	})
	for _, round := range []struct{ name, tests, not string }{
		{"loaded", "^TestGuest", "^TestGuestDemoModule$"},
		{"loaded again", "^TestGuest(Mytest|Hello|Imp2|Exam|DemoModule)$", "^$"},
	} {
		t.Run(round.name, func(t *testing.T) {
			if err := g.Load(t.Context(), files...); err != nil {
				t.Fatal(err)
			}
			vm.RunTests(t, g, "github.com/nlgen/nlgen/internal/vm/modules", "-test.run="+round.tests, "-test.skip="+round.not)
			for name := range families {
				if err := g.Unload(t.Context(), name); err != nil {
					t.Error(err)
				}
			}
		})
	}
}

// build generates and builds the module of a family. All warnings are on, and none
// is accepted.
func build(t *testing.T, name, handlers string) *vm.Module {
	t.Helper()
	spec, ok := specs.Find(name)
	if !ok {
		t.Fatalf("no spec %s", name)
	}
	f, diags := gen.Load(name+".yaml", spec, gen.Options{})
	if f == nil {
		t.Fatal(diags)
	}
	out, err := kernel.Emit(f, kernel.Options{})
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	for _, file := range out {
		if file.Once {
			if file.Data, err = os.ReadFile(handlers); err != nil {
				t.Fatal(err)
			}
		}
		path := filepath.Join(dir, file.Name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, file.Data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return vm.BuildModule(t, dir, "W=1", "KCFLAGS=-Werror")
}

// program builds one of the commands in examples/exam.
func program(t *testing.T, name string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), name)
	cmd := exec.CommandContext(t.Context(), "go", "build", "-o", file, "github.com/nlgen/nlgen/examples/exam/"+name)
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS=linux", "GOARCH=amd64")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%s: %v\n%s", cmd, err, out)
	}
	return file
}
