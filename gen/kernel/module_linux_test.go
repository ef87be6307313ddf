package kernel_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"golang.org/x/tools/txtar"

	"github.com/nlgen/nlgen/gen"
	"github.com/nlgen/nlgen/gen/kernel"
	"github.com/nlgen/nlgen/gen/model"
	"github.com/nlgen/nlgen/internal/kernelsrc"
	"github.com/nlgen/nlgen/internal/testenv"
	"github.com/nlgen/nlgen/internal/vm"
)

// handlers has what the tests of the modules in a guest fill in.
const handlers = "../../internal/vm/modules/testdata/"

// modules are the specs that modules are built from.
var modules = []struct {
	spec     string
	handlers string // instead of the stubs that are generated
}{
	{"../../specs/demo.yaml", "testdata/demo_handlers.c"},
	{"../../specs/demo.yaml", ""},
	{"../../specs/mytest.yaml", ""},
	{"../../specs/mytest.yaml", handlers + "mytest_handlers.c"},
	{"../../specs/hello.yaml", ""},
	{"../../specs/hello.yaml", handlers + "hello_handlers.c"},
	{"../../specs/imp2.yaml", ""},
	{"../../specs/imp2.yaml", handlers + "imp2_handlers.c"},
	{"../../specs/exam.yaml", ""},
	{"../../specs/exam.yaml", handlers + "exam_handlers.c"},
	{shapes, "testdata/shapes_handlers.c"},
	{shapes, ""},
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
	m := vm.BuildModule(t, dir, strict()...)
	noComplaints(t, m)
	return m
}

// strict are the arguments of make for all warnings, of sparse too if there is one.
func strict() []string {
	if _, err := exec.LookPath("sparse"); err == nil {
		return []string{"W=1", "C=1"}
	}
	return []string{"W=1"}
}

func noComplaints(t *testing.T, m *vm.Module) {
	t.Helper()
	for _, line := range complaint.FindAllString(m.Output, -1) {
		t.Error(line)
	}
}

// TestConstructs builds a module for each construct that specs have.
func TestConstructs(t *testing.T) {
	dir, _ := buildConstructs(t)
	checkStyle(t, dir, "*/")
}

// buildConstructs returns the modules and where they were generated.
func buildConstructs(t *testing.T) (dir string, built []*vm.Module) {
	t.Helper()
	dir = t.TempDir()
	specs := constructs(t)
	var list strings.Builder
	for _, f := range specs {
		name := strings.TrimSuffix(f.Name, ".yaml")
		writeFamily(t, loadBytes(t, f.Name, f.Data, gen.Options{}), filepath.Join(dir, name))
		fmt.Fprintf(&list, "obj-m += %s/\n", name)
	}
	if err := os.WriteFile(filepath.Join(dir, "Kbuild"), []byte(list.String()), 0o644); err != nil {
		t.Fatal(err)
	}
	built = vm.BuildModules(t, dir, strict()...)
	if len(built) != len(specs) {
		t.Fatalf("%d modules were built, want %d", len(built), len(specs))
	}
	noComplaints(t, built[0])
	return dir, built
}

func constructs(t *testing.T) []txtar.File {
	t.Helper()
	archive, err := txtar.ParseFile("testdata/constructs.txtar")
	if err != nil {
		t.Fatal(err)
	}
	return archive.Files
}

// writeModule generates the module of a family into a new directory.
func writeModule(t *testing.T, spec string) string {
	t.Helper()
	dir := t.TempDir()
	writeFamily(t, load(t, spec, gen.Options{}), dir)
	return dir
}

func writeFamily(t *testing.T, f *model.Family, dir string) {
	t.Helper()
	files, err := kernel.Emit(f, kernel.Options{})
	if err != nil {
		t.Fatal(err)
	}
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
}

// ignored are the checks of checkpatch that do not fit.
var ignored = strings.Join([]string{
	"CAMELCASE",          // _Static_assert is a keyword of C
	"FILE_PATH_CHANGES",  // there is no MAINTAINERS file to be listed in
	"CONFIG_DESCRIPTION", // a short description is one
	// Programs that include a UAPI header do not have __packed.
	"PREFER_DEFINED_ATTRIBUTE_MACRO",
}, ",")

// TestStyle has the kernel's own script look at everything that is generated.
func TestStyle(t *testing.T) {
	for _, m := range modules {
		own := []string{}
		if m.handlers != "" {
			own = append(own, m.handlers)
		}
		checkStyle(t, writeModule(t, m.spec), "", own...)
	}
}

// checkStyle has the kernel's own script look at the files of modules, in directories
// below dir that fit a pattern, and at others.
func checkStyle(t *testing.T, dir, pattern string, files ...string) {
	t.Helper()
	script := filepath.Join(kernelsrc.Dir(t), "scripts", "checkpatch.pl")
	perl := testenv.Program(t, "perl")
	for _, kind := range []string{"*.[ch]", "uapi/linux/*.h", "K*"} {
		list, err := filepath.Glob(filepath.Join(dir, pattern+kind))
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, list...)
	}
	for i, file := range files {
		abs, err := filepath.Abs(file)
		if err != nil {
			t.Fatal(err)
		}
		files[i] = abs
	}
	cmd := exec.Command(perl, append([]string{script, "--no-tree", "--strict", "--terse", "--no-summary",
		"--ignore", ignored, "-f"}, files...)...)
	cmd.Dir = t.TempDir() // where it leaves a file
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}
