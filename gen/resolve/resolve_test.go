package resolve_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/nlgen/nlgen/gen/diag"
	"github.com/nlgen/nlgen/gen/errata"
	"github.com/nlgen/nlgen/gen/model"
	"github.com/nlgen/nlgen/gen/resolve"
	"github.com/nlgen/nlgen/gen/spec"
	"github.com/nlgen/nlgen/gen/tree"
	"github.com/nlgen/nlgen/internal/golden"
	"github.com/nlgen/nlgen/internal/kernelsrc"
)

// load reads a tree that must be well formed.
func load(t *testing.T, name string, data []byte) *tree.Node {
	t.Helper()
	node, diags := tree.Load(name, data)
	if err := diags.Err(); err != nil {
		t.Fatal(err)
	}
	return node
}

// decode reads a spec that must be well formed.
func decode(t *testing.T, node *tree.Node) *spec.Spec {
	t.Helper()
	s, diags := spec.Decode(node, spec.Options{})
	if err := diags.Err(); err != nil {
		t.Fatal(err)
	}
	return s
}

func dump(t *testing.T, f *model.Family) string {
	t.Helper()
	var b strings.Builder
	if err := model.Dump(&b, f); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// TestGolden resolves spec.yaml of each archive. The wanted model is there if
// there is no error; operations.txt lists the operations wanted.
func TestGolden(t *testing.T) {
	golden.Run(t, "testdata/*.txtar", func(t *testing.T, in golden.Files) golden.Files {
		s := decode(t, load(t, "spec.yaml", []byte(in["spec.yaml"])))
		f, diags := resolve.Resolve(s, resolve.Options{Operations: strings.Fields(in["operations.txt"])})
		out := golden.Files{"errors.txt": diags.String()}
		if !diags.HasErrors() {
			out["model.txt"] = dump(t, f)
		}
		return out
	})
}

// TestPackage checks that the option wins over the spec, and the spec over the
// rule.
func TestPackage(t *testing.T) {
	const rest = "name: rt-addr\ndoc: d\nattribute-sets: []\noperations: {list: []}\n"
	for _, c := range []struct{ spec, option, want string }{
		{rest, "", "rtaddr"},
		{rest + "x-nlgen-package: addresses\n", "", "addresses"},
		{rest + "x-nlgen-package: addresses\n", "mine", "mine"},
	} {
		s := decode(t, load(t, "spec.yaml", []byte(c.spec)))
		f, diags := resolve.Resolve(s, resolve.Options{Package: c.option})
		if err := diags.Err(); err != nil || f.Package != c.want {
			t.Errorf("package %s, %v; want %s", f.Package, err, c.want)
		}
	}
}

// TestCNames checks the names in C: those of the kernel's rule, and those the
// spec gives.
func TestCNames(t *testing.T) {
	const text = `
name: test-fam
protocol: genetlink-legacy
doc: d
definitions:
  - {name: max-len, type: const, value: 1}
  - {name: key-len, type: const, value: 1, name-prefix: wg-}
  - {name: nowhere, type: const, value: 1, x-nlgen-c-name: null}
  - {name: some-kind, type: enum, entries: [a-b, {name: c, x-nlgen-c-name: OWN}]}
  - {name: other, type: flags, name-prefix: pre-, enum-name: null, entries: [d]}
  - {name: some-hdr, type: struct, members: [{name: tv-sec, type: u32}, {name: b, type: u32, x-nlgen-c-name: own}]}
attribute-sets:
  - {name: test-fam, attributes: [{name: a-b, type: u8}]}
  - {name: dev, attributes: [{name: c, type: u8}, {name: d, type: u8, name-prefix: x-}]}
  - {name: pre, name-prefix: ifla-, attr-max-name: top, attr-cnt-name: --count, attributes: [{name: mtu, type: u8}]}
  - {name: sub, subset-of: pre, attributes: [{name: mtu}]}
kernel-family: {headers: [net/a.h], sock-priv: struct priv}
operations:
  async-prefix: ev-
  list:
    - {name: dev-get, doc: d, do: {reply: {}}}
    - {name: dev-ntf, doc: d, notify: dev-get}
    - {name: own, doc: d, do: {}, x-nlgen-c-name: OWN_OP}
mcast-groups:
  list: [{name: mgmt}, {name: mon, c-define-name: test-mon}]
`
	f, diags := resolve.Resolve(decode(t, load(t, "spec.yaml", []byte(text))), resolve.Options{})
	if err := diags.Err(); err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, c := range f.Consts {
		got = append(got, c.CName)
	}
	for _, e := range f.Enums {
		got = append(got, e.CName)
		for _, entry := range e.Entries {
			got = append(got, entry.CName)
		}
	}
	for _, s := range f.Structs {
		got = append(got, s.CName, s.Members[0].CName, s.Members[1].CName)
	}
	for _, s := range f.Sets {
		got = append(got, s.CMax, s.CCount)
		for _, a := range s.Attrs {
			got = append(got, a.CName)
		}
	}
	for _, o := range f.Ops {
		got = append(got, o.CName)
	}
	for _, g := range f.Groups {
		got = append(got, g.CName)
	}
	want := []string{
		"TEST_FAM_MAX_LEN", "WG_KEY_LEN", "",
		"test_fam_some_kind", "TEST_FAM_SOME_KIND_A_B", "OWN", "", "PRE_D",
		"struct some_hdr", "tv_sec", "own",
		"TEST_FAM_A_MAX", "__TEST_FAM_A_MAX", "TEST_FAM_A_A_B",
		"TEST_FAM_A_DEV_MAX", "__TEST_FAM_A_DEV_MAX", "TEST_FAM_A_DEV_C", "X_D",
		"TOP", "__COUNT", "IFLA_MTU", "TOP", "__COUNT", "IFLA_MTU",
		"TEST_FAM_CMD_DEV_GET", "EV_DEV_NTF", "OWN_OP",
		"TEST_FAM_MCGRP_MGMT", "TEST_MON",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("C names (-want +got):\n%s", diff)
	}
	wantC := model.FamilyC{
		FamilyName: "TEST_FAM_FAMILY_NAME", VersionName: "TEST_FAM_FAMILY_VERSION", KernelPolicy: "split",
		CmdMaxName: "TEST_FAM_CMD_MAX", CmdCntName: "__TEST_FAM_CMD_MAX",
		OpPrefix: "TEST_FAM_CMD_", AsyncPrefix: "EV_", KernelHeaders: []string{"net/a.h"}, SockPriv: "struct priv",
		License: model.License{Source: "GPL-2.0", UAPI: "GPL-2.0 WITH Linux-syscall-note", Module: "GPL"},
	}
	if diff := cmp.Diff(wantC, f.C); diff != "" {
		t.Errorf("the family's names (-want +got):\n%s", diff)
	}
}

// TestSpecs resolves the project's own specs: nothing may be wrong with them.
func TestSpecs(t *testing.T) {
	for name, node := range specs(t, "../../specs") {
		t.Run(name, func(t *testing.T) {
			if diags := resolveTwice(t, node); len(diags) > 0 {
				t.Errorf("%v", diags)
			}
		})
	}
}

// TestKernelSpecs resolves the kernel's specs with the known errata.
func TestKernelSpecs(t *testing.T) {
	for name, node := range specs(t, kernelsrc.Specs(t)) {
		t.Run(name, func(t *testing.T) {
			node, _ = errata.Apply(node)
			if diags := resolveTwice(t, node); diags.HasErrors() {
				t.Errorf("%v", diags.Filter(diag.Error))
			}
		})
	}
}

// TestDamagedSpecs takes away one thing after the other from the kernel's
// specs: whatever is missing, resolving must not panic.
func TestDamagedSpecs(t *testing.T) {
	const step = 23 // a prime, so that all kinds of things are hit
	for name, node := range specs(t, kernelsrc.Specs(t)) {
		t.Run(name, func(t *testing.T) {
			for i := 0; ; i += step {
				damaged := node.Clone()
				if left := i; !remove(damaged, &left) {
					break
				}
				if s, diags := spec.Decode(damaged, spec.Options{}); !diags.HasErrors() {
					resolve.Resolve(s, resolve.Options{})
				}
			}
		})
	}
}

// remove takes the nth field or item, counted in depth-first order, out of a
// tree.
func remove(node *tree.Node, n *int) bool {
	for i, f := range node.Fields {
		if *n == 0 {
			node.Fields = slices.Delete(node.Fields, i, i+1)
			return true
		}
		if *n--; remove(f.Value, n) {
			return true
		}
	}
	for i, item := range node.Items {
		if *n == 0 {
			node.Items = slices.Delete(node.Items, i, i+1)
			return true
		}
		if *n--; remove(item, n) {
			return true
		}
	}
	return false
}

// specs loads every spec in a directory.
func specs(t *testing.T, dir string) map[string]*tree.Node {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "*.yaml"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no spec in %s: %v", dir, err)
	}
	nodes := map[string]*tree.Node{}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		name := filepath.Base(file)
		nodes[name] = load(t, name, data)
	}
	return nodes
}

// resolveTwice resolves a spec and checks that a second run gives the same.
func resolveTwice(t *testing.T, node *tree.Node) diag.List {
	t.Helper()
	s := decode(t, node)
	f, diags := resolve.Resolve(s, resolve.Options{})
	again, _ := resolve.Resolve(s, resolve.Options{})
	if diff := cmp.Diff(dump(t, f), dump(t, again)); diff != "" {
		t.Errorf("a second run differs:\n%s", diff)
	}
	return diags
}
