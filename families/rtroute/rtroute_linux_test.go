package rtroute

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/nlgen/nlgen/internal/familytest"
	"github.com/nlgen/nlgen/internal/netns"
	nl "github.com/nlgen/nlgen/runtime"
)

// setup makes links v0 with addresses 10.0.0.1/24 and 2001:db8::1/64, and v1, and
// returns the index of v0.
func setup(t *testing.T) (*netns.NS, *Client, uint32) {
	t.Helper()
	ns := netns.New(t)
	run(ns, []string{
		"link set lo up",
		"link add v0 type veth peer name v1",
		"link set v0 addrgenmode none up",
		"link set v1 addrgenmode none up",
		"addr add 10.0.0.1/24 dev v0",
		"addr add 2001:db8::1/64 dev v0 nodad",
	})
	c, err := Dial(nl.WithNetNS(ns.Fd()))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	var links []struct{ Ifindex uint32 }
	ns.JSON(&links, "ip", "-j", "link", "show", "dev", "v0")
	return ns, c, links[0].Ifindex
}

func run(ns *netns.NS, commands []string) {
	for _, args := range commands {
		ns.Run("ip", strings.Fields(args)...)
	}
}

// ip returns what "ip route show" says of a family, with the arguments.
func ip(ns *netns.NS, family uint8, args ...string) []map[string]any {
	name := map[uint8]string{unix.AF_INET: "inet", unix.AF_INET6: "inet6"}[family]
	var routes []map[string]any
	ns.JSON(&routes, "ip", append([]string{"-j", "-d", "-f", name, "route", "show"}, args...)...)
	return routes
}

func addr(s string) nl.Opt[netip.Addr] { return nl.Some(netip.MustParseAddr(s)) }

func inet(bits uint8) RtMsg {
	return RtMsg{Family: unix.AF_INET, DstLen: bits, Table: TableMain, Protocol: ProtocolStatic, Type: RouteTypeUnicast}
}

func inet6(bits uint8) RtMsg {
	h := inet(bits)
	h.Family = unix.AF_INET6
	return h
}

// Routes are created by us and read by ip; then we read, encode and delete them.
func TestIntegrationRoutes(t *testing.T) {
	ns, c, v0 := setup(t)
	header := func(h RtMsg, change func(*RtMsg)) RtMsg {
		change(&h)
		return h
	}
	link := func(h RtMsg) RtMsg { return header(h, func(h *RtMsg) { h.Scope = ScopeLink }) }
	segments := []byte{
		0, 2, 4, 0, 0, 0, 0, 0, // an IPv6 segment routing header with one segment
		0xfc, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1,
	}
	for _, tt := range []struct {
		name string
		req  NewRouteRequest
		want string
		may  error // of kernels that do not have it
	}{
		{name: "gateway",
			req:  NewRouteRequest{Header: inet(16), Dst: addr("10.1.0.0"), Gateway: addr("10.0.0.2"), Priority: nl.U32(5), Prefsrc: addr("10.0.0.1")},
			want: `{"dst":"10.1.0.0/16","gateway":"10.0.0.2","dev":"v0","protocol":"static","prefsrc":"10.0.0.1","metric":5}`},
		{name: "device",
			req:  NewRouteRequest{Header: link(inet(32)), Dst: addr("10.2.0.1"), Oif: nl.U32(v0)},
			want: `{"dst":"10.2.0.1","dev":"v0","protocol":"static","scope":"link"}`},
		{name: "multipath",
			req: NewRouteRequest{Header: inet(16), Dst: addr("10.3.0.0"), Multipath: []Nexthop{
				{Header: RtNexthop{Hops: 2}, Gateway: addr("10.0.0.2")},
				{Header: RtNexthop{Ifindex: int32(v0)}, Gateway: addr("10.0.0.3")},
				{Header: RtNexthop{Ifindex: int32(v0), Hops: 4}, Via: nl.Some(via6("fe80::1"))},
			}},
			want: `{"dst":"10.3.0.0/16","protocol":"static","nexthops":[
				{"gateway":"10.0.0.2","dev":"v0","weight":3,"flags":[]},
				{"gateway":"10.0.0.3","dev":"v0","weight":1,"flags":[]},
				{"via":{"family":"inet6","host":"fe80::1"},"dev":"v0","weight":5,"flags":[]}]}`},
		{name: "metrics",
			req: NewRouteRequest{Header: inet(16), Dst: addr("10.4.0.0"), Gateway: addr("10.0.0.2"), Metrics: &Metrics{
				MTU: nl.U32(1400), Lock: nl.U32(1 << attrMetricsMTU), Advmss: nl.U32(1300), CcAlgo: nl.Some("reno"),
				Features: nl.Some(FeatureECN), Initcwnd: nl.U32(30), Hoplimit: nl.U32(9),
			}},
			want: `{"dst":"10.4.0.0/16","gateway":"10.0.0.2","dev":"v0","protocol":"static","metrics":[
				{"mtu":1400,"advmss":1300,"hoplimit":9,"initcwnd":30,"ecn":null,"congestion":"reno"}]}`},
		{name: "blackhole",
			req:  NewRouteRequest{Header: header(inet(16), func(h *RtMsg) { h.Type = RouteTypeBlackhole }), Dst: addr("10.5.0.0")},
			want: `{"type":"blackhole","dst":"10.5.0.0/16","protocol":"static"}`},
		{name: "table",
			req:  NewRouteRequest{Header: header(inet(16), func(h *RtMsg) { h.Table = TableUnspec }), Table: nl.Some(Table(1000)), Dst: addr("10.6.0.0"), Gateway: addr("10.0.0.2")},
			want: `{"dst":"10.6.0.0/16","gateway":"10.0.0.2","dev":"v0","protocol":"static"}`},
		{name: "on link",
			req:  NewRouteRequest{Header: header(inet(16), func(h *RtMsg) { h.Flags = RouteFlagNexthopOnlink }), Dst: addr("10.7.0.0"), Gateway: addr("192.168.9.9"), Oif: nl.U32(v0)},
			want: `{"dst":"10.7.0.0/16","gateway":"192.168.9.9","dev":"v0","protocol":"static","flags":["onlink"]}`},
		{name: "IPv6 gateway of an IPv4 route",
			req:  NewRouteRequest{Header: inet(16), Dst: addr("10.8.0.0"), Via: nl.Some(via6("fe80::7")), Oif: nl.U32(v0)},
			want: `{"dst":"10.8.0.0/16","via":{"family":"inet6","host":"fe80::7"},"dev":"v0","protocol":"static"}`},
		{name: "IPv6 gateway",
			req:  NewRouteRequest{Header: inet6(64), Dst: addr("2001:db8:1::"), Gateway: addr("2001:db8::2"), Priority: nl.U32(7), Pref: nl.Some(RouterPrefHigh)},
			want: `{"dst":"2001:db8:1::/64","gateway":"2001:db8::2","dev":"v0","protocol":"static","metric":7,"pref":"high"}`},
		{name: "IPv6 source",
			req:  NewRouteRequest{Header: header(inet6(64), func(h *RtMsg) { h.SrcLen = 48 }), Dst: addr("2001:db8:2::"), Src: addr("2001:db8:f::"), Oif: nl.U32(v0)},
			want: `{"dst":"2001:db8:2::/64","from":"2001:db8:f::/48","dev":"v0","protocol":"static","metric":1024,"pref":"medium"}`,
			may:  unix.EINVAL},
		{name: "IPv6 multipath",
			req: NewRouteRequest{Header: inet6(64), Dst: addr("2001:db8:3::"), Multipath: []Nexthop{
				{Header: RtNexthop{Hops: 1}, Gateway: addr("2001:db8::2")}, {Gateway: addr("2001:db8::3")},
			}},
			want: `{"dst":"2001:db8:3::/64","protocol":"static","metric":1024,"pref":"medium","nexthops":[
				{"gateway":"2001:db8::2","dev":"v0","weight":2,"flags":[]},
				{"gateway":"2001:db8::3","dev":"v0","weight":1,"flags":[]}]}`},
		{name: "IPv6 unreachable",
			req:  NewRouteRequest{Header: header(inet6(64), func(h *RtMsg) { h.Type = RouteTypeUnreachable }), Dst: addr("2001:db8:4::"), Oif: nl.U32(1)},
			want: `{"type":"unreachable","dst":"2001:db8:4::/64","dev":"lo","protocol":"static","metric":1024,"pref":"medium"}`},
		{name: "into IPv4", may: unix.EOPNOTSUPP,
			req: NewRouteRequest{Header: link(inet(16)), Dst: addr("10.20.0.0"), Oif: nl.U32(v0), Encap: &IPEncap{
				ID: nl.U64(5), Dst: addr("192.0.2.9"), Src: addr("192.0.2.8"), TTL: nl.U8(3),
			}},
			want: `{"dst":"192.0.2.9","encap":"ip","id":5,"src":"192.0.2.8","ttl":3,"tos":0,"dev":"v0","protocol":"static","scope":"link"}`},
		{name: "into IPv6", may: unix.EOPNOTSUPP,
			req: NewRouteRequest{Header: inet6(64), Dst: addr("2001:db8:5::"), Oif: nl.U32(v0), Encap: &IP6Encap{
				ID: nl.U64(6), Dst: addr("fc00::9"), Hoplimit: nl.U8(4),
			}},
			want: `{"dst":"fc00::9","encap":"ip6","id":6,"src":"::","hoplimit":4,"tc":0,"dev":"v0","protocol":"static","metric":1024,"pref":"medium"}`},
		{name: "over segments", may: unix.EOPNOTSUPP,
			req: NewRouteRequest{Header: inet6(64), Dst: addr("2001:db8:6::"), Oif: nl.U32(v0), Encap: &Seg6Encap{
				Srh: nl.Some(Seg6EncapHdr{Mode: Seg6ModeEncap, Srh: segments}),
			}},
			want: `{"dst":"2001:db8:6::/64","encap":"seg6","mode":"encap","segs":["fc00::1"],"dev":"v0","protocol":"static","metric":1024,"pref":"medium"}`},
		{name: "end of segments", may: unix.EOPNOTSUPP,
			req: NewRouteRequest{Header: inet6(64), Dst: addr("2001:db8:7::"), Oif: nl.U32(v0), Encap: &Seg6LocalEncap{
				Action: nl.Some(Seg6LocalActionEndX), Nh6: addr("fe80::9"),
			}},
			want: `{"dst":"2001:db8:7::/64","encap":"seg6local","action":"End.X","nh6":"fe80::9","dev":"v0","protocol":"static","metric":1024,"pref":"medium"}`},
		{name: "MPLS labels", may: unix.EOPNOTSUPP,
			req: NewRouteRequest{Header: inet(16), Dst: addr("10.21.0.0"), Gateway: addr("10.0.0.2"), Encap: &MPLSEncap{
				Dst: []uint32{100 << 12, 200<<12 | 1<<8},
			}},
			want: `{"dst":"100/200","encap":"mpls","gateway":"10.0.0.2","dev":"v0","protocol":"static"}`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			ctx := familytest.Context(t)
			_, err := c.NewRoute(ctx, &tt.req, nl.Create, nl.Excl)
			if tt.may != nil && errors.Is(err, tt.may) {
				t.Logf("this kernel does not have it: %v", err)
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			h := tt.req.Header
			prefix := fmt.Sprintf("%v/%d", tt.req.Dst, h.DstLen)
			table := max(h.Table, tt.req.Table.Value())
			want := map[string]any{"type": "unicast", "scope": "global", "flags": []any{}}
			if err := json.Unmarshal([]byte(tt.want), &want); err != nil {
				t.Fatal(err)
			}
			shown := ip(ns, h.Family, "table", fmt.Sprint(uint32(table)), "exact", prefix)
			if len(shown) != 1 {
				t.Fatalf("ip shows %d routes to %s", len(shown), prefix)
			}
			delete(shown[0], "table") // which only some versions show
			familytest.Equal(t, "what ip shows", shown[0], want)

			read := one(t, c, table, tt.req.Dst)
			sameBody(t, read, &tt.req)
			err = c.DelRoute(ctx, &DelRouteRequest{Header: h, Dst: tt.req.Dst, Src: tt.req.Src, Table: tt.req.Table, Oif: tt.req.Oif})
			if err != nil {
				t.Errorf("delete: %v", err)
			}
			if err := c.DelRoute(ctx, &DelRouteRequest{Header: h, Dst: tt.req.Dst, Src: tt.req.Src, Table: tt.req.Table}); !errors.Is(err, os.ErrNotExist) {
				t.Errorf("delete again: %v", err)
			}
		})
	}
}

// via6 is an IPv6 gateway of a route of another family.
func via6(s string) RtVia {
	return RtVia{Family: unix.AF_INET6, Addr: netip.MustParseAddr(s).AsSlice()}
}

// one returns the route to dst in a table, and checks that it survives encoding.
func one(t *testing.T, c *Client, table Table, dst nl.Opt[netip.Addr]) *GetRouteReply {
	t.Helper()
	req := &GetRouteDumpRequest{Table: nl.Some(table)}
	raw, err := nl.All[nl.Raw](familytest.Context(t), c.conn, &opGetRoute, req)
	if err != nil {
		t.Fatal(err)
	}
	var routes []*GetRouteReply
	for _, m := range raw {
		routes = append(routes, familytest.RoundTrip[GetRouteReply](t, m.Payload))
	}
	return familytest.Find(t, routes, func(r *GetRouteReply) bool { return r.Dst == dst })
}

// sameBody checks that a route has what was asked for.
func sameBody(t *testing.T, got *GetRouteReply, want *NewRouteRequest) {
	t.Helper()
	familytest.Equal(t, "gateway", got.Gateway, want.Gateway)
	familytest.Equal(t, "via", got.Via, want.Via)
	if got.Header.Type != want.Header.Type || got.Header.Protocol != want.Header.Protocol {
		t.Errorf("header %+v", got.Header)
	}
	if m := want.Metrics; m != nil {
		familytest.Equal(t, "metrics", got.Metrics, m)
	}
	if len(got.Multipath) != len(want.Multipath) {
		t.Fatalf("%d next hops, want %d", len(got.Multipath), len(want.Multipath))
	}
	for i, hop := range want.Multipath {
		familytest.Equal(t, "gateway of a next hop", got.Multipath[i].Gateway, hop.Gateway)
		familytest.Equal(t, "via of a next hop", got.Multipath[i].Via, hop.Via)
		familytest.Equal(t, "weight of a next hop", got.Multipath[i].Header.Hops, hop.Header.Hops)
	}
	switch want := want.Encap.(type) {
	case nil:
	case *IPEncap:
		g := got.Encap.(*IPEncap)
		familytest.Equal(t, "encapsulation", [3]any{g.ID, g.Dst, g.TTL}, [3]any{want.ID, want.Dst, want.TTL})
	case *IP6Encap:
		g := got.Encap.(*IP6Encap)
		familytest.Equal(t, "encapsulation", [3]any{g.ID, g.Dst, g.Hoplimit}, [3]any{want.ID, want.Dst, want.Hoplimit})
	default:
		familytest.Equal(t, "encapsulation", got.Encap, Encap(want))
	}
}

// The kernel sends the body of an encapsulation before its type, in the message as
// in next hops.
func TestIntegrationEncapOfNexthops(t *testing.T) {
	ns, c, _ := setup(t)
	ns.Run("ip", strings.Fields("route add 10.30.0.0/16 nexthop encap ip id 5 dst 192.0.2.9 dev v0 nexthop encap ip6 id 6 dst fc00::9 dev v0")...)
	route := one(t, c, TableMain, addr("10.30.0.0"))
	if len(route.Multipath) != 2 {
		t.Fatalf("next hops %+v", route.Multipath)
	}
	first, second := route.Multipath[0].Encap.(*IPEncap), route.Multipath[1].Encap.(*IP6Encap)
	if first.ID.Value() != 5 || first.Dst != addr("192.0.2.9") || second.ID.Value() != 6 || second.Dst != addr("fc00::9") {
		t.Errorf("encapsulations %+v, %+v", first, second)
	}
}

func TestIntegrationDump(t *testing.T) {
	ns, c, v0 := setup(t)
	run(ns, []string{
		"route add 10.1.0.0/16 via 10.0.0.2 table 1000",
		"route add 10.2.0.0/16 via 10.0.0.2 table 7",
		"-6 route add 2001:db8:9::/48 via 2001:db8::2 table 1000",
		"route add 10.3.0.0/16 dev v1 table 1000",
		"route add 10.4.0.0/16 via 10.0.0.2 mtu 1400",
	})
	ctx := familytest.Context(t)
	for _, tt := range []struct {
		name string
		req  *GetRouteDumpRequest
		args []string
	}{
		{"table", &GetRouteDumpRequest{Header: RtMsg{Family: unix.AF_INET}, Table: nl.Some(Table(1000))}, []string{"table", "1000"}},
		{"IPv6 table", &GetRouteDumpRequest{Header: RtMsg{Family: unix.AF_INET6}, Table: nl.Some(Table(1000))}, []string{"table", "1000"}},
		{"output", &GetRouteDumpRequest{Header: RtMsg{Family: unix.AF_INET}, Oif: nl.U32(v0), Table: nl.Some(Table(1000))}, []string{"table", "1000", "dev", "v0"}},
		{"IPv4", &GetRouteDumpRequest{Header: RtMsg{Family: unix.AF_INET}}, []string{"table", "all"}},
		{"IPv6", &GetRouteDumpRequest{Header: RtMsg{Family: unix.AF_INET6}}, []string{"table", "all"}},
	} {
		routes, err := c.GetRouteAll(ctx, tt.req)
		if err != nil {
			t.Fatalf("%s: %v", tt.name, err)
		}
		shown := ip(ns, tt.req.Header.Family, tt.args...)
		if len(routes) != len(shown) || len(routes) == 0 {
			t.Errorf("%s: %d routes, ip shows %d", tt.name, len(routes), len(shown))
		}
	}

	mtu := one(t, c, TableMain, addr("10.4.0.0"))
	if mtu.Metrics.MTU.Value() != 1400 || mtu.Header.DstLen != 16 || mtu.Gateway != addr("10.0.0.2") {
		t.Errorf("route %+v", mtu)
	}
}

func TestIntegrationGet(t *testing.T) {
	ns, c, v0 := setup(t)
	ns.Run("ip", strings.Fields("route add 10.1.0.0/16 via 10.0.0.2")...)
	req := &GetRouteRequest{Header: RtMsg{Family: unix.AF_INET, DstLen: 32}, Dst: addr("10.1.2.3")}
	ctx := familytest.Context(t)
	route, err := c.GetRoute(ctx, req)
	if err != nil {
		t.Fatal(err)
	}
	if route.Dst != addr("10.1.2.3") || route.Header.DstLen != 32 || route.Gateway != addr("10.0.0.2") || route.Oif.Value() != v0 || route.Prefsrc != addr("10.0.0.1") {
		t.Errorf("route to an address: %+v", route)
	}
	req.Header.Flags = RouteFlagFIBMatch
	match, err := c.GetRoute(ctx, req)
	if err != nil {
		t.Fatal(err)
	}
	if match.Dst != addr("10.1.0.0") || match.Header.DstLen != 16 {
		t.Errorf("entry of the table: %+v", match)
	}
	req.Dst = addr("172.16.0.1")
	if _, err := c.GetRoute(ctx, req); !errors.Is(err, unix.ENETUNREACH) && !errors.Is(err, unix.EHOSTUNREACH) {
		t.Errorf("route to nowhere: %v", err)
	}
}

func TestIntegrationFlags(t *testing.T) {
	ns, c, _ := setup(t)
	ctx := familytest.Context(t)
	add := func(gateway string, flags nl.Flags) error {
		_, err := c.NewRoute(ctx, &NewRouteRequest{Header: inet(16), Dst: addr("10.1.0.0"), Gateway: addr(gateway)}, flags)
		return err
	}
	gateways := func() string {
		var list []string
		for _, r := range ip(ns, unix.AF_INET, "10.1.0.0/16") {
			list = append(list, fmt.Sprint(r["gateway"]))
		}
		return strings.Join(list, " ")
	}
	for _, tt := range []struct {
		gateway string
		flags   nl.Flags
		is      error
		want    string
	}{
		{"10.0.0.2", nl.Create | nl.Excl, nil, "10.0.0.2"},
		{"10.0.0.3", nl.Create | nl.Excl, os.ErrExist, "10.0.0.2"},
		{"10.0.0.4", nl.Replace, nil, "10.0.0.4"},
		{"10.0.0.5", nl.Create | nl.Append, nil, "10.0.0.4 10.0.0.5"},
	} {
		if err := add(tt.gateway, tt.flags); !errors.Is(err, tt.is) {
			t.Errorf("%s with %v: %v, want %v", tt.gateway, tt.flags, err, tt.is)
		}
		if got := gateways(); got != tt.want {
			t.Errorf("after %s with %v ip shows %s, want %s", tt.gateway, tt.flags, got, tt.want)
		}
	}
}

func TestIntegrationErrors(t *testing.T) {
	_, c, _ := setup(t)
	for name, tt := range map[string]struct {
		req   NewRouteRequest
		is    error
		words string
	}{
		"gateway out of reach": {NewRouteRequest{Header: inet(16), Dst: addr("10.1.0.0"), Gateway: addr("172.16.0.1")}, unix.ENETUNREACH, `"Nexthop has invalid gateway"`},
		"bits beyond prefix":   {NewRouteRequest{Header: inet(16), Dst: addr("10.1.2.3"), Gateway: addr("10.0.0.2")}, unix.EINVAL, "newroute"},
		"no congestion control": {NewRouteRequest{Header: inet(16), Dst: addr("10.1.0.0"), Gateway: addr("10.0.0.2"), Metrics: &Metrics{CcAlgo: nl.Some("nonsense")}}, unix.EINVAL,
			"rt-route: newroute: "},
	} {
		_, err := c.NewRoute(familytest.Context(t), &tt.req, nl.Create, nl.Excl)
		if !errors.Is(err, tt.is) || !strings.Contains(err.Error(), tt.words) {
			t.Errorf("%s: %v, want %v and %s", name, err, tt.is, tt.words)
		}
	}
}

func TestIntegrationEvents(t *testing.T) {
	ns, c, _ := setup(t)
	sub, err := c.Subscribe(GroupIPv4Route, GroupIPv6Route)
	if err != nil {
		t.Fatal(err)
	}
	defer sub.Close()
	for dst, gateway := range map[string]string{"10.1.0.0/16": "10.0.0.2", "2001:db8:1::/64": "2001:db8::2"} {
		prefix := netip.MustParsePrefix(dst)
		same := func(r *GetRouteReply) bool {
			return r.Dst.Value() == prefix.Addr() && int(r.Header.DstLen) == prefix.Bits() && r.Gateway == addr(gateway)
		}
		ns.Run("ip", "route", "add", dst, "via", gateway)
		familytest.Event(t, sub, func(e *NewRouteNtf) bool { return same(&e.GetRouteReply) })
		ns.Run("ip", "route", "del", dst)
		familytest.Event(t, sub, func(e *DelRouteNtf) bool { return same(&e.GetRouteReply) })
	}
}
