package ethtool_test

import (
	"context"
	"fmt"
	"log"

	"github.com/nlgen/nlgen/families/ethtool"
	nl "github.com/nlgen/nlgen/runtime"
)

// The names of the wake-on-LAN modes: a string set that belongs to no device.
func Example() {
	ctx := context.Background()
	c, err := ethtool.Dial()
	if err != nil {
		log.Fatal(err)
	}
	defer c.Close()

	reply, err := c.StrsetGet(ctx, &ethtool.StrsetGetRequest{
		Header: &ethtool.Header{},
		Stringsets: &ethtool.Stringsets{Stringset: []ethtool.Stringset{
			{ID: nl.Some(ethtool.StringSetIDWOLModes)},
		}},
	})
	if err != nil {
		log.Fatal(err)
	}
	for _, set := range reply.Stringsets.Stringset {
		for _, s := range set.Strings.String {
			fmt.Println(s.Index, s.Value)
		}
	}
	// Output:
	// 0 phy
	// 1 ucast
	// 2 mcast
	// 3 bcast
	// 4 arp
	// 5 magic
	// 6 magicsecure
	// 7 filter
}

// Switching off an offload. Without a mask the bits that are left out stay as
// they are.
func ExampleClient_FeaturesSet() {
	ctx := context.Background()
	c, err := ethtool.Dial()
	if err != nil {
		log.Fatal(err)
	}
	defer c.Close()

	reply, err := c.FeaturesSet(ctx, &ethtool.FeaturesSetRequest{
		Header: &ethtool.Header{DevName: nl.Some("eth0")},
		Wanted: &ethtool.Bitset{Bits: &ethtool.BitsetBits{Bit: []ethtool.BitsetBit{
			{Name: nl.Some("tx-tcp-segmentation"), Value: false},
		}}},
	})
	if err != nil {
		log.Fatal(err)
	}
	for _, bit := range reply.Active.Bits.Bit {
		fmt.Println("now", bit.Name, bit.Value)
	}
}
