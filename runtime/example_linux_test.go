package runtime_test

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"log"
	"os"

	nl "github.com/nlgen/nlgen/runtime"
)

// Iface is what nlgen generates from a spec, much shortened: a network interface
// of rtnetlink.
type Iface struct {
	Index uint32
	Name  nl.Opt[string]
	MTU   nl.Opt[uint32]
}

// Encode appends a struct ifinfomsg and the attributes that are present.
func (m *Iface) Encode(e *nl.Encoder, b []byte) []byte {
	b, header := nl.Grow(b, 16)
	binary.NativeEndian.PutUint32(header[4:], m.Index)
	b = nl.AppendString(e, b, 3, m.Name)
	return nl.AppendU32(b, 4, m.MTU)
}

// Decode reads the same.
func (m *Iface) Decode(d *nl.Decoder) {
	m.Index = binary.NativeEndian.Uint32(d.Struct(16)[4:])
	for d.Next() {
		switch d.ID() {
		case 3:
			nl.GetString(d, &m.Name)
		case 4:
			nl.GetU32(d, &m.MTU)
		}
	}
}

var (
	family  = nl.Family{Name: "rt-link"}
	getLink = nl.Op{Name: "getlink", Request: 18, Reply: 16, Header: 16, NoAck: true}
)

func Example() {
	conn, err := nl.Dial(&family)
	if err != nil {
		log.Fatal(err)
	}
	defer conn.Close()
	ctx := context.Background()

	lo, err := nl.Do[Iface](ctx, conn, &getLink, &Iface{Name: nl.Some("lo")})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(lo.Name, "is number", lo.Index)

	_, err = nl.Do[Iface](ctx, conn, &getLink, &Iface{Name: nl.Some("nope")})
	fmt.Println(errors.Is(err, os.ErrNotExist), err)
	// Output:
	// lo is number 1
	// true rt-link: getlink: no such device
}

func ExampleDump() {
	conn, err := nl.Dial(&family)
	if err != nil {
		log.Fatal(err)
	}
	defer conn.Close()

	for link, err := range nl.Dump[Iface, Iface](context.Background(), conn, &getLink, nil) {
		if err != nil {
			log.Fatal(err)
		}
		if link.Index == 1 {
			fmt.Println(link.Name)
		}
	}
	// Output: lo
}

func ExampleConn_Subscribe() {
	conn, err := nl.Dial(&family)
	if err != nil {
		log.Fatal(err)
	}
	defer conn.Close()

	links, err := conn.Subscribe(nl.Group{Name: "rtnlgrp-link", Value: 1})
	if err != nil {
		log.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel() // so that the example ends
	for event, err := range links.Events(ctx) {
		switch {
		case errors.Is(err, nl.ErrOverrun):
			fmt.Println("some events were lost: list the links again")
		case err != nil:
			fmt.Println(err)
		default:
			fmt.Printf("%T\n", event)
		}
	}
	// Output: context canceled
}
