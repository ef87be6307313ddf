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
//	func newLinkinfoData(selector string) LinkinfoData {
//		switch selector {
//		case "bond":
//			return new(LinkinfoBondAttrs)
//		}
//		return new(LinkinfoDataUnknown)
//	}
func (e *emitter) subNew(f *jen.File, s *model.SubMessage) {
	doc(f.Group, s.GoNew+" returns an empty body for a selector.")
	f.Func().Id(s.GoNew).Params(jen.Id("selector").String()).Id(s.GoName).Block(
		jen.Switch(jen.Id("selector")).BlockFunc(func(g *jen.Group) {
			for _, b := range s.Bodies {
				var values []jen.Code
				for _, v := range b.Values {
					values = append(values, jen.Lit(v))
				}
				g.Case(values...).Block(jen.Return(jen.New(jen.Id(bodyType(b)))))
			}
			g.Default().Block(jen.Return(jen.New(jen.Id(s.GoUnknown))))
		}),
	)
}

// putBody is nl.PutBody(e, attrX, m.X, xBody(m.X)).
func putBody(e *emitter, _ kind, s slot) *jen.Statement {
	return e.rt("PutBody").Call(jen.Id("e"), s.id(), s.v(), jen.Id(s.Attr.Sub.GoBody).Call(s.v()))
}

// ahead is selector := nl.Ahead(d, attrKind, m.Kind, nl.GetString); the selector
// may come after its body.
func (e *emitter) ahead(s slot) *jen.Statement {
	get := e.rt("Get" + mustKind(s.Attr).codec)
	return jen.Id("selector").Op(":=").Add(e.rt("Ahead")).Call(jen.Id("d"), s.id(), s.v(), get)
}

// getBody is m.X = nl.GetBody(d, newX(selector.Value())), with d.Scope("kind") for
// a selector outside of the message, or m.Header.Kind.String().
func getBody(e *emitter, _ kind, s slot) *jen.Statement {
	selector := jen.Lit("")
	if f := selectorField(s.msg, s.Attr); f != nil {
		selector = e.selectorText(f.Attr, jen.Id("selector"))
	} else if s.Attr.OuterSelector {
		selector = jen.Id("d").Dot("Scope").Call(jen.Lit(s.Attr.SelectorName))
	} else if h := s.Attr.HeaderSelector; h != nil && s.msg.Header != nil {
		selector = jen.Id("m").Dot(s.msg.HeaderField).Dot(h.GoName).Dot("String").Call()
	}
	return s.v().Op("=").Add(e.rt("GetBody")).Call(jen.Id("d"), jen.Id(s.Attr.Sub.GoNew).Call(selector))
}
