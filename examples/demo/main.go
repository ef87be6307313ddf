// Command demo uses three generated clients on the running kernel: it lists
// links with their addresses and the Generic Netlink families, and makes a pair
// of veth devices in a network namespace of its own, if it may.
package main

import (
	"context"
	"errors"
	"fmt"
	"log"
	"os"
	"runtime"
	"syscall"

	nl "github.com/nlgen/nlgen/runtime"

	"example.com/demo/nlctrl"
	"example.com/demo/rtaddr"
	"example.com/demo/rtlink"
)

func main() {
	log.SetFlags(0)
	ctx := context.Background()
	for _, step := range []struct {
		title string
		run   func(context.Context) error
	}{
		{"Links and addresses", listLinks},
		{"Generic Netlink families", listFamilies},
		{"A veth pair in a namespace of its own", makeVeth},
	} {
		fmt.Printf("\n== %s\n", step.title)
		if err := step.run(ctx); err != nil {
			log.Fatal(err)
		}
	}
}

func listLinks(ctx context.Context) error {
	links, err := rtlink.Dial()
	if err != nil {
		return err
	}
	defer links.Close()
	addrs, err := rtaddr.Dial()
	if err != nil {
		return err
	}
	defer addrs.Close()

	byLink := map[uint32][]string{}
	for addr, err := range addrs.GetAddrDump(ctx, nil) {
		if err != nil {
			return err
		}
		i := addr.Header.Index
		byLink[i] = append(byLink[i], fmt.Sprintf("%s/%d", addr.Address, addr.Header.Prefixlen))
	}
	for link, err := range links.GetLinkDump(ctx, nil) {
		if err != nil {
			return err
		}
		fmt.Printf("%3d %-12s mtu %-6d %-10s %v\n", link.Header.Index, link.Ifname,
			link.MTU.Value(), link.Operstate, byLink[uint32(link.Header.Index)])
	}
	return nil
}

func listFamilies(ctx context.Context) error {
	c, err := nlctrl.Dial()
	if err != nil {
		return err
	}
	defer c.Close()
	families, err := c.GetFamilyAll(ctx, nil)
	if err != nil {
		return err
	}
	for _, f := range families {
		fmt.Printf("%3d %-16s version %d, %d operations, %d groups\n", f.FamilyID.Value(),
			f.FamilyName, f.Version.Value(), len(f.Ops), len(f.McastGroups))
	}
	return nil
}

// makeVeth never unlocks its thread, which stays in the new namespace: the
// program ends soon after.
func makeVeth(ctx context.Context) error {
	runtime.LockOSThread()
	if err := syscall.Unshare(syscall.CLONE_NEWNET); errors.Is(err, os.ErrPermission) {
		fmt.Println("left out: making a namespace needs root")
		return nil
	} else if err != nil {
		return err
	}
	c, err := rtlink.Dial()
	if err != nil {
		return err
	}
	defer c.Close()
	pair := &rtlink.NewLinkRequest{
		Ifname: nl.Some("demo0"),
		Linkinfo: &rtlink.Linkinfo{
			Data: &rtlink.LinkinfoVethAttrs{Peer: &rtlink.LinkAttrs{Ifname: nl.Some("demo1")}},
		},
	}
	if _, err := c.NewLink(ctx, pair, nl.Create|nl.Excl); err != nil {
		return err
	}
	_, err = c.NewLink(ctx, pair, nl.Create|nl.Excl)
	fmt.Println("making it again says:", err)
	for link, err := range c.GetLinkDump(ctx, nil) {
		if err != nil {
			return err
		}
		fmt.Printf("%3d %-12s %v\n", link.Header.Index, link.Ifname, link.Address)
	}
	return nil
}
