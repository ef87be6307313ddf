package main

import (
	"encoding/hex"
	"net/netip"
	"slices"
	"strconv"
	"time"

	timo "github.com/ti-mo/conntrack"
	vishvananda "github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"github.com/nlgen/nlgen/families/conntrack"
	nl "github.com/nlgen/nlgen/runtime"
)

// Message types of connection tracking, its subsystem and command.
const (
	ctNew = unix.NFNL_SUBSYS_CTNETLINK<<8 | 0
	ctGet = unix.NFNL_SUBSYS_CTNETLINK<<8 | 1
)

// Attributes (enum ctattr_type and those below, linux/netfilter/nfnetlink_conntrack.h).
const (
	ctaTupleOrig  = 1
	ctaTupleReply = 2
	ctaStatus     = 3
	ctaMark       = 8
	ctaID         = 12

	ctaTupleIP    = 1
	ctaTupleProto = 2

	ctaIPv4Src = 1
	ctaIPv4Dst = 2

	ctaProtoNum     = 1
	ctaProtoSrcPort = 2
	ctaProtoDstPort = 3
)

// A flow is what the hand-written contender decodes.
type flow struct {
	status, mark, id uint32
	orig, reply      flowTuple
}

type flowTuple struct {
	src, dst         [4]byte
	srcPort, dstPort uint16
	proto            uint8
}

func be16(b []byte) uint16 { return uint16(b[0])<<8 | uint16(b[1]) }

func (f *flow) decode(b []byte) {
	*f = flow{}
	b = b[nfgenmsgLen:]
	for {
		typ, p, rest := attr(b)
		switch typ {
		case 0:
			return
		case ctaTupleOrig:
			f.orig.decode(p)
		case ctaTupleReply:
			f.reply.decode(p)
		case ctaStatus:
			f.status = uint32(ipv4(p))
		case ctaMark:
			f.mark = uint32(ipv4(p))
		case ctaID:
			f.id = uint32(ipv4(p))
		}
		b = rest
	}
}

func (t *flowTuple) decode(b []byte) {
	for {
		typ, p, rest := attr(b)
		switch typ {
		case 0:
			return
		case ctaTupleIP:
			t.addresses(p)
		case ctaTupleProto:
			t.ports(p)
		}
		b = rest
	}
}

func (t *flowTuple) addresses(b []byte) {
	for {
		typ, p, rest := attr(b)
		switch typ {
		case 0:
			return
		case ctaIPv4Src:
			copy(t.src[:], p)
		case ctaIPv4Dst:
			copy(t.dst[:], p)
		}
		b = rest
	}
}

func (t *flowTuple) ports(b []byte) {
	for {
		typ, p, rest := attr(b)
		switch typ {
		case 0:
			return
		case ctaProtoNum:
			t.proto = p[0]
		case ctaProtoSrcPort:
			t.srcPort = be16(p)
		case ctaProtoDstPort:
			t.dstPort = be16(p)
		}
		b = rest
	}
}

func (t *tally) flow(mark uint32, orig, reply [5]uint64) {
	t.add(append(append([]uint64{uint64(mark)}, orig[:]...), reply[:]...)...)
}

func (t *flowTuple) fields() [5]uint64 {
	return [5]uint64{ipv4(t.src[:]), ipv4(t.dst[:]), uint64(t.srcPort), uint64(t.dstPort), uint64(t.proto)}
}

func tallyOurFlow(t *tally, f *conntrack.GetReply) {
	t.items++
	if t.check {
		t.flow(f.Mark.Value(), ourTuple(f.TupleOrig), ourTuple(f.TupleReply))
	}
}

func ourTuple(t *conntrack.Tuple) [5]uint64 {
	return [5]uint64{addr(t.IP.V4Src.Value()), addr(t.IP.V4Dst.Value()),
		uint64(t.Proto.SrcPort.Value()), uint64(t.Proto.DstPort.Value()), uint64(t.Proto.Num.Value())}
}

func vishvanandaTuple(t *vishvananda.IPTuple) [5]uint64 {
	return [5]uint64{ipv4(t.SrcIP), ipv4(t.DstIP), uint64(t.SrcPort), uint64(t.DstPort), uint64(t.Protocol)}
}

func timoTuple(t *timo.Tuple) [5]uint64 {
	return [5]uint64{addr(t.IP.SourceAddress), addr(t.IP.DestinationAddress),
		uint64(t.Proto.SourcePort), uint64(t.Proto.DestinationPort), uint64(t.Proto.Protocol)}
}

const nfgenmsgLen = 4

func nfgenmsg() []byte { return []byte{familyIPv4, nfgenmsgLen - 1: 0} }

func flowDumpRequest() []byte { return frame(ctGet, unix.NLM_F_DUMP, nfgenmsg()) }

var oursFlowDump = &conntrack.GetDumpRequest{Header: conntrack.Nfgenmsg{Family: familyIPv4}}

// setupFlows makes n established TCP connections.
func setupFlows(n int) error {
	c, err := dialFloor(unix.NETLINK_NETFILTER)
	if err != nil {
		return err
	}
	defer unix.Close(c.fd)
	server := netip.AddrPortFrom(gateway, 443)
	for i := range n {
		client := netip.AddrPortFrom(destination(i), uint16(1024+i%60000))
		body, err := nl.Marshal(&conntrack.NewRequest{
			Header:     conntrack.Nfgenmsg{Family: familyIPv4},
			TupleOrig:  tcpTuple(client, server),
			TupleReply: tcpTuple(server, client),
			Status:     nl.Some(conntrack.StatusConfirmed | conntrack.StatusSeenReply | conntrack.StatusAssured),
			Protoinfo:  &conntrack.Protoinfo{TCP: &conntrack.ProtoinfoTCP{State: nl.Some(conntrack.TCPStateEstablished)}},
			Timeout:    nl.Some(time.Hour),
			Mark:       nl.U32(uint32(i)),
		})
		if err != nil {
			return err
		}
		if _, err := c.trip(frame(ctNew, installFlags|unix.NLM_F_ACK, body)); err != nil {
			return err
		}
	}
	return nil
}

func tcpTuple(src, dst netip.AddrPort) *conntrack.Tuple {
	return &conntrack.Tuple{
		IP: &conntrack.TupleIP{V4Src: nl.Some(src.Addr()), V4Dst: nl.Some(dst.Addr())},
		Proto: &conntrack.TupleProto{
			Num: nl.U8(unix.IPPROTO_TCP), SrcPort: nl.U16(src.Port()), DstPort: nl.U16(dst.Port()),
		},
	}
}

var w7 = &workload{
	name: "W7", title: "Dump of tracked connections", unit: "entry",
	sizes: []int{50_000}, quick: 20_000,
	setup: setupFlows,
	limit: &contender{name: "limit", note: "C walk", counts: true, argv: func(int) []string {
		return []string{"dump", strconv.Itoa(unix.NETLINK_NETFILTER), hex.EncodeToString(flowDumpRequest())}
	}},
	contenders: slices.Concat([]*contender{
		{name: "floor stream", note: "hand-written Go, one struct", start: goJob(func(int) (func(*tally) error, error) {
			c, err := dialFloor(unix.NETLINK_NETFILTER)
			req := flowDumpRequest()
			var f flow
			return func(t *tally) error {
				return c.dump(req, func(b []byte) {
					f.decode(b)
					t.items++
					if t.check {
						t.flow(f.mark, f.orig.fields(), f.reply.fields())
					}
				})
			}, err
		})},
	}, ourDump[conntrack.Client, conntrack.GetDumpRequest, conntrack.GetReply]{
		name: "Get", dial: conntrack.Dial,
		stream: (*conntrack.Client).GetDump, into: (*conntrack.Client).GetAppend, all: (*conntrack.Client).GetAll,
		req: oursFlowDump, tally: tallyOurFlow,
	}.contenders(), []*contender{
		{name: "vishvananda", note: "Handle.ConntrackTableList", start: goJob(func(int) (func(*tally) error, error) {
			h, err := vishvananda.NewHandle(unix.NETLINK_NETFILTER)
			return func(t *tally) error {
				list, err := h.ConntrackTableList(vishvananda.ConntrackTable, familyIPv4)
				for _, f := range list {
					t.items++
					if t.check {
						t.flow(f.Mark, vishvanandaTuple(&f.Forward), vishvanandaTuple(&f.Reverse))
					}
				}
				return err
			}, err
		})},
		{name: "ti-mo", note: "Conn.Dump", start: goJob(func(int) (func(*tally) error, error) {
			c, err := timo.Dial(nil)
			return func(t *tally) error {
				list, err := c.Dump(nil)
				for i := range list {
					f := &list[i]
					t.items++
					if t.check {
						t.flow(f.Mark, timoTuple(&f.TupleOrig), timoTuple(&f.TupleReply))
					}
				}
				return err
			}, err
		})},
	}),
}
