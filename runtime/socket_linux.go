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

// kernelSocket sends and receives through the descriptor of a netlink.Conn: no
// peeking, no copies, and no allocation since its callbacks are made once.
type kernelSocket struct {
	conn *netlink.Conn
	raw  syscall.RawConn
	pid  uint32

	in, out          []byte
	n                int
	from             unix.RawSockaddrNetlink
	readErr, sendErr error
	reader, writer   func(fd uintptr) bool
	poller           func(fd uintptr)
	ready            bool // what poller found

	control []byte // for what the kernel says about a datagram; nil: nothing
	about   origin
}

func newKernelSocket(c *netlink.Conn) (*kernelSocket, error) {
	raw, err := c.SyscallConn()
	if err != nil {
		return nil, err
	}
	s := &kernelSocket{conn: c, raw: raw, pid: c.PID()}
	s.reader, s.writer = s.tryReceive, s.trySend
	s.poller = func(fd uintptr) { s.ready = s.tryReceive(fd) }
	return s, nil
}

func (s *kernelSocket) poll(buf []byte) (int, uint32, error) {
	s.in = buf
	if err := s.raw.Control(s.poller); err != nil {
		return 0, 0, closedError(err)
	}
	if !s.ready {
		return 0, 0, errNothing
	}
	return s.received()
}

// received returns what tryReceive left.
func (s *kernelSocket) received() (int, uint32, error) {
	if s.readErr != nil {
		return 0, 0, os.NewSyscallError("recvmsg", s.readErr)
	}
	return s.n, s.from.Pid, nil
}

func (s *kernelSocket) origin() origin { return s.about }

func (s *kernelSocket) receive(buf []byte) (int, uint32, error) {
	s.in = buf
	if err := s.raw.Read(s.reader); err != nil {
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

// receiveOnce reads a datagram. MSG_TRUNC makes the kernel return its length, not
// that of the copy.
func (s *kernelSocket) receiveOnce(fd uintptr) (int, syscall.Errno) {
	if s.control != nil {
		return s.receiveEvent(fd)
	}
	size := uint32(unix.SizeofSockaddrNetlink)
	n, _, errno := unix.Syscall6(unix.SYS_RECVFROM, fd,
		uintptr(unsafe.Pointer(unsafe.SliceData(s.in))), uintptr(len(s.in)), unix.MSG_TRUNC,
		uintptr(unsafe.Pointer(&s.from)), uintptr(unsafe.Pointer(&size)))
	return int(n), errno
}

// receiveEvent is receiveOnce with the control messages.
func (s *kernelSocket) receiveEvent(fd uintptr) (int, syscall.Errno) {
	vec := unix.Iovec{Base: unsafe.SliceData(s.in)}
	vec.SetLen(len(s.in))
	h := unix.Msghdr{
		Name: (*byte)(unsafe.Pointer(&s.from)), Namelen: unix.SizeofSockaddrNetlink,
		Iov: &vec, Control: unsafe.SliceData(s.control),
	}
	h.SetIovlen(1)
	h.SetControllen(len(s.control))
	n, _, errno := unix.Syscall(unix.SYS_RECVMSG, fd, uintptr(unsafe.Pointer(&h)), unix.MSG_TRUNC)
	if errno == 0 {
		s.about = parseOrigin(s.control[:h.Controllen])
	}
	return int(n), errno
}

// parseOrigin reads the control messages of an event.
func parseOrigin(b []byte) (o origin) {
	for len(b) >= unix.SizeofCmsghdr {
		h, data, rest, err := unix.ParseOneSocketControlMessage(b)
		if err != nil {
			break
		}
		if h.Level == unix.SOL_NETLINK && len(data) >= 4 {
			switch v := native.Uint32(data); h.Type {
			case unix.NETLINK_PKTINFO:
				o.group = v
			case unix.NETLINK_LISTEN_ALL_NSID:
				o.nsid = Some(int32(v))
			}
		}
		b = rest
	}
	return o
}

// listen makes the socket tell the origin of datagrams.
func (s *kernelSocket) listen(everywhere bool) error {
	s.control = make([]byte, 2*unix.CmsgSpace(4))
	// A kernel that does not tell the group loses no event.
	_ = s.conn.SetOption(netlink.PacketInfo, true)
	if !everywhere {
		return nil
	}
	return s.conn.SetOption(netlink.ListenAllNSID, true)
}

func (s *kernelSocket) send(b []byte) error {
	s.out = b
	err := s.raw.Write(s.writer)
	s.out = nil
	if err != nil {
		return closedError(err)
	}
	return os.NewSyscallError("sendto", s.sendErr)
}

func (s *kernelSocket) trySend(fd uintptr) bool {
	for {
		switch s.sendErr = unix.Send(int(fd), s.out, 0); s.sendErr {
		case unix.EINTR:
		case unix.EAGAIN:
			return false
		default:
			return true
		}
	}
}

func (s *kernelSocket) setDeadline(t time.Time) error { return closedError(s.conn.SetDeadline(t)) }
func (s *kernelSocket) join(group uint32) error       { return closedError(s.conn.JoinGroup(group)) }
func (s *kernelSocket) leave(group uint32) error      { return closedError(s.conn.LeaveGroup(group)) }
func (s *kernelSocket) portID() uint32                { return s.pid }
func (s *kernelSocket) close() error                  { return s.conn.Close() }

// sendOverhead is what the kernel subtracts from the send buffer.
const sendOverhead = 32

// raise sets buffers that are too small. The kernel doubles what it is told.
func (s *kernelSocket) raise(receive, send int) (int, error) {
	if n, err := s.conn.ReadBuffer(); err == nil && n < receive {
		_ = s.conn.SetReadBuffer(receive / 2)
	}
	if n, err := s.conn.WriteBuffer(); err == nil && n < send+sendOverhead {
		_ = s.conn.SetWriteBuffer((send+1)/2 + sendOverhead)
	}
	n, err := s.conn.ReadBuffer()
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
	err := s.raw.Control(func(fd uintptr) {
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
