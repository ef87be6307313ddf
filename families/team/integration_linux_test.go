package team

import (
	"bytes"
	"encoding/binary"
	"errors"
	"slices"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/nlgen/nlgen/families/rtlink"
	"github.com/nlgen/nlgen/internal/familytest"
	"github.com/nlgen/nlgen/internal/netns"
	nl "github.com/nlgen/nlgen/runtime"
)

// A lab is a namespace with a team device.
type lab struct {
	*Client
	t     *testing.T
	links *rtlink.Client
	team  uint32
}

func setup(t *testing.T) *lab {
	t.Helper()
	ns := netns.New(t)
	links, err := rtlink.Dial(nl.WithNetNS(ns.Fd()))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { links.Close() })
	_, err = links.NewLink(familytest.Context(t), &rtlink.NewLinkRequest{
		Ifname:   nl.Some("team0"),
		Linkinfo: &rtlink.Linkinfo{Kind: nl.Some("team")},
	}, nl.Create, nl.Excl)
	familytest.NeedModule(t, "team", err)
	c, err := Dial(nl.WithNetNS(ns.Fd()))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	l := &lab{Client: c, t: t, links: links}
	l.team = l.index("team0")
	return l
}

func (l *lab) index(name string) uint32 {
	l.t.Helper()
	link, err := l.links.GetLink(familytest.Context(l.t), &rtlink.GetLinkRequest{Ifname: nl.Some(name)})
	if err != nil {
		l.t.Fatal(err)
	}
	return uint32(link.Header.Index)
}

// addPort makes a pair of links of which one is a port of the team.
func (l *lab) addPort(name string) uint32 {
	l.t.Helper()
	_, err := l.links.NewLink(familytest.Context(l.t), &rtlink.NewLinkRequest{
		Ifname:   nl.Some(name),
		Master:   nl.U32(l.team),
		Linkinfo: &rtlink.Linkinfo{Data: &rtlink.LinkinfoVethAttrs{}},
	}, nl.Create, nl.Excl)
	if err != nil {
		l.t.Fatal(err)
	}
	return l.index(name)
}

// options returns the options of the team, and the number of messages they took.
func (l *lab) options() ([]OptionItem, int) {
	l.t.Helper()
	ctx, req := familytest.Context(l.t), &OptionsGetDumpRequest{TeamIfindex: nl.U32(l.team)}
	raw, err := nl.All[nl.Raw](ctx, l.conn, &opOptionsGet, req)
	if err != nil {
		l.t.Fatal(err)
	}
	for _, m := range raw {
		familytest.RoundTrip[OptionsGetReply](l.t, m.Payload)
	}
	list, err := l.OptionsGetAll(ctx, req)
	if err != nil {
		l.t.Fatal(err)
	}
	if len(list) != 1 || list[0].TeamIfindex.Value() != l.team {
		l.t.Fatalf("%d teams: %+v", len(list), list)
	}
	return list[0].Options, len(raw)
}

// option returns the option of a name; port is 0 for one of the device.
func option(t *testing.T, list []OptionItem, name string, port uint32) *Option {
	t.Helper()
	return familytest.Find(t, list, func(i OptionItem) bool {
		return i.Option.Name.Value() == name && i.Option.PortIfindex.Value() == port
	}).Option
}

// set changes options. It listens to the events of that: without listeners the
// kernel reports an error after the first option.
func (l *lab) set(options ...*Option) error {
	sub, err := l.Subscribe(GroupChangeEvent)
	if err != nil {
		return err
	}
	defer sub.Close()
	req := &OptionsSetRequest{TeamIfindex: nl.U32(l.team)}
	for _, o := range options {
		req.Options = append(req.Options, OptionItem{Option: o})
	}
	return l.OptionsSet(familytest.Context(l.t), req)
}

func mode(name string) *Option {
	return &Option{Name: nl.Some("mode"), Type: nl.Some(OptionTypeString), Data: append([]byte(name), 0)}
}

func number(name string, v uint32) *Option {
	return &Option{Name: nl.Some(name), Type: nl.Some(OptionTypeU32), Data: binary.NativeEndian.AppendUint32(nil, v)}
}

func TestIntegrationOptions(t *testing.T) {
	l := setup(t)
	list, _ := l.options()
	if got := option(t, list, "mode", 0); got.Type.Value() != OptionTypeString || string(got.Data) != "*NOMODE*\x00" {
		t.Errorf("mode of a new team: %+v", got)
	}
	if err := l.set(mode("activebackup"), number("notify_peers_count", 3)); err != nil {
		t.Fatal(err)
	}
	port := l.addPort("p0")
	priority := &Option{
		Name: nl.Some("priority"), Type: nl.Some(OptionTypeS32), PortIfindex: nl.U32(port),
		Data: binary.NativeEndian.AppendUint32(nil, ^uint32(6)),
	}
	off := &Option{Name: nl.Some("enabled"), Type: nl.Some(OptionTypeFlag), PortIfindex: nl.U32(port)}
	if err := l.set(number("activeport", port), priority, off); err != nil {
		t.Fatal(err)
	}
	list, _ = l.options()
	for _, want := range []*Option{mode("activebackup"), number("notify_peers_count", 3), number("activeport", port), priority, off} {
		got := *option(t, list, want.Name.Value(), want.PortIfindex.Value())
		got.Changed = false
		familytest.Equal(t, want.Name.Value(), &got, want)
	}
	if got := option(t, list, "user_linkup", port); got.Type.Value() != OptionTypeFlag {
		t.Errorf("option of the port: %+v", got)
	}
}

// TestIntegrationMerge has a mode with arrays of 256 options, more than a message
// takes.
func TestIntegrationMerge(t *testing.T) {
	l := setup(t)
	if err := l.set(mode("loadbalance")); err != nil {
		t.Fatal(err)
	}
	port := l.addPort("p0")
	element := number("lb_tx_hash_to_port_mapping", port)
	element.ArrayIndex = nl.U32(200)
	if err := l.set(element); err != nil {
		t.Fatal(err)
	}
	list, messages := l.options()
	if messages < 2 {
		t.Errorf("%d options in %d messages, too few to show that they are joined", len(list), messages)
	}
	elements := slices.DeleteFunc(list, func(i OptionItem) bool { return i.Option.Name.Value() != "lb_tx_hash_to_port_mapping" })
	for i, e := range elements {
		want := uint32(0)
		if i == 200 {
			want = port
		}
		if e.Option.ArrayIndex.Value() != uint32(i) || binary.NativeEndian.Uint32(e.Option.Data) != want {
			t.Errorf("element %d: %+v", i, e.Option)
		}
	}
	if len(elements) != 256 {
		t.Errorf("%d elements, want 256", len(elements))
	}
}

func TestIntegrationPorts(t *testing.T) {
	l := setup(t)
	ctx, req := familytest.Context(t), &PortListGetDumpRequest{TeamIfindex: nl.U32(l.team)}
	want := []uint32{l.addPort("p0"), l.addPort("p1")}
	list, err := l.PortListGetAll(ctx, req)
	if err != nil {
		t.Fatal(err)
	}
	if len(list) != 1 || list[0].TeamIfindex.Value() != l.team {
		t.Fatalf("ports %+v", list)
	}
	var got []uint32
	for _, i := range list[0].Ports {
		got = append(got, i.Port.Ifindex.Value())
		if i.Port.Removed || !i.Port.Duplex.Present() || len(i.Port.Unknown) > 0 {
			t.Errorf("port %+v", i.Port)
		}
	}
	slices.Sort(got)
	if !slices.Equal(got, want) {
		t.Errorf("ports %d, want %d", got, want)
	}
}

func TestIntegrationEvents(t *testing.T) {
	l := setup(t)
	sub, err := l.Subscribe(GroupChangeEvent)
	if err != nil {
		t.Fatal(err)
	}
	defer sub.Close()
	if err := l.set(mode("roundrobin")); err != nil {
		t.Fatal(err)
	}
	familytest.Event(t, sub, func(e *OptionsNtf) bool {
		return slices.ContainsFunc(e.Options, func(i OptionItem) bool {
			return i.Option.Changed && string(i.Option.Data) == "roundrobin\x00"
		})
	})
	port := l.addPort("p0")
	about := func(e *PortListNtf) *Port {
		if e.TeamIfindex.Value() == l.team && len(e.Ports) == 1 && e.Ports[0].Port.Ifindex.Value() == port {
			return e.Ports[0].Port
		}
		return new(Port)
	}
	familytest.Event(t, sub, func(e *PortListNtf) bool { return about(e).Changed && !about(e).Removed })
	if _, err := l.links.DelLink(familytest.Context(t), &rtlink.DelLinkRequest{Ifname: nl.Some("p0")}); err != nil {
		t.Fatal(err)
	}
	familytest.Event(t, sub, func(e *OptionsNtf) bool {
		return slices.ContainsFunc(e.Options, func(i OptionItem) bool {
			return i.Option.Removed && i.Option.PortIfindex.Value() == port
		})
	})
	familytest.Event(t, sub, func(e *PortListNtf) bool { return about(e).Removed })
}

func TestIntegrationErrors(t *testing.T) {
	l := setup(t)
	ctx := familytest.Context(t)
	err := l.OptionsSet(ctx, &OptionsSetRequest{TeamIfindex: nl.U32(l.team), Options: []OptionItem{
		{Option: number("notify_peers_count", 3)}, {Option: number("mcast_rejoin_count", 3)},
	}})
	list, _ := l.options()
	first, second := option(t, list, "notify_peers_count", 0), option(t, list, "mcast_rejoin_count", 0)
	if !errors.Is(err, unix.ESRCH) || first.Data[0]+first.Data[3] != 3 || !bytes.Equal(second.Data, make([]byte, 4)) {
		t.Errorf("set options while nobody listens: %v; now %v and %v", err, first, second)
	}
	if _, err := l.OptionsGetAll(ctx, &OptionsGetDumpRequest{TeamIfindex: nl.U32(1)}); !errors.Is(err, unix.EINVAL) {
		t.Errorf("options of lo: %v", err)
	}
	if err := l.set(number("no_such_option", 1)); !errors.Is(err, unix.ENOENT) {
		t.Errorf("an option that is not there: %v", err)
	}
	if err := l.set(mode("no_such_mode")); !errors.Is(err, unix.EINVAL) {
		t.Errorf("a mode that is not there: %v", err)
	}
	long := number("no_such_option", 1)
	long.Name = nl.Some("a name of more than thirty-two bytes")
	if err := l.set(long); err == nil {
		t.Error("a name that is too long is sent")
	}
}
