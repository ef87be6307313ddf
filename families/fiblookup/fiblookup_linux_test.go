package fiblookup

import (
	"net/netip"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/nlgen/nlgen/internal/familytest"
	"github.com/nlgen/nlgen/internal/netns"
	nl "github.com/nlgen/nlgen/runtime"
)

// TestIntegrationLookup asks where an address of the loopback interface is, and one that no
// route leads to.
func TestIntegrationLookup(t *testing.T) {
	ns := netns.New(t)
	ns.Run("ip", "link", "set", "lo", "up")
	c, err := Dial(nl.WithNetNS(ns.Fd()))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	for _, tt := range []struct {
		addr string
		want FIBResult
	}{
		{"127.0.0.1", FIBResult{Table: unix.RT_TABLE_LOCAL, PrefixLen: 32, Type: unix.RTN_LOCAL, Scope: unix.RT_SCOPE_HOST}},
		{"127.1.2.3", FIBResult{Table: unix.RT_TABLE_LOCAL, PrefixLen: 8, Type: unix.RTN_LOCAL, Scope: unix.RT_SCOPE_HOST}},
		{"192.0.2.1", FIBResult{Error: -int32(unix.EAGAIN)}},
	} {
		question := FIBResult{Addr: netip.MustParseAddr(tt.addr), LookupTable: unix.RT_TABLE_LOCAL}
		tt.want.Addr, tt.want.LookupTable = question.Addr, question.LookupTable
		reply, err := c.Lookup(familytest.Context(t), &LookupRequest{Result: question})
		if err != nil {
			t.Fatal(err)
		}
		if tt.want.Error != 0 {
			reply.Result.Table = 0 // the table that was looked in, though nothing was found
		}
		familytest.Equal(t, tt.addr, reply.Result, tt.want)
	}
}
