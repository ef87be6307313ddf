package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/nlgen/nlgen/internal/tempmod"
)

// sourceDir returns the directory of nlgen's source.
func sourceDir(t *testing.T) string {
	t.Helper()
	return tempmod.Root(t)
}

// TestInit follows the advice that nlgen init prints, as any user may. After go
// mod tidy nothing needs the network.
func TestInit(t *testing.T) {
	t.Run("new directory", func(t *testing.T) { testInit(t, false) })
	t.Run("working directory", func(t *testing.T) { testInit(t, true) })
}

func testInit(t *testing.T, existing bool) {
	source := sourceDir(t)
	dir := filepath.Join(t.TempDir(), "new", "hello")
	if existing {
		if err := os.MkdirAll(dir, 0o777); err != nil {
			t.Fatal(err)
		}
		t.Chdir(dir)
		dir = "."
	}
	r := nlgen("init", "--module", "example.com/hello", "--replace", source, dir)
	r.want(t, exitOK)
	if !strings.Contains(r.stdout, "Made example.com/hello") {
		t.Errorf("stdout %s", r.stdout)
	}
	if out := inModule(t, dir, "gofmt", "-l", "."); out != "" {
		t.Errorf("not gofmt-clean: %s", out)
	}
	inModule(t, dir, "go", "mod", "tidy")
	t.Setenv("GOPROXY", "off")
	before := contents(t, filepath.Join(dir, "families"))
	inModule(t, dir, "go", "generate", "./...")
	if after := contents(t, filepath.Join(dir, "families")); after != before {
		t.Errorf("go generate changes what init has generated:\n%s\n%s", before, after)
	}
	inModule(t, dir, "go", "vet", "./...")
	inModule(t, dir, "go", "test", "./...")
	if out := inModule(t, dir, "go", "run", "."); !strings.Contains(out, " nlctrl ") {
		t.Errorf("the program does not list nlctrl: %s", out)
	}
	if out := inModule(t, dir, "go", "tool", "nlgen", "lint", "families.yaml"); out != "" {
		t.Errorf("lint: %s", out)
	}
}

// inModule runs a command in dir and returns what it prints.
func inModule(t *testing.T, dir, name string, args ...string) string {
	t.Helper()
	cmd := exec.Command(name, args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GOWORK=off")
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%s %v: %v\n%s", name, args, err, out)
	}
	return string(out)
}

// contents returns the contents of all files in dir.
func contents(t *testing.T, dir string) string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var all strings.Builder
	for _, e := range entries {
		data, err := os.ReadFile(filepath.Join(dir, e.Name()))
		if err != nil {
			t.Fatal(err)
		}
		all.WriteString(e.Name() + "\n" + string(data))
	}
	return all.String()
}
