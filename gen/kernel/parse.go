package kernel

import (
	"fmt"
	"slices"
	"strings"

	"github.com/nlgen/nlgen/gen/model"
)

// depthMacro is how many messages one may be inside of: so many that the kernel's
// stack has room for the functions that read them.
func (e *emitter) depthMacro() string { return strings.ToUpper(e.fn("depth")) }

// parser defines the functions that read a message.
func (e *emitter) parser(w *writer, m *message) {
	for _, f := range m.Fields {
		switch shapeOf(f.Attr) {
		case indexed:
			e.indexedParser(w, m, f.Attr)
		case chained:
			e.chainParser(w, m, f.Attr)
		case records:
			e.recordsParser(w, m, f.Attr)
		case sequence:
			e.sequenceParser(w, m, f.Attr)
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
	w.p("\treturn %s_parse(made, nla_data(attr), nla_len(attr), %smem, extack);", m.name, e.scopeOf(m.Message).args())
	w.p("}")
	w.blank()
}

// parseBody prints how a header and attributes are read.
func (e *emitter) parseBody(w *writer, m *message) {
	cases := e.parseCases(m)
	e.parseVariables(w, m, cases)
	if e.deep(m) {
		w.p("\tif (++mem->depth > %s) {", e.depthMacro())
		w.p("\t\tNL_SET_ERR_MSG(extack, \"attributes are nested too deep\");")
		w.p("\t\tif (len)")
		w.p("\t\t\tNL_SET_BAD_ATTR(extack, data);")
		w.p("\t\treturn -EINVAL;")
		w.p("\t}")
	}
	if m.Header != nil {
		e.parseHeader(w, m)
	}
	if len(m.Fields) > 0 {
		e.parseLoop(w, m, cases)
	}
	if e.deep(m) {
		w.p("\tmem->depth--;")
	}
	w.p("\treturn 0;")
}

// parseCases returns what is done with each attribute.
func (e *emitter) parseCases(m *message) string {
	var cases writer
	for _, f := range m.Fields {
		cases.p("\t\tcase %s:", f.Attr.CName)
		e.parseField(&cases, m, f.Attr)
		if !strings.HasSuffix(cases.b.String(), "\t\t\treturn -EINVAL;\n") {
			cases.p("\t\t\tbreak;")
		}
	}
	if m.complete {
		cases.p("\t\tdefault:")
		cases.p("\t\t\tNL_SET_ERR_MSG_ATTR(extack, attr, \"Unsupported attribute\");")
		cases.p("\t\t\treturn -EINVAL;")
	}
	return cases.b.String()
}

// parseVariables declares what the cases need.
func (e *emitter) parseVariables(w *writer, m *message, cases string) {
	if len(m.Fields) == 0 {
		return
	}
	for _, a := range m.fields() {
		switch shapeOf(a) {
		case multi:
			w.p("\t%s = NULL;", spaced(listOf(e.kindOf(a).typ), attrMember(a)+"_list"))
		case chained:
			w.p("\tstruct %s *%s_list = NULL;", e.chainName(a), attrMember(a))
		}
	}
	for _, a := range ownSelectors(m) {
		w.p("\tconst struct nlattr *%s;", ownVar(a.Name))
	}
	w.p("\tconst struct nlattr *attr;")
	if strings.Contains(cases, "err = ") {
		w.p("\tint rem, err;")
	} else {
		w.p("\tint rem;")
	}
	if strings.Contains(cases, "\tn = ") {
		w.p("\tu32 n;")
	}
	w.blank()
}

func (e *emitter) parseHeader(w *writer, m *message) {
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

// parseLoop prints how selectors are found and attributes are read one by one.
func (e *emitter) parseLoop(w *writer, m *message, cases string) {
	for _, a := range ownSelectors(m) {
		w.p("\t%s = %s(data, len, %s);", ownVar(a.Name), e.fn("find"), a.CName)
	}
	for _, a := range e.scopeSelectors(m) {
		w.p("\t%s = %s(data, len, %s) ?: %[1]s;", scopeVar(a.Name), e.fn("find"), a.CName)
	}
	w.p("\tnla_for_each_attr(attr, data, len, rem) {")
	w.p("\t\tswitch (nla_type(attr)) {")
	w.b.WriteString(cases)
	w.p("\t\t}")
	w.p("\t}")
}

// deep reports whether the function that reads a message counts how many messages it
// is inside of. Policies limit that, but each check begins anew.
func (e *emitter) deep(m *message) bool {
	return m.nested && slices.ContainsFunc(e.order, func(m *message) bool { return m.checked })
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
	name := attrMember(a)
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
		print(e.read(m, a, "msg->"+name)...)
	case array:
		print("msg->has."+name+" = 1;",
			"msg->"+name+" = "+e.fn("dup")+"(mem, attr);",
			"if (!msg->"+name+")", "\treturn -ENOMEM;",
			"msg->n_"+name+" = nla_len(attr) / sizeof(*msg->"+name+");")
	case multi:
		list := name + "_list"
		print("if (!"+list+") {",
			"\tn = "+e.fn("count")+"(data, len, "+a.CName+");",
			"\t"+list+" = "+e.fn("alloc")+"(mem, n, sizeof(*"+list+"));")
		print("\tif (!"+list+")", "\t\treturn -ENOMEM;", "\tmsg->"+name+" = "+list+";", "}")
		print(e.read(m, a, list+"[msg->n_"+name+"]")...)
		print("msg->n_" + name + "++;")
	case indexed, records, sequence:
		print(failing("err = " + m.name + "_parse_" + name + "(msg, attr, " + e.fieldScope(a).args() + "mem, extack);")...)
	case chained:
		list := name + "_list"
		print("if (!"+list+") {",
			"\t/* No entry is shorter than the header of a nest. */",
			"\t"+list+" = "+e.fn("alloc")+"(mem, len / NLA_HDRLEN, sizeof(*"+list+"));",
			"\tif (!"+list+")", "\t\treturn -ENOMEM;", "\tmsg->"+name+" = "+list+";", "}")
		print(failing("err = " + m.name + "_parse_" + name + "(" + list + ", &msg->n_" + name + ", attr, " +
			e.fieldScope(a).args() + "mem, extack);")...)
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
func (e *emitter) read(m *message, a *model.Attr, dst string) []string {
	if a.HeaderSelector != nil && m.Header == nil {
		return []string{"NL_SET_ERR_MSG_ATTR(extack, attr, \"the header that selects the form is missing\");", "return -EINVAL;"}
	}
	get := e.kindOf(a).get(dst)
	if checkedByParser(a) {
		return append(failing("err = "+e.validator(a)+"(attr, extack);"), get...)
	}
	return get
}

// indexedParser defines the function that reads the attributes inside an array.
func (e *emitter) indexedParser(w *writer, m *message, a *model.Attr) {
	name, k := attrMember(a), e.kindOf(a)
	params := append([]string{"struct " + m.name + " *msg", "const struct nlattr *array"}, e.fieldScope(a).params()...)
	w.call("static int "+m.name+"_parse_"+name, e.parseParams(params...), "")
	w.p("{")
	get := k.get("list[msg->n_" + name + "]")
	w.p("\tconst struct nlattr *attr;")
	w.p("\t%s;", spaced(listOf(k.typ), "list"))
	if strings.Contains(strings.Join(get, "\n"), "err = ") {
		w.p("\tint rem, err;")
	} else {
		w.p("\tint rem;")
	}
	w.p("\tu32 n;")
	w.blank()
	w.p("\tn = %s(nla_data(array), nla_len(array), -1);", e.fn("count"))
	e.newList(w, name, "n")
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
	name := attrMember(a)
	params := []string{"struct " + e.chainName(a) + " *list", "u32 *n", "const struct nlattr *top"}
	w.call("static int "+m.name+"_parse_"+name, e.parseParams(append(params, e.fieldScope(a).params()...)...), "")
	w.p("{")
	outer := "top"
	for i := range a.Chain.Levels {
		w.p("\tconst struct nlattr *level%d;", i)
		outer = fmt.Sprintf("level%d", i)
	}
	w.p("\tconst struct nlattr *attr;")
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
	w.p("%sattr = %s;", indent, outer)
	e.chainLeaf(w, indent, a)
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
func (e *emitter) chainLeaf(w *writer, indent string, a *model.Attr) {
	k := e.leafKind(a)
	if k.length != "" {
		w.p("%sif (!(%s)) {", indent, k.length)
		w.p("%s\tNL_SET_ERR_MSG_ATTR(extack, attr, \"value has a wrong length\");", indent)
		w.p("%s\treturn -EINVAL;", indent)
		w.p("%s}", indent)
	}
	for _, l := range k.get("entry->value") {
		w.p("%s%s", indent, l)
	}
}
