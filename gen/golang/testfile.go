package golang

import (
	"github.com/dave/jennifer/jen"

	"github.com/nlgen/nlgen/gen/model"
)

// testFile writes
//
//	var roundTrip = roundtrip.Package{Messages: …}
//
//	func TestRoundTrip(t *testing.T) {
//		roundtrip.Run(t, roundTrip)
//	}
//
//	func FuzzDecode(f *testing.F) {
//		roundtrip.Fuzz(f, roundTrip)
//	}
func (e *emitter) testFile(f *jen.File) {
	var messages, unknown, selectors, inHeader, outer, records, ordered []jen.Code
	add := func(typ string) { messages = append(messages, jen.New(jen.Id(typ))) }
	for _, s := range e.Structs {
		add(s.GoName)
	}
	for _, m := range e.Messages {
		add(m.GoName)
		for _, fd := range m.Fields {
			name := jen.Lit(m.GoName + "." + fd.GoName)
			switch {
			case fd.Attr.HeaderSelector != nil:
				inHeader = append(inHeader, name)
			case fd.Attr.Sub != nil && selectorField(m, fd.Attr) == nil:
				outer = append(outer, name)
			case fd.Attr.Type == model.TypeRecords:
				records = append(records, name)
			case fd.Attr.Type == model.TypeOrdered:
				ordered = append(ordered, name)
			}
		}
	}
	for _, c := range e.Chains {
		add(c.GoName)
	}
	for _, op := range eventOps(e.Family) {
		if op.Event.Embed {
			add(op.Event.GoName)
		}
	}
	for _, s := range e.Subs {
		if !s.Reached {
			continue
		}
		unknown = append(unknown, jen.New(jen.Id(s.GoUnknown)))
		for _, fm := range s.Formats {
			selectors = append(selectors, jen.Lit(fm.Value))
		}
	}
	pkg := []jen.Code{field("Messages", jen.Index().Add(e.rt("Message")).Add(multiline(messages)))}
	if len(unknown) > 0 {
		pkg = append(pkg,
			field("Unknown", jen.Index().Add(e.rt("Message")).Add(multiline(unknown))),
			field("Selectors", jen.Index().String().Add(multiline(selectors))))
	}
	for _, l := range []struct {
		key    string
		fields []jen.Code
	}{{"InHeader", inHeader}, {"Outer", outer}, {"Records", records}, {"Ordered", ordered}} {
		if len(l.fields) > 0 {
			pkg = append(pkg, field(l.key, jen.Index().String().Add(multiline(l.fields))))
		}
	}
	pkg = append(pkg, e.payloadTests()...)
	f.Var().Id("roundTrip").Op("=").Qual(roundtripPath, "Package").Add(multiline(pkg))
	f.Line()
	f.Func().Id("TestRoundTrip").Params(jen.Id("t").Op("*").Qual(testingPath, "T")).Block(
		jen.Qual(roundtripPath, "Run").Call(jen.Id("t"), jen.Id("roundTrip")),
	)
	f.Line()
	f.Func().Id("FuzzDecode").Params(jen.Id("f").Op("*").Qual(testingPath, "F")).Block(
		jen.Qual(roundtripPath, "Fuzz").Call(jen.Id("f"), jen.Id("roundTrip")),
	)
}
