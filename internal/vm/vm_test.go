//go:build linux

package vm_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/nlgen/nlgen/internal/testenv"
	"github.com/nlgen/nlgen/internal/vm"
)

var guest = vm.Shared{Config: vm.Config{Tools: []string{"ip"}}}

func TestMain(m *testing.M) { os.Exit(guest.Main(m)) }

func trouble(t *testing.T) string {
	t.Helper()
	return vm.BuildModule(t, "testdata/trouble", "W=1").File
}

func TestRun(t *testing.T) {
	g := guest.Get(t)
	res, err := g.Run(t.Context(), "sh", "-c", "echo out; echo err >&2; uname -r")
	if err != nil {
		t.Fatal(err)
	}
	if got, want := string(res.Stdout), "out\n"+g.Release()+"\n"; got != want {
		t.Errorf("stdout = %q, want %q", got, want)
	}
	if got := string(res.Stderr); got != "err\n" {
		t.Errorf("stderr = %q, want err", got)
	}
	if !strings.HasPrefix(g.Release(), "6.12.") {
		t.Errorf("the guest runs %s", g.Release())
	}
}

func TestRunStatus(t *testing.T) {
	g := guest.Get(t)
	for script, want := range map[string]int{"exit 3": 3, "exit 255": 255, "kill -9 $$": 128 + 9} {
		_, err := g.Run(t.Context(), "sh", "-c", "echo why >&2; "+script)
		var exit *vm.ExitError
		if !errors.As(err, &exit) || exit.Status != want || string(exit.Stderr) != "why\n" {
			t.Errorf("%s: %v, want status %d", script, err, want)
		}
	}
	_, err := g.Run(t.Context(), "no-such-command")
	if err == nil || !strings.Contains(err.Error(), "no-such-command") || errors.As(err, new(*vm.ExitError)) {
		t.Errorf("no such command: %v", err)
	}
}

// TestRunBytes sends and receives more than any buffer on the way holds.
func TestRunBytes(t *testing.T) {
	g := guest.Get(t)
	data := make([]byte, 8<<20)
	rand.Read(data)
	var stream bytes.Buffer
	res, err := g.RunCmd(t.Context(), vm.Cmd{
		Args:   []string{"sh", "-c", "cd /tmp && pwd >&2 && echo $X >&2 && cat"},
		Env:    []string{"X=y"},
		Dir:    "/tmp",
		Stdin:  data,
		Stdout: &stream,
	})
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(res.Stdout, data) || !bytes.Equal(stream.Bytes(), data) {
		t.Errorf("%d bytes came back as %d and %d", len(data), len(res.Stdout), stream.Len())
	}
	if got := string(res.Stderr); got != "/tmp\ny\n" {
		t.Errorf("stderr = %q", got)
	}
}

func TestRunTimeout(t *testing.T) {
	g := guest.Get(t)
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	res, err := g.Run(ctx, "sh", "-c", "echo early; sleep 1000 & wait")
	var late *vm.TimeoutError
	if !errors.As(err, &late) || late.Hung || !errors.Is(err, context.DeadlineExceeded) {
		t.Fatalf("error = %v, want a time-out that spares the guest", err)
	}
	if got := string(res.Stdout); got != "early\n" {
		t.Errorf("stdout before the time-out = %q", got)
	}
	if res, err := g.Run(t.Context(), "sh", "-c", "ps | grep 'sleep [1]000'"); err == nil {
		t.Errorf("what the command started goes on:\n%s", res.Stdout)
	}
}

func TestModules(t *testing.T) {
	g := guest.Get(t)
	if err := g.Load(t.Context(), "dummy numdummies=2", "netlink_diag", "crc32c-intel"); err != nil {
		t.Fatal(err)
	}
	if _, err := g.Run(t.Context(), "ip", "link", "show", "dummy1"); err != nil {
		t.Error(err)
	}
	if err := g.Unload(t.Context(), "dummy"); err != nil {
		t.Error(err)
	}
	if _, err := g.Run(t.Context(), "ip", "link", "show", "dummy1"); err == nil {
		t.Error("dummy1 is there after its module was unloaded")
	}
	if err := g.Load(t.Context(), "dummy", "wireguard"); err != nil {
		t.Errorf("load again, and one with dependencies: %v", err)
	}
}

func TestModuleErrors(t *testing.T) {
	g := guest.Get(t)
	file := trouble(t)
	notModule := filepath.Join(t.TempDir(), "x.ko")
	if err := os.WriteFile(notModule, []byte("text"), 0o644); err != nil {
		t.Fatal(err)
	}
	for spec, want := range map[string]error{
		file + " trouble=fail": syscall.EBUSY,
		"no_such_module":       fs.ErrNotExist,
		notModule:              nil,
	} {
		err := g.Load(t.Context(), spec)
		var merr *vm.ModuleError
		if !errors.As(err, &merr) || merr.Op != "load" || want != nil && !errors.Is(err, want) {
			t.Errorf("load %s: %v, want %v", spec, err, want)
		}
	}
	var merr *vm.ModuleError
	if err := g.Unload(t.Context(), "no_such_module"); !errors.As(err, &merr) || !errors.Is(err, syscall.ENOENT) {
		t.Errorf("unload: %v, want %v", err, syscall.ENOENT)
	}
	if err := g.Load(t.Context(), file); err != nil {
		t.Errorf("load after failures: %v", err)
	}
	if err := g.Unload(t.Context(), "trouble"); err != nil {
		t.Error(err)
	}
}

// TestWarning shows that a warning counts although the command succeeds, each time
// anew, and for no other command.
func TestWarning(t *testing.T) {
	g := guest.Get(t)
	for _, kind := range []string{"warn", "warn-once", "warn-once"} {
		err := g.Load(t.Context(), trouble(t)+" trouble="+kind)
		var kernel *vm.KernelError
		if !errors.As(err, &kernel) || len(kernel.Problems) != 1 || !strings.Contains(kernel.Problems[0], "trouble_init") {
			t.Errorf("%s: %v, want a warning in trouble_init", kind, err)
		}
		if err := g.Unload(t.Context(), "trouble"); err != nil {
			t.Errorf("%s: the next command: %v", kind, err)
		}
	}
	res, err := g.Run(t.Context(), "sh", "-c", "echo '<4>WARNING: told by the test' >/dev/kmsg; exit 4")
	if !errors.As(err, new(*vm.KernelError)) || !errors.As(err, new(*vm.ExitError)) {
		t.Errorf("error = %v, want the status and the warning", err)
	}
	if len(res.Log) != 1 || res.Status != 4 {
		t.Errorf("result = %+v", res)
	}
}

// TestPanic shows that an Oops and a panic end the guest and are told apart.
func TestPanic(t *testing.T) {
	for kind, oops := range map[string]bool{"oops": true, "panic": false} {
		g := guest.Get(t)
		err := g.Load(t.Context(), trouble(t)+" trouble="+kind)
		var gone *vm.PanicError
		if !errors.As(err, &gone) || !strings.HasPrefix(gone.Reason, "Kernel panic - not syncing: ") {
			t.Errorf("%s: %v", kind, err)
		}
		var kernel *vm.KernelError
		if errors.As(err, &kernel) != oops || oops && !strings.HasPrefix(kernel.Problems[0], "BUG: kernel NULL pointer") {
			t.Errorf("%s: %v", kind, err)
		}
		if _, again := g.Run(t.Context(), "true"); again == nil || again.Error() != err.Error() {
			t.Errorf("%s: the next command: %v", kind, again)
		}
	}
}

// TestHang shows that what cannot be killed ends the guest.
func TestHang(t *testing.T) {
	g := guest.Get(t)
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	err := g.Load(ctx, trouble(t)+" trouble=hang")
	var late *vm.TimeoutError
	if !errors.As(err, &late) || !late.Hung {
		t.Errorf("error = %v, want that the guest hung", err)
	}
}

// TestBootFailure shows what Boot says if something keeps the guest from starting,
// and that the next one starts.
func TestBootFailure(t *testing.T) {
	guest.Stop(t)
	for _, tt := range []struct {
		name string
		cfg  vm.Config
		want any
	}{
		{"module", vm.Config{Modules: []string{"no_such_module"}}, new(*vm.ModuleError)},
		{"time-out", vm.Config{BootTimeout: 700 * time.Millisecond}, new(*vm.TimeoutError)},
		{"panic", vm.Config{Cmdline: []string{"rdinit=/nowhere"}}, new(*vm.PanicError)},
	} {
		t.Run(tt.name, func(t *testing.T) {
			g, err := vm.Boot(t.Context(), tt.cfg)
			if err == nil {
				g.Shutdown()
			}
			if errors.Is(err, vm.ErrMissing) {
				testenv.Missing(t, "%v", err)
			}
			if !errors.As(err, tt.want) {
				t.Errorf("error = %v, want %T", err, tt.want)
			}
		})
	}
}

func TestShares(t *testing.T) {
	guest.Stop(t)
	dir, read := t.TempDir(), t.TempDir()
	if err := os.WriteFile(filepath.Join(read, "in"), []byte("host\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	g := vm.Start(t, vm.Config{
		Shares: []vm.Share{{Host: read, Guest: "/in"}, {Host: dir, Guest: "/mnt/out", Writable: true}},
		Files:  map[string]string{"/opt/copy": filepath.Join(read, "in")},
	})
	if _, err := g.Run(t.Context(), "sh", "-c", "cat /in/in /opt/copy >/mnt/out/both"); err != nil {
		t.Fatal(err)
	}
	if got, err := os.ReadFile(filepath.Join(dir, "both")); err != nil || string(got) != "host\nhost\n" {
		t.Errorf("the guest wrote %q: %v", got, err)
	}
	if _, err := g.Run(t.Context(), "touch", "/in/x"); err == nil {
		t.Error("the guest wrote to a share that is not writable")
	}
}

func TestBuild(t *testing.T) {
	m := vm.BuildModule(t, "testdata/trouble", "W=1")
	if strings.Contains(m.Output, "warning:") {
		t.Errorf("the build warns:\n%s", m.Output)
	}
	if again := vm.BuildModule(t, "testdata/trouble", "W=1"); *again != *m {
		t.Errorf("the second build is %+v, want %+v", again, m)
	}
	dir := t.TempDir()
	for name, text := range map[string]string{"Kbuild": "obj-m := bad.o\n", "bad.c": "int f(void) { return gone; }\n"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := vm.Build(t.Context(), dir); err == nil || !strings.Contains(err.Error(), "bad.c:1") {
		t.Errorf("error = %v, want that of the compiler", err)
	}
}
