package golang

import (
	"slices"
	"strings"

	"github.com/dave/jennifer/jen"

	"github.com/nlgen/nlgen/gen/model"
)

// opsFile writes the operations, each with the messages it is the first to use.
func (e *emitter) opsFile(f *jen.File) {
	for _, op := range calledOps(e.Family) {
		e.opVar(f, op)
		e.opMessages(f, op)
		e.opAliases(f, op)
		e.merges(f, op)
		e.splits(f, op)
		switch {
		case op.Register != "":
			e.register(f, op)
		case op.Do != nil:
			e.do(f, op)
		}
		if op.Dump != nil {
			e.dump(f, op)
			e.all(f, op)
			e.appendTo(f, op)
			e.watch(f, op)
		}
	}
}

// opVar writes
//
//	var opGetAddr = nl.Op{Name: "getaddr", Request: 22, Reply: 20, Set: setAddrAttrs, Header: ifAddrmsgSize}
func (e *emitter) opVar(f *jen.File, op *model.Op) {
	lit := []pair{{"Name", jen.Lit(op.Name)}, {"Request", jen.Lit(int(op.RequestID))}}
	if hasReply(op) {
		lit = append(lit, pair{"Reply", jen.Lit(int(op.ReplyID))})
	}
	lit = append(lit, layout(op)...)
	if d := op.Do; d != nil {
		if d.Reply == nil {
			lit = append(lit, pair{"NoReply", jen.True()})
		}
		if !d.Ack {
			lit = append(lit, pair{"NoAck", jen.True()})
		}
		if d.ReplyOptional {
			lit = append(lit, pair{"Optional", jen.True()})
		}
	}
	if op.Dump != nil && op.Dump.Unflagged {
		lit = append(lit, pair{"Unflagged", jen.True()})
	}
	f.Var().Id(op.GoVar).Op("=").Add(e.rt("Op")).Add(keyed(lit))
}

func hasReply(op *model.Op) bool {
	return op.Do != nil && op.Do.Reply != nil || op.Dump != nil && op.Dump.Reply != nil
}

// layout is the Set and Header of an operation's or event's description.
func layout(op *model.Op) []pair {
	var lit []pair
	if op.Set != nil {
		lit = append(lit, pair{"Set", jen.Id(op.Set.Root().GoTable)})
	}
	if op.Header != nil {
		lit = append(lit, pair{"Header", jen.Id(op.Header.GoSize)})
	}
	return lit
}

// opMessages writes the messages that belong beside the operation, in the
// model's order.
func (e *emitter) opMessages(f *jen.File, op *model.Op) {
	for _, m := range e.Messages {
		if e.owners[m] == op {
			e.message(f, m)
		}
	}
}

// opAliases writes the names of the operation's messages that are types of
// another operation.
func (e *emitter) opAliases(f *jen.File, op *model.Op) {
	for _, c := range calls(op) {
		e.alias(f, c.Request, c.RequestName)
		if c == op.Do || op.Do == nil || op.Do.Reply == nil {
			e.alias(f, c.Reply, c.ReplyName)
		}
	}
}

// alias writes
//
//	// NewAddrReply is …
//	type NewAddrReply = GetAddrReply
//
// for a message that is not called name itself.
func (e *emitter) alias(f *jen.File, m *model.Message, name string) {
	if m == nil || m.GoName == name {
		return
	}
	i := slices.IndexFunc(m.Same, func(a model.Alias) bool { return a.GoName == name })
	doc(f.Group, identDoc(name, m.Same[i].Doc, "is "+m.GoName+" by another name."))
	f.Type().Id(name).Op("=").Id(m.GoName)
}

// do writes
//
//	func (c *Client) GetAddr(ctx context.Context, req *GetAddrRequest, opts ...nl.CallOption) (*GetAddrReply, error) {
//		return nl.Do[GetAddrReply](ctx, c.conn, &opGetAddr, req, opts...)
//	}
func (e *emitter) do(f *jen.File, op *model.Op) {
	c := op.Do
	doc(f.Group, identDoc(c.GoName, opDoc(op, c), "sends "+op.Name+"."))
	m := f.Add(e.clientMethod(c.GoName, c.RequestName))
	if c.Reply == nil {
		m.Error().Block(jen.Return(e.rt("Exec").Call(callArgs(op)...)))
		return
	}
	m.Params(jen.Op("*").Id(c.ReplyName), jen.Error()).Block(
		jen.Return(e.rt("Do").Types(jen.Id(c.ReplyName)).Call(callArgs(op)...)),
	)
}

// dump writes
//
//	func (c *Client) GetAddrDump(ctx …, req …, opts …) iter.Seq2[*GetAddrReply, error] {
//		return nl.Dump[GetAddrReply](ctx, c.conn, &opGetAddr, req, opts...)
//	}
func (e *emitter) dump(f *jen.File, op *model.Op) {
	c := op.Dump
	text := c.Doc
	if op.Do == nil {
		text = opDoc(op, c)
	}
	doc(f.Group, identDoc(c.GoName, text, "iterates over the replies to a dump of "+op.Name+"."))
	seq := e.rt("Dump").Types(jen.Id(c.ReplyName)).Call(callArgs(op)...)
	if op.Merge != nil {
		seq = e.rt("MergeSeq").Call(seq, methodExpr(c.ReplyName, "merge"))
	}
	f.Add(e.clientMethod(c.GoName, c.RequestName)).
		Qual(iterPath, "Seq2").Types(jen.Op("*").Id(c.ReplyName), jen.Error()).
		Block(jen.Return(seq))
}

// all writes
//
//	func (c *Client) GetAddrAll(ctx …, req …, opts …) ([]*GetAddrReply, error) {
//		return nl.All[GetAddrReply](ctx, c.conn, &opGetAddr, req, opts...)
//	}
func (e *emitter) all(f *jen.File, op *model.Op) {
	c := op.Dump
	doc(f.Group, c.GoAllName+" collects what "+c.GoName+" iterates over. It starts again if the list changed meanwhile.")
	call := e.rt("All").Types(jen.Id(c.ReplyName)).Call(callArgs(op)...)
	body := []jen.Code{jen.Return(call)}
	if op.Merge != nil {
		body = []jen.Code{
			jen.List(jen.Id("list"), jen.Err()).Op(":=").Add(call),
			jen.Return(e.rt("MergeList").Call(jen.Id("list"), methodExpr(c.ReplyName, "merge")), jen.Err()),
		}
	}
	f.Add(e.clientMethod(c.GoAllName, c.RequestName)).
		Params(jen.Index().Op("*").Id(c.ReplyName), jen.Error()).
		Block(body...)
}

// clientMethod is func (c *Client) Name(ctx context.Context, req *Request, opts ...nl.CallOption).
func (e *emitter) clientMethod(name string, req string) *jen.Statement {
	return method("c", "Client", name,
		jen.Id("ctx").Qual(contextPath, "Context"),
		jen.Id("req").Op("*").Id(req),
		jen.Id("opts").Op("...").Add(e.rt("CallOption")),
	)
}

// callArgs is ctx, c.conn, &opX, req, opts....
func callArgs(op *model.Op) []jen.Code {
	return []jen.Code{
		jen.Id("ctx"), jen.Id("c").Dot("conn"), jen.Op("&").Id(op.GoVar), jen.Id("req"), jen.Id("opts").Op("..."),
	}
}

// opDoc is the spec's text for a call and what its caller must know.
func opDoc(op *model.Op, c *model.Call) string {
	text := c.Doc
	if text == "" {
		text = op.Doc
	}
	return text + "\n\n" + sentence("", requestFlags(op), optionalFact(c), permission(op))
}

func requestFlags(op *model.Op) string {
	if len(op.RequestFlags) == 0 {
		return ""
	}
	var names []string
	for _, f := range op.RequestFlags {
		names = append(names, "nl."+strings.ToUpper(f[:1])+f[1:])
	}
	return "Options: " + strings.Join(names, ", ") + "."
}

func optionalFact(c *model.Call) string {
	if c.ReplyOptional {
		return "The reply is nil without nl.Echo."
	}
	return ""
}

func permission(op *model.Op) string {
	for _, f := range op.Flags {
		if f == "admin-perm" || f == "uns-admin-perm" {
			return "Needs CAP_NET_ADMIN."
		}
	}
	return ""
}
