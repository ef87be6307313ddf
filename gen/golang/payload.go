package golang

import (
	"strconv"
	"strings"

	"github.com/dave/jennifer/jen"

	"github.com/nlgen/nlgen/gen/model"
)

// payload writes the type of a message that consists of parts, and its codec.
func (e *emitter) payload(f *jen.File, m *model.Message) {
	doc(f.Group, e.payloadDoc(m))
	f.Type().Id(m.GoName).StructFunc(func(g *jen.Group) {
		for _, p := range m.Parts {
			fieldDoc(g, sentence(p.Doc, partFact(p)))
			tag(g.Id(p.GoName).Add(e.partType(p)), p.Name)
		}
	})
	e.payloadEncode(f, m)
	e.payloadDecode(f, m)
	for _, p := range m.Parts {
		if p.Type == model.PartMessageType {
			e.setMessageType(f, m, p)
		}
	}
}

func (e *emitter) payloadDoc(m *model.Message) string {
	if e.owners[m] == nil {
		return identDoc(m.GoName, m.Doc, "is a payload of "+e.Name+".")
	}
	return e.messageDoc(m)
}

// partFact is what the type of a field does not say.
func partFact(p *model.Part) string {
	switch {
	case p.Until == "\x00":
		return "A NUL ends it."
	case p.Until != "":
		return "The character " + p.Until + " ends it."
	case p.Type == model.PartMessageType:
		return "It is the type in the netlink header."
	case p.Sub != nil:
		return "It is nil if the payload ends before it."
	}
	return ""
}

// partType is the Go type of a part.
func (e *emitter) partType(p *model.Part) *jen.Statement {
	switch p.Type {
	case model.PartStruct:
		return jen.Id(p.Struct.GoName)
	case model.PartArray:
		return jen.Index().Id(p.Struct.GoName)
	case model.PartString:
		return jen.String()
	case model.PartKeyValues:
		return e.rt("KeyValues")
	case model.PartSubMessage:
		return jen.Id(p.Sub.GoName)
	case model.PartMessageType:
		if p.Enum != nil {
			return jen.Id(p.Enum.GoName)
		}
		return jen.Uint16()
	}
	return jen.Index().Byte()
}

// payloadEncode writes
//
//	func (m *CnMsg) Encode(e *nl.Encoder, b []byte) []byte {
//		header := m.Header
//		…
//		b = header.Encode(e, b)
//		b = nl.AppendRestBody(e, b, …, m.Body, bodyCnBody(m.Body))
//		return b
//	}
func (e *emitter) payloadEncode(f *jen.File, m *model.Message) {
	doc(f.Group, "Encode implements nl.Message.")
	f.Add(e.encodeMethod("m", m.GoName)).BlockFunc(func(g *jen.Group) {
		for _, p := range m.Parts {
			if p.Sub != nil {
				e.fillSelectors(g, m, p)
			}
		}
		for _, p := range m.Parts {
			e.putPart(g, m, p)
		}
		g.Return(jen.Id("b"))
	})
}

// fillSelectors writes what sets the members that select a body, unless the
// caller has:
//
//	head := m.Head
//	if head.What == 0 {
//		switch m.Body.(type) {
//		case *Fork:
//			head.What = 1
//		}
//	}
func (e *emitter) fillSelectors(g *jen.Group, m *model.Message, p *model.Part) {
	for _, part := range selecting(p) {
		g.Id(local(part)).Op(":=").Id("m").Dot(part.GoName)
	}
	unset := jen.Null()
	var members []jen.Code
	for i, s := range p.Selector {
		if i > 0 {
			unset.Op("&&")
		}
		unset.Add(memberPath(s)).Op("==").Lit(0)
		members = append(members, memberPath(s))
	}
	g.If(unset).Block(
		jen.Switch(jen.Id("m").Dot(p.GoName).Assert(jen.Type())).BlockFunc(func(g *jen.Group) {
			for _, fm := range p.Sub.Formats {
				if fm.Body == nil || len(fm.Body.Values) > 1 {
					continue
				}
				var numbers []jen.Code
				for _, n := range fm.Numbers {
					numbers = append(numbers, jen.Lit(int(n)))
				}
				g.Case(jen.Op("*").Id(bodyType(fm.Body))).Block(
					jen.List(members...).Op("=").Add(jen.List(numbers...)),
				)
			}
		}),
	)
}

// selecting returns the parts with the selectors of p, each once.
func selecting(p *model.Part) []*model.Part {
	var parts []*model.Part
	seen := map[*model.Part]bool{}
	for _, s := range p.Selector {
		if !seen[s.Part] {
			seen[s.Part] = true
			parts = append(parts, s.Part)
		}
	}
	return parts
}

// local is the variable that holds a copy of a part.
func local(p *model.Part) string { return "part" + p.GoName }

// memberPath is head.ID.Idx, in the copy of the part.
func memberPath(r *model.MemberRef) *jen.Statement { return path(jen.Id(local(r.Part)), r) }

func path(v *jen.Statement, r *model.MemberRef) *jen.Statement {
	for _, m := range r.Path {
		v = v.Dot(m.GoName)
	}
	return v
}

// copied reports whether the encoder has a copy of a part, with its selectors
// filled in.
func copied(m *model.Message, p *model.Part) bool {
	for _, other := range m.Parts {
		for _, s := range other.Selector {
			if s.Part == p {
				return true
			}
		}
	}
	return false
}

// counts reports whether a member of a part counts the bytes of another.
func counts(m *model.Message, p *model.Part) bool {
	for _, other := range m.Parts {
		if other.Length != nil && other.Length.Part == p {
			return true
		}
	}
	return false
}

// putPart writes the statements that encode a part.
func (e *emitter) putPart(g *jen.Group, m *model.Message, p *model.Part) {
	v := jen.Id("m").Dot(p.GoName)
	if p.Length != nil {
		g.Id("start").Op(":=").Add(here())
	}
	if counts(m, p) {
		g.Id("at" + p.GoName).Op(":=").Add(here())
	}
	switch p.Type {
	case model.PartStruct:
		if copied(m, p) {
			v = jen.Id(local(p))
		}
		g.Add(encodeInto(v))
	case model.PartArray:
		g.Add(e.appendCall("AppendStructs", v))
	case model.PartString:
		if p.Until == "" {
			g.Add(e.appendCall("AppendText", jen.Lit(p.Name), v))
		} else {
			g.Add(e.appendCall("AppendTextUntil", jen.Lit(p.Name), v, until(p)))
		}
	case model.PartBinary:
		g.Id("b").Op("=").Append(jen.Id("b"), v.Op("..."))
	case model.PartKeyValues:
		g.Add(encodeInto(v))
	case model.PartSubMessage:
		g.Add(e.appendCall("AppendRestBody", e.selectorValue(p), v, jen.Id(p.Sub.GoBody).Call(v)))
	}
	if l := p.Length; l != nil {
		place := jen.Id("at" + l.Part.GoName)
		if off := l.Offset(); off > 0 {
			place.Op("+").Lit(off)
		}
		g.Add(e.rt("PutLength")).Call(jen.Id("e"), jen.Id("b"), jen.Lit(p.Name), place, jen.Lit(l.Member().Len), order(l.Member()), jen.Id("start"))
	}
}

// until is the character that ends a text.
func until(p *model.Part) jen.Code {
	if p.Until == "\x00" {
		return jen.Lit(0)
	}
	return jen.LitRune(rune(p.Until[0]))
}

// selectorValue is the text that selects a body: the names or numbers of the
// selectors with slashes between them.
func (e *emitter) selectorValue(p *model.Part) *jen.Statement {
	text := jen.Null()
	for i, s := range p.Selector {
		if i > 0 {
			text.Op("+").Lit("/").Op("+")
		}
		text.Add(e.memberNames(s.Member())).Dot("Of").Call(e.rt("Some").Call(memberPath(s)))
	}
	return text
}

// memberNames is the table of the names of a member's values.
func (e *emitter) memberNames(m *model.Member) *jen.Statement {
	if m.Enum != nil && !m.Enum.Flags && !m.AsFlags {
		return jen.Id(m.Enum.GoNames)
	}
	return e.rt("EnumNames").Types(jen.Id(goScalar(m))).Values()
}

// payloadDecode writes the reverse of payloadEncode.
func (e *emitter) payloadDecode(f *jen.File, m *model.Message) {
	doc(f.Group, "Decode implements nl.Message.")
	f.Add(method("m", m.GoName, "Decode", e.decoder())).BlockFunc(func(g *jen.Group) {
		for _, p := range m.Parts {
			if p.Length != nil {
				size := jen.Uint64().Call(path(jen.Id("m").Dot(p.Length.Part.GoName), p.Length))
				g.Id("end").Op(":=").Id("d").Dot("Limit").Call(jen.Lit(p.Name), size)
			}
			e.getPart(g, p)
			if p.Length != nil {
				g.Id("d").Dot("Unlimit").Call(jen.Id("end"))
			}
		}
	})
}

// getPart writes the statement that decodes a part.
func (e *emitter) getPart(g *jen.Group, p *model.Part) {
	v := jen.Op("&").Id("m").Dot(p.GoName)
	name := jen.Lit(p.Name)
	switch p.Type {
	case model.PartStruct:
		if p.Last {
			g.Add(e.rt("GetLast")).Call(jen.Id("d"), name, v, jen.Lit(p.MinLen))
		} else {
			g.Add(e.rt("GetPart")).Call(jen.Id("d"), name, v, jen.Id(p.Struct.GoSize))
		}
	case model.PartArray:
		g.Add(e.rt("GetStructs")).Call(jen.Id("d"), name, v, jen.Id(p.Struct.GoSize))
	case model.PartString:
		if p.Until == "" {
			g.Add(e.rt("GetText")).Call(jen.Id("d"), v)
		} else {
			g.Add(e.rt("GetTextUntil")).Call(jen.Id("d"), name, v, until(p))
		}
	case model.PartBinary:
		g.Add(e.rt("GetRest")).Call(jen.Id("d"), v)
	case model.PartKeyValues:
		g.Id("m").Dot(p.GoName).Dot("Decode").Call(jen.Id("d"))
	case model.PartSubMessage:
		var values []jen.Code
		for _, s := range p.Selector {
			values = append(values, e.memberNames(s.Member()).Dot("Decoded").Call(jen.Id("d"), path(jen.Id("m").Dot(s.Part.GoName), s)))
		}
		selector := values[0]
		if len(values) > 1 {
			selector = jen.Id("d").Dot("Selector").Call(values...)
		}
		g.Id("m").Dot(p.GoName).Op("=").Add(e.rt("GetRestBody")).Call(jen.Id("d"), jen.Id(p.Sub.GoNew).Call(jen.Id("d"), selector))
	}
}

// setMessageType writes
//
//	// SetMessageType implements nl.TypedMessage.
//	func (m *Record) SetMessageType(t uint16) { m.Type = RecordType(t) }
func (e *emitter) setMessageType(f *jen.File, m *model.Message, p *model.Part) {
	v := jen.Id("t")
	if p.Enum != nil {
		v = jen.Id(p.Enum.GoName).Call(v)
	}
	doc(f.Group, "SetMessageType implements nl.TypedMessage.")
	f.Add(method("m", m.GoName, "SetMessageType", jen.Id("t").Uint16())).Add(
		oneLine(jen.Id("m").Dot(p.GoName).Op("=").Add(v)))
}

// register writes
//
//	func (c *Client) Open(ctx …, req …, opts …) (*nl.Subscription, error) {
//		return nl.Register(ctx, c.conn, &opOpen, req, opts...)
//	}
//
// or, for an operation that ends this,
//
//	func (c *Client) Shut(ctx …, sub *nl.Subscription, req …, opts …) error {
//		return nl.Unregister(ctx, sub, &opShut, req, opts...)
//	}
func (e *emitter) register(f *jen.File, op *model.Op) {
	c := op.Do
	subscription := jen.Op("*").Add(e.rt("Subscription"))
	if op.Register == "begin" {
		doc(f.Group, identDoc(c.GoName, opDoc(op, c), "sends "+op.Name+".")+"\n\nWhat the kernel sends then is the stream of the subscription.")
		f.Add(e.clientMethod(c.GoName, c.RequestName)).Params(subscription, jen.Error()).Block(
			jen.Return(e.rt("Register").Call(callArgs(op)...)),
		)
		return
	}
	args := callArgs(op)
	args[1] = jen.Id("sub")
	doc(f.Group, identDoc(c.GoName, opDoc(op, c), "sends "+op.Name+".")+"\n\nThe request goes out on the socket of sub.")
	f.Func().Params(jen.Op("*").Id("Client")).Id(c.GoName).Params(
		jen.Id("ctx").Qual(contextPath, "Context"),
		jen.Id("sub").Add(subscription),
		jen.Id("req").Op("*").Id(c.RequestName),
		jen.Id("opts").Op("...").Add(e.rt("CallOption")),
	).Error().Block(jen.Return(e.rt("Unregister").Call(args...)))
}

// payloadTests returns the fields of the round trip's description that are about
// payloads: the types, and the fields that are not on the wire.
func (e *emitter) payloadTests() []jen.Code {
	var types, hidden []jen.Code
	for _, m := range e.Messages {
		if len(m.Parts) > 0 {
			types = append(types, jen.Lit(m.GoName))
		}
		for _, p := range m.Parts {
			if p.Type == model.PartMessageType {
				hidden = append(hidden, jen.Lit(strings.Join([]string{m.GoName, p.GoName}, ".")))
			}
		}
	}
	var fields []jen.Code
	if len(types) > 0 {
		fields = append(fields, field("Payloads", jen.Index().String().Add(multiline(types))))
	}
	if len(hidden) > 0 {
		fields = append(fields, field("Hidden", jen.Index().String().Add(multiline(hidden))))
	}
	return fields
}

// protocolFields returns what sets the family's protocol apart from the usual ones.
func (e *emitter) protocolFields() []jen.Code {
	var fields []jen.Code
	if e.Bare {
		fields = append(fields, field("Bare", jen.True()))
	}
	if e.AnySender {
		fields = append(fields, field("AnySender", jen.True()))
	}
	var mask uint32
	for _, g := range e.Groups {
		if g.Mask {
			mask |= 1 << (g.Value - 1)
		}
	}
	if mask != 0 {
		fields = append(fields, field("BindGroups", jen.Id("0x"+strconv.FormatUint(uint64(mask), 16))))
	}
	return fields
}
