package netns

import (
	"encoding/json"
	"os"
	"os/exec"
	"runtime"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/nlgen/nlgen/internal/testenv"
)

// An NS is a network namespace. Its methods may be called from any goroutine.
type NS struct {
	tb   testing.TB
	file *os.File
}

// New creates a namespace that lasts as long as the test. Without the right to
// do so the test is skipped, or fails if the environment says CI=true.
func New(tb testing.TB) *NS {
	tb.Helper()
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()

	home := current(tb)
	defer home.Close()
	if err := unix.Unshare(unix.CLONE_NEWNET); err != nil {
		testenv.Missing(tb, "cannot create a network namespace: %v; run as root", err)
	}
	ns := &NS{tb: tb, file: current(tb)}
	tb.Cleanup(func() { ns.file.Close() })
	enter(home)
	return ns
}

// Do runs fn in the namespace, on the calling goroutine. Sockets that fn opens
// and commands that it starts belong to the namespace; goroutines that it starts
// do not.
func (ns *NS) Do(fn func()) {
	ns.tb.Helper()
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()

	home := current(ns.tb)
	defer home.Close()
	enter(ns.file)
	defer enter(home)
	fn()
}

// Fd returns the file descriptor of the namespace. It is open until the test ends.
func (ns *NS) Fd() int { return int(ns.file.Fd()) }

// Run runs a command in the namespace and returns what it printed. The test fails
// if the command does; it is skipped, or fails in CI, if there is no such command.
func (ns *NS) Run(name string, args ...string) string {
	ns.tb.Helper()
	path := testenv.Program(ns.tb, name)
	var out []byte
	var err error
	ns.Do(func() { out, err = exec.Command(path, args...).CombinedOutput() })
	if err != nil {
		ns.tb.Fatalf("%s %q: %v\n%s", name, args, err, out)
	}
	return string(out)
}

// JSON runs a command as Run does and decodes the JSON that it prints into v.
func (ns *NS) JSON(v any, name string, args ...string) {
	ns.tb.Helper()
	out := ns.Run(name, args...)
	if err := json.Unmarshal([]byte(out), v); err != nil {
		ns.tb.Fatalf("%s %q: %v\n%s", name, args, err, out)
	}
}

// current opens the namespace of the calling thread.
func current(tb testing.TB) *os.File {
	tb.Helper()
	f, err := os.Open("/proc/thread-self/ns/net")
	if err != nil {
		tb.Fatal(err)
	}
	return f
}

// enter moves the calling thread to a namespace. A thread that cannot go back must
// not run other goroutines, so failing to is fatal for the whole test binary.
func enter(f *os.File) {
	if err := unix.Setns(int(f.Fd()), unix.CLONE_NEWNET); err != nil {
		panic("netns: setns: " + err.Error())
	}
}
