package runtime

import "fmt"

// A Header is the header of a netlink message.
type Header struct {
	Length   uint32 // of the whole message, in bytes
	Type     uint16 // message type; the family's id if it is generic
	Flags    uint16 // NLM_F_*
	Sequence uint32 // of the request that it belongs to
	PortID   uint32 // of the socket that sent the request
	Command  uint8  // of a generic family
	Version  uint8  // of a generic family
}

// Lengths of the headers (struct nlmsghdr, struct genlmsghdr).
const (
	headerLen     = 16
	genlHeaderLen = 4
)

// Types of control messages (NLMSG_*).
const (
	typeNoop  = 1
	typeError = 2
	typeDone  = 3
)

// A message is a message in wire form. Its bytes belong to a receive buffer.
type message struct {
	Header
	raw  []byte // all of it
	body []byte // what follows the netlink header, and that of the generic family
}

// splitMessage returns the first message of b and the bytes that follow it.
func splitMessage(b []byte) (m message, rest []byte, err error) {
	rest, err = m.split(b)
	return m, rest, err
}

// split sets m to the first message of b and returns the bytes that follow it.
func (m *message) split(b []byte) (rest []byte, err error) {
	if len(b) < headerLen {
		return nil, fmt.Errorf("malformed datagram: %d bytes are too few for a message", len(b))
	}
	m.Header = Header{
		Length:   native.Uint32(b),
		Type:     native.Uint16(b[4:]),
		Flags:    native.Uint16(b[6:]),
		Sequence: native.Uint32(b[8:]),
		PortID:   native.Uint32(b[12:]),
	}
	if m.Length < headerLen || uint64(m.Length) > uint64(len(b)) {
		return nil, fmt.Errorf("malformed datagram: message length %d does not fit into the %d bytes left", m.Length, len(b))
	}
	n := int(m.Length)
	m.raw = b[:n:n]
	m.body = m.raw[headerLen:]
	return b[min(align4(n), len(b)):], nil
}

// takeGenl moves the generic header from the body to the Header. A body that is
// too short for it stays as it is: empty or nearly so.
func (m *message) takeGenl() {
	if len(m.body) >= genlHeaderLen {
		m.Command, m.Version = m.body[0], m.body[1]
		m.body = m.body[genlHeaderLen:]
	}
}
