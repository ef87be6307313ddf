package golang

import (
	"slices"

	"github.com/dave/jennifer/jen"

	"github.com/nlgen/nlgen/gen/model"
)

// merges writes the methods that join the messages of an object which a dump
// splits.
func (e *emitter) merges(f *jen.File, op *model.Op) {
	if op.Merge != nil && op.Dump != nil && op.Dump.Reply != nil && e.ownsMerge(op) {
		e.merge(f, op.Dump.Reply, op.Merge)
	}
}

// ownsMerge reports whether no operation before op merges the same reply.
func (e *emitter) ownsMerge(op *model.Op) bool {
	first := slices.IndexFunc(e.Ops, func(o *model.Op) bool {
		return o.Merge != nil && o.Dump != nil && o.Dump.Reply == op.Dump.Reply
	})
	return e.Ops[first] == op
}

// merge writes
//
//	func (m *Reply) merge(next *Reply) bool {
//		if next.Ifindex.Present() && next.Ifindex != m.Ifindex {
//			return false
//		}
//		if !m.Fwmark.Present() {
//			m.Fwmark = next.Fwmark
//		}
//		m.Peers = nl.MergeElems(m.Peers, next.Peers, (*Wgpeer).merge)
//		m.Unknown = append(m.Unknown, next.Unknown...)
//		return true
//	}
//
// and the same for the elements of its lists. A key that the next message lacks
// says nothing: kernels repeat it or not.
func (e *emitter) merge(f *jen.File, m *model.Message, rule *model.Merge) {
	doc(f.Group, "merge adds to m what next has of it and reports whether both are parts of one.")
	f.Add(method("m", m.GoName, "merge", jen.Id("next").Op("*").Id(m.GoName))).Bool().BlockFunc(func(g *jen.Group) {
		for _, part := range rule.Key {
			g.If(differs(m, part)).Block(jen.Return(jen.False()))
		}
		for _, fd := range m.Fields {
			if !rule.Has(fd) {
				v := func(of string) *jen.Statement { return jen.Id(of).Dot(fd.GoName) }
				g.If(mustKind(fd.Attr).field.absent(v("m"))).Block(v("m").Op("=").Add(v("next")))
			}
		}
		for _, l := range rule.Lists {
			g.Add(e.mergeList(l))
		}
		if m.UnknownField != "" {
			unknown := func(of string) *jen.Statement { return jen.Id(of).Dot(m.UnknownField) }
			g.Add(unknown("m")).Op("=").Append(unknown("m"), unknown("next").Op("..."))
		}
		g.Return(jen.True())
	})
	for _, l := range rule.Lists {
		if l.Merge == nil {
			continue
		}
		if l.Field.Attr.Chain != nil {
			e.mergeEntry(f, l.Field.Attr.Chain)
		}
		e.merge(f, l.Field.Attr.Message, l.Merge)
	}
}

// mergeList is the statement that continues a list.
func (e *emitter) mergeList(l *model.MergeList) *jen.Statement {
	v := func(of string) *jen.Statement { return jen.Id(of).Dot(l.Field.GoName) }
	if l.Merge == nil {
		return v("m").Op("=").Append(v("m"), v("next").Op("..."))
	}
	elem := mustKind(l.Field.Attr).elem(e, l.Field.Attr)
	return v("m").Op("=").Add(e.rt("MergeElems")).Call(v("m"), v("next"), jen.Parens(jen.Op("*").Add(elem)).Dot("merge"))
}

// mergeEntry writes
//
//	func (m *WiphyBands) merge(next *WiphyBands) bool {
//		return next.Band == m.Band && m.Value.merge(&next.Value)
//	}
func (e *emitter) mergeEntry(f *jen.File, chain *model.Chain) {
	doc(f.Group, "merge adds to m what next has of it and reports whether both are parts of one.")
	equal := jen.Null()
	for _, level := range chain.Levels {
		equal.Id("next").Dot(level.GoName).Op("==").Id("m").Dot(level.GoName).Op("&&")
	}
	f.Add(method("m", chain.GoName, "merge", jen.Id("next").Op("*").Id(chain.GoName))).Bool().Block(
		jen.Return(equal.Id("m").Dot("Value").Dot("merge").Call(jen.Op("&").Id("next").Dot("Value"))))
}

// differs is the condition that a part of the key is not the same in next.
func differs(m *model.Message, part model.KeyPart) *jen.Statement {
	if part.Member != nil {
		v := func(of string) *jen.Statement { return jen.Id(of).Dot(m.HeaderField).Dot(part.Member.GoName) }
		return v("next").Op("!=").Add(v("m"))
	}
	i := slices.IndexFunc(m.Fields, func(f *model.Field) bool { return f.Attr.ID == part.Attr.ID })
	v := func(of string) *jen.Statement { return jen.Id(of).Dot(m.Fields[i].GoName) }
	if mustKind(part.Attr).codec == "Bytes" {
		return v("next").Op("!=").Nil().Op("&&").Op("!").Qual(bytesPath, "Equal").Call(v("next"), v("m"))
	}
	return v("next").Dot("Present").Call().Op("&&").Add(v("next")).Op("!=").Add(v("m"))
}
