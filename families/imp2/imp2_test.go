package imp2

import (
	"net/netip"
	"testing"

	"github.com/nlgen/nlgen/internal/familytest"
	nl "github.com/nlgen/nlgen/runtime"
)

func TestPacket(t *testing.T) {
	wire := []byte{192, 0, 2, 1, 198, 51, 100, 7}
	got := familytest.RoundTrip[Packet](t, wire)
	if got.Packet.Source != netip.MustParseAddr("192.0.2.1") || got.Packet.Destination != netip.MustParseAddr("198.51.100.7") {
		t.Errorf("%+v", got)
	}
	err := nl.Unmarshal(wire[:7], new(Packet))
	if want := "packet: 7 bytes at offset 0, want 8"; err == nil || err.Error() != want {
		t.Errorf("%v, want %s", err, want)
	}
}

// TestRequests checks that they are headers alone.
func TestRequests(t *testing.T) {
	for _, m := range []nl.Message{&RegisterRequest{}, &UnregisterRequest{}} {
		if b, err := nl.Marshal(m); len(b) != 0 || err != nil {
			t.Errorf("%T: %x, %v", m, b, err)
		}
	}
}
