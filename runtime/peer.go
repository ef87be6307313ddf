package runtime

import (
	"context"
	"errors"
	"time"
)

// A Peer is whom a Conn talks to instead of the kernel: a Server in this process,
// or by Port one of another.
type Peer interface {
	// connect returns what opens sockets to the peer.
	connect(config) (transport, error)
}

// WithPeer talks to a peer instead of the kernel.
func WithPeer(p Peer) Option { return func(c *config) { c.peer = p } }

// Port is the peer that serves on the port id of a socket of the protocol, which
// is NETLINK_USERSOCK (2) or one whose kernel module forwards messages; see
// Server.Listen. What other sockets send is not its own, so it is refused.
func Port(protocol int, id uint32) Peer { return remotePeer{protocol, id} }

type remotePeer struct {
	protocol int
	port     uint32
}

func newTransport(f *Family, cfg config) (transport, error) {
	if cfg.peer != nil {
		return cfg.peer.connect(cfg)
	}
	return newKernelTransport(f.Protocol, cfg.netns)
}

// askTimeout bounds the wait for a peer that may not be a server at all.
const askTimeout = 5 * time.Second

// askFamily asks the peer of a transport for a generic family.
func askFamily(t transport, name string) (familyInfo, error) {
	c, err := connect(&controlFamily, controlTransport{t}, config{timeout: askTimeout})
	if err != nil {
		return familyInfo{}, err
	}
	defer c.Close()
	reply, err := Do[controlReply](context.Background(), c, &opGetFamily, &controlRequest{name: Some(name)})
	var e *Error
	switch {
	case errors.As(err, &e) && e.Errno == errNoEntry:
		return familyInfo{}, &familyError{name, err}
	case err != nil:
		return familyInfo{}, err
	}
	return familyInfo{reply.id.v, reply.groups}, nil
}

// A controlTransport lends the sockets of another transport to talk to nlctrl,
// whose id is fixed.
type controlTransport struct{ transport }

func (controlTransport) family(string) (familyInfo, error) { return familyInfo{id: controlID}, nil }
func (controlTransport) close() error                      { return nil }
