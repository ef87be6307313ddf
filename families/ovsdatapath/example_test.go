//go:build linux

package ovsdatapath_test

import (
	"context"
	"fmt"
	"log"

	"github.com/nlgen/nlgen/families/ovsdatapath"
	nl "github.com/nlgen/nlgen/runtime"
)

// The datapaths that there are, and how many of their packets took no flow.
func Example() {
	c, err := ovsdatapath.Dial()
	if err != nil {
		log.Fatal(err)
	}
	defer c.Close()

	for dp, err := range c.GetDump(context.Background(), nil) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(dp.Header.DPIfindex, dp.Name, dp.Stats.Value().Missed)
	}
}

// A datapath is made; the echo tells its index.
func ExampleClient_New() {
	c, err := ovsdatapath.Dial()
	if err != nil {
		log.Fatal(err)
	}
	defer c.Close()

	dp, err := c.New(context.Background(), &ovsdatapath.NewRequest{Name: nl.Some("dp0"), UpcallPID: nl.U32(0)}, nl.Echo)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("index", dp.Header.DPIfindex)
}
