package kernel

import (
	"fmt"

	"github.com/nlgen/nlgen/gen/model"
)

// Messages that the policy of the request does not reach are checked where they are
// read: behind a header, in records, in bodies of sub-messages and at the end of
// chains.

// pointerKind is a message that is pointed at. With check, no policy reaches it.
func (e *emitter) pointerKind(m *model.Message, check bool) kind {
	name := e.messageName(m)
	return kind{
		typ: "const struct " + name + " *",
		get: func(dst string) []string {
			lines := failing("err = " + name + "_new(&" + dst + ", attr, " + e.scopeOf(m).args() + "mem, extack);")
			if check && len(m.Parts) == 0 {
				return append(e.checked(m), lines...)
			}
			return lines
		},
		size: func(v string) string { return "nla_total_size(" + name + "_size(" + v + "))" },
		put:  func(attr, v string) string { return name + "_nest(skb, " + attr + ", " + v + ")" },
	}
}

// checked are the statements that check a message in attr.
func (e *emitter) checked(m *model.Message) []string {
	return failing("err = " + e.messageName(m) + "_check(attr, nla_data(attr), nla_len(attr), extack);")
}

// unreached reports whether no policy reaches the message inside an attribute.
func unreached(a *model.Attr) bool {
	return a.Nested != nil && (a.Struct != nil || a.Type == model.TypeChain)
}

// messageCheck defines the function that checks a message in an attribute.
func (e *emitter) messageCheck(w *writer, m *message) {
	policy := e.nestPolicy(m.Set)
	w.call("static int "+m.name+"_check",
		[]string{"const struct nlattr *attr", "const void *data", "int len", "struct netlink_ext_ack *extack"}, "")
	w.p("{")
	if m.Header != nil {
		w.p("\tif (len < (int)sizeof(%s)) {", m.Header.CName)
		w.p("\t\tNL_SET_ERR_MSG_ATTR(extack, attr, \"content is shorter than the header in it\");")
		w.p("\t\treturn -EINVAL;")
		w.p("\t}")
		w.p("\tdata += NLA_ALIGN(sizeof(%s));", m.Header.CName)
		w.p("\tlen = max_t(int, len - NLA_ALIGN(sizeof(%s)), 0);", m.Header.CName)
	}
	w.p("\treturn __nla_validate(data, len, ARRAY_SIZE(%s) - 1, %s, %s, extack);", policy, policy, e.strictness(m.Set.Attrs))
	w.p("}")
	w.blank()
}

// strictness is how attributes are validated where no operation says otherwise.
// Those without an entry in the policy are left to the parser, if there are bodies
// that can have none.
func (e *emitter) strictness(attrs []*model.Attr) string {
	if e.loose(attrs) {
		return "NL_VALIDATE_STRICT & ~NL_VALIDATE_UNSPEC"
	}
	return "NL_VALIDATE_STRICT"
}

// loose reports whether a policy reaches a sub-message that it has no entry for.
func (e *emitter) loose(attrs []*model.Attr) bool {
	return e.whole && anyMixed(attrs, map[*model.AttrSet]bool{})
}

func anyMixed(attrs []*model.Attr, seen map[*model.AttrSet]bool) bool {
	for _, a := range attrs {
		if a.Sub != nil && mixed(a.Sub) {
			return true
		}
		if a.Nested != nil && !unreached(a) && !seen[a.Nested] {
			seen[a.Nested] = true
			if anyMixed(a.Nested.Attrs, seen) {
				return true
			}
		}
	}
	return false
}

// recordsParser defines the function that reads a row of records.
func (e *emitter) recordsParser(w *writer, m *message, a *model.Attr) {
	name, elem := attrMember(a), e.messages[a.Message]
	scope := e.fieldScope(a)
	params := append([]string{"struct " + m.name + " *msg", "const struct nlattr *attr"}, scope.params()...)
	w.call("static int "+m.name+"_parse_"+name, e.parseParams(params...), "")
	w.p("{")
	w.p("\tconst void *data = nla_data(attr);")
	w.p("\tint rest = nla_len(attr);")
	w.p("\tstruct %s *list;", elem.name)
	w.p("\tint err, n;")
	w.blank()
	e.newList(w, name, "DIV_ROUND_UP(rest, sizeof(list->header))")
	w.p("\twhile (rest > 0) {")
	w.p("\t\tn = 0;")
	w.p("\t\tif (rest >= (int)sizeof(list->header)) {")
	w.p("\t\t\tmemcpy(&list->header, data, sizeof(list->header));")
	w.p("\t\t\tn = list->header.%s;", lengthMember(a))
	w.p("\t\t}")
	w.p("\t\tif (n < (int)sizeof(list->header) || n > rest) {")
	w.p("\t\t\tNL_SET_ERR_MSG_ATTR(extack, attr, \"record does not fit\");")
	w.p("\t\t\treturn -EINVAL;")
	w.p("\t\t}")
	for _, call := range []string{"_check(attr, data, n, ", "_parse(list, data, n, " + scope.args() + "mem, "} {
		w.p("\t\terr = %s%sextack);", elem.name, call)
		w.p("\t\tif (err)")
		w.p("\t\t\treturn err;")
	}
	w.p("\t\tlist++;")
	w.p("\t\tmsg->n_%s++;", name)
	w.p("\t\tn = min_t(int, NLA_ALIGN(n), rest);")
	w.p("\t\tdata += n;")
	w.p("\t\trest -= n;")
	w.p("\t}")
	w.p("\treturn 0;")
	w.p("}")
	w.blank()
}

// sequenceParser defines the function that reads attributes whose order counts: each
// becomes a message with nothing else in it.
func (e *emitter) sequenceParser(w *writer, m *message, a *model.Attr) {
	name, elem := attrMember(a), e.messages[a.Message]
	scope := e.fieldScope(a)
	params := append([]string{"struct " + m.name + " *msg", "const struct nlattr *nest"}, scope.params()...)
	w.call("static int "+m.name+"_parse_"+name, e.parseParams(params...), "")
	w.p("{")
	w.p("\tconst struct nlattr *attr;")
	w.p("\tstruct %s *list;", elem.name)
	w.p("\tint rem, err;")
	w.p("\tu32 n;")
	w.blank()
	w.p("\tn = %s(nla_data(nest), nla_len(nest), -1);", e.fn("count"))
	e.newList(w, name, "n")
	w.p("\tnla_for_each_nested(attr, nest, rem) {")
	w.p("\t\terr = %s_parse(list++, attr, attr->nla_len, %smem, extack);", elem.name, scope.args())
	w.p("\t\tif (err)")
	w.p("\t\t\treturn err;")
	w.p("\t\tmsg->n_%s++;", name)
	w.p("\t}")
	w.p("\treturn %s(nest, rem, extack);", e.fn("end"))
	w.p("}")
	w.blank()
}

// newList prints how a list of n elements begins. A later attribute replaces what an
// earlier one of its type had.
func (e *emitter) newList(w *writer, name, n string) {
	w.p("\tlist = %s(mem, %s, sizeof(*list));", e.fn("alloc"), n)
	w.p("\tif (!list)")
	w.p("\t\treturn -ENOMEM;")
	w.p("\tmsg->%s = list;", name)
	w.p("\tmsg->n_%s = 0;", name)
}

// recordPutter defines the function that writes a record, with its length.
func (e *emitter) recordPutter(w *writer, m *message, a *model.Attr) {
	elem := e.messageName(a.Message)
	w.call("static int "+m.name+"_put_"+attrMember(a), []string{"struct sk_buff *skb", "const struct " + elem + " *msg"}, "")
	w.p("{")
	w.p("\tunsigned int n, start = skb->len;")
	w.p("\t%s *header;", a.Struct.CName)
	w.blank()
	w.p("\tif (%s_put(skb, msg))", elem)
	w.p("\t\treturn -EMSGSIZE;")
	w.p("\tn = skb->len - start;")
	w.p("\tif (n > U16_MAX || skb_tailroom(skb) < (int)(NLA_ALIGN(n) - n))")
	w.p("\t\treturn -EMSGSIZE;")
	w.p("\theader = (void *)skb->data + start;")
	w.p("\theader->%s = n;", lengthMember(a))
	w.p("\tskb_put_zero(skb, NLA_ALIGN(n) - n);")
	w.p("\treturn 0;")
	w.p("}")
	w.blank()
}

// lengthMember returns the C name of the member with the length of a record.
func lengthMember(a *model.Attr) string {
	for _, m := range a.Struct.Members {
		if m.Offset == a.LenOffset && m.Type == model.TypeU16 {
			return m.CName
		}
	}
	panic(fmt.Sprintf("no length at %d in %s", a.LenOffset, a.Struct.Name))
}
