// Package tempmod gives tests a temporary Go module that uses nlgen's source and
// its dependencies, so that generated code can be built without the network.
package tempmod

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// Path is the path of the module. It lies below nlgen's, so that packages may
// import nlgen's internal ones.
const Path = "github.com/nlgen/nlgen/tempmod"

// A Module is a temporary module.
type Module struct {
	Dir string
	tb  testing.TB
}

// New makes an empty module that lasts as long as the test.
func New(tb testing.TB) *Module {
	tb.Helper()
	m := &Module{Dir: tb.TempDir(), tb: tb}
	root := Root(tb)
	for name, edit := range map[string]func([]byte) []byte{
		"go.mod": func(b []byte) []byte {
			b = bytes.Replace(b, []byte("module github.com/nlgen/nlgen\n"), []byte("module "+Path+"\n"), 1)
			return fmt.Appendf(b, "\nrequire github.com/nlgen/nlgen v0.0.0\nreplace github.com/nlgen/nlgen => %s\n", root)
		},
		"go.sum": func(b []byte) []byte { return b },
	} {
		b, err := os.ReadFile(filepath.Join(root, name))
		if err != nil {
			tb.Fatal(err)
		}
		m.Write(name, edit(b))
	}
	return m
}

// Root returns the directory of nlgen's source. The working directory must be
// inside it, as that of a test is.
func Root(tb testing.TB) string {
	tb.Helper()
	out, err := exec.Command("go", "env", "GOMOD").Output()
	if err != nil {
		tb.Fatal(err)
	}
	return filepath.Dir(strings.TrimSpace(string(out)))
}

// Write writes a file, whose name is relative to the module.
func (m *Module) Write(name string, data []byte) {
	m.tb.Helper()
	path := filepath.Join(m.Dir, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
		m.tb.Fatal(err)
	}
	if err := os.WriteFile(path, data, 0o666); err != nil {
		m.tb.Fatal(err)
	}
}

// Run runs a command in the module, with additions to the environment, and
// returns what it printed. The test fails if the command does.
func (m *Module) Run(env []string, name string, args ...string) string {
	m.tb.Helper()
	cmd := exec.Command(name, args...)
	cmd.Dir = m.Dir
	cmd.Env = append(append(os.Environ(), "GOFLAGS=-mod=mod"), env...)
	out, err := cmd.CombinedOutput()
	if err != nil {
		m.tb.Fatalf("%s %s: %v\n%s", strings.Join(env, " "), strings.Join(cmd.Args, " "), err, out)
	}
	return string(out)
}
