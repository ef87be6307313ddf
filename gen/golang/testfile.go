package golang

import (
	"github.com/dave/jennifer/jen"

	"github.com/nlgen/nlgen/gen/model"
)

// testFile writes
//
//	func TestRoundTrip(t *testing.T) {
//		roundtrip.Run(t, roundtrip.Package{Messages: …})
//	}
func (e *emitter) testFile(f *jen.File) {
	var messages, unknown, selectors, outer, records []jen.Code
	add := func(typ string) { messages = append(messages, jen.New(jen.Id(typ))) }
	for _, s := range e.Structs {
		add(s.GoName)
	}
	for _, m := range e.Messages {
		add(m.GoName)
		for _, fd := range m.Fields {
			name := jen.Lit(m.GoName + "." + fd.GoName)
			switch {
			case fd.Attr.Sub != nil && selectorField(m, fd.Attr) == nil:
				outer = append(outer, name)
			case fd.Attr.Type == model.TypeRecords:
				records = append(records, name)
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
	if len(outer) > 0 {
		pkg = append(pkg, field("Outer", jen.Index().String().Add(multiline(outer))))
	}
	if len(records) > 0 {
		pkg = append(pkg, field("Records", jen.Index().String().Add(multiline(records))))
	}
	f.Func().Id("TestRoundTrip").Params(jen.Id("t").Op("*").Qual(testingPath, "T")).Block(
		jen.Qual(roundtripPath, "Run").Call(jen.Id("t"), jen.Qual(roundtripPath, "Package").Add(multiline(pkg))),
	)
}
