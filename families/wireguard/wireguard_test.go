package wireguard

import (
	"bytes"
	"encoding/binary"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/nlgen/nlgen/internal/familytest"
	nl "github.com/nlgen/nlgen/runtime"
)

// The messages are put together here without the runtime, after
// include/uapi/linux/wireguard.h and in the kernel's order.

const (
	nested  = 0x8000
	element = nested // of a list: the kernel numbers all of them 0
)

func attr(id uint16, parts ...[]byte) []byte {
	payload := slices.Concat(parts...)
	b := u16(uint16(4 + len(payload)))
	b = append(b, u16(id)...)
	b = append(b, payload...)
	return append(b, make([]byte, -len(b)&3)...)
}

func u16(v uint16) []byte { return binary.NativeEndian.AppendUint16(nil, v) }
func u32(v uint32) []byte { return binary.NativeEndian.AppendUint32(nil, v) }
func u64(v uint64) []byte { return binary.NativeEndian.AppendUint64(nil, v) }

// key is a key of 32 times the same byte.
func key(b byte) []byte { return bytes.Repeat([]byte{b}, 32) }

var (
	fe80 = []byte{0xfe, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1}
	db8  = []byte{0x20, 1, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}

	sockaddrIn  = slices.Concat(u16(2), []byte{0xca, 0x6c}, []byte{192, 0, 2, 1}, make([]byte, 8))
	sockaddrIn6 = slices.Concat(u16(10), []byte{0xca, 0x6d}, u32(0), fe80, u32(3))
)

// allowed is an element of a list of allowed networks.
func allowed(family uint16, addr []byte, bits byte) []byte {
	return attr(element, attr(1, u16(family)), attr(2, addr), attr(3, []byte{bits}))
}

// The reply for a device whose second peer did not fit into the first message.
var (
	firstMessage = slices.Concat(
		attr(6, u16(51820)),
		attr(7, u32(0x1234)),
		attr(1, u32(9)),
		attr(2, []byte("wg0\x00")),
		attr(3, key(0x11)),
		attr(4, key(0x22)),
		attr(nested|8,
			attr(element,
				attr(1, key(0xa1)),
				attr(2, key(0xa2)),
				attr(6, u64(1700000000), u64(123456789)),
				attr(5, u16(25)),
				attr(0), // aligns the next one on some machines
				attr(8, u64(2000)),
				attr(7, u64(1<<40)),
				attr(10, u32(1)),
				attr(4, sockaddrIn),
				attr(nested|9, allowed(2, []byte{10, 0, 0, 0}, 24), allowed(10, db8, 32)),
			),
			attr(element,
				attr(1, key(0xb1)),
				attr(2, key(0)),
				attr(6, u64(0), u64(0)),
				attr(5, u16(0)),
				attr(8, u64(0)),
				attr(7, u64(0)),
				attr(10, u32(1)),
				attr(4, sockaddrIn6),
				attr(nested|9, allowed(2, []byte{10, 1, 0, 0}, 16)),
			),
		),
	)
	secondMessage = attr(nested|8,
		attr(element,
			attr(1, key(0xb1)),
			attr(nested|9, allowed(2, []byte{10, 2, 0, 0}, 16)),
		),
		attr(element, attr(1, key(0xc1))),
	)
)

func network(s string) AllowedIP {
	p := netip.MustParsePrefix(s)
	family := uint16(2)
	if p.Addr().Is6() {
		family = 10
	}
	return AllowedIP{Family: nl.U16(family), IPAddr: nl.Some(p.Addr()), CIDRMask: nl.U8(uint8(p.Bits()))}
}

// device is what the two messages say.
func device() *GetDeviceReply {
	return &GetDeviceReply{
		Ifindex:    nl.U32(9),
		Ifname:     nl.Some("wg0"),
		PrivateKey: key(0x11),
		PublicKey:  key(0x22),
		ListenPort: nl.U16(51820),
		Fwmark:     nl.U32(0x1234),
		Peers: []Peer{{
			PublicKey:                   key(0xa1),
			PresharedKey:                key(0xa2),
			Endpoint:                    nl.Some(netip.MustParseAddrPort("192.0.2.1:51820")),
			PersistentKeepaliveInterval: nl.Some(25 * time.Second),
			LastHandshakeTime:           nl.Some(Timespec{Sec: 1700000000, Nsec: 123456789}),
			RxBytes:                     nl.U64(1 << 40),
			TxBytes:                     nl.U64(2000),
			AllowedIPs:                  []AllowedIP{network("10.0.0.0/24"), network("2001:db8::/32")},
			ProtocolVersion:             nl.U32(1),
		}, {
			PublicKey:                   key(0xb1),
			PresharedKey:                key(0),
			Endpoint:                    nl.Some(netip.MustParseAddrPort("[fe80::1%3]:51821")),
			PersistentKeepaliveInterval: nl.Some(time.Duration(0)),
			LastHandshakeTime:           nl.Some(Timespec{}),
			RxBytes:                     nl.U64(0),
			TxBytes:                     nl.U64(0),
			AllowedIPs:                  []AllowedIP{network("10.1.0.0/16"), network("10.2.0.0/16")},
			ProtocolVersion:             nl.U32(1),
		}, {
			PublicKey: key(0xc1),
		}},
	}
}

func TestMerge(t *testing.T) {
	first := familytest.RoundTrip[GetDeviceReply](t, firstMessage)
	second := familytest.RoundTrip[GetDeviceReply](t, secondMessage)
	if len(first.Peers) != 2 || len(first.Peers[1].AllowedIPs) != 1 || len(second.Peers) != 2 {
		t.Fatalf("messages %+v, %+v", first, second)
	}
	devices := nl.MergeList([]*GetDeviceReply{first, second}, (*GetDeviceReply).merge)
	familytest.Equal(t, "devices", devices, []*GetDeviceReply{device()})
}

// We number the elements of lists, and put attributes in the order of their ids.
func TestEncode(t *testing.T) {
	got, err := nl.Marshal(&SetDeviceRequest{
		Ifname:     nl.Some("wg0"),
		PrivateKey: key(0x11),
		Flags:      nl.Some(DeviceFlagReplacePeers),
		ListenPort: nl.U16(0),
		Peers: []Peer{{
			PublicKey:                   key(0xa1),
			PresharedKey:                key(0xa2),
			Flags:                       nl.Some(PeerFlagReplaceAllowedIPs | PeerFlagUpdateOnly),
			Endpoint:                    nl.Some(netip.MustParseAddrPort("192.0.2.1:51820")),
			PersistentKeepaliveInterval: nl.Some(25 * time.Second),
			AllowedIPs:                  []AllowedIP{network("10.0.0.0/24"), network("2001:db8::/32")},
		}, {
			PublicKey: key(0xb1),
			Flags:     nl.Some(PeerFlagRemoveMe),
			Endpoint:  nl.Some(netip.MustParseAddrPort("[fe80::1%3]:51821")),
		}},
	})
	if err != nil {
		t.Fatal(err)
	}
	want := slices.Concat(
		attr(2, []byte("wg0\x00")),
		attr(3, key(0x11)),
		attr(5, u32(1)),
		attr(6, u16(0)),
		attr(nested|8,
			attr(nested|1,
				attr(1, key(0xa1)),
				attr(2, key(0xa2)),
				attr(3, u32(2|4)),
				attr(4, sockaddrIn),
				attr(5, u16(25)),
				attr(nested|9,
					attr(nested|1, attr(1, u16(2)), attr(2, []byte{10, 0, 0, 0}), attr(3, []byte{24})),
					attr(nested|2, attr(1, u16(10)), attr(2, db8), attr(3, []byte{32})),
				),
			),
			attr(nested|2, attr(1, key(0xb1)), attr(3, u32(1)), attr(4, sockaddrIn6)),
		),
	)
	if !bytes.Equal(got, want) {
		t.Errorf("got  %x\nwant %x", got, want)
	}
}

func TestEncodeErrors(t *testing.T) {
	for _, tt := range []struct {
		req  SetDeviceRequest
		want string
	}{
		{SetDeviceRequest{PrivateKey: make([]byte, 31)}, "31 bytes, want 32"},
		{SetDeviceRequest{Peers: []Peer{{PublicKey: make([]byte, 33)}}}, "33 bytes, want 32"},
		{SetDeviceRequest{Ifname: nl.Some("sixteen-letters.")}, "16 bytes, at most 15 allowed"},
		{SetDeviceRequest{Peers: []Peer{{PersistentKeepaliveInterval: nl.Some(100_000 * time.Second)}}}, "100000 does not fit into 16 bits"},
	} {
		if _, err := nl.Marshal(&tt.req); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%+v: %v, want %q", tt.req, err, tt.want)
		}
	}
}

// Structs of other kernel versions stay as they were.
func TestOtherSizes(t *testing.T) {
	for _, tt := range []struct {
		payload []byte
		want    int64
	}{{u64(5), 5}, {slices.Concat(u64(5), u64(6), u64(7)), 5}} {
		b := attr(nested|8, attr(nested|1, attr(6, tt.payload)))
		m := familytest.RoundTrip[GetDeviceReply](t, b)
		if got := m.Peers[0].LastHandshakeTime.Value().Sec; got != tt.want {
			t.Errorf("seconds of %x = %d, want %d", tt.payload, got, tt.want)
		}
		if again, err := nl.Marshal(m); err != nil || !bytes.Equal(again, b) {
			t.Errorf("%x encoded again as %x, %v", b, again, err)
		}
	}
}

// Damaged messages are errors.
func TestDecodeErrors(t *testing.T) {
	for name, b := range map[string][]byte{
		"cut":             firstMessage[:len(firstMessage)-3],
		"address":         attr(nested|8, attr(element, attr(nested|9, attr(element, attr(3, u16(1)))))),
		"long integer":    attr(6, u32(1)),
		"length too long": append(u16(99), u16(1)...),
	} {
		var m GetDeviceReply
		if err := nl.Unmarshal(b, &m); err == nil {
			t.Errorf("%s: decoded as %+v", name, m)
		}
	}
}
