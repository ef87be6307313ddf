package kernel_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/nlgen/nlgen/gen"
	"github.com/nlgen/nlgen/gen/kernel"
	"github.com/nlgen/nlgen/internal/kernelsrc"
	"github.com/nlgen/nlgen/internal/vm"
)

// modules are the specs that modules are built from.
var modules = []struct {
	spec     string
	handlers string // instead of the stubs that are generated
}{
	{"../../specs/demo.yaml", "testdata/demo_handlers.c"},
	{"../../specs/demo.yaml", ""},
	{"../../specs/mytest.yaml", ""},
	{"../../specs/hello.yaml", ""},
	{"../../specs/imp2.yaml", ""},
	{"../../specs/exam.yaml", ""},
	{classic, "testdata/notes_handlers.c"},
	{classic, ""},
}

// TestModules builds modules, with all warnings, as they are generated. If there is
// sparse, it has no complaints either.
func TestModules(t *testing.T) {
	for _, m := range modules {
		name := strings.TrimSuffix(filepath.Base(m.spec), ".yaml")
		if m.handlers != "" {
			name += "-handlers"
		}
		t.Run(name, func(t *testing.T) {
			buildModule(t, m.spec, m.handlers)
		})
	}
}

var complaint = regexp.MustCompile(`(?m)^.*(warning|error):.*$`)

// buildModule generates and builds the module of a family.
func buildModule(t *testing.T, spec, handlers string) *vm.Module {
	t.Helper()
	dir := writeModule(t, spec)
	if handlers != "" {
		own, err := filepath.Glob(filepath.Join(dir, "*_handlers.c"))
		if err != nil || len(own) != 1 {
			t.Fatal(own, err)
		}
		if err := os.WriteFile(own[0], read(t, handlers), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	args := []string{"W=1"}
	if _, err := exec.LookPath("sparse"); err == nil {
		args = append(args, "C=1")
	}
	m := vm.BuildModule(t, dir, args...)
	for _, line := range complaint.FindAllString(m.Output, -1) {
		t.Error(line)
	}
	return m
}

// writeModule generates the module of a family into a new directory.
func writeModule(t *testing.T, spec string) string {
	t.Helper()
	files, err := kernel.Emit(load(t, spec, gen.Options{}), kernel.Options{})
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	for _, file := range files {
		path := filepath.Join(dir, file.Name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, file.Data, 0o644); err != nil {
			t.Fatal(err)
		}
		if file.Once != strings.HasSuffix(file.Name, "_handlers.c") {
			t.Errorf("%s: Once is %v", file.Name, file.Once)
		}
	}
	return dir
}

// ignored are the checks of checkpatch that do not fit.
var ignored = strings.Join([]string{
	"CAMELCASE",          // _Static_assert is a keyword of C
	"FILE_PATH_CHANGES",  // there is no MAINTAINERS file to be listed in
	"CONFIG_DESCRIPTION", // a short description is one
}, ",")

// TestStyle has the kernel's own script look at everything that is generated.
func TestStyle(t *testing.T) {
	script := filepath.Join(kernelsrc.Dir(t), "scripts", "checkpatch.pl")
	perl, err := exec.LookPath("perl")
	if err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal("no perl, and CI must run this test")
		}
		t.Skip("no perl")
	}
	for _, m := range modules {
		dir := writeModule(t, m.spec)
		var files []string
		for _, pattern := range []string{"*.[ch]", "uapi/linux/*.h", "K*"} {
			list, err := filepath.Glob(filepath.Join(dir, pattern))
			if err != nil {
				t.Fatal(err)
			}
			files = append(files, list...)
		}
		if m.handlers != "" {
			files = append(files, m.handlers)
		}
		cmd := exec.Command(perl, append([]string{script, "--no-tree", "--strict", "--terse", "--no-summary",
			"--ignore", ignored, "-f"}, files...)...)
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Errorf("%s: %v\n%s", m.spec, err, out)
		}
	}
}
