package wireguard

import (
	"net/netip"
	"testing"

	nl "github.com/nlgen/nlgen/runtime"
)

// A device of many peers, one of which has more addresses than a message holds,
// goes into several requests that together say the same.
func TestSplit(t *testing.T) {
	const peers, addresses = 10_000, 5000
	key := func(i int) []byte { return append([]byte{byte(i), byte(i >> 8)}, make([]byte, 30)...) }
	req := &SetDeviceRequest{Ifname: nl.Some("wg0"), Flags: nl.Some(DeviceFlagReplacePeers), ListenPort: nl.U16(1)}
	for i := range peers {
		p := Peer{PublicKey: key(i), Flags: nl.Some(PeerFlagReplaceAllowedIPs)}
		n := 1
		if i == 5 {
			n = addresses
		}
		for j := range n {
			p.AllowedIPs = append(p.AllowedIPs, AllowedIP{
				Family: nl.U16(2), IPAddr: nl.Some(netip.AddrFrom4([4]byte{10, byte(i), byte(j >> 8), byte(j)})), CIDRMask: nl.U8(32),
			})
		}
		req.Peers = append(req.Peers, p)
	}
	if _, err := nl.Marshal(req); err == nil {
		t.Fatal("the whole fits into one message")
	}
	parts := req.Split(0)
	all, total := &SetDeviceRequest{}, 0
	for i, part := range parts {
		b, err := nl.Marshal(part)
		if err != nil || len(b) > 1<<16 {
			t.Fatalf("part %d has %d bytes, %v", i, len(b), err)
		}
		total += len(b)
		if part.Ifname != req.Ifname || part.Flags.Present() != (i == 0) || part.ListenPort.Present() != (i == 0) {
			t.Errorf("part %d: %v, flags %v, port %v", i, part.Ifname, part.Flags, part.ListenPort)
		}
		for _, p := range part.Peers {
			n := len(all.Peers)
			if n > 0 && string(all.Peers[n-1].PublicKey) == string(p.PublicKey) {
				if p.Flags.Present() {
					t.Error("a peer is continued with its flags")
				}
				all.Peers[n-1].AllowedIPs = append(all.Peers[n-1].AllowedIPs, p.AllowedIPs...)
				continue
			}
			all.Peers = append(all.Peers, p)
		}
	}
	if most := total/60_000 + 3; len(parts) > most {
		t.Errorf("%d parts for %d bytes, want at most %d", len(parts), total, most)
	}
	if len(all.Peers) != peers {
		t.Fatalf("%d peers, want %d", len(all.Peers), peers)
	}
	for i, p := range all.Peers {
		want := req.Peers[i]
		if string(p.PublicKey) != string(want.PublicKey) || p.Flags != want.Flags || len(p.AllowedIPs) != len(want.AllowedIPs) {
			t.Fatalf("peer %d: %x, %v, %d addresses", i, p.PublicKey, p.Flags, len(p.AllowedIPs))
		}
		for j, a := range p.AllowedIPs {
			if a.IPAddr != want.AllowedIPs[j].IPAddr {
				t.Fatalf("peer %d: address %d is %v", i, j, a.IPAddr)
			}
		}
	}
	if one := (&SetDeviceRequest{Ifname: nl.Some("wg0")}).Split(0); len(one) != 1 {
		t.Errorf("%d parts of a short request", len(one))
	}
}
