//go:build linux

package nlctrl_test

import (
	"context"
	"fmt"
	"log"

	"github.com/nlgen/nlgen/families/nlctrl"
	nl "github.com/nlgen/nlgen/runtime"
)

// The id and the multicast groups of a family.
func Example() {
	c, err := nlctrl.Dial()
	if err != nil {
		log.Fatal(err)
	}
	defer c.Close()

	f, err := c.GetFamily(context.Background(), &nlctrl.GetFamilyRequest{FamilyName: nl.Some("nlctrl")})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(f.FamilyName, "has the id", f.FamilyID)
	for _, g := range f.McastGroups {
		fmt.Println("group", g.Name)
	}
	// Output:
	// nlctrl has the id 16
	// group notify
}

// What the kernel accepts in the requests of a family.
func ExampleClient_GetPolicyDump() {
	c, err := nlctrl.Dial()
	if err != nil {
		log.Fatal(err)
	}
	defer c.Close()

	req := &nlctrl.GetPolicyDumpRequest{FamilyName: nl.Some("nlctrl")}
	for msg, err := range c.GetPolicyDump(context.Background(), req) {
		if err != nil {
			log.Fatal(err)
		}
		for _, op := range msg.OpPolicy {
			fmt.Println("operation", op.OpID, "has the policy", op.Value.Do.Or(0))
		}
		for _, p := range msg.Policy {
			fmt.Println("policy", p.PolicyID, "attribute", p.AttrID, "is", p.Value.Type)
		}
	}
}
