package kernel

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/nlgen/nlgen/gen/model"
	"github.com/nlgen/nlgen/gen/naming"
)

// A message is a struct of C for the content of messages or nests.
type message struct {
	*model.Message
	name string // without struct
	doc  string
	// parsed and sent say whether requests have it and whether replies or events do.
	parsed, sent bool
	nested       bool
	checked      bool // where it is read, because no policy does
	complete     bool // what no policy has an entry for is refused where it is read
}

// fields are the attributes of a message.
func (m *message) fields() []*model.Attr {
	var list []*model.Attr
	for _, f := range m.Fields {
		list = append(list, f.Attr)
	}
	return list
}

// empty reports whether a message has nothing in it.
func empty(m *model.Message) bool {
	return m == nil || len(m.Fields) == 0 && m.Header == nil && len(m.Parts) == 0
}

// collect finds the messages of the family and what they are for, those inside
// others first.
func (e *emitter) collect() {
	e.messages = map[*model.Message]*message{}
	taken := maps.Clone(takenTags)
	e.collectSubs(taken)
	shapes := map[string]*message{}
	name := func(m *model.Message, name string) {
		if m == nil || e.messages[m] != nil {
			return
		}
		if same := shapes[shapeKey(m)]; same != nil {
			e.messages[m] = same
			return
		}
		if full(m) {
			name = naming.C(m.Set.Name)
		}
		for taken[name] {
			name += "_msg"
		}
		taken[name] = true
		e.messages[m] = &message{Message: m, name: e.fn(name), doc: m.Doc}
		shapes[shapeKey(m)] = e.messages[m]
	}
	for _, s := range e.Sets {
		for _, a := range s.Attrs {
			if a.Message != nil {
				name(a.Message, naming.C(a.Nested.Name))
			}
		}
	}
	for _, op := range e.Ops {
		if op.Do != nil {
			name(op.Do.Request, naming.C(op.Name)+"_request")
		}
		if op.Dump != nil {
			name(op.Dump.Request, naming.C(op.Name)+"_dump_request")
		}
		for _, h := range halves(op) {
			name(h.call.Reply, naming.C(op.Name)+"_reply")
		}
		if op.Event != nil && op.Notify == nil {
			name(op.Event.Message, naming.C(op.Name)+"_event")
		}
	}
	for _, s := range e.Subs {
		for _, b := range s.Bodies {
			if b.Message != nil {
				name(b.Message, naming.C(s.Name+"_"+b.Values[0]))
			}
		}
	}
	for _, op := range e.Ops {
		for _, h := range halves(op) {
			e.use(h.call.Request, false, func(m *message) *bool { return &m.parsed })
			e.use(h.call.Reply, false, func(m *message) *bool { return &m.sent })
		}
		if op.Event != nil {
			e.use(op.Event.Message, false, func(m *message) *bool { return &m.sent })
		}
	}
	e.checks()
}

// takenTags are the names of structs that every module has, and of functions for
// messages without content.
var takenTags = map[string]bool{
	"blob": true, "block": true, "ctx": true, "cursor": true, "mem": true, "net": true, "port": true,
	emptyMessage: true,
}

const emptyMessage = "empty"

// shapeKey is equal for messages that can be one struct.
func shapeKey(m *model.Message) string {
	var b strings.Builder
	if m.Header != nil {
		b.WriteString(m.Header.Name)
	}
	for _, f := range m.Fields {
		b.WriteString("\n" + f.Attr.CName)
	}
	for _, p := range m.Parts {
		fmt.Fprintf(&b, "\n%s %s %d %q", p.Name, p.Type, p.MinLen, p.Until)
		if p.Struct != nil {
			b.WriteString(" " + p.Struct.Name)
		}
		if p.Sub != nil {
			b.WriteString(" " + p.Sub.Name)
			for _, r := range p.Selector {
				b.WriteString(" " + r.Name())
			}
		}
		if p.Length != nil {
			b.WriteString(" " + p.Length.Name())
		}
	}
	return b.String()
}

// full reports whether a message can have every attribute of its set. It is then
// named after the set.
func full(m *model.Message) bool {
	if m.Set == nil || m.Set.Subset != nil {
		return false
	}
	n := 0
	for _, a := range m.Set.Attrs {
		if a.Wire() {
			n++
		}
	}
	return n == len(m.Fields)
}

// use marks a message and those inside it, and puts them in order.
func (e *emitter) use(m *model.Message, nested bool, mark func(*message) *bool) {
	if empty(m) && !nested {
		return
	}
	c := e.messages[m]
	c.nested = c.nested || nested
	if *mark(c) {
		return
	}
	*mark(c) = true
	for _, f := range m.Fields {
		if f.Attr.Message != nil {
			e.use(f.Attr.Message, true, mark)
		}
		if f.Attr.Sub != nil {
			e.useSub(f.Attr.Sub, mark)
		}
	}
	for _, p := range m.Parts {
		if p.Sub != nil {
			e.usePayloadSub(p.Sub, mark)
		}
	}
	if !slices.Contains(e.order, c) {
		e.order = append(e.order, c)
	}
}

// useSub marks a sub-message and its bodies.
func (e *emitter) useSub(s *model.SubMessage, mark func(*message) *bool) {
	var m message
	*mark(&m) = true
	c := e.subs[s]
	c.parsed, c.sent = c.parsed || m.parsed, c.sent || m.sent
	for _, b := range s.Bodies {
		if b.Message != nil {
			e.use(b.Message, true, mark)
		}
	}
}

// checks finds the messages that are checked where they are read.
func (e *emitter) checks() {
	for _, m := range e.order {
		if !m.parsed {
			continue
		}
		for _, a := range m.fields() {
			if a.Message != nil && unreached(a) {
				e.messages[a.Message].checked = true
			}
			if a.Sub != nil {
				e.checkBodies(a.Sub)
			}
		}
		for _, p := range m.Parts {
			if p.Sub != nil {
				e.checkBodies(p.Sub)
			}
		}
	}
	for _, m := range e.order {
		if m.checked && e.loose(m.Set.Attrs) {
			e.complete(m)
		}
	}
	for _, op := range e.Ops {
		for _, h := range halves(op) {
			if e.loose(h.call.RequestAttrs) {
				e.complete(e.messages[h.call.Request])
			}
		}
	}
}

func (e *emitter) checkBodies(s *model.SubMessage) {
	for _, b := range s.Bodies {
		if b.Message != nil && len(b.Message.Parts) == 0 {
			e.messages[b.Message].checked = true
		}
	}
}

// complete marks a message that is validated loosely, and those inside that are
// validated with it.
func (e *emitter) complete(m *message) {
	if m.complete {
		return
	}
	m.complete = true
	for _, a := range m.fields() {
		if a.Message != nil && !unreached(a) {
			e.complete(e.messages[a.Message])
		}
	}
}

func (e *emitter) messageName(m *model.Message) string { return e.messages[m].name }

// messageHeader declares the structs and the functions for them.
func (e *emitter) messageHeader() []byte {
	w, end := e.guarded(e.ident+"_msg.h", e.C.License.Source, "_"+upper(e.Name)+"_MSG_H")
	w.p("#include <linux/types.h>")
	w.p("#include <net/netlink.h>")
	w.blank()
	w.p("#include <uapi/%s>", e.Header)
	w.blank()
	e.template(w, "msg.h.tmpl")
	for _, m := range e.order {
		w.p("struct %s;", m.name)
	}
	w.blank()
	e.subStructs(w)
	for _, m := range e.order {
		e.chainStructs(w, m)
	}
	for _, m := range e.order {
		e.messageStruct(w, m)
	}
	for _, m := range e.order {
		for _, p := range e.prototypes(m) {
			w.prototype(p.result, p.name, p.params)
		}
	}
	return end()
}

// messageSource defines the functions.
func (e *emitter) messageSource() []byte {
	w := e.begin(e.ident+"_msg.c", e.C.License.Source)
	w.p("#include <linux/mm.h>")
	w.p("#include <linux/slab.h>")
	w.blank()
	w.p("#include %q", e.stem+".h")
	w.p("#include %q", e.ident+"_msg.h")
	w.blank()
	var body writer
	e.parserChecks(&body)
	for _, m := range e.order {
		if m.checked {
			e.messageCheck(&body, m)
		}
	}
	e.subCode(&body)
	for _, m := range e.order {
		if m.parsed {
			e.parser(&body, m)
		}
		if m.sent {
			e.sizer(&body, m)
			e.putter(&body, m)
		}
	}
	m := e.module()
	m.body = body.b.String()
	e.execute(w, "msg.c.tmpl", m)
	w.b.WriteString(m.body)
	return w.bytes()
}

// A prototype is how a function is called.
type prototype struct {
	result, name string
	params       []string
}

// head prints the head of a function's definition.
func (p prototype) head(w *writer) {
	w.call(spaced(p.result, p.name), p.params, "")
	w.p("{")
}

func (e *emitter) prototypes(m *message) []prototype {
	var list []prototype
	if m.parsed {
		list = append(list, e.parseProto(m))
		if m.nested {
			list = append(list, e.newProto(m))
		}
	}
	if m.sent {
		list = append(list, e.sizeProto(m), e.putProto(m))
		if m.nested {
			list = append(list, e.nestProto(m))
		}
	}
	return list
}

func (e *emitter) parseParams(first ...string) []string {
	return append(first, "struct "+e.fn("mem")+" *mem", "struct netlink_ext_ack *extack")
}

func (e *emitter) parseProto(m *message) prototype {
	first := append([]string{"struct " + m.name + " *msg", "const void *data", "int len"}, e.scopeOf(m.Message).params()...)
	return prototype{"int", m.name + "_parse", e.parseParams(first...)}
}

func (e *emitter) newProto(m *message) prototype {
	first := append([]string{"const struct " + m.name + " **msg", "const struct nlattr *attr"}, e.scopeOf(m.Message).params()...)
	return prototype{"int", m.name + "_new", e.parseParams(first...)}
}

func (e *emitter) sizeProto(m *message) prototype {
	return prototype{"size_t", m.name + "_size", []string{"const struct " + m.name + " *msg"}}
}

func (e *emitter) putProto(m *message) prototype {
	return prototype{"int", m.name + "_put", []string{"struct sk_buff *skb", "const struct " + m.name + " *msg"}}
}

func (e *emitter) nestProto(m *message) prototype {
	return prototype{"int", m.name + "_nest", []string{"struct sk_buff *skb", "int type", "const struct " + m.name + " *msg"}}
}

// messageStruct declares the struct of a message.
func (e *emitter) messageStruct(w *writer, m *message) {
	e.structDoc(w, m)
	w.p("struct %s {", m.name)
	if m.Header != nil {
		w.p("\t%s header;", m.Header.CName)
	}
	var bits []string
	for _, f := range m.Fields {
		if hasBit(f.Attr) {
			bits = append(bits, attrMember(f.Attr))
		}
	}
	if len(bits) > 0 {
		w.p("\tstruct {")
		for _, b := range bits {
			w.p("\t\tu32 %s:1;", b)
		}
		w.p("\t} has;")
	}
	for _, f := range m.Fields {
		for _, d := range e.declare(f.Attr) {
			w.p("\t%s;", d)
		}
	}
	for _, p := range m.Parts {
		for _, d := range e.declarePart(p) {
			w.p("\t%s;", d)
		}
	}
	w.p("};")
	w.blank()
}

func hasBit(a *model.Attr) bool { return !shapeOf(a).listed() }

func (e *emitter) structDoc(w *writer, m *message) {
	doc := m.doc
	if doc == "" {
		doc = "message"
	}
	w.p("/**")
	w.text(" * struct "+m.name+" - ", " *   ", doc)
	if m.Header != nil {
		w.text(" * @header: ", " *   ", "in front of the attributes")
	}
	bits := false
	for _, f := range m.Fields {
		bits = bits || hasBit(f.Attr)
	}
	if bits {
		w.p(" * @has: which of the members are there")
	}
	for _, f := range m.Fields {
		name, text := attrMember(f.Attr), f.Attr.Doc
		if text == "" {
			text = f.Attr.CName
		}
		members := e.declare(f.Attr)
		if len(members) > 0 {
			w.text(" * @"+name+": ", " *   ", text)
		}
		if len(members) > 1 {
			w.p(" * @n_%s: number of elements in @%s", name, name)
		}
	}
	e.partDocs(w, m)
	w.p(" */")
}

// chainStructs declares the entries of the chains of nests in a message.
func (e *emitter) chainStructs(w *writer, m *message) {
	for _, f := range m.Fields {
		a := f.Attr
		if shapeOf(a) != chained || e.chains[a.Chain] {
			continue
		}
		e.chains[a.Chain] = true
		w.p("/* Entry of @%s; the numbers of the nests are data. */", attrMember(a))
		w.p("struct %s {", e.chainName(a))
		for _, l := range a.Chain.Levels {
			w.p("\tu16 %s;", member(l.Name))
		}
		if a.Elem == model.TypeNest {
			// The struct of the leaf may not be complete yet.
			w.p("\tconst struct %s *value;", e.messageName(a.Message))
		} else {
			w.p("\t%s;", spaced(e.kindOf(a).typ, "value"))
		}
		w.p("};")
		w.blank()
	}
}
