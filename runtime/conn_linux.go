package runtime

import (
	"errors"
	"os"
	"runtime"

	"github.com/mdlayher/genetlink"
	"github.com/mdlayher/netlink"
	"golang.org/x/sys/unix"
)

// kernelTransport opens netlink sockets in one network namespace. It remembers
// that of the thread that dials, since later sockets are opened by any thread.
type kernelTransport struct {
	protocol int
	netns    *os.File // nil: the kernel has no namespaces
}

func newKernelTransport(protocol int, ns namespace) (transport, error) {
	f, err := openNamespace(ns)
	if err != nil {
		return nil, err
	}
	return &kernelTransport{protocol, f}, nil
}

const threadNamespace = "/proc/thread-self/ns/net"

func openNamespace(ns namespace) (*os.File, error) {
	switch {
	case ns.open:
		fd, err := unix.FcntlInt(uintptr(ns.fd), unix.F_DUPFD_CLOEXEC, 0)
		if err != nil {
			return nil, os.NewSyscallError("fcntl", err)
		}
		return os.NewFile(uintptr(fd), "netns"), nil
	case ns.path != "":
		return os.Open(ns.path)
	}
	f, err := os.Open(threadNamespace)
	if err != nil {
		return nil, nil // no /proc or no namespaces: there is just one to talk to
	}
	return f, nil
}

func (t *kernelTransport) close() error {
	if t.netns == nil {
		return nil
	}
	return t.netns.Close()
}

func (t *kernelTransport) dial(o socketOptions) (socket, error) {
	c, err := t.open(t.protocol, o.groups)
	if err != nil {
		return nil, err
	}
	s, err := setUp(c, o)
	if err != nil {
		return nil, err
	}
	return s, nil
}

// setUp takes over the socket of c, which it closes, and sets its options.
func setUp(c *netlink.Conn, o socketOptions) (*kernelSocket, error) {
	s, err := newKernelSocket(c)
	if err != nil {
		return nil, err
	}
	if err := s.setUp(o); err != nil {
		return nil, errors.Join(err, s.close())
	}
	return s, nil
}

func (s *kernelSocket) setUp(o socketOptions) error {
	// Kernels that lack one of these only say less, or check less.
	_ = s.set(unix.SOL_NETLINK, unix.NETLINK_EXT_ACK, 1)
	_ = s.set(unix.SOL_NETLINK, unix.NETLINK_CAP_ACK, 1)
	if o.strict {
		_ = s.set(unix.SOL_NETLINK, unix.NETLINK_GET_STRICT_CHK, 1)
	}
	if o.readBuffer > 0 {
		if err := s.setReceiveBuffer(o.readBuffer); err != nil {
			return err
		}
	}
	if o.writeBuffer > 0 {
		if err := s.setSendBuffer(o.writeBuffer); err != nil {
			return err
		}
	}
	if o.events {
		return s.listen(o.everywhere)
	}
	return nil
}

func (t *kernelTransport) family(name string) (familyInfo, error) {
	c, err := t.open(genericProtocol, 0)
	if err != nil {
		return familyInfo{}, err
	}
	defer c.Close()
	f, err := genetlink.NewConn(c).GetFamily(name)
	if errors.Is(err, os.ErrNotExist) {
		return familyInfo{}, &familyError{name, err}
	}
	if err != nil {
		return familyInfo{}, err
	}
	info := familyInfo{id: f.ID}
	for _, g := range f.Groups {
		info.groups = append(info.groups, Group{g.Name, g.ID})
	}
	return info, nil
}

// open opens a socket in the transport's namespace. The thread enters it only if
// it is in another: that takes a privilege.
func (t *kernelTransport) open(protocol int, groups uint32) (*netlink.Conn, error) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	cfg := netlink.Config{Groups: groups}
	if t.netns != nil && !inNamespace(t.netns) {
		cfg.NetNS = int(t.netns.Fd())
	}
	return netlink.Dial(protocol, &cfg)
}

// inNamespace reports whether the calling thread is in the namespace f.
func inNamespace(f *os.File) bool {
	want, err := f.Stat()
	if err != nil {
		return false
	}
	got, err := os.Stat(threadNamespace)
	return err == nil && os.SameFile(want, got)
}
