package rtrule

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

func dial(t *testing.T, ns *netns.NS) *Client {
	t.Helper()
	c, err := Dial(nl.WithNetNS(ns.Fd()))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

// ip returns the rules of a family that iproute2 shows with a priority.
func ip(ns *netns.NS, family uint8, priority uint32) []map[string]any {
	option := "-4"
	if family == unix.AF_INET6 {
		option = "-6"
	}
	var all, rules []map[string]any
	ns.JSON(&all, "ip", "-j", "-d", option, "rule", "show")
	for _, r := range all {
		if r["priority"] == float64(priority) {
			rules = append(rules, r)
		}
	}
	return rules
}

func addr(s string) nl.Opt[netip.Addr] { return nl.Some(netip.MustParseAddr(s)) }

func inet(change ...func(*FIBRuleHdr)) FIBRuleHdr {
	h := FIBRuleHdr{Family: unix.AF_INET, Action: ActionToTbl}
	for _, c := range change {
		c(&h)
	}
	return h
}

func inet6(h *FIBRuleHdr) { h.Family = unix.AF_INET6 }

// Rules are created by us and read by ip, then read and deleted by us.
func TestIntegrationRules(t *testing.T) {
	ns := netns.New(t)
	c := dial(t, ns)
	for i, tt := range []struct {
		name string
		req  NewRuleRequest
		want string
	}{
		{"mark", NewRuleRequest{Header: inet(), Fwmark: nl.U32(5), Fwmask: nl.U32(7), Table: nl.Some(Table(1000))},
			`{"src":"all","fwmark":"0x5","fwmask":"0x7","table":"1000","protocol":"unspec"}`},
		{"ports", NewRuleRequest{Header: inet(), IPProto: nl.U8(unix.IPPROTO_TCP), SportRange: nl.Some(PortRange{Start: 10, End: 20}),
			DportRange: nl.Some(PortRange{Start: 30, End: 30}), Table: nl.Some(Table(70)), Protocol: nl.Some(ProtocolStatic)},
			`{"src":"all","ipproto":"tcp","sport_start":10,"sport_end":20,"dport":30,"table":"70","protocol":"static"}`},
		{"users", NewRuleRequest{Header: inet(), UIDRange: nl.Some(UIDRange{Start: 10, End: 20}), Table: nl.Some(Table(70))},
			`{"src":"all","uid_start":10,"uid_end":20,"table":"70","protocol":"unspec"}`},
		{"l3mdev", NewRuleRequest{Header: inet(), L3mdev: nl.U8(1)},
			`{"src":"all","l3mdev":null,"protocol":"unspec"}`},
		{"suppress prefix length", NewRuleRequest{Header: inet(), SuppressPrefixlen: nl.U32(0), Table: nl.Some(TableMain)},
			`{"src":"all","table":"main","suppress_prefixlen":0,"protocol":"unspec"}`},
		{"suppress group", NewRuleRequest{Header: inet(), SuppressIfgroup: nl.U32(7), Table: nl.Some(Table(70))},
			`{"src":"all","table":"70","suppress_ifgroup":"7","protocol":"unspec"}`},
		{"addresses", NewRuleRequest{Header: inet(func(h *FIBRuleHdr) { h.SrcLen, h.DstLen, h.TOS = 8, 16, 0x10 }),
			Src: addr("10.0.0.0"), Dst: addr("11.2.0.0"), Iifname: nl.Some("lo"), Oifname: nl.Some("lo"), Table: nl.Some(Table(70))},
			`{"src":"10.0.0.0","srclen":8,"dst":"11.2.0.0","dstlen":16,"tos":"0x10","iif":"lo","oif":"lo","table":"70","protocol":"unspec"}`},
		{"not", NewRuleRequest{Header: inet(func(h *FIBRuleHdr) { h.SrcLen, h.Flags = 32, FlagInvert }), Src: addr("10.0.0.1"), Table: nl.Some(Table(70))},
			`{"not":null,"src":"10.0.0.1","table":"70","protocol":"unspec"}`},
		{"blackhole", NewRuleRequest{Header: inet(func(h *FIBRuleHdr) { h.SrcLen, h.Action = 16, ActionBlackhole }), Src: addr("10.9.0.0")},
			`{"src":"10.9.0.0","srclen":16,"action":"blackhole","protocol":"unspec"}`},
		{"goto", NewRuleRequest{Header: inet(func(h *FIBRuleHdr) { h.Action = ActionGoto }), Goto: nl.U32(32766)},
			`{"src":"all","goto":32766,"protocol":"unspec"}`},
		{"tunnel", NewRuleRequest{Header: inet(), TunID: nl.U64(5), Table: nl.Some(Table(70))},
			`{"src":"all","tun_id":5,"table":"70","protocol":"unspec"}`},
		{"IPv6", NewRuleRequest{Header: inet(inet6, func(h *FIBRuleHdr) { h.SrcLen = 32 }), Src: addr("2001:db8::"), Fwmark: nl.U32(9), Table: nl.Some(Table(3000))},
			`{"src":"2001:db8::","srclen":32,"fwmark":"0x9","table":"3000","protocol":"unspec"}`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			ctx := familytest.Context(t)
			priority := uint32(100 + i)
			tt.req.Priority = nl.U32(priority)
			if _, err := c.NewRule(ctx, &tt.req, nl.Create, nl.Excl); err != nil {
				t.Fatal(err)
			}
			want := map[string]any{"priority": float64(priority)}
			if err := json.Unmarshal([]byte(tt.want), &want); err != nil {
				t.Fatal(err)
			}
			family := tt.req.Header.Family
			shown := ip(ns, family, priority)
			if len(shown) != 1 {
				t.Fatalf("ip shows %d rules", len(shown))
			}
			if _, ok := want["protocol"]; ok && shown[0]["protocol"] == nil {
				delete(want, "protocol") // which iproute2 shows for some families only
			}
			familytest.Equal(t, "what ip shows", shown[0], want)
			sameRule(t, one(t, c, family, priority), &tt.req)

			if _, err := c.NewRule(ctx, &tt.req, nl.Create, nl.Excl); !errors.Is(err, os.ErrExist) {
				t.Errorf("created again: %v", err)
			}
			if err := c.DelRule(ctx, &tt.req); err != nil {
				t.Errorf("delete: %v", err)
			}
			if left := ip(ns, family, priority); len(left) != 0 {
				t.Errorf("after deletion ip shows %v", left)
			}
			if err := c.DelRule(ctx, &tt.req); !errors.Is(err, os.ErrNotExist) {
				t.Errorf("delete again: %v", err)
			}
		})
	}
}

// one returns the rule with a priority, and checks that it survives encoding.
func one(t *testing.T, c *Client, family uint8, priority uint32) *GetRuleReply {
	t.Helper()
	req := &GetRuleDumpRequest{Header: FIBRuleHdr{Family: family}}
	raw, err := nl.All[nl.Raw](familytest.Context(t), c.conn, &opGetRule, req)
	if err != nil {
		t.Fatal(err)
	}
	var rules []*GetRuleReply
	for _, m := range raw {
		rules = append(rules, familytest.RoundTrip[GetRuleReply](t, m.Payload))
	}
	return familytest.Find(t, rules, func(r *GetRuleReply) bool { return r.Priority.Value() == priority })
}

// sameRule checks that a rule has what was asked for.
func sameRule(t *testing.T, got *GetRuleReply, want *NewRuleRequest) {
	t.Helper()
	h := want.Header
	if got.Header.Action != h.Action || got.Header.SrcLen != h.SrcLen || got.Header.DstLen != h.DstLen ||
		got.Header.TOS != h.TOS || got.Header.Flags&FlagInvert != h.Flags {
		t.Errorf("header %+v, want %+v", got.Header, h)
	}
	for _, f := range []struct {
		name      string
		got, want fmt.Stringer
	}{
		{"src", got.Src, want.Src}, {"dst", got.Dst, want.Dst},
		{"iifname", got.Iifname, want.Iifname}, {"oifname", got.Oifname, want.Oifname},
		{"goto", got.Goto, want.Goto}, {"fwmark", got.Fwmark, want.Fwmark},
		{"tun-id", got.TunID, want.TunID}, {"suppress-ifgroup", got.SuppressIfgroup, want.SuppressIfgroup},
		{"l3mdev", got.L3mdev, want.L3mdev}, {"uid-range", got.UIDRange, want.UIDRange},
		{"ip-proto", got.IPProto, want.IPProto}, {"sport-range", got.SportRange, want.SportRange},
		{"dport-range", got.DportRange, want.DportRange},
	} {
		if f.got.String() != f.want.String() {
			t.Errorf("%s = %v, want %v", f.name, f.got, f.want)
		}
	}
	if want.Table.Present() && got.Table != want.Table {
		t.Errorf("table %v, want %v", got.Table, want.Table)
	}
}

func TestIntegrationDecode(t *testing.T) {
	ns := netns.New(t)
	for _, args := range []string{
		"rule add priority 50 from 10.0.0.0/8 fwmark 3/0xff sport 7 table 1000 protocol bgp",
		"-6 rule add priority 51 to 2001:db8::/32 suppress_prefixlength 5 table 2000",
	} {
		ns.Run("ip", strings.Fields(args)...)
	}
	c := dial(t, ns)
	four := one(t, c, unix.AF_INET, 50)
	if four.Src != addr("10.0.0.0") || four.Header.SrcLen != 8 || four.Fwmark.Value() != 3 || four.Fwmask.Value() != 255 ||
		four.SportRange.Value() != (PortRange{Start: 7, End: 7}) || four.Table.Value() != 1000 || four.Protocol.Value() != ProtocolBgp {
		t.Errorf("IPv4 rule %+v", four)
	}
	six := one(t, c, unix.AF_INET6, 51)
	if six.Dst != addr("2001:db8::") || six.Header.DstLen != 32 || six.SuppressPrefixlen.Value() != 5 || six.Table.Value() != 2000 {
		t.Errorf("IPv6 rule %+v", six)
	}
}

func TestIntegrationErrors(t *testing.T) {
	c := dial(t, netns.New(t))
	for name, tt := range map[string]struct {
		req   NewRuleRequest
		is    error
		words string
	}{
		"backward range":  {NewRuleRequest{Header: inet(), SportRange: nl.Some(PortRange{Start: 9, End: 3})}, unix.EINVAL, "rt-rule: newrule: "},
		"goto backward":   {NewRuleRequest{Header: inet(func(h *FIBRuleHdr) { h.Action = ActionGoto }), Goto: nl.U32(5), Priority: nl.U32(9)}, unix.EINVAL, "rt-rule: newrule: "},
		"user range":      {NewRuleRequest{Header: inet(), UIDRange: nl.Some(UIDRange{Start: 9, End: 3})}, unix.EINVAL, "rt-rule: newrule: "},
		"no such family":  {NewRuleRequest{Header: FIBRuleHdr{Family: 200}}, unix.EAFNOSUPPORT, "rt-rule: newrule: "},
		"address missing": {NewRuleRequest{Header: inet(func(h *FIBRuleHdr) { h.SrcLen = 8 }), Table: nl.Some(TableMain)}, unix.EINVAL, `"Invalid source address"`},
	} {
		_, err := c.NewRule(familytest.Context(t), &tt.req, nl.Create, nl.Excl)
		if !errors.Is(err, tt.is) || !strings.Contains(err.Error(), tt.words) {
			t.Errorf("%s: %v, want %v and %s", name, err, tt.is, tt.words)
		}
	}
}

func TestIntegrationEvents(t *testing.T) {
	ns := netns.New(t)
	c := dial(t, ns)
	sub, err := c.Subscribe(GroupIPv4Rule, GroupIPv6Rule)
	if err != nil {
		t.Fatal(err)
	}
	defer sub.Close()
	for option, family := range map[string]uint8{"-4": unix.AF_INET, "-6": unix.AF_INET6} {
		ns.Run("ip", option, "rule", "add", "priority", "77", "table", "1000")
		added := familytest.Event(t, sub, func(e *NewRuleNtf) bool { return e.Priority.Value() == 77 })
		if added.Header.Family != family || added.Table.Value() != 1000 {
			t.Errorf("added %+v", added)
		}
		ns.Run("ip", option, "rule", "del", "priority", "77")
		gone := familytest.Event(t, sub, func(e *DelRuleNtf) bool { return e.Priority.Value() == 77 })
		if gone.Header.Family != family {
			t.Errorf("gone %+v", gone)
		}
	}
}
