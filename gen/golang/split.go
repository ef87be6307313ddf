package golang

import (
	"slices"

	"github.com/dave/jennifer/jen"

	"github.com/nlgen/nlgen/gen/model"
)

// splits writes the methods that cut a request into several.
func (e *emitter) splits(f *jen.File, op *model.Op) {
	if op.Split == nil || !e.ownsSplit(op) {
		return
	}
	m := op.Do.Request
	doc(f.Group, "Split cuts the request into parts of at most limit bytes, which are to be sent one after the other; "+
		"0 is as much as an attribute can hold. The first has all but the elements of lists that go into later ones, "+
		"those have just what says whom they are for. A request that is short enough is its only part.")
	e.split(f, m, op.Split, "Split")
}

// ownsSplit reports whether no operation before op splits the same request.
func (e *emitter) ownsSplit(op *model.Op) bool {
	first := slices.IndexFunc(e.Ops, func(o *model.Op) bool {
		return o.Split != nil && o.Do.Request == op.Do.Request
	})
	return e.Ops[first] == op
}

// split writes
//
//	func (m *SetDeviceRequest) Split(limit int) []*SetDeviceRequest {
//		rest := SetDeviceRequest{Ifname: m.Ifname}
//		parts := []*SetDeviceRequest{m}
//		parts = nl.Split(parts, rest, limit, func(m *SetDeviceRequest) *[]Peer { return &m.Peers }, (*Peer).split)
//		return parts
//	}
//
// and the same for the elements of its lists.
func (e *emitter) split(f *jen.File, m *model.Message, rule *model.Merge, name string) {
	self := func() *jen.Statement { return jen.Op("*").Id(m.GoName) }
	f.Add(method("m", m.GoName, name, jen.Id("limit").Int())).Index().Add(self()).BlockFunc(func(g *jen.Group) {
		g.Id("rest").Op(":=").Id(m.GoName).Add(keyed(splitKey(m, rule)))
		g.Id("parts").Op(":=").Index().Add(self()).Values(jen.Id("m"))
		for _, l := range rule.Lists {
			elem := mustKind(l.Field.Attr).elem(e, l.Field.Attr)
			of := jen.Func().Params(jen.Id("m").Add(self())).Op("*").Index().Add(elem).Add(
				oneLine(jen.Return(jen.Op("&").Id("m").Dot(l.Field.GoName))))
			inner := jen.Nil()
			if l.Merge != nil {
				inner = methodExpr(l.Field.Attr.Message.GoName, "split")
			}
			write := e.writer(mustKind(l.Field.Attr), l.Field.Attr)
			g.Id("parts").Op("=").Add(e.rt("Split")).Call(jen.Id("parts"), jen.Id("rest"), jen.Id("limit"), of, write, inner)
		}
		g.Return(jen.Id("parts"))
	})
	for _, l := range rule.Lists {
		if l.Merge != nil {
			inner := l.Field.Attr.Message
			doc(f.Group, "split is Split for an element.")
			e.split(f, inner, l.Merge, "split")
		}
	}
}

// splitKey is the fields that every part has: the header and the key.
func splitKey(m *model.Message, rule *model.Merge) []pair {
	var fields []pair
	if m.Header != nil {
		fields = append(fields, pair{m.HeaderField, jen.Id("m").Dot(m.HeaderField)})
	}
	for _, part := range rule.Key {
		if part.Attr == nil {
			continue // of the header
		}
		i := slices.IndexFunc(m.Fields, func(f *model.Field) bool { return f.Attr.ID == part.Attr.ID })
		name := m.Fields[i].GoName
		fields = append(fields, pair{name, jen.Id("m").Dot(name)})
	}
	return fields
}
