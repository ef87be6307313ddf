package model

import (
	"fmt"
	"io"
	"strings"
)

// Dump writes the family as text, for golden tests: one line for each thing,
// indented below what it belongs to, with only the facts that are not zero. C
// names and docs are left out.
func Dump(w io.Writer, f *Family) error {
	d := &dumper{}
	d.family(f)
	_, err := io.WriteString(w, d.String())
	return err
}

type dumper struct {
	strings.Builder
	depth int
}

// line writes a line of the words that are not empty.
func (d *dumper) line(words ...string) {
	var kept []string
	for _, word := range words {
		if word != "" {
			kept = append(kept, word)
		}
	}
	d.WriteString(strings.Repeat("\t", d.depth) + strings.Join(kept, " ") + "\n")
}

// below indents what f writes.
func (d *dumper) below(f func()) {
	d.depth++
	f()
	d.depth--
}

// fact is key=value, or nothing for a zero value.
func fact[T comparable](key string, value T) string {
	var zero T
	if value == zero {
		return ""
	}
	return fmt.Sprintf("%s=%v", key, value)
}

// word is the word if it applies.
func word(w string, applies bool) string {
	if applies {
		return w
	}
	return ""
}

func list(key string, names []string) string { return fact(key, strings.Join(names, ",")) }

func (d *dumper) family(f *Family) {
	d.line("family", f.Name, "package="+f.Package, f.Dialect,
		fmt.Sprintf("protocol=%d version=%d", f.Protocol, f.Version), word("bare", f.Bare), word("any-sender", f.AnySender))
	d.below(func() {
		for _, c := range f.Consts {
			d.constant(c)
		}
		for _, e := range f.Enums {
			d.enum(e)
		}
		for _, s := range f.Structs {
			d.structure(s)
		}
		for _, s := range f.Sets {
			d.set(s)
		}
		for _, s := range f.Subs {
			d.sub(s)
		}
		for _, c := range f.Chains {
			d.chain(c)
		}
		for _, m := range f.Messages {
			d.message(m)
		}
		for _, o := range f.Ops {
			d.op(o)
		}
		if t := f.Transaction; t != nil {
			d.line("transaction", t.Begin.Name, t.End.Name)
			d.below(func() {
				for _, v := range t.Header {
					d.line(v.Member.Name, fmt.Sprint(v.Value))
				}
			})
		}
		for _, g := range f.Groups {
			d.line("group", g.Name, g.GoName, fact("value", g.Value), word("mask", g.Mask), list("flags", g.Flags))
		}
	})
}

func (d *dumper) constant(c *Const) {
	value := fmt.Sprint(c.Int)
	if c.IsString {
		value = fmt.Sprintf("%q", c.Str)
	}
	d.line("const", c.Name, c.GoName, value)
}

func (d *dumper) enum(e *Enum) {
	kind := "enum"
	if e.Flags {
		kind = "flags"
	}
	d.line(kind, e.Name, e.GoName, fact("bits", e.Bits), word("signed", e.Signed), word("used", e.Used),
		fact("mask", e.GoMask), fact("maskbits", e.MaskBits))
	d.below(func() {
		for _, entry := range e.Entries {
			d.line(fmt.Sprint(entry.Value), entry.Name, entry.GoName, fact("mask", entry.GoMask))
		}
	})
}

func (d *dumper) structure(s *Struct) {
	d.line("struct", s.Name, s.GoName, s.GoSize, fmt.Sprintf("size=%d align=%d", s.Size, s.Align), word("tail", s.Tail))
	d.below(func() {
		for _, m := range s.Members {
			d.line(fmt.Sprint(m.Offset), m.Name, m.GoName, m.Type.String(), fact("len", m.Len),
				word("big-endian", m.BigEndian), word("little-endian", m.LittleEndian), array(m), structName(m.Struct), enumName(m.Enum, m.AsFlags), fact("hint", m.Hint))
		}
	})
}

// array is the number of elements of a member that is an array.
func array(m *Member) string {
	switch {
	case m.Flexible:
		return "flexible"
	case m.Count > 1:
		return fmt.Sprintf("count=%d", m.Count)
	}
	return ""
}

func structName(s *Struct) string {
	if s == nil {
		return ""
	}
	return "struct=" + s.Name
}

func enumName(e *Enum, asFlags bool) string {
	if e == nil {
		return ""
	}
	if asFlags {
		return "flags=" + e.Name
	}
	return "enum=" + e.Name
}

func (d *dumper) set(s *AttrSet) {
	parent := ""
	if s.Subset != nil {
		parent = "subset-of=" + s.Subset.Name
	}
	d.line("set", s.Name, s.GoName, s.GoTable, parent)
	d.below(func() {
		for _, a := range s.Attrs {
			d.attr(a)
		}
	})
}

func (d *dumper) attr(a *Attr) {
	d.line(fmt.Sprint(a.ID), a.Name, a.GoName, a.GoConst, a.Type.String(), fact("elem", a.Elem),
		word("big-endian", a.BigEndian), word("little-endian", a.LittleEndian), word("multi", a.Multi), fact("hint", a.Hint), fact("unit", a.Unit),
		structName(a.Struct), enumName(a.Enum, a.AsFlags), nested(a), selector(a), word("scope", a.ScopeFor),
		fact("len-offset", a.LenOffset), checks(&a.Checks))
}

func nested(a *Attr) string {
	if a.Nested == nil {
		return ""
	}
	if a.Message == nil {
		return "nested=" + a.Nested.Name
	}
	return "nested=" + a.Nested.Name + ":" + a.Message.GoName
}

func selector(a *Attr) string {
	if a.Sub == nil {
		return ""
	}
	return "sub=" + a.Sub.Name + " selector=" + a.SelectorName + word(":outer", a.OuterSelector) + word(":header", a.HeaderSelector != nil)
}

func checks(c *Checks) string {
	var facts []string
	add := func(key string, l *Limit) {
		if l == nil {
			return
		}
		if l.Unsigned != 0 {
			facts = append(facts, fmt.Sprintf("%s=%d", key, l.Unsigned))
			return
		}
		facts = append(facts, fmt.Sprintf("%s=%d", key, l.Value))
	}
	add("min", c.Min)
	add("max", c.Max)
	add("min-len", c.MinLen)
	add("max-len", c.MaxLen)
	add("exact-len", c.ExactLen)
	if c.Mask != nil {
		facts = append(facts, fmt.Sprintf("mask=%#x", *c.Mask))
	}
	if c.UnterminatedOK {
		facts = append(facts, "unterminated-ok")
	}
	if c.Sparse {
		facts = append(facts, "sparse")
	}
	return strings.Join(facts, " ")
}

func (d *dumper) sub(s *SubMessage) {
	d.line("sub-message", s.Name, s.GoName, s.GoUnknown, s.GoNew, s.GoBody, s.GoIndex, word("reached", s.Reached))
	d.below(func() {
		for _, f := range s.Formats {
			set := ""
			if f.Set != nil {
				set = "set=" + f.Set.Name
			}
			d.line(f.Value, structName(f.Header), set, bodyName(f.Body))
		}
	})
}

func bodyName(b *Body) string {
	switch {
	case b == nil:
		return ""
	case b.Message != nil:
		return "body=" + b.Message.GoName
	}
	return "body=" + b.Struct.GoName
}

func (d *dumper) chain(c *Chain) {
	leaf := c.Attr.Elem.String()
	if c.Leaf != nil {
		leaf = c.Leaf.GoName
	}
	var levels []string
	for _, level := range c.Levels {
		name := level.GoName
		if level.Enum != nil {
			name += ":" + level.Enum.GoName
		}
		levels = append(levels, name)
	}
	d.line("chain", c.GoName, list("levels", levels), "leaf="+leaf)
}

func (d *dumper) message(m *Message) {
	set, header := "", ""
	if m.Set != nil {
		set = "set=" + m.Set.Name
	}
	if m.Header != nil {
		header = m.HeaderField + "=" + m.Header.GoName
	}
	d.line("message", m.GoName, set, header)
	d.below(func() {
		for _, f := range m.Fields {
			d.line(f.GoName, f.Attr.Name)
		}
		d.parts(m.Parts)
		for _, alias := range m.Same {
			d.line("also", alias.GoName)
		}
	})
}

func (d *dumper) op(o *Op) {
	id := ""
	if o.Do == nil && o.Dump == nil {
		id = fmt.Sprintf("id=%d", o.ID)
		if o.LastID != 0 {
			id += fmt.Sprintf("-%d", o.LastID)
		}
	}
	var groups []string
	for _, g := range o.Groups {
		groups = append(groups, g.Name)
	}
	d.line("op", o.Name, o.GoName, o.GoVar, id, list("groups", groups), list("flags", o.Flags),
		list("dont-validate", o.DontValidate), fact("config", o.ConfigCond), list("request-flags", o.RequestFlags),
		keyName("key", o.Key), fact("register", o.Register))
	d.below(func() {
		d.call("do", o.Do)
		d.call("dump", o.Dump)
		if e := o.Event; e != nil {
			d.line("event", e.GoName, messageName("message", e.Message), word("embed", e.Embed))
		}
		if o.Merge != nil {
			d.merge("merge", o.Merge)
		}
		if o.Split != nil {
			d.merge("split", o.Split)
		}
		if o.Watch != nil {
			d.watch(o.Watch)
		}
	})
}

func (d *dumper) parts(parts []*Part) {
	for _, p := range parts {
		var sub, length string
		var selector []string
		if p.Sub != nil {
			sub = "sub=" + p.Sub.Name
		}
		for _, s := range p.Selector {
			selector = append(selector, s.Name())
		}
		if p.Length != nil {
			length = fmt.Sprintf("length=%s@%d", p.Length.Name(), p.Length.Offset())
		}
		d.line("part", p.Name, p.GoName, p.Type.String(), structName(p.Struct), enumName(p.Enum, false),
			fact("min-len", p.MinLen), until(p.Until), sub, list("selector", selector), length, word("last", p.Last))
	}
}

func until(s string) string {
	if s == "" {
		return ""
	}
	return fmt.Sprintf("until=%q", s)
}

func messageName(key string, m *Message) string {
	if m == nil {
		return ""
	}
	return key + "=" + m.GoName
}

func (d *dumper) call(half string, c *Call) {
	if c == nil {
		return
	}
	d.line(half, c.GoName, c.GoAllName, c.GoAppendName, fmt.Sprintf("id=%d/%d", c.RequestID, c.ReplyID),
		messageName("request", c.Request), messageName("reply", c.Reply),
		word("ack", c.Ack), word("reply-optional", c.ReplyOptional), word("unflagged", c.Unflagged), fact("pre", c.Pre), fact("post", c.Post))
}

func keyName(word string, key []KeyPart) string {
	var names []string
	for _, part := range key {
		names = append(names, part.Name())
	}
	return list(word, names)
}

func (d *dumper) merge(what string, m *Merge) {
	d.line(what, keyName("key", m.Key))
	d.below(func() {
		for _, l := range m.Lists {
			d.line("list", l.Field.GoName)
			if l.Merge != nil {
				d.below(func() { d.merge(what, l.Merge) })
			}
		}
	})
}
