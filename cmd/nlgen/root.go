package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"

	"github.com/spf13/cobra"
)

// The exit statuses. Each failure a script may want to tell apart has its own.
const (
	exitOK         = 0
	exitBadSpec    = 1 // a spec, an overlay or nlgen.yaml has errors, or output is stale
	exitUsage      = 2 // the command line is wrong
	exitBadRequest = 3 // unknown operation, group or attribute, malformed JSON
	exitKernel     = 4 // the kernel refused the request
	exitPermission = 5 // the caller may not do it
	exitNoFamily   = 6 // the running kernel does not have the family
	exitTooOld     = 7 // the family is there, but does not know the operation
	exitIO         = 8 // files or sockets failed
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
func run(args []string, stdout, stderr io.Writer) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	root := newRoot()
	root.SetArgs(args)
	root.SetOut(stdout)
	root.SetErr(stderr)
	err := root.ExecuteContext(ctx)
	if err == nil {
		return exitOK
	}
	fmt.Fprintln(stderr, "nlgen: "+err.Error())
	var s *statusError
	if errors.As(err, &s) {
		return s.status
	}
	return exitUsage
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
does not have the family; 7 the kernel's family is too old for the operation;
8 a file or socket failed.`,
		SilenceErrors: true,
		SilenceUsage:  true,
	}
	root.AddCommand(newGenerate(), newLint(), newCall(), newListen(), newList(), newInit(), newMan())
	return root
}
