package nlctrl

import (
	"errors"
	"os"
	"slices"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/nlgen/nlgen/internal/familytest"
	nl "github.com/nlgen/nlgen/runtime"
)

// The families of the kernel are those of all network namespaces, and reading them
// needs no privilege, so that the tests need no namespace.

func dial(t *testing.T) *Client {
	t.Helper()
	c, err := Dial()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

func TestIntegrationFamily(t *testing.T) {
	c := dial(t)
	ctx := familytest.Context(t)
	self, err := c.GetFamily(ctx, &GetFamilyRequest{FamilyName: nl.Some("nlctrl")})
	if err != nil {
		t.Fatal(err)
	}
	if self.FamilyID.Value() != unix.GENL_ID_CTRL || self.Version.Value() != 2 || self.Hdrsize.Value() != 0 {
		t.Errorf("nlctrl %+v", self)
	}
	get := familytest.Find(t, self.Ops, func(op OpAttrs) bool { return op.ID.Value() == uint32(opGetFamily.Request) })
	if want := OpFlagCmdCapDo | OpFlagCmdCapDump | OpFlagCmdCapHaspol; get.Flags.Value() != want {
		t.Errorf("flags of getfamily %v, want %v", get.Flags, want)
	}
	if len(self.McastGroups) != 1 || self.McastGroups[0].Name.Value() != "notify" || self.McastGroups[0].ID.Value() == 0 {
		t.Errorf("groups %+v", self.McastGroups)
	}

	ethtool, err := c.GetFamily(ctx, &GetFamilyRequest{FamilyName: nl.Some("ethtool")})
	if err != nil {
		t.Fatal(err)
	}
	byID, err := c.GetFamily(ctx, &GetFamilyRequest{FamilyID: ethtool.FamilyID})
	if err != nil {
		t.Fatal(err)
	}
	familytest.Equal(t, "ethtool by its id", byID, ethtool)

	raw, err := nl.All[nl.Raw](ctx, c.conn, &opGetFamily, &GetFamilyDumpRequest{})
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, m := range raw {
		f := familytest.RoundTrip[GetFamilyReply](t, m.Payload)
		names = append(names, f.FamilyName.Value())
	}
	for _, name := range []string{"nlctrl", "ethtool"} {
		if !slices.Contains(names, name) {
			t.Errorf("%s is not among the families %q", name, names)
		}
	}
}

func TestIntegrationPolicy(t *testing.T) {
	c := dial(t)
	for _, name := range []string{"nlctrl", "ethtool"} {
		req := &GetPolicyDumpRequest{FamilyName: nl.Some(name)}
		raw, err := nl.All[nl.Raw](familytest.Context(t), c.conn, &opGetPolicy, req)
		if err != nil {
			t.Fatal(err)
		}
		policies := map[uint16]map[uint16]PolicyAttrs{}
		ops := map[uint16]OpPolicyAttrs{}
		for _, m := range raw {
			msg := familytest.RoundTrip[GetPolicyReply](t, m.Payload)
			for _, p := range msg.Policy {
				if policies[p.PolicyID] == nil {
					policies[p.PolicyID] = map[uint16]PolicyAttrs{}
				}
				policies[p.PolicyID][p.AttrID] = p.Value
			}
			for _, op := range msg.OpPolicy {
				ops[op.OpID] = op.Value
			}
			if len(msg.Unknown) > 0 {
				t.Errorf("%s: unknown attributes %x", name, []byte(msg.Unknown))
			}
		}
		for id, attrs := range policies {
			for attr, p := range attrs {
				checkPolicy(t, p)
				if p.Type.Value() == AttrTypeNested && p.PolicyIdx.Present() && policies[uint16(p.PolicyIdx.Value())] == nil {
					t.Errorf("%s: attribute %d of policy %d has a policy that is not there: %v", name, attr, id, p.PolicyIdx)
				}
			}
		}
		for id, op := range ops {
			if _, ok := policies[uint16(op.Do.Value())]; !ok {
				t.Errorf("%s: operation %d has the policy %v, which is not there", name, id, op.Do)
			}
		}
		if name == "nlctrl" {
			get := policies[uint16(ops[opGetFamily.Request].Do.Value())]
			family := get[attrCtrlFamilyName]
			if family.Type.Value() != AttrTypeNulString || family.MaxLength.Value() != 15 {
				t.Errorf("policy of family-name: %+v", family)
			}
			if id := get[attrCtrlFamilyID]; id.Type.Value() != AttrTypeU16 || id.MinValueU.Value() != 0 || id.MaxValueU.Value() != 0xffff {
				t.Errorf("policy of family-id: %+v", id)
			}
		}
		if name == "ethtool" && !slices.ContainsFunc(flatten(policies), func(p PolicyAttrs) bool { return p.Mask.Present() }) {
			t.Error("no attribute of ethtool has a mask")
		}
	}
}

// checkPolicy checks what must come together; the ids of the padding and of the
// mask are next to each other, and swapped in some descriptions.
func checkPolicy(t *testing.T, p PolicyAttrs) {
	t.Helper()
	if len(p.Unknown) > 0 {
		t.Errorf("unknown attributes %x in %+v", []byte(p.Unknown), p)
	}
	if !p.Type.Present() || p.MinValueU.Present() != p.MaxValueU.Present() || p.MinValueS.Present() != p.MaxValueS.Present() {
		t.Errorf("incomplete policy %+v", p)
	}
	if p.Mask.Present() && p.MinValueU.Present() {
		t.Errorf("policy with a mask and a range: %+v", p)
	}
}

func flatten(policies map[uint16]map[uint16]PolicyAttrs) []PolicyAttrs {
	var all []PolicyAttrs
	for _, attrs := range policies {
		for _, p := range attrs {
			all = append(all, p)
		}
	}
	return all
}

func TestIntegrationPolicyOfOperation(t *testing.T) {
	c := dial(t)
	req := &GetPolicyDumpRequest{FamilyName: nl.Some("nlctrl"), Op: nl.U32(uint32(opGetFamily.Request))}
	msgs, err := c.GetPolicyAll(familytest.Context(t), req)
	if err != nil {
		t.Fatal(err)
	}
	var ops []uint16
	for _, msg := range msgs {
		for _, op := range msg.OpPolicy {
			ops = append(ops, op.OpID)
		}
	}
	if !slices.Equal(ops, []uint16{opGetFamily.Request}) {
		t.Errorf("policies of the operations %v, want that of getfamily alone", ops)
	}
}

func TestIntegrationErrors(t *testing.T) {
	c := dial(t)
	ctx := familytest.Context(t)
	if _, err := c.GetFamily(ctx, &GetFamilyRequest{FamilyName: nl.Some("no-such-family")}); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a family that is not there: %v", err)
	}
	if _, err := c.GetFamily(ctx, nil); !errors.Is(err, unix.EINVAL) {
		t.Errorf("a request without name and id: %v", err)
	}
	if _, err := c.GetPolicyAll(ctx, &GetPolicyDumpRequest{FamilyName: nl.Some("no-such-family")}); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the policy of a family that is not there: %v", err)
	}
}
