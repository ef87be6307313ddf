package golang

import (
	"fmt"

	"github.com/dave/jennifer/jen"

	"github.com/nlgen/nlgen/gen/model"
)

// A kind is everything the emitter knows of one kind of payload.
type kind struct {
	schema string // the runtime's Type, without the prefix
	elem   func(e *emitter, a *model.Attr) *jen.Statement
	field  form
	// codec is the rest of the names of the runtime's functions for one value:
	// AppendU32, GetU32, WriteU32, ReadU32. It is empty if the value's own methods
	// are used.
	codec    string
	wire     model.Type // of wireKind
	bits     int        // width of an integer
	nested   bool       // an element is a nest
	lists    bool       // a list of lists
	put, get func(e *emitter, k kind, s slot) *jen.Statement
}

// A slot is the place of an attribute in a message.
type slot struct {
	*model.Field
	msg *model.Message
}

// v is m.Field.
func (s slot) v() *jen.Statement { return jen.Id("m").Dot(s.GoName) }

// id is the constant of the attribute's id.
func (s slot) id() *jen.Statement { return jen.Id(s.Attr.GoConst) }

// ref is &m.Field.
func (s slot) ref() *jen.Statement { return jen.Op("&").Add(s.v()) }

// unknown is &m.Unknown.
func (s slot) unknown() *jen.Statement { return jen.Op("&").Id("m").Dot(s.msg.UnknownField) }

// intTypes are the Go types of the integers.
var intTypes = map[model.Type]string{
	model.TypeU8: "uint8", model.TypeU16: "uint16", model.TypeU32: "uint32", model.TypeU64: "uint64",
	model.TypeS8: "int8", model.TypeS16: "int16", model.TypeS32: "int32", model.TypeS64: "int64",
	model.TypeUint: "uint64", model.TypeSint: "int64",
}

// kinds has the kind of each type of attribute that nothing else changes.
var kinds = map[model.Type]kind{
	model.TypeU8:         intKind("U8", "U8", model.TypeU8),
	model.TypeU16:        intKind("U16", "U16", model.TypeU16),
	model.TypeU32:        intKind("U32", "U32", model.TypeU32),
	model.TypeU64:        intKind("U64", "U64", model.TypeU64),
	model.TypeS8:         intKind("S8", "U8", model.TypeS8),
	model.TypeS16:        intKind("S16", "U16", model.TypeS16),
	model.TypeS32:        intKind("S32", "U32", model.TypeS32),
	model.TypeS64:        intKind("S64", "U64", model.TypeS64),
	model.TypeUint:       intKind("Uint", "Uint", model.TypeUint),
	model.TypeSint:       intKind("Sint", "Sint", model.TypeSint),
	model.TypeFlag:       {schema: "Flag", elem: plain("bool"), field: truth, put: putPlain("AppendFlag"), get: getRef("GetFlag")},
	model.TypeString:     {schema: "String", elem: plain("string"), field: opt, codec: "String", put: put, get: get},
	model.TypeBinary:     bytesKind("Binary", func(*emitter, *model.Attr) *jen.Statement { return jen.Index().Byte() }),
	model.TypeBitfield32: {schema: "Bitfield32", elem: bitfieldElem, field: opt, codec: "Bitfield32", put: put, get: get},
	model.TypeStruct:     {schema: "Binary", elem: structElem, field: opt, put: putRef("AppendStruct"), get: getRef("GetStruct")},
	model.TypeNest:       {schema: "Nest", elem: messageElem, field: pointer, nested: true, put: putPlain("AppendNest"), get: getRef("GetNest")},
	model.TypeRecords:    {schema: "Records", elem: messageElem, field: list, put: putRecords("AppendRecords"), get: getRecords("GetRecords")},
	model.TypeOrdered:    {schema: "Nest", elem: messageElem, field: list, nested: true, put: putList("AppendOrdered"), get: getList("GetOrdered")},
	model.TypeChain:      {schema: "Chain", elem: chainElem, field: list, nested: true, put: putList("AppendMulti"), get: getList("GetChains")},
	model.TypeSubMessage: {schema: "Sub", elem: subElem, field: bare, put: putBody, get: getBody},
}

// Kinds that hints, units and byte order make of the types.
var (
	bigEndian = map[model.Type]kind{
		model.TypeU16: intKind("U16BE", "U16BE", model.TypeU16),
		model.TypeU32: intKind("U32BE", "U32BE", model.TypeU32),
		model.TypeU64: intKind("U64BE", "U64BE", model.TypeU64),
		model.TypeS16: intKind("U16BE", "U16BE", model.TypeS16),
		model.TypeS32: intKind("U32BE", "U32BE", model.TypeS32),
		model.TypeS64: intKind("U64BE", "U64BE", model.TypeS64),
	}
	addrKind     = kind{schema: "Addr", elem: qualified(netipPath, "Addr"), field: opt, codec: "Addr", put: put, get: getOrUnknown}
	sockaddrKind = kind{schema: "Binary", elem: qualified(netipPath, "AddrPort"), field: opt, codec: "AddrPort", put: put, get: getOrUnknown}
	macKind      = bytesKind("MAC", qualified(netPath, "HardwareAddr"))
)

// intKind is an integer. The type of an enum or of flags takes the place of the
// plain one.
func intKind(schema, codec string, t model.Type) kind {
	elem := func(_ *emitter, a *model.Attr) *jen.Statement {
		if t := enumType(a.Enum, a.AsFlags); t != "" {
			return jen.Id(t)
		}
		return jen.Id(intTypes[t])
	}
	return kind{schema: schema, elem: elem, field: opt, codec: codec, bits: intBits[t], put: put, get: get}
}

// wireKind is an integer whose wire type says more than its Go type: the byte
// order, or the sign if the Go type is that of an enum with a wider user.
func wireKind(k kind, t model.Type) kind {
	k.codec, k.wire = "Wire", t
	k.put = func(e *emitter, _ kind, s slot) *jen.Statement { return e.putWire(s, t, s.v()) }
	k.get = func(e *emitter, _ kind, s slot) *jen.Statement {
		return e.rt("GetWire").Call(jen.Id("d"), s.ref(), e.wire(s.Attr, t))
	}
	return k
}

func (e *emitter) putWire(s slot, t model.Type, v jen.Code) *jen.Statement {
	return e.appendCall("AppendWire", s.id(), v, e.wire(s.Attr, t))
}

// wire is the runtime's constant for the wire type t of a: nl.WireS16|nl.BigEndian.
func (e *emitter) wire(a *model.Attr, t model.Type) *jen.Statement {
	w := e.rt("Wire" + wireNames[t])
	switch {
	case intBits[t] == 8:
	case a.BigEndian:
		w.Op("|").Add(e.rt("BigEndian"))
	case a.LittleEndian:
		w.Op("|").Add(e.rt("LittleEndian"))
	}
	return w
}

// wireNames has the names of the types in the runtime's constants.
var wireNames = map[model.Type]string{
	model.TypeU8: "U8", model.TypeU16: "U16", model.TypeU32: "U32", model.TypeU64: "U64", model.TypeUint: "Uint",
	model.TypeS8: "S8", model.TypeS16: "S16", model.TypeS32: "S32", model.TypeS64: "S64", model.TypeSint: "Sint",
}

// intBits has the widths of the Go types of the integers.
var intBits = map[model.Type]int{
	model.TypeU8: 8, model.TypeU16: 16, model.TypeU32: 32, model.TypeU64: 64, model.TypeUint: 64,
	model.TypeS8: 8, model.TypeS16: 16, model.TypeS32: 32, model.TypeS64: 64, model.TypeSint: 64,
}

// special reports whether an integer of type t needs wireKind.
func special(a *model.Attr, t model.Type) bool {
	isAuto := t == model.TypeUint || t == model.TypeSint
	isSigned := isSignedType(t) && a.Enum != nil && enumSigned(a.Enum, a.AsFlags) &&
		enumBits(a.Enum, a.AsFlags) > intBits[t]
	return intBits[t] > 8 && a.LittleEndian || isAuto && a.BigEndian || isSigned
}

func bytesKind(schema string, elem func(*emitter, *model.Attr) *jen.Statement) kind {
	return kind{schema: schema, elem: elem, field: bare, codec: "Bytes", put: put, get: get}
}

// durationKind is an integer that counts a unit of time.
func durationKind(k kind, multi bool) kind {
	fn := "Duration"
	if multi {
		fn, k.field = "Durations", list
	}
	k.elem = qualified(timePath, "Duration")
	k.put = func(e *emitter, _ kind, s slot) *jen.Statement {
		return e.appendCall("Append"+fn, s.id(), s.v(), e.wire(s.Attr, s.Attr.Type), unit(s.Attr))
	}
	k.get = func(e *emitter, _ kind, s slot) *jen.Statement {
		return e.rt("Get"+fn).Call(jen.Id("d"), s.ref(), e.wire(s.Attr, s.Attr.Type), unit(s.Attr))
	}
	return k
}

func unit(a *model.Attr) *jen.Statement { return jen.Qual(timePath, units[a.Unit]) }

var units = map[string]string{
	"ns": "Nanosecond", "us": "Microsecond", "ms": "Millisecond", "s": "Second",
}

// kindOf returns the kind of an attribute.
func kindOf(a *model.Attr) (kind, error) {
	switch a.Type {
	case model.TypeArray:
		k, err := valueKind(a, a.Elem)
		if a.Multi {
			return listsKind(k, "Binary", putList("AppendArrays"), getList("GetArrays")), err
		}
		return listKind(k, "Binary", putList("AppendArray"), getList("GetArray")), err
	case model.TypeIndexedArray:
		k, err := valueKind(a, a.Elem)
		if a.Multi {
			return listsKind(k, "Indexed", putIndexed("AppendIndexedLists"), getList("GetIndexedLists")), err
		}
		return listKind(k, "Indexed", putIndexed("AppendIndexed"), getList("GetIndexed")), err
	}
	k, err := valueKind(a, a.Type)
	switch {
	case err != nil:
		return kind{}, err
	case a.Unit != "":
		return durationKind(k, a.Multi), nil
	case a.Multi:
		return multiKind(k, a), nil
	}
	return k, nil
}

// multiKind is the kind of an attribute that repeats.
func multiKind(k kind, a *model.Attr) kind {
	switch {
	case a.Type == model.TypeChain: // a list anyway
		return k
	case a.Type == model.TypeFlag:
		return listKind(k, k.schema, putPlain("AppendFlags"), getRef("GetFlags"))
	case a.Type == model.TypeRecords:
		return listsKind(k, k.schema, putRecords("AppendRecordLists"), getRecords("GetRecordLists"))
	case a.Type == model.TypeSubMessage:
		return listKind(k, k.schema, putBodies, getBodies)
	case k.codec == "Addr" || k.codec == "AddrPort":
		return listKind(k, k.schema, putList("AppendMulti"), getAddrs)
	}
	return listKind(k, k.schema, putList("AppendMulti"), getList("GetMulti"))
}

// valueKind returns the kind of one value of type t.
func valueKind(a *model.Attr, t model.Type) (kind, error) {
	isBytes := t == model.TypeBinary
	switch a.Hint {
	case model.HintIPv4, model.HintIPv6, model.HintIP:
		if isBytes || t == model.TypeU32 && a.Type != model.TypeArray && !isNumber(a) {
			return addrKind, nil
		}
	case model.HintMAC, model.HintFDDI:
		if isBytes {
			return macKind, nil
		}
	case model.HintSockaddr:
		if isBytes {
			return sockaddrKind, nil
		}
	}
	if k, ok := bigEndian[t]; ok && a.BigEndian && !special(a, t) {
		return wideKind(k, a, t), nil
	}
	k, ok := kinds[t]
	switch {
	case !ok:
		return k, fmt.Errorf("no Go form for a value of type %d", t)
	case special(a, t):
		if a.LittleEndian || a.BigEndian {
			k.schema = "Binary" // the runtime shows integers in host byte order
		}
		return wireKind(k, t), nil
	}
	return wideKind(k, a, t), nil
}

// wideKind is k, or wireKind if the Go type has more bits than the wire: it is that
// of an enum with a wider user.
func wideKind(k kind, a *model.Attr, t model.Type) kind {
	if k.bits == 0 || bitsOf(k, a) == k.bits {
		return k
	}
	if unsigned, ok := unsignedTypes[t]; ok && !isSigned(k, a) {
		t = unsigned
	}
	return wireKind(k, t)
}

// unsignedTypes are the types of the same width without a sign.
var unsignedTypes = map[model.Type]model.Type{
	model.TypeS8: model.TypeU8, model.TypeS16: model.TypeU16, model.TypeS32: model.TypeU32,
}

// isNumber reports whether the spec treats a value as a number, whatever the hint.
func isNumber(a *model.Attr) bool {
	return a.Enum != nil || a.Checks.Min != nil || a.Checks.Max != nil || a.Checks.Mask != nil
}

// listKind makes a slice of the values of k.
func listKind(k kind, schema string, put, get func(*emitter, kind, slot) *jen.Statement) kind {
	k.schema, k.field, k.put, k.get = schema, list, put, get
	return k
}

// listsKind makes a slice of slices of the values of k.
func listsKind(k kind, schema string, put, get func(*emitter, kind, slot) *jen.Statement) kind {
	k = listKind(k, schema, put, get)
	k.field, k.lists = lists, true
	return k
}

// enumType is the Go type of a value of an enum, "" if it has none.
func enumType(en *model.Enum, asFlags bool) string {
	switch {
	case en == nil:
		return ""
	case asFlags && !en.Flags:
		return en.GoMask
	}
	return en.GoName
}

// Types of one value.

func plain(name string) func(*emitter, *model.Attr) *jen.Statement {
	return func(*emitter, *model.Attr) *jen.Statement { return jen.Id(name) }
}

func qualified(path, name string) func(*emitter, *model.Attr) *jen.Statement {
	return func(*emitter, *model.Attr) *jen.Statement { return jen.Qual(path, name) }
}

func bitfieldElem(e *emitter, a *model.Attr) *jen.Statement {
	t := enumType(a.Enum, true)
	if t == "" || enumBits(a.Enum, true) != 32 {
		t = "uint32" // a wider user has made the type of the flags wider
	}
	return e.rt("Bitfield32").Types(jen.Id(t))
}

func structElem(_ *emitter, a *model.Attr) *jen.Statement  { return jen.Id(a.Struct.GoName) }
func messageElem(_ *emitter, a *model.Attr) *jen.Statement { return jen.Id(a.Message.GoName) }
func chainElem(_ *emitter, a *model.Attr) *jen.Statement   { return jen.Id(a.Chain.GoName) }
func subElem(_ *emitter, a *model.Attr) *jen.Statement     { return jen.Id(a.Sub.GoName) }

// A form is what a field makes of the type of the value.
type form struct {
	of     func(e *emitter, elem *jen.Statement) *jen.Statement
	absent func(field *jen.Statement) *jen.Statement // the condition that the attribute is not there
}

var (
	opt     = form{optional, notPresent}
	bare    = form{same, isNil}
	truth   = form{same, isFalse}
	pointer = form{pointerTo, isNil}
	list    = form{sliceOf, isNil}
	lists   = form{slicesOf, isNil}
)

func optional(e *emitter, elem *jen.Statement) *jen.Statement  { return e.rt("Opt").Types(elem) }
func same(_ *emitter, elem *jen.Statement) *jen.Statement      { return elem }
func pointerTo(_ *emitter, elem *jen.Statement) *jen.Statement { return jen.Op("*").Add(elem) }
func sliceOf(_ *emitter, elem *jen.Statement) *jen.Statement   { return jen.Index().Add(elem) }
func slicesOf(_ *emitter, elem *jen.Statement) *jen.Statement  { return jen.Index().Index().Add(elem) }

func notPresent(field *jen.Statement) *jen.Statement {
	return jen.Op("!").Add(field).Dot("Present").Call()
}
func isNil(field *jen.Statement) *jen.Statement   { return field.Op("==").Nil() }
func isFalse(field *jen.Statement) *jen.Statement { return jen.Op("!").Add(field) }

// Statements that encode an attribute.

// plainPuts are the functions that cannot fail, and so need no Encoder.
var plainPuts = map[string]bool{
	"AppendU8": true, "AppendU16": true, "AppendU16BE": true, "AppendU32": true, "AppendU32BE": true,
	"AppendU64": true, "AppendU64BE": true, "AppendUint": true, "AppendSint": true,
	"AppendFlag": true, "AppendFlags": true, "AppendBitfield32": true,
}

// appendCall is b = nl.AppendX(e, b, args...), without e if the function cannot fail.
func (e *emitter) appendCall(fn string, args ...jen.Code) *jen.Statement {
	in := []jen.Code{jen.Id("e"), jen.Id("b")}
	if plainPuts[fn] {
		in = in[1:]
	}
	return jen.Id("b").Op("=").Add(e.rt(fn)).Call(append(in, args...)...)
}

// put is b = nl.AppendU32(b, attrX, m.X).
func put(e *emitter, k kind, s slot) *jen.Statement {
	return putPlain("Append"+k.codec)(e, k, s)
}

func putPlain(fn string) func(*emitter, kind, slot) *jen.Statement {
	return func(e *emitter, _ kind, s slot) *jen.Statement { return e.appendCall(fn, s.id(), s.v()) }
}

// putRef is b = nl.AppendStruct(e, b, attrX, &m.X).
func putRef(fn string) func(*emitter, kind, slot) *jen.Statement {
	return func(e *emitter, _ kind, s slot) *jen.Statement { return e.appendCall(fn, s.id(), s.ref()) }
}

// putList is b = nl.AppendMulti(e, b, attrX|nl.Nested, m.X, (*X).Encode).
func putList(fn string) func(*emitter, kind, slot) *jen.Statement {
	return func(e *emitter, k kind, s slot) *jen.Statement {
		id := s.id()
		if k.nested {
			id.Op("|").Add(e.rt("Nested"))
		}
		return e.appendCall(fn, id, s.v(), e.writer(k, s.Attr))
	}
}

// putIndexed is b = nl.AppendIndexed(e, b, attrX, m.X, nl.Nested, (*X).Encode).
func putIndexed(fn string) func(*emitter, kind, slot) *jen.Statement {
	return func(e *emitter, k kind, s slot) *jen.Statement {
		flags := jen.Lit(0)
		if k.nested {
			flags = e.rt("Nested")
		}
		return e.appendCall(fn, s.id(), s.v(), flags, e.writer(k, s.Attr))
	}
}

// putRecords is b = nl.AppendRecords(e, b, attrX, m.X, 0, (*X).Encode).
func putRecords(fn string) func(*emitter, kind, slot) *jen.Statement {
	return func(e *emitter, k kind, s slot) *jen.Statement {
		return e.appendCall(fn, s.id(), s.v(), jen.Lit(s.Attr.LenOffset), e.writer(k, s.Attr))
	}
}

// writer is the function that encodes one value: nl.WriteU32, (*X).Encode or
// nl.Writer[uint32](nl.WireU32|nl.LittleEndian).
func (e *emitter) writer(k kind, a *model.Attr) *jen.Statement {
	if k.codec == "Wire" {
		return e.rt("Writer").Types(k.elem(e, a)).Call(e.wire(a, k.wire))
	}
	if k.codec != "" {
		return e.rt("Write" + k.codec)
	}
	return jen.Parens(jen.Op("*").Add(k.elem(e, a))).Dot("Encode")
}

// Statements that decode an attribute.

// get is nl.GetU32(d, &m.X).
func get(e *emitter, k kind, s slot) *jen.Statement {
	return getRef("Get"+k.codec)(e, k, s)
}

func getRef(fn string) func(*emitter, kind, slot) *jen.Statement {
	return func(e *emitter, _ kind, s slot) *jen.Statement {
		return e.rt(fn).Call(jen.Id("d"), s.ref())
	}
}

// getOrUnknown is nl.GetAddr(d, &m.X, &m.Unknown).
func getOrUnknown(e *emitter, k kind, s slot) *jen.Statement {
	return e.rt("Get"+k.codec).Call(jen.Id("d"), s.ref(), s.unknown())
}

// getList is nl.GetMulti(d, &m.X, (*X).Decode).
func getList(fn string) func(*emitter, kind, slot) *jen.Statement {
	return func(e *emitter, k kind, s slot) *jen.Statement {
		return e.rt(fn).Call(jen.Id("d"), s.ref(), e.reader(k, s.Attr))
	}
}

// getAddrs is nl.GetAddrs(d, &m.X, &m.Unknown).
func getAddrs(e *emitter, k kind, s slot) *jen.Statement {
	return e.rt("Get"+k.codec+"s").Call(jen.Id("d"), s.ref(), s.unknown())
}

// getRecords is nl.GetRecords(d, &m.X, 0, (*X).Decode).
func getRecords(fn string) func(*emitter, kind, slot) *jen.Statement {
	return func(e *emitter, k kind, s slot) *jen.Statement {
		return e.rt(fn).Call(jen.Id("d"), s.ref(), jen.Lit(s.Attr.LenOffset), e.reader(k, s.Attr))
	}
}

// reader is the function that decodes one value: nl.ReadU32 or (*X).Decode.
func (e *emitter) reader(k kind, a *model.Attr) *jen.Statement {
	if k.codec == "Wire" {
		return e.rt("Reader").Types(k.elem(e, a)).Call(e.wire(a, k.wire))
	}
	if k.codec != "" {
		return e.rt("Read" + k.codec)
	}
	return jen.Parens(jen.Op("*").Add(k.elem(e, a))).Dot("Decode")
}
