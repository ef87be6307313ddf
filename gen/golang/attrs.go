package golang

import (
	"cmp"
	"slices"

	"github.com/dave/jennifer/jen"

	"github.com/nlgen/nlgen/gen/model"
)

// attrsFile writes the attribute ids, the schema and the types of nests.
func (e *emitter) attrsFile(f *jen.File) {
	sets := rootSets(e.Family)
	for _, s := range sets {
		attrIDs(f, s)
	}
	indexes(f, "Indices of the attribute sets in the schema.", sets, func(s *model.AttrSet) string { return s.GoTable })
	indexes(f, "Indices of the sub-messages in the schema.", e.Subs, func(s *model.SubMessage) string { return s.GoIndex })
	e.schema(f, sets)
	for _, m := range e.Messages {
		if e.owners[m] == nil {
			e.message(f, m)
		}
	}
	for _, c := range e.Chains {
		e.chain(f, c)
	}
	for _, s := range e.Subs {
		if s.Reached {
			e.subMessage(f, s)
		}
	}
}

// rootSets returns the sets that are id spaces of their own.
func rootSets(f *model.Family) []*model.AttrSet {
	var sets []*model.AttrSet
	for _, s := range f.Sets {
		if s.Subset == nil {
			sets = append(sets, s)
		}
	}
	return sets
}

// knownAttrs returns the attributes of a set that have a constant: all but
// those that only reserve an id, in ascending order of id.
func knownAttrs(s *model.AttrSet) []*model.Attr {
	var attrs []*model.Attr
	for _, a := range s.Attrs {
		if a.Type != model.TypeUnused {
			attrs = append(attrs, a)
		}
	}
	slices.SortStableFunc(attrs, func(a, b *model.Attr) int { return cmp.Compare(a.ID, b.ID) })
	return attrs
}

// attrIDs writes
//
//	// Ids of the attributes addr-attrs.
//	const (
//		attrAddrAddress = 1
//	)
func attrIDs(f *jen.File, s *model.AttrSet) {
	attrs := knownAttrs(s)
	if len(attrs) == 0 {
		return
	}
	doc(f.Group, "Ids of the attributes "+s.Name+".")
	f.Const().DefsFunc(func(g *jen.Group) {
		for _, a := range attrs {
			g.Id(a.GoConst).Op("=").Lit(int(a.ID))
		}
	})
}

// indexes writes
//
//	const (
//		_ = iota
//		setAddrAttrs
//	)
//
// Index 0 is none.
func indexes[T any](f *jen.File, text string, list []T, name func(T) string) {
	if len(list) == 0 {
		return
	}
	doc(f.Group, text)
	f.Const().DefsFunc(func(g *jen.Group) {
		g.Id("_").Op("=").Iota()
		for _, v := range list {
			g.Id(name(v))
		}
	})
}

// schema writes
//
//	var schema = nl.Schema{
//		Sets: []nl.AttrSet{
//			setAddrAttrs: {Name: "addr-attrs", Attrs: []nl.Attr{
//				{ID: attrAddrAddress, Name: "address", Type: nl.TypeAddr},
//			}},
//		},
//	}
func (e *emitter) schema(f *jen.File, sets []*model.AttrSet) {
	doc(f.Group, "schema names the attributes, for errors and debug output.")
	var tables, subs, fields []jen.Code
	for _, s := range sets {
		tables = append(tables, jen.Id(s.GoTable).Op(":").Add(e.setTable(s)))
	}
	if len(tables) > 0 {
		fields = append(fields, field("Sets", jen.Index().Add(e.rt("AttrSet")).Add(multiline(tables))))
	}
	for _, s := range e.Subs {
		subs = append(subs, jen.Id(s.GoIndex).Op(":").Add(e.subTable(s)))
	}
	if len(subs) > 0 {
		fields = append(fields, field("Subs", jen.Index().Add(e.rt("SubMessage")).Add(multiline(subs))))
	}
	f.Var().Id("schema").Op("=").Add(e.rt("Schema")).Add(multiline(fields))
}

func (e *emitter) setTable(s *model.AttrSet) jen.Code {
	var attrs []jen.Code
	for _, a := range knownAttrs(s) {
		attrs = append(attrs, keyed(e.attrEntry(a)))
	}
	table := []pair{{"Name", jen.Lit(s.Name)}}
	if len(attrs) > 0 {
		table = append(table, pair{"Attrs", jen.Index().Add(e.rt("Attr")).Add(multiline(attrs))})
	}
	return keyed(table)
}

// attrEntry is {ID: attrAddrAddress, Name: "address", Type: nl.TypeAddr, …}.
func (e *emitter) attrEntry(a *model.Attr) []pair {
	entry := []pair{{"ID", jen.Id(a.GoConst)}, {"Name", jen.Lit(a.Name)}}
	k, err := kindOf(a)
	if err != nil { // padding has no kind
		return entry
	}
	if k.schema != "Binary" {
		entry = append(entry, pair{"Type", e.rt("Type" + k.schema)})
	}
	if a.Nested != nil {
		entry = append(entry, pair{"Set", jen.Id(a.Nested.Root().GoTable)})
	}
	if a.Sub != nil {
		entry = append(entry, pair{"Sub", jen.Id(a.Sub.GoIndex)}, pair{"Selector", jen.Lit(a.SelectorName)})
	}
	if skip := schemaSkip(a); skip > 0 {
		entry = append(entry, pair{"Skip", jen.Lit(skip)})
	}
	return entry
}

// schemaSkip is what stands before the attributes inside.
func schemaSkip(a *model.Attr) int {
	switch {
	case a.Chain != nil:
		return len(a.Chain.Levels)
	case a.Message != nil && a.Message.Header != nil:
		return align4(a.Message.Header.Size)
	}
	return 0
}

func align4(n int) int { return (n + 3) &^ 3 }

func (e *emitter) subTable(s *model.SubMessage) jen.Code {
	var formats []jen.Code
	for _, fm := range s.Formats {
		entry := []pair{{"Value", jen.Lit(fm.Value)}}
		if fm.Number != 0 {
			entry = append(entry, pair{"Number", jen.Lit(int(fm.Number))})
		}
		if fm.Header != nil {
			entry = append(entry, pair{"Header", jen.Lit(align4(fm.Header.Size))})
		}
		if fm.Set != nil {
			entry = append(entry, pair{"Set", jen.Id(fm.Set.Root().GoTable)})
		}
		formats = append(formats, keyed(entry))
	}
	return keyed([]pair{{"Name", jen.Lit(s.Name)}, {"Formats", jen.Index().Add(e.rt("Format")).Add(multiline(formats))}})
}

// chain writes the type of a chain of nests: a field for each level and the
// value at its end.
func (e *emitter) chain(f *jen.File, c *model.Chain) {
	k := kind{}
	leaf := jen.Id("")
	if c.Leaf != nil {
		leaf = jen.Id(c.Leaf.GoName)
	} else {
		k, _ = valueKind(c.Attr, c.Attr.Elem)
		leaf = k.elem(e, c.Attr)
	}
	doc(f.Group, identDoc(c.GoName, c.Doc, "is an entry of "+c.Attr.Name+"."))
	f.Type().Id(c.GoName).StructFunc(func(g *jen.Group) {
		for _, l := range c.Levels {
			tag(g.Id(l.GoName).Add(levelType(l)), l.Name)
		}
		tag(g.Id("Value").Add(leaf), "value")
	})
	e.chainEncode(f, c, k)
	e.chainDecode(f, c, k)
}

// chainEncode writes
//
//	func (m *PolicyEntry) Encode(e *nl.Encoder, b []byte) []byte {
//		b, l1 := nl.BeginLevel(e, b, m.PolicyID, nl.Nested)
//		b = m.Value.Encode(e, b)
//		b = e.End(b, l1)
//		return b
//	}
func (e *emitter) chainEncode(f *jen.File, c *model.Chain, k kind) {
	level := func(i int) *jen.Statement { return jen.Id("l" + string(rune('1'+i))) }
	doc(f.Group, "Encode implements nl.Message.")
	f.Add(e.encodeMethod("m", c.GoName)).BlockFunc(func(g *jen.Group) {
		for i, l := range c.Levels {
			flags := jen.Lit(0)
			if c.Leaf != nil || i < len(c.Levels)-1 {
				flags = e.rt("Nested")
			}
			g.List(jen.Id("b"), level(i)).Op(":=").Add(e.rt("BeginLevel")).Call(jen.Id("e"), jen.Id("b"), jen.Id("m").Dot(l.GoName), flags)
		}
		value := jen.Id("m").Dot("Value")
		if c.Leaf != nil {
			g.Add(encodeInto(value))
		} else {
			g.Id("b").Op("=").Add(e.writer(k, c.Attr)).Call(jen.Op("&").Add(value), jen.Id("e"), jen.Id("b"))
		}
		for i := len(c.Levels) - 1; i >= 0; i-- {
			g.Id("b").Op("=").Id("e").Dot("End").Call(jen.Id("b"), level(i))
		}
		g.Return(jen.Id("b"))
	})
}

// chainDecode writes the reverse of chainEncode.
func (e *emitter) chainDecode(f *jen.File, c *model.Chain, k kind) {
	doc(f.Group, "Decode implements nl.Message.")
	f.Add(method("m", c.GoName, "Decode", e.decoder())).BlockFunc(func(g *jen.Group) {
		for _, l := range c.Levels {
			level := jen.Id("d").Dot("Level").Call()
			if l.Enum != nil {
				level = levelType(l).Call(level)
			}
			g.Id("m").Dot(l.GoName).Op("=").Add(level)
		}
		if c.Leaf != nil {
			g.Id("m").Dot("Value").Dot("Decode").Call(jen.Id("d"))
		} else {
			g.Add(e.reader(k, c.Attr)).Call(jen.Op("&").Id("m").Dot("Value"), jen.Id("d"))
		}
		for range c.Levels {
			g.Id("d").Dot("Leave").Call()
		}
	})
}

// levelType is the Go type of a level of a chain.
func levelType(l model.ChainLevel) *jen.Statement {
	if l.Enum != nil {
		return jen.Id(l.Enum.GoName)
	}
	return jen.Uint16()
}

func (e *emitter) encoder() *jen.Statement { return jen.Id("e").Op("*").Add(e.rt("Encoder")) }
func (e *emitter) decoder() *jen.Statement { return jen.Id("d").Op("*").Add(e.rt("Decoder")) }
