//go:build linux

package wireguard_test

import (
	"context"
	"fmt"
	"log"
	"net/netip"
	"time"

	"github.com/nlgen/nlgen/families/wireguard"
	nl "github.com/nlgen/nlgen/runtime"
)

// The peers of a device and when they were last heard of.
func Example() {
	c, err := wireguard.Dial()
	if err != nil {
		log.Fatal(err)
	}
	defer c.Close()

	for dev, err := range c.GetDeviceDump(context.Background(), &wireguard.GetDeviceDumpRequest{Ifname: nl.Some("wg0")}) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(dev.Ifname, "listens on port", dev.ListenPort)
		for _, p := range dev.Peers {
			seen := time.Unix(p.LastHandshakeTime.Value().Sec, p.LastHandshakeTime.Value().Nsec)
			fmt.Printf("%x at %v, last seen %v\n", p.PublicKey, p.Endpoint, seen)
		}
	}
}

// A peer is added; those that are there stay.
func ExampleClient_SetDevice() {
	c, err := wireguard.Dial()
	if err != nil {
		log.Fatal(err)
	}
	defer c.Close()

	key := make([]byte, 32) // the peer's public key
	network := netip.MustParsePrefix("10.0.0.0/24")
	err = c.SetDevice(context.Background(), &wireguard.SetDeviceRequest{
		Ifname: nl.Some("wg0"),
		Peers: []wireguard.Peer{{
			PublicKey:                   key,
			Endpoint:                    nl.Some(netip.MustParseAddrPort("192.0.2.1:51820")),
			PersistentKeepaliveInterval: nl.Some(25 * time.Second),
			AllowedIPs: []wireguard.AllowedIP{{
				Family:   nl.U16(2),
				IPAddr:   nl.Some(network.Addr()),
				CIDRMask: nl.U8(uint8(network.Bits())),
			}},
		}},
	})
	if err != nil {
		log.Fatal(err)
	}
}
