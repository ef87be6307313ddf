package spec

import (
	"github.com/nlgen/nlgen/gen/diag"
	"github.com/nlgen/nlgen/gen/tree"
)

var opFlag = tree.Choice(AdminPerm, UnsAdminPerm)

// operations reads the operations. Paths leave out the key of the list, so
// that an operation is operations/NAME.
func operations(c tree.Cursor) *Operations {
	m := c.Map()
	defer m.Done("list")
	ops := &Operations{
		Pos:         c.Node.Pos,
		Doc:         tree.Value(m, "doc", tree.Text),
		EnumModel:   tree.Value(m, "enum-model", tree.Choice(Unified, Directional)),
		NamePrefix:  tree.Value(m, "name-prefix", tree.Text),
		EnumName:    tree.Value(m, "enum-name", tree.TextOrNull),
		AsyncPrefix: tree.Value(m, "async-prefix", tree.Text),
		AsyncEnum:   tree.Value(m, "async-enum", tree.TextOrNull),
		FixedHeader: tree.Value(m, "fixed-header", tree.Name),
		Transaction: tree.Sub(m, keyTransaction, transaction),
	}
	if items, ok := m.Field("list"); ok {
		items.Path = c.Path
		ops.List = tree.Each(items, operation)
	}
	return ops
}

func operation(c tree.Cursor) *Operation {
	m := c.Map()
	op := &Operation{
		Pos:          c.Node.Pos,
		Name:         tree.Value(m, "name", tree.Name),
		Doc:          tree.Value(m, "doc", tree.Text),
		Value:        tree.Value(m, "value", tree.UpTo(maxMessageID)),
		AttributeSet: tree.Value(m, "attribute-set", tree.Name),
		FixedHeader:  tree.Value(m, "fixed-header", tree.Name),
		Flags:        tree.Values(m, "flags", opFlag),
		DontValidate: tree.Values(m, "dont-validate", tree.Choice(SkipStrict, SkipDump, SkipDumpStrict)),
		ConfigCond:   tree.Value(m, "config-cond", tree.Name),
		Do:           tree.Sub(m, "do", subOp),
		Dump:         tree.Sub(m, "dump", subOp),
		Notify:       tree.Value(m, "notify", tree.Name),
		Event:        tree.Sub(m, "event", event),
		McastGroup:   tree.Value(m, "mcgrp", tree.Name),
		GoName:       tree.Value(m, keyGoName, tree.Name),
		CName:        tree.Value(m, keyCName, tree.TextOrNull),
		RequestFlags: tree.Values(m, keyRequestFlags, tree.Choice(
			RequestCreate, RequestExcl, RequestReplace, RequestAppend, RequestEcho)),
		Ack:       tree.Value(m, keyAck, tree.Bool),
		DumpFlag:  tree.Value(m, keyDumpFlag, tree.Bool),
		Key:       tree.Values(m, keyKey, tree.Name),
		Merge:     tree.Sub(m, keyMerge, merge),
		Watch:     tree.Sub(m, keyWatch, watch),
		Split:     tree.Sub(m, keySplit, merge),
		Register:  tree.Value(m, keyRegister, tree.Choice(RegisterBegin, RegisterEnd)),
		LastValue: tree.Value(m, keyLastValue, tree.UpTo(maxMessageID)),
	}
	m.Done("name", "doc")
	oneRole(c, op)
	return op
}

// oneRole reports an operation that is a request, a notification and an event
// at once.
func oneRole(c tree.Cursor, op *Operation) {
	request, event := op.Do != nil || op.Dump != nil, op.Event != nil
	if request && (op.Notify.Set || event) || op.Notify.Set && event {
		c.Report(diag.Diagnostic{
			Msg:  "an operation is either a request, a notification or an event",
			Hint: `keep "do" and "dump", or "notify", or "event"`,
		})
	}
}

func subOp(c tree.Cursor) *SubOp {
	m := c.Map()
	defer m.Done()
	return &SubOp{
		Pos:     c.Node.Pos,
		Doc:     tree.Value(m, "doc", tree.Text),
		Request: tree.Sub(m, "request", message),
		Reply:   tree.Sub(m, "reply", message),
		Pre:     tree.Value(m, "pre", tree.Name),
		Post:    tree.Value(m, "post", tree.Name),
	}
}

func message(c tree.Cursor) *Message {
	m := c.Map()
	defer m.Done()
	return &Message{
		Pos:        c.Node.Pos,
		Doc:        tree.Value(m, "doc", tree.Text),
		Value:      tree.Value(m, "value", tree.UpTo(maxMessageID)),
		Attributes: tree.Values(m, "attributes", tree.Name),
		Payload:    tree.List(m, keyPayload, part),
	}
}

func event(c tree.Cursor) *Event {
	m := c.Map()
	defer m.Done()
	return &Event{
		Pos:        c.Node.Pos,
		Doc:        tree.Value(m, "doc", tree.Text),
		Attributes: tree.Values(m, "attributes", tree.Name),
		Payload:    tree.List(m, keyPayload, part),
	}
}
