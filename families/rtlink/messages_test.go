package rtlink

import (
	"encoding/binary"
	"slices"
	"testing"

	"github.com/nlgen/nlgen/internal/familytest"
)

func attr(id uint16, parts ...[]byte) []byte {
	payload := slices.Concat(parts...)
	b := append(u16(uint16(4+len(payload))), u16(id)...)
	b = append(b, payload...)
	return append(b, make([]byte, -len(b)&3)...)
}

func u16(v uint16) []byte { return binary.NativeEndian.AppendUint16(nil, v) }
func u32(v uint32) []byte { return binary.NativeEndian.AppendUint32(nil, v) }

// header is a struct ifinfomsg of a link with index 7.
func header(family byte) []byte {
	return slices.Concat([]byte{family, 0}, u16(1), u32(7), u32(1), u32(0))
}

// What af-spec (26) and protinfo (12) hold depends on the family in the header.
func TestFamilyOfMessage(t *testing.T) {
	const nested = 0x8000
	bridge := familytest.RoundTrip[NewLinkNtf](t, slices.Concat(header(7),
		attr(3, []byte("v0\x00")),
		attr(nested|12, attr(3, u32(77))),
		// VLANs 1 (untagged, of packets without tag) and 5 to 9; read as the
		// settings of IPv4, whose id is the same, they would be malformed.
		attr(26, attr(2, u16(2|4), u16(1)), attr(2, u16(8), u16(5)), attr(2, u16(16), u16(9))),
	))
	if port, ok := bridge.Protinfo.(*LinkinfoBrportAttrs); !ok || port.Cost.Value() != 77 {
		t.Errorf("protinfo of a bridge port: %+v", bridge.Protinfo)
	}
	spec, ok := bridge.AFSpec.(*BridgeAFSpec)
	if !ok {
		t.Fatalf("af-spec of a bridge port is a %T", bridge.AFSpec)
	}
	familytest.Equal(t, "VLANs", spec.VLANInfo, []BridgeVLANInfo{
		{Flags: BridgeVLANFlagsPVID | BridgeVLANFlagsUntagged, VID: 1},
		{Flags: BridgeVLANFlagsRangeBegin, VID: 5},
		{Flags: BridgeVLANFlagsRangeEnd, VID: 9},
	})

	link := familytest.RoundTrip[NewLinkNtf](t, slices.Concat(header(0),
		attr(26, attr(10, attr(8, []byte{1}))),
	))
	if all, ok := link.AFSpec.(*AFSpec); !ok || all.Inet6.AddrGenMode.Value() != In6AddrGenModeNone {
		t.Errorf("af-spec of a link: %+v", link.AFSpec)
	}

	six := familytest.RoundTrip[NewLinkNtf](t, slices.Concat(header(10), attr(nested|12, attr(8, []byte{1}))))
	if info, ok := six.Protinfo.(*Inet6Attrs); !ok || info.AddrGenMode.Value() != In6AddrGenModeNone {
		t.Errorf("protinfo of IPv6: %+v", six.Protinfo)
	}
	mpls := familytest.RoundTrip[NewLinkNtf](t, slices.Concat(header(28), attr(nested|12, attr(1, u32(5)))))
	if info, ok := mpls.Protinfo.(*UnknownProtinfoData); !ok || !info.Nested || len(info.Payload) != 8 {
		t.Errorf("protinfo of another family: %+v", mpls.Protinfo)
	}
}
