package golang

import (
	"github.com/dave/jennifer/jen"

	"github.com/nlgen/nlgen/gen/model"
)

// EmitServer returns the file with the server of a family, which goes beside those
// of [Emit].
func EmitServer(f *model.Family, opts Options) (File, error) {
	if err := check(f); err != nil {
		return File{}, err
	}
	e := newEmitter(f, opts)
	files, err := e.render([]section{{"server_gen.go", e.serverFile, true}})
	if err != nil {
		return File{}, err
	}
	return files[0], nil
}

// serverFile writes what a server of the family implements and how it is served.
func (e *emitter) serverFile(f *jen.File) {
	ops := calledOps(e.Family)
	if len(ops) > 0 {
		e.serverInterface(f, ops)
		e.unimplemented(f, ops)
	}
	doc(f.Group, "A Serving is a server of "+e.Name+" that clients can reach: by nl.WithPeer, or what Listen opens.")
	f.Type().Id("Serving").Add(embed(jen.Op("*").Add(e.rt("Server"))))
	e.serve(f, ops)
	for _, op := range eventOps(e.Family) {
		e.notify(f, op)
	}
}

// serverInterface writes
//
//	type Server interface {
//		// GetAddr …
//		GetAddr(ctx context.Context, req *GetAddrRequest) (*GetAddrReply, error)
//		// GetAddrDump …
//		GetAddrDump(ctx context.Context, req *GetAddrDumpRequest) iter.Seq2[*GetAddrReply, error]
//	}
func (e *emitter) serverInterface(f *jen.File, ops []*model.Op) {
	doc(f.Group, "A Server answers the requests of "+e.Name+", one method for each. Embed UnimplementedServer for those that it lacks. "+
		"Requests are checked before; an *nl.Error says what else is wrong with one, and with which attribute.")
	f.Type().Id("Server").InterfaceFunc(func(g *jen.Group) {
		for _, op := range ops {
			for _, c := range calls(op) {
				fieldDoc(g, c.GoName+" answers "+e.what(op, c)+".")
				g.Id(c.GoName).Params(
					jen.Id("ctx").Qual(contextPath, "Context"), jen.Id("req").Op("*").Id(c.RequestName),
				).Add(e.results(op, c))
			}
		}
	})
}

// what names a call.
func (e *emitter) what(op *model.Op, c *model.Call) string {
	if c == op.Dump {
		return "a dump of " + op.Name
	}
	return op.Name
}

// results are the results of the method that answers a call.
func (e *emitter) results(op *model.Op, c *model.Call) *jen.Statement {
	switch {
	case c == op.Dump:
		return jen.Qual(iterPath, "Seq2").Types(jen.Op("*").Id(c.ReplyName), jen.Error())
	case c.Reply == nil:
		return jen.Error()
	}
	return jen.Params(jen.Op("*").Id(c.ReplyName), jen.Error())
}

// unimplemented writes
//
//	func (UnimplementedServer) GetAddr(context.Context, *GetAddrRequest) (*GetAddrReply, error) { return nil, nl.ErrUnimplemented }
func (e *emitter) unimplemented(f *jen.File, ops []*model.Op) {
	doc(f.Group, "UnimplementedServer is a Server that answers EOPNOTSUPP to everything.")
	f.Type().Id("UnimplementedServer").Struct()
	for _, op := range ops {
		for _, c := range calls(op) {
			result := []jen.Code{jen.Nil(), e.rt("ErrUnimplemented")}
			switch {
			case c == op.Dump:
				result = []jen.Code{e.rt("UnimplementedDump").Types(jen.Id(c.ReplyName))}
			case c.Reply == nil:
				result = result[1:]
			}
			doc(f.Group, c.GoName+" implements Server.")
			f.Func().Params(jen.Id("UnimplementedServer")).Id(c.GoName).Params(
				jen.Qual(contextPath, "Context"), jen.Op("*").Id(c.RequestName),
			).Add(e.results(op, c)).Block(jen.Return(result...))
		}
	}
}

// serve writes
//
//	func Serve(s Server, opts ...nl.ServeOption) *Serving {
//		return &Serving{nl.NewServer(&family, nl.Service{
//			Groups: []nl.Group{GroupLink},
//			Handlers: []nl.Handler{
//				nl.HandleDo(&opGetAddr, s.GetAddr),
//				nl.HandleDump(&opGetAddr, s.GetAddrDump),
//			},
//			Rules: …
//		}, opts...)}
//	}
func (e *emitter) serve(f *jen.File, ops []*model.Op) {
	var fields, handlers, groups, params []jen.Code
	for _, op := range ops {
		for _, c := range calls(op) {
			handlers = append(handlers, e.rt(handle(op, c)).Call(jen.Op("&").Id(op.GoVar), jen.Id("s").Dot(c.GoName)))
		}
	}
	for _, g := range e.Groups {
		groups = append(groups, jen.Id(g.GoName))
	}
	for _, l := range []struct {
		name, elem string
		values     []jen.Code
	}{{"Groups", "Group", groups}, {"Handlers", "Handler", handlers}, {"Rules", "Rule", e.rules()}} {
		if len(l.values) > 0 {
			fields = append(fields, field(l.name, jen.Index().Add(e.rt(l.elem)).Add(multiline(l.values))))
		}
	}
	text := "Serve returns a server that sends events; there are no requests. Close it in the end."
	if len(ops) > 0 {
		text = "Serve returns a server whose requests s answers. Close it in the end."
		params = append(params, jen.Id("s").Id("Server"))
	}
	doc(f.Group, text)
	f.Func().Id("Serve").Params(append(params, jen.Id("opts").Op("...").Add(e.rt("ServeOption")))...).Op("*").Id("Serving").Block(
		jen.Return(jen.Op("&").Id("Serving").Values(e.rt("NewServer").Call(
			jen.Op("&").Id("family"), e.rt("Service").Add(multiline(fields)), jen.Id("opts").Op("..."),
		))),
	)
}

// rules are the rules for requests that messages do not check themselves:
//
//	nl.OneOf(setThing, attrThingColour, namesColour)
//
// Of classic protocols, enums name only some of the values that there can be.
func (e *emitter) rules() []jen.Code {
	var rules []jen.Code
	add := func(fn string, a *model.Attr, more ...jen.Code) {
		args := append([]jen.Code{jen.Id(a.Set.Root().GoTable), jen.Id(a.GoConst)}, more...)
		rules = append(rules, e.rt(fn).Call(args...))
	}
	for _, s := range rootSets(e.Family) {
		for _, a := range knownAttrs(s) {
			c := a.Checks
			switch {
			case a.Type == model.TypePad && e.Generic:
				add("Padding", a)
			case c.UnterminatedOK:
				add("Unterminated", a, jen.Lit(longest(c)))
			case !e.Generic || a.Enum == nil || c.Min != nil || c.Max != nil || c.Mask != nil:
			case a.Enum.Flags:
				add("BitsOf", a, jen.Id(a.Enum.GoNames))
			case a.AsFlags:
				add("BitsOf", a, jen.Id(a.Enum.GoMaskNames))
			default:
				add("OneOf", a, jen.Id(a.Enum.GoNames))
			}
		}
	}
	return rules
}

// longest returns the greatest length of a string without NUL, 0 if it has none.
func longest(c model.Checks) int {
	if c.MaxLen == nil {
		return 0
	}
	return int(c.MaxLen.Value)
}

// handle is the runtime's function that makes a handler of the method of a call.
func handle(op *model.Op, c *model.Call) string {
	switch {
	case c == op.Dump:
		return "HandleDump"
	case c.Reply == nil:
		return "HandleExec"
	}
	return "HandleDo"
}

// notify writes
//
//	func (s *Serving) NotifyNewAddrNtf(group nl.Group, m *NewAddrNtf) error { return s.Notify(group, m) }
func (e *emitter) notify(f *jen.File, op *model.Op) {
	doc(f.Group, op.Event.GoNotify+" sends the event "+op.Name+" to the members of a group.")
	f.Add(method("s", "Serving", op.Event.GoNotify, jen.Id("group").Add(e.rt("Group")), jen.Id("m").Op("*").Id(op.Event.GoName))).
		Error().Add(oneLine(jen.Return(jen.Id("s").Dot("Notify").Call(jen.Id("group"), jen.Id("m")))))
}
