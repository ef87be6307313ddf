//go:build linux

package devlink_test

import (
	"context"
	"fmt"
	"log"

	"github.com/nlgen/nlgen/families/devlink"
	nl "github.com/nlgen/nlgen/runtime"
)

// The ports of all devices.
func Example() {
	c, err := devlink.Dial()
	if err != nil {
		log.Fatal(err)
	}
	defer c.Close()

	for port, err := range c.PortGetDump(context.Background(), nil) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(port.BusName, port.DevName, port.PortIndex, port.PortFlavour, port.PortNetdevName)
	}
}

// Devices as they come and go.
func ExampleClient_Subscribe() {
	c, err := devlink.Dial()
	if err != nil {
		log.Fatal(err)
	}
	defer c.Close()

	sub, err := c.Subscribe(devlink.GroupConfig)
	if err != nil {
		log.Fatal(err)
	}
	defer sub.Close()
	for ev, err := range sub.Events(context.Background()) {
		if err != nil {
			log.Fatal(err)
		}
		switch ev := ev.(type) {
		case *devlink.NewNtf:
			fmt.Println("new:", ev.BusName, ev.DevName)
		case *devlink.DelNtf:
			fmt.Println("gone:", ev.BusName, ev.DevName)
		}
	}
}

// A parameter gets a value that counts from the next reload on.
func ExampleClient_ParamSet() {
	ctx := context.Background()
	c, err := devlink.Dial()
	if err != nil {
		log.Fatal(err)
	}
	defer c.Close()

	bus, dev := nl.Some("pci"), nl.Some("0000:01:00.0")
	err = c.ParamSet(ctx, &devlink.ParamSetRequest{
		BusName: bus, DevName: dev,
		ParamName:       nl.Some("enable_sriov"),
		ParamType:       nl.Some(devlink.ValueTypeFlag),
		ParamValueData:  []byte{}, // on; nil is off
		ParamValueCmode: nl.Some(devlink.ParamCmodeDriverinit),
	})
	if err != nil {
		log.Fatal(err)
	}
	if _, err := c.Reload(ctx, &devlink.ReloadRequest{BusName: bus, DevName: dev}); err != nil {
		log.Fatal(err)
	}
}
