package runtime

import (
	"errors"
	"net"
	"os"
	"syscall"
	"time"
	"unsafe"

	"github.com/mdlayher/netlink"
	"golang.org/x/sys/unix"
)

// kernelSocket is a netlink socket without peeking, without copies, and without
// allocations since its callbacks are made once.
type kernelSocket struct {
	*descriptor
	pid uint32

	in, out          []byte
	n                int
	from             unix.RawSockaddrNetlink
	readErr, sendErr error
	reader, writer   func(fd uintptr) bool
	poller, sender   func(fd uintptr)
	ready, sent      bool // what they returned

	// The system calls.
	sendOnce    func(fd int, b []byte, flags int) error
	receiveOnce func(fd uintptr) (int, syscall.Errno)

	events *burst // nil: the socket is for calls
	about  origin
}

// newKernelSocket takes over the socket of c, which it closes.
func newKernelSocket(c *netlink.Conn) (*kernelSocket, error) {
	defer c.Close()
	raw, err := c.SyscallConn()
	if err != nil {
		return nil, err
	}
	d, err := newDescriptor(raw)
	if err != nil {
		return nil, err
	}
	s := &kernelSocket{descriptor: d, pid: c.PID()}
	s.sendOnce, s.receiveOnce = unix.Send, s.recvfrom
	s.reader, s.writer = s.tryReceive, s.trySend
	s.poller = func(fd uintptr) { s.ready = s.tryReceive(fd) }
	s.sender = func(fd uintptr) { s.sent = s.trySend(fd) }
	return s, nil
}

func (s *kernelSocket) poll(buf []byte) (int, uint32, error) {
	s.in = buf
	if s.waiting() {
		return s.takeEvent(), s.from.Pid, nil
	}
	if err := s.Control(s.poller); err != nil {
		return 0, 0, closedError(err)
	}
	if !s.ready {
		return 0, 0, errNothing
	}
	return s.received()
}

// waiting reports whether an event has been read and not yet taken.
func (s *kernelSocket) waiting() bool { return s.events != nil && !s.events.empty() }

// received returns what tryReceive left.
func (s *kernelSocket) received() (int, uint32, error) {
	if s.readErr != nil {
		return 0, 0, os.NewSyscallError("recv", s.readErr)
	}
	return s.n, s.from.Pid, nil
}

func (s *kernelSocket) origin() origin { return s.about }

func (s *kernelSocket) receive(buf []byte) (int, uint32, error) {
	s.in = buf
	if s.waiting() {
		return s.takeEvent(), s.from.Pid, nil
	}
	if err := s.Read(s.reader); err != nil {
		return 0, 0, closedError(err)
	}
	return s.received()
}

func (s *kernelSocket) tryReceive(fd uintptr) bool {
	for {
		n, errno := s.receiveOnce(fd)
		switch errno {
		case 0:
			s.n, s.readErr = n, nil
			return true
		case unix.EINTR:
		case unix.EAGAIN:
			return false
		default:
			s.readErr = errno
			return true
		}
	}
}

// recvfrom reads a datagram. MSG_TRUNC makes the kernel return its length, not
// that of the copy.
func (s *kernelSocket) recvfrom(fd uintptr) (int, syscall.Errno) {
	size := uint32(unix.SizeofSockaddrNetlink)
	n, _, errno := unix.Syscall6(unix.SYS_RECVFROM, fd,
		uintptr(unsafe.Pointer(unsafe.SliceData(s.in))), uintptr(len(s.in)), unix.MSG_TRUNC,
		uintptr(unsafe.Pointer(&s.from)), uintptr(unsafe.Pointer(&size)))
	return int(n), errno
}

// recvmmsg is recvfrom with what the kernel says about events.
func (s *kernelSocket) recvmmsg(fd uintptr) (int, syscall.Errno) {
	if errno := s.events.receive(fd, len(s.in)); errno != 0 {
		return 0, errno
	}
	return s.takeEvent(), 0
}

func (s *kernelSocket) takeEvent() (n int) {
	n, s.from.Pid, s.about = s.events.take(s.in)
	return n
}

// listen makes the socket tell the origin of datagrams.
func (s *kernelSocket) listen(everywhere bool) error {
	s.events = newBurst()
	s.receiveOnce = s.recvmmsg
	// A kernel that does not tell the group loses no event.
	_ = s.set(unix.SOL_NETLINK, unix.NETLINK_PKTINFO, 1)
	if !everywhere {
		return nil
	}
	return s.set(unix.SOL_NETLINK, unix.NETLINK_LISTEN_ALL_NSID, 1)
}

// send waits, if ever, only for the kernel's memory.
func (s *kernelSocket) send(b []byte) error {
	s.out = b
	err := s.Control(s.sender)
	if err == nil && !s.sent {
		err = s.Write(s.writer)
	}
	s.out = nil
	if err != nil {
		return closedError(err)
	}
	return os.NewSyscallError("sendto", s.sendErr)
}

func (s *kernelSocket) trySend(fd uintptr) bool {
	for {
		switch s.sendErr = s.sendOnce(int(fd), s.out, 0); s.sendErr {
		case unix.EINTR:
		case unix.EAGAIN:
			return false
		default:
			return true
		}
	}
}

func (s *kernelSocket) setDeadline(t time.Time) error { return closedError(s.SetDeadline(t)) }
func (s *kernelSocket) portID() uint32                { return s.pid }
func (s *kernelSocket) waits() bool                   { return false }
func (s *kernelSocket) close() error                  { return s.Close() }

func (s *kernelSocket) join(group uint32) error {
	return closedError(s.set(unix.SOL_NETLINK, unix.NETLINK_ADD_MEMBERSHIP, int(group)))
}

func (s *kernelSocket) leave(group uint32) error {
	return closedError(s.set(unix.SOL_NETLINK, unix.NETLINK_DROP_MEMBERSHIP, int(group)))
}

// set sets a socket option.
func (s *kernelSocket) set(level, name, value int) error {
	var setErr error
	err := s.Control(func(fd uintptr) { setErr = unix.SetsockoptInt(int(fd), level, name, value) })
	if err != nil {
		return err
	}
	return os.NewSyscallError("setsockopt", setErr)
}

// get returns an option of level SOL_SOCKET.
func (s *kernelSocket) get(name int) (value int, err error) {
	var getErr error
	err = s.Control(func(fd uintptr) { value, getErr = unix.GetsockoptInt(int(fd), unix.SOL_SOCKET, name) })
	if err == nil {
		err = os.NewSyscallError("getsockopt", getErr)
	}
	return value, err
}

// setBuffer sets the size of a buffer, beyond the limit of the system if it may.
func (s *kernelSocket) setBuffer(force, limited, bytes int) error {
	if s.set(unix.SOL_SOCKET, force, bytes) == nil {
		return nil
	}
	return s.set(unix.SOL_SOCKET, limited, bytes)
}

func (s *kernelSocket) setReceiveBuffer(bytes int) error {
	return s.setBuffer(unix.SO_RCVBUFFORCE, unix.SO_RCVBUF, bytes)
}

func (s *kernelSocket) setSendBuffer(bytes int) error {
	return s.setBuffer(unix.SO_SNDBUFFORCE, unix.SO_SNDBUF, bytes)
}

// sendOverhead is what the kernel subtracts from the send buffer.
const sendOverhead = 32

// raise sets buffers that are too small. The kernel doubles what it is told.
func (s *kernelSocket) raise(receive, send int) (int, error) {
	if n, err := s.get(unix.SO_RCVBUF); err == nil && n < receive {
		_ = s.setReceiveBuffer(receive / 2)
	}
	if n, err := s.get(unix.SO_SNDBUF); err == nil && n < send+sendOverhead {
		_ = s.setSendBuffer((send+1)/2 + sendOverhead)
	}
	n, err := s.get(unix.SO_RCVBUF)
	return n, closedError(err)
}

// Of the array that SO_MEMINFO returns (include/uapi/linux/sock_diag.h).
const (
	memInfoDrops = 8
	memInfoVars  = 9
)

// drops reads the socket's counter of lost messages, sk_drops.
func (s *kernelSocket) drops() (uint32, error) {
	var info [memInfoVars]uint32
	size := uint32(unsafe.Sizeof(info))
	var errno syscall.Errno
	err := s.Control(func(fd uintptr) {
		_, _, errno = unix.Syscall6(unix.SYS_GETSOCKOPT, fd, unix.SOL_SOCKET, unix.SO_MEMINFO,
			uintptr(unsafe.Pointer(&info)), uintptr(unsafe.Pointer(&size)), 0)
	})
	if err == nil && errno != 0 {
		err = os.NewSyscallError("getsockopt", errno)
	}
	return info[memInfoDrops], err
}

// closedError makes the error of a closed descriptor the one of a closed connection.
func closedError(err error) error {
	if errors.Is(err, os.ErrClosed) {
		return net.ErrClosed
	}
	return err
}
