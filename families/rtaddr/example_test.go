//go:build linux

package rtaddr_test

import (
	"context"
	"fmt"
	"log"
	"net/netip"

	"golang.org/x/sys/unix"

	"github.com/nlgen/nlgen/families/rtaddr"
	nl "github.com/nlgen/nlgen/runtime"
)

func Example() {
	c, err := rtaddr.Dial()
	if err != nil {
		log.Fatal(err)
	}
	defer c.Close()

	addrs, err := c.GetAddrAll(context.Background(), &rtaddr.GetAddrDumpRequest{
		Header: rtaddr.IfAddrmsg{Family: unix.AF_INET, Index: 1},
	})
	if err != nil {
		log.Fatal(err)
	}
	for _, a := range addrs {
		if a.Address.Value() == netip.MustParseAddr("127.0.0.1") {
			fmt.Printf("%v/%d %v %v\n", a.Address, a.Header.Prefixlen, a.Label, a.Header.Scope)
		}
	}
	// Output: 127.0.0.1/8 lo host
}

// An address that nothing may connect from after an hour.
func ExampleClient_NewAddr() {
	c, err := rtaddr.Dial()
	if err != nil {
		log.Fatal(err)
	}
	defer c.Close()

	_, err = c.NewAddr(context.Background(), &rtaddr.NewAddrRequest{
		Header:    rtaddr.IfAddrmsg{Family: unix.AF_INET6, Prefixlen: 64, Index: 2},
		Address:   nl.Some(netip.MustParseAddr("2001:db8::1")),
		Cacheinfo: nl.Some(rtaddr.Cacheinfo{Preferred: 3600, Valid: 7200}),
	}, nl.Create, nl.Replace)
	if err != nil {
		log.Fatal(err)
	}
}
