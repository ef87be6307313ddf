package kernel

import (
	"fmt"
	"slices"
	"strings"

	"github.com/nlgen/nlgen/gen/model"
)

// A payload that is not attributes is a row of parts. Each is a member of the C
// struct; those with any number of bytes have their length beside them.

func partLength(p *model.Part) string {
	if p.Type == model.PartArray {
		return "n_" + member(p.Name)
	}
	return member(p.Name) + "_len"
}

func (e *emitter) declarePart(p *model.Part) []string {
	name := member(p.Name)
	switch p.Type {
	case model.PartStruct:
		if flexible(p.Struct) {
			return []string{"const " + p.Struct.CName + " *" + name, "u32 " + partLength(p)}
		}
		return []string{p.Struct.CName + " " + name}
	case model.PartArray:
		return []string{"const " + p.Struct.CName + " *" + name, "u32 " + partLength(p)}
	case model.PartString, model.PartKeyValues:
		return []string{"const char *" + name, "u32 " + partLength(p)}
	case model.PartSubMessage:
		return []string{"struct " + e.subs[p.Sub].name + " " + name}
	case model.PartMessageType:
		return []string{"u16 " + name}
	}
	return []string{"const void *" + name, "u32 " + partLength(p)}
}

func (e *emitter) partDocs(w *writer, m *message) {
	for _, p := range m.Parts {
		doc := p.Doc
		if doc == "" {
			doc = p.Type.String()
		}
		w.text(" * @"+member(p.Name)+": ", " *   ", doc)
		if len(e.declarePart(p)) > 1 {
			w.p(" * @%s: length of @%s", partLength(p), member(p.Name))
		}
	}
}

// ReadsKeyValues reports whether a request has a part of that type.
func (m *module) ReadsKeyValues() bool {
	return slices.ContainsFunc(m.order, func(msg *message) bool {
		return msg.parsed && slices.ContainsFunc(msg.Parts, func(p *model.Part) bool { return p.Type == model.PartKeyValues })
	})
}

// refusePart prints the refusal of a payload, if a condition holds.
func refusePart(w *writer, cond, text string) {
	w.p("\tif (%s) {", cond)
	w.p("\t\tNL_SET_ERR_MSG(extack, %q);", text)
	w.p("\t\treturn -EINVAL;")
	w.p("\t}")
}

// parseParts prints how the parts are read one behind the other. Padding behind the
// last is what netlink adds to a message.
func (e *emitter) parseParts(w *writer, m *message) {
	e.partVariables(w, m)
	ends := false
	for _, p := range m.Parts {
		switch {
		case p.Type == model.PartMessageType:
			continue
		case !variable(p):
			e.parseStruct(w, p)
		default:
			e.parseVariable(w, p)
		}
		ends = p.Last && p.Length == nil && variable(p) && p.Until == ""
	}
	if !ends {
		refusePart(w, "len >= NLMSG_ALIGNTO", "payload is too long")
	}
	w.p("\treturn 0;")
}

// partVariables declares what is needed to read the parts.
func (e *emitter) partVariables(w *writer, m *message) {
	for _, p := range m.Parts {
		if p.Sub != nil {
			w.p("\tu64 by[%d];", len(p.Selector))
			w.p("\tint n, err;")
			w.blank()
			return
		}
	}
	if slices.ContainsFunc(m.Parts, variable) {
		w.p("\tint n;")
		w.blank()
	}
}

// variable reports whether a part can have any number of bytes.
func variable(p *model.Part) bool {
	switch p.Type {
	case model.PartStruct:
		return flexible(p.Struct)
	case model.PartMessageType:
		return false
	}
	return true
}

func (e *emitter) parseStruct(w *writer, p *model.Part) {
	name := "msg->" + member(p.Name)
	if p.MinLen < p.Struct.Size {
		refusePart(w, fmt.Sprintf("len < %d", p.MinLen), "payload is too short")
		w.p("\tmemcpy(&%s, data, min_t(int, len, sizeof(%s)));", name, name)
		w.p("\tlen -= min_t(int, len, sizeof(%s));", name)
		return
	}
	refusePart(w, "len < (int)sizeof("+name+")", "payload is too short")
	w.p("\tmemcpy(&%s, data, sizeof(%s));", name, name)
	if !p.Last {
		w.p("\tdata += sizeof(%s);", name)
	}
	w.p("\tlen -= sizeof(%s);", name)
}

func (e *emitter) parseVariable(w *writer, p *model.Part) {
	switch {
	case p.Length != nil:
		w.p("\tn = %s;", memberValue("msg->", p.Length))
		refusePart(w, "n < 0 || n > len", "payload is shorter than it says")
	case p.Until != "":
		w.p("\tn = %s(data, len, %s);", e.fn("until"), charLiteral(p.Until))
		refusePart(w, "n < 0", "text has no end")
	default:
		w.p("\tn = len;")
	}
	if p.Sub != nil {
		e.parseBodyPart(w, p)
	} else {
		e.parseBytes(w, p)
	}
	skip := "n"
	if p.Until != "" && p.Length == nil {
		skip = "n + 1"
	}
	if !p.Last {
		w.p("\tdata += %s;", skip)
	}
	w.p("\tlen -= %s;", skip)
}

// parseBytes prints how n bytes of a part are copied.
func (e *emitter) parseBytes(w *writer, p *model.Part) {
	name := "msg->" + member(p.Name)
	switch p.Type {
	case model.PartArray:
		refusePart(w, "n % sizeof(*"+name+")", "payload is not a whole number of elements")
	case model.PartStruct:
		refusePart(w, "n < (int)sizeof(*"+name+")", "payload is too short")
	}
	w.p("\t%s = %s(mem, data, n);", name, e.fn("bytes"))
	w.p("\tif (!%s)", name)
	w.p("\t\treturn -ENOMEM;")
	switch p.Type {
	case model.PartArray:
		w.p("\tmsg->%s = n / sizeof(*%s);", partLength(p), name)
		return
	case model.PartKeyValues:
		refusePart(w, "!"+e.fn("key_values")+"("+name+", n)", "text is no KEY=VALUE")
	}
	w.p("\tmsg->%s = n;", partLength(p))
}

// memberValue is the value of a member of an earlier part in host byte order.
func memberValue(base string, r *model.MemberRef) string {
	expr := base + member(r.Part.Name)
	for _, m := range r.Path {
		expr += "." + m.CName
	}
	return toHost(scalarType(r.Member().Type, memberOrder(r.Member())), expr)
}

func charLiteral(until string) string {
	if until == "\x00" {
		return `'\0'`
	}
	return fmt.Sprintf("%q", rune(until[0]))
}

// partSize is the expression for the bytes of a part.
func (e *emitter) partSize(p *model.Part) string {
	name := "msg->" + member(p.Name)
	size := "msg->" + partLength(p)
	switch {
	case p.Sub != nil:
		return e.subs[p.Sub].name + "_payload_size(&" + name + ")"
	case !variable(p):
		return "sizeof(" + name + ")"
	case p.Type == model.PartArray:
		return "array_size(msg->" + partLength(p) + ", sizeof(*" + name + "))"
	case p.Until != "":
		return size + " + 1"
	}
	return size
}

func (e *emitter) sizeParts(w *writer, m *message) {
	var sizes []string
	for _, p := range m.Parts {
		if p.Type != model.PartMessageType {
			sizes = append(sizes, e.partSize(p))
		}
	}
	if len(sizes) == 0 {
		sizes = []string{"0"}
	}
	w.p("\treturn %s;", strings.Join(sizes, " + "))
}

// putParts prints how the parts are written, without padding between them. Members
// that count the bytes of a part or select a body are filled in.
func (e *emitter) putParts(w *writer, m *message) {
	for _, p := range m.Parts {
		if owned(m, p) {
			w.p("\t%s %s = msg->%s;", p.Struct.CName, filledIn(p), member(p.Name))
		}
	}
	w.blank()
	w.p("\tif (skb_tailroom(skb) < (int)%s_size(msg))", m.name)
	w.p("\t\treturn -EMSGSIZE;")
	for _, p := range m.Parts {
		name := member(p.Name)
		switch {
		case p.Type == model.PartMessageType:
		case owned(m, p):
			e.fillIn(w, m, p)
			w.p("\tskb_put_data(skb, &%s, sizeof(%s));", filledIn(p), filledIn(p))
		case p.Sub != nil:
			w.p("\treturn %s_payload_put(skb, &msg->%s);", e.subs[p.Sub].name, name)
			return // it is the last
		case !variable(p):
			w.p("\tskb_put_data(skb, &msg->%s, sizeof(msg->%s));", name, name)
		case p.Until != "":
			w.p("\tskb_put_data(skb, msg->%s, msg->%s);", name, partLength(p))
			w.p("\tskb_put_u8(skb, %s);", charLiteral(p.Until))
		default:
			w.p("\tskb_put_data(skb, msg->%s, %s);", name, e.partSize(p))
		}
	}
	w.p("\treturn 0;")
}

// owned reports whether other parts say what members of p are.
func owned(m *message, p *model.Part) bool {
	return slices.ContainsFunc(m.Parts, func(other *model.Part) bool {
		return other.Length != nil && other.Length.Part == p ||
			slices.ContainsFunc(other.Selector, func(r *model.MemberRef) bool { return r.Part == p })
	})
}

// fillIn prints how the members of p that other parts decide are set.
func (e *emitter) fillIn(w *writer, m *message, p *model.Part) {
	for _, other := range m.Parts {
		if other.Length != nil && other.Length.Part == p {
			w.p("\t%s = %s;", setMember(other.Length), e.toWire(other))
		}
		if slices.ContainsFunc(other.Selector, func(r *model.MemberRef) bool { return r.Part == p }) {
			e.fillSelectors(w, p, other)
		}
	}
}

// filledIn is the variable with the copy of a struct whose lengths are filled in.
func filledIn(p *model.Part) string { return "own_" + member(p.Name) }

func setMember(r *model.MemberRef) string {
	expr := filledIn(r.Part)
	for _, m := range r.Path {
		expr += "." + m.CName
	}
	return expr
}

// toWire is the length of a part in the byte order of the member that counts it.
func (e *emitter) toWire(p *model.Part) string {
	m := p.Length.Member()
	return fromHost(scalarType(m.Type, memberOrder(m)), e.partSize(p))
}
