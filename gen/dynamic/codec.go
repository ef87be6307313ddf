package dynamic

import (
	"encoding/binary"
	"iter"

	"github.com/nlgen/nlgen/gen/model"
)

type byteOrder interface {
	binary.ByteOrder
	binary.AppendByteOrder
}

// A Codec encodes and decodes the messages of a family. It may be used
// concurrently.
type Codec struct {
	family *model.Family
	order  byteOrder // of values whose order the spec leaves to the host
}

// New returns a codec for f, which must not change any more.
func New(f *model.Family) *Codec {
	return &Codec{family: f, order: binary.NativeEndian}
}

// EncodeRequest returns the request of an operation, or of its dump, from JSON:
// the fixed header, if the operation has one, and the attributes. Empty JSON is
// the empty request. Any attribute of the operation's set is taken, listed for
// the operation or not: the kernel has the last word.
func (c *Codec) EncodeRequest(op *model.Op, dump bool, json []byte) ([]byte, error) {
	call, err := callOf(op, dump)
	if err != nil {
		return nil, in(op.Name, err)
	}
	var o Object
	if len(json) > 0 {
		if err := o.UnmarshalJSON(json); err != nil {
			return nil, in(op.Name, err)
		}
	}
	b, err := c.encode(opLayout(op, call.Request), &o)
	return b, in(op.Name, err)
}

// DecodeReply decodes a reply of an operation, or a message of its dump: the
// fixed header, if the operation has one, and the attributes.
func (c *Codec) DecodeReply(op *model.Op, dump bool, body []byte) (*Object, error) {
	call, err := callOf(op, dump)
	if err != nil {
		return nil, in(op.Name, err)
	}
	o, err := c.decode(opLayout(op, call.Reply), body)
	return o, in(op.Name, err)
}

// DecodeEvent decodes a notification or event by its message id (of classic
// netlink) or command (of Generic Netlink), and returns the operation that
// describes it. An id that belongs to no notification of the spec is looked up
// among the replies, whose layout notifications have.
func (c *Codec) DecodeEvent(id uint16, body []byte) (*model.Op, *Object, error) {
	op, m := c.event(id)
	if op == nil {
		return nil, nil, failf("no event or reply of %s has the id %d", c.family.Name, id)
	}
	o, err := c.decode(opLayout(op, m), body)
	if err != nil {
		return op, nil, in(op.Name, err)
	}
	return op, withMessageType(m, id, o), nil
}

func (c *Codec) event(id uint16) (*model.Op, *model.Message) {
	for _, op := range c.family.Ops {
		if op.Event != nil && (c.family.Bare || op.ID == id || op.ID < id && id <= op.LastID) {
			return op, op.Event.Message
		}
	}
	for _, op := range c.family.Ops {
		for _, call := range []*model.Call{op.Do, op.Dump} {
			if call != nil && call.Reply != nil && call.ReplyID == id {
				return op, call.Reply
			}
		}
	}
	return nil, nil
}

// EncodeMessage returns the wire form of a message: its fixed header, if it has
// one, and its attributes in the order of the model, the unknown ones last.
func (c *Codec) EncodeMessage(m *model.Message, o *Object) ([]byte, error) {
	return c.encode(messageLayout(m), o)
}

// DecodeMessage decodes the wire form of a message.
func (c *Codec) DecodeMessage(m *model.Message, b []byte) (*Object, error) {
	return c.decode(messageLayout(m), b)
}

func (c *Codec) encode(l layout, o *Object) ([]byte, error) {
	e := encoder{order: c.order}
	if err := e.message(l, o, nil); err != nil {
		return nil, err
	}
	return e.buf, nil
}

func (c *Codec) decode(l layout, b []byte) (*Object, error) {
	d := decoder{order: c.order}
	return d.message(l, b, nil)
}

// callOf returns the half of op that is asked for, or the other one: specs do
// not list all dumps that the kernel has.
func callOf(op *model.Op, dump bool) (*model.Call, error) {
	half, other := op.Do, op.Dump
	if dump {
		half, other = other, half
	}
	switch {
	case half != nil:
		return half, nil
	case other != nil:
		return other, nil
	}
	return nil, failf("is no request")
}

// A layout is the content of a message: a fixed header and attributes.
type layout struct {
	header *model.Struct
	set    *model.AttrSet
	fields []*model.Field // the attributes to encode first
	parts  []*model.Part  // instead of all these
}

func messageLayout(m *model.Message) layout {
	return layout{header: m.Header, set: m.Set, fields: m.Fields, parts: m.Parts}
}

// nestLayout is the layout of what is nested in a. There is no message for it if
// no operation of the family reaches it.
func nestLayout(a *model.Attr) layout {
	if a.Message == nil {
		return layout{header: a.Struct, set: a.Nested}
	}
	return layout{header: a.Message.Header, set: a.Nested, fields: a.Message.Fields}
}

// opLayout is the layout of a message of op; m may be nil, for a message that
// the spec does not list.
func opLayout(op *model.Op, m *model.Message) layout {
	if m == nil {
		return layout{header: op.Header, set: op.Set}
	}
	return messageLayout(m)
}

// attrs returns the attributes in the order in which they are encoded.
func (l layout) attrs() []*model.Attr {
	var list []*model.Attr
	seen := map[string]bool{}
	for a := range l.all() {
		if !seen[a.Name] {
			seen[a.Name] = true
			list = append(list, a)
		}
	}
	return list
}

func (l layout) byName(name string) *model.Attr {
	for a := range l.all() {
		if a.Name == name {
			return a
		}
	}
	return nil
}

// all yields the attributes that have a place in messages, some twice.
func (l layout) all() iter.Seq[*model.Attr] {
	return func(yield func(*model.Attr) bool) {
		for _, f := range l.fields {
			if f.Attr.Wire() && !yield(f.Attr) {
				return
			}
		}
		if l.set == nil {
			return
		}
		for _, a := range l.set.Attrs {
			if a.Wire() && !yield(a) {
				return
			}
		}
	}
}

func (l layout) byID(id uint16) *model.Attr {
	if l.set == nil {
		return nil
	}
	var found *model.Attr
	for _, a := range l.set.Attrs {
		if a.ID == id && (found == nil || !found.Wire()) {
			found = a
		}
	}
	return found
}

// headerKey is the name of the object with the members of the fixed header
// that cannot stand beside the attributes.
func (l layout) headerKey() string {
	if l.byName(plainHeaderKey) != nil {
		return fixedHeaderKey
	}
	return plainHeaderKey
}

const (
	plainHeaderKey = "header"
	fixedHeaderKey = "fixed-header"
)

// A frame is a message that is being encoded or decoded, and those around it:
// where the selectors of sub-messages are looked up.
type frame struct {
	layout layout
	object *Object // where the members of the fixed header are
	outer  *frame
	depth  int
	// find returns the value of an attribute of the message, whether or not its
	// turn has come: bodies may stand before their selectors.
	find func(*model.Attr) (any, bool)
}

func newFrame(l layout, o *Object, outer *frame, find func(*model.Attr) (any, bool)) (*frame, error) {
	f := &frame{layout: l, object: o, outer: outer, find: find}
	if outer != nil {
		f.depth = outer.depth + 1
	}
	if f.depth > maxDepth {
		return nil, errTooDeep
	}
	return f, nil
}

// selector returns the value that selects the form of a, as text.
func (f *frame) selector(a *model.Attr) string {
	if a.HeaderSelector != nil {
		return f.headerSelector(a.HeaderSelector)
	}
	for ; f != nil; f = f.outer {
		if s := f.layout.byName(a.SelectorName); s != nil {
			if v, ok := f.find(s); ok {
				return selectorText(s, v)
			}
		}
		if !a.OuterSelector {
			break
		}
	}
	return ""
}

// headerSelector returns the value of a member of the fixed header, zero if it
// is left out, as the formats of a sub-message name it.
func (f *frame) headerSelector(m *model.Member) string {
	s := memberScalar(m)
	var bits uint64
	if v, ok := f.headerMember(m.Name); ok {
		var err error
		if bits, err = enumNumber(s, v); err != nil {
			return describe(v)
		}
	}
	v := enumValue(s, bits)
	if name, ok := v.(string); ok {
		return name
	}
	return describe(v)
}

// headerMember returns the value of a member of the fixed header, which stands in
// an object of its own or beside the attributes.
func (f *frame) headerMember(name string) (any, bool) {
	if f.layout.header != nil {
		v, _ := f.object.Get(f.layout.headerKey())
		if header, ok := v.(*Object); ok {
			if v, ok := header.Get(name); ok {
				return v, true
			}
		}
	}
	if f.layout.byName(name) != nil {
		return nil, false
	}
	return f.object.Get(name)
}

// selectorText returns the value of the attribute a as the formats of a
// sub-message name it.
func selectorText(a *model.Attr, v any) string {
	if a.Enum != nil {
		s := attrScalar(a, a.Type)
		if bits, err := enumNumber(s, v); err == nil {
			v = enumValue(s, bits)
		}
	}
	if s, ok := v.(string); ok {
		return s
	}
	return describe(v)
}

func formatOf(s *model.SubMessage, selector string) *model.Format {
	for _, f := range s.Formats {
		if f.Value == selector {
			return f
		}
	}
	return nil
}

func formatLayout(f *model.Format) layout {
	l := layout{header: f.Header, set: f.Set, parts: f.Parts}
	if f.Body != nil && f.Body.Message != nil {
		l.fields = f.Body.Message.Fields
	}
	return l
}
