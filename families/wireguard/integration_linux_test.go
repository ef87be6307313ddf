package wireguard

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/nlgen/nlgen/families/rtlink"
	"github.com/nlgen/nlgen/internal/familytest"
	"github.com/nlgen/nlgen/internal/netns"
	nl "github.com/nlgen/nlgen/runtime"
)

// setup makes a link wg0.
func setup(t *testing.T) (*netns.NS, *Client) {
	t.Helper()
	ns := netns.New(t)
	links, err := rtlink.Dial(nl.WithNetNS(ns.Fd()))
	if err != nil {
		t.Fatal(err)
	}
	defer links.Close()
	_, err = links.NewLink(familytest.Context(t), &rtlink.NewLinkRequest{
		Ifname:   nl.Some("wg0"),
		Linkinfo: &rtlink.Linkinfo{Kind: nl.Some("wireguard")},
	}, nl.Create, nl.Excl)
	familytest.NeedModule(t, "wireguard", err)
	c, err := Dial(nl.WithNetNS(ns.Fd()))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return ns, c
}

func set(t *testing.T, c *Client, req *SetDeviceRequest) {
	t.Helper()
	req.Ifname = nl.Some("wg0")
	if err := c.SetDevice(familytest.Context(t), req); err != nil {
		t.Fatal(err)
	}
}

// get returns wg0, and the number of messages that it took.
func get(t *testing.T, c *Client) (*GetDeviceReply, int) {
	t.Helper()
	ctx, req := familytest.Context(t), &GetDeviceDumpRequest{Ifname: nl.Some("wg0")}
	raw, err := nl.All[nl.Raw](ctx, c.conn, &opGetDevice, req)
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range raw {
		familytest.RoundTrip[GetDeviceReply](t, m.Payload)
	}
	list, err := c.GetDeviceAll(ctx, req)
	if err != nil {
		t.Fatal(err)
	}
	if len(list) != 1 {
		t.Fatalf("%d devices, want 1", len(list))
	}
	var streamed []*GetDeviceReply
	for d, err := range c.GetDeviceDump(ctx, req) {
		if err != nil {
			t.Fatal(err)
		}
		streamed = append(streamed, d)
	}
	familytest.Equal(t, "devices one by one", streamed, list)
	return list[0], len(raw)
}

// dump returns a device as "wg show wg0 dump" shows it, with the lines of the peers
// in the order of their keys.
func (m *GetDeviceReply) dump() []string {
	b64 := func(k []byte) string {
		if k == nil || bytes.Equal(k, key(0)) {
			return "(none)"
		}
		return base64.StdEncoding.EncodeToString(k)
	}
	fwmark := "off"
	if v := m.Fwmark.Value(); v != 0 {
		fwmark = fmt.Sprintf("0x%x", v)
	}
	device := fmt.Sprintf("%s\t%s\t%d\t%s", b64(m.PrivateKey), b64(m.PublicKey), m.ListenPort.Value(), fwmark)
	var peers []string
	for _, p := range m.Peers {
		endpoint, networks, keepalive := "(none)", "(none)", "off"
		if v, ok := p.Endpoint.Get(); ok {
			endpoint = v.String()
		}
		if len(p.AllowedIPs) > 0 {
			var list []string
			for _, a := range p.AllowedIPs {
				list = append(list, netip.PrefixFrom(a.IPAddr.Value(), int(a.CIDRMask.Value())).String())
			}
			networks = sortedList(strings.Join(list, ","))
		}
		if v := p.PersistentKeepaliveInterval.Value(); v != 0 {
			keepalive = fmt.Sprint(v.Seconds())
		}
		peers = append(peers, fmt.Sprintf("%s\t%s\t%s\t%s\t%d\t%d\t%d\t%s", b64(p.PublicKey), b64(p.PresharedKey), endpoint, networks,
			p.LastHandshakeTime.Value().Sec, p.RxBytes.Value(), p.TxBytes.Value(), keepalive))
	}
	slices.Sort(peers)
	return append([]string{device}, peers...)
}

// wgDump returns what "wg show wg0 dump" shows, in the order of dump.
func wgDump(ns *netns.NS) []string {
	lines := strings.Split(strings.TrimSpace(ns.Run("wg", "show", "wg0", "dump")), "\n")
	for i, line := range lines[1:] {
		fields := strings.Split(line, "\t")
		fields[3] = sortedList(fields[3])
		lines[i+1] = strings.Join(fields, "\t")
	}
	slices.Sort(lines[1:])
	return lines
}

func sortedList(s string) string {
	list := strings.Split(s, ",")
	slices.Sort(list)
	return strings.Join(list, ",")
}

// compare checks wg0 against wg.
func compare(t *testing.T, ns *netns.NS, c *Client) (*GetDeviceReply, int) {
	t.Helper()
	device, messages := get(t, c)
	familytest.Equal(t, "device", device.dump(), wgDump(ns))
	return device, messages
}

func peerKey(i int) []byte {
	k := key(0x40)
	k[0], k[1] = byte(i), byte(i>>8)
	return k
}

func TestIntegrationDevice(t *testing.T) {
	ns, c := setup(t)
	device, _ := compare(t, ns, c)
	if device.PrivateKey != nil || device.PublicKey != nil || device.Peers != nil {
		t.Errorf("new device %+v", device)
	}
	set(t, c, &SetDeviceRequest{
		PrivateKey: key(0x48),
		ListenPort: nl.U16(51820),
		Fwmark:     nl.U32(0x1234),
		Peers: []Peer{{
			PublicKey:                   peerKey(1),
			PresharedKey:                key(0xa2),
			Endpoint:                    nl.Some(netip.MustParseAddrPort("192.0.2.1:51820")),
			PersistentKeepaliveInterval: nl.Some(25 * time.Second),
			AllowedIPs:                  []AllowedIP{network("10.0.0.0/24"), network("2001:db8::/32")},
		}, {
			PublicKey: peerKey(2),
			Endpoint:  nl.Some(netip.MustParseAddrPort("[2001:db8::1]:51821")),
		}, {
			PublicKey: peerKey(3),
		}},
	})
	if device, _ = compare(t, ns, c); len(device.Peers) != 3 || device.Ifname.Value() != "wg0" || len(device.Unknown) > 0 {
		t.Errorf("device %+v", device)
	}
	byIndex, err := c.GetDeviceAll(familytest.Context(t), &GetDeviceDumpRequest{Ifindex: device.Ifindex})
	if err != nil {
		t.Fatal(err)
	}
	familytest.Equal(t, "device by its index", byIndex, []*GetDeviceReply{device})
}

func TestIntegrationFlags(t *testing.T) {
	ns, c := setup(t)
	set(t, c, &SetDeviceRequest{Peers: []Peer{
		{PublicKey: peerKey(1), AllowedIPs: []AllowedIP{network("10.1.0.0/16"), network("10.2.0.0/16")}},
		{PublicKey: peerKey(2), AllowedIPs: []AllowedIP{network("10.3.0.0/16")}},
	}})
	set(t, c, &SetDeviceRequest{Peers: []Peer{
		{PublicKey: peerKey(1), Flags: nl.Some(PeerFlagReplaceAllowedIPs), AllowedIPs: []AllowedIP{network("10.9.0.0/16")}},
		{PublicKey: peerKey(2), Flags: nl.Some(PeerFlagRemoveMe)},
		{PublicKey: peerKey(3), Flags: nl.Some(PeerFlagUpdateOnly)},
	}})
	device, _ := compare(t, ns, c)
	if len(device.Peers) != 1 || !bytes.Equal(device.Peers[0].PublicKey, peerKey(1)) {
		t.Fatalf("peers %+v", device.Peers)
	}
	familytest.Equal(t, "networks", device.Peers[0].AllowedIPs, []AllowedIP{network("10.9.0.0/16")})

	set(t, c, &SetDeviceRequest{Flags: nl.Some(DeviceFlagReplacePeers), Peers: []Peer{{PublicKey: peerKey(4)}}})
	if device, _ = compare(t, ns, c); len(device.Peers) != 1 || !bytes.Equal(device.Peers[0].PublicKey, peerKey(4)) {
		t.Errorf("peers %+v", device.Peers)
	}
}

// TestIntegrationMerge has many peers, some with more networks than one message
// takes, and peers without any at the ends of messages.
func TestIntegrationMerge(t *testing.T) {
	ns, c := setup(t)
	const peers, batch, large = 300, 100, 800
	for start := 0; start < peers; start += batch {
		req := &SetDeviceRequest{}
		for i := start; i < start+batch; i++ {
			p := Peer{PublicKey: peerKey(i)}
			for j := range i % 4 {
				p.AllowedIPs = append(p.AllowedIPs, network(fmt.Sprintf("10.%d.%d.%d/32", i>>8, i&0xff, j)))
			}
			req.Peers = append(req.Peers, p)
		}
		set(t, c, req)
	}
	for _, i := range []int{0, peers / 2, peers - 1} {
		p := Peer{PublicKey: peerKey(i)}
		for j := range large {
			p.AllowedIPs = append(p.AllowedIPs, network(fmt.Sprintf("2001:db8:%x:%x::/64", i, j)))
		}
		set(t, c, &SetDeviceRequest{Peers: []Peer{p}})
	}
	device, messages := compare(t, ns, c)
	if len(device.Peers) != peers {
		t.Errorf("%d peers, want %d", len(device.Peers), peers)
	}
	if messages < 4 {
		t.Errorf("the device came in %d messages, too few to show that they are joined", messages)
	}
	for _, p := range device.Peers {
		if len(p.Unknown) > 0 {
			t.Fatalf("peer %+v", p)
		}
	}
}

func TestIntegrationErrors(t *testing.T) {
	_, c := setup(t)
	ctx := familytest.Context(t)
	if _, err := c.GetDeviceAll(ctx, &GetDeviceDumpRequest{Ifname: nl.Some("missing")}); !errors.Is(err, unix.ENODEV) {
		t.Errorf("get a device that is not there: %v", err)
	}
	if err := c.SetDevice(ctx, &SetDeviceRequest{Ifname: nl.Some("lo")}); !errors.Is(err, unix.EOPNOTSUPP) {
		t.Errorf("set a device of another kind: %v", err)
	}
	if err := c.SetDevice(ctx, &SetDeviceRequest{}); !errors.Is(err, unix.EBADR) {
		t.Errorf("set no device: %v", err)
	}
	wide := network("10.0.0.0/8")
	wide.CIDRMask = nl.U8(33)
	for _, tt := range []struct {
		req  SetDeviceRequest
		want error
	}{
		{SetDeviceRequest{Flags: nl.Some(DeviceFlag(1 << 7))}, unix.EOPNOTSUPP},
		{SetDeviceRequest{Peers: []Peer{{PublicKey: peerKey(1), ProtocolVersion: nl.U32(9)}}}, unix.EPFNOSUPPORT},
		{SetDeviceRequest{Peers: []Peer{{PublicKey: peerKey(1), AllowedIPs: []AllowedIP{wide}}}}, unix.EINVAL},
		{SetDeviceRequest{Peers: []Peer{{}}}, unix.EINVAL},
	} {
		tt.req.Ifname = nl.Some("wg0")
		if err := c.SetDevice(ctx, &tt.req); !errors.Is(err, tt.want) {
			t.Errorf("%+v: %v, want %v", tt.req, err, tt.want)
		}
	}
}
