package resolve

import (
	"fmt"
	"maps"
	"slices"

	"github.com/nlgen/nlgen/gen/diag"
	"github.com/nlgen/nlgen/gen/model"
	"github.com/nlgen/nlgen/gen/spec"
)

// opNode is an operation on its way through resolution.
type opNode struct {
	*model.Op
	def    *spec.Operation
	path   string
	wanted bool

	eventAttrs []*model.Attr
	eventParts []*model.Part
	reply      *model.Message
}

// operations resolves the operations, except for their ids and messages.
func (r *resolver) operations() {
	all := r.spec.Operations
	var header *model.Struct
	if h, ok := lookup(r, r.structs, all.FixedHeader, "operations/fixed-header", "struct definition"); ok {
		header = h.Struct
	}
	for _, def := range all.List {
		n := &opNode{Op: r.operation(def, header), def: def, path: "operations/" + def.Name.Value}
		if unique(r, r.ops, def.Name, n.path, "operation", n) {
			r.opList = append(r.opList, n)
		}
	}
	r.notifications()
	r.selectWanted()
	for _, n := range r.opList {
		r.calls(n)
		r.custom(n)
	}
}

func (r *resolver) operation(def *spec.Operation, header *model.Struct) *model.Op {
	path := "operations/" + def.Name.Value
	op := &model.Op{
		Name: def.Name.Value, Doc: def.Doc.Value, Pos: def.Pos,
		GoName: r.goName(def.GoName, def.Name, path), Header: header,
		ConfigCond: def.ConfigCond.Value,
	}
	prefix := r.fam.C.OpPrefix
	if def.Notify.Set || def.Event != nil {
		prefix = r.fam.C.AsyncPrefix
	}
	op.GoVar = "op" + op.GoName
	op.CName = def.CName.Or(cUpper(prefix + op.Name))
	if h, ok := lookup(r, r.structs, def.FixedHeader, path+"/fixed-header", "struct definition"); ok {
		op.Header = h.Struct
	}
	if n, ok := lookup(r, r.sets, def.AttributeSet, path+"/attribute-set", "attribute set"); ok {
		op.Set = n.AttrSet
	}
	if g, ok := lookup(r, r.groups, def.McastGroup, path+"/mcgrp", "multicast group"); ok {
		op.Groups = append(op.Groups, g)
	}
	op.Flags = texts(def.Flags)
	op.DontValidate = texts(def.DontValidate)
	op.RequestFlags = texts(def.RequestFlags)
	return op
}

func texts[T ~string](list spec.Val[[]spec.Val[T]]) []string {
	var out []string
	for _, v := range list.Value {
		out = append(out, string(v.Value))
	}
	return out
}

// notifications finds the operation whose reply each notification looks like;
// it may come later in the list.
func (r *resolver) notifications() {
	for _, n := range r.opList {
		notified, ok := lookup(r, r.ops, n.def.Notify, n.path+"/notify", "operation")
		if !ok {
			continue
		}
		if !hasReply(notified.def) {
			r.diags.Errorf(n.def.Notify.Pos, n.path, "the operation %q has no reply to look like", notified.Name)
			continue
		}
		n.Notify = notified.Op
		n.Header = notified.Header
		if n.Set == nil {
			n.Set = notified.Set
		}
	}
}

func hasReply(op *spec.Operation) bool {
	return op.Do != nil && op.Do.Reply != nil || op.Dump != nil
}

// selectWanted puts the operations asked for into the family.
func (r *resolver) selectWanted() {
	for _, name := range r.opts.Operations {
		n, ok := r.ops[name]
		if !ok {
			r.diags.Add(diag.Diagnostic{
				Pos: r.spec.Operations.Pos, Path: "operations",
				Msg:  fmt.Sprintf("there is no operation %q, which is asked for", name),
				Hint: diag.DidYouMean(name, slices.Sorted(maps.Keys(r.ops))),
			})
			continue
		}
		n.wanted = true
	}
	for _, n := range r.opList {
		n.wanted = n.wanted || len(r.opts.Operations) == 0
		if n.wanted {
			r.fam.Ops = append(r.fam.Ops, n.Op)
		}
	}
}

// calls resolves the do and dump halves of an operation and its event.
func (r *resolver) calls(n *opNode) {
	def := n.def
	if def.Do != nil {
		n.Do = r.call(n, def.Do, "/do")
		n.Do.GoName = n.GoName
		n.Do.Ack = def.Ack.Or(def.Do.Reply == nil || def.Dump == nil)
		n.Do.ReplyOptional = def.Do.Reply != nil && def.Dump == nil && slices.Contains(n.RequestFlags, "echo")
	}
	if def.Dump != nil {
		n.Dump = r.call(n, def.Dump, "/dump")
		n.Dump.GoName = n.GoName + "Dump"
		n.Dump.GoAllName = n.GoName + "All"
		n.Dump.GoAppendName = n.GoName + "Append"
		n.Dump.Unflagged = !def.DumpFlag.Or(true)
	}
	if def.DumpFlag.Set && (def.Do != nil || def.Dump == nil) {
		r.diags.Errorf(def.DumpFlag.Pos, n.path+"/x-nlgen-dump-flag", "this is about a dump without a do; with one beside it the flag tells them apart")
	}
	if def.Event != nil {
		n.eventAttrs = r.listed(n, def.Event.Attributes, n.path+"/event/attributes")
		n.eventParts = r.parts(def.Event.Payload, n.path+"/event", true)
	}
}

func (r *resolver) call(n *opNode, sub *spec.SubOp, half string) *model.Call {
	c := &model.Call{Doc: sub.Doc.Value, Pre: sub.Pre.Value, Post: sub.Post.Value}
	if sub.Request != nil {
		c.RequestAttrs = r.listed(n, sub.Request.Attributes, n.path+half+"/request/attributes")
		c.RequestListed = asListed(c.RequestAttrs, sub.Request.Attributes)
		c.RequestParts = r.parts(sub.Request.Payload, n.path+half+"/request", false)
	}
	if sub.Reply != nil {
		c.ReplyAttrs = r.listed(n, sub.Reply.Attributes, n.path+half+"/reply/attributes")
		c.ReplyParts = r.parts(sub.Reply.Payload, n.path+half+"/reply", false)
	}
	return c
}

// listed finds the attributes an operation lists. Their order is that of the
// set.
func (r *resolver) listed(n *opNode, names spec.Names, path string) []*model.Attr {
	if n.Set == nil {
		if len(names.Value) > 0 && !n.def.AttributeSet.Set {
			r.diags.Errorf(names.Pos, path, "the operation has no attribute-set to take attributes from")
		}
		return nil
	}
	byName := r.sets[n.Set.Name].byName
	listed := map[*model.Attr]bool{}
	for _, name := range names.Value {
		a := byName[name.Value]
		switch {
		case a == nil && hasMember(n.Header, name.Value):
			r.diags.Warnf(name.Pos, path, "%q is a member of the fixed header, which every message has, and no attribute", name.Value)
		case a == nil:
			r.unknown(name, path, "attribute in the set "+n.Set.Name+" called", slices.Sorted(maps.Keys(byName)))
		case listed[a]:
			r.diags.Warnf(name.Pos, path, "%q stands twice in the list", name.Value)
		default:
			listed[a] = true
		}
	}
	return slices.DeleteFunc(slices.Clone(n.Set.Attrs), func(a *model.Attr) bool {
		return !listed[a] || !a.Wire()
	})
}

// asListed sorts attributes by their places in a list of names.
func asListed(attrs []*model.Attr, names spec.Names) []*model.Attr {
	place := func(a *model.Attr) int {
		return slices.IndexFunc(names.Value, func(n spec.Val[string]) bool { return n.Value == a.Name })
	}
	return slices.SortedFunc(slices.Values(attrs), func(a, b *model.Attr) int { return place(a) - place(b) })
}

func hasMember(s *model.Struct, name string) bool {
	return s != nil && slices.ContainsFunc(s.Members, func(m *model.Member) bool { return m.Name == name })
}
