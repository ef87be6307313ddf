//go:build linux

package ovsvport_test

import (
	"context"
	"fmt"
	"log"
	"net"

	"github.com/nlgen/nlgen/families/ovsvport"
	nl "github.com/nlgen/nlgen/runtime"
)

// The ports of a datapath.
func Example() {
	c, err := ovsvport.Dial()
	if err != nil {
		log.Fatal(err)
	}
	defer c.Close()

	dp, err := net.InterfaceByName("dp0")
	if err != nil {
		log.Fatal(err)
	}
	req := &ovsvport.GetDumpRequest{Header: ovsvport.Header{DPIfindex: int32(dp.Index)}}
	for port, err := range c.GetDump(context.Background(), req) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(port.PortNo, port.Name, port.Type, port.Stats.Value().RxPackets)
	}
}

// A device becomes a port.
func ExampleClient_New() {
	c, err := ovsvport.Dial()
	if err != nil {
		log.Fatal(err)
	}
	defer c.Close()

	dp, err := net.InterfaceByName("dp0")
	if err != nil {
		log.Fatal(err)
	}
	_, err = c.New(context.Background(), &ovsvport.NewRequest{
		Header:     ovsvport.Header{DPIfindex: int32(dp.Index)},
		Type:       nl.Some(ovsvport.TypeNetdev),
		Name:       nl.Some("eth0"),
		UpcallPIDs: []uint32{0},
	})
	if err != nil {
		log.Fatal(err)
	}
}
