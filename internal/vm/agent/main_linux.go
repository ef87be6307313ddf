package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/nlgen/nlgen/internal/vm/proto"
)

// bootModules holds the modules without which the harness is out of reach; their
// names are in the order to load them.
const bootModules = "/modules/*.ko"

func main() {
	if os.Getpid() != 1 {
		helper(os.Args[1:])
		return
	}
	if err := serve(); err != nil {
		fmt.Fprintln(os.Stderr, "agent:", err)
	}
	// The first process must not return: the kernel would panic, and hide the reason.
	unix.Sync()
	unix.Reboot(unix.LINUX_REBOOT_CMD_RESTART)
	select {}
}

func serve() error {
	if err := setUp(); err != nil {
		return err
	}
	port, err := openPort()
	if err != nil {
		return err
	}
	log, err := openLog()
	if err != nil {
		return err
	}
	return newServer(port, log).run()
}

func setUp() error {
	os.Setenv("PATH", "/usr/sbin:/usr/bin:/usr/lib/busybox")
	os.Setenv("HOME", "/root")
	for _, m := range []struct{ kind, dir string }{
		{"proc", "/proc"},
		{"sysfs", "/sys"},
		{"devtmpfs", "/dev"},
		{"debugfs", "/sys/kernel/debug"},
		{"tmpfs", "/run"},
		{"tmpfs", "/tmp"},
	} {
		if err := os.MkdirAll(m.dir, 0o755); err != nil {
			return err
		}
		if err := unix.Mount(m.kind, m.dir, m.kind, 0, ""); err != nil {
			return fmt.Errorf("mount %s: %w", m.dir, err)
		}
	}
	if err := linkUp("lo"); err != nil {
		return fmt.Errorf("lo: %w", err)
	}
	modules, err := filepath.Glob(bootModules)
	if err != nil {
		return err
	}
	for _, name := range modules {
		image, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		if err := unix.InitModule(image, ""); err != nil {
			return fmt.Errorf("load %s: %w", name, err)
		}
	}
	return nil
}

func linkUp(name string) error {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	req, err := unix.NewIfreq(name)
	if err != nil {
		return err
	}
	req.SetUint16(unix.IFF_UP)
	return unix.IoctlIfreq(fd, unix.SIOCSIFFLAGS, req)
}

// openPort waits for the port, which the kernel finds in its own time.
func openPort() (*os.File, error) {
	for start := time.Now(); ; time.Sleep(time.Millisecond) {
		f, err := os.OpenFile(proto.Port, os.O_RDWR, 0)
		if !errors.Is(err, os.ErrNotExist) || time.Since(start) > 30*time.Second {
			return f, err
		}
	}
}

// errno returns the error number to exit with.
func errno(err error) int {
	var n syscall.Errno
	if errors.As(err, &n) {
		return int(n)
	}
	return 255
}
