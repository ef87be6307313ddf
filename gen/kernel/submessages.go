package kernel

import (
	"fmt"
	"slices"
	"strings"

	"github.com/nlgen/nlgen/gen/model"
	"github.com/nlgen/nlgen/gen/naming"
)

// A submessage is a struct with a union: a body, in the form that something else in
// the message selects.
type submessage struct {
	*model.SubMessage
	name         string // without struct
	forms        []form
	parsed, sent bool // in attributes
	read, filled bool // in payloads: the same
}

// A form is one of the forms of a sub-message.
type form struct {
	*model.Format
	constant, member string
}

// collectSubs names the sub-messages that messages have.
func (e *emitter) collectSubs(taken map[string]bool) {
	e.subs = map[*model.SubMessage]*submessage{}
	for _, s := range e.Subs {
		if !s.Reached {
			continue
		}
		name := naming.C(s.Name)
		for taken[name] {
			name += "_body"
		}
		taken[name] = true
		c := &submessage{SubMessage: s, name: e.fn(name)}
		constants, members := map[string]bool{c.none(): true}, map[string]bool{"form": true}
		for _, f := range s.Formats {
			c.forms = append(c.forms, form{f,
				free(strings.ToUpper(c.name)+"_"+upper(f.Value), constants),
				free(naming.CMember(f.Value), members)})
		}
		e.subs[s] = c
	}
}

// free returns a name with as many underscores behind it as make it a new one.
func free(name string, taken map[string]bool) string {
	for taken[name] {
		name += "_"
	}
	taken[name] = true
	return name
}

// none is the form of a body that is not there.
func (s *submessage) none() string { return strings.ToUpper(s.name) + "_NONE" }

func (s *submessage) tag() string { return "enum " + s.name + "_form" }

// mixed reports whether a sub-message has forms with attributes and others without.
// No entry of a policy allows both.
func mixed(s *model.SubMessage) bool {
	nested := func(f *model.Format) bool { return f.Set != nil }
	flat := func(f *model.Format) bool { return f.Set == nil }
	return slices.ContainsFunc(s.Formats, nested) && slices.ContainsFunc(s.Formats, flat)
}

// subPolicy is the entry of a sub-message in a policy, or "" if there can be none.
func (e *emitter) subPolicy(a *model.Attr) string {
	switch {
	case e.whole && mixed(a.Sub):
		return ""
	case slices.ContainsFunc(a.Sub.Formats, func(f *model.Format) bool { return f.Set != nil }):
		return typeOnly("NLA_NESTED")
	}
	return typeOnly("NLA_BINARY")
}

// usedSubs are the sub-messages of the messages, in the order of the spec.
func (e *emitter) usedSubs() []*submessage {
	var list []*submessage
	for _, s := range e.Subs {
		if c := e.subs[s]; c != nil && (c.parsed || c.sent || c.read || c.filled) {
			list = append(list, c)
		}
	}
	return list
}

// formKind is how the body of a form is handled.
func (e *emitter) formKind(f form) kind {
	switch {
	case f.Body == nil:
		return kind{
			get:  func(string) []string { return nil },
			size: func(string) string { return "nla_total_size(0)" },
			put:  func(attr, _ string) string { return "nla_put(skb, " + attr + ", 0, NULL)" },
		}
	case f.Body.Message != nil:
		return e.pointerKind(f.Body.Message, true)
	case flexible(f.Body.Struct):
		return e.blobKind()
	}
	return e.structPointerKind(f.Body.Struct)
}

// structPointerKind is a struct that is pointed at.
func (e *emitter) structPointerKind(s *model.Struct) kind {
	return kind{
		typ: "const " + s.CName + " *",
		get: func(dst string) []string {
			return []string{dst + " = " + e.fn("dup") + "(mem, attr);", "if (!" + dst + ")", "\treturn -ENOMEM;"}
		},
		size: func(string) string { return "nla_total_size(sizeof(" + s.CName + "))" },
		put:  func(attr, v string) string { return "nla_put(skb, " + attr + ", sizeof(*" + v + "), " + v + ")" },
	}
}

// subStructs declares the bodies.
func (e *emitter) subStructs(w *writer) {
	for _, s := range e.usedSubs() {
		w.comment("", "Which form a body of "+s.SubMessage.Name+" has.")
		w.p("%s {", s.tag())
		w.p("\t%s,", s.none())
		for _, f := range s.forms {
			w.p("\t%s,", f.constant)
		}
		w.p("};")
		w.blank()
		e.subStruct(w, s)
	}
}

func (e *emitter) subStruct(w *writer, s *submessage) {
	doc := s.Doc
	if doc == "" {
		doc = "body of " + s.SubMessage.Name
	}
	full := slices.DeleteFunc(slices.Clone(s.forms), func(f form) bool { return f.Body == nil })
	w.p("/**")
	w.text(" * struct "+s.name+" - ", " *   ", doc)
	w.p(" * @form: which of the others there is")
	for _, f := range full {
		text := f.Doc
		if text == "" {
			text = "of the form " + f.constant
		}
		w.text(" * @"+f.member+": ", " *   ", text)
	}
	w.p(" */")
	w.p("struct %s {", s.name)
	w.p("\t%s form;", s.tag())
	if len(full) > 0 {
		w.p("\tunion {")
		for _, f := range full {
			w.p("\t\t%s;", spaced(e.formKind(f).typ, f.member))
		}
		w.p("\t};")
	}
	w.p("};")
	w.blank()
}

// subKind is a body inside the struct of a message.
func (e *emitter) subKind(a *model.Attr) kind {
	s := e.subs[a.Sub]
	return kind{
		typ: "struct " + s.name,
		get: func(dst string) []string {
			return append(failing("err = "+e.selection(a, dst)+";"),
				failing("err = "+s.name+"_parse(&"+dst+", attr, "+e.subScope(a.Sub).args()+"mem, extack);")...)
		},
		size:  func(v string) string { return s.name + "_size(&" + v + ")" },
		put:   func(attr, v string) string { return s.name + "_put(skb, " + attr + ", &" + v + ")" },
		byRef: true,
	}
}

// selection is the call that finds the form of a body.
func (e *emitter) selection(a *model.Attr, dst string) string {
	s := e.subs[a.Sub]
	if m := a.HeaderSelector; m != nil {
		value := toHost(scalarType(m.Type, memberOrder(m)), "msg->header."+m.CName)
		return s.name + "_by_number(&" + dst + ".form, " + value + ", attr, extack)"
	}
	selector := ownVar(a.SelectorName)
	if a.OuterSelector {
		selector = scopeVar(a.SelectorName)
	}
	return s.name + "_by_" + selectorWord(e.selectorOf(a)) + "(&" + dst + ".form, " + selector + ", attr, extack)"
}

// selectorOf returns an attribute that selects the form of a. If there are several,
// in the sets around that of a, they are of one type.
func (e *emitter) selectorOf(a *model.Attr) *model.Attr {
	if a.Selector != nil {
		return a.Selector
	}
	for _, s := range e.Sets {
		for _, o := range s.Attrs {
			if o.ScopeFor && o.Name == a.SelectorName {
				return o
			}
		}
	}
	panic("no selector for " + a.Name)
}

// selectorWord is a part of the name of the function for a type of selector.
func selectorWord(a *model.Attr) string {
	if a.Type == model.TypeString {
		return "text"
	}
	return scalarName(a.Type, attrOrder(a))
}

// subCode defines the functions for bodies.
func (e *emitter) subCode(w *writer) {
	for _, s := range e.usedSubs() {
		if s.parsed {
			e.subSelectors(w, s)
			e.subParser(w, s)
		}
		if s.sent {
			e.subTables(w, s)
			e.subSizer(w, s)
			e.subPutter(w, s)
		}
		e.payloadCode(w, s)
	}
}

func (e *emitter) subParams(s *submessage) []string {
	first := []string{"struct " + s.name + " *body", "const struct nlattr *attr"}
	return e.parseParams(append(first, e.subScope(s.SubMessage).params()...)...)
}

// A selecting is a way in which the form of a sub-message is selected.
type selecting struct {
	suffix string
	attr   *model.Attr // nil: a member of the header
}

// selectings are the ways that requests have, each once.
func (e *emitter) selectings(s *submessage) []selecting {
	var list []selecting
	for _, m := range e.order {
		for _, f := range m.Fields {
			a := f.Attr
			if a.Sub != s.SubMessage || !m.parsed {
				continue
			}
			by := selecting{suffix: "number"}
			if a.HeaderSelector == nil {
				by.attr = e.selectorOf(a)
				by.suffix = selectorWord(by.attr)
			}
			if !slices.ContainsFunc(list, func(o selecting) bool { return o.suffix == by.suffix }) {
				list = append(list, by)
			}
		}
	}
	return list
}

// subSelectors defines the functions that find the form of a body.
func (e *emitter) subSelectors(w *writer, s *submessage) {
	for _, by := range e.selectings(s) {
		given, at := "u64 selector", "attr"
		if by.attr != nil {
			given, at = "const struct nlattr *selector", "selector"
		}
		w.call("static int "+s.name+"_by_"+by.suffix,
			[]string{s.tag() + " *form", given, "const struct nlattr *attr", "struct netlink_ext_ack *extack"}, "")
		w.p("{")
		if by.attr != nil {
			w.p("\tif (!selector) {")
			w.p("\t\tNL_SET_ERR_MSG_ATTR(extack, attr, \"the attribute that selects the form is missing\");")
			w.p("\t\treturn -EINVAL;")
			w.p("\t}")
		}
		if by.suffix == "text" {
			e.selectText(w, s)
		} else {
			e.selectNumber(w, s, by.attr)
		}
		w.p("\tNL_SET_ERR_MSG_ATTR(extack, %s, \"no such form\");", at)
		w.p("\treturn -EOPNOTSUPP;")
		w.p("}")
		w.blank()
	}
}

func (e *emitter) selectText(w *writer, s *submessage) {
	for _, f := range s.forms {
		w.p("\tif (!nla_strcmp(selector, %q)) {", f.Value)
		w.p("\t\t*form = %s;", f.constant)
		w.p("\t\treturn 0;")
		w.p("\t}")
	}
}

func (e *emitter) selectNumber(w *writer, s *submessage, a *model.Attr) {
	value := "selector"
	if a != nil {
		value = hostOrder(a, scalarGet(a, "selector"))
	}
	w.p("\tswitch (%s) {", value)
	for _, f := range s.forms {
		w.p("\tcase %d:", int64(f.Number))
		w.p("\t\t*form = %s;", f.constant)
		w.p("\t\treturn 0;")
	}
	w.p("\t}")
}

// subParser defines the function that reads a body, whose form is known.
func (e *emitter) subParser(w *writer, s *submessage) {
	var cases writer
	for _, f := range s.forms {
		cases.p("\tcase %s:", f.constant)
		for _, l := range append(e.formCheck(s, f), e.formKind(f).get("body->"+f.member)...) {
			cases.p("\t\t%s", l)
		}
		cases.p("\t\tbreak;")
	}
	w.call("static int "+s.name+"_parse", e.subParams(s), "")
	w.p("{")
	if strings.Contains(cases.b.String(), "err = ") {
		w.p("\tint err;")
		w.blank()
	}
	w.p("\tswitch (body->form) {")
	w.p("\tcase %s:", s.none())
	w.p("\t\treturn -EINVAL;")
	w.b.Write(cases.b.Bytes())
	w.p("\t}")
	w.p("\treturn 0;")
	w.p("}")
	w.blank()
}

// formCheck are the statements that check what no policy reaches: the length of a
// body without attributes, and whether the flag of nests is right.
func (e *emitter) formCheck(s *submessage, f form) []string {
	var list []string
	refuse := func(cond, text, errno string) {
		list = append(list, "if ("+cond+") {",
			fmt.Sprintf("\tNL_SET_ERR_MSG_ATTR(extack, attr, %q);", text), "\treturn -"+errno+";", "}")
	}
	if e.Generic && mixed(s.SubMessage) {
		if f.Set != nil {
			refuse("!(attr->nla_type & NLA_F_NESTED)", "NLA_F_NESTED is missing", "EINVAL")
		} else {
			refuse("attr->nla_type & NLA_F_NESTED", "NLA_F_NESTED not expected", "EINVAL")
		}
	}
	switch {
	case f.Body == nil:
		refuse("nla_len(attr)", "body is not empty", "ERANGE")
	case f.Body.Struct != nil && flexible(f.Body.Struct):
		refuse("nla_len(attr) < (int)sizeof("+f.Body.Struct.CName+")", "body is too short", "ERANGE")
	case f.Body.Struct != nil:
		refuse("nla_len(attr) != sizeof("+f.Body.Struct.CName+")", "body has a wrong length", "ERANGE")
	}
	return list
}

// subTables defines the values of selectors that follow from the form.
func (e *emitter) subTables(w *writer, s *submessage) {
	text, number := false, false
	for _, m := range e.order {
		for _, f := range m.Fields {
			if body := impliedBy(m, f.Attr); m.sent && body != nil && body.Sub == s.SubMessage {
				text = text || f.Attr.Type == model.TypeString
				number = number || f.Attr.Type != model.TypeString
			}
		}
	}
	table := func(head, format string, value func(form) any) {
		w.p("static const %s[] = {", head)
		for _, f := range s.forms {
			w.p("\t[%s] = "+format+",", f.constant, value(f))
		}
		w.p("};")
		w.blank()
	}
	if text {
		table("char * const "+s.name+"_texts", "%q", func(f form) any { return f.Value })
	}
	if number {
		table("u64 "+s.name+"_numbers", "%d", func(f form) any { return int64(f.Number) })
	}
}

func (e *emitter) subSizer(w *writer, s *submessage) {
	w.call("static size_t "+s.name+"_size", []string{"const struct " + s.name + " *body"}, "")
	w.p("{")
	w.p("\tswitch (body->form) {")
	for _, f := range s.forms {
		w.p("\tcase %s:", f.constant)
		w.p("\t\treturn %s;", e.formKind(f).size("body->"+f.member))
	}
	w.p("\tdefault:")
	w.p("\t\treturn 0;")
	w.p("\t}")
	w.p("}")
	w.blank()
}

func (e *emitter) subPutter(w *writer, s *submessage) {
	w.call("static int "+s.name+"_put", []string{"struct sk_buff *skb", "int type", "const struct " + s.name + " *body"}, "")
	w.p("{")
	w.p("\tswitch (body->form) {")
	for _, f := range s.forms {
		w.p("\tcase %s:", f.constant)
		w.p("\t\treturn %s;", e.formKind(f).put("type", "body->"+f.member))
	}
	w.p("\tdefault:")
	w.p("\t\treturn -EINVAL;")
	w.p("\t}")
	w.p("}")
	w.blank()
}

// impliedBy returns the body whose form implies the value of a selector that the
// author leaves out, or nil.
func impliedBy(m *message, a *model.Attr) *model.Attr {
	for _, f := range m.Fields {
		if body := f.Attr; body.Selector != nil && body.SelectorName == a.Name && !body.Multi {
			return body
		}
	}
	return nil
}

// implied is the value of a selector that follows from the form of a body.
func (e *emitter) implied(sel, body *model.Attr) string {
	index := "[" + formIn(body) + "]"
	name := e.subs[body.Sub].name
	if sel.Type == model.TypeString {
		return name + "_texts" + index
	}
	return fromHost(scalarType(sel.Type, attrOrder(sel)), name+"_numbers"+index)
}

func formIn(body *model.Attr) string { return "msg->" + attrMember(body) + ".form" }
