package main

import "golang.org/x/sys/unix"

// A fullLink is all that the kernel says about a link, decoded by hand: the limit
// for generated code, which decodes every attribute, too.
type fullLink struct {
	link
	numbers          [80]uint32 // by attribute
	qdisc, token     [16]byte
	qdiscLen         int
	stats64          [25]uint64
	stats            [24]uint32
	mapped           [32]byte
	xdp              uint8
	inet             [40]uint32
	inet6            [80]uint32
	inet6Stats       [48]uint64
	icmp6Stats       [16]uint64
	inet6Flags       uint32
	inet6Cache       [4]uint32
	inet6AddrGenMode uint8
}

func (l *fullLink) decode(b []byte) {
	*l = fullLink{link: link{index: int32(native.Uint32(b[4:])), flags: native.Uint32(b[8:])}}
	b = b[unix.SizeofIfInfomsg:]
	for {
		typ, p, rest := attr(b)
		if typ == 0 {
			break
		}
		l.attr(int(typ), p)
		b = rest
	}
	l.mtu, l.txqlen = l.numbers[unix.IFLA_MTU], l.numbers[unix.IFLA_TXQLEN]
	l.link.link, l.master = l.numbers[unix.IFLA_LINK], l.numbers[unix.IFLA_MASTER]
	l.operstate = uint8(l.numbers[unix.IFLA_OPERSTATE])
	l.rxPackets, l.txPackets = l.stats64[0], l.stats64[1]
}

func (l *fullLink) attr(typ int, p []byte) {
	switch typ {
	case unix.IFLA_IFNAME:
		l.nameLen = uint8(copy(l.name[:], trim(p)))
	case unix.IFLA_QDISC:
		l.qdiscLen = copy(l.qdisc[:], trim(p))
	case unix.IFLA_ADDRESS:
		l.size = uint8(copy(l.address[:], p))
	case unix.IFLA_STATS64:
		numbers64(l.stats64[:], p)
	case unix.IFLA_STATS:
		numbers32(l.stats[:], p)
	case unix.IFLA_MAP:
		copy(l.mapped[:], p)
	case unix.IFLA_XDP:
		if _, p, _ := attr(p); len(p) == 1 {
			l.xdp = p[0]
		}
	case unix.IFLA_LINKINFO:
		if typ, p, _ := attr(p); typ == unix.IFLA_INFO_KIND {
			l.kindLen = uint8(copy(l.kind[:], trim(p)))
		}
	case unix.IFLA_AF_SPEC:
		l.families(p)
	default:
		l.number(typ, p)
	}
}

func (l *fullLink) number(typ int, p []byte) {
	if typ >= len(l.numbers) {
		return
	}
	switch len(p) {
	case 1:
		l.numbers[typ] = uint32(p[0])
	case 2:
		l.numbers[typ] = uint32(native.Uint16(p))
	case 4:
		l.numbers[typ] = native.Uint32(p)
	}
}

func (l *fullLink) families(b []byte) {
	for {
		typ, p, rest := attr(b)
		switch typ {
		case 0:
			return
		case unix.AF_INET:
			if _, p, _ := attr(p); p != nil {
				numbers32(l.inet[:], p)
			}
		case unix.AF_INET6:
			l.ipv6(p)
		}
		b = rest
	}
}

func (l *fullLink) ipv6(b []byte) {
	for {
		typ, p, rest := attr(b)
		switch typ {
		case 0:
			return
		case unix.IFLA_INET6_FLAGS:
			l.inet6Flags = native.Uint32(p)
		case unix.IFLA_INET6_CONF:
			numbers32(l.inet6[:], p)
		case unix.IFLA_INET6_STATS:
			numbers64(l.inet6Stats[:], p)
		case unix.IFLA_INET6_ICMP6STATS:
			numbers64(l.icmp6Stats[:], p)
		case unix.IFLA_INET6_CACHEINFO:
			numbers32(l.inet6Cache[:], p)
		case unix.IFLA_INET6_TOKEN:
			copy(l.token[:], p)
		case unix.IFLA_INET6_ADDR_GEN_MODE:
			l.inet6AddrGenMode = p[0]
		}
		b = rest
	}
}

// numbers32 reads numbers, as many as both sides have.
func numbers32(dst []uint32, p []byte) {
	for i := range min(len(dst), len(p)/4) {
		dst[i] = native.Uint32(p[4*i:])
	}
}

func numbers64(dst []uint64, p []byte) {
	for i := range min(len(dst), len(p)/8) {
		dst[i] = native.Uint64(p[8*i:])
	}
}
