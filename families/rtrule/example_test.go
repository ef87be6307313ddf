//go:build linux

package rtrule_test

import (
	"context"
	"fmt"
	"log"

	"golang.org/x/sys/unix"

	"github.com/nlgen/nlgen/families/rtrule"
	nl "github.com/nlgen/nlgen/runtime"
)

// The rule that comes before all others.
func Example() {
	c, err := rtrule.Dial()
	if err != nil {
		log.Fatal(err)
	}
	defer c.Close()

	rules, err := c.GetRuleAll(context.Background(), &rtrule.GetRuleDumpRequest{
		Header: rtrule.FIBRuleHdr{Family: unix.AF_INET},
	})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(rules[0].Priority.Or(0), rules[0].Header.Action, rules[0].Table)
	// Output: 0 to-tbl local
}

// Marked packets take the routes of a table of their own.
func ExampleClient_NewRule() {
	c, err := rtrule.Dial()
	if err != nil {
		log.Fatal(err)
	}
	defer c.Close()

	_, err = c.NewRule(context.Background(), &rtrule.NewRuleRequest{
		Header:   rtrule.FIBRuleHdr{Family: unix.AF_INET, Action: rtrule.ActionToTbl},
		Priority: nl.U32(1000),
		Fwmark:   nl.U32(0x10),
		Fwmask:   nl.U32(0xff),
		Table:    nl.Some(rtrule.Table(1000)),
	}, nl.Create, nl.Excl)
	if err != nil {
		log.Fatal(err)
	}
}
