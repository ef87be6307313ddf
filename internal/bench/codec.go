package main

import (
	"encoding/binary"
	"fmt"
	"net/netip"
	"time"

	"github.com/jsimonetti/rtnetlink/v2"
	"github.com/mdlayher/netlink"
	vishvananda "github.com/vishvananda/netlink"
	peernl "github.com/vishvananda/netlink/nl"
	"golang.org/x/sys/unix"

	"github.com/nlgen/nlgen/families/rtlink"
	"github.com/nlgen/nlgen/families/wireguard"
	nl "github.com/nlgen/nlgen/runtime"
)

// encoded counts a message that was encoded. All contenders write the attributes
// in the same order, so a check compares the bytes.
func (t *tally) encoded(b []byte, err error) error {
	t.items++
	if t.check {
		t.add(textField(b))
	}
	return err
}

// A vlan is the input of the hand-written encoders. It is a variable, since the
// compiler would encode constants itself.
type vlan struct {
	name, kind string
	mtu, link  uint32
	id, proto  uint16
}

var someVLAN = &vlan{"vlan42", "vlan", 1400, 7, 42, unix.ETH_P_8021Q}

var w6a = &workload{
	name: "W6a", title: "Encoding a new VLAN link", unit: "message",
	sizes: []int{500_000}, quick: 200_000,
	limit: &contender{name: "limit", note: "hand-written Go, append", start: repeat(func() (func(*tally) error, error) {
		var b []byte
		return func(t *tally) error {
			b = someVLAN.append(b[:0])
			return t.encoded(b, nil)
		}, nil
	})},
	contenders: []*contender{
		{name: "ours", note: "one Encoder", start: repeat(func() (func(*tally) error, error) {
			req := ourVLAN()
			var e nl.Encoder
			return func(t *tally) error { return t.encoded(e.Encode(req)) }, nil
		})},
		{name: "ours marshal", note: "nl.Marshal", start: repeat(func() (func(*tally) error, error) {
			req := ourVLAN()
			return func(t *tally) error { return t.encoded(nl.Marshal(req)) }, nil
		})},
		{name: "mdlayher", note: "AttributeEncoder", start: repeat(func() (func(*tally) error, error) {
			return func(t *tally) error { return t.encoded(mdlayherVLAN()) }, nil
		})},
		{name: "vishvananda", note: "nl.NewRtAttr", start: repeat(func() (func(*tally) error, error) {
			return func(t *tally) error { return t.encoded(vishvanandaVLAN(), nil) }, nil
		})},
	},
}

func nest(b []byte, typ uint16) ([]byte, int) {
	start := len(b)
	b = native.AppendUint16(b, 0)
	return native.AppendUint16(b, typ|unix.NLA_F_NESTED), start
}

func endNest(b []byte, start int) {
	native.PutUint16(b[start:], uint16(len(b)-start))
}

func putU32(b []byte, typ uint16, v uint32) []byte {
	b = native.AppendUint16(b, 8)
	b = native.AppendUint16(b, typ)
	return native.AppendUint32(b, v)
}

func putU16(b []byte, typ uint16, v uint16) []byte {
	b = native.AppendUint16(b, 6)
	b = native.AppendUint16(b, typ)
	b = native.AppendUint16(b, v)
	return append(b, 0, 0)
}

func putU8(b []byte, typ uint16, v uint8) []byte {
	b = native.AppendUint16(b, 5)
	b = native.AppendUint16(b, typ)
	return append(b, v, 0, 0, 0)
}

func putString(b []byte, typ uint16, s string) []byte {
	b = native.AppendUint16(b, uint16(unix.NLA_HDRLEN+len(s)+1))
	b = native.AppendUint16(b, typ)
	b = append(b, s...)
	b = append(b, 0)
	for len(b)&3 != 0 {
		b = append(b, 0)
	}
	return b
}

func (v *vlan) append(b []byte) []byte {
	var header [unix.SizeofIfInfomsg]byte
	b = append(b, header[:]...)
	b = putString(b, unix.IFLA_IFNAME, v.name)
	b = putU32(b, unix.IFLA_MTU, v.mtu)
	b = putU32(b, unix.IFLA_LINK, v.link)
	b, info := nest(b, unix.IFLA_LINKINFO)
	b = putString(b, unix.IFLA_INFO_KIND, v.kind)
	b, data := nest(b, unix.IFLA_INFO_DATA)
	b = putU16(b, unix.IFLA_VLAN_ID, v.id)
	b = native.AppendUint16(b, 6)
	b = native.AppendUint16(b, unix.IFLA_VLAN_PROTOCOL)
	b = binary.BigEndian.AppendUint16(b, v.proto)
	b = append(b, 0, 0)
	endNest(b, data)
	endNest(b, info)
	return b
}

func ourVLAN() *rtlink.NewLinkRequest {
	return &rtlink.NewLinkRequest{
		Ifname: nl.Some(someVLAN.name),
		MTU:    nl.U32(someVLAN.mtu),
		Link:   nl.U32(someVLAN.link),
		Linkinfo: &rtlink.Linkinfo{Data: &rtlink.LinkinfoVLANAttrs{
			ID: nl.U16(someVLAN.id), Protocol: nl.Some(rtlink.VLANProtocol(someVLAN.proto)),
		}},
	}
}

func mdlayherVLAN() ([]byte, error) {
	v := someVLAN
	ae := netlink.NewAttributeEncoder()
	ae.String(unix.IFLA_IFNAME, v.name)
	ae.Uint32(unix.IFLA_MTU, v.mtu)
	ae.Uint32(unix.IFLA_LINK, v.link)
	ae.Nested(unix.IFLA_LINKINFO, func(ae *netlink.AttributeEncoder) error {
		ae.String(unix.IFLA_INFO_KIND, v.kind)
		ae.Nested(unix.IFLA_INFO_DATA, func(ae *netlink.AttributeEncoder) error {
			ae.Uint16(unix.IFLA_VLAN_ID, v.id)
			ae.Bytes(unix.IFLA_VLAN_PROTOCOL, binary.BigEndian.AppendUint16(nil, v.proto))
			return nil
		})
		return nil
	})
	b, err := ae.Encode()
	return append(make([]byte, unix.SizeofIfInfomsg), b...), err
}

func vishvanandaVLAN() []byte {
	v := someVLAN
	req := &peernl.NetlinkRequest{}
	req.AddData(peernl.NewIfInfomsg(unix.AF_UNSPEC))
	req.AddData(peernl.NewRtAttr(unix.IFLA_IFNAME, peernl.ZeroTerminated(v.name)))
	req.AddData(peernl.NewRtAttr(unix.IFLA_MTU, peernl.Uint32Attr(v.mtu)))
	req.AddData(peernl.NewRtAttr(unix.IFLA_LINK, peernl.Uint32Attr(v.link)))
	info := peernl.NewRtAttr(unix.IFLA_LINKINFO|unix.NLA_F_NESTED, nil)
	info.AddRtAttr(unix.IFLA_INFO_KIND, peernl.ZeroTerminated(v.kind))
	data := info.AddRtAttr(unix.IFLA_INFO_DATA|unix.NLA_F_NESTED, nil)
	data.AddRtAttr(unix.IFLA_VLAN_ID, peernl.Uint16Attr(v.id))
	data.AddRtAttr(unix.IFLA_VLAN_PROTOCOL, peernl.BEUint16Attr(v.proto))
	req.AddData(info)
	return req.Serialize()[unix.NLMSG_HDRLEN:]
}

// The tunnel has peers with some allowed addresses each.
const (
	peers      = 100
	allowed    = 3
	keepalive  = 25
	tunnel     = "wg0"
	listenPort = 51820
)

func peerKey(i int) []byte {
	k := make([]byte, unix.WG_KEY_LEN)
	binary.BigEndian.PutUint32(k, uint32(i+1))
	return k
}

func endpoint(i int) netip.AddrPort {
	return netip.AddrPortFrom(netip.AddrFrom4([4]byte{192, 0, 2, byte(i)}), listenPort)
}

func allowedIP(i, j int) netip.Addr { return netip.AddrFrom4([4]byte{10, byte(i), byte(j), 0}) }

var w6b = &workload{
	name: "W6b", title: "Encoding a tunnel of 100 peers with 3 allowed addresses each", unit: "message",
	sizes: []int{10_000}, quick: 3000,
	limit: &contender{name: "limit", note: "hand-written Go, append", start: repeat(func() (func(*tally) error, error) {
		list := peerList()
		var b []byte
		return func(t *tally) error {
			b = appendTunnel(b[:0], list)
			return t.encoded(b, nil)
		}, nil
	})},
	contenders: []*contender{
		{name: "ours", note: "one Encoder", start: repeat(func() (func(*tally) error, error) {
			req := ourTunnel()
			var e nl.Encoder
			return func(t *tally) error { return t.encoded(e.Encode(req)) }, nil
		})},
		{name: "ours marshal", note: "nl.Marshal", start: repeat(func() (func(*tally) error, error) {
			req := ourTunnel()
			return func(t *tally) error { return t.encoded(nl.Marshal(req)) }, nil
		})},
		{name: "mdlayher", note: "AttributeEncoder", start: repeat(func() (func(*tally) error, error) {
			list := peerList()
			return func(t *tally) error { return t.encoded(mdlayherTunnel(list)) }, nil
		})},
		{name: "vishvananda", note: "nl.NewRtAttr", start: repeat(func() (func(*tally) error, error) {
			list := peerList()
			return func(t *tally) error { return t.encoded(vishvanandaTunnel(list), nil) }, nil
		})},
	},
}

// A peer is the input of the hand-written encoders.
type peer struct {
	key      []byte
	endpoint [unix.SizeofSockaddrInet4]byte
	allowed  [allowed][4]byte
}

func peerList() []peer {
	list := make([]peer, peers)
	for i := range list {
		p := &list[i]
		p.key = peerKey(i)
		e := endpoint(i)
		native.PutUint16(p.endpoint[:], unix.AF_INET)
		binary.BigEndian.PutUint16(p.endpoint[2:], e.Port())
		copy(p.endpoint[4:], e.Addr().AsSlice())
		for j := range p.allowed {
			p.allowed[j] = allowedIP(i, j).As4()
		}
	}
	return list
}

func putBytes(b []byte, typ uint16, p []byte) []byte {
	b = native.AppendUint16(b, uint16(unix.NLA_HDRLEN+len(p)))
	b = native.AppendUint16(b, typ)
	return append(b, p...) // all are multiples of four
}

// index is the type of the i-th element of a nest, from 1.
func index(i int) uint16 { return uint16(i + 1) }

func appendTunnel(b []byte, list []peer) []byte {
	b = putString(b, unix.WGDEVICE_A_IFNAME, tunnel)
	b = putU16(b, unix.WGDEVICE_A_LISTEN_PORT, listenPort)
	b, all := nest(b, unix.WGDEVICE_A_PEERS)
	for i := range list {
		p := &list[i]
		var one, ips, ip int
		b, one = nest(b, index(i))
		b = putBytes(b, unix.WGPEER_A_PUBLIC_KEY, p.key)
		b = putBytes(b, unix.WGPEER_A_ENDPOINT, p.endpoint[:])
		b = putU16(b, unix.WGPEER_A_PERSISTENT_KEEPALIVE_INTERVAL, keepalive)
		b, ips = nest(b, unix.WGPEER_A_ALLOWEDIPS)
		for j := range p.allowed {
			b, ip = nest(b, index(j))
			b = putU16(b, unix.WGALLOWEDIP_A_FAMILY, unix.AF_INET)
			b = putBytes(b, unix.WGALLOWEDIP_A_IPADDR, p.allowed[j][:])
			b = putU8(b, unix.WGALLOWEDIP_A_CIDR_MASK, 24)
			endNest(b, ip)
		}
		endNest(b, ips)
		endNest(b, one)
	}
	endNest(b, all)
	return b
}

func ourTunnel() *wireguard.SetDeviceRequest {
	req := &wireguard.SetDeviceRequest{Ifname: nl.Some(tunnel), ListenPort: nl.U16(listenPort)}
	for i := range peers {
		p := wireguard.Peer{
			PublicKey:                   peerKey(i),
			Endpoint:                    nl.Some(endpoint(i)),
			PersistentKeepaliveInterval: nl.Some(keepalive * time.Second),
		}
		for j := range allowed {
			p.AllowedIPs = append(p.AllowedIPs, wireguard.AllowedIP{
				Family: nl.U16(unix.AF_INET), IPAddr: nl.Some(allowedIP(i, j)), CIDRMask: nl.U8(24),
			})
		}
		req.Peers = append(req.Peers, p)
	}
	return req
}

func mdlayherTunnel(list []peer) ([]byte, error) {
	ae := netlink.NewAttributeEncoder()
	ae.String(unix.WGDEVICE_A_IFNAME, tunnel)
	ae.Uint16(unix.WGDEVICE_A_LISTEN_PORT, listenPort)
	ae.Nested(unix.WGDEVICE_A_PEERS, func(ae *netlink.AttributeEncoder) error {
		for i := range list {
			ae.Nested(index(i), func(ae *netlink.AttributeEncoder) error {
				ae.Bytes(unix.WGPEER_A_PUBLIC_KEY, list[i].key)
				ae.Bytes(unix.WGPEER_A_ENDPOINT, list[i].endpoint[:])
				ae.Uint16(unix.WGPEER_A_PERSISTENT_KEEPALIVE_INTERVAL, keepalive)
				ae.Nested(unix.WGPEER_A_ALLOWEDIPS, func(ae *netlink.AttributeEncoder) error {
					for j := range list[i].allowed {
						ae.Nested(index(j), func(ae *netlink.AttributeEncoder) error {
							ae.Uint16(unix.WGALLOWEDIP_A_FAMILY, unix.AF_INET)
							ae.Bytes(unix.WGALLOWEDIP_A_IPADDR, list[i].allowed[j][:])
							ae.Uint8(unix.WGALLOWEDIP_A_CIDR_MASK, 24)
							return nil
						})
					}
					return nil
				})
				return nil
			})
		}
		return nil
	})
	return ae.Encode()
}

func vishvanandaTunnel(list []peer) []byte {
	req := &peernl.NetlinkRequest{}
	req.AddData(peernl.NewRtAttr(unix.WGDEVICE_A_IFNAME, peernl.ZeroTerminated(tunnel)))
	req.AddData(peernl.NewRtAttr(unix.WGDEVICE_A_LISTEN_PORT, peernl.Uint16Attr(listenPort)))
	all := peernl.NewRtAttr(unix.WGDEVICE_A_PEERS|unix.NLA_F_NESTED, nil)
	for i := range list {
		one := all.AddRtAttr(int(index(i))|unix.NLA_F_NESTED, nil)
		one.AddRtAttr(unix.WGPEER_A_PUBLIC_KEY, list[i].key)
		one.AddRtAttr(unix.WGPEER_A_ENDPOINT, list[i].endpoint[:])
		one.AddRtAttr(unix.WGPEER_A_PERSISTENT_KEEPALIVE_INTERVAL, peernl.Uint16Attr(keepalive))
		ips := one.AddRtAttr(unix.WGPEER_A_ALLOWEDIPS|unix.NLA_F_NESTED, nil)
		for j := range list[i].allowed {
			ip := ips.AddRtAttr(int(index(j))|unix.NLA_F_NESTED, nil)
			ip.AddRtAttr(unix.WGALLOWEDIP_A_FAMILY, peernl.Uint16Attr(unix.AF_INET))
			ip.AddRtAttr(unix.WGALLOWEDIP_A_IPADDR, list[i].allowed[j][:])
			ip.AddRtAttr(unix.WGALLOWEDIP_A_CIDR_MASK, peernl.Uint8Attr(24))
		}
	}
	req.AddData(all)
	return req.Serialize()[unix.NLMSG_HDRLEN:]
}

var w6c = &workload{
	name: "W6c", title: "Decoding a captured link", unit: "message",
	sizes: []int{500_000}, quick: 100_000,
	// The link is down, so that its counters stay what they are.
	setup: func(int) error { return setupPairs(2) },
	limit: &contender{name: "limit", note: "hand-written Go, every attribute into one struct", start: decodeLink(func(t *tally) func(b []byte) error {
		var l fullLink
		return func(b []byte) error {
			l.decode(b)
			l.tally(t)
			return nil
		}
	})},
	contenders: []*contender{
		{name: "ours new", note: "nl.Unmarshal", start: decodeLink(func(t *tally) func(b []byte) error {
			return func(b []byte) error {
				l := new(rtlink.GetLinkReply)
				err := nl.Unmarshal(b, l)
				tallyOurLink(t, l)
				return err
			}
		})},
		{name: "ours", note: "nl.DecodeInto: one Decoder, one message", start: decodeLink(func(t *tally) func(b []byte) error {
			var d nl.Decoder
			var l rtlink.GetLinkReply
			return func(b []byte) error {
				err := nl.DecodeInto(&d, b, &l)
				tallyOurLink(t, &l)
				return err
			}
		})},
		{name: "mdlayher", note: "AttributeDecoder, 10 attributes", start: decodeLink(func(t *tally) func(b []byte) error {
			return func(b []byte) error {
				l, err := linkByHand(b)
				l.tally(t)
				return err
			}
		})},
		{name: "vishvananda", note: "LinkDeserialize", start: decodeLink(func(t *tally) func(b []byte) error {
			return func(b []byte) error {
				l, err := vishvananda.LinkDeserialize(nil, b)
				if err != nil {
					return err
				}
				tallyVishvanandaLink(t, l)
				return nil
			}
		})},
		{name: "rtnetlink", note: "LinkMessage.UnmarshalBinary", start: decodeLink(func(t *tally) func(b []byte) error {
			return func(b []byte) error {
				var l rtnetlink.LinkMessage
				if err := l.UnmarshalBinary(b); err != nil {
					return err
				}
				tallyRtnetlinkLink(t, &l)
				return nil
			}
		})},
	},
}

// decodeLink is the job of a contender that decodes the message of a veth
// device, n times.
func decodeLink(start func(t *tally) func(b []byte) error) func(int) (*job, error) {
	return goJob(func(n int) (func(*tally) error, error) {
		b, err := captureLink()
		return func(t *tally) error {
			decode := start(t)
			for range n {
				if err := decode(b); err != nil {
					return err
				}
			}
			return nil
		}, err
	})
}

func captureLink() ([]byte, error) {
	c, err := dialFloor(unix.NETLINK_ROUTE)
	if err != nil {
		return nil, err
	}
	defer unix.Close(c.fd)
	i, err := indexOf(leftName(0))
	if err != nil {
		return nil, err
	}
	b, err := c.trip(frame(unix.RTM_GETLINK, 0, ifinfomsg(i)))
	if err != nil {
		return nil, fmt.Errorf("capture: %w", err)
	}
	return b, nil
}
