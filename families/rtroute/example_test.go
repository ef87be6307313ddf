//go:build linux

package rtroute_test

import (
	"context"
	"fmt"
	"log"
	"net/netip"

	"golang.org/x/sys/unix"

	"github.com/nlgen/nlgen/families/rtroute"
	nl "github.com/nlgen/nlgen/runtime"
)

// How packets to an address leave.
func Example() {
	c, err := rtroute.Dial()
	if err != nil {
		log.Fatal(err)
	}
	defer c.Close()

	route, err := c.GetRoute(context.Background(), &rtroute.GetRouteRequest{
		Header: rtroute.RtMsg{Family: unix.AF_INET, DstLen: 32},
		Dst:    nl.Some(netip.MustParseAddr("127.0.0.1")),
	})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(route.Header.Type, route.Dst, route.Oif)
	// Output: local 127.0.0.1 1
}

// A route over two gateways; three of four flows take the first.
func ExampleClient_NewRoute() {
	c, err := rtroute.Dial()
	if err != nil {
		log.Fatal(err)
	}
	defer c.Close()

	_, err = c.NewRoute(context.Background(), &rtroute.NewRouteRequest{
		Header: rtroute.RtMsg{Family: unix.AF_INET, DstLen: 24, Table: rtroute.TableMain, Protocol: rtroute.ProtocolStatic, Type: rtroute.RouteTypeUnicast},
		Dst:    nl.Some(netip.MustParseAddr("203.0.113.0")),
		Multipath: []rtroute.Nexthop{
			{Header: rtroute.RtNexthop{Hops: 2}, Gateway: nl.Some(netip.MustParseAddr("192.0.2.1"))},
			{Header: rtroute.RtNexthop{Hops: 0}, Gateway: nl.Some(netip.MustParseAddr("192.0.2.2"))},
		},
		Metrics: &rtroute.Metrics{MTU: nl.U32(1400)},
	}, nl.Create, nl.Replace)
	if err != nil {
		log.Fatal(err)
	}
}
