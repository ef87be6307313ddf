package golang

import (
	"strings"

	"github.com/dave/jennifer/jen"

	"github.com/nlgen/nlgen/gen/model"
)

// subMessage writes the interface of the bodies of a sub-message, the body of
// an unknown form, and the functions that go from one to the other.
func (e *emitter) subMessage(f *jen.File, s *model.SubMessage) {
	e.subInterface(f, s)
	e.subMarkers(f, s)
	e.subUnknown(f, s)
	e.subNew(f, s)
}

// subInterface writes
//
//	// LinkinfoData is … One of, by selector:
//	//   - bond: *LinkinfoBondAttrs
//	type LinkinfoData interface {
//		nl.Message
//		linkinfoDataBody() nl.Body
//	}
func (e *emitter) subInterface(f *jen.File, s *model.SubMessage) {
	text := identDoc(s.GoName, s.Doc, "holds the payload "+s.Name+".") + "\n\nBy selector it is one of:"
	for _, b := range s.Bodies {
		text += "\n- " + strings.Join(b.Values, ", ") + ": *" + bodyType(b)
	}
	text += "\n- any other: *" + s.GoUnknown
	doc(f.Group, text)
	f.Type().Id(s.GoName).Interface(
		e.rt("Message"),
		jen.Id(s.GoBody).Params().Add(e.rt("Body")),
	)
}

func bodyType(b *model.Body) string {
	if b.Message != nil {
		return b.Message.GoName
	}
	return b.Struct.GoName
}

// subMarkers writes for each body
//
//	func (*LinkinfoBondAttrs) linkinfoDataBody() nl.Body { return nl.Nest("bond") }
func (e *emitter) subMarkers(f *jen.File, s *model.SubMessage) {
	for _, b := range s.Bodies {
		values := jen.Lit(strings.Join(b.Values, " "))
		body := e.rt("Body").Add(keyed([]pair{{"Values", values}}))
		if b.Message != nil && len(b.Message.Parts) == 0 {
			body = e.rt("Nest").Call(values)
		}
		f.Func().Params(jen.Op("*").Id(bodyType(b))).Id(s.GoBody).Params().Add(e.rt("Body")).Add(oneLine(jen.Return(body)))
	}
	doc(f.Group, s.GoBody+" is the method of that name, for a body that may be nil.")
	f.Func().Id(s.GoBody).Params(jen.Id("m").Id(s.GoName)).Add(e.rt("Body")).Block(
		jen.If(jen.Id("m").Op("==").Nil()).Block(jen.Return(e.rt("Body").Values())),
		jen.Return(jen.Id("m").Dot(s.GoBody).Call()),
	)
}

// subUnknown writes
//
//	type LinkinfoDataUnknown struct{ nl.Raw }
func (e *emitter) subUnknown(f *jen.File, s *model.SubMessage) {
	doc(f.Group, s.GoUnknown+" is the body of a "+s.Name+" whose selector is not known.")
	f.Type().Id(s.GoUnknown).Add(embed(e.rt("Raw")))
	f.Add(method("m", s.GoUnknown, s.GoBody)).Add(e.rt("Body")).Add(
		oneLine(jen.Return(e.rt("Body").Add(keyed([]pair{{"Nested", jen.Id("m").Dot("Nested")}})))),
	)
}

// subNew writes
//
//	func NewLinkinfoData(d *nl.Decoder, selector string) LinkinfoData {
//		switch selector {
//		case "bond":
//			return nl.New[LinkinfoBondAttrs](d)
//		}
//		return nl.New[UnknownLinkinfoData](d)
//	}
func (e *emitter) subNew(f *jen.File, s *model.SubMessage) {
	doc(f.Group, s.GoNew+" returns an empty body for a selector, for a message that d decodes; d may be nil.")
	alloc := func(typ string) jen.Code { return e.rt("New").Types(jen.Id(typ)).Call(jen.Id("d")) }
	f.Func().Id(s.GoNew).Params(jen.Id("d").Op("*").Add(e.rt("Decoder")), jen.Id("selector").String()).Id(s.GoName).Block(
		jen.Switch(jen.Id("selector")).BlockFunc(func(g *jen.Group) {
			for _, b := range s.Bodies {
				var values []jen.Code
				for _, v := range b.Values {
					values = append(values, jen.Lit(v))
				}
				g.Case(values...).Block(jen.Return(alloc(bodyType(b))))
			}
			g.Default().Block(jen.Return(alloc(s.GoUnknown)))
		}),
	)
}

// putBody is b = nl.AppendBody(e, b, attrX, m.X, xBody(m.X)).
func putBody(e *emitter, _ kind, s slot) *jen.Statement {
	return e.appendCall("AppendBody", s.id(), s.v(), jen.Id(s.Attr.Sub.GoBody).Call(s.v()))
}

// putBodies is b = nl.AppendBodies(e, b, attrX, m.X, xBody).
func putBodies(e *emitter, _ kind, s slot) *jen.Statement {
	return e.appendCall("AppendBodies", s.id(), s.v(), jen.Id(s.Attr.Sub.GoBody))
}

// bodies are the values that say which forms the bodies of a selector have:
// xBody(m.X), or nl.Bodies(m.X, xBody)... for a list.
func (e *emitter) bodies(fields []*model.Field) []jen.Code {
	v := func(f *model.Field) *jen.Statement { return jen.Id("m").Dot(f.GoName) }
	list := func(f *model.Field) *jen.Statement {
		return e.rt("Bodies").Call(v(f), jen.Id(f.Attr.Sub.GoBody))
	}
	var singles []jen.Code
	var joined *jen.Statement
	for _, f := range fields {
		switch {
		case !f.Attr.Multi:
			singles = append(singles, jen.Id(f.Attr.Sub.GoBody).Call(v(f)))
		case joined == nil:
			joined = list(f)
		default:
			joined = jen.Append(joined, list(f).Op("..."))
		}
	}
	if joined == nil {
		return singles
	}
	if len(singles) > 0 {
		joined = jen.Append(append([]jen.Code{joined}, singles...)...)
	}
	return []jen.Code{joined.Op("...")}
}

// ahead is selector := nl.Ahead(d, attrKind, m.Kind, nl.GetString); the selector
// may come after its body.
func (e *emitter) ahead(s slot) *jen.Statement {
	k := mustKind(s.Attr)
	get := e.rt("Get" + k.codec)
	if k.codec == "Wire" {
		get = jen.Func().Params(e.decoder(), jen.Id("o").Op("*").Add(k.field.of(e, k.elem(e, s.Attr)))).Block(
			e.rt("GetWire").Call(jen.Id("d"), jen.Id("o"), e.wire(s.Attr, s.Attr.Type)))
	}
	return jen.Id("selector").Op(":=").Add(e.rt("Ahead")).Call(jen.Id("d"), s.id(), s.v(), get)
}

// getBody is m.X = nl.GetBody(d, NewX(d, selector.Value())), with d.Scope("kind") for
// a selector outside of the message, or m.Header.Kind.String().
func getBody(e *emitter, _ kind, s slot) *jen.Statement {
	return s.v().Op("=").Add(e.body(s))
}

// getBodies is m.X = append(m.X, nl.GetBody(…)).
func getBodies(e *emitter, _ kind, s slot) *jen.Statement {
	return s.v().Op("=").Append(s.v(), e.body(s))
}

func (e *emitter) body(s slot) *jen.Statement {
	selector := jen.Lit("")
	if f := selectorField(s.msg, s.Attr); f != nil {
		selector = e.selectorText(f.Attr, jen.Id("selector"))
	} else if s.Attr.OuterSelector {
		selector = jen.Id("d").Dot("Scope").Call(jen.Lit(s.Attr.SelectorName))
	} else if h := s.Attr.HeaderSelector; h != nil && s.msg.Header != nil {
		selector = jen.Id("m").Dot(s.msg.HeaderField).Dot(h.GoName).Dot("String").Call()
	}
	return e.rt("GetBody").Call(jen.Id("d"), jen.Id(s.Attr.Sub.GoNew).Call(jen.Id("d"), selector))
}
