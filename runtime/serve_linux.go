package runtime

import (
	"errors"

	"github.com/mdlayher/netlink"
	"golang.org/x/sys/unix"
)

// Listen serves on a socket of the protocol, which is NETLINK_USERSOCK (2) or one
// whose kernel module forwards messages between programs. The socket gets the port
// id, or if that is 0 one that the kernel chooses; Listen returns it. Clients reach
// it by WithPeer and Port. Groups up to number 32 can be served. The server reads
// the socket until it is closed.
func (s *Server) Listen(protocol int, id uint32) (uint32, error) {
	c, err := netlink.Dial(protocol, &netlink.Config{PID: id})
	if err != nil {
		return 0, ioError(s.family, "listen", err)
	}
	sock, err := setUp(c, socketOptions{readBuffer: listenBuffer})
	if err != nil {
		return 0, ioError(s.family, "listen", err)
	}
	l := &listener{server: s, socket: sock}
	if err := s.add(l, l.receive); err != nil {
		return 0, ioError(s.family, "listen", errors.Join(err, sock.close()))
	}
	return sock.pid, nil
}

const (
	// listenBuffer is how much the kernel keeps for a server that is busy. Then
	// its clients wait.
	listenBuffer = 1 << 20
	// maxRequest is the size of the largest request that a server takes.
	maxRequest = 256 << 10
)

// A listener carries the messages between a server and other processes.
type listener struct {
	server *Server
	socket *kernelSocket
}

// receive hands the datagrams to the server until the socket is closed.
func (l *listener) receive() {
	buf := make([]byte, maxRequest)
	for {
		n, from, err := l.socket.receive(buf)
		switch {
		case errors.Is(err, unix.ENOBUFS):
			continue
		case err != nil:
			return
		case from == 0:
			continue // the kernel, which asks nothing
		}
		r := Requester{l, from}
		if n > len(buf) {
			l.refuse(r, buf, unix.EMSGSIZE)
			continue
		}
		if l.server.enqueue(r, packet{b: append([]byte(nil), buf[:n]...)}) != nil {
			l.refuse(r, buf[:n], unix.ENOBUFS)
		}
	}
}

// refuse answers the first message of a datagram with an error, if its sender has
// room for that.
func (l *listener) refuse(to Requester, b []byte, errno Errno) {
	x := newExchange(l.server, to)
	if len(b) < headerLen {
		return
	}
	native.PutUint32(b, headerLen)
	if _, err := x.msg.split(b); err != nil {
		return
	}
	x.putStatus(typeError, 0, errno)
	_ = l.socket.trySendTo(x.enc.buf, address{port: to.port})
}

func (l *listener) send(to uint32, b []byte) error {
	return l.socket.sendTo(b, address{port: to})
}

func (l *listener) publish(group uint32, b []byte) error {
	g := Group{Value: group}
	if g.mask() == 0 {
		return errHighGroup
	}
	return l.socket.sendTo(b, address{groups: g.mask()})
}

var errHighGroup = errors.New("programs cannot send to groups above number 32")

// part: what other programs have for a buffer is not known.
func (l *listener) part(uint32) int { return minPart }

func (l *listener) close() error { return l.socket.close() }

// connect implements Peer.
func (p remotePeer) connect(cfg config) (transport, error) {
	t, err := newKernelTransport(p.protocol, cfg.netns)
	if err != nil {
		return nil, err
	}
	return &portTransport{t, p.port}, nil
}

// A portTransport opens sockets to talk to the socket of another program.
type portTransport struct {
	transport
	port uint32
}

func (t *portTransport) dial(o socketOptions) (socket, error) {
	s, err := t.transport.dial(o)
	if err != nil {
		return nil, err
	}
	return &portSocket{s.(*kernelSocket), t.port}, nil
}

func (t *portTransport) family(name string) (familyInfo, error) { return askFamily(t, name) }

// A portSocket talks to the socket of another program, which takes the place of
// the kernel.
type portSocket struct {
	*kernelSocket
	peer uint32
}

func (s *portSocket) send(b []byte) error { return s.sendTo(b, address{port: s.peer}) }
func (s *portSocket) waits() bool         { return true }

func (s *portSocket) receive(buf []byte) (int, uint32, error) {
	n, from, err := s.kernelSocket.receive(buf)
	return n, s.sender(from), err
}

func (s *portSocket) poll(buf []byte) (int, uint32, error) {
	n, from, err := s.kernelSocket.poll(buf)
	return n, s.sender(from), err
}

// sender is 0 for the peer.
func (s *portSocket) sender(from uint32) uint32 {
	if from == s.peer {
		return 0
	}
	return from
}
