package main

import (
	"encoding/hex"
	"strconv"

	"github.com/jsimonetti/rtnetlink/v2"
	"github.com/mdlayher/genetlink"
	"github.com/mdlayher/netlink"
	vishvananda "github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"github.com/nlgen/nlgen/families/nlctrl"
	"github.com/nlgen/nlgen/families/rtlink"
	nl "github.com/nlgen/nlgen/runtime"
)

// repeat is the job of a contender that does the same n times.
func repeat(start func() (func(t *tally) error, error)) func(int) (*job, error) {
	return goJob(func(n int) (func(*tally) error, error) {
		once, err := start()
		return func(t *tally) error {
			for range n {
				if err := once(t); err != nil {
					return err
				}
			}
			return nil
		}, err
	})
}

// The interface that is asked for is lo.
const loopback = 1

var w4a = &workload{
	name: "W4a", title: "Round trips of RTM_GETLINK", unit: "call",
	sizes: []int{50_000}, quick: 10_000,
	limit: &contender{name: "limit", note: "C, two system calls", counts: true, argv: func(n int) []string {
		return []string{"trip", strconv.Itoa(unix.NETLINK_ROUTE), hex.EncodeToString(getLinkRequest()), strconv.Itoa(n)}
	}},
	contenders: []*contender{
		{name: "floor", note: "hand-written Go, blocking", start: repeat(func() (func(*tally) error, error) {
			c, err := dialFloor(unix.NETLINK_ROUTE)
			req := getLinkRequest()
			var l link
			return func(t *tally) error {
				b, err := c.trip(req)
				if err != nil {
					return err
				}
				l.decode(b)
				l.tally(t)
				return nil
			}, err
		})},
		{name: "ours", note: "GetLink", start: repeat(func() (func(*tally) error, error) {
			c, err := rtlink.Dial()
			req := &rtlink.GetLinkRequest{Header: rtlink.Ifinfomsg{Index: loopback}}
			return func(t *tally) error {
				l, err := c.GetLink(ctx, req)
				if err != nil {
					return err
				}
				tallyOurLink(t, l)
				return nil
			}, err
		})},
		{name: "ours into", note: "GetLink, Into", start: repeat(func() (func(*tally) error, error) {
			c, err := rtlink.Dial()
			req := &rtlink.GetLinkRequest{Header: rtlink.Ifinfomsg{Index: loopback}}
			into := []nl.CallOption{nl.Into(new(nl.Decoder))}
			return func(t *tally) error {
				l, err := c.GetLink(ctx, req, into...)
				if err != nil {
					return err
				}
				tallyOurLink(t, l)
				return nil
			}, err
		})},
		{name: "mdlayher", note: "Execute, AttributeDecoder", start: repeat(func() (func(*tally) error, error) {
			c, err := netlink.Dial(unix.NETLINK_ROUTE, nil)
			return func(t *tally) error { return mdlayherLink(c, t) }, err
		})},
		{name: "mdlayher 64k", note: "Execute, 64 KiB buffer", start: repeat(func() (func(*tally) error, error) {
			c, err := netlink.Dial(unix.NETLINK_ROUTE, &netlink.Config{MessageBufferSize: 64 << 10})
			return func(t *tally) error { return mdlayherLink(c, t) }, err
		})},
		{name: "vishvananda", note: "Handle.LinkByIndex", start: repeat(func() (func(*tally) error, error) {
			h, err := vishvananda.NewHandle(unix.NETLINK_ROUTE)
			return func(t *tally) error {
				l, err := h.LinkByIndex(loopback)
				if err != nil {
					return err
				}
				tallyVishvanandaLink(t, l)
				return nil
			}, err
		})},
		{name: "rtnetlink", note: "Link.Get", start: repeat(func() (func(*tally) error, error) {
			c, err := rtnetlink.Dial(nil)
			return func(t *tally) error {
				l, err := c.Link.Get(loopback)
				if err != nil {
					return err
				}
				tallyRtnetlinkLink(t, &l)
				return nil
			}, err
		})},
	},
}

func getLinkRequest() []byte { return frame(unix.RTM_GETLINK, 0, ifinfomsg(loopback)) }

func mdlayherLink(c *netlink.Conn, t *tally) error {
	msgs, err := c.Execute(netlink.Message{
		Header: netlink.Header{Type: unix.RTM_GETLINK, Flags: netlink.Request},
		Data:   ifinfomsg(loopback),
	})
	if err != nil {
		return err
	}
	l, err := linkByHand(msgs[0].Data)
	if err != nil {
		return err
	}
	l.tally(t)
	return nil
}

// The generic family that is asked for is the controller itself: every kernel
// has it.
const controller = "nlctrl"

func getFamilyRequest() []byte {
	body := []byte{unix.CTRL_CMD_GETFAMILY, 1, 0, 0}
	return frame(unix.GENL_ID_CTRL, 0, put(body, unix.CTRL_ATTR_FAMILY_NAME, []byte(controller+"\x00")...))
}

func (t *tally) family(id uint16, version uint32, name string, groups int) {
	t.items++
	if t.check {
		t.add(uint64(id), uint64(version), textField(name), uint64(groups))
	}
}

var w4b = &workload{
	name: "W4b", title: "Round trips of CTRL_CMD_GETFAMILY", unit: "call",
	sizes: []int{50_000}, quick: 10_000,
	limit: &contender{name: "limit", note: "C, two system calls", counts: true, argv: func(n int) []string {
		return []string{"trip", strconv.Itoa(unix.NETLINK_GENERIC), hex.EncodeToString(getFamilyRequest()), strconv.Itoa(n)}
	}},
	contenders: []*contender{
		{name: "floor", note: "hand-written Go, blocking", start: repeat(func() (func(*tally) error, error) {
			c, err := dialFloor(unix.NETLINK_GENERIC)
			req := getFamilyRequest()
			return func(t *tally) error {
				b, err := c.trip(req)
				if err != nil {
					return err
				}
				familyByHand(b[unix.GENL_HDRLEN:], t)
				return nil
			}, err
		})},
		{name: "ours", note: "GetFamily", start: repeat(func() (func(*tally) error, error) {
			c, err := nlctrl.Dial()
			req := &nlctrl.GetFamilyRequest{FamilyName: nl.Some(controller)}
			return func(t *tally) error {
				f, err := c.GetFamily(ctx, req)
				if err != nil {
					return err
				}
				t.family(f.FamilyID.Value(), f.Version.Value(), f.FamilyName.Value(), len(f.McastGroups))
				return nil
			}, err
		})},
		{name: "genetlink", note: "GetFamily", start: repeat(func() (func(*tally) error, error) {
			c, err := genetlink.Dial(nil)
			return func(t *tally) error {
				f, err := c.GetFamily(controller)
				if err != nil {
					return err
				}
				t.family(f.ID, uint32(f.Version), f.Name, len(f.Groups))
				return nil
			}, err
		})},
		{name: "vishvananda", note: "GenlFamilyGet", start: repeat(func() (func(*tally) error, error) {
			h, err := vishvananda.NewHandle(unix.NETLINK_GENERIC)
			return func(t *tally) error {
				f, err := h.GenlFamilyGet(controller)
				if err != nil {
					return err
				}
				t.family(f.ID, f.Version, f.Name, len(f.Groups))
				return nil
			}, err
		})},
	},
}

// familyByHand decodes a generic family in place.
func familyByHand(b []byte, t *tally) {
	var id uint16
	var version uint32
	var name []byte
	groups := 0
	for {
		typ, p, rest := attr(b)
		switch typ {
		case 0:
			t.items++
			if t.check {
				t.add(uint64(id), uint64(version), textField(name), uint64(groups))
			}
			return
		case unix.CTRL_ATTR_FAMILY_ID:
			id = native.Uint16(p)
		case unix.CTRL_ATTR_VERSION:
			version = native.Uint32(p)
		case unix.CTRL_ATTR_FAMILY_NAME:
			name = trim(p)
		case unix.CTRL_ATTR_MCAST_GROUPS:
			for {
				typ, _, next := attr(p)
				if typ == 0 {
					break
				}
				groups++
				p = next
			}
		}
		b = rest
	}
}
