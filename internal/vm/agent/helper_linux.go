package main

import (
	"fmt"
	"io"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// helper does what the harness asks for besides commands. It is a process of its
// own because the kernel kills the one that loads a broken module. Its status is
// the error number.
func helper(args []string) {
	if err := help(args); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(errno(err))
	}
}

func help(args []string) error {
	switch {
	case len(args) == 2 && args[0] == "load":
		image, err := io.ReadAll(os.Stdin)
		if err != nil {
			return err
		}
		return unix.InitModule(image, args[1])
	case len(args) == 2 && args[0] == "unload":
		return unix.DeleteModule(args[1], unix.O_NONBLOCK)
	case len(args) == 2 && args[0] == "put":
		return put(args[1])
	case len(args) == 4 && args[0] == "mount":
		if err := os.MkdirAll(args[2], 0o755); err != nil {
			return err
		}
		return unix.Mount(args[1], args[2], "9p", 0, args[3])
	}
	return fmt.Errorf("agent: %q: %w", args, unix.EINVAL)
}

// put makes an executable file of the standard input.
func put(name string) error {
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		return err
	}
	f, err := os.OpenFile(name, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o755)
	if err != nil {
		return err
	}
	defer f.Close()
	_, err = io.Copy(f, os.Stdin)
	return err
}
