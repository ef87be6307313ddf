package runtime

import (
	"encoding/binary"
	"fmt"
	"net"
	"net/netip"
)

// RawAttrs holds attributes in wire form, each with its header and padding, one
// after the other. Messages keep the attributes in it that their spec does not
// know, and encode them again unchanged.
type RawAttrs []byte

// Raw is a message whose content is not interpreted.
type Raw struct {
	// Payload is the content, in wire form.
	Payload []byte
	// Nested reports whether the attribute had the NLA_F_NESTED flag.
	Nested bool
}

// Encode appends the payload.
func (r *Raw) Encode(e *Encoder) { e.buf = append(e.buf, r.Payload...) }

// Decode keeps a copy of the window.
func (r *Raw) Decode(d *Decoder) {
	r.Nested = d.typ&Nested != 0
	r.Payload = d.clone(d.Take(d.Rest()))
}

// PutString appends a string and its terminating NUL.
func PutString(e *Encoder, id uint16, o Opt[string]) {
	if o.ok {
		e.string(id, o.v)
	}
}

func (e *Encoder) string(id uint16, s string) {
	start := e.Begin(id)
	WriteString(&s, e)
	e.End(start)
}

// WriteString appends a string and its terminating NUL.
func WriteString(v *string, e *Encoder) { e.buf = append(append(e.buf, *v...), 0) }

// GetString reads the current attribute up to its first NUL or its end.
func GetString(d *Decoder, o *Opt[string]) {
	*o = Some(d.str(cString(d.Payload())))
}

// ReadString reads the window up to its first NUL or its end.
func ReadString(v *string, d *Decoder) { *v = d.str(cString(d.Take(d.Rest()))) }

// PutBytes appends b; nil is absent, an empty slice is an empty attribute.
func PutBytes[B ~[]byte](e *Encoder, id uint16, b B) {
	if b != nil {
		e.bytes(id, b)
	}
}

func (e *Encoder) bytes(id uint16, b []byte) {
	start := e.Begin(id)
	e.buf = append(e.buf, b...)
	e.End(start)
}

// WriteBytes appends the bytes.
func WriteBytes[B ~[]byte](v *B, e *Encoder) { e.buf = append(e.buf, *v...) }

// GetBytes copies the payload of the current attribute.
func GetBytes[B ~[]byte](d *Decoder, b *B) { *b = d.clone(d.Payload()) }

// ReadBytes copies the window.
func ReadBytes[B ~[]byte](v *B, d *Decoder) { *v = d.clone(d.Take(d.Rest())) }

// PutAddr appends an IP address: 4 bytes for IPv4, 16 for IPv6.
func PutAddr(e *Encoder, id uint16, o Opt[netip.Addr]) {
	if o.ok {
		e.addr(id, o.v)
	}
}

func (e *Encoder) addr(id uint16, a netip.Addr) {
	start := e.Begin(id)
	WriteAddr(&a, e)
	e.End(start)
}

// WriteAddr appends an IP address.
func WriteAddr(v *netip.Addr, e *Encoder) {
	switch {
	case v.Is4():
		a := v.As4()
		e.buf = append(e.buf, a[:]...)
	case v.Is6():
		a := v.As16()
		e.buf = append(e.buf, a[:]...)
	default:
		e.Fail("the zero netip.Addr is no address")
	}
}

// GetAddr reads the current attribute as an IP address. A payload of neither 4
// nor 16 bytes (addresses of other families) goes to u.
func GetAddr(d *Decoder, o *Opt[netip.Addr], u *RawAttrs) {
	if a, ok := netip.AddrFromSlice(d.Payload()); ok {
		*o = Some(a)
	} else {
		d.Unknown(u)
	}
}

// ReadAddr reads the window as an IP address.
func ReadAddr(v *netip.Addr, d *Decoder) {
	a, ok := netip.AddrFromSlice(d.Take(d.Rest()))
	if !ok {
		d.wrong("4 or 16")
	}
	*v = a
}

// PutAddrPort appends a struct sockaddr_in or sockaddr_in6. An IPv6 zone must be
// a number: the scope id.
func PutAddrPort(e *Encoder, id uint16, o Opt[netip.AddrPort]) {
	if o.ok {
		e.addrPort(id, o.v)
	}
}

func (e *Encoder) addrPort(id uint16, v netip.AddrPort) {
	start := e.Begin(id)
	WriteAddrPort(&v, e)
	e.End(start)
}

// WriteAddrPort appends a struct sockaddr_in or sockaddr_in6.
func WriteAddrPort(v *netip.AddrPort, e *Encoder) {
	switch a := v.Addr(); {
	case a.Is4():
		b := e.Grow(sockaddrInLen)
		native.PutUint16(b, afInet)
		binary.BigEndian.PutUint16(b[2:], v.Port())
		v4 := a.As4()
		copy(b[4:], v4[:])
	case a.Is6():
		b := e.Grow(sockaddrIn6Len)
		native.PutUint16(b, afInet6)
		binary.BigEndian.PutUint16(b[2:], v.Port())
		v6 := a.As16()
		copy(b[8:], v6[:])
		if zone := a.Zone(); zone != "" {
			var scope uint32
			if _, err := fmt.Sscan(zone, &scope); err != nil {
				e.Fail("zone " + zone + " is no scope id")
			}
			native.PutUint32(b[24:], scope)
		}
	default:
		e.Fail("the zero netip.Addr is no address")
	}
}

// Lengths and families of socket addresses (include/uapi/linux/in.h, in6.h).
const (
	afInet         = 2
	afInet6        = 10
	sockaddrInLen  = 16
	sockaddrIn6Len = 28
)

// GetAddrPort reads the current attribute as a struct sockaddr_in or
// sockaddr_in6; any other goes to u.
func GetAddrPort(d *Decoder, o *Opt[netip.AddrPort], u *RawAttrs) {
	if v, ok := addrPort(d.Payload()); ok {
		*o = Some(v)
	} else {
		d.Unknown(u)
	}
}

// addrPort reads b as a struct sockaddr_in or sockaddr_in6.
func addrPort(b []byte) (v netip.AddrPort, ok bool) {
	if len(b) < 2 {
		return v, false
	}
	switch family := native.Uint16(b); {
	case family == afInet && len(b) == sockaddrInLen:
		a := netip.AddrFrom4([4]byte(b[4:]))
		return netip.AddrPortFrom(a, binary.BigEndian.Uint16(b[2:])), true
	case family == afInet6 && len(b) == sockaddrIn6Len:
		a := netip.AddrFrom16([16]byte(b[8:]))
		if scope := native.Uint32(b[24:]); scope != 0 {
			a = a.WithZone(fmt.Sprint(scope))
		}
		return netip.AddrPortFrom(a, binary.BigEndian.Uint16(b[2:])), true
	}
	return v, false
}

// HardwareAddr parses a MAC address for a literal; it panics on a malformed one.
func HardwareAddr(s string) net.HardwareAddr {
	a, err := net.ParseMAC(s)
	if err != nil {
		panic(err)
	}
	return a
}

// Bitfield32 is a set of flags of which only those in Selector are meant
// (struct nla_bitfield32, include/uapi/linux/netlink.h).
type Bitfield32[T ~uint32] struct {
	Value    T `json:"value"`
	Selector T `json:"selector"`
}

// PutBitfield32 appends a value and its selector in host byte order.
func PutBitfield32[T ~uint32](e *Encoder, id uint16, o Opt[Bitfield32[T]]) {
	if o.ok {
		putBitfield32(e, id, o.v)
	}
}

func putBitfield32[T ~uint32](e *Encoder, id uint16, v Bitfield32[T]) {
	start := e.Begin(id)
	WriteBitfield32(&v, e)
	e.End(start)
}

// WriteBitfield32 appends a value and its selector.
func WriteBitfield32[T ~uint32](v *Bitfield32[T], e *Encoder) {
	e.buf = native.AppendUint32(e.buf, uint32(v.Value))
	e.buf = native.AppendUint32(e.buf, uint32(v.Selector))
}

// GetBitfield32 reads the current attribute as a value and its selector.
func GetBitfield32[T ~uint32](d *Decoder, o *Opt[Bitfield32[T]]) {
	d.Enter()
	if d.Rest() < 8 || d.strict && d.Rest() > 8 {
		d.failRange(fmt.Sprintf("%d bytes, want 8", d.Rest()))
	}
	ReadBitfield32(&o.v, d)
	d.Leave()
	o.ok = true
}

// ReadBitfield32 reads a value and its selector from the window.
func ReadBitfield32[T ~uint32](v *Bitfield32[T], d *Decoder) {
	b := d.Take(8)
	*v = Bitfield32[T]{T(native.Uint32(b)), T(native.Uint32(b[4:]))}
}

// cString returns b up to its first NUL.
func cString(b []byte) []byte {
	for i, c := range b {
		if c == 0 {
			return b[:i]
		}
	}
	return b
}
