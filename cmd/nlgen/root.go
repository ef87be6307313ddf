package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"
)

// The exit statuses. Each failure a script may want to tell apart has its own.
const (
	exitOK          = 0
	exitBadSpec     = 1   // a spec, an overlay or nlgen.yaml has errors, or output is stale
	exitUsage       = 2   // the command line is wrong
	exitBadRequest  = 3   // unknown operation, group or attribute, malformed JSON
	exitKernel      = 4   // the kernel refused the request
	exitPermission  = 5   // the caller may not do it
	exitNoFamily    = 6   // the running kernel does not have the family
	exitTooOld      = 7   // the family is there, but lacks the operation or group
	exitIO          = 8   // files or sockets failed
	exitInterrupted = 130 // a signal ended the call, as shells put it
)

// statusError is an error with the exit status it ends the program with.
type statusError struct {
	status int
	err    error
}

func (e *statusError) Error() string { return e.err.Error() }
func (e *statusError) Unwrap() error { return e.err }

func withStatus(status int, err error) error {
	if err == nil {
		return nil
	}
	return &statusError{status, err}
}

// run executes the command line args and returns the exit status.
func run(args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop) // a second signal ends the program at once
	root := newRoot()
	root.SetArgs(args)
	root.SetIn(stdin)
	root.SetOut(stdout)
	root.SetErr(stderr)
	cmd, err := root.ExecuteContextC(ctx)
	if err == nil {
		return exitOK
	}
	status, hint := exitUsage, "" // errors without a status are cobra's, about the command line
	if s, ok := errors.AsType[*statusError](err); ok {
		status = s.status
	}
	if status == exitUsage {
		hint = "; see " + cmd.CommandPath() + " --help"
	}
	fmt.Fprintf(stderr, "nlgen: %v%s\n", err, hint)
	return status
}

func newRoot() *cobra.Command {
	root := &cobra.Command{
		Use:   "nlgen",
		Short: "Generate typed netlink code from specs, and talk to the kernel by them",
		Long: `nlgen turns YAML specs of netlink families into typed Go packages, and calls,
listens to and lists the families of the running kernel by the same specs.

Exit status: 0 success; 1 a spec or configuration has errors, or generated
files are stale; 2 wrong usage; 3 a request that does not fit the spec or is
not JSON; 4 the kernel refused the request; 5 missing permission; 6 the kernel
does not have the family; 7 the kernel's family lacks the operation or group;
8 a file or socket failed; 130 interrupted.

With NLGEN_DEBUG=1 in the environment, every message to and from the kernel is
shown on the standard error.`,
		SilenceErrors:      true,
		SilenceUsage:       true,
		DisableSuggestions: true, // they would take lines of their own
	}
	root.AddCommand(newGenerate(), newLint(), newCall(), newListen(), newList(), newInit(), newMan())
	return root
}

// noArgs accepts no arguments.
func noArgs(_ *cobra.Command, args []string) error {
	if len(args) > 0 {
		return fmt.Errorf("unexpected argument %q", args[0])
	}
	return nil
}

// someArgs accepts one argument or more, of the kind that a usage line calls name.
func someArgs(name string) cobra.PositionalArgs {
	return func(_ *cobra.Command, args []string) error {
		if len(args) == 0 {
			return fmt.Errorf("no %s given", name)
		}
		return nil
	}
}

// oneArg accepts exactly one argument.
func oneArg(name string) cobra.PositionalArgs {
	return func(_ *cobra.Command, args []string) error {
		if len(args) != 1 {
			return fmt.Errorf("exactly one %s is needed, not %d", name, len(args))
		}
		return nil
	}
}
