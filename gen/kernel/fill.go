package kernel

import (
	"fmt"
	"slices"
	"strings"

	"github.com/nlgen/nlgen/gen/model"
)

// sizer defines the function that measures a message.
func (e *emitter) sizer(w *writer, m *message) {
	e.sizeProto(m).head(w)
	defer func() {
		w.p("}")
		w.blank()
	}()
	if len(m.Parts) > 0 {
		e.sizeParts(w, m)
		return
	}
	start := "0"
	if m.Header != nil {
		start = "NLMSG_ALIGN(sizeof(msg->header))"
	}
	w.p("\tsize_t size = %s;", start)
	if e.loops(m) {
		w.p("\tu32 i;")
	}
	w.blank()
	for _, f := range m.Fields {
		e.sizeField(w, m, f.Attr)
	}
	w.p("\treturn size;")
}

// loops reports whether the elements of a list in a message are walked.
func (e *emitter) loops(m *message) bool {
	return slices.ContainsFunc(m.Fields, func(f *model.Field) bool { return shapeOf(f.Attr).listed() })
}

func (e *emitter) sizeField(w *writer, m *message, a *model.Attr) {
	name, k := attrMember(a), e.kindOf(a)
	value := "msg->" + name
	switch s := shapeOf(a); s {
	case present, single:
		size := "nla_total_size(0)"
		if s == single {
			size = k.size(value)
		}
		w.p("\tif (msg->has.%s)", name)
		w.p("\t\tsize += %s;", size)
		if body := impliedBy(m, a); body != nil {
			w.p("\telse if (%s)", formIn(body))
			w.p("\t\tsize += %s;", k.size(e.implied(a, body)))
		}
	case records:
		w.p("\tif (msg->n_%s)", name)
		w.p("\t\tsize += nla_total_size(0);")
		w.p("\tfor (i = 0; i < msg->n_%s; i++)", name)
		w.p("\t\tsize += NLA_ALIGN(%s_size(&%s[i]));", e.messageName(a.Message), value)
	case sequence:
		w.p("\tif (msg->n_%s)", name)
		w.p("\t\tsize += nla_total_size(0);")
		w.p("\tfor (i = 0; i < msg->n_%s; i++)", name)
		w.p("\t\tsize += %s_size(&%s[i]);", e.messageName(a.Message), value)
	case array:
		w.p("\tif (msg->has.%s)", name)
		w.p("\t\tsize += nla_total_size(array_size(msg->n_%s, sizeof(*%s)));", name, value)
	case multi, indexed:
		if s == indexed {
			w.p("\tif (msg->n_%s)", name)
			w.p("\t\tsize += nla_total_size(0);")
		}
		w.p("\tfor (i = 0; i < msg->n_%s; i++)", name)
		w.p("\t\tsize += %s;", k.size(value+"[i]"))
	case chained:
		w.p("\tfor (i = 0; i < msg->n_%s; i++)", name)
		w.p("\t\tsize += %d * nla_total_size(0) +", len(a.Chain.Levels))
		w.p("\t\t\t%s;", e.leafKind(a).size(value+"[i].value"))
	}
}

// leafKind is the kind of the value at the end of a chain.
func (e *emitter) leafKind(a *model.Attr) kind {
	if a.Elem != model.TypeNest {
		return e.kindOf(a)
	}
	return e.pointerKind(a.Message, true)
}

// putter defines the functions that write a message. They leave what does not fit
// to whoever began it.
func (e *emitter) putter(w *writer, m *message) {
	for _, f := range m.Fields {
		if shapeOf(f.Attr) == records {
			e.recordPutter(w, m, f.Attr)
		}
	}
	e.putProto(m).head(w)
	if len(m.Parts) > 0 {
		e.putParts(w, m)
	} else {
		e.putBody(w, m)
	}
	w.p("}")
	w.blank()
	if !m.nested {
		return
	}
	e.nestProto(m).head(w)
	noflag := ""
	if len(m.Parts) > 0 { // the flag says that there are attributes inside
		noflag = "_noflag"
	}
	w.p("\tstruct nlattr *nest = nla_nest_start%s(skb, type);", noflag)
	w.blank()
	w.p("\tif (!nest || %s_put(skb, msg))", m.name)
	w.p("\t\treturn -EMSGSIZE;")
	w.p("\treturn %s(skb, nest);", e.fn("nest_end"))
	w.p("}")
	w.blank()
}

func (e *emitter) putBody(w *writer, m *message) {
	nests := 0
	for _, f := range m.Fields {
		switch shapeOf(f.Attr) {
		case indexed, records, sequence:
			nests = max(nests, 1)
		case chained:
			nests = max(nests, len(f.Attr.Chain.Levels))
		}
	}
	var names []string
	for i := range nests {
		names = append(names, fmt.Sprintf("*nest%d", i))
	}
	if nests > 0 {
		w.p("\tstruct nlattr %s;", strings.Join(names, ", "))
	}
	if e.loops(m) {
		w.p("\tu32 i;")
		w.blank()
	}
	if m.Header != nil {
		w.p("\tif (skb_tailroom(skb) < (int)NLMSG_ALIGN(sizeof(msg->header)))")
		w.p("\t\treturn -EMSGSIZE;")
		w.p("\tmemset(skb_put(skb, NLMSG_ALIGN(sizeof(msg->header))), 0,")
		w.p("\t       NLMSG_ALIGN(sizeof(msg->header)));")
		w.p("\tmemcpy(skb_tail_pointer(skb) - NLMSG_ALIGN(sizeof(msg->header)),")
		w.p("\t       &msg->header, sizeof(msg->header));")
	}
	for _, f := range m.Fields {
		e.putField(w, m, f.Attr)
	}
	w.p("\treturn 0;")
}

func (e *emitter) putField(w *writer, m *message, a *model.Attr) {
	name, k := attrMember(a), e.kindOf(a)
	value := "msg->" + name
	unless := func(indent, cond string) {
		w.p("%sif (%s)", indent, cond)
		w.p("%s\treturn -EMSGSIZE;", indent)
	}
	guarded := func(call string) {
		cond := "msg->has." + name + " && " + call
		if columns("\tif ("+cond+")") <= width {
			unless("\t", cond)
			return
		}
		w.p("\tif (msg->has.%s &&", name)
		w.p("\t    %s)", call)
		w.p("\t\treturn -EMSGSIZE;")
	}
	switch shapeOf(a) {
	case present:
		guarded("nla_put_flag(skb, " + a.CName + ")")
	case single:
		guarded(k.put(a.CName, value))
		if body := impliedBy(m, a); body != nil {
			w.p("\tif (!msg->has.%s && %s &&", name, formIn(body))
			w.p("\t    %s)", k.put(a.CName, e.implied(a, body)))
			w.p("\t\treturn -EMSGSIZE;")
		}
	case array:
		guarded(fmt.Sprintf("nla_put(skb, %s, array_size(msg->n_%s, sizeof(*%s)), %s)", a.CName, name, value, value))
	case multi:
		w.p("\tfor (i = 0; i < msg->n_%s; i++) {", name)
		unless("\t\t", k.put(a.CName, value+"[i]"))
		w.p("\t}")
	case indexed, records, sequence:
		start, put := "nla_nest_start", k.put("i + 1", value+"[i]")
		switch shapeOf(a) {
		case records:
			start, put = "nla_nest_start_noflag", m.name+"_put_"+name+"(skb, &"+value+"[i])"
		case sequence:
			put = e.messageName(a.Message) + "_put(skb, &" + value + "[i])"
		}
		w.p("\tif (msg->n_%s) {", name)
		w.p("\t\tnest0 = %s(skb, %s);", start, a.CName)
		unless("\t\t", "!nest0")
		w.p("\t\tfor (i = 0; i < msg->n_%s; i++) {", name)
		unless("\t\t\t", put)
		w.p("\t\t}")
		unless("\t\t", e.fn("nest_end")+"(skb, nest0)")
		w.p("\t}")
	case chained:
		e.putChain(w, a, unless)
	}
}

func (e *emitter) putChain(w *writer, a *model.Attr, unless func(indent, cond string)) {
	name := attrMember(a)
	w.p("\tfor (i = 0; i < msg->n_%s; i++) {", name)
	number := a.CName
	for i, l := range a.Chain.Levels {
		w.p("\t\tnest%d = nla_nest_start(skb, %s);", i, number)
		unless("\t\t", fmt.Sprintf("!nest%d", i))
		number = "msg->" + name + "[i]." + member(l.Name)
	}
	unless("\t\t", e.leafKind(a).put(number, "msg->"+name+"[i].value"))
	for i := range slices.Backward(a.Chain.Levels) {
		unless("\t\t", fmt.Sprintf("%s(skb, nest%d)", e.fn("nest_end"), i))
	}
	w.p("\t}")
}
