//go:build linux

package ovsflow_test

import (
	"context"
	"fmt"
	"log"
	"net"
	"time"

	"github.com/nlgen/nlgen/families/ovsflow"
	nl "github.com/nlgen/nlgen/runtime"
)

// The flows of a datapath, with what they took and what they do.
func Example() {
	c, err := ovsflow.Dial()
	if err != nil {
		log.Fatal(err)
	}
	defer c.Close()

	dp, err := net.InterfaceByName("dp0")
	if err != nil {
		log.Fatal(err)
	}
	req := &ovsflow.GetDumpRequest{Header: ovsflow.Header{DPIfindex: int32(dp.Index)}}
	for flow, err := range c.GetDump(context.Background(), req) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println("from port", flow.Key.InPort, flow.Stats.Value().Packets, "packets")
		for _, a := range flow.Actions {
			if port, ok := a.Output.Get(); ok {
				fmt.Println("  to port", port)
			}
		}
	}
}

// Everything that comes in on port 1 goes out on port 2 with a VLAN tag, and to
// port 3 as it was.
func ExampleClient_New() {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	c, err := ovsflow.Dial()
	if err != nil {
		log.Fatal(err)
	}
	defer c.Close()

	dp, err := net.InterfaceByName("dp0")
	if err != nil {
		log.Fatal(err)
	}
	_, err = c.New(ctx, &ovsflow.NewRequest{
		Header: ovsflow.Header{DPIfindex: int32(dp.Index)},
		Key: &ovsflow.Key{
			InPort:    nl.U32(1),
			Ethernet:  nl.Some(ovsflow.Ethernet{}),
			Ethertype: nl.U16(0x0800),
		},
		Mask: &ovsflow.Key{InPort: nl.U32(0xffffffff)},
		Actions: []ovsflow.Action{
			{PushVLAN: nl.Some(ovsflow.PushVLAN{TPID: 0x8100, TCI: 0x1000 | 42})},
			{Output: nl.U32(2)},
			{PopVLAN: true},
			{Output: nl.U32(3)},
		},
	}, nl.Create)
	if err != nil {
		log.Fatal(err)
	}
}
