package runtime

import (
	"errors"
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// Waits of a sender whose receiver has no room. The kernel wakes only senders that
// block in it, which a goroutine must not do for long.
const (
	minBackoff = 10 * time.Microsecond
	maxBackoff = 2 * time.Millisecond
)

// sendTo sends a datagram to other sockets than the kernel's. It waits while the
// receiver has no room.
func (s *kernelSocket) sendTo(b []byte, to address) error {
	for wait := minBackoff; ; wait = min(2*wait, maxBackoff) {
		err := s.trySendTo(b, to)
		if !errors.Is(err, unix.EAGAIN) {
			return err
		}
		time.Sleep(wait)
	}
}

// trySendTo is sendTo without waiting: it fails with EAGAIN.
func (s *kernelSocket) trySendTo(b []byte, to address) error {
	var sendErr error
	err := s.Write(func(fd uintptr) bool {
		for {
			sendErr = unix.Sendto(int(fd), b, 0, &unix.SockaddrNetlink{Family: unix.AF_NETLINK, Pid: to.port, Groups: to.groups})
			if !errors.Is(sendErr, unix.EINTR) {
				return true
			}
		}
	})
	// Besides the group, the datagram goes to the kernel, which on protocols that
	// are only for programs is not there.
	if to.groups != 0 && errors.Is(sendErr, unix.ECONNREFUSED) {
		sendErr = nil
	}
	if err != nil {
		return closedError(err)
	}
	return os.NewSyscallError("sendto", sendErr)
}
