package resolve

import (
	"slices"
	"strings"

	"github.com/nlgen/nlgen/gen/model"
)

// nestKey is an attribute set used as a message of its own, with the header in
// front of it, if any.
type nestKey struct {
	set    *model.AttrSet
	header *model.Struct
}

// messages decides which Go types there are: one for each set that a wanted
// operation reaches as a nest, and those of the operations. Messages of one
// shape are one type.
func (r *resolver) messages() {
	b := &builder{resolver: r, shapes: map[string]*model.Message{}, needed: map[*model.Op]bool{}, minor: map[*model.Message]bool{}}
	for _, n := range r.opList {
		if n.wanted {
			b.needed[n.Op] = true
			b.needed[n.Notify] = true
		}
	}
	reached := r.reach(b.needed)
	b.nestMessages(reached.nests)
	b.link(reached)
	for _, n := range r.opList {
		if b.needed[n.Op] {
			b.operation(n)
		}
	}
	for _, n := range r.opList {
		if n.wanted {
			b.event(n)
		}
	}
}

type builder struct {
	*resolver
	shapes map[string]*model.Message
	needed map[*model.Op]bool      // wanted, or notified by one wanted
	minor  map[*model.Message]bool // replies of operations that are no getters
}

// nestMessages declares the messages of the nests, in the order of the sets.
func (b *builder) nestMessages(reached map[nestKey]bool) {
	headers := map[*model.AttrSet][]nestKey{}
	for _, key := range uniqueKeys(b.nestKeys) {
		headers[key.set] = append(headers[key.set], key)
	}
	for _, set := range b.fam.Sets {
		for _, key := range headers[set] {
			if !reached[key] {
				continue
			}
			name := set.GoName
			if key.header != nil && len(headers[set]) > 1 {
				name += key.header.GoName
			}
			m := b.build(name, set.Doc, set, key.header, set.Attrs)
			b.nests[key] = m
			b.shapes[shape(m)] = m
			b.fam.Messages = append(b.fam.Messages, m)
		}
	}
}

// link points the attributes and formats at the messages behind them.
func (b *builder) link(reached walker) {
	for _, set := range b.fam.Sets {
		for _, a := range set.Attrs {
			if a.Nested != nil {
				a.Message = b.nests[nestKey{a.Nested, a.Struct}]
			}
			if reached.chains[a.Chain] {
				a.Chain.Leaf = a.Message
				b.fam.Chains = append(b.fam.Chains, a.Chain)
			}
		}
	}
	for _, s := range b.fam.Subs {
		if s.Reached {
			b.bodies(s)
		}
	}
}

// bodies gives each form of a sub-message its Go type.
func (b *builder) bodies(s *model.SubMessage) {
	for _, f := range s.Formats {
		body := &model.Body{}
		switch {
		case f.Parts != nil:
			body.Message = b.formatMessage(s, f)
		case f.Set != nil:
			body.Message = b.nests[nestKey{f.Set, f.Header}]
		case f.Header != nil:
			body.Struct = f.Header
			f.Header.Tail = true
		default:
			continue
		}
		i := slices.IndexFunc(s.Bodies, func(o *model.Body) bool {
			return o.Message == body.Message && o.Struct == body.Struct
		})
		if i >= 0 {
			body = s.Bodies[i]
		} else {
			s.Bodies = append(s.Bodies, body)
		}
		body.Values = append(body.Values, f.Value)
		f.Body = body
	}
}

// build makes a message of the attributes that have a place on the wire.
func (b *builder) build(name, doc string, set *model.AttrSet, header *model.Struct, attrs []*model.Attr) *model.Message {
	m := &model.Message{GoName: name, Doc: doc, Set: set, Header: header, UnknownField: "Unknown"}
	taken := map[string]bool{m.UnknownField: true, "Encode": true, "Decode": true}
	if header != nil {
		m.HeaderField = "Header"
		taken[m.HeaderField] = true
	}
	for _, a := range attrs {
		if !a.Wire() {
			continue
		}
		f := &model.Field{Attr: a, GoName: a.GoName}
		if taken[f.GoName] {
			f.GoName += "Attr"
		}
		m.Fields = append(m.Fields, f)
	}
	return m
}

// shape is equal for messages that can be one type.
func shape(m *model.Message) string {
	var b strings.Builder
	if m.Set != nil {
		b.WriteString(m.Set.Name)
	}
	b.WriteByte('\n')
	if m.Header != nil {
		b.WriteString(m.Header.Name)
	}
	for _, f := range m.Fields {
		b.WriteString("\n" + f.Attr.Name)
	}
	b.WriteString(partsShape(m.Parts))
	return b.String()
}

// shared declares a message, or if there is one of the same shape, makes the
// name another one of it.
func (b *builder) shared(m *model.Message) *model.Message {
	first, ok := b.shapes[shape(m)]
	if !ok {
		b.shapes[shape(m)] = m
		b.fam.Messages = append(b.fam.Messages, m)
		return m
	}
	first.Same = append(first.Same, model.Alias{GoName: m.GoName, Doc: m.Doc})
	return first
}

// operation declares the messages of the do and the dump. Both have one reply
// type, with the attributes of either.
func (b *builder) operation(n *opNode) {
	request := func(c *model.Call, name, doc string) {
		if c == nil || !n.wanted {
			return
		}
		c.RequestName = n.GoName + name
		c.Request = b.shared(b.opMessage(n, c.RequestName, doc, c.RequestAttrs, c.RequestParts))
	}
	request(n.Do, "Request", "Request of "+n.Name+".")
	request(n.Dump, "DumpRequest", "Request to list with "+n.Name+".")
	if !hasReply(n.def) {
		return
	}
	name := n.GoName + "Reply"
	m := b.opMessage(n, name, "Reply to "+n.Name+".", n.replyAttrs(), n.replyParts())
	getter := n.Do != nil && n.Dump != nil
	b.minor[m] = !getter
	n.reply = b.shared(m)
	if getter && b.minor[n.reply] {
		b.promote(n.reply, name)
	}
	if n.Do != nil && n.def.Do.Reply != nil {
		n.Do.Reply, n.Do.ReplyName = n.reply, name
	}
	if n.Dump != nil {
		n.Dump.Reply, n.Dump.ReplyName = n.reply, name
	}
}

// promote makes an alias the name of a message, and its name an alias. A reply
// that several operations share is called after the one that gets objects, not
// after one that echoes what it made.
func (b *builder) promote(m *model.Message, name string) {
	for i := range m.Same {
		if alias := &m.Same[i]; alias.GoName == name {
			m.GoName, alias.GoName = alias.GoName, m.GoName
			m.Doc, alias.Doc = alias.Doc, m.Doc
		}
	}
	b.minor[m] = false
}

// replyAttrs unites the reply lists of do and dump, in the order of the set.
func (n *opNode) replyAttrs() []*model.Attr {
	if n.Set == nil {
		return nil
	}
	in := func(c *model.Call, a *model.Attr) bool { return c != nil && slices.Contains(c.ReplyAttrs, a) }
	return slices.DeleteFunc(slices.Clone(n.Set.Attrs), func(a *model.Attr) bool {
		return !in(n.Do, a) && !in(n.Dump, a)
	})
}

// event gives a notification the layout of the reply it looks like, and an
// event one of its own, which no other message shares: programs tell events
// apart by their types.
func (b *builder) event(n *opNode) {
	switch {
	case n.Event == nil:
	case n.Notify != nil:
		n.Event.Message, n.Event.Embed = b.ops[n.Notify.Name].reply, true
	default:
		n.Event.Message = b.opMessage(n, n.Event.GoName, n.Doc, n.eventAttrs, n.eventParts)
		b.fam.Messages = append(b.fam.Messages, n.Event.Message)
	}
}
