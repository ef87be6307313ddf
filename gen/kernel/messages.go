package kernel

import (
	"fmt"
	"slices"
	"strings"

	"github.com/nlgen/nlgen/gen/model"
)

// A message is a struct of C for the content of messages or nests.
type message struct {
	*model.Message
	name string // without struct
	doc  string
	// parsed and sent say whether requests have it and whether replies or events do.
	parsed, sent bool
	nested       bool
}

// empty reports whether a message has nothing in it.
func empty(m *model.Message) bool {
	return m == nil || len(m.Fields) == 0 && m.Header == nil && len(m.Parts) == 0
}

// collect finds the messages of the family and what they are for, those inside
// others first.
func (e *emitter) collect() {
	e.messages = map[*model.Message]*message{}
	taken := map[string]bool{}
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
			name = lower(m.Set.Name)
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
				name(a.Message, lower(a.Nested.Name))
			}
		}
	}
	for _, op := range e.Ops {
		if op.Do != nil {
			name(op.Do.Request, lower(op.Name)+"_request")
		}
		if op.Dump != nil {
			name(op.Dump.Request, lower(op.Name)+"_dump_request")
		}
		for _, h := range halves(op) {
			name(h.call.Reply, lower(op.Name)+"_reply")
		}
		if op.Event != nil && op.Notify == nil {
			name(op.Event.Message, lower(op.Name)+"_event")
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
}

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
	}
	if !slices.Contains(e.order, c) {
		e.order = append(e.order, c)
	}
}

func (e *emitter) messageName(m *model.Message) string { return e.messages[m].name }

// messageHeader declares the structs and the functions for them.
func (e *emitter) messageHeader() []byte {
	w, end := e.guarded(e.ident+"_msg.h", e.opts.License, "_"+upper(e.Name)+"_MSG_H")
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
	w := e.begin(e.ident+"_msg.c", e.opts.License)
	w.p("#include <linux/mm.h>")
	w.p("#include <linux/slab.h>")
	w.blank()
	w.p("#include %q", e.stem+".h")
	w.p("#include %q", e.ident+"_msg.h")
	w.blank()
	var body writer
	e.parserChecks(&body)
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
	return prototype{"int", m.name + "_parse", e.parseParams("struct "+m.name+" *msg", "const void *data", "int len")}
}

func (e *emitter) newProto(m *message) prototype {
	return prototype{"int", m.name + "_new", e.parseParams("const struct "+m.name+" **msg", "const struct nlattr *attr")}
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
			bits = append(bits, member(f.Attr.Name))
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
		name, text := member(f.Attr.Name), f.Attr.Doc
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
		w.p("/* Entry of @%s; the numbers of the nests are data. */", member(a.Name))
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

// parser defines the functions that read a message.
func (e *emitter) parser(w *writer, m *message) {
	for _, f := range m.Fields {
		switch shapeOf(f.Attr) {
		case indexed:
			e.indexedParser(w, m, f.Attr)
		case chained:
			e.chainParser(w, m, f.Attr)
		}
	}
	e.parseProto(m).head(w)
	if len(m.Parts) > 0 {
		e.parseParts(w, m)
	} else {
		e.parseBody(w, m)
	}
	w.p("}")
	w.blank()
	if !m.nested {
		return
	}
	e.newProto(m).head(w)
	w.p("\tstruct %s *made = %s(mem, 1, sizeof(*made));", m.name, e.fn("alloc"))
	w.blank()
	w.p("\tif (!made)")
	w.p("\t\treturn -ENOMEM;")
	w.p("\t*msg = made;")
	w.p("\treturn %s_parse(made, nla_data(attr), nla_len(attr), mem, extack);", m.name)
	w.p("}")
	w.blank()
}

func (e *emitter) parseBody(w *writer, m *message) {
	var cases writer
	for _, f := range m.Fields {
		cases.p("\t\tcase %s:", f.Attr.CName)
		e.parseField(&cases, m, f.Attr)
		cases.p("\t\t\tbreak;")
	}
	body := cases.b.String()
	for _, f := range m.Fields {
		switch a := f.Attr; shapeOf(a) {
		case multi:
			w.p("\t%s = NULL;", spaced(listOf(e.kindOf(a).typ), member(a.Name)+"_list"))
		case chained:
			w.p("\tstruct %s *%s_list = NULL;", e.chainName(a), member(a.Name))
		}
	}
	if len(m.Fields) > 0 {
		w.p("\tconst struct nlattr *attr;")
		if strings.Contains(body, "err = ") {
			w.p("\tint rem, err;")
		} else {
			w.p("\tint rem;")
		}
		w.blank()
	}
	if m.Header != nil {
		w.p("\tif (len < (int)sizeof(msg->header)) {")
		w.p("\t\tNL_SET_ERR_MSG(extack, \"message is shorter than its header\");")
		w.p("\t\treturn -EINVAL;")
		w.p("\t}")
		w.p("\tmemcpy(&msg->header, data, sizeof(msg->header));")
		if len(m.Fields) > 0 {
			w.p("\tdata += NLMSG_ALIGN(sizeof(msg->header));")
			w.p("\tlen -= NLMSG_ALIGN(sizeof(msg->header));")
			w.blank()
		}
	}
	if len(m.Fields) > 0 {
		w.p("\tnla_for_each_attr(attr, data, len, rem) {")
		w.p("\t\tswitch (nla_type(attr)) {")
		w.b.WriteString(body)
		w.p("\t\t}")
		w.p("\t}")
	}
	w.p("\treturn 0;")
}

// listOf returns the type of a pointer to values that can be assigned.
func listOf(typ string) string {
	if strings.HasSuffix(typ, "*") {
		return typ + "*"
	}
	return typ + " *"
}

// parseField prints what is done with an attribute.
func (e *emitter) parseField(w *writer, m *message, a *model.Attr) {
	name := member(a.Name)
	print := func(lines ...string) {
		for _, l := range lines {
			w.p("\t\t\t%s", l)
		}
	}
	switch shapeOf(a) {
	case present:
		print("msg->has." + name + " = 1;")
	case single:
		print("msg->has." + name + " = 1;")
		print(e.read(a, "msg->"+name)...)
	case array:
		print("msg->has."+name+" = 1;",
			"msg->"+name+" = "+e.fn("dup")+"(mem, attr);",
			"if (!msg->"+name+")", "\treturn -ENOMEM;",
			"msg->n_"+name+" = nla_len(attr) / sizeof(*msg->"+name+");")
	case multi:
		list := name + "_list"
		print("if (!"+list+") {",
			"\t"+list+" = "+e.fn("alloc")+"(mem, "+e.fn("count")+"(data, len, "+a.CName+"),")
		print("\t" + pad(columns(list+" = "+e.fn("alloc")+"(")) + "sizeof(*" + list + "));")
		print("\tif (!"+list+")", "\t\treturn -ENOMEM;", "\tmsg->"+name+" = "+list+";", "}")
		print(e.read(a, list+"[msg->n_"+name+"]")...)
		print("msg->n_" + name + "++;")
	case indexed:
		print(failing("err = " + m.name + "_" + name + "(msg, attr, mem, extack);")...)
	case chained:
		list := name + "_list"
		print("if (!"+list+") {",
			"\t/* No entry is shorter than the header of a nest. */",
			"\t"+list+" = "+e.fn("alloc")+"(mem, len / NLA_HDRLEN, sizeof(*"+list+"));",
			"\tif (!"+list+")", "\t\treturn -ENOMEM;", "\tmsg->"+name+" = "+list+";", "}")
		print(failing("err = " + m.name + "_" + name + "(" + list + ", &msg->n_" + name + ", attr, mem, extack);")...)
	}
}

// parserChecks defines the functions that check integers while they are read.
func (e *emitter) parserChecks(w *writer) {
	done := map[string]bool{}
	for _, m := range e.order {
		for _, f := range m.Fields {
			if a := f.Attr; m.parsed && checkedByParser(a) && !done[a.CName] {
				done[a.CName] = true
				e.validatorFunction(w, a)
			}
		}
	}
}

// read are the statements that check and read a value.
func (e *emitter) read(a *model.Attr, dst string) []string {
	get := e.kindOf(a).get(dst)
	if checkedByParser(a) {
		return append(failing("err = "+e.validator(a)+"(attr, extack);"), get...)
	}
	return get
}

// indexedParser defines the function that reads the attributes inside an array.
func (e *emitter) indexedParser(w *writer, m *message, a *model.Attr) {
	name, k := member(a.Name), e.kindOf(a)
	w.call("static int "+m.name+"_"+name, e.parseParams("struct "+m.name+" *msg", "const struct nlattr *array"), "")
	w.p("{")
	get := k.get("list[msg->n_" + name + "]")
	w.p("\tconst struct nlattr *attr;")
	w.p("\t%s;", spaced(listOf(k.typ), "list"))
	if strings.Contains(strings.Join(get, "\n"), "err = ") {
		w.p("\tint rem, err;")
	} else {
		w.p("\tint rem;")
	}
	w.blank()
	w.p("\tlist = %s(mem, %s(nla_data(array), nla_len(array), -1),", e.fn("alloc"), e.fn("count"))
	w.p("\t%ssizeof(*list));", pad(columns("list = "+e.fn("alloc")+"(")))
	w.p("\tif (!list)")
	w.p("\t\treturn -ENOMEM;")
	w.p("\tmsg->%s = list;", name)
	w.p("\tmsg->n_%s = 0;", name)
	w.p("\tnla_for_each_nested(attr, array, rem) {")
	if k.length != "" {
		w.p("\t\tif (!(%s)) {", k.length)
		w.p("\t\t\tNL_SET_ERR_MSG_ATTR(extack, attr, \"element has a wrong length\");")
		w.p("\t\t\treturn -EINVAL;")
		w.p("\t\t}")
	}
	for _, l := range get {
		w.p("\t\t%s", l)
	}
	w.p("\t\tmsg->n_%s++;", name)
	w.p("\t}")
	w.p("\treturn %s(array, rem, extack);", e.fn("end"))
	w.p("}")
	w.blank()
}

// chainParser defines the function that reads nests whose numbers are data.
func (e *emitter) chainParser(w *writer, m *message, a *model.Attr) {
	name := member(a.Name)
	w.call("static int "+m.name+"_"+name,
		e.parseParams("struct "+e.chainName(a)+" *list", "u32 *n", "const struct nlattr *top"), "")
	w.p("{")
	outer := "top"
	for i := range a.Chain.Levels {
		w.p("\tconst struct nlattr *level%d;", i)
		outer = fmt.Sprintf("level%d", i)
	}
	w.p("\tstruct %s *entry;", e.chainName(a))
	w.p("\tint err;")
	for i := range a.Chain.Levels {
		w.p("\tint rem%d;", i)
	}
	w.blank()
	indent := "\t"
	for i := range a.Chain.Levels {
		parent := "top"
		if i > 0 {
			parent = fmt.Sprintf("level%d", i-1)
		}
		w.p("%snla_for_each_nested(level%d, %s, rem%d) {", indent, i, parent, i)
		indent += "\t"
	}
	w.p("%sentry = &list[(*n)++];", indent)
	for i, l := range a.Chain.Levels {
		w.p("%sentry->%s = nla_type(level%d);", indent, member(l.Name), i)
	}
	e.chainLeaf(w, indent, outer, a)
	for i := range slices.Backward(a.Chain.Levels) {
		indent = indent[1:]
		w.p("%s}", indent)
		parent := "top"
		if i > 0 {
			parent = fmt.Sprintf("level%d", i-1)
		}
		w.p("%serr = %s(%s, rem%d, extack);", indent, e.fn("end"), parent, i)
		w.p("%sif (err)", indent)
		w.p("%s\treturn err;", indent)
	}
	w.p("\treturn 0;")
	w.p("}")
	w.blank()
}

// chainLeaf prints how the value at the end of a chain is read. No policy reaches
// it, so it is checked here.
func (e *emitter) chainLeaf(w *writer, indent, attr string, a *model.Attr) {
	k := e.kindOf(a)
	if a.Elem == model.TypeNest {
		p := e.nestPolicy(a.Nested)
		w.p("%serr = nla_validate_nested(%s, ARRAY_SIZE(%s) - 1, %s, extack);", indent, attr, p, p)
		w.p("%sif (err)", indent)
		w.p("%s\treturn err;", indent)
		w.p("%serr = %s_new(&entry->value, %s, mem, extack);", indent, e.messageName(a.Message), attr)
		w.p("%sif (err)", indent)
		w.p("%s\treturn err;", indent)
		return
	}
	if k.length != "" {
		w.p("%sif (!(%s)) {", indent, strings.ReplaceAll(k.length, "attr", attr))
		w.p("%s\tNL_SET_ERR_MSG_ATTR(extack, %s, \"value has a wrong length\");", indent, attr)
		w.p("%s\treturn -EINVAL;", indent)
		w.p("%s}", indent)
	}
	for _, l := range k.get("entry->value") {
		w.p("%s%s", indent, strings.ReplaceAll(l, "attr", attr))
	}
}

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
		e.sizeField(w, f.Attr)
	}
	w.p("\treturn size;")
}

// loops reports whether the elements of a list in a message are walked.
func (e *emitter) loops(m *message) bool {
	return slices.ContainsFunc(m.Fields, func(f *model.Field) bool { return shapeOf(f.Attr).listed() })
}

func (e *emitter) sizeField(w *writer, a *model.Attr) {
	name, k := member(a.Name), e.kindOf(a)
	value := "msg->" + name
	switch s := shapeOf(a); s {
	case present, single:
		size := "nla_total_size(0)"
		if s == single {
			size = k.size(value)
		}
		w.p("\tif (msg->has.%s)", name)
		w.p("\t\tsize += %s;", size)
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
	name := e.messageName(a.Message)
	return kind{
		size: func(v string) string { return "nla_total_size(" + name + "_size(" + v + "))" },
		put:  func(attr, v string) string { return name + "_nest(skb, " + attr + ", " + v + ")" },
	}
}

// putter defines the functions that write a message. They leave what does not fit
// to whoever began it.
func (e *emitter) putter(w *writer, m *message) {
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
	w.p("\tstruct nlattr *nest = nla_nest_start(skb, type);")
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
		case indexed:
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
		w.p("\tmemset(skb_put(skb, NLMSG_ALIGN(sizeof(msg->header))), 0,")
		w.p("\t       NLMSG_ALIGN(sizeof(msg->header)));")
		w.p("\tmemcpy(skb_tail_pointer(skb) - NLMSG_ALIGN(sizeof(msg->header)),")
		w.p("\t       &msg->header, sizeof(msg->header));")
	}
	for _, f := range m.Fields {
		e.putField(w, f.Attr)
	}
	w.p("\treturn 0;")
}

func (e *emitter) putField(w *writer, a *model.Attr) {
	name, k := member(a.Name), e.kindOf(a)
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
	case array:
		guarded(fmt.Sprintf("nla_put(skb, %s, array_size(msg->n_%s, sizeof(*%s)), %s)", a.CName, name, value, value))
	case multi:
		w.p("\tfor (i = 0; i < msg->n_%s; i++) {", name)
		unless("\t\t", k.put(a.CName, value+"[i]"))
		w.p("\t}")
	case indexed:
		w.p("\tif (msg->n_%s) {", name)
		w.p("\t\tnest0 = nla_nest_start(skb, %s);", a.CName)
		unless("\t\t", "!nest0")
		w.p("\t\tfor (i = 0; i < msg->n_%s; i++) {", name)
		unless("\t\t\t", k.put("i + 1", value+"[i]"))
		w.p("\t\t}")
		unless("\t\t", e.fn("nest_end")+"(skb, nest0)")
		w.p("\t}")
	case chained:
		e.putChain(w, a, unless)
	}
}

func (e *emitter) putChain(w *writer, a *model.Attr, unless func(indent, cond string)) {
	name := member(a.Name)
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
