package modules_test

import (
	"encoding/binary"
	"encoding/hex"
	"errors"
	"net"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/nlgen/nlgen/families/rtlink"
	"github.com/nlgen/nlgen/internal/familytest"
	nl "github.com/nlgen/nlgen/runtime"
)

// A tap sees all netlink messages of the guest, through a device of the kind nlmon.
type tap struct{ fd int }

func openTap(t *testing.T) *tap {
	t.Helper()
	c, err := rtlink.Dial()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	const name = "nlmon0"
	if _, err := c.NewLink(familytest.Context(t), &rtlink.NewLinkRequest{
		Header:   rtlink.Ifinfomsg{Flags: rtlink.DeviceFlagsUp, Change: rtlink.DeviceFlagsUp},
		Ifname:   nl.Some(name),
		Linkinfo: &rtlink.Linkinfo{Kind: nl.Some("nlmon")},
	}, nl.Create, nl.Excl); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if _, err := c.DelLink(familytest.Context(t), &rtlink.DelLinkRequest{Ifname: nl.Some(name)}); err != nil {
			t.Error(err)
		}
	})
	dev, err := net.InterfaceByName(name)
	if err != nil {
		t.Fatal(err)
	}
	var all [2]byte
	binary.BigEndian.PutUint16(all[:], unix.ETH_P_ALL)
	protocol := binary.NativeEndian.Uint16(all[:])
	fd, err := unix.Socket(unix.AF_PACKET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, int(protocol))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { unix.Close(fd) })
	if err := errors.Join(
		unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_RCVBUFFORCE, 32<<20),
		unix.Bind(fd, &unix.SockaddrLinklayer{Protocol: protocol, Ifindex: dev.Index}),
	); err != nil {
		t.Fatal(err)
	}
	return &tap{fd}
}

// Traffic is what a client and a server said to each other.
type traffic struct {
	Calls  []call
	Events []message
}

// A call is a request and all that it was answered, however the answers were
// distributed over datagrams.
type call struct {
	Request message
	Answers []message
}

// A message is in wire form, but without what is not the same each time; see normal.
type message []byte

// String returns what differences are shown in.
func (m message) String() string { return hex.EncodeToString(m) }

func (m message) typ() uint16   { return binary.NativeEndian.Uint16(m[4:]) }
func (m message) flags() uint16 { return binary.NativeEndian.Uint16(m[6:]) }
func (m message) command() byte { return m[unix.NLMSG_HDRLEN] }
func (m message) body() []byte  { return m[unix.NLMSG_HDRLEN+genlHeader:] }

const (
	genlHeader = 4
	attrPolicy = 4 // NLMSGERR_ATTR_POLICY
)

// take returns what was said over a protocol since the last time. Questions for the
// number of a family are left out.
func (tap *tap) take(t *testing.T, protocol int) traffic {
	t.Helper()
	var seen traffic
	places := map[[8]byte]int{} // of calls, by sequence number and port id
	buf := make([]byte, 1<<17)
	for {
		n, from, err := unix.Recvfrom(tap.fd, buf, 0)
		if errors.Is(err, unix.EAGAIN) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		if binary.BigEndian.Uint16(binary.NativeEndian.AppendUint16(nil, from.(*unix.SockaddrLinklayer).Protocol)) != uint16(protocol) {
			continue
		}
		for b := buf[:n]; len(b) >= unix.NLMSG_HDRLEN; {
			size := int(binary.NativeEndian.Uint32(b))
			m := message(append([]byte(nil), b[:size]...))
			b = b[min((size+3)&^3, len(b)):]
			key := [8]byte(m[8:16])
			i, answer := places[key]
			switch {
			case m.typ() >= unix.NLMSG_MIN_TYPE && m.flags()&unix.NLM_F_REQUEST != 0 && m.typ() != unix.GENL_ID_CTRL:
				places[key] = len(seen.Calls)
				seen.Calls = append(seen.Calls, call{Request: m.normal()})
			case answer:
				seen.Calls[i].Answers = append(seen.Calls[i].Answers, m.normal())
			case key == [8]byte{}:
				seen.Events = append(seen.Events, m.normal())
			}
		}
	}
	stats, err := unix.GetsockoptTpacketStats(tap.fd, unix.SOL_PACKET, unix.PACKET_STATISTICS)
	if err != nil || stats.Drops > 0 {
		t.Fatalf("%d messages were not seen, %v", stats.Drops, err)
	}
	return seen
}

// normal returns the message without what may differ between implementations:
//   - the type that Generic Netlink has given to the family,
//   - the sequence number and the port id,
//   - of an attribute that the spec rejects, the text, and the policy that Linux sends
//     along. Both are those of the kernel's parser for modules, and of no spec.
func (m message) normal() message {
	anonymous(m)
	if m.typ() != unix.NLMSG_ERROR {
		return m
	}
	anonymous(m[unix.NLMSG_HDRLEN+4:])
	errno := unix.Errno(-int32(binary.NativeEndian.Uint32(m[unix.NLMSG_HDRLEN:])))
	const head = unix.NLMSG_HDRLEN + 4 + unix.NLMSG_HDRLEN // the request is capped
	kept, rejected := []byte{}, false
	for b := m[head:]; len(b) >= unix.NLA_HDRLEN; {
		size := (int(binary.NativeEndian.Uint16(b)) + 3) &^ 3
		switch binary.NativeEndian.Uint16(b[2:]) &^ unix.NLA_F_NESTED {
		case unix.NLMSGERR_ATTR_MSG, attrPolicy:
		default:
			kept = append(kept, b[:size]...)
			rejected = errno == unix.EINVAL || errno == unix.ERANGE
		}
		b = b[size:]
	}
	if rejected {
		m = append(m[:head], kept...)
		binary.NativeEndian.PutUint32(m, uint32(len(m)))
	}
	return m
}

// anonymous clears numbers in a header.
func anonymous(header []byte) {
	if binary.NativeEndian.Uint16(header[4:]) >= unix.NLMSG_MIN_TYPE {
		binary.NativeEndian.PutUint16(header[4:], unix.NLMSG_MIN_TYPE)
	}
	clear(header[8:16])
}
