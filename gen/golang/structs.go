package golang

import (
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
	doc(f.Group, identDoc(s.GoName, s.Doc, "is the struct "+s.Name+"."))
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
//		b[0] = s.Family
//		binary.NativeEndian.PutUint32(b[4:], s.Index)
//	}
func (e *emitter) structPut(f *jen.File, s *model.Struct) {
	f.Add(method("s", s.GoName, "put", jen.Id("b").Index().Byte())).BlockFunc(func(g *jen.Group) {
		for _, m := range fixedMembers(s) {
			eachElement(g, m, func(g *jen.Group, v, at, end *jen.Statement) { memberPut(g, m, v, at, end) })
		}
	})
}

// structGet writes the reverse of structPut.
func (e *emitter) structGet(f *jen.File, s *model.Struct) {
	f.Add(method("s", s.GoName, "get", jen.Id("b").Index().Byte())).BlockFunc(func(g *jen.Group) {
		for _, m := range fixedMembers(s) {
			eachElement(g, m, func(g *jen.Group, v, at, end *jen.Statement) { e.memberGet(g, m, v, at, end) })
		}
	})
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
// element of an array, with the place where it starts and ends in b.
func eachElement(g *jen.Group, m *model.Member, write func(g *jen.Group, v, at, end *jen.Statement)) {
	v := jen.Id("s").Dot(m.GoName)
	if m.Count <= 1 {
		write(g, v, jen.Lit(m.Offset), jen.Lit(m.Offset+m.Len))
		return
	}
	g.For(jen.Id("i").Op(":=").Range().Add(v)).BlockFunc(func(g *jen.Group) {
		at := jen.Lit(m.Offset).Op("+").Lit(m.Len).Op("*").Id("i")
		end := jen.Lit(m.Offset + m.Len).Op("+").Lit(m.Len).Op("*").Id("i")
		if m.Offset == 0 {
			at = jen.Lit(m.Len).Op("*").Id("i")
		}
		write(g, jen.Id("s").Dot(m.GoName).Index(jen.Id("i")), at, end)
	})
}

// memberPut writes the statement that puts v to b[at:end].
func memberPut(g *jen.Group, m *model.Member, v, at, end *jen.Statement) {
	scalar := memberScalars[m.Type]
	window := jen.Id("b").Index(at.Clone().Op(":").Add(end))
	switch {
	case isAddr(m):
		g.Copy(window, jen.Add(v).Dot("AsSlice").Call())
	case m.Struct != nil:
		g.Add(v).Dot("put").Call(jen.Id("b").Index(at.Clone().Op(":")))
	case scalar.size == 1:
		g.Id("b").Index(at).Op("=").Add(convert("uint8", goScalar(m), v))
	case scalar.size > 1:
		order(g, m).Dot("Put"+scalar.order).Call(
			jen.Id("b").Index(at.Clone().Op(":")), convert("uint"+strconv.Itoa(8*scalar.size), goScalar(m), v))
	case m.Type == model.TypeString, isMAC(m):
		g.Copy(window, v)
	default:
		g.Copy(jen.Id("b").Index(at.Clone().Op(":")), jen.Add(v).Index(jen.Op(":")))
	}
}

// memberGet writes the statement that sets v from b[at:end].
func (e *emitter) memberGet(g *jen.Group, m *model.Member, v, at, end *jen.Statement) {
	scalar := memberScalars[m.Type]
	window := jen.Id("b").Index(at.Clone().Op(":").Add(end))
	from := jen.Id("b").Index(at.Clone().Op(":"))
	switch {
	case isAddr(m):
		bits := map[int]string{4: "AddrFrom4", 16: "AddrFrom16"}
		g.Add(v).Op("=").Qual(netipPath, bits[m.Len]).Call(jen.Index(jen.Lit(m.Len)).Byte().Parens(from))
	case isMAC(m):
		g.Add(v).Op("=").Append(jen.Qual(netPath, "HardwareAddr").Values(), window.Op("..."))
	case m.Struct != nil:
		g.Add(v).Dot("get").Call(from)
	case scalar.size == 1:
		g.Add(v).Op("=").Add(convert(goScalar(m), "uint8", jen.Id("b").Index(at)))
	case scalar.size > 1:
		get := order(nil, m).Dot(scalar.order).Call(from)
		g.Add(v).Op("=").Add(convert(goScalar(m), "uint"+strconv.Itoa(8*scalar.size), get))
	case m.Type == model.TypeString:
		g.Add(v).Op("=").Add(e.rt("CString")).Call(window)
	default:
		g.Add(v).Op("=").Index(jen.Lit(m.Len)).Byte().Parens(from)
	}
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

// order is binary.NativeEndian or binary.BigEndian, appended to g if not nil.
func order(g *jen.Group, m *model.Member) *jen.Statement {
	name := "NativeEndian"
	if m.BigEndian {
		name = "BigEndian"
	}
	if g == nil {
		return jen.Qual(binaryPath, name)
	}
	return g.Qual(binaryPath, name)
}

// structEncode writes
//
//	// Encode appends the struct.
//	func (s *IfAddrmsg) Encode(e *nl.Encoder) {
//		s.put(e.Grow(ifAddrmsgSize))
//	}
func (e *emitter) structEncode(f *jen.File, s *model.Struct) {
	doc(f.Group, "Encode implements nl.Message.")
	f.Add(method("s", s.GoName, "Encode", jen.Id("e").Op("*").Add(e.rt("Encoder")))).BlockFunc(func(g *jen.Group) {
		g.Id("s").Dot("put").Call(jen.Id("e").Dot("Grow").Call(jen.Id(s.GoSize)))
		for _, m := range goMembers(s) {
			e.flexiblePut(g, m)
			e.memberCheck(g, m)
		}
		if s.Tail {
			g.Id("e").Dot("SetTail").Call(jen.Id("s").Dot("Tail"))
		}
	})
}

// flexiblePut writes the loop that appends a trailing array.
func (e *emitter) flexiblePut(g *jen.Group, m *model.Member) {
	if !m.Flexible {
		return
	}
	grown := jen.Id("e").Dot("Grow").Call(memberSize(m))
	v := jen.Id("s").Dot(m.GoName)
	if m.Struct == nil && memberScalars[m.Type].size == 0 && m.Len == 1 {
		g.Copy(jen.Id("e").Dot("Grow").Call(jen.Len(v)), v)
		return
	}
	g.For(jen.Id("i").Op(":=").Range().Add(v)).BlockFunc(func(g *jen.Group) {
		elem := jen.Id("s").Dot(m.GoName).Index(jen.Id("i"))
		if m.Struct != nil {
			g.Add(elem).Dot("put").Call(grown)
			return
		}
		g.Id("b").Op(":=").Add(grown)
		memberPut(g, m, elem, jen.Lit(0), jen.Lit(m.Len))
	})
}

// flexibleGet writes the loop that reads a trailing array.
func (e *emitter) flexibleGet(g *jen.Group, m *model.Member) {
	if !m.Flexible {
		return
	}
	v := func() *jen.Statement { return jen.Id("s").Dot(m.GoName) }
	if m.Struct == nil && memberScalars[m.Type].size == 0 && m.Len == 1 {
		g.Add(v()).Op("=").Append(v(), jen.Id("d").Dot("Take").Call(jen.Id("d").Dot("Rest").Call()).Op("..."))
		return
	}
	g.For(jen.Id("d").Dot("Rest").Call().Op(">=").Add(memberSize(m))).BlockFunc(func(g *jen.Group) {
		taken := jen.Id("d").Dot("Take").Call(memberSize(m))
		g.Var().Id("v").Add(memberElem(m))
		if m.Struct != nil {
			g.Id("v").Dot("get").Call(taken)
		} else {
			g.Id("b").Op(":=").Add(taken)
			e.memberGet(g, m, jen.Id("v"), jen.Lit(0), jen.Lit(m.Len))
		}
		g.Add(v()).Op("=").Append(v(), jen.Id("v"))
	})
}

func memberSize(m *model.Member) *jen.Statement {
	if m.Struct != nil {
		return jen.Id(m.Struct.GoSize)
	}
	return jen.Lit(m.Len)
}

// memberCheck writes the check that an address has the member's size; put cannot
// report it.
func (e *emitter) memberCheck(g *jen.Group, m *model.Member) {
	v := jen.Id("s").Dot(m.GoName)
	switch {
	case m.Flexible || m.Count > 1:
	case isAddr(m):
		g.Add(e.rt("CheckAddr")).Call(jen.Id("e"), v, jen.Lit(m.Len))
	case isMAC(m):
		g.Add(e.rt("CheckBytes")).Call(jen.Id("e"), v, jen.Lit(m.Len), jen.Lit(m.Len))
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
		g.Id("s").Dot("get").Call(jen.Id("d").Dot("Struct").Call(jen.Id(s.GoSize)))
		for _, m := range goMembers(s) {
			e.flexibleGet(g, m)
		}
		if s.Tail {
			g.Id("s").Dot("Tail").Op("=").Id("d").Dot("Tail").Call(jen.Id(s.GoSize))
		}
	})
}
