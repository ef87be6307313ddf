package golang

import (
	"strconv"

	"github.com/dave/jennifer/jen"

	"github.com/nlgen/nlgen/gen/model"
)

// defsFile writes the constants, enums and flags.
func (e *emitter) defsFile(f *jen.File) {
	e.consts(f)
	for _, en := range e.Enums {
		if en.Used || !en.AsFlags {
			e.namedInts(f, plainInts(en))
		}
		if en.AsFlags {
			e.namedInts(f, maskInts(en))
		}
	}
}

func (e *emitter) consts(f *jen.File) {
	if len(e.Consts) == 0 {
		return
	}
	doc(f.Group, "Constants of the family.")
	f.Const().DefsFunc(func(g *jen.Group) {
		for _, c := range e.Consts {
			fieldDoc(g, c.Doc)
			if c.IsString {
				g.Id(c.GoName).Op("=").Lit(c.Str)
			} else {
				g.Id(c.GoName).Op("=").Lit(int(c.Int))
			}
		}
	})
}

// namedInts is an integer type whose values have names.
type namedInts struct {
	typ, names, parse string
	doc, lead         string
	bits              int
	signed, flags     bool
	entries           []namedInt
}

type namedInt struct{ goName, name, value, doc string }

// plainInts is the type of the values of an enum, or of a set of flags.
func plainInts(en *model.Enum) namedInts {
	n := namedInts{
		typ: en.GoName, names: en.GoNames, parse: en.GoParse,
		doc: en.Doc, lead: "is the enum " + en.Name + ".",
		bits: en.Bits, signed: en.Signed, flags: en.Flags,
	}
	if en.Flags {
		n.lead = "is the set of flags " + en.Name + "."
	}
	for _, entry := range en.Entries {
		value := enumValue(entry.Value, en)
		if en.Flags {
			value = bit(entry)
		}
		n.entries = append(n.entries, namedInt{entry.GoName, entry.Name, value, entry.Doc})
	}
	return n
}

// maskInts is the type of sets of the values of an enum.
func maskInts(en *model.Enum) namedInts {
	n := namedInts{
		typ: en.GoMask, names: en.GoMaskNames, parse: en.GoMaskParse,
		doc: en.Doc, lead: "is a set of values of the enum " + en.Name + ".",
		bits: en.MaskBits, flags: true,
	}
	if en.Used {
		n.doc = "A set of " + en.GoName + " values, one bit for each."
	}
	for _, entry := range en.Entries {
		n.entries = append(n.entries, namedInt{entry.GoMask, entry.Name, bit(entry), entry.Doc})
	}
	return n
}

func bit(entry *model.Entry) string { return "1 << " + strconv.FormatInt(entry.Value, 10) }

// enumValue writes a value so that it is in the range of the enum's type.
func enumValue(v int64, en *model.Enum) string {
	if en.Signed || v >= 0 {
		return strconv.FormatInt(v, 10)
	}
	return "0x" + strconv.FormatUint(uint64(v)<<(64-en.Bits)>>(64-en.Bits), 16)
}

// namedInts writes
//
//	// Scope is …
//	type Scope uint8
//
//	// Values of Scope.
//	const (
//		// …
//		ScopeLink Scope = 253
//	)
//
// and the names with the methods that use them.
func (e *emitter) namedInts(f *jen.File, n namedInts) {
	doc(f.Group, identDoc(n.typ, n.doc, n.lead))
	f.Type().Id(n.typ).Id(intType(n.bits, n.signed))
	if len(n.entries) > 0 {
		doc(f.Group, "Values of "+n.typ+".")
		f.Const().DefsFunc(func(g *jen.Group) {
			for _, v := range n.entries {
				fieldDoc(g, v.doc)
				g.Id(v.goName).Id(n.typ).Op("=").Id(v.value)
			}
		})
	}
	e.nameTable(f, n)
	e.nameMethods(f, n)
}

func intType(bits int, signed bool) string {
	name := "int" + strconv.Itoa(bits)
	if signed {
		return name
	}
	return "u" + name
}

// nameTable writes
//
//	var scopeNames = nl.EnumNames[Scope]{
//		{ScopeLink, "link"},
//	}
func (e *emitter) nameTable(f *jen.File, n namedInts) {
	table := "EnumNames"
	if n.flags {
		table = "FlagNames"
	}
	var names []jen.Code
	for _, v := range n.entries {
		names = append(names, jen.Values(jen.Id(v.goName), jen.Lit(v.name)))
	}
	f.Var().Id(n.names).Op("=").Add(e.rt(table)).Types(jen.Id(n.typ)).Add(multiline(names))
}

// nameMethods writes
//
//	func (v Scope) String() string { return scopeNames.Format(v) }
//
// and its like.
func (e *emitter) nameMethods(f *jen.File, n namedInts) {
	names := func() *jen.Statement { return jen.Id(n.names) }
	what := "the name of v, or " + n.typ + "(n) if it has none"
	parsed := "the value with a name"
	if n.flags {
		what = "the names of the flags in v with | between them"
		parsed = "the flags with names that have | between them"
	}
	recv := func() *jen.Statement { return jen.Func().Params(jen.Id("v").Id(n.typ)) }
	doc(f.Group, "String returns "+what+".")
	f.Add(recv()).Id("String").Params().String().Add(
		oneLine(jen.Return(names().Dot("Format").Call(jen.Id("v")))),
	)
	doc(f.Group, n.parse+" returns "+parsed+".")
	f.Func().Id(n.parse).Params(jen.Id("s").String()).Params(jen.Id(n.typ), jen.Error()).Add(
		oneLine(jen.Return(names().Dot("Parse").Call(jen.Id("s")))),
	)
	doc(f.Group, "MarshalText returns what String does.")
	f.Add(recv()).Id("MarshalText").Params().Params(jen.Index().Byte(), jen.Error()).Add(
		oneLine(jen.Return(jen.Index().Byte().Call(jen.Id("v").Dot("String").Call()), jen.Nil())),
	)
	doc(f.Group, "UnmarshalText sets v as "+n.parse+" does.")
	f.Add(method("v", n.typ, "UnmarshalText", jen.Id("b").Index().Byte())).Error().Add(
		oneLine(jen.Return(e.rt("ParseText").Call(jen.Id("v"), jen.Id("b"), jen.Id(n.parse)))),
	)
}
