package main

import (
	"encoding/binary"
	"encoding/hex"
	"net"
	"net/netip"
	"slices"
	"strconv"

	"github.com/jsimonetti/rtnetlink/v2"
	"github.com/mdlayher/netlink"
	vishvananda "github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"github.com/nlgen/nlgen/families/rtroute"
	nl "github.com/nlgen/nlgen/runtime"
)

const familyIPv4 = unix.AF_INET

// A route is what the hand-written contenders decode.
type route struct {
	family, dstLen, tos, protocol, scope, typ uint8
	flags, table, oif, priority               uint32
	dst, gateway, prefsrc                     [4]byte
}

// decode is for one struct that all messages go through.
func (r *route) decode(b []byte) {
	*r = route{
		family: b[0], dstLen: b[1], tos: b[3], table: uint32(b[4]),
		protocol: b[5], scope: b[6], typ: b[7], flags: native.Uint32(b[8:]),
	}
	b = b[unix.SizeofRtMsg:]
	for {
		typ, p, rest := attr(b)
		switch typ {
		case 0:
			return
		case unix.RTA_DST:
			copy(r.dst[:], p)
		case unix.RTA_GATEWAY:
			copy(r.gateway[:], p)
		case unix.RTA_PREFSRC:
			copy(r.prefsrc[:], p)
		case unix.RTA_OIF:
			r.oif = native.Uint32(p)
		case unix.RTA_PRIORITY:
			r.priority = native.Uint32(p)
		case unix.RTA_TABLE:
			r.table = native.Uint32(p)
		}
		b = rest
	}
}

func (r *route) tally(t *tally) {
	if r.family != familyIPv4 || r.table != unix.RT_TABLE_MAIN {
		return
	}
	t.items++
	if t.check {
		t.add(uint64(r.dstLen), uint64(r.tos), uint64(r.protocol), uint64(r.scope), uint64(r.typ), uint64(r.flags),
			uint64(r.oif), uint64(r.priority), ipv4(r.dst[:]), ipv4(r.gateway[:]), ipv4(r.prefsrc[:]))
	}
}

func tallyOurs(t *tally, r *rtroute.GetRouteReply) {
	if r.Header.Family != familyIPv4 || r.Table.Value() != unix.RT_TABLE_MAIN {
		return
	}
	t.items++
	if t.check {
		h := &r.Header
		t.add(uint64(h.DstLen), uint64(h.TOS), uint64(h.Protocol), uint64(h.Scope), uint64(h.Type), uint64(h.Flags),
			uint64(r.Oif.Value()), uint64(r.Priority.Value()), addr(r.Dst.Value()), addr(r.Gateway.Value()), addr(r.Prefsrc.Value()))
	}
}

// byHand is a route that is decoded with mdlayher/netlink, which has no routes
// of its own.
func byHand(b []byte) (route, error) {
	r := route{
		family: b[0], dstLen: b[1], tos: b[3], table: uint32(b[4]),
		protocol: b[5], scope: b[6], typ: b[7], flags: native.Uint32(b[8:]),
	}
	d, err := netlink.NewAttributeDecoder(b[unix.SizeofRtMsg:])
	if err != nil {
		return r, err
	}
	for d.Next() {
		switch d.Type() {
		case unix.RTA_DST:
			copy(r.dst[:], d.Bytes())
		case unix.RTA_GATEWAY:
			copy(r.gateway[:], d.Bytes())
		case unix.RTA_PREFSRC:
			copy(r.prefsrc[:], d.Bytes())
		case unix.RTA_OIF:
			r.oif = d.Uint32()
		case unix.RTA_PRIORITY:
			r.priority = d.Uint32()
		case unix.RTA_TABLE:
			r.table = d.Uint32()
		}
	}
	return r, d.Err()
}

func tallyVishvananda(t *tally, r *vishvananda.Route) {
	if r.Family != familyIPv4 {
		return // its subscription is one to IPv6, too
	}
	t.items++
	if !t.check {
		return
	}
	var dst uint64
	var ones int
	if r.Dst != nil {
		dst = ipv4(r.Dst.IP)
		ones, _ = r.Dst.Mask.Size()
	}
	t.add(uint64(ones), uint64(r.Tos), uint64(r.Protocol), uint64(r.Scope), uint64(r.Type), uint64(r.Flags),
		uint64(r.LinkIndex), uint64(r.Priority), dst, ipv4(r.Gw), ipv4(r.Src))
}

func tallyRtnetlink(t *tally, r *rtnetlink.RouteMessage) {
	a := &r.Attributes
	if r.Family != familyIPv4 || a.Table != unix.RT_TABLE_MAIN {
		return
	}
	t.items++
	if t.check {
		t.add(uint64(r.DstLength), uint64(r.Tos), uint64(r.Protocol), uint64(r.Scope), uint64(r.Type), uint64(r.Flags),
			uint64(a.OutIface), uint64(a.Priority), ipv4(a.Dst), ipv4(a.Gateway), ipv4(a.Src))
	}
}

func rtmsg(family uint8) []byte {
	b := make([]byte, unix.SizeofRtMsg)
	b[0] = family
	return b
}

func routeDumpRequest() []byte {
	return frame(unix.RTM_GETROUTE, unix.NLM_F_DUMP, rtmsg(familyIPv4))
}

var oursRouteDump = &rtroute.GetRouteDumpRequest{Header: rtroute.RtMsg{Family: familyIPv4}}

var w1 = &workload{
	name: "W1", title: "Dump of IPv4 routes", unit: "route",
	sizes: []int{10_000, 100_000, 1_000_000}, quick: 100_000,
	setup: func(n int) error {
		if err := setupDevice(n); err != nil {
			return err
		}
		return installBatched(n)
	},
	limit: &contender{name: "limit", note: "C walk", counts: true, argv: func(int) []string {
		return []string{"dump", strconv.Itoa(unix.NETLINK_ROUTE), hex.EncodeToString(routeDumpRequest())}
	}},
	contenders: slices.Concat([]*contender{
		{name: "floor stream", note: "hand-written Go, one struct", start: goJob(func(int) (func(*tally) error, error) {
			c, err := dialFloor(unix.NETLINK_ROUTE)
			req := routeDumpRequest()
			var r route
			return func(t *tally) error {
				return c.dump(req, func(b []byte) {
					r.decode(b)
					r.tally(t)
				})
			}, err
		})},
		{name: "floor slice", note: "hand-written Go, append", start: goJob(func(int) (func(*tally) error, error) {
			c, err := dialFloor(unix.NETLINK_ROUTE)
			req := routeDumpRequest()
			return func(t *tally) error {
				var list []route
				err := c.dump(req, func(b []byte) {
					var r route
					r.decode(b)
					list = append(list, r)
				})
				for i := range list {
					list[i].tally(t)
				}
				return err
			}, err
		})},
	}, ourDump[rtroute.Client, rtroute.GetRouteDumpRequest, rtroute.GetRouteReply]{
		name: "GetRoute", dial: rtroute.Dial,
		stream: (*rtroute.Client).GetRouteDump, into: (*rtroute.Client).GetRouteAppend, all: (*rtroute.Client).GetRouteAll,
		req: oursRouteDump, tally: tallyOurs,
	}.contenders(), []*contender{
		{name: "mdlayher", note: "Execute, AttributeDecoder", start: goJob(func(int) (func(*tally) error, error) {
			c, err := netlink.Dial(unix.NETLINK_ROUTE, nil)
			return func(t *tally) error {
				msgs, err := c.Execute(netlink.Message{
					Header: netlink.Header{Type: unix.RTM_GETROUTE, Flags: netlink.Request | netlink.Dump},
					Data:   rtmsg(familyIPv4),
				})
				if err != nil {
					return err
				}
				for _, m := range msgs {
					r, err := byHand(m.Data)
					if err != nil {
						return err
					}
					r.tally(t)
				}
				return nil
			}, err
		})},
		{name: "mdlayher iter", note: "ReceiveIter, 64 KiB buffer", start: goJob(func(int) (func(*tally) error, error) {
			c, err := netlink.Dial(unix.NETLINK_ROUTE, &netlink.Config{MessageBufferSize: 64 << 10})
			return func(t *tally) error {
				_, err := c.Send(netlink.Message{
					Header: netlink.Header{Type: unix.RTM_GETROUTE, Flags: netlink.Request | netlink.Dump},
					Data:   rtmsg(familyIPv4),
				})
				if err != nil {
					return err
				}
				for m, err := range c.ReceiveIter() {
					if err != nil {
						return err
					}
					r, err := byHand(m.Data)
					if err != nil {
						return err
					}
					r.tally(t)
				}
				return nil
			}, err
		})},
		{name: "vishvananda", note: "Handle.RouteList", start: goJob(func(int) (func(*tally) error, error) {
			h, err := vishvananda.NewHandle(unix.NETLINK_ROUTE)
			return func(t *tally) error {
				list, err := h.RouteList(nil, familyIPv4)
				for i := range list {
					tallyVishvananda(t, &list[i])
				}
				return err
			}, err
		})},
		{name: "rtnetlink", note: "Route.List", start: goJob(func(int) (func(*tally) error, error) {
			c, err := rtnetlink.Dial(nil)
			return func(t *tally) error {
				list, err := c.Route.List()
				for i := range list {
					tallyRtnetlink(t, &list[i])
				}
				return err
			}, err
		})},
	}),
}

// The destinations of the routes are consecutive addresses.
var firstRoute = netip.MustParseAddr("20.0.0.0")

// setDestination makes b the destination of the i-th route.
func setDestination(b []byte, i int) {
	first := firstRoute.As4()
	binary.BigEndian.PutUint32(b, binary.BigEndian.Uint32(first[:])+uint32(i))
}

func destination(i int) netip.Addr {
	var b [4]byte
	setDestination(b[:], i)
	return netip.AddrFrom4(b)
}

// dstOffset is where the destination is in an install request.
const dstOffset = unix.NLMSG_HDRLEN + unix.SizeofRtMsg + unix.NLA_HDRLEN

const installFlags = unix.NLM_F_CREATE | unix.NLM_F_EXCL

// installRequest adds the first route.
func installRequest(flags int) ([]byte, error) {
	index, err := deviceIndex()
	if err != nil {
		return nil, err
	}
	return frame(unix.RTM_NEWROUTE, installFlags|flags, routeBody(index)), nil
}

func routeBody(index uint32) []byte {
	b := rtmsg(familyIPv4)
	b[1], b[4], b[5], b[7] = 32, unix.RT_TABLE_MAIN, unix.RTPROT_STATIC, unix.RTN_UNICAST
	dst, gw := firstRoute.As4(), gateway.As4()
	b = put(b, unix.RTA_DST, dst[:]...)
	b = put(b, unix.RTA_OIF, u32(index)...)
	return put(b, unix.RTA_GATEWAY, gw[:]...)
}

func ourRoute(index uint32) *rtroute.NewRouteRequest {
	return &rtroute.NewRouteRequest{
		Header: rtroute.RtMsg{
			Family: familyIPv4, DstLen: 32, Table: unix.RT_TABLE_MAIN,
			Protocol: unix.RTPROT_STATIC, Type: unix.RTN_UNICAST,
		},
		Oif:     nl.U32(index),
		Gateway: nl.Some(gateway),
	}
}

const batchSize = 512

// installBatched adds n routes, with few system calls.
func installBatched(n int) error {
	c, err := dialFloor(unix.NETLINK_ROUTE)
	if err != nil {
		return err
	}
	defer unix.Close(c.fd)
	req, err := installRequest(0)
	if err != nil {
		return err
	}
	return c.batch(req, n, batchSize, func(b []byte, i int) { setDestination(b[dstOffset:], i) })
}

// install is the job of a contender that adds the routes one by one.
func install(start func(index uint32) (func(i int) error, error)) func(int) (*job, error) {
	return func(n int) (*job, error) {
		index, err := deviceIndex()
		if err != nil {
			return nil, err
		}
		add, err := start(index)
		return &job{run: func(t *tally) error {
			for i := range n {
				if err := add(i); err != nil {
					return err
				}
			}
			t.items = n
			return nil
		}}, err
	}
}

func limitInstall(batch int) func(n int) []string {
	return func(n int) []string {
		req, err := installRequest(0)
		if err != nil {
			panic(err) // the device is there: setup made it
		}
		return []string{"install", strconv.Itoa(unix.NETLINK_ROUTE), hex.EncodeToString(req),
			strconv.Itoa(dstOffset), strconv.Itoa(n), strconv.Itoa(batch)}
	}
}

func floorInstall(batch int) func(int) (*job, error) {
	return goJob(func(n int) (func(*tally) error, error) {
		c, err := dialFloor(unix.NETLINK_ROUTE)
		if err != nil {
			return nil, err
		}
		req, err := installRequest(0)
		return func(t *tally) error {
			t.items = n
			return c.batch(req, n, batch, func(b []byte, i int) { setDestination(b[dstOffset:], i) })
		}, err
	})
}

var w3 = &workload{
	name: "W3", title: "Install of IPv4 routes", unit: "route",
	sizes: []int{100_000}, quick: 20_000,
	setup:  setupDevice,
	before: flush,
	// The digest is that of the routes that are there afterwards.
	inspect: func(_ int, t *tally) error {
		c, err := dialFloor(unix.NETLINK_ROUTE)
		if err != nil {
			return err
		}
		defer unix.Close(c.fd)
		*t = tally{check: true}
		var r route
		err = c.dump(routeDumpRequest(), func(b []byte) {
			r.decode(b)
			r.tally(t)
		})
		t.check = false
		return err
	},
	limit: &contender{name: "limit", note: "C, 512 in a send", argv: limitInstall(batchSize)},
	contenders: []*contender{
		{name: "C one by one", argv: limitInstall(1)},
		{name: "floor batched", note: "hand-written Go, 512 in a send", start: floorInstall(batchSize)},
		{name: "floor one by one", note: "hand-written Go", start: floorInstall(1)},
		{name: "ours batched", note: "Batch.NewRoute", start: goJob(func(n int) (func(*tally) error, error) {
			index, err := deviceIndex()
			if err != nil {
				return nil, err
			}
			c, err := rtroute.Dial()
			req := ourRoute(index)
			return func(t *tally) error {
				t.items = n
				b := c.Batch(ctx)
				for i := range n {
					req.Dst = nl.Some(destination(i))
					b.NewRoute(req, nil, nl.Create|nl.Excl)
				}
				return b.Wait()
			}, err
		})},
		{name: "ours one by one", note: "NewRoute", start: install(func(index uint32) (func(int) error, error) {
			c, err := rtroute.Dial()
			req := ourRoute(index)
			return func(i int) error {
				req.Dst = nl.Some(destination(i))
				_, err := c.NewRoute(ctx, req, nl.Create|nl.Excl)
				return err
			}, err
		})},
		{name: "mdlayher", note: "Execute, AttributeEncoder", start: install(func(index uint32) (func(int) error, error) {
			c, err := netlink.Dial(unix.NETLINK_ROUTE, nil)
			return func(i int) error {
				m, err := mdlayherInstall(index, i, netlink.Acknowledge)
				if err != nil {
					return err
				}
				_, err = c.Execute(m)
				return err
			}, err
		})},
		{name: "mdlayher batched", note: "SendMessages, 128 in a send", start: mdlayherBatched},
		{name: "vishvananda", note: "Handle.RouteAdd", start: install(func(index uint32) (func(int) error, error) {
			h, err := vishvananda.NewHandle(unix.NETLINK_ROUTE)
			gw := net.IP(gateway.AsSlice())
			return func(i int) error {
				return h.RouteAdd(&vishvananda.Route{
					LinkIndex: int(index),
					Dst:       &net.IPNet{IP: destination(i).AsSlice(), Mask: net.CIDRMask(32, 32)},
					Gw:        gw,
					Protocol:  unix.RTPROT_STATIC,
				})
			}, err
		})},
		{name: "rtnetlink", note: "Route.Add", start: install(func(index uint32) (func(int) error, error) {
			c, err := rtnetlink.Dial(nil)
			gw := net.IP(gateway.AsSlice())
			return func(i int) error {
				return c.Route.Add(&rtnetlink.RouteMessage{
					Family: familyIPv4, DstLength: 32, Table: unix.RT_TABLE_MAIN,
					Protocol: unix.RTPROT_STATIC, Type: unix.RTN_UNICAST,
					Attributes: rtnetlink.RouteAttributes{Dst: destination(i).AsSlice(), Gateway: gw, OutIface: index},
				})
			}, err
		})},
	},
}

func mdlayherInstall(index uint32, i int, flags netlink.HeaderFlags) (netlink.Message, error) {
	ae := netlink.NewAttributeEncoder()
	ae.Bytes(unix.RTA_DST, destination(i).AsSlice())
	ae.Uint32(unix.RTA_OIF, index)
	ae.Bytes(unix.RTA_GATEWAY, gateway.AsSlice())
	attrs, err := ae.Encode()
	header := rtmsg(familyIPv4)
	header[1], header[4], header[5], header[7] = 32, unix.RT_TABLE_MAIN, unix.RTPROT_STATIC, unix.RTN_UNICAST
	return netlink.Message{
		Header: netlink.Header{Type: unix.RTM_NEWROUTE, Flags: netlink.Request | netlink.Create | netlink.Excl | flags},
		Data:   append(header, attrs...),
	}, err
}

func mdlayherBatched(n int) (*job, error) {
	index, err := deviceIndex()
	if err != nil {
		return nil, err
	}
	c, err := netlink.Dial(unix.NETLINK_ROUTE, nil)
	return &job{run: func(t *tally) error {
		for i := 0; i < n; {
			var msgs []netlink.Message
			for end := min(i+128, n); i < end; i++ {
				m, err := mdlayherInstall(index, i, netlink.Acknowledge)
				if err != nil {
					return err
				}
				msgs = append(msgs, m)
			}
			if _, err := c.SendMessages(msgs); err != nil {
				return err
			}
			for range msgs {
				if _, err := c.Receive(); err != nil {
					return err
				}
			}
		}
		t.items = n
		return nil
	}}, err
}
