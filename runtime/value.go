package runtime

import (
	"encoding/binary"
	"fmt"
	"net"
	"net/netip"
	"slices"
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
func (r *Raw) Encode(_ *Encoder, b []byte) []byte { return append(b, r.Payload...) }

// Decode keeps a copy of the window.
func (r *Raw) Decode(d *Decoder) {
	r.Nested = d.typ&Nested != 0
	r.Payload = d.clone(d.Take(d.Rest()))
}

// AppendString appends a string and its terminating NUL.
func AppendString(e *Encoder, b []byte, id uint16, o Opt[string]) []byte {
	if o.ok {
		b = appendString(e, b, id, o.v)
	}
	return b
}

func appendString(e *Encoder, b []byte, id uint16, s string) []byte {
	start, n := len(b), len(s)+1
	if n > maxPayload {
		return appendLong(e, b, id, append([]byte(s), 0))
	}
	b = slices.Grow(b, align4(attrHeaderLen+n))[:start+align4(attrHeaderLen+n)]
	native.PutUint32(b[len(b)-4:], 0) // the NUL and the padding
	native.PutUint32(b[start:], head(id, n))
	copy(b[start+attrHeaderLen:], s)
	return b
}

// appendLong appends an attribute of any payload, also one that is too long.
func appendLong(e *Encoder, b []byte, id uint16, payload []byte) []byte {
	b, start := Begin(b, id)
	return e.End(append(b, payload...), start)
}

// WriteString appends a string and its terminating NUL.
func WriteString(v *string, _ *Encoder, b []byte) []byte { return append(append(b, *v...), 0) }

// GetString reads the current attribute up to its first NUL or its end.
func GetString(d *Decoder, o *Opt[string]) {
	*o = Some(d.str(cString(d.Payload())))
}

// ReadString reads the window up to its first NUL or its end.
func ReadString(v *string, d *Decoder) { *v = d.str(cString(d.Take(d.Rest()))) }

// AppendBytes appends p; nil is absent, an empty slice is an empty attribute.
func AppendBytes[B ~[]byte](e *Encoder, b []byte, id uint16, p B) []byte {
	if p != nil {
		b = appendBytes(e, b, id, p)
	}
	return b
}

func appendBytes(e *Encoder, b []byte, id uint16, p []byte) []byte {
	if len(p) > maxPayload {
		return appendLong(e, b, id, p)
	}
	return Align(append(native.AppendUint32(b, head(id, len(p))), p...))
}

// WriteBytes appends the bytes.
func WriteBytes[B ~[]byte](v *B, _ *Encoder, b []byte) []byte { return append(b, *v...) }

// GetBytes copies the payload of the current attribute.
func GetBytes[B ~[]byte](d *Decoder, b *B) { *b = d.clone(d.Payload()) }

// ReadBytes copies the window.
func ReadBytes[B ~[]byte](v *B, d *Decoder) { *v = d.clone(d.Take(d.Rest())) }

// AppendAddr appends an IP address: 4 bytes for IPv4, 16 for IPv6.
func AppendAddr(e *Encoder, b []byte, id uint16, o Opt[netip.Addr]) []byte {
	if o.ok {
		b = appendAddr(e, b, id, o.v)
	}
	return b
}

func appendAddr(e *Encoder, b []byte, id uint16, a netip.Addr) []byte {
	if a.Is4() {
		v4 := a.As4()
		return native.AppendUint64(b, small(id, 4, native.Uint32(v4[:])))
	}
	b, start := Begin(b, id)
	b = WriteAddr(&a, e, b)
	e.setLen(b, start)
	return b
}

// WriteAddr appends an IP address.
func WriteAddr(v *netip.Addr, e *Encoder, b []byte) []byte {
	switch {
	case v.Is4():
		a := v.As4()
		return append(b, a[:]...)
	case v.Is6():
		a := v.As16()
		return append(b, a[:]...)
	}
	e.failElem(b, "the zero netip.Addr is no address")
	return b
}

// failElem is Fail for the payload that begins at the end of b.
func (e *Encoder) failElem(b []byte, msg string) { e.Fail(len(b)-1, msg) }

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

// AppendAddrPort appends a struct sockaddr_in or sockaddr_in6. An IPv6 zone must be
// a number: the scope id.
func AppendAddrPort(e *Encoder, b []byte, id uint16, o Opt[netip.AddrPort]) []byte {
	if o.ok {
		b = appendAddrPort(e, b, id, o.v)
	}
	return b
}

func appendAddrPort(e *Encoder, b []byte, id uint16, v netip.AddrPort) []byte {
	b, start := Begin(b, id)
	b = WriteAddrPort(&v, e, b)
	e.setLen(b, start)
	return b
}

// WriteAddrPort appends a struct sockaddr_in or sockaddr_in6.
func WriteAddrPort(v *netip.AddrPort, e *Encoder, b []byte) []byte {
	switch a := v.Addr(); {
	case a.Is4():
		v4 := a.As4()
		b, p := Grow(b, sockaddrInLen)
		native.PutUint16(p, afInet)
		binary.BigEndian.PutUint16(p[2:], v.Port())
		copy(p[4:], v4[:])
		return b
	case a.Is6():
		return writeAddrPort6(e, b, a, v.Port())
	}
	e.failElem(b, "the zero netip.Addr is no address")
	return b
}

func writeAddrPort6(e *Encoder, b []byte, a netip.Addr, port uint16) []byte {
	var scope uint32
	if zone := a.Zone(); zone != "" {
		if _, err := fmt.Sscan(zone, &scope); err != nil {
			e.failElem(b, "zone "+zone+" is no scope id")
		}
	}
	v6 := a.As16()
	b, p := Grow(b, sockaddrIn6Len)
	native.PutUint16(p, afInet6)
	binary.BigEndian.PutUint16(p[2:], port)
	copy(p[8:], v6[:])
	native.PutUint32(p[24:], scope)
	return b
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

// AppendBitfield32 appends a value and its selector in host byte order.
func AppendBitfield32[T ~uint32](b []byte, id uint16, o Opt[Bitfield32[T]]) []byte {
	if o.ok {
		b = WriteBitfield32(&o.v, nil, native.AppendUint32(b, head(id, 8)))
	}
	return b
}

// WriteBitfield32 appends a value and its selector.
func WriteBitfield32[T ~uint32](v *Bitfield32[T], _ *Encoder, b []byte) []byte {
	return native.AppendUint32(native.AppendUint32(b, uint32(v.Value)), uint32(v.Selector))
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
