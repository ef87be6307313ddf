package errata_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/nlgen/nlgen/gen/errata"
	"github.com/nlgen/nlgen/gen/spec"
	"github.com/nlgen/nlgen/internal/kernelsrc"
	"github.com/nlgen/nlgen/internal/testenv"
)

// corrected lists, by file, the structs the errata change, and those that
// contain one.
var corrected = map[string][]string{
	"tc.yaml": {
		"tc-ratespec", "tc-tbf-qopt", "tc-htb-opt", "tc-police", "tc-u32-sel", "tc-u32-pcnt",
		"tc-pedit-sel", "tc-stats", "gnet-stats-basic",
	},
	"rt_link.yaml":  {"rtnl-link-ifmap", "ifla-vf-guid"},
	"rt_route.yaml": {"rta-cacheinfo", "rtnexthop"},
	"ovs_flow.yaml": {"ovs-key-arp", "ovs-key-ct-tuple-ipv4", "ovs-action-add-mpls"},
}

const headers = `#include <stddef.h>
#include <stdio.h>
#include <linux/gen_stats.h>
#include <linux/if_link.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netlink.h>
#include <linux/openvswitch.h>
#include <linux/pkt_cls.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>
#include <linux/tc_act/tc_pedit.h>
`

// correct returns a spec of Linux 6.12 with its errata applied.
func correct(t *testing.T, file string) *spec.Spec {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(kernelsrc.Specs(t), file))
	if err != nil {
		t.Fatal(err)
	}
	root, _ := errata.Apply(load(t, file, data))
	s, diags := spec.Decode(root, spec.Options{})
	if err := diags.Err(); err != nil {
		t.Fatal(err)
	}
	return s
}

// TestLayout compares sizes and offsets of the corrected structs with what a C
// compiler makes of the UAPI headers.
func TestLayout(t *testing.T) {
	for file, names := range corrected {
		t.Run(file, func(t *testing.T) {
			s := correct(t, file)
			defs := map[string]*spec.Definition{}
			for _, d := range s.Definitions {
				defs[d.Name.Value] = d
			}
			var want, program strings.Builder
			for _, name := range names {
				describe(&want, &program, defs, name)
			}
			compare(t, program.String(), want.String())
		})
	}
}

// compare runs the statements of a C program and compares what they print.
func compare(t *testing.T, statements, want string) {
	t.Helper()
	got := runC(t, headers+"int main(void) {\n"+statements+"return 0;\n}\n")
	if diff := cmp.Diff(got, want); diff != "" {
		t.Errorf("(-headers +spec):\n%s", diff)
	}
}

// renumbered lists, by file, the sets whose ids the errata change, with the
// prefix of their C names.
var renumbered = map[string]map[string]string{
	"nlctrl.yaml":   {"policy-attrs": "NL_POLICY_TYPE_ATTR_"},
	"ovs_flow.yaml": {"action-attrs": "OVS_ACTION_ATTR_"},
	"nftables.yaml": {
		"table-attrs": "NFTA_TABLE_", "chain-attrs": "NFTA_CHAIN_", "rule-attrs": "NFTA_RULE_",
		"setelem-attrs": "NFTA_SET_ELEM_", "expr-lookup-attrs": "NFTA_LOOKUP_",
	},
}

// newerThanHeaders lists the attributes that older UAPI headers lack.
var newerThanHeaders = []string{"OVS_ACTION_ATTR_DROP", "OVS_ACTION_ATTR_PSAMPLE"}

// TestIDs compares the ids in the corrected sets with the UAPI headers.
func TestIDs(t *testing.T) {
	for file, prefixes := range renumbered {
		t.Run(file, func(t *testing.T) {
			var want, program strings.Builder
			for _, set := range correct(t, file).AttributeSets {
				if prefix, ok := prefixes[set.Name.Value]; ok {
					describeIDs(&want, &program, set, prefix)
				}
			}
			compare(t, program.String(), want.String())
		})
	}
}

func describeIDs(want, program *strings.Builder, set *spec.AttributeSet, prefix string) {
	id := uint32(0)
	for _, a := range set.Attributes {
		id = a.Value.Or(id + 1)
		c := prefix + strings.ToUpper(strings.NewReplacer("-", "_", " ", "_").Replace(a.Name.Value))
		if slices.Contains(newerThanHeaders, c) {
			continue
		}
		fmt.Fprintf(want, "%s %d\n", c, id)
		fmt.Fprintf(program, "printf(\"%s %%d\\n\", %s);\n", c, c)
	}
}

// describe writes what the spec says about a struct, and the C statements that
// print the same from the headers.
func describe(want, program *strings.Builder, defs map[string]*spec.Definition, name string) {
	size, _, offsets := layout(defs, name)
	c := strings.ReplaceAll(name, "-", "_")
	fmt.Fprintf(want, "%s %d\n", c, size)
	fmt.Fprintf(program, "printf(\"%s %%zu\\n\", sizeof(struct %s));\n", c, c)
	for i, m := range defs[name].Members {
		member := strings.ReplaceAll(m.Name.Value, "-", "_")
		fmt.Fprintf(want, "%s.%s %d\n", c, member, offsets[i])
		fmt.Fprintf(program, "printf(\"%s.%s %%zu\\n\", offsetof(struct %s, %s));\n", c, member, c, member)
	}
}

// layout computes size, alignment and offsets as the spec language defines them.
func layout(defs map[string]*spec.Definition, name string) (size, align int, offsets []int) {
	align = 1
	natural := defs[name].Layout.Value == spec.Natural
	for _, m := range defs[name].Members {
		n, a := memberSize(defs, m)
		if natural {
			size = (size + a - 1) / a * a
			align = max(align, a)
		}
		offsets = append(offsets, size)
		if !m.Count.Value.Flexible {
			size += n
		}
	}
	return (size + align - 1) / align * align, align, offsets
}

func memberSize(defs map[string]*spec.Definition, m *spec.Member) (size, align int) {
	switch m.Type.Value {
	case spec.TypeU8, spec.TypeS8:
		return 1, 1
	case spec.TypeU16, spec.TypeS16:
		return 2, 2
	case spec.TypeU32, spec.TypeS32:
		return 4, 4
	case spec.TypeU64, spec.TypeS64:
		return 8, 8
	}
	if m.Struct.Set {
		size, _, _ = layout(defs, m.Struct.Value)
		return size, 4 // every struct embedded here has a 32-bit member
	}
	return int(m.Len.Value.Int.Abs), 1
}

// runC compiles and runs a program, as a 64-bit one, and returns what it prints.
func runC(t *testing.T, program string) string {
	t.Helper()
	cc := testenv.Program(t, "cc")
	dir := t.TempDir()
	source, binary := filepath.Join(dir, "layout.c"), filepath.Join(dir, "layout")
	if err := os.WriteFile(source, []byte(program), 0o644); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command(cc, "-o", binary, source).CombinedOutput(); err != nil {
		t.Fatalf("cc: %v\n%s", err, out)
	}
	out, err := exec.Command(binary).Output()
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}
