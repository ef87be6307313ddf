package runtime

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"
)

// sendTo sends a datagram to other sockets than the kernel's.
func (s *kernelSocket) sendTo(b []byte, to address) error {
	var sendErr error
	err := s.raw.Write(func(fd uintptr) bool {
		for {
			sendErr = unix.Sendto(int(fd), b, 0, &unix.SockaddrNetlink{Family: unix.AF_NETLINK, Pid: to.port, Groups: to.groups})
			if !errors.Is(sendErr, unix.EINTR) {
				return !errors.Is(sendErr, unix.EAGAIN)
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
