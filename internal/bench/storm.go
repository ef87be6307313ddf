package main

import (
	"errors"
	"fmt"
	"net/netip"
	"strconv"
	"time"

	"github.com/mdlayher/netlink"
	vishvananda "github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"github.com/nlgen/nlgen/families/rtroute"
	nl "github.com/nlgen/nlgen/runtime"
)

// marker is the destination of the routes that tell readers that the storm is
// over. They are added until one is seen: the first may be lost, too.
var marker = netip.MustParseAddr("203.0.113.1")

func storm(n int, stop <-chan struct{}) error {
	if err := installBatched(n); err != nil {
		return err
	}
	c, err := dialFloor(unix.NETLINK_ROUTE)
	if err != nil {
		return err
	}
	defer unix.Close(c.fd)
	index, err := deviceIndex()
	if err != nil {
		return err
	}
	for priority := uint32(1); ; priority++ {
		body := put(routeBody(index), unix.RTA_PRIORITY, u32(priority)...)
		dst := marker.As4()
		copy(body[unix.SizeofRtMsg+unix.NLA_HDRLEN:], dst[:])
		if _, err := c.trip(frame(unix.RTM_NEWROUTE, installFlags|unix.NLM_F_ACK, body)); err != nil {
			return err
		}
		select {
		case <-stop:
			return nil
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// The buffers that readers are tried with, in MiB.
var buffers = []int{1, 4, 16, 64}

var w5b = &workload{
	name: "W5b", title: "Route events as fast as they come, by receive buffer", unit: "event",
	sizes: []int{100_000}, quick: 100_000,
	setup:      setupDevice,
	before:     flush,
	storm:      storm,
	limit:      floorReader(buffers[0]),
	contenders: readers(),
}

func readers() (list []*contender) {
	for i, mib := range buffers {
		if i > 0 {
			list = append(list, floorReader(mib))
		}
		list = append(list, ourReader(mib), mdlayherReader(mib), vishvanandaReader(mib))
	}
	return list
}

func reader(name string, mib int, start func(bytes int) *job) *contender {
	return &contender{
		name: fmt.Sprintf("%s %d MiB", name, mib), counts: true,
		start: func(int) (*job, error) { return start(mib << 20), nil },
	}
}

func floorReader(mib int) *contender {
	return reader("floor", mib, func(bytes int) *job {
		var c *floorConn
		var r route
		return &job{
			prepare: func() (err error) {
				c, err = subscribeFloor(unix.RTNLGRP_IPV4_ROUTE, bytes)
				return err
			},
			run: func(t *tally) error {
				defer unix.Close(c.fd)
				for {
					b, err := c.receive()
					if errors.Is(err, unix.ENOBUFS) {
						continue
					}
					if err != nil {
						return err
					}
					_, body, _ := cut(b)
					r.decode(body)
					if r.dst == marker.As4() {
						return nil
					}
					r.tally(t)
				}
			},
		}
	})
}

func ourReader(mib int) *contender {
	return reader("ours", mib, func(bytes int) *job {
		var c *rtroute.Client
		var s *nl.Subscription
		return &job{
			prepare: func() (err error) {
				if c, err = rtroute.Dial(nl.WithReceiveBuffer(bytes)); err == nil {
					s, err = c.Subscribe(rtroute.GroupIPv4Route)
				}
				return err
			},
			run: func(t *tally) error {
				defer c.Close()
				for m, err := range s.Events(ctx) {
					if errors.Is(err, nl.ErrOverrun) {
						continue
					}
					if err != nil {
						return err
					}
					if m, ok := m.(*rtroute.NewRouteNtf); ok {
						if m.Dst.Value() == marker {
							return nil
						}
						tallyOurs(t, &m.GetRouteReply)
					}
				}
				return errLost
			},
		}
	})
}

func mdlayherReader(mib int) *contender {
	return reader("mdlayher", mib, func(bytes int) *job {
		var c *netlink.Conn
		return &job{
			prepare: func() (err error) {
				c, err = subscribeMdlayher(&netlink.Config{MessageBufferSize: 64 << 10}, bytes)
				return err
			},
			run: func(t *tally) error {
				defer c.Close()
				for {
					msgs, err := c.Receive()
					if errors.Is(err, unix.ENOBUFS) {
						continue
					}
					if err != nil {
						return err
					}
					for _, m := range msgs {
						r, err := byHand(m.Data)
						if err != nil {
							return err
						}
						if r.dst == marker.As4() {
							return nil
						}
						r.tally(t)
					}
				}
			},
		}
	})
}

// vishvanandaReader ends at the first loss: its subscription does.
func vishvanandaReader(mib int) *contender {
	c := reader("vishvananda", mib, func(bytes int) *job {
		var updates chan vishvananda.RouteUpdate
		var done chan struct{}
		return &job{
			prepare: func() (err error) {
				updates, done, err = subscribeVishvananda(bytes)
				return err
			},
			run: func(t *tally) error {
				defer close(done)
				for u := range updates {
					if ip := u.Dst; ip != nil && ip.IP.Equal(marker.AsSlice()) {
						return nil
					}
					tallyVishvananda(t, &u.Route)
				}
				return nil
			},
		}
	})
	c.note = "ends at the first loss"
	return c
}

// percent formats a share.
func percent(share float64) string {
	return strconv.FormatFloat(100*share, 'f', 1, 64) + " %"
}
