package rtneigh

import (
	"errors"
	"net/netip"
	"os"
	"slices"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/nlgen/nlgen/internal/familytest"
	"github.com/nlgen/nlgen/internal/netns"
	nl "github.com/nlgen/nlgen/runtime"
)

// An ipNeigh is what iproute2 says about a neighbour. It shows flags as members
// that are null.
type ipNeigh struct {
	Dst    string
	Lladdr string
	State  []string
	Router set
	Proxy  set
	Extern set `json:"extern_learn"`
}

// A set reports whether there is a member of its name.
type set bool

func (s *set) UnmarshalJSON([]byte) error {
	*s = true
	return nil
}

// A bridgeEntry is what iproute2 says about an entry of a bridge's table.
type bridgeEntry struct {
	MAC    string
	Flags  []string
	Master string
	State  string
	VLAN   int // entries are shown once more for VLAN 1 by kernels that filter VLANs
}

// setup makes a bridge br0 with the port v0, and v1 with addresses. It returns
// the indices of v0 and v1.
func setup(t *testing.T) (*netns.NS, *Client, int32, int32) {
	t.Helper()
	ns := netns.New(t)
	for _, args := range []string{
		"link add br0 type bridge",
		"link add v0 type veth peer name v1",
		"link set v0 master br0",
		"link set v0 up",
		"link set v1 up",
		"addr add 10.0.0.1/24 dev v1",
		"addr add 2001:db8::1/64 dev v1 nodad",
	} {
		ns.Run("ip", strings.Fields(args)...)
	}
	c, err := Dial(nl.WithNetNS(ns.Fd()))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	index := func(name string) int32 {
		var links []struct{ Ifindex int32 }
		ns.JSON(&links, "ip", "-j", "link", "show", "dev", name)
		return links[0].Ifindex
	}
	return ns, c, index("v0"), index("v1")
}

// ip returns what "ip neigh show" says, with the arguments.
func ip(ns *netns.NS, args ...string) []ipNeigh {
	var neighs []ipNeigh
	ns.JSON(&neighs, "ip", append([]string{"-j", "neigh", "show"}, args...)...)
	return neighs
}

func addr(s string) nl.Opt[netip.Addr] { return nl.Some(netip.MustParseAddr(s)) }

func TestIntegrationNeighbours(t *testing.T) {
	ns, c, _, v1 := setup(t)
	ctx := familytest.Context(t)
	header := func(family uint8, state State, flags Flag) NdMsg {
		return NdMsg{Family: family, Ifindex: v1, State: state, Flags: flags}
	}
	mac := nl.HardwareAddr("02:00:00:00:00:09")
	for _, tt := range []struct {
		name string
		req  NewNeighRequest
		want ipNeigh
	}{
		{"permanent", NewNeighRequest{Header: header(unix.AF_INET, StatePermanent, 0), Dst: addr("10.0.0.9"), Lladdr: mac},
			ipNeigh{Dst: "10.0.0.9", Lladdr: "02:00:00:00:00:09", State: []string{"PERMANENT"}}},
		{"reachable", NewNeighRequest{Header: header(unix.AF_INET, StateReachable, 0), Dst: addr("10.0.0.8"), Lladdr: mac},
			ipNeigh{Dst: "10.0.0.8", Lladdr: "02:00:00:00:00:09", State: []string{"REACHABLE"}}},
		{"IPv6 router", NewNeighRequest{Header: header(unix.AF_INET6, StateStale, FlagRouter), Dst: addr("2001:db8::9"), Lladdr: mac},
			ipNeigh{Dst: "2001:db8::9", Lladdr: "02:00:00:00:00:09", State: []string{"STALE"}, Router: true}},
		{"learned elsewhere", NewNeighRequest{Header: header(unix.AF_INET, StateNoarp, FlagExtLearned), Dst: addr("10.0.0.7"), Lladdr: mac, Protocol: nl.Some(ProtocolStatic)},
			ipNeigh{Dst: "10.0.0.7", Lladdr: "02:00:00:00:00:09", State: []string{"NOARP"}, Extern: true}},
	} {
		if err := c.NewNeigh(ctx, &tt.req, nl.Create, nl.Excl); err != nil {
			t.Fatalf("%s: %v", tt.name, err)
		}
		shown := familytest.Find(t, ip(ns, "dev", "v1", "nud", "all"), func(n ipNeigh) bool { return n.Dst == tt.want.Dst })
		familytest.Equal(t, tt.name, shown, tt.want)

		got, err := c.GetNeigh(ctx, &GetNeighRequest{Header: NdMsg{Family: tt.req.Header.Family, Ifindex: v1}, Dst: tt.req.Dst})
		if err != nil {
			t.Fatalf("%s: %v", tt.name, err)
		}
		if got.Dst != tt.req.Dst || got.Lladdr.String() != mac.String() || got.Header.State != tt.req.Header.State ||
			got.Header.Flags != tt.req.Header.Flags || got.Protocol != tt.req.Protocol {
			t.Errorf("%s: %+v", tt.name, got)
		}
		if err := c.NewNeigh(ctx, &tt.req, nl.Create, nl.Excl); !errors.Is(err, os.ErrExist) {
			t.Errorf("%s: created again: %v", tt.name, err)
		}

		del := &DelNeighRequest{Header: NdMsg{Family: tt.req.Header.Family, Ifindex: v1}, Dst: tt.req.Dst}
		if err := c.DelNeigh(ctx, del); err != nil {
			t.Errorf("%s: delete: %v", tt.name, err)
		}
		if left := ip(ns, "dev", "v1", "nud", "all"); slices.ContainsFunc(left, func(n ipNeigh) bool {
			return n.Dst == tt.want.Dst && !slices.Equal(n.State, []string{"FAILED"})
		}) {
			t.Errorf("%s: after deletion ip shows %+v", tt.name, left)
		}
	}

	err := c.DelNeigh(ctx, &DelNeighRequest{Header: header(unix.AF_INET, 0, 0), Dst: addr("10.0.0.77")})
	if !errors.Is(err, os.ErrNotExist) {
		t.Errorf("delete a neighbour that is not there: %v", err)
	}
}

func TestIntegrationChange(t *testing.T) {
	ns, c, _, v1 := setup(t)
	ns.Run("ip", strings.Fields("neigh add 10.0.0.9 lladdr 02:00:00:00:00:01 nud stale dev v1")...)
	err := c.NewNeigh(familytest.Context(t), &NewNeighRequest{
		Header: NdMsg{Family: unix.AF_INET, Ifindex: v1, State: StatePermanent},
		Dst:    addr("10.0.0.9"),
		Lladdr: nl.HardwareAddr("02:00:00:00:00:02"),
	}, nl.Replace)
	if err != nil {
		t.Fatal(err)
	}
	want := []ipNeigh{{Dst: "10.0.0.9", Lladdr: "02:00:00:00:00:02", State: []string{"PERMANENT"}}}
	familytest.Equal(t, "neighbours", ip(ns, "dev", "v1", "nud", "permanent"), want)
}

func TestIntegrationProxy(t *testing.T) {
	ns, c, _, v1 := setup(t)
	ctx := familytest.Context(t)
	req := &NewNeighRequest{Header: NdMsg{Family: unix.AF_INET, Ifindex: v1, Flags: FlagProxy}, Dst: addr("10.0.0.8")}
	if err := c.NewNeigh(ctx, req, nl.Create); err != nil {
		t.Fatal(err)
	}
	familytest.Equal(t, "proxies", ip(ns, "proxy", "dev", "v1"), []ipNeigh{{Dst: "10.0.0.8", Proxy: true}})

	ns.Run("ip", strings.Fields("neigh add proxy 2001:db8::8 dev v1")...)
	proxies, err := c.GetNeighAll(ctx, &GetNeighDumpRequest{Header: NdMsg{Flags: FlagProxy}})
	if err != nil {
		t.Fatal(err)
	}
	var found []netip.Addr
	for _, p := range proxies {
		if p.Header.Flags&FlagProxy == 0 || p.Header.Ifindex != v1 {
			t.Errorf("proxy %+v", p)
		}
		found = append(found, p.Dst.Value())
	}
	familytest.Equal(t, "proxies", found, []netip.Addr{addr("10.0.0.8").Value(), addr("2001:db8::8").Value()})
}

func TestIntegrationDump(t *testing.T) {
	ns, c, v0, v1 := setup(t)
	for _, args := range []string{
		"neigh add 10.0.0.9 lladdr 02:00:00:00:00:01 nud permanent dev v1",
		"neigh add 10.0.0.9 lladdr 02:00:00:00:00:01 nud permanent dev v0",
		"neigh add 2001:db8::9 lladdr 02:00:00:00:00:01 nud stale router dev v1",
	} {
		ns.Run("ip", strings.Fields(args)...)
	}
	ctx := familytest.Context(t)
	raw, err := nl.All[nl.Raw](ctx, c.conn, &opGetNeigh, &GetNeighDumpRequest{})
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range raw {
		n := familytest.RoundTrip[GetNeighReply](t, m.Payload)
		if len(n.Unknown) > 0 {
			t.Logf("%v has unknown attributes: %x", n.Dst, []byte(n.Unknown))
		}
	}
	only, err := c.GetNeighAll(ctx, &GetNeighDumpRequest{Header: NdMsg{Family: unix.AF_INET}, Ifindex: nl.U32(uint32(v0))})
	if err != nil {
		t.Fatal(err)
	}
	if len(only) != 1 || only[0].Dst != addr("10.0.0.9") || only[0].Header.Ifindex != v0 {
		t.Errorf("IPv4 neighbours of v0: %+v", only)
	}
	all, err := c.GetNeighAll(ctx, nil)
	if err != nil {
		t.Fatal(err)
	}
	router := familytest.Find(t, all, func(n *GetNeighReply) bool { return n.Dst == addr("2001:db8::9") })
	if router.Header.Ifindex != v1 || router.Header.State != StateStale || router.Header.Flags != FlagRouter || !router.Cacheinfo.Present() {
		t.Errorf("router %+v", router)
	}
}

func TestIntegrationBridge(t *testing.T) {
	ns, c, v0, _ := setup(t)
	ctx := familytest.Context(t)
	bridge := func(state State, flags Flag) NdMsg {
		return NdMsg{Family: unix.AF_BRIDGE, Ifindex: v0, State: state, Flags: flags}
	}
	mac := nl.HardwareAddr("02:00:00:00:00:11")
	err := c.NewNeigh(ctx, &NewNeighRequest{Header: bridge(StateNoarp, FlagMaster|FlagSticky), Lladdr: mac}, nl.Create, nl.Excl)
	if err != nil {
		t.Fatal(err)
	}
	shown := func() []bridgeEntry {
		var entries []bridgeEntry
		ns.JSON(&entries, "bridge", "-j", "fdb", "show", "dev", "v0")
		return entries
	}
	got := familytest.Find(t, shown(), func(e bridgeEntry) bool { return e.MAC == mac.String() && e.VLAN == 0 })
	familytest.Equal(t, "what bridge shows", got, bridgeEntry{MAC: mac.String(), Master: "br0", State: "static", Flags: []string{"sticky"}})

	ns.Run("bridge", strings.Fields("fdb add 02:00:00:00:00:12 dev v0 master dynamic extern_learn")...)
	one, err := c.GetNeigh(ctx, &GetNeighRequest{Header: bridge(0, FlagMaster), Lladdr: nl.HardwareAddr("02:00:00:00:00:12")})
	if err != nil {
		t.Fatal(err)
	}
	if one.Lladdr.String() != "02:00:00:00:00:12" || one.Header.Flags&FlagExtLearned == 0 || !one.Master.Present() || one.Header.Ifindex != v0 {
		t.Errorf("entry %+v", one)
	}
	raw, err := nl.All[nl.Raw](ctx, c.conn, &opGetNeigh, &GetNeighDumpRequest{Header: NdMsg{Family: unix.AF_BRIDGE}})
	if err != nil {
		t.Fatal(err)
	}
	entries := map[string]int{}
	for _, m := range raw {
		n := familytest.RoundTrip[GetNeighReply](t, m.Payload)
		if n.Header.Ifindex == v0 {
			entries[n.Lladdr.String()]++
		}
	}
	for _, e := range shown() {
		if entries[e.MAC] == 0 {
			t.Errorf("bridge shows %s, our list does not have it", e.MAC)
		}
	}

	if err := c.DelNeigh(ctx, &DelNeighRequest{Header: bridge(0, FlagMaster), Lladdr: mac}); err != nil {
		t.Fatal(err)
	}
	if slices.ContainsFunc(shown(), func(e bridgeEntry) bool { return e.MAC == mac.String() && e.VLAN == 0 }) {
		t.Error("bridge shows the entry after its deletion")
	}
}

func TestIntegrationTables(t *testing.T) {
	ns, c, _, v1 := setup(t)
	ctx := familytest.Context(t)
	err := c.SetNeighTbl(ctx, &SetNeighTblRequest{
		Header: NdtMsg{Family: unix.AF_INET},
		Name:   nl.Some("arp_cache"),
		Parms:  &TableParms{Ifindex: nl.U32(uint32(v1)), GcStaletime: nl.U64(45000), McastProbes: nl.U32(7)},
	})
	if err != nil {
		t.Fatal(err)
	}
	var shown []struct {
		Name        string
		GcStale     uint64 `json:"gc_stale"`
		McastProbes uint32 `json:"mcast_probes"`
		Queue       uint32 `json:"queue"`
	}
	ns.JSON(&shown, "ip", "-j", "-4", "ntable", "show", "dev", "v1")
	if len(shown) != 1 || shown[0].GcStale != 45000 || shown[0].McastProbes != 7 {
		t.Errorf("ip shows %+v", shown)
	}

	raw, err := nl.All[nl.Raw](ctx, c.conn, &opGetNeighTbl, &GetNeighTblDumpRequest{})
	if err != nil {
		t.Fatal(err)
	}
	var tables []*GetNeighTblReply
	for _, m := range raw {
		tables = append(tables, familytest.RoundTrip[GetNeighTblReply](t, m.Payload))
	}
	ours := familytest.Find(t, tables, func(r *GetNeighTblReply) bool {
		return r.Header.Family == unix.AF_INET && r.Parms != nil && r.Parms.Ifindex.Value() == uint32(v1)
	})
	if p := ours.Parms; p.GcStaletime.Value() != 45000 || p.McastProbes.Value() != 7 || p.QueueLen.Value() != shown[0].Queue {
		t.Errorf("settings %+v", p)
	}
	arp := familytest.Find(t, tables, func(r *GetNeighTblReply) bool { return r.Name.Value() == "arp_cache" && r.Config.Present() })
	if arp.Config.Value().KeyLen != 4 || !arp.Stats.Present() || arp.Thresh1.Value() == 0 {
		t.Errorf("table %+v", arp)
	}

	err = c.SetNeighTbl(ctx, &SetNeighTblRequest{Name: nl.Some("no_such_table"), Parms: &TableParms{McastProbes: nl.U32(1)}})
	if !errors.Is(err, os.ErrNotExist) {
		t.Errorf("set a table that is not there: %v", err)
	}
}

func TestIntegrationEvents(t *testing.T) {
	ns, c, v0, v1 := setup(t)
	sub, err := c.Subscribe(GroupNeigh)
	if err != nil {
		t.Fatal(err)
	}
	defer sub.Close()

	ns.Run("ip", strings.Fields("neigh add 10.0.0.9 lladdr 02:00:00:00:00:09 nud permanent dev v1")...)
	added := familytest.Event(t, sub, func(e *NewNeighNtf) bool { return e.Dst == addr("10.0.0.9") })
	if added.Header.Ifindex != v1 || added.Lladdr.String() != "02:00:00:00:00:09" {
		t.Errorf("added %+v", added)
	}
	ns.Run("ip", strings.Fields("neigh del 10.0.0.9 dev v1")...)
	familytest.Event(t, sub, func(e *DelNeighNtf) bool { return e.Dst == addr("10.0.0.9") })

	ns.Run("bridge", strings.Fields("fdb add 02:00:00:00:00:12 dev v0 master static")...)
	entry := familytest.Event(t, sub, func(e *NewNeighNtf) bool { return e.Lladdr.String() == "02:00:00:00:00:12" })
	if entry.Header.Family != unix.AF_BRIDGE || entry.Header.Ifindex != v0 {
		t.Errorf("entry of the bridge %+v", entry)
	}
}
