package runtime

import (
	"errors"
	"time"
)

// A socket is what a call or subscription needs of a netlink socket. receive is
// not called concurrently; setDeadline, close, join and leave may be called at
// any time, and setDeadline and close wake a blocked receive.
type socket interface {
	// send sends one datagram to the kernel.
	send(b []byte) error
	// waits reports whether send and receive may wait for another program. The kernel
	// takes requests at once, and has mostly answered them then.
	waits() bool
	// receive reads one datagram. n is its length, larger than that of buf if the
	// rest of it was lost; from is the port id of the sender, 0 for the kernel.
	receive(buf []byte) (n int, from uint32, err error)
	// poll is receive without waiting: it fails with errNothing if nothing is there.
	poll(buf []byte) (n int, from uint32, err error)
	// origin tells whence the datagram came that was read last, if the socket was
	// opened for events.
	origin() origin
	// setDeadline makes send and receive fail with os.ErrDeadlineExceeded after t.
	setDeadline(t time.Time) error
	join(group uint32) error
	leave(group uint32) error
	// portID returns the address of the socket.
	portID() uint32
	// raise makes the buffers of the kernel hold at least so many bytes, as far as
	// it lets, and returns what it has for receiving.
	raise(receive, send int) (int, error)
	// drops returns how many messages the socket had no room for.
	drops() (uint32, error)
	close() error
}

// A transport opens sockets to one peer: the kernel in one network namespace, or
// a stand-in for it.
type transport interface {
	dial(socketOptions) (socket, error)
	// family resolves the name of a generic family. The error matches
	// ErrFamilyNotFound if there is none.
	family(name string) (familyInfo, error)
	close() error
}

type socketOptions struct {
	readBuffer  int // 0: as it is
	writeBuffer int
	strict      bool
	events      bool   // learn the origin of each datagram
	everywhere  bool   // get the events of all namespaces that have an id here
	groups      uint32 // mask of those to join by the address
}

// An origin is whence an event came.
type origin struct {
	group uint32     // the multicast group; 0: not known
	nsid  Opt[int32] // the id of its namespace, absent if it is the socket's own
}

var errNothing = errors.New("nothing to receive")

// familyInfo is what the kernel says about a generic family.
type familyInfo struct {
	id     uint16
	groups []Group
}
