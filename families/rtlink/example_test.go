//go:build linux

package rtlink_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"os"

	"github.com/nlgen/nlgen/families/rtlink"
	nl "github.com/nlgen/nlgen/runtime"
)

func Example() {
	c, err := rtlink.Dial()
	if err != nil {
		log.Fatal(err)
	}
	defer c.Close()

	lo, err := c.GetLink(context.Background(), &rtlink.GetLinkRequest{Ifname: nl.Some("lo")})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(lo.Header.Index, lo.Ifname, lo.Header.Type, lo.Address)
	// Output: 1 lo loopback 00:00:00:00:00:00
}

// A pair of connected links, made in one request.
func ExampleClient_NewLink() {
	c, err := rtlink.Dial()
	if err != nil {
		log.Fatal(err)
	}
	defer c.Close()

	_, err = c.NewLink(context.Background(), &rtlink.NewLinkRequest{
		Ifname: nl.Some("veth0"),
		Linkinfo: &rtlink.Linkinfo{Data: &rtlink.LinkinfoVethAttrs{
			Peer: &rtlink.LinkAttrs{Ifname: nl.Some("veth1"), MTU: nl.U32(9000)},
		}},
	}, nl.Create, nl.Excl)
	if errors.Is(err, os.ErrExist) {
		err = nil
	}
	if err != nil {
		log.Fatal(err)
	}
}

func ExampleClient_GetLinkDump() {
	c, err := rtlink.Dial()
	if err != nil {
		log.Fatal(err)
	}
	defer c.Close()

	for link, err := range c.GetLinkDump(context.Background(), nil) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(link.Header.Index, link.Ifname, link.MTU.Or(0), link.Operstate)
	}
}

func ExampleClient_Subscribe() {
	c, err := rtlink.Dial()
	if err != nil {
		log.Fatal(err)
	}
	defer c.Close()

	sub, err := c.Subscribe(rtlink.GroupLink)
	if err != nil {
		log.Fatal(err)
	}
	defer sub.Close()
	for ev, err := range sub.Events(context.Background()) {
		if errors.Is(err, nl.ErrOverrun) {
			fmt.Println("list the links again:", err)
			continue
		}
		if err != nil {
			log.Fatal(err)
		}
		switch ev := ev.(type) {
		case *rtlink.NewLinkNtf:
			fmt.Println("new or changed:", ev.Ifname, ev.Operstate)
		case *rtlink.DelLinkNtf:
			fmt.Println("gone:", ev.Ifname)
		}
	}
}
