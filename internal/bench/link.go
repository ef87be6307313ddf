package main

import (
	"encoding/hex"
	"slices"
	"strconv"

	"github.com/jsimonetti/rtnetlink/v2"
	"github.com/mdlayher/netlink"
	vishvananda "github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"github.com/nlgen/nlgen/families/rtlink"
)

// A link is what the hand-written contenders decode. Its strings and addresses
// lie in arrays, so that one struct serves for all messages.
type link struct {
	index                             int32
	flags, mtu, txqlen, link, master  uint32
	operstate, nameLen, kindLen, size uint8
	name, kind                        [16]byte
	address                           [6]byte
	rxPackets, txPackets              uint64
}

func (l *link) decode(b []byte) {
	*l = link{index: int32(native.Uint32(b[4:])), flags: native.Uint32(b[8:])}
	b = b[unix.SizeofIfInfomsg:]
	for {
		typ, p, rest := attr(b)
		switch typ {
		case 0:
			return
		case unix.IFLA_IFNAME:
			l.nameLen = uint8(copy(l.name[:], p[:len(p)-1]))
		case unix.IFLA_ADDRESS:
			l.size = uint8(copy(l.address[:], p))
		case unix.IFLA_MTU:
			l.mtu = native.Uint32(p)
		case unix.IFLA_TXQLEN:
			l.txqlen = native.Uint32(p)
		case unix.IFLA_LINK:
			l.link = native.Uint32(p)
		case unix.IFLA_MASTER:
			l.master = native.Uint32(p)
		case unix.IFLA_OPERSTATE:
			l.operstate = p[0]
		case unix.IFLA_STATS64:
			l.rxPackets, l.txPackets = native.Uint64(p), native.Uint64(p[8:])
		case unix.IFLA_LINKINFO:
			for {
				typ, info, rest := attr(p)
				if typ == 0 {
					break
				}
				if typ == unix.IFLA_INFO_KIND {
					l.kindLen = uint8(copy(l.kind[:], trim(info)))
				}
				p = rest
			}
		}
		b = rest
	}
}

// trim takes the NUL off a string. IFLA_INFO_KIND comes with and without.
func trim(b []byte) []byte {
	if n := len(b); n > 0 && b[n-1] == 0 {
		return b[:n-1]
	}
	return b
}

func (l *link) tally(t *tally) {
	t.items++
	if t.check {
		t.link(int64(l.index), l.flags, l.mtu, l.txqlen, l.link, l.master, l.operstate,
			textField(l.name[:l.nameLen]), textField(l.kind[:l.kindLen]), l.address[:l.size], l.rxPackets, l.txPackets)
	}
}

func (t *tally) link(index int64, flags, mtu, txqlen, link, master uint32, operstate uint8, name, kind uint64, address []byte, rx, tx uint64) {
	t.add(uint64(index), uint64(flags), uint64(mtu), uint64(txqlen), uint64(link), uint64(master),
		uint64(operstate), name, kind, mac(address), rx, tx)
}

// mac is the field of a link-layer address. Some peers take all zeros for none.
func mac(b []byte) uint64 {
	var v uint64
	for _, x := range b {
		v = v<<8 | uint64(x)
	}
	return v
}

func tallyOurLink(t *tally, l *rtlink.GetLinkReply) {
	t.items++
	if !t.check {
		return
	}
	var kind string
	if l.Linkinfo != nil {
		kind = l.Linkinfo.Kind.Value()
	}
	s := l.Stats64.Value()
	t.link(int64(l.Header.Index), uint32(l.Header.Flags), l.MTU.Value(), l.Txqlen.Value(), l.Link.Value(), l.Master.Value(),
		uint8(l.Operstate.Value()), textField(l.Ifname.Value()), textField(kind), l.Address, s.RxPackets, s.TxPackets)
}

func linkByHand(b []byte) (link, error) {
	l := link{index: int32(native.Uint32(b[4:])), flags: native.Uint32(b[8:])}
	d, err := netlink.NewAttributeDecoder(b[unix.SizeofIfInfomsg:])
	if err != nil {
		return l, err
	}
	for d.Next() {
		switch d.Type() {
		case unix.IFLA_IFNAME:
			l.nameLen = uint8(copy(l.name[:], d.String()))
		case unix.IFLA_ADDRESS:
			l.size = uint8(copy(l.address[:], d.Bytes()))
		case unix.IFLA_MTU:
			l.mtu = d.Uint32()
		case unix.IFLA_TXQLEN:
			l.txqlen = d.Uint32()
		case unix.IFLA_LINK:
			l.link = d.Uint32()
		case unix.IFLA_MASTER:
			l.master = d.Uint32()
		case unix.IFLA_OPERSTATE:
			l.operstate = d.Uint8()
		case unix.IFLA_STATS64:
			d.Do(func(b []byte) error {
				l.rxPackets, l.txPackets = native.Uint64(b), native.Uint64(b[8:])
				return nil
			})
		case unix.IFLA_LINKINFO:
			d.Nested(func(d *netlink.AttributeDecoder) error {
				for d.Next() {
					if d.Type() == unix.IFLA_INFO_KIND {
						l.kindLen = uint8(copy(l.kind[:], d.String()))
					}
				}
				return nil
			})
		}
	}
	return l, d.Err()
}

func tallyVishvanandaLink(t *tally, l vishvananda.Link) {
	t.items++
	if !t.check {
		return
	}
	a := l.Attrs()
	kind := l.Type()
	if kind == "device" {
		kind = "" // its word for none
	}
	var rx, tx uint64
	if a.Statistics != nil {
		rx, tx = a.Statistics.RxPackets, a.Statistics.TxPackets
	}
	t.link(int64(a.Index), a.RawFlags, uint32(a.MTU), uint32(a.TxQLen), uint32(a.ParentIndex), uint32(a.MasterIndex),
		uint8(a.OperState), textField(a.Name), textField(kind), a.HardwareAddr, rx, tx)
}

func tallyRtnetlinkLink(t *tally, l *rtnetlink.LinkMessage) {
	t.items++
	if !t.check {
		return
	}
	a := l.Attributes
	var kind string
	if a.Info != nil {
		kind = a.Info.Kind
	}
	var rx, tx uint64
	if a.Stats64 != nil {
		rx, tx = a.Stats64.RXPackets, a.Stats64.TXPackets
	}
	t.link(int64(l.Index), l.Flags, a.MTU, or(a.TxQueueLen), a.Type, or(a.Master),
		uint8(a.OperationalState), textField(a.Name), textField(kind), a.Address, rx, tx)
}

func or(p *uint32) uint32 {
	if p == nil {
		return 0
	}
	return *p
}

func ifinfomsg(index uint32) []byte {
	b := make([]byte, unix.SizeofIfInfomsg)
	native.PutUint32(b[4:], index)
	return b
}

func linkDumpRequest() []byte { return frame(unix.RTM_GETLINK, unix.NLM_F_DUMP, ifinfomsg(0)) }

var w2 = &workload{
	name: "W2", title: "Dump of links", unit: "link",
	sizes: []int{2000}, quick: 2000,
	setup: setupPairs,
	limit: &contender{name: "limit", note: "C walk", counts: true, argv: func(int) []string {
		return []string{"dump", strconv.Itoa(unix.NETLINK_ROUTE), hex.EncodeToString(linkDumpRequest())}
	}},
	contenders: slices.Concat([]*contender{
		{name: "floor stream", note: "hand-written Go, one struct", start: goJob(func(int) (func(*tally) error, error) {
			c, err := dialFloor(unix.NETLINK_ROUTE)
			req := linkDumpRequest()
			var l link
			return func(t *tally) error {
				return c.dump(req, func(b []byte) {
					l.decode(b)
					l.tally(t)
				})
			}, err
		})},
	}, ourDump[rtlink.Client, rtlink.GetLinkDumpRequest, rtlink.GetLinkReply]{
		name: "GetLink", dial: rtlink.Dial,
		stream: (*rtlink.Client).GetLinkDump, into: (*rtlink.Client).GetLinkAppend, all: (*rtlink.Client).GetLinkAll,
		tally: tallyOurLink,
	}.contenders(), []*contender{
		{name: "mdlayher", note: "Execute, AttributeDecoder", start: goJob(func(int) (func(*tally) error, error) {
			c, err := netlink.Dial(unix.NETLINK_ROUTE, nil)
			return func(t *tally) error {
				msgs, err := c.Execute(netlink.Message{
					Header: netlink.Header{Type: unix.RTM_GETLINK, Flags: netlink.Request | netlink.Dump},
					Data:   ifinfomsg(0),
				})
				if err != nil {
					return err
				}
				for _, m := range msgs {
					l, err := linkByHand(m.Data)
					if err != nil {
						return err
					}
					l.tally(t)
				}
				return nil
			}, err
		})},
		{name: "mdlayher iter", note: "ReceiveIter, 64 KiB buffer", start: goJob(func(int) (func(*tally) error, error) {
			c, err := netlink.Dial(unix.NETLINK_ROUTE, &netlink.Config{MessageBufferSize: 64 << 10})
			return func(t *tally) error {
				_, err := c.Send(netlink.Message{
					Header: netlink.Header{Type: unix.RTM_GETLINK, Flags: netlink.Request | netlink.Dump},
					Data:   ifinfomsg(0),
				})
				if err != nil {
					return err
				}
				for m, err := range c.ReceiveIter() {
					if err != nil {
						return err
					}
					l, err := linkByHand(m.Data)
					if err != nil {
						return err
					}
					l.tally(t)
				}
				return nil
			}, err
		})},
		{name: "vishvananda", note: "Handle.LinkList", start: goJob(func(int) (func(*tally) error, error) {
			h, err := vishvananda.NewHandle(unix.NETLINK_ROUTE)
			return func(t *tally) error {
				list, err := h.LinkList()
				for _, l := range list {
					tallyVishvanandaLink(t, l)
				}
				return err
			}, err
		})},
		{name: "rtnetlink", note: "Link.List", start: goJob(func(int) (func(*tally) error, error) {
			c, err := rtnetlink.Dial(nil)
			return func(t *tally) error {
				list, err := c.Link.List()
				for i := range list {
					tallyRtnetlinkLink(t, &list[i])
				}
				return err
			}, err
		})},
	}),
}
