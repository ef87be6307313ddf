package golang

import (
	"fmt"
	"math"
	"slices"
	"strconv"

	"github.com/dave/jennifer/jen"

	"github.com/nlgen/nlgen/gen/model"
)

// message writes a message type, its codec and its other names, except for those
// that stand beside their operation.
func (e *emitter) message(f *jen.File, m *model.Message) {
	if m.UnknownField == "" { // no attributes
		e.payload(f, m)
	} else {
		e.messageType(f, m)
		e.messageEncode(f, m)
		e.messageDecode(f, m)
	}
	for _, a := range m.Same {
		if !e.called[a.GoName] {
			e.alias(f, m, a.GoName)
		}
	}
}

// messageType writes
//
//	// Linkinfo is …
//	type Linkinfo struct {
//		// …
//		Kind nl.Opt[string] `json:"kind,omitzero"`
//		// Unknown holds …
//		Unknown nl.RawAttrs `json:"-"`
//	}
func (e *emitter) messageType(f *jen.File, m *model.Message) {
	doc(f.Group, e.messageDoc(m))
	f.Type().Id(m.GoName).StructFunc(func(g *jen.Group) {
		if m.Header != nil {
			tag(g.Id(m.HeaderField).Id(m.Header.GoName), headerKey(m))
		}
		for _, fd := range m.Fields {
			k := mustKind(fd.Attr)
			fieldDoc(g, sentence(fd.Attr.Doc, attrFacts(fd.Attr)...))
			tag(g.Id(fd.GoName).Add(k.field.of(e, k.elem(e, fd.Attr))), fd.Attr.Name+",omitzero")
		}
		fieldDoc(g, m.UnknownField+" holds the attributes that are not listed here.")
		tag(g.Id(m.UnknownField).Add(e.rt("RawAttrs")), "-")
	})
}

// headerKey is the name of the fixed header in JSON, as in gen/dynamic.
func headerKey(m *model.Message) string {
	for _, f := range m.Fields {
		if f.Attr.Name == "header" {
			return "fixed-header"
		}
	}
	return "header"
}

// messageDoc is the doc of a message type.
func (e *emitter) messageDoc(m *model.Message) string {
	switch op := e.owners[m]; {
	case op == nil && m.Set == nil:
		return identDoc(m.GoName, m.Doc, "is a header alone.")
	case op == nil:
		return identDoc(m.GoName, m.Doc, "holds the attributes "+m.Set.Name+".")
	case op.Event != nil && op.Event.GoName == m.GoName:
		return eventDoc(m.GoName, m.Doc, "is the event "+op.Name+".")
	default:
		return identDoc(m.GoName, m.Doc, "is a message of "+op.Name+".")
	}
}

// messageEncode writes
//
//	func (m *Linkinfo) Encode(e *nl.Encoder, b []byte) []byte {
//		b = nl.AppendString(e, b, attrLinkinfoKind, m.Kind)
//		…
//		return nl.AppendRaw(b, m.Unknown)
//	}
func (e *emitter) messageEncode(f *jen.File, m *model.Message) {
	doc(f.Group, "Encode implements nl.Message.")
	f.Add(e.encodeMethod("m", m.GoName)).BlockFunc(func(g *jen.Group) {
		if m.Header != nil {
			g.Add(encodeInto(jen.Id("m").Dot(m.HeaderField)))
			if m.Header.Tail || m.Header.Size%4 != 0 {
				g.Id("b").Op("=").Add(e.rt("Align")).Call(jen.Id("b"))
			}
		}
		for _, fd := range encodeOrder(m) {
			s := slot{fd, m}
			k := mustKind(fd.Attr)
			e.checks(g, k, s)
			e.sized(g, k, s)
		}
		g.Return(e.rt("AppendRaw").Call(jen.Id("b"), jen.Id("m").Dot(m.UnknownField)))
	})
}

// encodeMethod is func (m *X) Encode(e *nl.Encoder, b []byte) []byte.
func (e *emitter) encodeMethod(receiver, typ string) *jen.Statement {
	return method(receiver, typ, "Encode", e.encoder(), jen.Id("b").Index().Byte()).Index().Byte()
}

// encodeInto is b = v.Encode(e, b).
func encodeInto(v *jen.Statement) *jen.Statement {
	return jen.Id("b").Op("=").Add(v).Dot("Encode").Call(jen.Id("e"), jen.Id("b"))
}

// encodeOrder returns the fields with each selector in front of the
// sub-messages it selects: a decoder reads them in turn.
func encodeOrder(m *model.Message) []*model.Field {
	var ordered []*model.Field
	add := func(f *model.Field) {
		if f != nil && !slices.Contains(ordered, f) {
			ordered = append(ordered, f)
		}
	}
	for _, f := range m.Fields {
		if f.Attr.Sub != nil {
			add(selectorField(m, f.Attr))
		}
		add(f)
	}
	return ordered
}

// selectorField returns the field of the attribute that selects the form of a,
// nil if it is not in this message.
func selectorField(m *model.Message, a *model.Attr) *model.Field {
	for _, f := range m.Fields {
		if a.Selector != nil && f.Attr.ID == a.Selector.ID {
			return f
		}
	}
	return nil
}

// selected returns the fields of the sub-messages whose form s selects.
func selected(s slot) []*model.Field {
	var fields []*model.Field
	for _, f := range s.msg.Fields {
		if f.Attr.Sub != nil && selectorField(s.msg, f.Attr) == s.Field {
			fields = append(fields, f)
		}
	}
	return fields
}

// putSlot is the statement that encodes a field. A selector is filled in from
// the bodies it selects:
//
//	b = nl.AppendSelector(e, b, attrLinkinfoKind, m.Kind, linkinfoDataBody(m.Data))
//	b = nl.AppendU32(b, attrObjType, objTypeNames.Selector(e, len(b), m.Type, objDataBody(m.Data)))
func (e *emitter) putSlot(k kind, s slot) *jen.Statement {
	subs := selected(s)
	if len(subs) == 0 {
		return k.put(e, k, s)
	}
	bodies := e.bodies(subs)
	if s.Attr.Type == model.TypeString {
		return e.appendCall("AppendSelector", append([]jen.Code{s.id(), s.v()}, bodies...)...)
	}
	selector := e.names(s.Attr).Dot("Selector").Call(append([]jen.Code{jen.Id("e"), here(), s.v()}, bodies...)...)
	if k.codec == "Wire" {
		return e.putWire(s, s.Attr.Type, selector)
	}
	return e.appendCall("Append"+k.codec, s.id(), selector)
}

// names is the table of the names of an integer attribute's values.
func (e *emitter) names(a *model.Attr) *jen.Statement {
	if a.Enum != nil && !a.Enum.Flags && !a.AsFlags {
		return jen.Id(a.Enum.GoNames)
	}
	t := enumType(a.Enum, a.AsFlags)
	if t == "" {
		t = intTypes[a.Type]
	}
	return e.rt("EnumNames").Types(jen.Id(t)).Values()
}

// selectorText is v, the value of a selector, as text: v.Value() or
// namesType.Of(v).
func (e *emitter) selectorText(a *model.Attr, v *jen.Statement) *jen.Statement {
	if a.Type == model.TypeString {
		return v.Dot("Value").Call()
	}
	return e.names(a).Dot("Of").Call(v)
}

// messageDecode writes
//
//	func (m *Linkinfo) Decode(d *nl.Decoder) {
//		for d.Next() {
//			switch d.ID() {
//			case attrLinkinfoKind:
//				nl.GetString(d, &m.Kind)
//			…
//			default:
//				d.Unknown(&m.Unknown)
//			}
//		}
//	}
func (e *emitter) messageDecode(f *jen.File, m *model.Message) {
	doc(f.Group, "Decode implements nl.Message.")
	f.Add(method("m", m.GoName, "Decode", e.decoder())).BlockFunc(func(g *jen.Group) {
		if m.Header != nil {
			g.Id("d").Dot("Header").Call(jen.Op("&").Id("m").Dot(m.HeaderField), jen.Id(m.Header.GoSize))
		}
		unknown := jen.Id("d").Dot("Unknown").Call(jen.Op("&").Id("m").Dot(m.UnknownField))
		pads := padding(m)
		g.For(jen.Id("d").Dot("Next").Call()).BlockFunc(func(g *jen.Group) {
			if len(m.Fields)+len(pads) == 0 {
				g.Add(unknown)
				return
			}
			g.Switch(jen.Id("d").Dot("ID").Call()).BlockFunc(func(g *jen.Group) {
				for _, fd := range m.Fields {
					g.Case(jen.Id(fd.Attr.GoConst)).BlockFunc(func(g *jen.Group) { e.getSlot(g, slot{fd, m}) })
				}
				if len(pads) > 0 {
					g.Case(pads...).Comment("// padding")
				}
				g.Default().Block(unknown)
			})
		})
	})
}

// padding returns the ids of the attributes that only align others.
func padding(m *model.Message) []jen.Code {
	if m.Set == nil {
		return nil
	}
	var ids []jen.Code
	for _, a := range m.Set.Root().Attrs {
		if a.Type == model.TypePad {
			ids = append(ids, jen.Id(a.GoConst))
		}
	}
	return ids
}

// getSlot writes the statements that decode a field.
func (e *emitter) getSlot(g *jen.Group, s slot) {
	k := mustKind(s.Attr)
	if sel := selectorField(s.msg, s.Attr); sel != nil {
		g.Add(e.ahead(slot{sel, s.msg}))
	}
	g.Add(k.get(e, k, s))
	if s.Attr.ScopeFor {
		g.Id("d").Dot("SetScope").Call(jen.Lit(s.Attr.Name), e.selectorText(s.Attr, s.v()))
	}
}

const bigEndianFact = "Big-endian on the wire."

// attrFacts are the sentences about a value that its Go type does not say.
func attrFacts(a *model.Attr) []string {
	var facts []string
	if _, ok := bigEndian[a.Type]; ok && a.BigEndian && mustKind(a).codec != "Addr" {
		facts = append(facts, bigEndianFact)
	}
	if a.Unit != "" {
		facts = append(facts, "Counted in "+a.Unit+".")
	}
	return append(facts, limitFact(a))
}

// limitFact says between which values or lengths a value must be.
func limitFact(a *model.Attr) string {
	c := a.Checks
	switch {
	case c.ExactLen != nil:
		return "Exactly " + count(c.ExactLen, "byte") + "."
	case c.MinLen != nil && c.MaxLen != nil:
		return fmt.Sprintf("%s to %s.", number(c.MinLen), count(c.MaxLen, "byte"))
	case c.MinLen != nil:
		return "At least " + count(c.MinLen, "byte") + "."
	case c.MaxLen != nil:
		return "At most " + count(c.MaxLen, "byte") + "."
	case c.Min != nil && c.Max != nil:
		return fmt.Sprintf("From %s to %s.", number(c.Min), number(c.Max))
	case c.Min != nil:
		return "At least " + number(c.Min) + "."
	case c.Max != nil:
		return "At most " + number(c.Max) + "."
	}
	return ""
}

func number(l *model.Limit) string {
	if l.Unsigned != 0 {
		return strconv.FormatUint(l.Unsigned, 10)
	}
	return strconv.FormatInt(l.Value, 10)
}

func count(l *model.Limit, what string) string {
	if l.Value != 1 {
		what += "s"
	}
	return number(l) + " " + what
}

// here is len(b), where the next attribute starts.
func here() *jen.Statement { return jen.Len(jen.Id("b")) }

// checks writes the checks of a field's value, in front of what encodes it:
//
//	nl.CheckMin(e, len(b), m.X, 1)
//	nl.CheckEach(e, len(b), m.X, nl.CheckMin, 1)
//	nl.CheckLen(e, len(b), m.X, 0, 15)
func (e *emitter) checks(g *jen.Group, k kind, s slot) {
	e.lengthCheck(g, k, s)
	c := s.Attr.Checks
	for _, limit := range []struct {
		fn string
		l  *model.Limit
	}{{"CheckMin", c.Min}, {"CheckMax", c.Max}} {
		if limit.l != nil && integer(k) && !trivial(limit.l, k, s.Attr) {
			e.valueCheck(g, s, limit.fn, jen.Id(number(limit.l)))
		}
	}
	switch {
	case c.Mask == nil:
	case s.Attr.Type == model.TypeBitfield32:
		e.bitfieldCheck(g, s, uint32(*c.Mask))
	case integer(k):
		bits := bitsOf(k, s.Attr)
		if mask := *c.Mask << (64 - bits) >> (64 - bits); mask != math.MaxUint64>>(64-bits) {
			e.valueCheck(g, s, "CheckMask", jen.Id("0x"+strconv.FormatUint(mask, 16)))
		}
	}
}

// bitfieldCheck writes the check of the bits of a value and its selector.
func (e *emitter) bitfieldCheck(g *jen.Group, s slot, mask uint32) {
	if mask == math.MaxUint32 {
		return
	}
	check := func(v jen.Code) *jen.Statement {
		return e.rt("CheckBitfield32").Call(jen.Id("e"), here(), v, jen.Id("0x"+strconv.FormatUint(uint64(mask), 16)))
	}
	if !s.Attr.Multi {
		g.Add(check(s.v()))
		return
	}
	g.For(jen.List(jen.Id("_"), jen.Id("v")).Op(":=").Range().Add(s.v())).Block(check(e.rt("Some").Call(jen.Id("v"))))
}

func (e *emitter) valueCheck(g *jen.Group, s slot, fn string, limit *jen.Statement) {
	if s.Attr.Unit != "" {
		limit.Op("*").Add(unit(s.Attr))
	}
	if isList(s.Attr) {
		g.Add(e.rt("CheckEach")).Call(jen.Id("e"), here(), s.v(), e.rt(fn), limit)
		return
	}
	g.Add(e.rt(fn)).Call(jen.Id("e"), here(), s.v(), limit)
}

// lengthCheck writes the check of the length of a string, of bytes or of an
// address.
func (e *emitter) lengthCheck(g *jen.Group, k kind, s slot) {
	check := e.lengthCheckOf(k, s.Attr)
	if check == nil {
		return
	}
	if !isList(s.Attr) {
		v := s.v()
		if k.codec == "Addr" {
			v.Dot("Value").Call()
		}
		g.Add(check(v))
		return
	}
	v := jen.Id("v")
	if k.codec == "String" {
		v = e.rt("Some").Call(v)
	}
	loop := func(name string, over, body jen.Code) *jen.Statement {
		return jen.For(jen.List(jen.Id("_"), jen.Id(name)).Op(":=").Range().Add(over)).Block(body)
	}
	if k.lists {
		g.Add(loop("list", s.v(), loop("v", jen.Id("list"), check(v))))
		return
	}
	g.Add(loop("v", s.v(), check(v)))
}

// sized writes what encodes a field. If the payload has a limit that only its length
// on the wire can be compared with, that follows:
//
//	at := len(b)
//	b = nl.AppendArray(e, b, attrX, m.X, nl.WriteU32)
//	nl.CheckSized(e, b, at, 4, 8)
func (e *emitter) sized(g *jen.Group, k kind, s slot) {
	low, high, limited := lengths(s.Attr.Checks)
	isSized := s.Attr.Type == model.TypeArray || s.Attr.Type == model.TypeStruct || k.codec == "AddrPort"
	if !limited || !isSized {
		g.Add(e.putSlot(k, s))
		return
	}
	at := "at" + s.GoName
	g.Id(at).Op(":=").Add(here())
	g.Add(e.putSlot(k, s))
	g.Add(e.rt("CheckSized")).Call(jen.Id("e"), jen.Id("b"), jen.Id(at), jen.Lit(low), jen.Lit(high))
}

// isList reports whether an attribute has several values.
func isList(a *model.Attr) bool {
	return a.Multi || a.Type == model.TypeArray || a.Type == model.TypeIndexedArray
}

// lengthCheckOf returns what writes the check of one value, nil if there is none.
func (e *emitter) lengthCheckOf(k kind, a *model.Attr) func(v jen.Code) *jen.Statement {
	low, high, limited := lengths(a.Checks)
	call := func(fn string, limits ...jen.Code) func(jen.Code) *jen.Statement {
		return func(v jen.Code) *jen.Statement {
			return e.rt(fn).Call(append([]jen.Code{jen.Id("e"), here(), v}, limits...)...)
		}
	}
	switch {
	case k.codec == "Addr" && valueType(a) == model.TypeU32:
		return call("CheckAddr", jen.Lit(4))
	case k.codec == "Addr" && limited && (low == 16 || high == 4):
		return call("CheckAddr", jen.Lit(max(low, min(high, 16))))
	case k.codec == "String" && limited:
		return call("CheckLen", jen.Lit(low), jen.Lit(high))
	case k.codec == "Bytes" && limited:
		return call("CheckBytes", jen.Lit(low), jen.Lit(high))
	}
	return nil
}

// valueType is the type of one value of an attribute.
func valueType(a *model.Attr) model.Type {
	if a.Type == model.TypeArray || a.Type == model.TypeIndexedArray {
		return a.Elem
	}
	return a.Type
}

// maxPayload is what an attribute can hold.
const maxPayload = math.MaxUint16 - 4

// lengths returns the least and the greatest length and whether there is a limit.
func lengths(c model.Checks) (low, high int, ok bool) {
	if c.ExactLen != nil {
		return int(c.ExactLen.Value), int(c.ExactLen.Value), true
	}
	high = maxPayload
	if c.MinLen != nil {
		low = int(c.MinLen.Value)
	}
	if c.MaxLen != nil {
		high = int(c.MaxLen.Value)
	}
	return low, high, low > 0 || high < maxPayload
}

// integer reports whether values of the kind are integers.
func integer(k kind) bool { return k.bits > 0 }

// bitsOf is the width of a value's Go type.
func bitsOf(k kind, a *model.Attr) int {
	if a.Enum == nil {
		return k.bits
	}
	return enumBits(a.Enum, a.AsFlags)
}

// enumBits is the width of the Go type of an enum's values.
func enumBits(en *model.Enum, asFlags bool) int {
	if asFlags && !en.Flags {
		return en.MaskBits
	}
	return en.Bits
}

// trivial reports whether no value of the Go type is beyond the limit: the check
// would be useless, or its limit does not fit the type.
func trivial(l *model.Limit, k kind, a *model.Attr) bool {
	bits := bitsOf(k, a)
	if isSigned(k, a) {
		return l.Unsigned != 0 || l.Value <= -1<<(bits-1) || l.Value >= 1<<(bits-1)-1
	}
	high := uint64(math.MaxUint64) >> (64 - bits)
	return l.Unsigned >= high || l.Value <= 0 && l.Unsigned == 0 || uint64(l.Value) >= high
}

func isSigned(k kind, a *model.Attr) bool {
	if a.Enum != nil {
		return enumSigned(a.Enum, a.AsFlags)
	}
	return isSignedType(a.Type)
}

// enumSigned reports whether the Go type of an enum's values is signed.
func enumSigned(en *model.Enum, asFlags bool) bool {
	return en.Signed && (!asFlags || en.Flags)
}

func isSignedType(t model.Type) bool {
	switch t {
	case model.TypeS8, model.TypeS16, model.TypeS32, model.TypeS64, model.TypeSint:
		return true
	}
	return false
}
