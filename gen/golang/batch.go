package golang

import (
	"github.com/dave/jennifer/jen"

	"github.com/nlgen/nlgen/gen/model"
)

// batchFile writes the type Batch, with a method for each request.
func (e *emitter) batchFile(f *jen.File) {
	doc(f.Group, "A Batch sends requests together; see nl.Batch. Its methods add one each. What a request is answered is decoded "+
		"into reply, a zero message that may be nil, by the time Wait returns.")
	f.Type().Id("Batch").Add(embed(jen.Op("*").Add(e.rt("Batch"))))
	doc(f.Group, "Batch starts a batch of requests.")
	f.Add(e.batchStart("Batch")).Block(
		jen.Return(newBatch(jen.Id("c").Dot("conn").Dot("Batch").Call(jen.Id("ctx"), jen.Id("opts").Op("...")))),
	)
	if e.Transaction != nil {
		e.transaction(f)
	}
	for _, op := range batchOps(e.Family) {
		e.batched(f, op)
	}
}

// batchOps returns the operations that a batch can have.
func batchOps(f *model.Family) []*model.Op {
	var ops []*model.Op
	for _, op := range f.Ops {
		t := f.Transaction
		if op.Do != nil && op.Register == "" && (t == nil || op != t.Begin && op != t.End) {
			ops = append(ops, op)
		}
	}
	return ops
}

// batchStart is func (c *Client) Name(ctx context.Context, opts ...nl.BatchOption) *Batch.
func (e *emitter) batchStart(name string) *jen.Statement {
	return method("c", "Client", name,
		jen.Id("ctx").Qual(contextPath, "Context"),
		jen.Id("opts").Op("...").Add(e.rt("BatchOption")),
	).Op("*").Id("Batch")
}

func newBatch(b jen.Code) *jen.Statement { return jen.Op("&").Id("Batch").Values(b) }

// transaction writes
//
//	func (c *Client) Transaction(ctx context.Context, opts ...nl.BatchOption) *Batch {
//		return &Batch{c.conn.Transaction(ctx, &nl.Brackets{
//			Begin:        &opBatchBegin,
//			End:          &opBatchEnd,
//			BeginRequest: &BatchBeginRequest{Header: Nfgenmsg{ResID: 10}},
//			EndRequest:   &BatchEndRequest{Header: Nfgenmsg{ResID: 10}},
//		}, opts...)}
//	}
func (e *emitter) transaction(f *jen.File) {
	t := e.Transaction
	brackets := []jen.Code{
		field("Begin", jen.Op("&").Id(t.Begin.GoVar)),
		field("End", jen.Op("&").Id(t.End.GoVar)),
		field("BeginRequest", bracketRequest(t, t.Begin)),
		field("EndRequest", bracketRequest(t, t.End)),
	}
	doc(f.Group, "Transaction starts a batch of requests that are done all or not at all, when Wait is called. The operations must be such that the kernel takes in transactions.")
	f.Add(e.batchStart("Transaction")).Block(
		jen.Return(newBatch(jen.Id("c").Dot("conn").Dot("Transaction").Call(
			jen.Id("ctx"), jen.Op("&").Add(e.rt("Brackets")).Add(multiline(brackets)), jen.Id("opts").Op("..."),
		))),
	)
}

// bracketRequest is &BatchBeginRequest{Header: Nfgenmsg{ResID: 10}}.
func bracketRequest(t *model.Transaction, op *model.Op) *jen.Statement {
	var members []pair
	for _, v := range t.Header {
		members = append(members, pair{v.Member.GoName, jen.Lit(int(v.Value))})
	}
	m := op.Do.Request
	var fields []pair
	if len(members) > 0 {
		fields = append(fields, pair{m.HeaderField, jen.Id(m.Header.GoName).Add(keyed(members))})
	}
	return jen.Op("&").Id(op.Do.RequestName).Add(keyed(fields))
}

// batched writes
//
//	func (b *Batch) NewRoute(req *NewRouteRequest, reply *NewRouteReply, opts ...nl.CallOption) {
//		nl.Queue(b.Batch, &opNewRoute, req, reply, opts...)
//	}
func (e *emitter) batched(f *jen.File, op *model.Op) {
	c := op.Do
	params := []jen.Code{jen.Id("req").Op("*").Id(c.RequestName)}
	args := []jen.Code{jen.Id("b").Dot("Batch"), jen.Op("&").Id(op.GoVar), jen.Id("req")}
	queue := "QueueExec"
	if c.Reply != nil {
		params = append(params, jen.Id("reply").Op("*").Id(c.ReplyName))
		args = append(args, jen.Id("reply"))
		queue = "Queue"
	}
	params = append(params, jen.Id("opts").Op("...").Add(e.rt("CallOption")))
	args = append(args, jen.Id("opts").Op("..."))
	doc(f.Group, c.GoName+" adds a request of "+op.Name+"; see Client."+c.GoName+".")
	f.Add(method("b", "Batch", c.GoName, params...)).Block(e.rt(queue).Call(args...))
}

// appendTo writes
//
//	func (c *Client) GetAddrAppend(ctx …, dst []GetAddrReply, req …, opts …) ([]GetAddrReply, error) {
//		return nl.AppendAll(ctx, c.conn, &opGetAddr, dst, req, opts...)
//	}
func (e *emitter) appendTo(f *jen.File, op *model.Op) {
	c := op.Dump
	doc(f.Group, c.GoAppendName+" is "+c.GoAllName+" for a slice of the caller: it appends to dst and returns the longer slice, which the next call can use again.")
	args := []jen.Code{
		jen.Id("ctx"), jen.Id("c").Dot("conn"), jen.Op("&").Id(op.GoVar), jen.Id("dst"), jen.Id("req"), jen.Id("opts").Op("..."),
	}
	call := e.rt("AppendAll").Call(args...)
	body := []jen.Code{jen.Return(call)}
	if op.Merge != nil {
		body = []jen.Code{
			jen.Id("n").Op(":=").Len(jen.Id("dst")),
			jen.List(jen.Id("list"), jen.Err()).Op(":=").Add(call),
			jen.Return(e.rt("MergeFrom").Call(jen.Id("list"), jen.Id("n"), methodExpr(c.ReplyName, "merge")), jen.Err()),
		}
	}
	list := jen.Index().Id(c.ReplyName)
	f.Add(method("c", "Client", c.GoAppendName,
		jen.Id("ctx").Qual(contextPath, "Context"),
		jen.Id("dst").Add(list.Clone()),
		jen.Id("req").Op("*").Id(c.RequestName),
		jen.Id("opts").Op("...").Add(e.rt("CallOption")),
	)).Params(list, jen.Error()).Block(body...)
}
