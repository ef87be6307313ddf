package runtime

import (
	"errors"
	"os"
	"runtime"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// A descriptor is a non-blocking file descriptor that joins the poller of the Go
// runtime only when somebody waits for it. Until then no thread is woken when a
// message arrives; as the kernel answers nearly every request before the system
// call that sends it returns, most sockets never wait.
type descriptor struct {
	mu     sync.Mutex // held during system calls until there is a file
	fd     int        // -1: closed, or the file's
	file   *os.File
	raw    syscall.RawConn // of file
	closed bool
	leaks  runtime.Cleanup // closes fd if nobody does
}

// newDescriptor duplicates the descriptor of c, since c's is in the poller.
func newDescriptor(c syscall.RawConn) (*descriptor, error) {
	fd, dupErr := -1, error(nil)
	err := c.Control(func(old uintptr) {
		fd, dupErr = unix.FcntlInt(old, unix.F_DUPFD_CLOEXEC, 0)
	})
	if err == nil && dupErr != nil {
		err = os.NewSyscallError("fcntl", dupErr)
	}
	if err != nil {
		return nil, err
	}
	d := &descriptor{fd: fd}
	d.leaks = runtime.AddCleanup(d, func(fd int) { _ = unix.Close(fd) }, fd)
	return d, nil
}

// Control calls f with the descriptor.
func (d *descriptor) Control(f func(fd uintptr)) error {
	d.mu.Lock()
	if d.file == nil {
		defer d.mu.Unlock()
		if d.closed {
			return os.ErrClosed
		}
		f(uintptr(d.fd))
		return nil
	}
	d.mu.Unlock()
	return d.failed(d.raw.Control(f))
}

// Read calls f until it returns true, each time the descriptor can be read.
func (d *descriptor) Read(f func(fd uintptr) bool) error {
	if err := d.poll(); err != nil {
		return err
	}
	return d.failed(d.raw.Read(f))
}

// Write calls f until it returns true, each time the descriptor can be written.
func (d *descriptor) Write(f func(fd uintptr) bool) error {
	if err := d.poll(); err != nil {
		return err
	}
	return d.failed(d.raw.Write(f))
}

// SetDeadline makes Read and Write fail with os.ErrDeadlineExceeded after t.
func (d *descriptor) SetDeadline(t time.Time) error {
	if err := d.poll(); err != nil {
		return err
	}
	return d.failed(d.file.SetDeadline(t))
}

// failed gives the error of a closed file, which the raw calls have none of their
// own for, its name.
func (d *descriptor) failed(err error) error {
	if err == nil || errors.Is(err, os.ErrDeadlineExceeded) {
		return err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.closed {
		return os.ErrClosed
	}
	return err
}

// poll makes the descriptor join the poller.
func (d *descriptor) poll() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	switch {
	case d.closed:
		return os.ErrClosed
	case d.file != nil:
		return nil
	}
	file := os.NewFile(uintptr(d.fd), "netlink")
	raw, err := file.SyscallConn()
	if err != nil {
		return err
	}
	d.leaks.Stop()
	d.fd, d.file, d.raw = -1, file, raw
	return nil
}

// Close closes the descriptor, and ends Read and Write with os.ErrClosed.
func (d *descriptor) Close() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.closed {
		return os.ErrClosed
	}
	d.closed = true
	if d.file != nil {
		return d.file.Close()
	}
	d.leaks.Stop()
	err := unix.Close(d.fd)
	d.fd = -1
	return os.NewSyscallError("close", err)
}
