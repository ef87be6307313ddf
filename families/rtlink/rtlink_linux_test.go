package rtlink

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
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

// An ipLink is what iproute2 says about a link.
type ipLink struct {
	Ifindex  int32    `json:"ifindex"`
	Ifname   string   `json:"ifname"`
	MTU      uint32   `json:"mtu"`
	Address  string   `json:"address"`
	Master   string   `json:"master"`
	Ifalias  string   `json:"ifalias"`
	Altnames []string `json:"altnames"`
	Group    string   `json:"group"`
	Txqlen   uint32   `json:"txqlen"`
	Flags    []string `json:"flags"`
	Linkinfo struct {
		Kind      string         `json:"info_kind"`
		Data      map[string]any `json:"info_data"`
		SlaveKind string         `json:"info_slave_kind"`
		SlaveData map[string]any `json:"info_slave_data"`
	} `json:"linkinfo"`
	Stats64 struct {
		Rx, Tx struct{ Bytes, Packets uint64 }
	} `json:"stats64"`
}

func (l *ipLink) up() bool { return slices.Contains(l.Flags, "UP") }

// ip returns the one link that "ip link show" shows.
func ip(t *testing.T, ns *netns.NS, name string) *ipLink {
	t.Helper()
	var links []*ipLink
	ns.JSON(&links, "ip", "-j", "-d", "-s", "link", "show", "dev", name)
	if len(links) != 1 {
		t.Fatalf("ip shows %d links named %s", len(links), name)
	}
	return links[0]
}

// ipNames returns the names of all links that "ip link show" shows.
func ipNames(ns *netns.NS) []string {
	var links []ipLink
	ns.JSON(&links, "ip", "-j", "link", "show")
	var names []string
	for _, l := range links {
		names = append(names, l.Ifname)
	}
	return names
}

func dial(t *testing.T, ns *netns.NS) *Client {
	t.Helper()
	c, err := Dial(nl.WithNetNS(ns.Fd()))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

func getLink(t *testing.T, c *Client, name string) *GetLinkReply {
	t.Helper()
	link, err := c.GetLink(familytest.Context(t), &GetLinkRequest{Ifname: nl.Some(name)})
	if err != nil {
		t.Fatal(err)
	}
	return link
}

func newLink(t *testing.T, c *Client, req *NewLinkRequest) {
	t.Helper()
	if _, err := c.NewLink(familytest.Context(t), req, nl.Create, nl.Excl); err != nil {
		t.Fatal(err)
	}
}

func kind(name string) *Linkinfo { return &Linkinfo{Kind: nl.Some(name)} }

func TestIntegrationVeth(t *testing.T) {
	ns, far := netns.New(t), netns.New(t)
	c := dial(t, ns)
	newLink(t, c, &NewLinkRequest{
		Ifname:  nl.Some("near"),
		Address: nl.HardwareAddr("02:00:00:00:00:01"),
		MTU:     nl.U32(1400),
		Linkinfo: &Linkinfo{Data: &LinkinfoVethAttrs{Peer: &LinkAttrs{
			Ifname:  nl.Some("far"),
			Address: nl.HardwareAddr("02:00:00:00:00:02"),
			MTU:     nl.U32(1300),
			NetNSFD: nl.U32(uint32(far.Fd())),
		}}},
	})

	near, peer := ip(t, ns, "near"), ip(t, far, "far")
	for _, tt := range []struct {
		link    *ipLink
		mtu     uint32
		address string
	}{{near, 1400, "02:00:00:00:00:01"}, {peer, 1300, "02:00:00:00:00:02"}} {
		l := tt.link
		if l.Linkinfo.Kind != "veth" || l.MTU != tt.mtu || l.Address != tt.address {
			t.Errorf("ip shows %+v, want a veth of mtu %d and address %s", l, tt.mtu, tt.address)
		}
	}

	got := getLink(t, c, "near")
	if got.Header.Index != near.Ifindex || got.Link.Value() != uint32(peer.Ifindex) {
		t.Errorf("index %d, link %v; ip shows %d and %d", got.Header.Index, got.Link, near.Ifindex, peer.Ifindex)
	}
	if !got.LinkNetNSID.Present() {
		t.Error("no id of the peer's namespace")
	}
	if _, ok := got.Linkinfo.Data.(*LinkinfoVethAttrs); !ok && got.Linkinfo.Data != nil {
		t.Errorf("data of a veth is a %T", got.Linkinfo.Data)
	}

	if _, err := c.DelLink(familytest.Context(t), &DelLinkRequest{Ifname: nl.Some("near")}); err != nil {
		t.Fatal(err)
	}
	if names := append(ipNames(ns), ipNames(far)...); !slices.Equal(names, []string{"lo", "lo"}) {
		t.Errorf("after deletion ip shows %q", names)
	}
}

// Each step says what it changes of what ip shows; all else must stay.
func TestIntegrationChange(t *testing.T) {
	ns := netns.New(t)
	ns.Run("ip", "link", "add", "br0", "type", "bridge")
	ns.Run("ip", "link", "add", "v0", "type", "veth", "peer", "name", "v1")
	c := dial(t, ns)
	ctx := familytest.Context(t)
	index := getLink(t, c, "v0").Header.Index
	bridge := uint32(getLink(t, c, "br0").Header.Index)
	header := Ifinfomsg{Index: index}
	set := func(req SetLinkRequest) func() error {
		if req.Header.Index == 0 {
			req.Header = header
		}
		return func() error { return c.SetLink(ctx, &req) }
	}
	prop := func(call func(context.Context, *NewLinkPropRequest, ...nl.CallOption) error, names ...string) func() error {
		return func() error {
			return call(ctx, &NewLinkPropRequest{Header: header, PropList: &PropList{AltIfnames: names}})
		}
	}

	name := "v0"
	for _, tt := range []struct {
		name string
		do   func() error
		want func(*ipLink)
	}{
		{"mtu", set(SetLinkRequest{MTU: nl.U32(1234)}), func(l *ipLink) { l.MTU = 1234 }},
		{"address", set(SetLinkRequest{Address: nl.HardwareAddr("02:00:00:00:00:07")}), func(l *ipLink) { l.Address = "02:00:00:00:00:07" }},
		{"alias", set(SetLinkRequest{Ifalias: nl.Some("to the north")}), func(l *ipLink) { l.Ifalias = "to the north" }},
		{"no alias", set(SetLinkRequest{Ifalias: nl.Some("")}), func(l *ipLink) { l.Ifalias = "" }},
		{"group", set(SetLinkRequest{Group: nl.U32(77)}), func(l *ipLink) { l.Group = "77" }},
		{"txqlen", set(SetLinkRequest{Txqlen: nl.U32(321)}), func(l *ipLink) { l.Txqlen = 321 }},
		{"rename", set(SetLinkRequest{Ifname: nl.Some("c")}), func(l *ipLink) { l.Ifname, name = "c", "c" }},
		{"master", set(SetLinkRequest{Master: nl.U32(bridge)}), func(l *ipLink) {
			l.Master, l.Linkinfo.SlaveKind = "br0", "bridge"
		}},
		{"detach", set(SetLinkRequest{Master: nl.U32(0)}), func(l *ipLink) {
			l.Master, l.Linkinfo.SlaveKind = "", ""
		}},
		{"alternative names", prop(c.NewLinkProp, "other", "a-name-longer-than-interfaces-have"), func(l *ipLink) {
			l.Altnames = []string{"other", "a-name-longer-than-interfaces-have"}
		}},
		{"fewer alternative names", func() error {
			return c.DelLinkProp(ctx, &NewLinkPropRequest{Header: header, PropList: &PropList{AltIfnames: []string{"other"}}})
		}, func(l *ipLink) { l.Altnames = []string{"a-name-longer-than-interfaces-have"} }},
		{"up", set(SetLinkRequest{Header: Ifinfomsg{Index: index, Flags: DeviceFlagsUp, Change: DeviceFlagsUp}}), func(l *ipLink) {
			l.Flags = append(l.Flags, "UP")
		}},
		{"down", set(SetLinkRequest{Header: Ifinfomsg{Index: index, Change: DeviceFlagsUp}}), func(l *ipLink) { l.Flags = nil }},
	} {
		want := ip(t, ns, name)
		if err := tt.do(); err != nil {
			t.Fatalf("%s: %v", tt.name, err)
		}
		tt.want(want)
		got := ip(t, ns, name)
		if got.up() != want.up() {
			t.Errorf("%s: flags %v", tt.name, got.Flags)
		}
		got.Flags, want.Flags = nil, nil
		got.Linkinfo.SlaveData, want.Linkinfo.SlaveData = nil, nil
		familytest.Equal(t, tt.name, got, want)
	}

	link, err := c.GetLink(ctx, &GetLinkRequest{AltIfname: nl.Some("a-name-longer-than-interfaces-have")})
	if err != nil || link.Header.Index != index {
		t.Errorf("link by its alternative name = %+v, %v", link, err)
	}
	if got := link.PropList.AltIfnames; !slices.Equal(got, []string{"a-name-longer-than-interfaces-have"}) {
		t.Errorf("alternative names %q", got)
	}
}

// Kinds are created by us and read by ip, and their settings read back by us.
func TestIntegrationKinds(t *testing.T) {
	lower := func(l *NewLinkRequest, index uint32) { l.Link = nl.U32(index) }
	for _, tt := range []struct {
		kind string
		data LinkinfoData
		link func(l *NewLinkRequest, index uint32)
		want map[string]any // of what ip shows
		same func(LinkinfoData) bool
		must bool // every kernel that the tests are for has it
	}{
		{kind: "veth", must: true},
		{kind: "bridge", must: true,
			data: &LinkinfoBridgeAttrs{
				ForwardDelay:     nl.U32(400),
				AgeingTime:       nl.U32(10000),
				STPState:         nl.U32(1),
				Priority:         nl.U16(100),
				GroupFwdMask:     nl.U16(8),
				GroupAddr:        nl.HardwareAddr("01:80:c2:00:00:0d"),
				McastSnooping:    nl.U8(0),
				McastQueryIntvl:  nl.U64(6000),
				McastIGMPVersion: nl.U8(3),
				MultiBoolopt: nl.Some(BridgeBoolopts{
					Value: BridgeBooloptMaskNoLLLearn,
					Mask:  BridgeBooloptMaskNoLLLearn,
				}),
			},
			want: map[string]any{
				"forward_delay": 400., "ageing_time": 10000., "stp_state": 1., "priority": 100.,
				"group_fwd_mask": "0x8", "group_addr": "01:80:c2:00:00:0d", "mcast_snooping": 0.,
				"mcast_query_intvl": 6000., "mcast_igmp_version": 3., "no_linklocal_learn": 1.,
			},
			same: func(d LinkinfoData) bool {
				b := d.(*LinkinfoBridgeAttrs)
				return b.ForwardDelay.Value() == 400 && b.Priority.Value() == 100 && b.McastQueryIntvl.Value() == 6000 &&
					b.GroupAddr.String() == "01:80:c2:00:00:0d" && b.MultiBoolopt.Value().Value == BridgeBooloptMaskNoLLLearn &&
					b.BridgeID.Value().Prio == 100 && len(b.BridgeID.Value().Addr) == 6
			},
		},
		{kind: "vxlan",
			data: &LinkinfoVXLANAttrs{
				ID:        nl.U32(42),
				Group:     nl.Some(netip.MustParseAddr("239.1.1.1")),
				Local:     nl.Some(netip.MustParseAddr("10.0.0.1")),
				Port:      nl.U16(4789),
				TTL:       nl.U8(5),
				Ageing:    nl.Some(77 * time.Second),
				PortRange: nl.Some(VXLANPortRange{Low: 1000, High: 2000}),
			},
			link: func(l *NewLinkRequest, index uint32) { l.Linkinfo.Data.(*LinkinfoVXLANAttrs).Link = nl.U32(index) },
			want: map[string]any{
				"id": 42., "group": "239.1.1.1", "local": "10.0.0.1", "port": 4789., "ttl": 5., "ageing": 77.,
				"link": "lower", "port_range": map[string]any{"low": 1000., "high": 2000.},
			},
			same: func(d LinkinfoData) bool {
				v := d.(*LinkinfoVXLANAttrs)
				return v.ID.Value() == 42 && v.Group.Value().String() == "239.1.1.1" && v.Port.Value() == 4789 &&
					v.Ageing.Value() == 77*time.Second && v.PortRange.Value() == VXLANPortRange{Low: 1000, High: 2000}
			},
		},
		{kind: "macvlan", link: lower,
			data: &LinkinfoMacvlanAttrs{Mode: nl.Some(MacvlanModeBridge)},
			want: map[string]any{"mode": "bridge"},
			same: func(d LinkinfoData) bool { return d.(*LinkinfoMacvlanAttrs).Mode.Value() == MacvlanModeBridge },
		},
		{kind: "macvtap", link: lower,
			data: &LinkinfoMacvlanAttrs{Mode: nl.Some(MacvlanModeVEPA)},
			want: map[string]any{"mode": "vepa"},
			same: func(d LinkinfoData) bool { return d.(*LinkinfoMacvlanAttrs).Mode.Value() == MacvlanModeVEPA },
		},
		{kind: "vlan", link: lower,
			data: &LinkinfoVLANAttrs{ID: nl.U16(5), Protocol: nl.Some(VLANProtocol8021ad)},
			want: map[string]any{"protocol": "802.1ad", "id": 5.},
			same: func(d LinkinfoData) bool {
				v := d.(*LinkinfoVLANAttrs)
				return v.ID.Value() == 5 && v.Protocol.Value() == VLANProtocol8021ad
			},
		},
		{kind: "vrf",
			data: &LinkinfoVRFAttrs{Table: nl.U32(1000)},
			want: map[string]any{"table": 1000.},
			same: func(d LinkinfoData) bool { return d.(*LinkinfoVRFAttrs).Table.Value() == 1000 },
		},
		{kind: "bond",
			data: &LinkinfoBondAttrs{Mode: nl.Some(BondModeActiveBackup)},
			want: map[string]any{"mode": "active-backup"},
			same: func(d LinkinfoData) bool { return d.(*LinkinfoBondAttrs).Mode.Value() == BondModeActiveBackup },
		},
		{kind: "dummy"},
		{kind: "ifb"},
		{kind: "nlmon"},
	} {
		t.Run(tt.kind, func(t *testing.T) {
			ns := netns.New(t)
			ns.Run("ip", "link", "add", "lower", "type", "veth")
			c := dial(t, ns)
			req := &NewLinkRequest{Ifname: nl.Some("probe"), Linkinfo: &Linkinfo{Kind: nl.Some(tt.kind), Data: tt.data}}
			if tt.link != nil {
				tt.link(req, uint32(getLink(t, c, "lower").Header.Index))
			}
			_, err := c.NewLink(familytest.Context(t), req, nl.Create, nl.Excl)
			if errors.Is(err, unix.EOPNOTSUPP) && !tt.must {
				t.Logf("this kernel has no links of kind %s: %v", tt.kind, err)
				return
			}
			if err != nil {
				t.Fatal(err)
			}

			shown := ip(t, ns, "probe").Linkinfo
			if shown.Kind != tt.kind {
				t.Errorf("ip shows kind %s", shown.Kind)
			}
			for key, want := range tt.want {
				if got := shown.Data[key]; fmt.Sprint(got) != fmt.Sprint(want) {
					t.Errorf("ip shows %s = %v, want %v", key, got, want)
				}
			}
			info := getLink(t, c, "probe").Linkinfo
			if info.Kind.Value() != tt.kind {
				t.Errorf("kind %v", info.Kind)
			}
			if tt.same != nil && !tt.same(info.Data) {
				t.Errorf("data = %+v", info.Data)
			}
		})
	}
}

// What ip creates we decode.
func TestIntegrationDecode(t *testing.T) {
	ns := netns.New(t)
	world(ns)
	c := dial(t, ns)

	br := getLink(t, c, "br0").Linkinfo.Data.(*LinkinfoBridgeAttrs)
	if br.STPState.Value() != 1 || br.MaxAge.Value() != 1500 || br.Priority.Value() != 4096 {
		t.Errorf("bridge: %+v", br)
	}
	port := getLink(t, c, "v0")
	if port.Linkinfo.SlaveKind.Value() != "bridge" || port.Master.Value() != uint32(getLink(t, c, "br0").Header.Index) {
		t.Errorf("port: slave kind %v, master %v", port.Linkinfo.SlaveKind, port.Master)
	}
	data := port.Linkinfo.SlaveData.(*LinkinfoBrportAttrs)
	if data.Cost.Value() != 77 || data.Learning.Value() != 0 || data.Isolated.Value() != 1 || data.Mode.Value() != 1 {
		t.Errorf("port data: %+v", data)
	}
	if port.Header.Flags&DeviceFlagsUp == 0 || port.Header.Type != HardwareTypeEther || port.Operstate.Value() != OperstateUp {
		t.Errorf("port header %+v, state %v", port.Header, port.Operstate)
	}
	if inet := port.AFSpec.(*AFSpec).Inet; inet.Conf.Value().SharedMedia != 1 {
		t.Errorf("settings of IPv4: %+v", inet)
	}
	if inet6 := port.AFSpec.(*AFSpec).Inet6; inet6.AddrGenMode.Value() != In6AddrGenModeNone {
		t.Errorf("settings of IPv6: %+v", inet6)
	}

	bridgePort := familytest.Find(t, all(t, c, &GetLinkDumpRequest{Header: Ifinfomsg{Family: AddressFamilyBridge}}),
		func(l *GetLinkReply) bool { return l.Ifname.Value() == "v0" })
	if info, ok := bridgePort.Protinfo.(*LinkinfoBrportAttrs); !ok || info.Cost.Value() != 77 {
		t.Errorf("as a bridge port: %+v", bridgePort.Protinfo)
	}
}

// world makes links of many kinds.
func world(ns *netns.NS) {
	for _, cmd := range []string{
		"ip link set lo up",
		"ip link add br0 type bridge stp_state 1 max_age 1500 priority 4096",
		"ip link add v0 type veth peer name v1",
		"ip link set v0 alias some addrgenmode none",
		"ip link property add dev v0 altname alternative",
		"ip link set v0 master br0",
		"bridge link set dev v0 cost 77 learning off isolated on hairpin on",
		"ip link set v0 up",
		"ip link set v1 up",
		"ip link set br0 up",
		"ip tuntap add tap0 mode tap",
	} {
		args := strings.Fields(cmd)
		ns.Run(args[0], args[1:]...)
	}
}

func all(t *testing.T, c *Client, req *GetLinkDumpRequest) []*GetLinkReply {
	t.Helper()
	links, err := c.GetLinkAll(familytest.Context(t), req)
	if err != nil {
		t.Fatal(err)
	}
	return links
}

func TestIntegrationBridgePort(t *testing.T) {
	ns := netns.New(t)
	world(ns)
	c := dial(t, ns)
	index := getLink(t, c, "v0").Header.Index

	err := c.SetLink(familytest.Context(t), &SetLinkRequest{
		Header:   Ifinfomsg{Family: AddressFamilyBridge, Index: index},
		Protinfo: &LinkinfoBrportAttrs{Cost: nl.U32(5), Guard: nl.U8(1)},
	})
	if err != nil {
		t.Fatal(err)
	}
	_, err = c.NewLink(familytest.Context(t), &NewLinkRequest{
		Header: Ifinfomsg{Index: index},
		Linkinfo: &Linkinfo{
			Kind:      nl.Some("veth"),
			SlaveKind: nl.Some("bridge"),
			SlaveData: &LinkinfoBrportAttrs{Priority: nl.U16(7), Locked: nl.U8(1)},
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	got := ip(t, ns, "v0").Linkinfo.SlaveData
	for key, want := range map[string]any{"cost": 5., "guard": true, "priority": 7., "locked": true, "isolated": true} {
		if got[key] != want {
			t.Errorf("ip shows %s = %v, want %v", key, got[key], want)
		}
	}
}

func TestIntegrationDump(t *testing.T) {
	ns := netns.New(t)
	world(ns)
	c := dial(t, ns)
	names := func(links []*GetLinkReply) []string {
		var names []string
		for _, l := range links {
			names = append(names, l.Ifname.Value())
		}
		slices.Sort(names)
		return names
	}

	want := ipNames(ns)
	slices.Sort(want)
	if got := names(all(t, c, nil)); !slices.Equal(got, want) {
		t.Errorf("links %q, ip shows %q", got, want)
	}
	if got := names(all(t, c, &GetLinkDumpRequest{Linkinfo: kind("veth")})); !slices.Equal(got, []string{"v0", "v1"}) {
		t.Errorf("links of kind veth: %q", got)
	}
	bridge := uint32(getLink(t, c, "br0").Header.Index)
	if got := names(all(t, c, &GetLinkDumpRequest{Master: nl.U32(bridge)})); !slices.Equal(got, []string{"v0"}) {
		t.Errorf("ports of br0: %q", got)
	}

	ctx := familytest.Context(t)
	seen := 0
	for link, err := range c.GetLinkDump(ctx, nil) {
		if err != nil {
			t.Fatal(err)
		}
		inner, err := c.GetLink(ctx, &GetLinkRequest{Header: Ifinfomsg{Index: link.Header.Index}})
		if err != nil || inner.Ifname != link.Ifname {
			t.Errorf("call within the loop for %v: %+v, %v", link.Ifname, inner, err)
		}
		seen++
	}
	if seen != len(want) {
		t.Errorf("%d links streamed, want %d", seen, len(want))
	}
}

func TestIntegrationCancel(t *testing.T) {
	ns := netns.New(t)
	world(ns)
	c := dial(t, ns)
	ctx, cancel := context.WithCancel(familytest.Context(t))
	cancel()
	if _, err := c.GetLink(ctx, &GetLinkRequest{Ifname: nl.Some("lo")}); !errors.Is(err, context.Canceled) {
		t.Errorf("call with a context that is done: %v", err)
	}
	var last error
	for _, err := range c.GetLinkDump(ctx, nil) {
		last = err
	}
	if !errors.Is(last, context.Canceled) {
		t.Errorf("dump with a context that is done: %v", last)
	}
	for range c.GetLinkDump(familytest.Context(t), nil) {
		break
	}
	if lo := getLink(t, c, "lo"); lo.Header.Index != 1 {
		t.Errorf("call after those that were given up: %+v", lo)
	}
}

func TestIntegrationStats(t *testing.T) {
	ns := netns.New(t)
	ns.Run("ip", "link", "set", "lo", "up")
	ns.Do(func() {
		conn, err := net.Dial("udp", "127.0.0.1:9")
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		if _, err := conn.Write(make([]byte, 1000)); err != nil {
			t.Fatal(err)
		}
	})
	c := dial(t, ns)
	ctx := familytest.Context(t)
	lo := getLink(t, c, "lo").Stats64.Value()
	shown := ip(t, ns, "lo").Stats64
	if lo.TxPackets == 0 || lo.TxBytes < 1000 || lo.TxPackets != shown.Tx.Packets || lo.RxBytes != shown.Rx.Bytes {
		t.Errorf("counters %+v, ip shows %+v", lo, shown)
	}

	header := IfStatsMsg{Ifindex: 1, FilterMask: StatsFilterLink64}
	stats, err := c.GetStats(ctx, &GetStatsRequest{Header: header})
	if err != nil {
		t.Fatal(err)
	}
	familytest.Equal(t, "counters by getstats", stats.Link64.Value(), lo)
	dump, err := c.GetStatsAll(ctx, &GetStatsDumpRequest{Header: IfStatsMsg{FilterMask: StatsFilterLink64}})
	if err != nil {
		t.Fatal(err)
	}
	if len(dump) != 1 || dump[0].Link64.Value().TxBytes != lo.TxBytes {
		t.Errorf("dump of counters: %+v", dump)
	}
}

func TestIntegrationErrors(t *testing.T) {
	ns := netns.New(t)
	world(ns)
	c := dial(t, ns)
	ctx := familytest.Context(t)
	create := func(req *NewLinkRequest) error {
		_, err := c.NewLink(ctx, req, nl.Create, nl.Excl)
		return err
	}
	get := func(req *GetLinkRequest) error {
		_, err := c.GetLink(ctx, req)
		return err
	}
	for _, tt := range []struct {
		name  string
		err   error
		is    error // nil: found before the kernel is asked
		words string
	}{
		{"name is taken", create(&NewLinkRequest{Ifname: nl.Some("br0"), Linkinfo: kind("bridge")}), os.ErrExist, "rt-link: newlink"},
		{"name of the peer is taken", create(&NewLinkRequest{Ifname: nl.Some("new"), Linkinfo: &Linkinfo{
			Data: &LinkinfoVethAttrs{Peer: &LinkAttrs{Ifname: nl.Some("v0")}},
		}}), os.ErrExist, "newlink"},
		{"no such link", get(&GetLinkRequest{Ifname: nl.Some("missing")}), os.ErrNotExist, "rt-link: getlink"},
		{"no such index", get(&GetLinkRequest{Header: Ifinfomsg{Index: 9999}}), unix.ENODEV, "getlink"},
		{"no such kind", create(&NewLinkRequest{Linkinfo: kind("nonsense")}), unix.EOPNOTSUPP, "Unknown device type"},
		{"no kind", create(&NewLinkRequest{Ifname: nl.Some("new")}), unix.EOPNOTSUPP, "Unknown device type"},
		{"attribute in a nest", create(&NewLinkRequest{Linkinfo: &Linkinfo{
			Data: &LinkinfoVXLANAttrs{ID: nl.U32(1), PortRange: nl.Some(VXLANPortRange{Low: 9, High: 3})},
		}}), unix.EINVAL, "newlink: linkinfo.data.port-range: "},
		{"attribute that is read only", create(&NewLinkRequest{Linkinfo: &Linkinfo{
			Data: &LinkinfoBridgeAttrs{FDBNLearned: nl.U32(1)},
		}}), unix.EINVAL, "newlink: linkinfo.data.fdb-n-learned: "},
		{"contradiction", create(&NewLinkRequest{Linkinfo: &Linkinfo{
			Kind: nl.Some("vxlan"), Data: &LinkinfoBridgeAttrs{},
		}}), nil, "newlink: linkinfo.kind: the selector is"},
		{"long name of the peer", create(&NewLinkRequest{Linkinfo: &Linkinfo{
			Data: &LinkinfoVethAttrs{Peer: &LinkAttrs{Ifname: nl.Some("longer-than-names")}},
		}}), nil, "newlink: linkinfo.data.peer.ifname: "},
	} {
		if tt.err == nil {
			t.Errorf("%s: no error", tt.name)
			continue
		}
		if tt.is != nil && !errors.Is(tt.err, tt.is) || !strings.Contains(tt.err.Error(), tt.words) {
			t.Errorf("%s: %v, want %v and %q", tt.name, tt.err, tt.is, tt.words)
		}
	}
}

// The messages of the kernel survive that we decode and encode them.
func TestIntegrationRoundTrip(t *testing.T) {
	ns := netns.New(t)
	world(ns)
	c := dial(t, ns)
	ctx := familytest.Context(t)
	const filters = RtextFilterVF | RtextFilterBrvlanCompressed | RtextFilterMrp | RtextFilterCfmConfig | RtextFilterCfmStatus | RtextFilterMst
	for name, req := range map[string]*GetLinkDumpRequest{
		"links":        {},
		"all details":  {ExtMask: nl.Some(filters)},
		"bridge ports": {Header: Ifinfomsg{Family: AddressFamilyBridge}, ExtMask: nl.Some(filters)},
		"IPv6":         {Header: Ifinfomsg{Family: AddressFamilyInet6}},
	} {
		t.Run(name, func(t *testing.T) {
			messages, err := nl.All[nl.Raw](ctx, c.conn, &opGetLink, req)
			if err != nil || len(messages) == 0 {
				t.Fatalf("%d messages, %v", len(messages), err)
			}
			for _, m := range messages {
				link := familytest.RoundTrip[GetLinkReply](t, m.Payload)
				if len(link.Unknown) > 0 {
					t.Logf("%v has unknown attributes: %x", link.Ifname, []byte(link.Unknown))
				}
			}
		})
	}
}

// A kind and an attribute that only a newer kernel has are kept as they are.
func TestIntegrationUnknown(t *testing.T) {
	ns := netns.New(t)
	ns.Run("ip", "link", "add", "br0", "type", "bridge")
	c := dial(t, ns)
	raw, err := nl.Do[nl.Raw](familytest.Context(t), c.conn, &opGetLink, &GetLinkRequest{Ifname: nl.Some("br0")})
	if err != nil {
		t.Fatal(err)
	}
	known := familytest.RoundTrip[GetLinkReply](t, raw.Payload)
	body, err := nl.Marshal(known.Linkinfo.Data)
	if err != nil {
		t.Fatal(err)
	}

	other := bytes.Replace(raw.Payload, []byte("bridge\x00"), []byte("brudge\x00"), 1)
	extra := attr(0x3ff0, []byte("from the future"))
	link := familytest.RoundTrip[GetLinkReply](t, append(other, extra...))
	data, ok := link.Linkinfo.Data.(*UnknownLinkinfoData)
	if !ok || link.Linkinfo.Kind.Value() != "brudge" {
		t.Fatalf("kind %v with data of type %T", link.Linkinfo.Kind, link.Linkinfo.Data)
	}
	familytest.Equal(t, "attributes that are not known", link.Unknown, nl.RawAttrs(extra))
	if len(data.Payload) < len(body) || !bytes.Contains(raw.Payload, data.Payload) {
		t.Errorf("kept %d bytes of a body of %d", len(data.Payload), len(body))
	}
}

func TestIntegrationEvents(t *testing.T) {
	ns := netns.New(t)
	c := dial(t, ns)
	sub, err := c.Subscribe(GroupLink)
	if err != nil {
		t.Fatal(err)
	}
	defer sub.Close()

	ns.Run("ip", "link", "add", "br0", "type", "bridge")
	created := familytest.Event(t, sub, func(e *NewLinkNtf) bool { return e.Ifname.Value() == "br0" })
	if created.Linkinfo.Kind.Value() != "bridge" {
		t.Errorf("created: %+v", created.Linkinfo)
	}
	if err := c.SetLink(familytest.Context(t), &SetLinkRequest{Header: Ifinfomsg{Index: created.Header.Index}, MTU: nl.U32(1400)}); err != nil {
		t.Fatal(err)
	}
	familytest.Event(t, sub, func(e *NewLinkNtf) bool { return e.MTU.Value() == 1400 })
	if _, err := c.DelLink(familytest.Context(t), &DelLinkRequest{Header: Ifinfomsg{Index: created.Header.Index}}); err != nil {
		t.Fatal(err)
	}
	gone := familytest.Event(t, sub, func(*DelLinkNtf) bool { return true })
	if gone.Header.Index != created.Header.Index || gone.Ifname.Value() != "br0" {
		t.Errorf("gone: %v, index %d", gone.Ifname, gone.Header.Index)
	}
}

func TestIntegrationEcho(t *testing.T) {
	c := dial(t, netns.New(t))
	reply, err := c.NewLink(familytest.Context(t), &NewLinkRequest{Ifname: nl.Some("br0"), Linkinfo: kind("bridge")}, nl.Create, nl.Excl, nl.Echo)
	if err != nil {
		t.Fatal(err)
	}
	if reply == nil || reply.Ifname.Value() != "br0" || reply.Header.Index == 0 {
		t.Errorf("reply %+v", reply)
	}
}
