package dynamic

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"net/netip"
	"strconv"
	"strings"

	"github.com/nlgen/nlgen/gen/model"
)

func isIP(h model.Hint) bool {
	return h == model.HintIPv4 || h == model.HintIPv6 || h == model.HintIP
}

// bytesValue returns bytes as JSON shows them: as text in the way of the hint
// where the hint fits, else as they are.
func bytesValue(h model.Hint, b []byte, host byteOrder) any {
	switch h {
	case model.HintMAC, model.HintFDDI:
		return separated(b, ':')
	case model.HintHex:
		return separated(b, ' ')
	case model.HintIPv4, model.HintIPv6, model.HintIP:
		if a, ok := netip.AddrFromSlice(b); ok {
			return a.String()
		}
	case model.HintUUID:
		if len(b) == 16 {
			x := hex.EncodeToString(b)
			return strings.Join([]string{x[:8], x[8:12], x[12:16], x[16:20], x[20:]}, "-")
		}
	case model.HintSockaddr:
		if text := sockaddrText(b, host); text != "" {
			return text
		}
	}
	return Bytes(bytes.Clone(b))
}

func separated(b []byte, sep byte) string {
	var s strings.Builder
	for i, c := range b {
		if i > 0 {
			s.WriteByte(sep)
		}
		fmt.Fprintf(&s, "%02x", c)
	}
	return s.String()
}

// parseBytes returns the bytes of a value: bytes, hex with or without
// separators, or text in the way of the hint.
func parseBytes(h model.Hint, v any, host byteOrder) ([]byte, error) {
	switch v := v.(type) {
	case Bytes:
		return v, nil
	case Raw:
		return v.Payload, nil
	case string:
		return parseText(h, v, host)
	}
	return nil, failf("%s, want %s", describe(v), wanted(h))
}

func parseText(h model.Hint, s string, host byteOrder) ([]byte, error) {
	separators := " :-"
	switch {
	case isIP(h):
		if a, err := netip.ParseAddr(s); err == nil && a.Zone() == "" {
			return a.AsSlice(), nil
		}
		separators = "" // colons would turn a mistyped IPv6 address into bytes
	case h == model.HintSockaddr:
		if b := parseSockaddr(s, host); b != nil {
			return b, nil
		}
		separators = ""
	}
	digits := strings.Map(func(r rune) rune {
		if strings.ContainsRune(separators, r) {
			return -1
		}
		return r
	}, s)
	b, err := hex.DecodeString(digits)
	if err != nil {
		return nil, failf("%q, want %s", s, wanted(h))
	}
	return b, nil
}

func wanted(h model.Hint) string {
	switch h {
	case model.HintMAC, model.HintFDDI:
		return "a MAC address"
	case model.HintIPv4, model.HintIPv6, model.HintIP:
		return "an IP address"
	case model.HintUUID:
		return "a UUID"
	case model.HintSockaddr:
		return "an IP address with a port"
	}
	return "hex"
}

// Families and sizes of socket addresses (include/uapi/linux/in.h, in6.h).
const (
	afInet  = 2
	afInet6 = 10

	sockaddrInSize  = 16
	sockaddrIn6Size = 28
)

// sockaddrText returns a struct sockaddr_in or sockaddr_in6 as address and
// port; "" if it is neither or has more to say than that.
func sockaddrText(b []byte, host byteOrder) string {
	var a netip.Addr
	switch {
	case len(b) == sockaddrInSize && host.Uint16(b) == afInet:
		a = netip.AddrFrom4([4]byte(b[4:8]))
	case len(b) == sockaddrIn6Size && host.Uint16(b) == afInet6:
		a = netip.AddrFrom16([16]byte(b[8:24]))
		if scope := host.Uint32(b[24:]); scope != 0 {
			a = a.WithZone(strconv.FormatUint(uint64(scope), 10))
		}
	default:
		return ""
	}
	text := netip.AddrPortFrom(a, binary.BigEndian.Uint16(b[2:])).String()
	if !bytes.Equal(parseSockaddr(text, host), b) {
		return ""
	}
	return text
}

// parseSockaddr returns the bytes of an address with a port, nil if s is none.
func parseSockaddr(s string, host byteOrder) []byte {
	ap, err := netip.ParseAddrPort(s)
	if err != nil {
		return nil
	}
	var b []byte
	if ap.Addr().Is4() {
		b = make([]byte, sockaddrInSize)
		host.PutUint16(b, afInet)
		copy(b[4:], ap.Addr().AsSlice())
	} else {
		b = make([]byte, sockaddrIn6Size)
		host.PutUint16(b, afInet6)
		copy(b[8:], ap.Addr().AsSlice())
		if zone := ap.Addr().Zone(); zone != "" {
			scope, err := strconv.ParseUint(zone, 10, 32)
			if err != nil {
				return nil
			}
			host.PutUint32(b[24:], uint32(scope))
		}
	}
	binary.BigEndian.PutUint16(b[2:], ap.Port())
	return b
}

// cString returns b up to its first NUL.
func cString(b []byte) string {
	if i := bytes.IndexByte(b, 0); i >= 0 {
		b = b[:i]
	}
	return string(b)
}
