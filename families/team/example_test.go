//go:build linux

package team_test

import (
	"context"
	"fmt"
	"log"
	"net"

	"github.com/nlgen/nlgen/families/team"
	nl "github.com/nlgen/nlgen/runtime"
)

// The ports of a team and which of them can be used.
func Example() {
	c, err := team.Dial()
	if err != nil {
		log.Fatal(err)
	}
	defer c.Close()

	dev, err := net.InterfaceByName("team0")
	if err != nil {
		log.Fatal(err)
	}
	for list, err := range c.PortListGetDump(context.Background(), &team.PortListGetDumpRequest{TeamIfindex: nl.U32(uint32(dev.Index))}) {
		if err != nil {
			log.Fatal(err)
		}
		for _, i := range list.Ports {
			fmt.Println(i.Port.Ifindex, i.Port.Linkup, i.Port.Speed)
		}
	}
}

// The mode is one of the options. It can be set while the team has no ports.
func ExampleClient_OptionsSet() {
	c, err := team.Dial()
	if err != nil {
		log.Fatal(err)
	}
	defer c.Close()

	dev, err := net.InterfaceByName("team0")
	if err != nil {
		log.Fatal(err)
	}
	err = c.OptionsSet(context.Background(), &team.OptionsSetRequest{
		TeamIfindex: nl.U32(uint32(dev.Index)),
		Options: []team.OptionItem{{Option: &team.Option{
			Name: nl.Some("mode"),
			Type: nl.Some(team.OptionTypeString),
			Data: []byte("activebackup\x00"),
		}}},
	})
	if err != nil {
		log.Fatal(err)
	}
}
