package main

import (
	"errors"
	"os"
	"strconv"

	"github.com/mdlayher/netlink"
	vishvananda "github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"github.com/nlgen/nlgen/families/rtroute"
	nl "github.com/nlgen/nlgen/runtime"
)

// eventBuffer holds all events of a run, so that draining is all that is timed.
const eventBuffer = 512 << 20

var errLost = errors.New("events were lost")

var w5a = &workload{
	name: "W5a", title: "Drain of route events", unit: "event",
	sizes: []int{100_000}, quick: 50_000,
	setup:  setupDevice,
	before: flush,
	armed:  installBatched,
	limit: &contender{name: "limit", note: "C walk", counts: true, argv: func(n int) []string {
		return []string{"drain", strconv.Itoa(unix.NETLINK_ROUTE), strconv.Itoa(unix.RTNLGRP_IPV4_ROUTE), strconv.Itoa(n)}
	}},
	contenders: []*contender{
		{name: "floor", note: "hand-written Go, one struct", start: func(n int) (*job, error) {
			var c *floorConn
			var r route
			return &job{
				prepare: func() (err error) {
					c, err = subscribeFloor(unix.RTNLGRP_IPV4_ROUTE, eventBuffer)
					return err
				},
				run: func(t *tally) error {
					defer unix.Close(c.fd)
					for t.items < n {
						b, err := c.receive()
						if err != nil {
							return err
						}
						_, body, _ := cut(b)
						r.decode(body)
						r.tally(t)
					}
					return nil
				},
			}, nil
		}},
		{name: "ours reused", note: "Subscription.Events, Reuse", start: ourEvents(nl.Reuse())},
		{name: "ours", note: "Subscription.Events", start: ourEvents()},
		{name: "mdlayher", note: "Receive, AttributeDecoder", start: mdlayherEvents(nil)},
		{name: "mdlayher 64k", note: "Receive, 64 KiB buffer", start: mdlayherEvents(&netlink.Config{MessageBufferSize: 64 << 10})},
		{name: "vishvananda", note: "RouteSubscribeWithOptions", start: func(n int) (*job, error) {
			var updates chan vishvananda.RouteUpdate
			var done chan struct{}
			return &job{
				prepare: func() (err error) {
					updates, done, err = subscribeVishvananda(eventBuffer)
					return err
				},
				run: func(t *tally) error {
					defer close(done)
					for u := range updates {
						tallyVishvananda(t, &u.Route)
						if t.items == n {
							return nil
						}
					}
					return errLost
				},
			}, nil
		}},
	},
}

func subscribeFloor(group, bytes int) (*floorConn, error) {
	c, err := dialFloor(unix.NETLINK_ROUTE)
	if err != nil {
		return nil, err
	}
	if err := unix.SetsockoptInt(c.fd, unix.SOL_SOCKET, unix.SO_RCVBUFFORCE, bytes); err != nil {
		return nil, os.NewSyscallError("setsockopt", err)
	}
	err = unix.SetsockoptInt(c.fd, unix.SOL_NETLINK, unix.NETLINK_ADD_MEMBERSHIP, group)
	return c, os.NewSyscallError("setsockopt", err)
}

func ourEvents(opts ...nl.CallOption) func(int) (*job, error) {
	return func(n int) (*job, error) {
		c, err := rtroute.Dial(nl.WithReceiveBuffer(eventBuffer))
		var s *nl.Subscription
		return &job{
			prepare: func() (err error) {
				s, err = c.Subscribe(rtroute.GroupIPv4Route)
				return err
			},
			run: func(t *tally) error {
				defer s.Close()
				for m, err := range s.Events(ctx, opts...) {
					if err != nil {
						return err
					}
					if m, ok := m.(*rtroute.NewRouteNtf); ok {
						tallyOurs(t, &m.GetRouteReply)
					}
					if t.items == n {
						return nil
					}
				}
				return errLost
			},
		}, err
	}
}

func mdlayherEvents(cfg *netlink.Config) func(int) (*job, error) {
	return func(n int) (*job, error) {
		var c *netlink.Conn
		return &job{
			prepare: func() (err error) {
				c, err = subscribeMdlayher(cfg, eventBuffer)
				return err
			},
			run: func(t *tally) error {
				defer c.Close()
				for t.items < n {
					msgs, err := c.Receive()
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
				}
				return nil
			},
		}, nil
	}
}

func subscribeMdlayher(cfg *netlink.Config, bytes int) (*netlink.Conn, error) {
	c, err := netlink.Dial(unix.NETLINK_ROUTE, cfg)
	if err != nil {
		return nil, err
	}
	return c, errors.Join(c.SetReadBuffer(bytes), c.JoinGroup(unix.RTNLGRP_IPV4_ROUTE))
}

func subscribeVishvananda(bytes int) (chan vishvananda.RouteUpdate, chan struct{}, error) {
	updates, done := make(chan vishvananda.RouteUpdate), make(chan struct{})
	return updates, done, vishvananda.RouteSubscribeWithOptions(updates, done, vishvananda.RouteSubscribeOptions{
		ReceiveBufferSize: bytes, ReceiveBufferForceSize: true,
	})
}
