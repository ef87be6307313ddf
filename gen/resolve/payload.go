package resolve

import (
	"fmt"
	"math/bits"
	"slices"
	"strconv"
	"strings"

	"github.com/nlgen/nlgen/gen/diag"
	"github.com/nlgen/nlgen/gen/model"
	"github.com/nlgen/nlgen/gen/naming"
	"github.com/nlgen/nlgen/gen/spec"
)

// framing resolves what stands in front of messages and who may send them.
func (r *resolver) framing() {
	r.fam.Bare = r.spec.Framing.Value == spec.FramingNone
	r.fam.AnySender = r.spec.Senders.Value == spec.SendersAny
	for _, key := range []struct {
		at   diag.Pos
		name string
		set  bool
	}{
		{r.spec.Framing.Pos, "x-nlgen-framing", r.fam.Bare},
		{r.spec.Senders.Pos, "x-nlgen-senders", r.fam.AnySender},
	} {
		if key.set && r.fam.Generic {
			r.diags.Errorf(key.at, key.name, "only a netlink-raw family can have this")
		}
	}
	if !r.fam.Bare || r.spec.Operations == nil {
		return
	}
	for i, op := range r.spec.Operations.List {
		if op.Event == nil || i > 0 {
			r.diags.Errorf(op.Pos, "operations/"+op.Name.Value,
				"messages without a header cannot be told apart: the only operation is one event")
		}
	}
}

// groupMask resolves a group that is given as its bit in the address of a socket.
func (r *resolver) groupMask(def *spec.McastGroup, g *model.Group, path string) {
	switch mask := def.Mask.Value; {
	case !def.Mask.Set:
	case def.Value.Set:
		r.diags.Errorf(def.Mask.Pos, path, "both value and x-nlgen-mask; one of them says which group it is")
	case r.fam.Generic:
		r.diags.Errorf(def.Mask.Pos, path, "the kernel numbers the groups of Generic Netlink; they have no mask")
	case bits.OnesCount32(mask) != 1:
		r.diags.Errorf(def.Mask.Pos, path, "the mask %#x is not one bit", mask)
	default:
		g.Value, g.Mask = uint32(bits.TrailingZeros32(mask))+1, true
	}
}

// hasPayload reports whether a message of the operation is something else than
// attributes.
func (n *opNode) hasPayload() bool {
	for _, half := range []*spec.SubOp{n.def.Do, n.def.Dump} {
		if half == nil {
			continue
		}
		for _, m := range []*spec.Message{half.Request, half.Reply} {
			if m != nil && m.Payload != nil {
				return true
			}
		}
	}
	return n.def.Event != nil && n.def.Event.Payload != nil
}

// custom checks the properties that only protocols other than the kernel's usual
// ones have.
func (r *resolver) custom(n *opNode) {
	def := n.def
	n.Register = string(def.Register.Value)
	n.LastID = uint16(def.LastValue.Value)
	switch {
	case def.Register.Set && r.fam.Generic:
		r.diags.Errorf(def.Register.Pos, n.path, "only an operation of a netlink-raw family can register a port id")
	case def.Register.Set && (def.Do == nil || def.Do.Reply != nil || def.Dump != nil):
		r.diags.Errorf(def.Register.Pos, n.path, "an operation that registers a port id is a do without reply")
	}
	if def.LastValue.Set && def.Event == nil {
		r.diags.Errorf(def.LastValue.Pos, n.path, "only an event can have a range of ids")
	}
	if !n.hasPayload() {
		return
	}
	switch {
	case r.fam.Generic:
		r.diags.Errorf(def.Pos, n.path, "messages of Generic Netlink are attributes, they have no x-nlgen-payload")
	case n.Set != nil || n.Header != nil:
		r.diags.Add(diag.Diagnostic{
			Pos: def.Pos, Path: n.path,
			Msg:  "x-nlgen-payload beside a fixed-header or an attribute-set",
			Hint: "the payload is the whole message; a struct can be part of it",
		})
	case n.Do != nil && n.Dump != nil && partsShape(n.Do.ReplyParts) != partsShape(n.Dump.ReplyParts):
		r.diags.Errorf(def.Pos, n.path, "do and dump have one reply type, but their payloads differ")
	}
}

// formatPayloads resolves the payloads of sub-messages.
func (r *resolver) formatPayloads() {
	for i, s := range r.fam.Subs {
		for j, def := range r.spec.SubMessages[i].Formats {
			path := "sub-messages/" + s.Name + "/formats/" + def.Value.Value
			if j >= len(s.Formats) || def.Payload == nil {
				continue
			}
			f := s.Formats[j]
			if f.Set != nil || f.Header != nil {
				r.diags.Errorf(def.Pos, path, "x-nlgen-payload beside a fixed-header or an attribute-set")
			}
			f.Parts = r.parts(def.Payload, path, false)
		}
	}
}

// parts resolves the parts of a payload.
func (r *resolver) parts(defs []*spec.Part, path string, event bool) []*model.Part {
	path += "/x-nlgen-payload"
	var parts []*model.Part
	var rest *model.Part // the one that reaches to the end
	seen := map[string]*model.Part{}
	for _, def := range defs {
		p := r.part(def, parts, path+"/"+def.Name.Value)
		if !unique(r, seen, def.Name, path, "part", p) {
			continue
		}
		switch {
		case p.Type == model.PartMessageType:
			if !event {
				r.diags.Errorf(def.Pos, path+"/"+p.Name, "only an event can have its type as a part: that of other messages is known")
			}
		case rest != nil:
			r.diags.Errorf(def.Pos, path+"/"+p.Name, "nothing can follow %q, which reaches to the end of the payload", rest.Name)
		case toEnd(p):
			rest = p
		}
		parts = append(parts, p)
	}
	r.lastPart(parts, defs, path)
	return parts
}

// lastPart marks the last part that takes bytes. Only that may be short.
func (r *resolver) lastPart(parts []*model.Part, defs []*spec.Part, path string) {
	last := true
	for i, p := range slices.Backward(parts) {
		if p.Type == model.PartMessageType {
			continue
		}
		p.Last = last
		last = false
		if p.Type != model.PartStruct || p.Struct == nil {
			continue
		}
		if p.Last {
			p.Struct.Tail = true
		} else if p.MinLen < p.Struct.Size {
			r.diags.Errorf(defs[i].Pos, path+"/"+p.Name, "only the last part may be shorter than its struct")
		}
	}
}

// toEnd reports whether a part takes all that is left of the payload.
func toEnd(p *model.Part) bool {
	switch p.Type {
	case model.PartStruct:
		return p.Struct != nil && slices.ContainsFunc(p.Struct.Members, func(m *model.Member) bool { return m.Flexible })
	case model.PartString:
		return p.Until == ""
	}
	return p.Type != model.PartMessageType
}

var partTypes = map[spec.PartType]model.PartType{
	spec.PartStruct: model.PartStruct, spec.PartArray: model.PartArray, spec.PartString: model.PartString,
	spec.PartBinary: model.PartBinary, spec.PartKeyValues: model.PartKeyValues,
	spec.PartSubMessage: model.PartSubMessage, spec.PartMessageType: model.PartMessageType,
}

// part resolves one part; those before it may say what it is.
func (r *resolver) part(def *spec.Part, before []*model.Part, path string) *model.Part {
	p := &model.Part{
		Name: def.Name.Value, Doc: def.Doc.Value, Pos: def.Pos,
		GoName: r.goName(def.GoName, def.Name, path),
		Type:   partTypes[def.Type.Value], Until: def.Until.Value,
	}
	if s, ok := lookup(r, r.structs, def.Struct, path+"/struct", "struct definition"); ok {
		p.Struct, p.MinLen = s.Struct, s.Size
		if def.MinLen.Set {
			p.MinLen = r.small(def.MinLen, path+"/min-len", int64(s.Size))
		}
		if p.Type == model.PartArray && s.Size == 0 {
			r.diags.Errorf(def.Struct.Pos, path, "the struct %q has no size, so that nothing says how many there are", s.Name)
		}
	}
	if e, ok := lookup(r, r.enums, def.Enum, path+"/enum", "enum or flags definition"); ok {
		p.Enum = e
		r.useEnum(e, model.TypeU16, false)
	}
	for _, ref := range def.Selector.Value {
		if m := r.memberRef(ref, before, path+"/selector"); m != nil {
			p.Selector = append(p.Selector, m)
		}
	}
	if def.Length.Set {
		p.Length = r.memberRef(def.Length, before, path+"/length-member")
	}
	if s, ok := lookup(r, r.subs, def.SubMessage, path+"/sub-message", "sub-message"); ok {
		p.Sub = s
		r.partFormats(p)
	}
	return p
}

// memberRef finds an integer of a struct that stands before: PART.MEMBER, with
// more members behind it if there are structs inside the struct.
func (r *resolver) memberRef(ref spec.Val[string], before []*model.Part, path string) *model.MemberRef {
	names := strings.Split(ref.Value, ".")
	i := slices.IndexFunc(before, func(p *model.Part) bool { return p.Name == names[0] && p.Type == model.PartStruct })
	if i < 0 || before[i].Struct == nil {
		r.diags.Errorf(ref.Pos, path, "there is no struct %q before this part; write PART.MEMBER", names[0])
		return nil
	}
	found := &model.MemberRef{Part: before[i]}
	in := before[i].Struct
	for _, name := range names[1:] {
		var known []string
		var member *model.Member
		for _, m := range membersOf(in) {
			known = append(known, m.Name)
			if m.Name == name {
				member = m
			}
		}
		if member == nil {
			r.unknown(spec.Val[string]{Value: name, Pos: ref.Pos, Set: true}, path, "member", known)
			return nil
		}
		found.Path = append(found.Path, member)
		in = member.Struct
	}
	if len(found.Path) == 0 || !isScalar(found.Member().Type) || found.Member().Count > 1 {
		r.diags.Errorf(ref.Pos, path, "%q is no integer", ref.Value)
		return nil
	}
	return found
}

func membersOf(s *model.Struct) []*model.Member {
	if s == nil {
		return nil
	}
	return s.Members
}

// partFormats checks that the formats of a sub-message can be what its selectors
// say: for each of them the name of an enum's entry, or a number, with slashes
// between them.
func (r *resolver) partFormats(p *model.Part) {
	for _, f := range p.Sub.Formats {
		if f.Set != nil {
			r.nestKeys = append(r.nestKeys, nestKey{f.Set, f.Header})
		}
		values := strings.Split(f.Value, "/")
		ok := len(values) == len(p.Selector)
		hint := ""
		f.Numbers = make([]uint64, len(values))
		for i := 0; ok && i < len(values); i++ {
			f.Numbers[i], hint, ok = selectable(p.Selector[i].Member().Enum, values[i])
		}
		if !ok && len(p.Selector) > 0 {
			r.diags.Add(diag.Diagnostic{
				Pos: f.Pos, Path: "sub-messages/" + p.Sub.Name + "/formats/" + f.Value,
				Msg:  fmt.Sprintf("the selector %s has no value %s", selectorNames(p), strconv.Quote(f.Value)),
				Hint: hint,
			})
		}
	}
}

func selectorNames(p *model.Part) string {
	var names []string
	for _, s := range p.Selector {
		names = append(names, s.Name())
	}
	return strings.Join(names, "/")
}

// opMessage makes a message of an operation: of attributes, or of the parts of a
// payload.
func (b *builder) opMessage(n *opNode, name, doc string, attrs []*model.Attr, parts []*model.Part) *model.Message {
	if n.hasPayload() {
		return &model.Message{GoName: name, Doc: doc, Parts: parts}
	}
	return b.build(name, doc, n.Set, n.Header, attrs)
}

// formatMessage makes the message of a format that has a payload.
func (b *builder) formatMessage(s *model.SubMessage, f *model.Format) *model.Message {
	m := &model.Message{GoName: f.GoName, Doc: f.Doc, Parts: f.Parts}
	if m.GoName == "" {
		m.GoName = s.GoName + naming.Suffix(f.Value)
	}
	b.fam.Messages = append(b.fam.Messages, m)
	return m
}

// replyParts are those of the do or the dump, which are the same.
func (n *opNode) replyParts() []*model.Part {
	for _, c := range []*model.Call{n.Do, n.Dump} {
		if c != nil && c.ReplyParts != nil {
			return c.ReplyParts
		}
	}
	return nil
}

// partsShape is equal for payloads that can be one type.
func partsShape(parts []*model.Part) string {
	var b strings.Builder
	for _, p := range parts {
		fmt.Fprintf(&b, "\n%s %s %q %d", p.Name, p.Type, p.Until, p.MinLen)
		if p.Struct != nil {
			b.WriteString(" " + p.Struct.Name)
		}
		if p.Sub != nil {
			b.WriteString(" " + p.Sub.Name + " " + selectorNames(p))
		}
		if p.Length != nil {
			b.WriteString(" " + p.Length.Name())
		}
	}
	return b.String()
}

// declareFormats declares the messages of formats that have a payload.
func (r *resolver) declareFormats(pkg *naming.Scope) {
	for _, s := range r.fam.Subs {
		for _, f := range s.Formats {
			if f.Parts != nil && f.Body != nil {
				pkg.Declare(naming.Decl{
					Name: f.Body.Message.GoName, What: "format " + f.Value, Pos: f.Pos,
					Path: "sub-messages/" + s.Name + "/formats/" + f.Value,
				})
			}
		}
	}
}

// declareParts declares the fields of a payload and the method of its type.
func declareParts(scope *naming.Scope, m *model.Message) {
	for _, p := range m.Parts {
		scope.Declare(naming.Decl{Name: p.GoName, What: "part " + p.Name, Pos: p.Pos, Path: "x-nlgen-payload/" + p.Name})
		if p.Type == model.PartMessageType {
			fixed(scope, "SetMessageType")
		}
	}
}
