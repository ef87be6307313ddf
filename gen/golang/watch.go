package golang

import (
	"github.com/dave/jennifer/jen"

	"github.com/nlgen/nlgen/gen/model"
)

// watch writes
//
//	var watchGetLink = nl.WatchInfo{…}
//
//	func (c *Client) WatchLink(ctx …, req …, opts …) iter.Seq2[nl.Change[GetLinkReply], error] {
//		return nl.Watch[GetLinkReply](ctx, c.conn, &opGetLink, &watchGetLink, req, opts...)
//	}
func (e *emitter) watch(f *jen.File, op *model.Op) {
	w := op.Watch
	if w == nil {
		return
	}
	e.watchInfo(f, op, w)
	c := op.Dump
	doc(f.Group, w.GoName+" lists what "+c.GoName+" iterates over and goes on with each change; see nl.Watch.\n\n"+w.Doc)
	args := callArgs(op)
	args = append(args[:3:3], append([]jen.Code{jen.Op("&").Id(w.GoVar)}, args[3:]...)...)
	f.Add(e.clientMethod(w.GoName, c.RequestName)).
		Qual(iterPath, "Seq2").Types(e.rt("Change").Types(jen.Id(c.ReplyName)), jen.Error()).
		Block(jen.Return(e.rt("Watch").Types(jen.Id(c.ReplyName)).Call(args...)))
}

func (e *emitter) watchInfo(f *jen.File, op *model.Op, w *model.Watch) {
	fields := []jen.Code{field("Groups", e.groupVars(w.Groups))}
	if len(w.Relist) > 0 {
		fields = append(fields, field("Relist", e.groupVars(w.Relist)))
	}
	fields = append(fields, field("Added", eventIDs(w.Added)))
	if len(w.Removed) > 0 {
		fields = append(fields, field("Removed", eventIDs(w.Removed)))
	}
	fields = append(fields, field("Key", e.watchFields(op.Key)))
	if w.Shared {
		fields = append(fields, field("Shared", jen.True()))
	}
	if w.Twins {
		fields = append(fields, field("Twins", jen.True()))
	}
	if len(w.Within) > 0 {
		fields = append(fields, field("Within", e.watchFields(w.Within)))
	}
	if len(w.Filter) > 0 {
		fields = append(fields, field("Filter", e.watchFilters(w.Filter)))
	}
	if len(w.Ignore) > 0 {
		fields = append(fields, field("Ignore", e.watchFields(w.Ignore)))
	}
	f.Var().Id(w.GoVar).Op("=").Add(e.rt("WatchInfo")).Add(multiline(fields))
}

func (e *emitter) groupVars(groups []*model.Group) *jen.Statement {
	var vars []jen.Code
	for _, g := range groups {
		vars = append(vars, jen.Id(g.GoName))
	}
	return jen.Index().Add(e.rt("Group")).Values(vars...)
}

func eventIDs(ops []*model.Op) *jen.Statement {
	var ids []jen.Code
	for _, op := range ops {
		ids = append(ids, jen.Lit(int(op.ID)))
	}
	return jen.Index().Uint16().Values(ids...)
}

func (e *emitter) watchFields(parts []model.KeyPart) *jen.Statement {
	var elems []jen.Code
	for _, p := range parts {
		elems = append(elems, keyed(watchField(p)))
	}
	return jen.Index().Add(e.rt("Field")).Add(multiline(elems))
}

func (e *emitter) watchFilters(filters []model.WatchFilter) *jen.Statement {
	var elems []jen.Code
	for _, f := range filters {
		lit := []pair{{"Field", e.rt("Field").Add(keyed(watchField(f.KeyPart)))}}
		if len(f.Values) > 0 {
			var values []jen.Code
			for _, v := range f.Values {
				values = append(values, jen.Lit(int(v)))
			}
			lit = append(lit, pair{"Values", jen.Index().Uint64().Values(values...)})
		}
		elems = append(elems, keyed(lit))
	}
	return jen.Index().Add(e.rt("Filter")).Add(multiline(elems))
}

// watchField is Path: []uint16{attrX} or Offset: 4, Size: 4.
func watchField(p model.KeyPart) []pair {
	if p.Member != nil {
		return []pair{{"Offset", jen.Lit(p.Member.Offset)}, {"Size", jen.Lit(p.Member.Len * max(p.Member.Count, 1))}}
	}
	var path []jen.Code
	for _, a := range p.Outer {
		path = append(path, jen.Id(a.GoConst))
	}
	return []pair{{"Path", jen.Index().Uint16().Values(append(path, jen.Id(p.Attr.GoConst))...)}}
}
