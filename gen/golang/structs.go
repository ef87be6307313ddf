package golang

import (
	"math"
	"slices"
	"strconv"

	"github.com/dave/jennifer/jen"

	"github.com/nlgen/nlgen/gen/model"
)

// structsFile writes the C structs.
func (e *emitter) structsFile(f *jen.File) {
	for _, s := range e.Structs {
		e.structType(f, s)
		e.structPut(f, s)
		e.structGet(f, s)
		e.structCheck(f, s)
		e.structEncode(f, s)
		e.structDecode(f, s)
	}
}

// structType writes
//
//	const ifAddrmsgSize = 8
//
//	// IfAddrmsg is …
//	type IfAddrmsg struct {
//		// …
//		Family uint8 `json:"ifa-family"`
//	}
func (e *emitter) structType(f *jen.File, s *model.Struct) {
	f.Const().Id(s.GoSize).Op("=").Lit(s.Size)
	doc(f.Group, identDoc(s.GoName, s.Doc, "holds the struct "+s.Name+"."))
	f.Type().Id(s.GoName).StructFunc(func(g *jen.Group) {
		for _, m := range goMembers(s) {
			fieldDoc(g, sentence(m.Doc, memberFacts(m)))
			tag(g.Id(m.GoName).Add(memberType(m)), m.Name)
		}
		if s.Tail {
			fieldDoc(g, "Tail is what another kernel's struct has more or less.")
			tag(g.Id("Tail").Add(e.rt("Tail")), "-")
		}
	})
}

// goMembers returns the members that have a field.
func goMembers(s *model.Struct) []*model.Member {
	var ms []*model.Member
	for _, m := range s.Members {
		if m.Type != model.TypePad {
			ms = append(ms, m)
		}
	}
	return ms
}

func memberFacts(m *model.Member) string {
	if m.BigEndian && memberScalars[m.Type].size > 1 && !isAddr(m) {
		return bigEndianFact
	}
	return ""
}

// A memberScalar is how an integer stands in a struct.
type memberScalar struct {
	size  int
	order string // the rest of the names of encoding/binary's functions
}

// wire is the type that encoding/binary's functions take.
func (s memberScalar) wire() string { return "uint" + strconv.Itoa(8*s.size) }

var memberScalars = map[model.Type]memberScalar{
	model.TypeU8: {1, ""}, model.TypeS8: {1, ""},
	model.TypeU16: {2, "Uint16"}, model.TypeS16: {2, "Uint16"},
	model.TypeU32: {4, "Uint32"}, model.TypeS32: {4, "Uint32"},
	model.TypeU64: {8, "Uint64"}, model.TypeS64: {8, "Uint64"},
}

// isAddr reports whether a member is an IP address of a known version.
func isAddr(m *model.Member) bool {
	return m.Len == 4 && m.Hint == model.HintIPv4 || m.Len == 16 && m.Hint == model.HintIPv6
}

func isMAC(m *model.Member) bool {
	return m.Len == 6 && m.Hint == model.HintMAC && m.Type == model.TypeBinary
}

// memberType is the Go type of a member, with its array.
func memberType(m *model.Member) *jen.Statement {
	elem := memberElem(m)
	switch {
	case m.Flexible:
		return jen.Index().Add(elem)
	case m.Count > 1:
		return jen.Index(jen.Lit(m.Count)).Add(elem)
	}
	return elem
}

// isArray reports whether a member has several elements.
func isArray(m *model.Member) bool { return m.Flexible || m.Count > 1 }

// memberElem is the Go type of one element of a member.
func memberElem(m *model.Member) *jen.Statement {
	_, isScalar := memberScalars[m.Type]
	switch {
	case isAddr(m):
		return jen.Qual(netipPath, "Addr")
	case isMAC(m):
		return jen.Qual(netPath, "HardwareAddr")
	case m.Struct != nil:
		return jen.Id(m.Struct.GoName)
	case enumType(m.Enum, m.AsFlags) != "":
		return jen.Id(enumType(m.Enum, m.AsFlags))
	case isScalar:
		return jen.Id(intTypes[m.Type])
	case m.Type == model.TypeString:
		return jen.String()
	case m.Flexible && m.Len == 1:
		return jen.Byte()
	}
	return jen.Index(jen.Lit(m.Len)).Byte()
}

// structPut writes
//
//	func (s *IfAddrmsg) put(b []byte) {
//		_ = b[sizeIfAddrmsg-1] // one bounds check for all
//		b[0] = s.Family
//		binary.NativeEndian.PutUint32(b[4:], s.Index)
//	}
func (e *emitter) structPut(f *jen.File, s *model.Struct) {
	f.Line()
	f.Add(method("s", s.GoName, "put", jen.Id("b").Index().Byte())).BlockFunc(func(g *jen.Group) {
		boundsHint(g, s)
		for _, m := range fixedMembers(s) {
			eachElement(g, m, func(g *jen.Group, v *jen.Statement, p place) { memberPut(g, m, v, p) })
		}
	})
}

// structGet writes the reverse of structPut.
func (e *emitter) structGet(f *jen.File, s *model.Struct) {
	f.Line()
	params := []jen.Code{jen.Id("b").Index().Byte()}
	if allocates(s) {
		params = append([]jen.Code{jen.Id("d").Op("*").Add(e.rt("Decoder"))}, params...)
	}
	f.Add(method("s", s.GoName, "get", params...)).BlockFunc(func(g *jen.Group) {
		boundsHint(g, s)
		for _, m := range fixedMembers(s) {
			eachElement(g, m, func(g *jen.Group, v *jen.Statement, p place) { e.memberGet(g, m, v, p) })
		}
	})
}

// boundsHint writes the statement that lets the compiler check the bounds of b once
// and not for each member, which a large struct spends most of its time on. It is worth
// a line from four members.
func boundsHint(g *jen.Group, s *model.Struct) {
	if len(fixedMembers(s)) > 3 {
		g.Id("_").Op("=").Id("b").Index(jen.Id(s.GoSize).Op("-").Lit(1)).Comment("one bounds check for all")
	}
}

// allocates reports whether a struct has members that need memory beside it.
func allocates(s *model.Struct) bool {
	return slices.ContainsFunc(fixedMembers(s), func(m *model.Member) bool {
		return m.Type == model.TypeString || isMAC(m) || m.Struct != nil && allocates(m.Struct)
	})
}

// callGet is v.get(b), or v.get(d, b) for a struct that allocates.
func callGet(v *jen.Statement, s *model.Struct, b jen.Code) *jen.Statement {
	if allocates(s) {
		return v.Dot("get").Call(jen.Id("d"), b)
	}
	return v.Dot("get").Call(b)
}

// appendElems is nl.AppendElems(d, list, v).
func (e *emitter) appendElems(list, v jen.Code) *jen.Statement {
	return e.rt("AppendElems").Call(jen.Id("d"), list, v)
}

func fixedMembers(s *model.Struct) []*model.Member {
	var ms []*model.Member
	for _, m := range goMembers(s) {
		if !m.Flexible {
			ms = append(ms, m)
		}
	}
	return ms
}

// eachElement calls write for the value of a member, or in a loop for each
// element of an array, with its place in b.
func eachElement(g *jen.Group, m *model.Member, write func(*jen.Group, *jen.Statement, place)) {
	v := jen.Id("s").Dot(m.GoName)
	if m.Count <= 1 {
		write(g, v, place{off: m.Offset, size: m.Len})
		return
	}
	g.For(jen.Id("i").Op(":=").Range().Add(v)).BlockFunc(func(g *jen.Group) {
		write(g, v.Clone().Index(jen.Id("i")), place{off: m.Offset, size: m.Len, loop: true})
	})
}

// A place is where a value stands in b; in a loop, the i-th from off.
type place struct {
	off, size int
	loop      bool
	// alone is an expression for bytes that are this place and nothing else.
	alone *jen.Statement
}

// at is the offset n bytes into the place: 4 or 4 + 2*i.
func (p place) at(n int) *jen.Statement {
	step := jen.Lit(p.size).Op("*").Id("i")
	if p.size == 1 {
		step = jen.Id("i")
	}
	switch {
	case !p.loop:
		return jen.Lit(p.off + n)
	case p.off+n == 0:
		return step
	}
	return jen.Lit(p.off + n).Op("+").Add(step)
}

// byte is b[4].
func (p place) byte() *jen.Statement {
	if p.alone != nil {
		return p.alone.Clone().Index(jen.Lit(0))
	}
	return jen.Id("b").Index(p.at(0))
}

// from is b[4:].
func (p place) from() *jen.Statement {
	switch {
	case p.alone != nil:
		return p.alone
	case p.off == 0 && !p.loop:
		return jen.Id("b")
	}
	return jen.Id("b").Index(p.at(0).Op(":"))
}

// all is b[4:8].
func (p place) all() *jen.Statement {
	if p.alone != nil {
		return p.alone
	}
	return jen.Id("b").Index(p.at(0).Op(":").Add(p.at(p.size)))
}

// memberPut writes the statement that puts v into its place.
func memberPut(g *jen.Group, m *model.Member, v *jen.Statement, p place) {
	scalar := memberScalars[m.Type]
	switch {
	case isAddr(m):
		g.Copy(p.all(), v.Dot("AsSlice").Call())
	case m.Struct != nil:
		g.Add(v).Dot("put").Call(p.from())
	case scalar.size == 1:
		g.Add(p.byte()).Op("=").Add(convert("uint8", goScalar(m), v))
	case scalar.size > 1:
		g.Add(order(m)).Dot("Put"+scalar.order).Call(p.from(), convert(scalar.wire(), goScalar(m), v))
	case m.Type == model.TypeString, isMAC(m):
		g.Copy(p.all(), v)
	default:
		g.Copy(p.from(), v.Index(jen.Op(":")))
	}
}

// memberGet writes the statement that sets v from its place.
func (e *emitter) memberGet(g *jen.Group, m *model.Member, v *jen.Statement, p place) {
	if m.Struct != nil {
		g.Add(callGet(v, m.Struct, p.from()))
		return
	}
	g.Add(v).Op("=").Add(e.memberValue(m, p))
}

// memberValue is the value of a member, not a struct, that stands in a place.
func (e *emitter) memberValue(m *model.Member, p place) *jen.Statement {
	scalar := memberScalars[m.Type]
	array := jen.Index(jen.Lit(m.Len)).Byte().Parens(p.from())
	switch {
	case isAddr(m):
		return jen.Qual(netipPath, "AddrFrom"+strconv.Itoa(m.Len)).Call(array)
	case isMAC(m):
		return e.appendElems(jen.Qual(netPath, "HardwareAddr").Values(), p.all().Op("..."))
	case scalar.size == 1:
		return memberInt(m, p.byte())
	case scalar.size > 1:
		return memberInt(m, order(m).Dot(scalar.order).Call(p.from()))
	case m.Type == model.TypeString:
		return jen.Id("d").Dot("CString").Call(p.all())
	}
	return array
}

// memberInt makes the Go value of an integer member of what stands in its place,
// which is unsigned. The type of an enum may be wider: then the sign counts.
func memberInt(m *model.Member, v *jen.Statement) *jen.Statement {
	wire := memberScalars[m.Type].wire()
	if isSignedType(m.Type) && m.Enum != nil && enumSigned(m.Enum, m.AsFlags) {
		return convert(goScalar(m), intTypes[m.Type], convert(intTypes[m.Type], wire, v))
	}
	return convert(goScalar(m), wire, v)
}

// goScalar is the name of the Go type of an integer member.
func goScalar(m *model.Member) string {
	if t := enumType(m.Enum, m.AsFlags); t != "" {
		return t
	}
	return intTypes[m.Type]
}

// convert is to(v), or v if it is of that type.
func convert(to, from string, v *jen.Statement) *jen.Statement {
	if to == from {
		return v
	}
	return jen.Id(to).Call(v)
}

// order is binary.NativeEndian, binary.BigEndian or binary.LittleEndian.
func order(m *model.Member) *jen.Statement {
	switch {
	case m.BigEndian:
		return jen.Qual(binaryPath, "BigEndian")
	case m.LittleEndian:
		return jen.Qual(binaryPath, "LittleEndian")
	}
	return jen.Qual(binaryPath, "NativeEndian")
}

// structEncode writes
//
//	// Encode appends the struct.
//	func (s *IfAddrmsg) Encode(_ *nl.Encoder, b []byte) []byte {
//		b, p := nl.Grow(b, ifAddrmsgSize)
//		s.put(p)
//		return b
//	}
func (e *emitter) structEncode(f *jen.File, s *model.Struct) {
	doc(f.Group, "Encode implements nl.Message.")
	f.Add(e.encodeMethod("s", s.GoName)).BlockFunc(func(g *jen.Group) {
		if checked(s) {
			g.Id("s").Dot("check").Call(jen.Id("e"), here())
		}
		g.List(jen.Id("b"), jen.Id("p")).Op(":=").Add(e.grow(jen.Id(s.GoSize)))
		g.Id("s").Dot("put").Call(jen.Id("p"))
		for _, m := range goMembers(s) {
			e.flexiblePut(g, m)
		}
		if s.Tail {
			g.Return(jen.Id("s").Dot("Tail").Dot("AppendTo").Call(jen.Id("b")))
		} else {
			g.Return(jen.Id("b"))
		}
	})
}

// grow is nl.Grow(b, n).
func (e *emitter) grow(n jen.Code) *jen.Statement { return e.rt("Grow").Call(jen.Id("b"), n) }

// flexiblePut writes the loop that appends a trailing array.
func (e *emitter) flexiblePut(g *jen.Group, m *model.Member) {
	v := jen.Id("s").Dot(m.GoName)
	switch {
	case !m.Flexible:
	case isBlob(m):
		g.Id("b").Op("=").Append(jen.Id("b"), v.Op("..."))
	default:
		g.For(jen.Id("i").Op(":=").Range().Add(v)).BlockFunc(func(g *jen.Group) {
			g.List(jen.Id("b"), jen.Id("p")).Op("=").Add(e.grow(memberSize(m)))
			memberPut(g, m, v.Clone().Index(jen.Id("i")), place{size: m.Len, alone: jen.Id("p")})
		})
	}
}

// flexibleGet writes the loop that reads a trailing array.
func (e *emitter) flexibleGet(g *jen.Group, m *model.Member) {
	v := jen.Id("s").Dot(m.GoName)
	switch {
	case !m.Flexible:
	case isBlob(m):
		g.Add(v).Op("=").Add(e.appendElems(v, jen.Id("d").Dot("Take").Call(jen.Id("d").Dot("Rest").Call()).Op("...")))
	default:
		taken := jen.Id("d").Dot("Take").Call(memberSize(m))
		g.For(jen.Id("d").Dot("Rest").Call().Op(">=").Add(memberSize(m))).BlockFunc(func(g *jen.Group) {
			if m.Struct == nil {
				g.Add(v).Op("=").Add(e.appendElems(v, e.memberValue(m, place{size: m.Len, alone: taken})))
				return
			}
			g.Var().Id("v").Add(memberElem(m))
			g.Add(callGet(jen.Id("v"), m.Struct, taken))
			g.Add(v).Op("=").Add(e.appendElems(v, jen.Id("v")))
		})
	}
}

// isBlob reports whether the elements of a flexible member are bytes.
func isBlob(m *model.Member) bool {
	return m.Struct == nil && memberScalars[m.Type].size == 0 && m.Len == 1
}

func memberSize(m *model.Member) *jen.Statement {
	if m.Struct != nil {
		return jen.Id(m.Struct.GoSize)
	}
	return jen.Lit(m.Len)
}

// structCheck writes the method that checks that values have room in their
// members, which put cannot report.
func (e *emitter) structCheck(f *jen.File, s *model.Struct) {
	if !checked(s) {
		return
	}
	f.Line()
	f.Add(method("s", s.GoName, "check", e.encoder(), jen.Id("at").Int())).BlockFunc(func(g *jen.Group) {
		for _, m := range goMembers(s) {
			v := jen.Id("s").Dot(m.GoName)
			switch check := e.memberCheck(m); {
			case check == nil:
			case m.Struct != nil && isArray(m):
				g.For(jen.Id("i").Op(":=").Range().Add(v)).Block(check(v.Clone().Index(jen.Id("i"))))
			case isArray(m):
				g.For(jen.List(jen.Id("_"), jen.Id("v")).Op(":=").Range().Add(v)).Block(check(jen.Id("v")))
			default:
				g.Add(check(v))
			}
		}
	})
}

// checked reports whether a struct has members that values may not fit.
func checked(s *model.Struct) bool {
	e := &emitter{}
	return slices.ContainsFunc(goMembers(s), func(m *model.Member) bool { return e.memberCheck(m) != nil })
}

// memberCheck returns what writes the check of one value of a member, nil if
// every value fits.
func (e *emitter) memberCheck(m *model.Member) func(v *jen.Statement) *jen.Statement {
	call := func(fn string, limits ...jen.Code) func(*jen.Statement) *jen.Statement {
		return func(v *jen.Statement) *jen.Statement {
			if fn == "CheckLen" {
				v = e.rt("Some").Call(v)
			}
			return e.rt(fn).Call(append([]jen.Code{jen.Id("e"), jen.Id("at"), v}, limits...)...)
		}
	}
	switch {
	case isAddr(m):
		return call("CheckAddr", jen.Lit(m.Len))
	case isMAC(m):
		return call("CheckBytes", jen.Lit(m.Len), jen.Lit(m.Len))
	case m.Struct != nil && checked(m.Struct):
		return func(v *jen.Statement) *jen.Statement { return v.Dot("check").Call(jen.Id("e"), jen.Id("at")) }
	case m.Type == model.TypeString:
		return call("CheckLen", jen.Lit(0), jen.Lit(m.Len))
	case m.Enum != nil && enumBits(m.Enum, m.AsFlags) > 8*m.Len:
		return e.rangeCheck(m)
	}
	return nil
}

// rangeCheck returns what writes the check that a value of an enum, whose type is
// wider than its member, fits.
func (e *emitter) rangeCheck(m *model.Member) func(v *jen.Statement) *jen.Statement {
	bits := 8 * m.Len
	low, high := "0", "0x"+strconv.FormatUint(math.MaxUint64>>(64-bits), 16)
	isSigned := enumSigned(m.Enum, m.AsFlags)
	if isSigned && isSignedType(m.Type) {
		low, high = "-0x"+strconv.FormatUint(1<<(bits-1), 16), "0x"+strconv.FormatUint(1<<(bits-1)-1, 16)
	}
	return func(v *jen.Statement) *jen.Statement {
		if !isSigned {
			return e.rt("CheckMax").Call(jen.Id("e"), jen.Id("at"), e.rt("Some").Call(v), jen.Id(high))
		}
		return e.rt("CheckRange").Call(jen.Id("e"), jen.Id("at"), v, jen.Id(low), jen.Id(high))
	}
}

// structDecode writes
//
//	// Decode reads the struct.
//	func (s *IfAddrmsg) Decode(d *nl.Decoder) {
//		s.get(d.Struct(ifAddrmsgSize))
//	}
func (e *emitter) structDecode(f *jen.File, s *model.Struct) {
	doc(f.Group, "Decode implements nl.Message.")
	f.Add(method("s", s.GoName, "Decode", jen.Id("d").Op("*").Add(e.rt("Decoder")))).BlockFunc(func(g *jen.Group) {
		g.Add(callGet(jen.Id("s"), s, jen.Id("d").Dot("Struct").Call(jen.Id(s.GoSize))))
		for _, m := range goMembers(s) {
			e.flexibleGet(g, m)
		}
		if s.Tail {
			g.Id("s").Dot("Tail").Op("=").Id("d").Dot("Tail").Call(jen.Id(s.GoSize))
		}
	})
}
