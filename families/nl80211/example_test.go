//go:build linux

package nl80211_test

import (
	"context"
	"fmt"
	"log"

	"github.com/nlgen/nlgen/families/nl80211"
	nl "github.com/nlgen/nlgen/runtime"
)

// The channels of all radios.
func Example() {
	c, err := nl80211.Dial()
	if err != nil {
		log.Fatal(err)
	}
	defer c.Close()

	all := &nl80211.GetWiphyDumpRequest{SplitWiphyDump: true}
	for radio, err := range c.GetWiphyDump(context.Background(), all) {
		if err != nil {
			log.Fatal(err)
		}
		for _, band := range radio.Bands {
			for _, channel := range band.Value.Freqs {
				fmt.Println(radio.WiphyName, channel.Freq, "MHz, disabled:", channel.Disabled)
			}
		}
	}
}

// A scan, and the networks that it has found.
func ExampleClient_TriggerScan() {
	ctx := context.Background()
	c, err := nl80211.Dial()
	if err != nil {
		log.Fatal(err)
	}
	defer c.Close()

	ifindex := nl.U32(3)
	sub, err := c.Subscribe(nl80211.GroupScan) // before the scan, so that its end is not missed
	if err != nil {
		log.Fatal(err)
	}
	defer sub.Close()
	anyName := [][]byte{{}}
	if err := c.TriggerScan(ctx, &nl80211.TriggerScanRequest{Ifindex: ifindex, ScanSSIDs: anyName}); err != nil {
		log.Fatal(err)
	}
	for ev, err := range sub.Events(ctx) {
		if err != nil {
			log.Fatal(err)
		}
		if done, ok := ev.(*nl80211.NewScanResultsNtf); ok && done.Ifindex == ifindex {
			break
		}
	}
	networks, err := c.GetScanAll(ctx, &nl80211.GetScanDumpRequest{Ifindex: ifindex})
	if err != nil {
		log.Fatal(err)
	}
	for _, n := range networks {
		fmt.Println(n.BSS.BSSID, n.BSS.Frequency, "MHz", n.BSS.SignalMbm.Value()/100, "dBm")
	}
}

// Interfaces as they come and go.
func ExampleClient_Subscribe() {
	c, err := nl80211.Dial()
	if err != nil {
		log.Fatal(err)
	}
	defer c.Close()

	sub, err := c.Subscribe(nl80211.GroupConfig)
	if err != nil {
		log.Fatal(err)
	}
	defer sub.Close()
	for ev, err := range sub.Events(context.Background()) {
		if err != nil {
			log.Fatal(err)
		}
		switch ev := ev.(type) {
		case *nl80211.NewInterfaceNtf:
			fmt.Println("new:", ev.Ifname, ev.IfType)
		case *nl80211.DelInterfaceNtf:
			fmt.Println("gone:", ev.Ifname)
		}
	}
}
