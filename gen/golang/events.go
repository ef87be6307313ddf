package golang

import (
	"github.com/dave/jennifer/jen"

	"github.com/nlgen/nlgen/gen/model"
)

// eventsFile writes the messages of notifications and events, and the table by
// which the runtime knows them.
func (e *emitter) eventsFile(f *jen.File) {
	e.eventTable(f)
	for _, op := range eventOps(e.Family) {
		e.opMessages(f, op)
		if op.Event.Embed {
			e.notification(f, op)
		}
	}
}

// eventTable writes
//
//	var events = []nl.EventInfo{
//		{ID: 20, Name: "newaddr-ntf", Set: setAddrAttrs, New: func() nl.Message { return new(NewAddrNtf) }},
//	}
func (e *emitter) eventTable(f *jen.File) {
	var infos []jen.Code
	for _, op := range eventOps(e.Family) {
		info := append([]pair{{"ID", jen.Lit(int(op.ID))}, {"Name", jen.Lit(op.Name)}}, layout(op)...)
		if op.LastID != 0 {
			info = append(info, pair{"Last", jen.Lit(int(op.LastID))})
		}
		info = append(info, pair{"New", jen.Func().Params().Add(e.rt("Message")).Add(
			oneLine(jen.Return(jen.New(jen.Id(op.Event.GoName)))),
		)})
		infos = append(infos, keyed(info))
	}
	doc(f.Group, "events are the notifications and events by their message id.")
	f.Var().Id("events").Op("=").Index().Add(e.rt("EventInfo")).Add(multiline(infos))
}

// notification writes
//
//	// NewAddrNtf says that …
//	type NewAddrNtf struct{ GetAddrReply }
func (e *emitter) notification(f *jen.File, op *model.Op) {
	doc(f.Group, eventDoc(op.Event.GoName, op.Event.Doc, "is the event "+op.Name+"."))
	f.Type().Id(op.Event.GoName).Add(embed(jen.Id(op.Event.Message.GoName)))
}
