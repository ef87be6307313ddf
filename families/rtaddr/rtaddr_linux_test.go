package rtaddr

import (
	"errors"
	"net/netip"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/nlgen/nlgen/internal/familytest"
	"github.com/nlgen/nlgen/internal/netns"
	nl "github.com/nlgen/nlgen/runtime"
)

// An ipAddr is what iproute2 says about an address.
type ipAddr struct {
	Family        string
	Local         string
	Address       string // of the peer
	Prefixlen     uint8
	Broadcast     string
	Scope         string
	Label         string
	Metric        uint32
	Noprefixroute bool
	Tentative     bool
	Deprecated    bool
	Dynamic       bool
	Nodad         bool
	Valid         uint32 `json:"valid_life_time"`
	Preferred     uint32 `json:"preferred_life_time"`
}

const forever = 1<<32 - 1

// ip returns the addresses of the link v0 that are not link-local.
func ip(ns *netns.NS) []ipAddr {
	var links []struct {
		Addrs []ipAddr `json:"addr_info"`
	}
	ns.JSON(&links, "ip", "-j", "-d", "addr", "show", "dev", "v0")
	var addrs []ipAddr
	for _, l := range links {
		for _, a := range l.Addrs {
			if a.Family != "inet6" || a.Scope != "link" {
				addrs = append(addrs, a)
			}
		}
	}
	return addrs
}

// setup makes a pair of links v0, v1 and returns the index of v0.
func setup(t *testing.T) (*netns.NS, *Client, uint32) {
	t.Helper()
	ns := netns.New(t)
	for _, args := range []string{"link add v0 type veth peer name v1", "link set v0 up", "link set v1 up"} {
		ns.Run("ip", strings.Fields(args)...)
	}
	c, err := Dial(nl.WithNetNS(ns.Fd()))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	var links []struct{ Ifindex uint32 }
	ns.JSON(&links, "ip", "-j", "link", "show", "dev", "v0")
	return ns, c, links[0].Ifindex
}

func addr(s string) nl.Opt[netip.Addr] { return nl.Some(netip.MustParseAddr(s)) }

func inet(index uint32, bits uint8) IfAddrmsg {
	return IfAddrmsg{Family: unix.AF_INET, Prefixlen: bits, Index: index}
}

func inet6(index uint32, bits uint8) IfAddrmsg {
	return IfAddrmsg{Family: unix.AF_INET6, Prefixlen: bits, Index: index}
}

func TestIntegrationNewAddr(t *testing.T) {
	ns, c, index := setup(t)
	for _, tt := range []struct {
		name string
		req  NewAddrRequest
		want ipAddr
	}{
		{"IPv4", NewAddrRequest{Header: inet(index, 24), Local: addr("10.0.0.1"), Broadcast: addr("10.0.0.255"), Label: nl.Some("v0:x")},
			ipAddr{Family: "inet", Local: "10.0.0.1", Prefixlen: 24, Broadcast: "10.0.0.255", Scope: "global", Label: "v0:x", Valid: forever, Preferred: forever}},
		{"IPv4 peer", NewAddrRequest{Header: inet(index, 32), Local: addr("10.1.0.1"), Address: addr("10.1.0.2")},
			ipAddr{Family: "inet", Local: "10.1.0.1", Address: "10.1.0.2", Prefixlen: 32, Scope: "global", Label: "v0", Valid: forever, Preferred: forever}},
		{"IPv4 flags", NewAddrRequest{Header: inet(index, 16), Local: addr("10.2.0.1"), Flags: nl.Some(FlagNoprefixroute)},
			ipAddr{Family: "inet", Local: "10.2.0.1", Prefixlen: 16, Scope: "global", Label: "v0", Noprefixroute: true, Valid: forever, Preferred: forever}},
		{"IPv4 scope", NewAddrRequest{Header: IfAddrmsg{Family: unix.AF_INET, Prefixlen: 8, Index: index, Scope: ScopeHost}, Local: addr("10.3.0.1"), RtPriority: nl.U32(77)},
			ipAddr{Family: "inet", Local: "10.3.0.1", Prefixlen: 8, Scope: "host", Label: "v0", Metric: 77, Valid: forever, Preferred: forever}},
		{"IPv6 lifetimes", NewAddrRequest{Header: inet6(index, 64), Address: addr("2001:db8::1"), Flags: nl.Some(FlagNodad | FlagNoprefixroute), Cacheinfo: nl.Some(Cacheinfo{Preferred: 3600, Valid: 7200})},
			ipAddr{Family: "inet6", Local: "2001:db8::1", Prefixlen: 64, Scope: "global", Nodad: true, Noprefixroute: true, Dynamic: true, Valid: 7200, Preferred: 3600}},
		{"IPv6 peer", NewAddrRequest{Header: inet6(index, 128), Local: addr("2001:db8:1::1"), Address: addr("2001:db8:1::2"), Flags: nl.Some(FlagNodad)},
			ipAddr{Family: "inet6", Local: "2001:db8:1::1", Address: "2001:db8:1::2", Prefixlen: 128, Scope: "global", Nodad: true, Valid: forever, Preferred: forever}},
	} {
		if _, err := c.NewAddr(familytest.Context(t), &tt.req, nl.Create, nl.Excl); err != nil {
			t.Fatalf("%s: %v", tt.name, err)
		}
		got := familytest.Find(t, ip(ns), func(a ipAddr) bool { return a.Local == tt.want.Local })
		if tt.want.Dynamic && got.Valid < tt.want.Valid && got.Valid > tt.want.Valid-20 {
			got.Valid, got.Preferred = tt.want.Valid, tt.want.Preferred
		}
		familytest.Equal(t, tt.name, got, tt.want)
	}

	for _, a := range ip(ns) {
		header := inet(index, a.Prefixlen)
		if a.Family == "inet6" {
			header = inet6(index, a.Prefixlen)
		}
		if err := c.DelAddr(familytest.Context(t), &DelAddrRequest{Header: header, Local: addr(a.Local)}); err != nil {
			t.Errorf("delete %s: %v", a.Local, err)
		}
	}
	if left := ip(ns); len(left) != 0 {
		t.Errorf("after deletion ip shows %+v", left)
	}
}

func TestIntegrationChange(t *testing.T) {
	ns, c, index := setup(t)
	req := &NewAddrRequest{Header: inet6(index, 64), Address: addr("2001:db8::1"), Flags: nl.Some(FlagNodad)}
	ctx := familytest.Context(t)
	if _, err := c.NewAddr(ctx, req, nl.Create); err != nil {
		t.Fatal(err)
	}
	req.Cacheinfo = nl.Some(Cacheinfo{Preferred: 0, Valid: 7200})
	if _, err := c.NewAddr(ctx, req, nl.Replace); err != nil {
		t.Fatal(err)
	}
	if got := ip(ns); len(got) != 1 || !got[0].Deprecated || got[0].Valid > 7200 {
		t.Errorf("ip shows %+v, want one deprecated address", got)
	}
	one, err := c.GetAddr(ctx, &GetAddrRequest{Header: inet6(index, 0), Address: addr("2001:db8::1")})
	if err != nil {
		t.Fatal(err)
	}
	if life := one.Cacheinfo.Value(); one.Flags.Value()&FlagDeprecated == 0 || life.Preferred != 0 || life.Valid == 0 {
		t.Errorf("address %+v", one)
	}
}

func TestIntegrationDump(t *testing.T) {
	ns, c, index := setup(t)
	for _, args := range []string{
		"addr add 10.0.0.1/24 brd + label v0:y valid_lft 100 preferred_lft 50 dev v0",
		"addr add 10.9.0.1 peer 10.9.0.2 metric 5 dev v1",
		"addr add 2001:db8::1/64 nodad dev v0 home",
		"addr add 2001:db8::2 peer 2001:db8::3 nodad dev v1",
	} {
		ns.Run("ip", strings.Fields(args)...)
	}
	ctx := familytest.Context(t)
	raw, err := nl.All[nl.Raw](ctx, c.conn, &opGetAddr, &GetAddrDumpRequest{})
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range raw {
		familytest.RoundTrip[GetAddrReply](t, m.Payload)
	}

	only, err := c.GetAddrAll(ctx, &GetAddrDumpRequest{Header: inet(index, 0)})
	if err != nil {
		t.Fatal(err)
	}
	if len(only) != 1 {
		t.Fatalf("%d IPv4 addresses of v0", len(only))
	}
	a := only[0]
	if a.Local != addr("10.0.0.1") || a.Broadcast != addr("10.0.0.255") || a.Label.Value() != "v0:y" || a.Header.Prefixlen != 24 {
		t.Errorf("address %+v", a)
	}
	if life := a.Cacheinfo.Value(); life.Valid > 100 || life.Valid < 80 || life.Preferred > 50 {
		t.Errorf("lifetimes %+v", life)
	}

	everything, err := c.GetAddrAll(ctx, nil)
	if err != nil {
		t.Fatal(err)
	}
	peer := familytest.Find(t, everything, func(a *GetAddrReply) bool { return a.Local == addr("2001:db8::2") })
	if peer.Address != addr("2001:db8::3") || peer.Header.Family != unix.AF_INET6 {
		t.Errorf("IPv6 peer %+v", peer)
	}
	home := familytest.Find(t, everything, func(a *GetAddrReply) bool { return a.Address == addr("2001:db8::1") })
	if home.Flags.Value()&FlagHomeaddress == 0 || home.Local.Present() {
		t.Errorf("IPv6 address %+v", home)
	}
	metric := familytest.Find(t, everything, func(a *GetAddrReply) bool { return a.Local == addr("10.9.0.1") })
	if metric.RtPriority.Value() != 5 || metric.Address != addr("10.9.0.2") {
		t.Errorf("IPv4 peer %+v", metric)
	}
}

func TestIntegrationMulticast(t *testing.T) {
	ns, c, index := setup(t)
	ns.Run("sysctl", "-qw", "net.ipv6.conf.v0.forwarding=1")
	ctx := familytest.Context(t)
	groups, err := c.GetMulticastAll(ctx, &GetMulticastDumpRequest{Header: IfAddrmsg{Family: unix.AF_INET6}})
	if err != nil {
		t.Fatal(err)
	}
	familytest.Find(t, groups, func(g *GetMulticastReply) bool {
		return g.Header.Index == index && g.Multicast == addr("ff02::1")
	})

	// The kernel adds the anycast address of a router's subnet in the background.
	ns.Run("ip", "addr", "add", "2001:db8::1/64", "dev", "v0", "nodad")
	for {
		anycast, err := c.GetAnycastAll(ctx, &GetAnycastDumpRequest{Header: IfAddrmsg{Family: unix.AF_INET6}})
		if err != nil {
			t.Fatal(err)
		}
		if slices.ContainsFunc(anycast, func(a *GetAnycastReply) bool {
			return a.Header.Index == index && a.Anycast == addr("2001:db8::")
		}) {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
}

func TestIntegrationErrors(t *testing.T) {
	_, c, index := setup(t)
	ctx := familytest.Context(t)
	create := func(req *NewAddrRequest) error {
		_, err := c.NewAddr(ctx, req, nl.Create, nl.Excl)
		return err
	}
	good := &NewAddrRequest{Header: inet(index, 24), Local: addr("10.0.0.1")}
	if err := create(good); err != nil {
		t.Fatal(err)
	}
	for name, tt := range map[string]struct {
		err   error
		is    error
		words string
	}{
		"exists":      {create(good), os.ErrExist, "rt-addr: newaddr: "},
		"no link":     {create(&NewAddrRequest{Header: inet(9999, 24), Local: addr("10.0.0.2")}), os.ErrNotExist, "newaddr"},
		"prefix":      {create(&NewAddrRequest{Header: inet(index, 33), Local: addr("10.0.0.2")}), unix.EINVAL, "newaddr"},
		"no address":  {create(&NewAddrRequest{Header: inet(index, 24)}), unix.EINVAL, "newaddr"},
		"lifetimes":   {create(&NewAddrRequest{Header: inet(index, 24), Local: addr("10.0.0.2"), Cacheinfo: nl.Some(Cacheinfo{Preferred: 9, Valid: 5})}), unix.EINVAL, "newaddr"},
		"not present": {c.DelAddr(ctx, &DelAddrRequest{Header: inet(index, 24), Local: addr("10.0.0.9")}), os.ErrNotExist, "rt-addr: deladdr: "},
	} {
		if !errors.Is(tt.err, tt.is) || !strings.Contains(tt.err.Error(), tt.words) {
			t.Errorf("%s: %v, want %v", name, tt.err, tt.is)
		}
	}
}

func TestIntegrationEvents(t *testing.T) {
	ns, c, index := setup(t)
	sub, err := c.Subscribe(GroupIPv4Addr, GroupIPv6Addr)
	if err != nil {
		t.Fatal(err)
	}
	defer sub.Close()
	for _, a := range []string{"10.0.0.1/24", "2001:db8::1/64"} {
		prefix := netip.MustParsePrefix(a)
		same := func(r *GetAddrReply) bool {
			return r.Address.Value() == prefix.Addr() && int(r.Header.Prefixlen) == prefix.Bits() && r.Header.Index == index
		}
		ns.Run("ip", "addr", "add", a, "dev", "v0", "nodad")
		familytest.Event(t, sub, func(e *NewAddrNtf) bool { return same(&e.GetAddrReply) })
		ns.Run("ip", "addr", "del", a, "dev", "v0")
		familytest.Event(t, sub, func(e *DelAddrNtf) bool { return same(&e.GetAddrReply) })
	}
}
