package golang

import (
	"github.com/dave/jennifer/jen"

	"github.com/nlgen/nlgen/gen/model"
)

// familyFile writes what a client starts with.
func (e *emitter) familyFile(f *jen.File) {
	f.PackageComment(commentText("Package "+e.Package+" talks to the netlink family "+e.Name+".\n\n"+e.Doc, declWidth))
	e.handshake(f)
	e.familyVar(f)
	e.groups(f)
	e.client(f)
}

func (e *emitter) handshake(f *jen.File) {
	doc(f.Group, "This code is made for version 1 of the runtime. If the line does not compile, "+
		"generate it anew with the nlgen of the runtime's version, or update the runtime.")
	f.Const().Id("_").Op("=").Add(e.rt("Version1"))
}

// familyVar writes
//
//	var family = nl.Family{
//		Name: "rt-addr",
//		Ops:  []*nl.Op{&opGetAddr, …},
//		…
//	}
func (e *emitter) familyVar(f *jen.File) {
	fields := []jen.Code{
		field("Name", jen.Lit(e.Name)),
		field("Protocol", jen.Lit(e.Protocol)),
	}
	if e.Generic {
		fields = append(fields, field("Version", jen.Lit(int(e.Version))))
	}
	fields = append(fields, e.protocolFields()...)
	fields = append(fields, field("Schema", jen.Op("&").Id("schema")))
	if ops := calledOps(e.Family); len(ops) > 0 {
		var vars []jen.Code
		for _, op := range ops {
			vars = append(vars, jen.Op("&").Id(op.GoVar))
		}
		fields = append(fields, field("Ops", jen.Index().Op("*").Add(e.rt("Op")).Add(multiline(vars))))
	}
	if len(eventOps(e.Family)) > 0 {
		fields = append(fields, field("Events", jen.Id("events")))
	}
	doc(f.Group, "family describes "+e.Name+" to the runtime.")
	f.Var().Id("family").Op("=").Add(e.rt("Family")).Add(multiline(fields))
	doc(f.Group, "Family returns the description of the family, for nl.Dial.")
	f.Func().Id("Family").Params().Op("*").Add(e.rt("Family")).Add(oneLine(jen.Return(jen.Op("&").Id("family"))))
}

// field is Key: value.
func field(key string, value jen.Code) jen.Code { return jen.Id(key).Op(":").Add(value) }

// groups writes
//
//	// Multicast groups.
//	var (
//		// GroupLink is …
//		GroupLink = nl.Group{Name: "rtnlgrp-link", Value: 1}
//	)
func (e *emitter) groups(f *jen.File) {
	if len(e.Groups) == 0 {
		return
	}
	doc(f.Group, "Multicast groups.")
	f.Var().DefsFunc(func(g *jen.Group) {
		for _, gr := range e.Groups {
			lit := []pair{{"Name", jen.Lit(gr.Name)}}
			if !e.Generic {
				lit = append(lit, pair{"Value", jen.Lit(int(gr.Value))})
			}
			fieldDoc(g, gr.Doc)
			g.Id(gr.GoName).Op("=").Add(e.rt("Group")).Add(keyed(lit))
		}
	})
}

// client writes the type Client and its functions.
func (e *emitter) client(f *jen.File) {
	conn := func() *jen.Statement { return jen.Op("*").Add(e.rt("Conn")) }
	client := func(c jen.Code) *jen.Statement { return jen.Op("&").Id("Client").Values(c) }

	doc(f.Group, "A Client talks to "+e.Name+". It is safe for concurrent use.")
	f.Type().Id("Client").Add(embed(jen.Id("conn").Add(conn())))

	doc(f.Group, "Dial returns a client with a connection of its own.")
	f.Func().Id("Dial").Params(jen.Id("opts").Op("...").Add(e.rt("Option"))).Params(jen.Op("*").Id("Client"), jen.Error()).Block(
		jen.List(jen.Id("conn"), jen.Err()).Op(":=").Add(e.rt("Dial")).Call(jen.Op("&").Id("family"), jen.Id("opts").Op("...")),
		jen.If(jen.Err().Op("!=").Nil()).Block(jen.Return(jen.Nil(), jen.Err())),
		jen.Return(client(jen.Id("conn")), jen.Nil()),
	)

	doc(f.Group, "New returns a client that uses conn, a connection to this family.")
	f.Func().Id("New").Params(jen.Id("conn").Add(conn())).Op("*").Id("Client").Add(oneLine(jen.Return(client(jen.Id("conn")))))

	doc(f.Group, "Close closes the connection.")
	f.Add(method("c", "Client", "Close")).Error().Add(oneLine(jen.Return(jen.Id("c").Dot("conn").Dot("Close").Call())))

	if len(e.Groups) == 0 {
		return
	}
	doc(f.Group, "Subscribe joins multicast groups and returns the stream of their events.")
	f.Add(method("c", "Client", "Subscribe", jen.Id("groups").Op("...").Add(e.rt("Group")))).
		Params(jen.Op("*").Add(e.rt("Subscription")), jen.Error()).Block(
		jen.Return(jen.Id("c").Dot("conn").Dot("Subscribe").Call(jen.Id("groups").Op("..."))),
	)
}

// calledOps returns the operations that a client calls.
func calledOps(f *model.Family) []*model.Op {
	var ops []*model.Op
	for _, op := range f.Ops {
		if op.Do != nil || op.Dump != nil {
			ops = append(ops, op)
		}
	}
	return ops
}

// calls returns the do and the dump of an operation, those it has.
func calls(op *model.Op) []*model.Call {
	var cs []*model.Call
	for _, c := range []*model.Call{op.Do, op.Dump} {
		if c != nil {
			cs = append(cs, c)
		}
	}
	return cs
}

// eventOps returns the operations that are events.
func eventOps(f *model.Family) []*model.Op {
	var ops []*model.Op
	for _, op := range f.Ops {
		if op.Event != nil {
			ops = append(ops, op)
		}
	}
	return ops
}
