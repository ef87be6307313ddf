//go:build linux

package vm

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"syscall"
)

// ErrMissing is what Boot and Build fail with if the machine lacks something,
// which scripts/deps.sh vm installs.
var ErrMissing = errors.New("run scripts/deps.sh vm")

// An ExitError says that a command ended with another status than 0.
type ExitError struct {
	Args   []string
	Status int // 128 and the number of a signal if one ended the command
	Stderr []byte
}

func (e *ExitError) Error() string {
	return fmt.Sprintf("%q: exit status %d%s", e.Args, e.Status, quoteEnd(string(e.Stderr)))
}

// A KernelError says that the kernel reported a problem of its own, like a WARNING,
// a BUG or an Oops, while a command ran or since the one before.
type KernelError struct {
	Problems []string // the lines that name a problem
	Log      []string // the kernel's messages, with traces
}

func (e *KernelError) Error() string {
	return fmt.Sprintf("the kernel reports: %s%s", e.Problems[0], quoteEnd(strings.Join(e.Log, "\n")))
}

// A PanicError says that the guest ended by itself: its kernel panicked, as it does
// after an Oops too, or QEMU failed. No more commands can be run.
type PanicError struct {
	Reason string // the line of the kernel that says so; empty if there is none
	Log    string // the console
}

func (e *PanicError) Error() string {
	reason := e.Reason
	if reason == "" {
		reason = "it ended without a word"
	}
	return fmt.Sprintf("the guest is gone: %s%s", reason, quoteEnd(e.Log))
}

// panicLine finds the reason of the end of a guest in its console.
var panicLine = regexp.MustCompile(`^(Kernel panic - not syncing|agent: )`)

// timeStamp matches what the console has before a message.
var timeStamp = regexp.MustCompile(`(?m)^\[ *[0-9.]+\] `)

// panicError makes an error of the console of a guest that has ended. A problem
// that the kernel reported before is joined as a KernelError.
func panicError(console []byte) error {
	text := timeStamp.ReplaceAllString(strings.ReplaceAll(string(console), "\r", ""), "")
	lines := strings.Split(text, "\n")
	err := &PanicError{Log: text}
	if i := slices.IndexFunc(lines, panicLine.MatchString); i >= 0 {
		err.Reason = lines[i]
	}
	return errors.Join(checkLog(lines), err)
}

// A TimeoutError says that something took longer than its context allows.
type TimeoutError struct {
	What string
	// Hung says that the guest did not answer any more and was ended. Otherwise
	// the command was killed and the guest is of use.
	Hung bool
	Err  error // of the context
}

func (e *TimeoutError) Error() string {
	if e.Hung {
		return fmt.Sprintf("%s: %v; the guest hung", e.What, e.Err)
	}
	return fmt.Sprintf("%s: %v", e.What, e.Err)
}

// Unwrap returns the error of the context.
func (e *TimeoutError) Unwrap() error { return e.Err }

// A ModuleError says that a module did not load or unload.
type ModuleError struct {
	Op   string // "load" or "unload"
	Name string
	Err  error // often a syscall.Errno
}

func (e *ModuleError) Error() string { return fmt.Sprintf("%s module %s: %v", e.Op, e.Name, e.Err) }

// Unwrap returns the cause.
func (e *ModuleError) Unwrap() error { return e.Err }

// moduleError explains why the agent could not load or unload a module. Its status
// is an error number, or 128 and a signal if the kernel killed it.
func moduleError(op, name string, err error) error {
	var exit *ExitError
	if !errors.As(err, &exit) {
		return err
	}
	cause := error(syscall.Errno(exit.Status))
	if exit.Status > 128 {
		cause = exit
	}
	merr := &ModuleError{Op: op, Name: name, Err: cause}
	var kernel *KernelError
	if errors.As(err, &kernel) {
		return errors.Join(kernel, merr)
	}
	return merr
}

// quoteEnd returns the last lines of a text, indented below a message.
func quoteEnd(text string) string {
	const most = 40
	text = strings.TrimSpace(text)
	if text == "" {
		return ""
	}
	lines := strings.Split(text, "\n")
	if len(lines) > most {
		lines = append([]string{"…"}, lines[len(lines)-most:]...)
	}
	return "\n\t" + strings.Join(lines, "\n\t")
}

// problem matches a message by which the kernel reports a fault of its own. That a
// device is waited for means that something still holds it.
var problem = regexp.MustCompile(`^(WARNING: |BUG:? |Oops: |INFO: task |kernel BUG at |UBSAN: |KASAN: |KFENCE: |watchdog: BUG|general protection fault|unregister_netdevice: waiting for |refcount_t: )`)

// checkLog returns a KernelError if the kernel's messages name problems.
func checkLog(log []string) error {
	var problems []string
	for _, line := range log {
		if problem.MatchString(line) {
			problems = append(problems, line)
		}
	}
	if problems == nil {
		return nil
	}
	return &KernelError{Problems: problems, Log: log}
}
