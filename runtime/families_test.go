package runtime_test

import (
	"net/netip"
	"testing"
	"time"

	"github.com/nlgen/nlgen/families/rtlink"
	"github.com/nlgen/nlgen/families/rtroute"
	"github.com/nlgen/nlgen/families/wireguard"
	nl "github.com/nlgen/nlgen/runtime"
)

func newRoute() *rtroute.NewRouteRequest {
	return &rtroute.NewRouteRequest{
		Header:  rtroute.RtMsg{Family: 2, DstLen: 32, Table: 254, Protocol: 4, Type: 1},
		Table:   nl.Some(rtroute.Table(254)),
		Dst:     nl.Some(netip.MustParseAddr("20.0.0.1")),
		Oif:     nl.U32(3),
		Gateway: nl.Some(netip.MustParseAddr("10.0.0.1")),
	}
}

func newVLAN() *rtlink.NewLinkRequest {
	return &rtlink.NewLinkRequest{
		Ifname: nl.Some("vlan42"), MTU: nl.U32(1400), Link: nl.U32(7),
		Linkinfo: &rtlink.Linkinfo{Data: &rtlink.LinkinfoVLANAttrs{ID: nl.U16(42), Protocol: nl.Some(rtlink.VLANProtocol(0x8100))}},
	}
}

func newTunnel(peers int) *wireguard.SetDeviceRequest {
	req := &wireguard.SetDeviceRequest{Ifname: nl.Some("wg0"), ListenPort: nl.U16(51820)}
	for i := range peers {
		key := make([]byte, 32)
		key[0], key[1], key[2] = byte(i), byte(i>>8), 1
		p := wireguard.Peer{
			PublicKey:                   key,
			Endpoint:                    nl.Some(netip.AddrPortFrom(netip.AddrFrom4([4]byte{192, 0, 2, byte(i)}), 51820)),
			PersistentKeepaliveInterval: nl.Some(25 * time.Second),
		}
		for j := range 3 {
			p.AllowedIPs = append(p.AllowedIPs, wireguard.AllowedIP{
				Family: nl.U16(2), IPAddr: nl.Some(netip.AddrFrom4([4]byte{10, byte(i >> 8), byte(i), byte(j)})), CIDRMask: nl.U8(32),
			})
		}
		req.Peers = append(req.Peers, p)
	}
	return req
}

func benchEncode(b *testing.B, m nl.Message) {
	var e nl.Encoder
	b.ReportAllocs()
	for b.Loop() {
		if _, err := e.Encode(m); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkEncodeRoute(b *testing.B)  { benchEncode(b, newRoute()) }
func BenchmarkEncodeVLAN(b *testing.B)   { benchEncode(b, newVLAN()) }
func BenchmarkEncodeTunnel(b *testing.B) { benchEncode(b, newTunnel(100)) }

func benchDecode[T any, P nl.MessagePtr[T]](b *testing.B, wire []byte) {
	var d nl.Decoder
	m := P(new(T))
	b.ReportAllocs()
	for b.Loop() {
		if err := nl.DecodeInto(&d, wire, m); err != nil {
			b.Fatal(err)
		}
	}
}

func marshal(t testing.TB, m nl.Message) []byte {
	b, err := nl.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func BenchmarkDecodeRoute(b *testing.B) {
	benchDecode[rtroute.GetRouteReply](b, marshal(b, newRoute()))
}

func BenchmarkDecodeTunnel(b *testing.B) {
	benchDecode[wireguard.SetDeviceRequest](b, marshal(b, newTunnel(100)))
}
