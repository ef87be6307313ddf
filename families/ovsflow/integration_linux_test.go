package ovsflow

import (
	"errors"
	"net"
	"net/netip"
	"os"
	"slices"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/nlgen/nlgen/families/ovsdatapath"
	"github.com/nlgen/nlgen/families/ovsvport"
	"github.com/nlgen/nlgen/internal/familytest"
	"github.com/nlgen/nlgen/internal/netns"
	nl "github.com/nlgen/nlgen/runtime"
)

// The ports of the datapath: one end of a pair of links, the other of which is
// v1, and a device of the datapath's own.
const (
	portV0 = 1
	portI0 = 2
)

// setup makes the datapath.
func setup(t *testing.T) (*netns.NS, *Client, Header) {
	t.Helper()
	ctx, ns := familytest.Context(t), netns.New(t)
	dps, err := ovsdatapath.Dial(nl.WithNetNS(ns.Fd()))
	familytest.NeedModule(t, "openvswitch", err)
	defer dps.Close()
	dp, err := dps.New(ctx, &ovsdatapath.NewRequest{Name: nl.Some("dp0"), UpcallPID: nl.U32(0)}, nl.Echo)
	familytest.NeedModule(t, "openvswitch", err)

	ns.Run("ip", "link", "add", "v0", "type", "veth", "peer", "name", "v1")
	ports, err := ovsvport.Dial(nl.WithNetNS(ns.Fd()))
	if err != nil {
		t.Fatal(err)
	}
	defer ports.Close()
	for i, req := range []*ovsvport.NewRequest{
		{Name: nl.Some("v0"), Type: nl.Some(ovsvport.TypeNetdev)},
		{Name: nl.Some("i0"), Type: nl.Some(ovsvport.TypeInternal)},
	} {
		req.Header.DPIfindex, req.UpcallPIDs = dp.Header.DPIfindex, []uint32{0}
		port, err := ports.New(ctx, req, nl.Echo)
		if err != nil {
			t.Fatal(err)
		}
		if port.PortNo.Value() != uint32(i+1) {
			t.Fatalf("port %v is number %v", port.Name, port.PortNo)
		}
	}
	for _, name := range []string{"v0", "v1", "i0"} {
		ns.Run("ip", "link", "set", name, "up")
	}
	c, err := Dial(nl.WithNetNS(ns.Fd()))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return ns, c, Header{DPIfindex: dp.Header.DPIfindex}
}

const (
	protoUDP = 17
	srcPort  = 1000
	dstPort  = 2000
)

var (
	srcMAC = net.HardwareAddr{2, 0, 0x5e, 0, 0x53, 1}
	dstMAC = net.HardwareAddr{2, 0, 0x5e, 0, 0x53, 2}
	srcIP  = netip.MustParseAddr("192.0.2.1")
	dstIP  = netip.MustParseAddr("198.51.100.2")
	zero   = netip.IPv4Unspecified()
	ones   = netip.MustParseAddr("255.255.255.255")
)

// key is that of UDP packets from v0.
func key() *Key {
	return &Key{
		InPort:    nl.U32(portV0),
		Ethernet:  nl.Some(Ethernet{Src: srcMAC, Dst: dstMAC}),
		Ethertype: nl.U16(unix.ETH_P_IP),
		IPv4:      nl.Some(IPv4{Src: srcIP, Dst: dstIP, Proto: protoUDP, TTL: 64}),
		UDP:       nl.Some(UDP{Src: srcPort, Dst: dstPort}),
	}
}

// mask says that the port, the destination and the UDP port count.
func mask() *Key {
	return &Key{
		InPort:    nl.U32(^uint32(0)),
		Ethernet:  nl.Some(Ethernet{}),
		Ethertype: nl.U16(0xffff),
		IPv4:      nl.Some(IPv4{Src: zero, Dst: ones, Proto: 0xff}),
		UDP:       nl.Some(UDP{Dst: 0xffff}),
	}
}

func output(port uint32) Action { return Action{Output: nl.U32(port)} }

func TestIntegrationFlow(t *testing.T) {
	_, c, h := setup(t)
	ctx := familytest.Context(t)
	// One kind of action stands several times, in an order that is its meaning.
	actions := []Action{
		output(portI0),
		{PushVLAN: nl.Some(PushVLAN{TPID: unix.ETH_P_8021Q, TCI: 0x1000 | 7})},
		output(portI0),
		{PopVLAN: true},
		{Set: &Key{IPv4: nl.Some(IPv4{Src: srcIP, Dst: dstIP, Proto: protoUDP, TTL: 9})}},
		{Trunc: nl.U32(100)},
		output(portI0),
		{Clone: []Action{{Set: &Key{Priority: nl.U32(3)}}, output(portI0)}},
		{Sample: &Sample{Probability: nl.U32(1 << 30), Actions: []Action{{Userspace: &Userspace{PID: nl.U32(77), Userdata: []byte{1, 2, 3}}}}}},
		output(portV0),
	}
	reply, err := c.New(ctx, &NewRequest{Header: h, Key: key(), Mask: mask(), Actions: actions}, nl.Create, nl.Echo)
	if err != nil {
		t.Fatal(err)
	}
	got, err := c.Get(ctx, &GetRequest{Header: h, Key: key()})
	if err != nil {
		t.Fatal(err)
	}
	familytest.Equal(t, "what new replied", reply, got)
	familytest.Equal(t, "actions", got.Actions, actions)
	if got.Key.InPort.Value() != portV0 || got.Key.IPv4.Value().Dst != dstIP || got.Key.UDP.Value().Dst != dstPort {
		t.Errorf("key %+v", got.Key)
	}
	if m := got.Mask; m.InPort.Value() != ^uint32(0) || m.IPv4.Value().Dst != ones || m.IPv4.Value().Src != zero || m.UDP.Value() != mask().UDP.Value() {
		t.Errorf("mask %+v", m)
	}
	if len(got.Unknown) > 0 || len(got.Key.Unknown) > 0 || len(got.Mask.Unknown) > 0 {
		t.Errorf("unknown in %+v", got)
	}

	if _, err := c.Set(ctx, &SetRequest{Header: h, Key: key(), Mask: mask(), Actions: []Action{}}); err != nil {
		t.Fatal(err)
	}
	if got, err = c.Get(ctx, &GetRequest{Header: h, Key: key()}); err != nil || len(got.Actions) != 0 || got.Actions == nil {
		t.Errorf("without actions: %+v, %v", got, err)
	}
	if _, err := c.Del(ctx, &DelRequest{Header: h, Key: key()}); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Get(ctx, &GetRequest{Header: h, Key: key()}); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("get what is gone: %v", err)
	}
}

func TestIntegrationDump(t *testing.T) {
	_, c, h := setup(t)
	ctx := familytest.Context(t)
	const flows = 150
	for i := range flows {
		k := key()
		k.UDP = nl.Some(UDP{Src: srcPort, Dst: uint16(i)})
		_, err := c.New(ctx, &NewRequest{Header: h, Key: k, Actions: []Action{output(portI0)}, UFID: []byte{9, byte(i)}})
		if err != nil {
			t.Fatal(err)
		}
	}
	raw, err := nl.All[nl.Raw](ctx, c.conn, &opGet, &GetDumpRequest{Header: h})
	if err != nil {
		t.Fatal(err)
	}
	seen := make(map[string]uint16)
	for _, m := range raw {
		f := familytest.RoundTrip[GetReply](t, m.Payload)
		seen[string(f.UFID)] = f.Key.UDP.Value().Dst
	}
	if len(raw) != flows || len(seen) != flows {
		t.Errorf("%d flows, %d identifiers, want %d", len(raw), len(seen), flows)
	}
	brief, err := c.GetAll(ctx, &GetDumpRequest{Header: h, UFIDFlags: nl.Some(UFIDFlagOmitKey | UFIDFlagOmitMask | UFIDFlagOmitActions)})
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range brief {
		if f.Key != nil || f.Mask != nil || f.Actions != nil || f.UFID == nil {
			t.Fatalf("brief flow %+v", f)
		}
	}
	one, err := c.Get(ctx, &GetRequest{Header: h, UFID: []byte{9, flows}})
	if !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a flow too many: %+v, %v", one, err)
	}
	if one, err = c.Get(ctx, &GetRequest{Header: h, UFID: []byte{9, flows - 1}}); err != nil || one.Key.UDP.Value().Dst != flows-1 {
		t.Errorf("the last flow: %+v, %v", one, err)
	}
	if _, err := c.Del(ctx, &DelRequest{Header: h}); err != nil {
		t.Fatal(err)
	}
	if left, err := c.GetAll(ctx, &GetDumpRequest{Header: h}); err != nil || len(left) > 0 {
		t.Errorf("%d flows after all were removed, %v", len(left), err)
	}
}

func TestIntegrationEvents(t *testing.T) {
	_, c, h := setup(t)
	ctx := familytest.Context(t)
	sub, err := c.Subscribe(GroupOvsFlow)
	if err != nil {
		t.Fatal(err)
	}
	defer sub.Close()
	mine := func(f *GetReply) bool { return f.Header == h && f.Key.UDP.Value().Dst == dstPort }
	if _, err := c.New(ctx, &NewRequest{Header: h, Key: key(), Actions: []Action{output(portI0)}}); err != nil {
		t.Fatal(err)
	}
	added := familytest.Event(t, sub, func(e *NewNtf) bool { return mine(&e.GetReply) })
	familytest.Equal(t, "actions", added.Actions, []Action{output(portI0)})
	if _, err := c.Set(ctx, &SetRequest{Header: h, Key: key(), Actions: []Action{output(portV0), output(portI0)}}); err != nil {
		t.Fatal(err)
	}
	changed := familytest.Event(t, sub, func(e *SetNtf) bool { return mine(&e.GetReply) })
	familytest.Equal(t, "actions", changed.Actions, []Action{output(portV0), output(portI0)})
	if _, err := c.Del(ctx, &DelRequest{Header: h, Key: key()}); err != nil {
		t.Fatal(err)
	}
	familytest.Event(t, sub, func(e *DelNtf) bool { return mine(&e.GetReply) })
}

func TestIntegrationErrors(t *testing.T) {
	_, c, h := setup(t)
	ctx := familytest.Context(t)
	req := &NewRequest{Header: h, Key: key(), Actions: []Action{output(portI0)}}
	if _, err := c.New(ctx, req, nl.Create); err != nil {
		t.Fatal(err)
	}
	if _, err := c.New(ctx, req, nl.Create); !errors.Is(err, os.ErrExist) {
		t.Errorf("a key that is taken: %v", err)
	}
	lonely := key()
	lonely.IPv4 = nl.Opt[IPv4]{}
	if _, err := c.New(ctx, &NewRequest{Header: h, Key: lonely, Actions: []Action{}}); !errors.Is(err, unix.EINVAL) {
		t.Errorf("UDP without IP: %v", err)
	}
	if _, err := c.New(ctx, &NewRequest{Header: Header{DPIfindex: 9999}, Key: key(), Actions: []Action{}}); !errors.Is(err, unix.ENODEV) {
		t.Errorf("no such datapath: %v", err)
	}
	if _, err := c.GetAll(ctx, &GetDumpRequest{Header: Header{DPIfindex: 9999}}); !errors.Is(err, unix.ENODEV) {
		t.Errorf("flows of no datapath: %v", err)
	}
	// An element of a list with two actions has no order.
	if _, err := c.New(ctx, &NewRequest{Header: h, Key: key(), Actions: []Action{{Output: nl.U32(1), PopVLAN: true}}}); err == nil {
		t.Error("two actions in one are sent")
	}
	// The client itself would not send two bytes.
	short := nl.RawAttrs{6, 0, attrFlowUFIDFlags, 0, 1, 0, 0, 0}
	_, err := c.Get(ctx, &GetRequest{Header: h, Key: key(), Unknown: short})
	var e *nl.Error
	if !errors.As(err, &e) || e.Attr != "ufid-flags" || e.Message == "" {
		t.Errorf("flags of two bytes: %v", err)
	}
}

// TestIntegrationTraffic sends a packet that the flow takes.
func TestIntegrationTraffic(t *testing.T) {
	ns, c, h := setup(t)
	ctx := familytest.Context(t)
	if _, err := c.New(ctx, &NewRequest{Header: h, Key: key(), Mask: mask(), Actions: []Action{output(portI0)}}); err != nil {
		t.Fatal(err)
	}
	ns.Do(func() { send(t, "v1", packet()) })
	for ctx.Err() == nil {
		got, err := c.Get(ctx, &GetRequest{Header: h, Key: key()})
		if err != nil {
			t.Fatal(err)
		}
		if s, ok := got.Stats.Get(); ok {
			if s.Packets != 1 || s.Bytes != uint64(len(packet())) || !got.Used.Present() {
				t.Errorf("flow %+v", got)
			}
			break
		}
		time.Sleep(10 * time.Millisecond)
	}
	if _, err := c.Set(ctx, &SetRequest{Header: h, Key: key(), Clear: true}); err != nil {
		t.Fatal(err)
	}
	if got, err := c.Get(ctx, &GetRequest{Header: h, Key: key()}); err != nil || got.Stats.Present() {
		t.Errorf("after clear %+v, %v", got, err)
	}
}

// packet is a UDP packet without payload that the key describes.
func packet() []byte {
	b := slices.Concat(dstMAC, srcMAC, []byte{8, 0})
	b = append(b, 0x45, 0, 0, 28, 0, 0, 0, 0, 64, protoUDP, 0, 0)
	b = append(append(b, srcIP.AsSlice()...), dstIP.AsSlice()...)
	return append(b, srcPort>>8, srcPort&0xff, dstPort>>8, dstPort&0xff, 0, 8, 0, 0)
}

// send sends a frame over a link of the thread's namespace.
func send(t *testing.T, link string, frame []byte) {
	dev, err := net.InterfaceByName(link)
	if err != nil {
		t.Error(err)
		return
	}
	fd, err := unix.Socket(unix.AF_PACKET, unix.SOCK_RAW|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Error(err)
		return
	}
	defer unix.Close(fd)
	if err := unix.Sendto(fd, frame, 0, &unix.SockaddrLinklayer{Ifindex: dev.Index}); err != nil {
		t.Error(err)
	}
}
