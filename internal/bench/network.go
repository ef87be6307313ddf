package main

import (
	"context"
	"fmt"
	"net"
	"net/netip"

	"github.com/nlgen/nlgen/families/rtaddr"
	"github.com/nlgen/nlgen/families/rtlink"
	nl "github.com/nlgen/nlgen/runtime"
)

var ctx = context.Background()

// The device that routes leave by, and the other end of the pair.
const (
	device = "v0"
	behind = "v1"
)

var (
	// The address of the device, and a gateway beside it.
	local   = netip.MustParsePrefix("10.255.0.1/24")
	gateway = netip.MustParseAddr("10.255.0.2")
)

// pair is the request for a veth pair.
func pair(name, peer string) *rtlink.NewLinkRequest {
	return &rtlink.NewLinkRequest{
		Ifname: nl.Some(name),
		Linkinfo: &rtlink.Linkinfo{Data: &rtlink.LinkinfoVethAttrs{
			Peer: &rtlink.LinkAttrs{Ifname: nl.Some(peer)},
		}},
	}
}

// set is the request that makes flags those of a link, as far as it is up or down.
func set(name string, flags rtlink.DeviceFlags) *rtlink.NewLinkRequest {
	return &rtlink.NewLinkRequest{
		Header: rtlink.Ifinfomsg{Flags: flags, Change: rtlink.DeviceFlagsUp},
		Ifname: nl.Some(name),
	}
}

// setupDevice makes the device, with an address.
func setupDevice(int) error {
	links, err := rtlink.Dial()
	if err != nil {
		return err
	}
	defer links.Close()
	if _, err := links.NewLink(ctx, pair(device, behind), nl.Create|nl.Excl); err != nil {
		return err
	}
	for _, name := range []string{device, behind} {
		if _, err := links.NewLink(ctx, set(name, rtlink.DeviceFlagsUp)); err != nil {
			return err
		}
	}
	addrs, err := rtaddr.Dial()
	if err != nil {
		return err
	}
	defer addrs.Close()
	index, err := deviceIndex()
	if err != nil {
		return err
	}
	_, err = addrs.NewAddr(ctx, &rtaddr.NewAddrRequest{
		Header: rtaddr.IfAddrmsg{Family: familyIPv4, Prefixlen: uint8(local.Bits()), Index: index},
		Local:  nl.Some(local.Addr()),
	}, nl.Create)
	return err
}

func deviceIndex() (uint32, error) { return indexOf(device) }

func indexOf(name string) (uint32, error) {
	i, err := net.InterfaceByName(name)
	if err != nil {
		return 0, err
	}
	return uint32(i.Index), nil
}

// flush removes the routes of the device: they go when it goes down.
func flush(int) error {
	links, err := rtlink.Dial()
	if err != nil {
		return err
	}
	defer links.Close()
	for _, flags := range []rtlink.DeviceFlags{0, rtlink.DeviceFlagsUp} {
		if _, err := links.NewLink(ctx, set(device, flags)); err != nil {
			return err
		}
	}
	return nil
}

// leftName is the name of one end of a pair.
func leftName(i int) string { return fmt.Sprintf("left%d", i) }

// setupPairs makes n links, besides that of every namespace.
func setupPairs(n int) error {
	links, err := rtlink.Dial()
	if err != nil {
		return err
	}
	defer links.Close()
	for i := range n / 2 {
		req := pair(leftName(i), fmt.Sprintf("right%d", i))
		if _, err := links.NewLink(ctx, req, nl.Create|nl.Excl); err != nil {
			return err
		}
	}
	return nil
}
