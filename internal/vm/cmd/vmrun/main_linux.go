package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"time"

	"github.com/nlgen/nlgen/internal/vm"
)

const (
	statusKernel = 200 + iota
	statusPanic
	statusTimeout
	statusModule
	statusMissing
	statusOther
)

func main() { os.Exit(run(os.Args[1:], os.Stdout, os.Stderr)) }

type options struct {
	cfg     vm.Config
	build   []string // directories of modules to build
	log     bool
	timeout time.Duration
	command []string
}

func run(args []string, stdout, stderr io.Writer) int {
	opts, err := parse(args, stderr)
	if errors.Is(err, flag.ErrHelp) {
		return 0
	}
	if err != nil {
		return 2
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	err = opts.execute(ctx, stdout, stderr)
	var exit *vm.ExitError
	if err != nil && (!errors.As(err, &exit) || status(err) != exit.Status) {
		fmt.Fprintln(stderr, "vmrun:", err)
	}
	return status(err)
}

func parse(args []string, stderr io.Writer) (*options, error) {
	o := &options{cfg: vm.Config{Files: make(map[string]string)}}
	fs := flag.NewFlagSet("vmrun", flag.ContinueOnError)
	fs.SetOutput(stderr)
	fs.Usage = func() {
		fmt.Fprintln(stderr, "usage: vmrun [flags] command [argument…]")
		fs.PrintDefaults()
	}
	each := func(name, usage string, set func(string) error) { fs.Func(name, usage+"; may be repeated", set) }
	each("module", "load a `module`, a name or a .ko file with a slash in its path, with parameters after spaces", func(v string) error {
		o.cfg.Modules = append(o.cfg.Modules, v)
		return nil
	})
	each("build", "build the module in a `directory` and load it after the others", func(v string) error {
		o.build = append(o.build, v)
		return nil
	})
	each("tool", "copy `commands` of this machine, separated by commas", func(v string) error {
		o.cfg.Tools = append(o.cfg.Tools, strings.Split(v, ",")...)
		return nil
	})
	each("file", "copy a file, as `here:there`", func(v string) error {
		here, there, ok := strings.Cut(v, ":")
		if !ok {
			return errors.New("want HERE:THERE")
		}
		o.cfg.Files[there] = here
		return nil
	})
	each("share", "let the guest see a folder, as `here:there`, or here:there:rw to let it write", func(v string) error {
		part := strings.Split(v, ":")
		if len(part) != 2 && (len(part) != 3 || part[2] != "rw") {
			return errors.New("want HERE:THERE or HERE:THERE:rw")
		}
		o.cfg.Shares = append(o.cfg.Shares, vm.Share{Host: part[0], Guest: part[1], Writable: len(part) == 3})
		return nil
	})
	fs.BoolVar(&o.log, "log", false, "print the kernel's messages of the command to standard error")
	fs.DurationVar(&o.timeout, "timeout", time.Minute, "how long the command may take, without the boot")
	if err := fs.Parse(args); err != nil {
		return nil, err
	}
	if o.command = fs.Args(); len(o.command) == 0 {
		fs.Usage()
		return nil, errors.New("no command")
	}
	return o, nil
}

// execute boots a guest, runs the command and ends the guest.
func (o *options) execute(ctx context.Context, stdout, stderr io.Writer) error {
	for _, dir := range o.build {
		m, err := vm.Build(ctx, dir)
		if errors.Is(err, vm.ErrMissing) {
			return err
		}
		if err != nil {
			return &vm.ModuleError{Op: "build", Name: dir, Err: err}
		}
		o.cfg.Modules = append(o.cfg.Modules, m.File)
	}
	g, err := vm.Boot(ctx, o.cfg)
	if err != nil {
		return err
	}
	timed, cancel := context.WithTimeout(ctx, o.timeout)
	defer cancel()
	res, err := g.RunCmd(timed, vm.Cmd{Args: o.command, Stdout: stdout, Stderr: stderr})
	if o.log {
		for _, line := range res.Log {
			fmt.Fprintln(stderr, line)
		}
	}
	if late := g.Shutdown(); late != nil {
		err = errors.Join(err, late)
	}
	return err
}

// status returns the status that stands for an error.
func status(err error) int {
	var exit *vm.ExitError
	switch {
	case err == nil:
		return 0
	case errors.As(err, new(*vm.PanicError)):
		return statusPanic
	case errors.As(err, new(*vm.KernelError)):
		return statusKernel
	case errors.As(err, new(*vm.TimeoutError)):
		return statusTimeout
	case errors.As(err, new(*vm.ModuleError)):
		return statusModule
	case errors.Is(err, vm.ErrMissing):
		return statusMissing
	case errors.As(err, &exit):
		return exit.Status
	}
	return statusOther
}
