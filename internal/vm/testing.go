//go:build linux

package vm

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/nlgen/nlgen/internal/testenv"
)

// InGuest is a variable of the environment that is set for the tests that run in a
// guest. Nothing that they need may be missing there.
const InGuest = "NLGEN_VM"

// check skips the test if err says that the machine lacks something, or lets it
// fail in CI and for any other error.
func check(tb testing.TB, err error) {
	tb.Helper()
	switch {
	case errors.Is(err, ErrMissing):
		testenv.Missing(tb, "%v", err)
	case err != nil:
		tb.Fatal(err)
	}
}

// Start boots a guest that lasts as long as the test, which fails if the kernel
// reports a problem at the end. Without the kernel or QEMU the test is skipped, or
// fails if the environment says CI=true.
func Start(tb testing.TB, cfg Config) *Guest {
	tb.Helper()
	g, err := Boot(tb.Context(), cfg)
	check(tb, err)
	tb.Cleanup(func() {
		if err := g.Shutdown(); err != nil {
			tb.Error(err)
		}
	})
	return g
}

// A Shared guest serves all tests of a package. It is booted when the first one
// asks for it, and again after one has ended it by a panic.
type Shared struct {
	Config Config

	mu    sync.Mutex
	guest *Guest
}

// Get returns the guest; see [Start] for what happens without one.
func (s *Shared) Get(tb testing.TB) *Guest {
	tb.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.guest == nil || s.guest.failed() {
		// The guest outlives the test, so the test's context is not for it.
		g, err := Boot(context.Background(), s.Config)
		check(tb, err)
		s.guest = g
	}
	return s.guest
}

// Stop ends the guest, to make room for one that a test boots for itself. The next
// Get boots another.
func (s *Shared) Stop(tb testing.TB) {
	tb.Helper()
	if err := s.stop(); err != nil {
		tb.Error(err)
	}
}

func (s *Shared) stop() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.guest == nil {
		return nil
	}
	g := s.guest
	s.guest = nil
	return g.Shutdown()
}

// Main runs the tests of a package, ends the guest and returns the status to exit
// with.
func (s *Shared) Main(m *testing.M) int {
	status := m.Run()
	if err := s.stop(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return status
}

// BuildModule builds a module as [Build] does. Without the headers or a compiler the
// test is skipped, or fails in CI.
func BuildModule(tb testing.TB, dir string, args ...string) *Module {
	tb.Helper()
	m, err := Build(tb.Context(), dir, args...)
	check(tb, err)
	return m
}

// BuildModules builds modules as [BuildAll] does; see [BuildModule].
func BuildModules(tb testing.TB, dir string, args ...string) []*Module {
	tb.Helper()
	list, err := BuildAll(tb.Context(), dir, args...)
	check(tb, err)
	return list
}

// Headers returns the release of the guest's kernel, as uname -r prints it there, and
// the directory of the host in which modules for it are built. Without the kernel the
// test is skipped, or fails in CI.
func Headers(tb testing.TB) (release, dir string) {
	tb.Helper()
	k, err := findKernel()
	check(tb, err)
	return k.release, k.headers()
}

// RunTests compiles the tests of a package, runs them in the guest, and reports each
// as a subtest. The flags are those of the test binary, like "-test.run=X". The
// environment has CI=true and the variable [InGuest], so what is missing is a
// failure.
func RunTests(t *testing.T, g *Guest, pkg string, flags ...string) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "test")
	build := exec.CommandContext(t.Context(), "go", "test", "-c", "-o", file, pkg)
	build.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS=linux", "GOARCH=amd64")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%s: %v\n%s", build, err, out)
	}
	binary, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	inside := "/tests/" + path.Base(pkg) + ".test"
	if err := g.Put(t.Context(), inside, binary); err != nil {
		t.Fatal(err)
	}
	start := time.Now()
	res, err := g.RunCmd(t.Context(), Cmd{
		Args: append([]string{inside, "-test.v=test2json"}, flags...),
		Env:  []string{"CI=true", InGuest + "=1"},
		Dir:  "/tests",
	})
	t.Logf("%s: %.1f s in the guest", pkg, time.Since(start).Seconds())
	root, perr := parseTests(t.Context(), res.Stdout)
	if perr != nil {
		t.Fatal(perr)
	}
	if len(root.children) == 0 {
		t.Errorf("%s has no tests to run in the guest", pkg)
	}
	root.report(t)
	if exit := new(ExitError); errors.As(err, &exit) && root.anyFailed() && !errors.As(err, new(*KernelError)) {
		return // the subtests say why
	}
	if err != nil {
		t.Errorf("%v\n%s", err, res.Stderr)
	}
}

// A testNode is a test that ran in the guest, with its subtests.
type testNode struct {
	name     string // without that of its parent
	action   string // how it ended: "pass", "fail" or "skip"; empty if it did not
	output   strings.Builder
	children []*testNode
}

// parseTests reads the output of a test binary. The root of the tree stands for the
// whole of it.
func parseTests(ctx context.Context, output []byte) (*testNode, error) {
	convert := exec.CommandContext(ctx, "go", "tool", "test2json")
	convert.Stdin = bytes.NewReader(output)
	out, err := convert.Output()
	if err != nil {
		return nil, fmt.Errorf("%s: %w", convert, err)
	}
	nodes := map[string]*testNode{"": {}}
	for dec := json.NewDecoder(bytes.NewReader(out)); dec.More(); {
		var ev struct{ Action, Test, Output string }
		if err := dec.Decode(&ev); err != nil {
			return nil, err
		}
		n := findTest(nodes, ev.Test)
		switch ev.Action {
		case "output":
			n.output.WriteString(ev.Output)
		case "pass", "fail", "skip":
			n.action = ev.Action
		}
	}
	return nodes[""], nil
}

// findTest returns the node of a test, which is new if it is the first time.
func findTest(nodes map[string]*testNode, name string) *testNode {
	if n, ok := nodes[name]; ok {
		return n
	}
	i := strings.LastIndex(name, "/")
	parent := name[:max(i, 0)]
	n := &testNode{name: name[i+1:]}
	nodes[name] = n
	up := findTest(nodes, parent)
	up.children = append(up.children, n)
	return n
}

// report makes subtests of the tests below a node.
func (n *testNode) report(t *testing.T) {
	for _, c := range n.children {
		t.Run(c.name, func(t *testing.T) {
			c.report(t)
			t.Log(c.output.String())
			switch c.action {
			case "pass":
			case "skip":
				t.Skip("skipped in the guest")
			default:
				t.Error("failed in the guest")
			}
		})
	}
}

func (n *testNode) anyFailed() bool {
	for _, c := range n.children {
		if c.action != "pass" && c.action != "skip" {
			return true
		}
	}
	return false
}
