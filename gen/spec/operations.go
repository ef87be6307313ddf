package spec

import "github.com/nlgen/nlgen/gen/diag"

var opFlag = choice(AdminPerm, UnsAdminPerm)

// operations reads the operations. Paths leave out the key of the list, so
// that an operation is operations/NAME.
func (d *decoder) operations(n *Node, path string) *Operations {
	m := d.mapping(n, path)
	defer m.done("list")
	ops := &Operations{
		Pos:         n.Pos,
		Doc:         val(m, "doc", text),
		EnumModel:   val(m, "enum-model", choice(Unified, Directional)),
		NamePrefix:  val(m, "name-prefix", text),
		EnumName:    val(m, "enum-name", textOrNull),
		AsyncPrefix: val(m, "async-prefix", text),
		AsyncEnum:   val(m, "async-enum", textOrNull),
		FixedHeader: val(m, "fixed-header", name),
	}
	if items := m.get("list"); items != nil {
		ops.List = listAt(d, items, path, (*decoder).operation)
	}
	return ops
}

func (d *decoder) operation(n *Node, path string) *Operation {
	m := d.mapping(n, path)
	op := &Operation{
		Pos:          n.Pos,
		Name:         val(m, "name", name),
		Doc:          val(m, "doc", text),
		Value:        val(m, "value", upTo(maxMessageID)),
		AttributeSet: val(m, "attribute-set", name),
		FixedHeader:  val(m, "fixed-header", name),
		Flags:        vals(m, "flags", opFlag),
		DontValidate: vals(m, "dont-validate", choice(SkipStrict, SkipDump, SkipDumpStrict)),
		ConfigCond:   val(m, "config-cond", name),
		Do:           sub(m, "do", (*decoder).subOp),
		Dump:         sub(m, "dump", (*decoder).subOp),
		Notify:       val(m, "notify", name),
		Event:        sub(m, "event", (*decoder).event),
		McastGroup:   val(m, "mcgrp", name),
		GoName:       val(m, keyGoName, name),
		CName:        val(m, keyCName, textOrNull),
		RequestFlags: vals(m, keyRequestFlags, choice(
			RequestCreate, RequestExcl, RequestReplace, RequestAppend, RequestEcho)),
		Ack:   val(m, keyAck, boolean),
		Key:   vals(m, keyKey, name),
		Merge: sub(m, keyMerge, (*decoder).merge),
	}
	m.done("name", "doc")
	d.oneRole(op, path)
	return op
}

// oneRole reports an operation that is a request, a notification and an event
// at once.
func (d *decoder) oneRole(op *Operation, path string) {
	request, event := op.Do != nil || op.Dump != nil, op.Event != nil
	if request && (op.Notify.Set || event) || op.Notify.Set && event {
		d.diags.Add(diag.Diagnostic{
			Pos: op.Pos, Path: path,
			Msg:  "an operation is either a request, a notification or an event",
			Hint: `keep "do" and "dump", or "notify", or "event"`,
		})
	}
}

func (d *decoder) subOp(n *Node, path string) *SubOp {
	m := d.mapping(n, path)
	defer m.done()
	return &SubOp{
		Pos:     n.Pos,
		Doc:     val(m, "doc", text),
		Request: sub(m, "request", (*decoder).message),
		Reply:   sub(m, "reply", (*decoder).message),
		Pre:     val(m, "pre", name),
		Post:    val(m, "post", name),
	}
}

func (d *decoder) message(n *Node, path string) *Message {
	m := d.mapping(n, path)
	defer m.done()
	return &Message{
		Pos:        n.Pos,
		Doc:        val(m, "doc", text),
		Value:      val(m, "value", upTo(maxMessageID)),
		Attributes: vals(m, "attributes", name),
	}
}

func (d *decoder) event(n *Node, path string) *Event {
	m := d.mapping(n, path)
	defer m.done()
	return &Event{
		Pos:        n.Pos,
		Doc:        val(m, "doc", text),
		Attributes: vals(m, "attributes", name),
	}
}
