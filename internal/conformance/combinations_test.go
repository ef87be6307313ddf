package conformance

import (
	"fmt"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/nlgen/nlgen/internal/tempmod"
)

// TestCombinations generates every combination of an attribute's type with what
// the spec language lets it have, and of a struct member's, and compares the
// bytes with those of gen/dynamic.
func TestCombinations(t *testing.T) {
	m := tempmod.New(t)
	path := filepath.Join(m.Dir, "combinations.yaml")
	m.Write("combinations.yaml", []byte(combinations()))
	addPackage(t, m, "combinations", path)
	onEachMachine(t, m)
}

// combinations returns the spec of a family.
func combinations() string {
	c := &combiner{}
	c.definitions()
	for _, typ := range integers {
		c.set(typ, c.integer(typ))
		c.set("duration-"+typ, duration(typ))
		c.set("array-"+typ, c.array(typ))
		c.set("indexed-"+typ, c.indexed(typ))
		c.members(typ)
	}
	c.set("text", text())
	c.set("bytes", bytesOf("binary", hints))
	c.set("sockets", bytesOf("binary, x-nlgen-hint: sockaddr", []string{""}))
	c.set("inside", inside())
	c.set("other", other())
	c.set("selectors", selectors())
	return c.spec()
}

type combiner struct {
	defs, structs, sets, attrs []string
}

var (
	integers = []string{"u8", "u16", "u32", "u64", "s8", "s16", "s32", "s64", "uint", "sint"}
	orders   = props("byte-order", "", "big-endian", "little-endian")
	hints    = props("display-hint", "", "hex", "mac", "fddi", "ipv4", "ipv6", "ipv4-or-v6", "uuid")
	multi    = props("multi-attr", "", "true")
)

// props returns the properties of a key with each value; "" is none.
func props(key string, values ...string) []string {
	for i, v := range values {
		if v != "" {
			values[i] = key + ": " + v
		}
	}
	return values
}

// product returns the combinations of one of each list, joined by commas.
func product(lists ...[]string) []string {
	all := []string{""}
	for _, list := range lists {
		var next []string
		for _, first := range all {
			for _, second := range list {
				next = append(next, join(first, second))
			}
		}
		all = next
	}
	return all
}

func join(properties ...string) string {
	var some []string
	for _, p := range properties {
		if p != "" {
			some = append(some, p)
		}
	}
	return strings.Join(some, ", ")
}

func isSigned(typ string) bool { return typ[0] == 's' }

func isAuto(typ string) bool { return strings.HasSuffix(typ, "int") }

// enums are the ways in which an integer has names: values and masks of an enum
// that only this type uses, and of one that all types use.
func enums(typ string) []string {
	list := []string{
		"", "enum: num-" + typ, "enum: num-" + typ + ", enum-as-flags: true", "enum: bits-" + typ,
		"enum: num", "enum: num, enum-as-flags: true", "enum: bits",
	}
	if isSigned(typ) {
		list = append(list, "enum: negative")
	}
	return list
}

func (c *combiner) definitions() {
	c.defs = append(c.defs,
		"{name: four, type: const, value: 4}",
		"{name: five, type: const, value: 0x5}",
		"{name: num, type: enum, entries: [a, b, {name: c, value: 6}]}",
		"{name: bits, type: flags, entries: [x, y, z]}",
		"{name: negative, type: enum, entries: [{name: low, value: -1}, none, high]}",
		"{name: pair, type: struct, members: [{name: x, type: u16}, {name: y, type: u16}]}",
		"{name: record, type: struct, members: [{name: len, type: u16}, {name: x, type: u16}]}",
		"{name: texts, type: struct, members: [{name: s, type: string, len: five}, {name: ss, type: string, len: 3, x-nlgen-count: 2}]}",
		"{name: holder, type: struct, members: [{name: one, type: binary, struct: texts}, {name: two, type: binary, struct: pair, x-nlgen-count: 2}]}",
		"{name: pairs, type: struct, members: [{name: x, type: u16}, {name: list, type: binary, struct: pair, x-nlgen-count: flexible}]}",
		"{name: addresses, type: struct, members: [{name: mac, type: binary, len: 6, display-hint: mac}, {name: four, type: binary, len: 4, display-hint: ipv4}, {name: six, type: binary, len: 16, display-hint: ipv6}, {name: macs, type: binary, len: 6, display-hint: mac, x-nlgen-count: 2}, {name: fours, type: u32, display-hint: ipv4, x-nlgen-count: flexible}]}",
		"{name: blob, type: struct, members: [{name: head, type: binary, len: 3}, {name: gap, type: pad, len: 2}, {name: rows, type: binary, len: 2, x-nlgen-count: 2}, {name: rest, type: binary, x-nlgen-count: flexible}]}",
		"{name: names, type: struct, members: [{name: list, type: string, len: 4, x-nlgen-count: flexible}]}",
	)
	c.structs = append(c.structs, "pair", "texts", "holder", "pairs", "addresses", "blob", "names")
	for _, typ := range integers {
		c.defs = append(c.defs,
			"{name: num-"+typ+", type: enum, entries: [a, b, c]}",
			"{name: bits-"+typ+", type: flags, entries: [x, y, z]}",
		)
	}
}

// set adds an attribute set and an attribute that holds it.
func (c *combiner) set(name string, attrs []string) {
	var b strings.Builder
	fmt.Fprintf(&b, "  - name: %s\n    attributes:\n", name)
	for i, a := range attrs {
		attr, named := fmt.Sprintf("a%d", i+1), a
		if own, rest, ok := strings.Cut(a, ", # "); ok {
			attr, named = own, rest
		}
		fmt.Fprintf(&b, "      - {name: %s, %s}\n", attr, named)
	}
	c.sets = append(c.sets, b.String())
	c.attrs = append(c.attrs, name)
}

func (c *combiner) integer(typ string) []string {
	checks := props("checks", "", "{min: 1}", "{max: five}", "{min: 1, max: 100}", "{flags-mask: bits}", "{max: "+strings.Replace(strings.Replace(typ, "uint", "u32", 1), "sint", "s32", 1)+"-max}")
	all := product([]string{"type: " + typ}, multi, orders, enums(typ)[:4], checks)
	all = append(all, product([]string{"type: " + typ}, multi, orders, enums(typ)[4:])...)
	return append(all, product([]string{"type: " + typ}, multi, hints[1:], checks[:2])...)
}

func duration(typ string) []string {
	if isAuto(typ) || strings.HasSuffix(typ, "64") {
		return []string{"type: pad"}
	}
	return product([]string{"type: " + typ}, multi, orders, props("x-nlgen-unit", "us", "s"),
		props("checks", "", "{min: 1}", "{max: 100}"))
}

func (c *combiner) array(typ string) []string {
	if isAuto(typ) {
		return []string{"type: unused"}
	}
	kind := []string{"type: binary, sub-type: " + typ}
	size, _ := strconv.Atoi(typ[1:])
	size /= 8
	checks := props("checks", "", fmt.Sprintf("{min-len: %d}", size), fmt.Sprintf("{max-len: %d}", 3*size), fmt.Sprintf("{exact-len: %d}", 2*size))
	return append(product(kind, multi, orders, enums(typ)), product(kind, multi, hints, checks)...)
}

func (c *combiner) indexed(typ string) []string {
	kind := []string{"type: indexed-array, sub-type: " + typ}
	return append(product(kind, multi, orders, enums(typ)), product(kind, multi, hints[1:])...)
}

func text() []string {
	checks := props("checks", "", "{min-len: 2}", "{max-len: four - 1}", "{exact-len: five}", "{unterminated-ok: true, max-len: 30}")
	all := product([]string{"type: string", "type: indexed-array, sub-type: string"}, multi, hints, checks[:4])
	return append(all, product([]string{"type: string"}, multi, checks[4:])...)
}

// bytesOf returns attributes of bytes; the lengths fit all hints.
func bytesOf(typ string, hints []string) []string {
	var all []string
	for _, hint := range hints {
		exact := "16"
		switch {
		case strings.HasSuffix(hint, "mac"), strings.HasSuffix(hint, "fddi"):
			exact = "6"
		case strings.HasSuffix(hint, "ipv4"):
			exact = "four"
		}
		checks := props("checks", "", "{min-len: four}", "{max-len: 28}", "{min-len: 1, max-len: 30}", "{exact-len: "+exact+"}")
		all = append(all, product([]string{"type: " + typ}, multi, []string{hint}, checks)...)
	}
	return append(all, product([]string{"type: indexed-array, sub-type: binary"}, multi, hints)...)
}

// members adds structs with members of a type: alone, as a fixed and as a
// flexible array.
func (c *combiner) members(typ string) {
	if isAuto(typ) {
		return
	}
	elems := append(product([]string{"type: " + typ}, orders, enums(typ)), product([]string{"type: " + typ}, orders, hints[1:])...)
	for _, layout := range []string{"packed", "natural"} {
		var members []string
		for i, elem := range elems {
			members = append(members,
				fmt.Sprintf("{name: m%d, %s}", i, elem),
				fmt.Sprintf("{name: l%d, %s, x-nlgen-count: 3}", i, elem))
		}
		name := "all-" + typ + "-" + layout
		c.defs = append(c.defs, fmt.Sprintf("{name: %s, type: struct, x-nlgen-layout: %s, members: [%s]}", name, layout, strings.Join(members, ", ")))
		c.structs = append(c.structs, name)
	}
	for i, elem := range append(product([]string{"type: " + typ}, orders, enums(typ)[:2]), elems[len(elems)-len(hints):]...) {
		name := fmt.Sprintf("flex-%s-%d", typ, i)
		c.defs = append(c.defs, fmt.Sprintf("{name: %s, type: struct, members: [{name: n, type: u8}, {name: list, %s, x-nlgen-count: flexible}]}", name, elem))
		c.structs = append(c.structs, name)
	}
}

func inside() []string {
	return []string{
		"type: u32, enum: num", "type: string", "type: pad",
		"type: nest, nested-attributes: inside", // recursion
		"type: indexed-array, sub-type: nest, nested-attributes: inside, multi-attr: true",
	}
}

// other returns what holds attributes, and the rest of the types.
func other() []string {
	kinds := []string{
		"type: flag", "type: pad", "type: unused",
		"type: bitfield32", "type: bitfield32, enum: num", "type: bitfield32, enum: bits", "type: bitfield32, enum: bits-u32",
		"type: bitfield32, enum: bits-u32, checks: {flags-mask: bits}",
		"type: nest, nested-attributes: inside", "type: nest, nested-attributes: inside, x-nlgen-header: pair",
		"type: nest, nested-attributes: inside, checks: {min-len: 4}",
		"type: nest, x-nlgen-array-of: {header: record, length-member: len, nested-attributes: inside}",
		"type: binary, x-nlgen-array-of: {header: record, length-member: len, nested-attributes: inside}",
		"type: indexed-array, sub-type: nest, nested-attributes: inside",
		"type: nest-type-value, type-value: [one], nested-attributes: inside",
		"type: nest-type-value, type-value: [one], nested-attributes: inside, x-nlgen-type-enums: [num]",
		"type: nest-type-value, type-value: [one, two], nested-attributes: inside",
		"type: nest-type-value, type-value: [one, two, three], sub-type: u32, enum: num",
		"type: u64, type-value: [id]", "type: u64, type-value: [id, type]",
	}
	return product(kinds, multi)
}

// selectors returns sub-messages of every kind with selectors of every kind.
func selectors() []string {
	var all []string
	for i, sel := range append(product([]string{"type: u8", "type: u16", "type: u32", "type: s32", "type: u64", "type: uint"}, orders, []string{"enum: num", ""}), "type: string") {
		sub := "by-number"
		if strings.Contains(sel, "enum") || sel == "type: string" {
			sub = "by-name"
		}
		for j, m := range multi {
			name := fmt.Sprintf("s%d-%d", i, j)
			all = append(all, name+", # "+sel, fmt.Sprintf("b%d-%d, # %s", i, j, join("type: sub-message, sub-message: "+sub+", selector: "+name, m)))
		}
	}
	return all
}

// spec puts everything together.
func (c *combiner) spec() string {
	var payloads []string
	for _, s := range c.structs {
		payloads = append(payloads, product([]string{"type: binary, struct: " + s}, multi)...)
		payloads = append(payloads, product([]string{"type: indexed-array, sub-type: binary, struct: " + s}, multi)...)
	}
	payloads = append(payloads, product([]string{"type: binary, struct: pair"}, multi,
		props("checks", "{min-len: 4}", "{max-len: 4}", "{exact-len: 4}"))...)
	c.set("structs", payloads)
	var b strings.Builder
	b.WriteString("name: combinations\nprotocol: netlink-raw\nprotonum: 0\ndoc: Every combination.\ndefinitions:\n")
	for _, d := range c.defs {
		b.WriteString("  - " + d + "\n")
	}
	b.WriteString("attribute-sets:\n" + strings.Join(c.sets, ""))
	b.WriteString("  - name: top\n    attributes:\n")
	for _, a := range c.attrs {
		fmt.Fprintf(&b, "      - {name: %s, type: nest, nested-attributes: %s}\n", a, a)
	}
	fmt.Fprintf(&b, `sub-messages:
  - name: by-name
    formats:
      - {value: a, attribute-set: inside}
      - {value: b, fixed-header: pair}
      - {value: c, fixed-header: pair, attribute-set: inside}
  - name: by-number
    formats:
      - {value: "1", attribute-set: inside}
      - {value: "2", fixed-header: pair}
operations:
  list:
    - name: get
      doc: Gets it.
      attribute-set: top
      fixed-header: all-u16-natural
      do: {request: {attributes: [%s]}}
`, strings.Join(c.attrs, ", "))
	return b.String()
}
