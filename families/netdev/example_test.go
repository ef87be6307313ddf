//go:build linux

package netdev_test

import (
	"context"
	"fmt"
	"log"

	"github.com/nlgen/nlgen/families/netdev"
	nl "github.com/nlgen/nlgen/runtime"
)

// What a device can do with XDP programs.
func Example() {
	c, err := netdev.Dial()
	if err != nil {
		log.Fatal(err)
	}
	defer c.Close()

	lo, err := c.DevGet(context.Background(), &netdev.DevGetRequest{Ifindex: nl.U32(1)})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(lo.Ifindex, lo.XDPFeatures.Value()&netdev.XDPActXSKZerocopy != 0)
	// Output: 1 false
}

// Devices as they come and go.
func ExampleClient_Subscribe() {
	c, err := netdev.Dial()
	if err != nil {
		log.Fatal(err)
	}
	defer c.Close()

	sub, err := c.Subscribe(netdev.GroupMgmt)
	if err != nil {
		log.Fatal(err)
	}
	defer sub.Close()
	for ev, err := range sub.Events(context.Background()) {
		if err != nil {
			log.Fatal(err)
		}
		switch ev := ev.(type) {
		case *netdev.DevAddNtf:
			fmt.Println("new:", ev.Ifindex, ev.XDPFeatures)
		case *netdev.DevDelNtf:
			fmt.Println("gone:", ev.Ifindex)
		}
	}
}
