//go:build linux

package rtneigh_test

import (
	"context"
	"fmt"
	"log"
	"net/netip"

	"golang.org/x/sys/unix"

	"github.com/nlgen/nlgen/families/rtneigh"
	nl "github.com/nlgen/nlgen/runtime"
)

// The tables of neighbours that the kernel has.
func Example() {
	c, err := rtneigh.Dial()
	if err != nil {
		log.Fatal(err)
	}
	defer c.Close()

	tables, err := c.GetNeighTblAll(context.Background(), &rtneigh.GetNeighTblDumpRequest{
		Header: rtneigh.NdtMsg{Family: unix.AF_INET},
	})
	if err != nil {
		log.Fatal(err)
	}
	for _, t := range tables {
		if t.Config.Present() { // the others are settings of one link
			fmt.Println(t.Name, "with keys of", t.Config.Value().KeyLen, "bytes")
		}
	}
	// Output: arp_cache with keys of 4 bytes
}

// A neighbour that is not resolved but set.
func ExampleClient_NewNeigh() {
	c, err := rtneigh.Dial()
	if err != nil {
		log.Fatal(err)
	}
	defer c.Close()

	err = c.NewNeigh(context.Background(), &rtneigh.NewNeighRequest{
		Header: rtneigh.NdMsg{Family: unix.AF_INET, Ifindex: 2, State: rtneigh.StatePermanent},
		Dst:    nl.Some(netip.MustParseAddr("192.0.2.1")),
		Lladdr: nl.HardwareAddr("02:00:00:00:00:01"),
	}, nl.Create, nl.Replace)
	if err != nil {
		log.Fatal(err)
	}
}
