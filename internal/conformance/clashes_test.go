package conformance

import (
	"fmt"
	"strings"
	"testing"

	"github.com/nlgen/nlgen/gen"
	"github.com/nlgen/nlgen/gen/diag"
)

// named is the place of a name in a spec: what makes the name, and the rest of
// the spec with %s for it.
type named struct {
	kind, section, item string
}

// kinds are the things of a spec that have names.
var kinds = []named{
	{"const", "definitions", "{name: %q, type: const, value: 1}"},
	{"text const", "definitions", "{name: %q, type: const, value: text}"},
	{"enum", "definitions", "{name: %q, type: enum, entries: [a, b]}"},
	{"flags", "definitions", "{name: %q, type: flags, entries: [a, b]}"},
	{"struct", "definitions", "{name: %q, type: struct, members: [{name: x, type: u8}]}"},
	{"entry", "definitions", "{name: some-enum, type: enum, entries: [%q]}"},
	{"member", "definitions", "{name: some-struct, type: struct, members: [{name: %q, type: u8}]}"},
	{"set", "attribute-sets", "{name: %q, attributes: [{name: again, type: nest, nested-attributes: %[1]q}]}"},
	{"attribute", "attribute-sets", "{name: some-set, attributes: [{name: %q, type: u32}]}"},
	{"sub-message", "sub-messages", "{name: %q, formats: [{value: a, attribute-set: top}]}"},
	{"do", "operations", "{name: %q, doc: d, attribute-set: top, do: {request: {attributes: [n]}, reply: {attributes: [n, nest]}}}"},
	{"dump", "operations", "{name: %q, doc: d, attribute-set: top, dump: {reply: {attributes: [n, nest]}}}"},
	{"notification", "operations", "{name: %q, doc: d, notify: base, mcgrp: some-group}"},
	{"event", "operations", "{name: %q, doc: d, attribute-set: top, event: {attributes: [n]}, mcgrp: some-group}"},
	{"group", "mcast-groups", "{name: %q}"},
}

// TestClashes gives awkward names to everything, and equal names to every two
// things: what is generated is correct, or the error says what to write.
func TestClashes(t *testing.T) {
	checker := newChecker(t)
	try := func(t *testing.T, items map[string][]string) {
		t.Helper()
		text := clashing(items)
		family, diags := gen.Load("spec.yaml", []byte(text), gen.Options{})
		if family == nil {
			checkHints(t, text, diags)
			return
		}
		files, err := gen.Go(family)
		if err == nil {
			err = checker.check(files)
		}
		if err != nil {
			t.Errorf("%v\n%s", err, text)
		}
	}
	for _, k := range kinds {
		t.Run(k.kind, func(t *testing.T) {
			for _, name := range awkward {
				try(t, map[string][]string{k.section: {fmt.Sprintf(k.item, name)}})
			}
		})
	}
	for i, a := range kinds {
		for _, b := range kinds[i+1:] {
			t.Run(a.kind+" and "+b.kind, func(t *testing.T) {
				for _, name := range []string{"link", "get-link", "new-link"} {
					items := map[string][]string{a.section: {fmt.Sprintf(a.item, name)}}
					items[b.section] = append(items[b.section], fmt.Sprintf(b.item, name))
					try(t, items)
				}
			})
		}
	}
}

// checkHints checks that errors tell what to write.
func checkHints(t *testing.T, text string, diags diag.List) {
	t.Helper()
	checkDiagnostics(t, text, diags)
	for _, d := range diags {
		twice := strings.Contains(d.Msg, "a second ") || strings.Contains(d.Msg, "already taken")
		if d.Severity == diag.Error && !twice && !strings.Contains(d.Hint, "x-nlgen-") {
			t.Errorf("no hint: %v\n%s", d, text)
		}
	}
}

// clashing returns a spec with the given items.
func clashing(items map[string][]string) string {
	all := map[string][]string{
		"attribute-sets": {"{name: top, attributes: [{name: n, type: u32}, {name: kind, type: string}, {name: nest, type: nest, nested-attributes: inner}, " +
			"{name: body, type: sub-message, sub-message: some-body, selector: kind}]}"},
		"sub-messages": {"{name: some-body, formats: [{value: a, attribute-set: inner}]}"},
		"operations":   {"{name: base, doc: d, attribute-set: top, do: {request: {attributes: [n, body]}, reply: {attributes: [n, nest]}}}"},
		"mcast-groups": {"{name: some-group}"},
	}
	inner := "{name: n, type: u8}"
	for section, list := range items {
		all[section] = append(all[section], list...)
		for _, item := range list {
			if name, ok := strings.CutPrefix(item, "{name: "); ok && section == "attribute-sets" {
				name, _, _ = strings.Cut(name, ",")
				inner += fmt.Sprintf(", {name: to-%d, type: nest, nested-attributes: %s}", len(inner), name)
			}
			if name, ok := strings.CutPrefix(item, "{name: "); ok && section == "sub-messages" {
				name, _, _ = strings.Cut(name, ",")
				inner += fmt.Sprintf(", {name: kind, type: string}, {name: body, type: sub-message, sub-message: %s, selector: kind}", name)
			}
		}
	}
	all["attribute-sets"] = append(all["attribute-sets"], "{name: inner, attributes: ["+inner+"]}")
	var b strings.Builder
	b.WriteString("name: clash\nprotocol: netlink-raw\nprotonum: 0\ndoc: d\n")
	for _, section := range []string{"definitions", "attribute-sets", "sub-messages", "operations", "mcast-groups"} {
		if len(all[section]) == 0 {
			continue
		}
		b.WriteString(section + ":\n")
		indent := "  "
		if section == "operations" || section == "mcast-groups" {
			b.WriteString("  list:\n")
			indent = "    "
		}
		for i, item := range all[section] {
			if section == "mcast-groups" {
				item = strings.Replace(item, "}", fmt.Sprintf(", value: %d}", i+1), 1)
			}
			b.WriteString(indent + "- " + item + "\n")
		}
	}
	return b.String()
}
