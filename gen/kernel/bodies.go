package kernel

import (
	"fmt"
	"strings"

	"github.com/nlgen/nlgen/gen/model"
)

// A body can be the last part of a payload: then members of the structs in front of it
// select its form, and it has no attribute around it.

// usePayloadSub marks a sub-message in a payload, and its bodies.
func (e *emitter) usePayloadSub(s *model.SubMessage, mark func(*message) *bool) {
	var m message
	*mark(&m) = true
	c := e.subs[s]
	c.read, c.filled = c.read || m.parsed, c.filled || m.sent
	for _, b := range s.Bodies {
		if b.Message != nil {
			e.use(b.Message, false, mark)
		}
	}
}

// payloadCode defines the functions for bodies in payloads.
func (e *emitter) payloadCode(w *writer, s *submessage) {
	if !s.read && !s.filled {
		return
	}
	e.payloadSelectors(w, s)
	if s.read {
		e.payloadSelect(w, s)
		e.payloadParser(w, s)
	}
	if s.filled {
		e.payloadSizer(w, s)
		e.payloadPutter(w, s)
	}
}

// payloadSelectors defines the table of what the members are that select a form.
func (e *emitter) payloadSelectors(w *writer, s *submessage) {
	w.p("static const u64 %s_selectors[][%d] = {", s.name, len(s.Formats[0].Numbers))
	for _, f := range s.forms {
		var numbers []string
		for _, n := range f.Numbers {
			numbers = append(numbers, fmt.Sprintf("%#x", n))
		}
		w.p("\t[%s] = { %s },", f.constant, strings.Join(numbers, ", "))
	}
	w.p("};")
	w.blank()
}

func (e *emitter) payloadSelect(w *writer, s *submessage) {
	w.call("static int "+s.name+"_select",
		[]string{"struct " + s.name + " *body", "const u64 *by", "struct netlink_ext_ack *extack"}, "")
	w.p("{")
	w.p("\tunsigned int i;")
	w.blank()
	w.p("\tfor (i = %s + 1; i < ARRAY_SIZE(%s_selectors); i++) {", s.none(), s.name)
	w.p("\t\tif (memcmp(%s_selectors[i], by, sizeof(%[1]s_selectors[i])))", s.name)
	w.p("\t\t\tcontinue;")
	w.p("\t\tbody->form = i;")
	w.p("\t\treturn 0;")
	w.p("\t}")
	w.p("\tNL_SET_ERR_MSG(extack, \"no such form\");")
	w.p("\treturn -EOPNOTSUPP;")
	w.p("}")
	w.blank()
}

// parseBodyPart prints how n bytes of a payload are read as a body.
func (e *emitter) parseBodyPart(w *writer, p *model.Part) {
	name, body := e.subs[p.Sub].name, "&msg->"+member(p.Name)
	for i, r := range p.Selector {
		w.p("\tby[%d] = %s;", i, memberValue("msg->", r))
	}
	for _, call := range []string{
		name + "_select(" + body + ", by, extack)",
		name + "_payload_parse(" + body + ", data, n, mem, extack)",
	} {
		w.p("\terr = %s;", call)
		w.p("\tif (err)")
		w.p("\t\treturn err;")
	}
}

// payloadParser defines the function that reads a body whose form is known.
func (e *emitter) payloadParser(w *writer, s *submessage) {
	var cases writer
	for _, f := range s.forms {
		e.payloadCase(&cases, f)
	}
	w.call("static int "+s.name+"_payload_parse",
		e.parseParams("struct "+s.name+" *body", "const void *data", "int len"), "")
	w.p("{")
	if strings.Contains(cases.b.String(), "err = ") {
		w.p("\tint err;")
		w.blank()
	}
	deep := bodyInside(s.SubMessage, s.SubMessage, map[*model.SubMessage]bool{})
	if deep {
		w.p("\tif (++mem->depth > %s) {", e.depthMacro())
		w.p("\t\tNL_SET_ERR_MSG(extack, \"bodies are nested too deep\");")
		w.p("\t\treturn -EINVAL;")
		w.p("\t}")
	}
	w.p("\tswitch (body->form) {")
	w.p("\tcase %s:", s.none())
	w.p("\t\treturn -EINVAL;")
	w.b.Write(cases.b.Bytes())
	w.p("\t}")
	if deep {
		w.p("\tmem->depth--;")
	}
	w.p("\treturn 0;")
	w.p("}")
	w.blank()
}

// bodyInside reports whether a payload in a form of s has the body inner.
func bodyInside(s, inner *model.SubMessage, seen map[*model.SubMessage]bool) bool {
	if seen[s] {
		return false
	}
	seen[s] = true
	for _, f := range s.Formats {
		for _, p := range f.Parts {
			if p.Sub != nil && (p.Sub == inner || bodyInside(p.Sub, inner, seen)) {
				return true
			}
		}
	}
	return false
}

// payloadCase prints how a body of one form is read.
func (e *emitter) payloadCase(w *writer, f form) {
	refuse := func(cond, text string) {
		w.p("\t\tif (%s) {", cond)
		w.p("\t\t\tNL_SET_ERR_MSG(extack, %q);", text)
		w.p("\t\t\treturn -EINVAL;")
		w.p("\t\t}")
	}
	dst := "body->" + f.member
	if !contentless(f) && f.Body.Message != nil {
		e.payloadMessage(w, f)
		return
	}
	w.p("\tcase %s:", f.constant)
	switch {
	case contentless(f):
		refuse("len >= NLMSG_ALIGNTO", "payload is too long")
	case flexible(f.Body.Struct):
		refuse("len < (int)sizeof("+f.Body.Struct.CName+")", "payload is too short")
		w.p("\t\t%s.data = data;", dst)
		w.p("\t\t%s.len = len;", dst)
	default:
		refuse("len < (int)sizeof(*"+dst+")", "payload is too short")
		refuse("len - sizeof(*"+dst+") >= NLMSG_ALIGNTO", "payload is too long")
		w.p("\t\t%s = %s(mem, data, sizeof(*%[1]s));", dst, e.fn("bytes"))
		w.p("\t\tif (!%s)", dst)
		w.p("\t\t\treturn -ENOMEM;")
	}
	w.p("\t\tbreak;")
}

// payloadMessage prints how a body that is a message is read.
func (e *emitter) payloadMessage(w *writer, f form) {
	m := f.Body.Message
	name := e.messageName(m)
	w.p("\tcase %s: {", f.constant)
	w.p("\t\tstruct %s *made = %s(mem, 1, sizeof(*made));", name, e.fn("alloc"))
	w.blank()
	w.p("\t\tif (!made)")
	w.p("\t\t\treturn -ENOMEM;")
	w.p("\t\tbody->%s = made;", f.member)
	calls := []string{name + "_parse(made, data, len, " + strings.Repeat("NULL, ", len(e.scopeOf(m))) + "mem, extack)"}
	if len(m.Parts) == 0 {
		calls = append([]string{name + "_check(NULL, data, len, extack)"}, calls...)
	}
	for _, call := range calls {
		w.p("\t\terr = %s;", call)
		w.p("\t\tif (err)")
		w.p("\t\t\treturn err;")
	}
	w.p("\t\tbreak;")
	w.p("\t}")
}

// contentless reports whether there is nothing in a body of a form.
func contentless(f form) bool {
	return f.Body == nil || f.Body.Struct == nil && empty(f.Body.Message)
}

func (e *emitter) payloadSizer(w *writer, s *submessage) {
	w.call("static size_t "+s.name+"_payload_size", []string{"const struct " + s.name + " *body"}, "")
	w.p("{")
	w.p("\tswitch (body->form) {")
	for _, f := range s.forms {
		value := "body->" + f.member
		w.p("\tcase %s:", f.constant)
		switch {
		case contentless(f):
			w.p("\t\treturn 0;")
		case f.Body.Message != nil:
			w.p("\t\treturn %s_size(%s);", e.messageName(f.Body.Message), value)
		case flexible(f.Body.Struct):
			w.p("\t\treturn %s.len;", value)
		default:
			w.p("\t\treturn sizeof(*%s);", value)
		}
	}
	w.p("\tdefault:")
	w.p("\t\treturn 0;")
	w.p("\t}")
	w.p("}")
	w.blank()
}

func (e *emitter) payloadPutter(w *writer, s *submessage) {
	w.call("static int "+s.name+"_payload_put",
		[]string{"struct sk_buff *skb", "const struct " + s.name + " *body"}, "")
	w.p("{")
	w.p("\tswitch (body->form) {")
	for _, f := range s.forms {
		value := "body->" + f.member
		w.p("\tcase %s:", f.constant)
		switch {
		case contentless(f):
			w.p("\t\treturn 0;")
		case f.Body.Message != nil:
			w.p("\t\treturn %s_put(skb, %s);", e.messageName(f.Body.Message), value)
		case flexible(f.Body.Struct):
			w.p("\t\tskb_put_data(skb, %s.data, %[1]s.len);", value)
			w.p("\t\treturn 0;")
		default:
			w.p("\t\tskb_put_data(skb, %s, sizeof(*%[1]s));", value)
			w.p("\t\treturn 0;")
		}
	}
	w.p("\tdefault:")
	w.p("\t\treturn 0;")
	w.p("\t}")
	w.p("}")
	w.blank()
}

// fillSelectors prints how the members of p that select a body follow from its form.
// Without a body they are as the author left them.
func (e *emitter) fillSelectors(w *writer, p, body *model.Part) {
	form := "msg->" + member(body.Name) + ".form"
	w.p("\tif (%s) {", form)
	for i, r := range body.Selector {
		if r.Part != p {
			continue
		}
		value := fmt.Sprintf("%s_selectors[%s][%d]", e.subs[body.Sub].name, form, i)
		w.p("\t\t%s = %s;", setMember(r), fromHost(scalarType(r.Member().Type, memberOrder(r.Member())), value))
	}
	w.p("\t}")
}
