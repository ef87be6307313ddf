package dynamic

import (
	"bytes"
	"slices"
	"strings"

	"github.com/nlgen/nlgen/gen/model"
)

// parts appends the parts of a payload.
func (e *encoder) parts(parts []*model.Part, o *Object, outer *frame) error {
	var names []string
	for _, p := range parts {
		names = append(names, p.Name)
	}
	for _, m := range o.members {
		if !slices.Contains(names, m.Name) {
			return unknownName("part", m.Name, names)
		}
	}
	structs, err := partStructs(parts, o)
	if err != nil {
		return err
	}
	starts := map[*model.Part]int{}
	for _, p := range parts {
		starts[p] = len(e.buf)
		v, given := o.Get(p.Name)
		if s, ok := structs[p]; ok {
			v, given = s, true
		}
		if !given && p.Until == "" {
			continue
		}
		if err := e.part(p, v, structs, outer); err != nil {
			return at(p.Name, err)
		}
		if err := e.length(p, starts); err != nil {
			return at(p.Name, err)
		}
	}
	return nil
}

// partStructs returns the objects of the structs of a payload, empty ones for
// those that are left out, with the selectors that follow from the bodies.
func partStructs(parts []*model.Part, o *Object) (map[*model.Part]*Object, error) {
	structs := map[*model.Part]*Object{}
	for _, p := range parts {
		v, given := o.Get(p.Name)
		object, isObject := v.(*Object)
		switch {
		case p.Type == model.PartStruct && !given:
			structs[p] = new(Object)
		case p.Type == model.PartStruct && !isObject:
			return nil, at(p.Name, failf("%s, want an object", describe(v)))
		case p.Type == model.PartStruct:
			structs[p] = object
		case p.Sub != nil && isObject && !selectorsGiven(p, structs):
			if err := fillSelectors(p, object, structs); err != nil {
				return nil, at(p.Name, err)
			}
		}
	}
	return structs, nil
}

func selectorsGiven(p *model.Part, structs map[*model.Part]*Object) bool {
	return slices.ContainsFunc(p.Selector, func(r *model.MemberRef) bool {
		_, ok := memberAt(structs[r.Part], r.Path)
		return ok
	})
}

func memberAt(o *Object, path []*model.Member) (any, bool) {
	for _, m := range path[:len(path)-1] {
		v, _ := o.Get(m.Name)
		inner, ok := v.(*Object)
		if !ok {
			return nil, false
		}
		o = inner
	}
	return o.Get(path[len(path)-1].Name)
}

// withMember returns a copy of o with a member set.
func withMember(o *Object, path []*model.Member, v any) *Object {
	if len(path) > 1 {
		old, _ := o.Get(path[0].Name)
		inner, ok := old.(*Object)
		if !ok {
			inner = new(Object)
		}
		v = withMember(inner, path[1:], v)
	}
	c := &Object{members: slices.Clone(o.members), tail: o.tail}
	c.Set(path[0].Name, v)
	return c
}

// fillSelectors sets the selectors of the only form that has all members of a body.
func fillSelectors(p *model.Part, body *Object, structs map[*model.Part]*Object) error {
	var fits []*model.Format
	for _, form := range p.Sub.Formats {
		if fitsForm(form, body) {
			fits = append(fits, form)
		}
	}
	if len(fits) != 1 {
		return &Error{Msg: "what selects its form is left out, and not just one form fits", Hint: "give " + p.Selector[0].Name()}
	}
	for i, value := range strings.Split(fits[0].Value, "/") {
		r := p.Selector[i]
		var v any = value
		if r.Member().Enum == nil {
			v = fits[0].Numbers[i]
		}
		structs[r.Part] = withMember(structs[r.Part], r.Path, v)
	}
	return nil
}

func fitsForm(form *model.Format, body *Object) bool {
	if form.Parts == nil {
		return knownNames(formatLayout(form), body) == nil
	}
	return !slices.ContainsFunc(body.members, func(m Member) bool {
		return !slices.ContainsFunc(form.Parts, func(p *model.Part) bool { return p.Name == m.Name })
	})
}

func (e *encoder) part(p *model.Part, v any, structs map[*model.Part]*Object, outer *frame) (err error) {
	switch p.Type {
	case model.PartStruct:
		e.buf, err = appendStruct(e.buf, p.Struct, v.(*Object), e.order)
	case model.PartArray:
		list, ok := v.([]any)
		if !ok {
			return failf("%s, want a list", describe(v))
		}
		return each(list, func(_ int, v any) error {
			o, ok := v.(*Object)
			if !ok {
				return failf("%s, want an object", describe(v))
			}
			e.buf, err = appendStruct(e.buf, p.Struct, o, e.order)
			return err
		})
	case model.PartString:
		return e.partText(p, v)
	case model.PartBinary:
		var b []byte
		b, err = parseBytes(model.HintNone, v, e.order)
		e.buf = append(e.buf, b...)
	case model.PartKeyValues:
		return e.keyValues(v)
	case model.PartSubMessage:
		return e.partBody(p, v, structs, outer)
	}
	return err
}

func (e *encoder) partText(p *model.Part, v any) error {
	s, ok := v.(string)
	if v != nil && !ok {
		return failf("%s, want a string", describe(v))
	}
	if end := p.Until; strings.Contains(s, end) && end != "" || end == "" && strings.Contains(s, "\x00") {
		return failf("%q has a character in it that ends the text", s)
	}
	e.buf = append(append(e.buf, s...), p.Until...)
	return nil
}

func (e *encoder) keyValues(v any) error {
	o, ok := v.(*Object)
	if !ok {
		return failf("%s, want an object", describe(v))
	}
	for _, m := range o.members {
		list, ok := m.Value.([]any)
		if !ok {
			list = []any{m.Value}
		}
		for _, v := range list {
			s, ok := v.(string)
			if !ok || m.Name == "" || strings.ContainsAny(m.Name, "=\x00") || strings.Contains(s, "\x00") {
				return at(m.Name, failf("%s, want a string, and neither = nor NUL where they would split it", describe(v)))
			}
			e.buf = append(e.buf, m.Name+"="+s+"\x00"...)
		}
	}
	return nil
}

func (e *encoder) partBody(p *model.Part, v any, structs map[*model.Part]*Object, outer *frame) (err error) {
	if raw, ok := v.(Raw); ok {
		e.buf = append(e.buf, raw.Payload...)
		return nil
	}
	form := formatOf(p.Sub, partSelector(p, structs, e.order))
	o, ok := v.(*Object)
	switch {
	case form == nil:
		b, err := parseBytes(model.HintNone, v, e.order)
		e.buf = append(e.buf, b...)
		return err
	case !ok:
		return failf("%s, want an object", describe(v))
	case form.Parts != nil:
		return e.parts(form.Parts, o, outer)
	case form.Set != nil:
		return e.message(formatLayout(form), o, outer)
	}
	e.buf, err = appendStruct(e.buf, formStruct(form), o, e.order)
	return err
}

// partSelector returns what selects the form of p: the values of the members, with
// slashes between them.
func partSelector(p *model.Part, structs map[*model.Part]*Object, host byteOrder) string {
	var values []string
	for _, r := range p.Selector {
		o := structs[r.Part]
		for _, m := range r.Path[:len(r.Path)-1] {
			v, _ := o.Get(m.Name)
			if o, _ = v.(*Object); o == nil {
				o = new(Object)
			}
		}
		values = append(values, memberText(o, r.Member(), host))
	}
	return strings.Join(values, "/")
}

// memberText returns the value of an integer, zero if it is left out, as the formats
// of a sub-message name it.
func memberText(o *Object, m *model.Member, host byteOrder) string {
	if m.Enum != nil {
		return (&frame{object: o}).headerSelector(m)
	}
	v, ok := o.Get(m.Name)
	if !ok {
		v = uint64(0)
	}
	s := memberScalar(m)
	s.hint = model.HintNone
	bits, err := s.encode(v, host)
	if err != nil {
		return describe(v)
	}
	return describe(s.number(bits))
}

// length puts the length of a part into the member that counts it.
func (e *encoder) length(p *model.Part, starts map[*model.Part]int) error {
	if p.Length == nil {
		return nil
	}
	s := memberScalar(p.Length.Member())
	n := uint64(len(e.buf) - starts[p])
	if size := p.Length.Member().Len; size < 8 && n>>(8*size) != 0 {
		return failf("%d bytes are more than %s can say", n, p.Length.Name())
	}
	b := s.append(nil, e.order, n)
	copy(e.buf[starts[p.Length.Part]+p.Length.Offset():], b)
	return nil
}

// parts reads the parts of a payload.
func (d *decoder) parts(parts []*model.Part, b []byte, outer *frame) (*Object, error) {
	o := new(Object)
	structs := map[*model.Part]*Object{}
	for _, p := range parts {
		own, after := b, []byte(nil)
		if p.Length != nil {
			v, _ := memberAt(structs[p.Length.Part], p.Length.Path)
			n, err := memberScalar(p.Length.Member()).encode(v, d.order)
			switch {
			case err != nil:
				return nil, at(p.Name, err)
			case n > uint64(len(b)):
				return nil, at(p.Name, failf("%d bytes, want %d", len(b), n))
			}
			own = b[:n:n]
		}
		v, rest, err := d.part(p, own, structs, outer)
		if err != nil {
			return nil, at(p.Name, err)
		}
		if p.Length == nil {
			after = rest
		}
		b = after
		if v != nil {
			o.Set(p.Name, v)
		}
		if s, ok := v.(*Object); ok && p.Type == model.PartStruct {
			structs[p] = s
		}
	}
	return o, nil
}

// part reads a part from b and returns what follows it.
func (d *decoder) part(p *model.Part, b []byte, structs map[*model.Part]*Object, outer *frame) (v any, rest []byte, err error) {
	switch p.Type {
	case model.PartStruct:
		if len(b) < p.MinLen {
			return nil, nil, failf("%d bytes, want %d", len(b), p.MinLen)
		}
		if !p.Last {
			b, rest = b[:p.Struct.Size], b[p.Struct.Size:]
		}
		v, err = decodeStruct(p.Struct, b, d.order)
	case model.PartArray:
		v, err = d.structs(p.Struct, b)
	case model.PartString:
		return textUntil(p, b)
	case model.PartBinary:
		if len(b) > 0 {
			v = Bytes(bytes.Clone(b))
		}
	case model.PartKeyValues:
		v, err = keyValues(b)
	case model.PartSubMessage:
		if len(b) > 0 {
			v, err = d.partBody(p, b, structs, outer)
		}
	case model.PartMessageType:
		return nil, b, nil // DecodeEvent knows it
	}
	return v, rest, err
}

func (d *decoder) structs(s *model.Struct, b []byte) (any, error) {
	list := []any{}
	for len(b) >= s.Size {
		o, err := decodeStruct(s, b[:s.Size], d.order)
		if err != nil {
			return nil, atIndex(len(list), err)
		}
		list = append(list, o)
		b = b[s.Size:]
	}
	if len(b) > 3 || len(bytes.Trim(b, "\x00")) > 0 {
		return nil, atIndex(len(list), failf("%d bytes, want %d", len(b), s.Size))
	}
	return list, nil
}

func textUntil(p *model.Part, b []byte) (any, []byte, error) {
	if p.Until == "" {
		return cString(b), nil, nil
	}
	text, rest, ok := bytes.Cut(b, []byte(p.Until))
	if !ok {
		return nil, nil, failf("no %q ends the text", p.Until[0])
	}
	return string(text), rest, nil
}

func keyValues(b []byte) (any, error) {
	o := new(Object)
	for entry := range bytes.SplitSeq(b, []byte{0}) {
		key, value, ok := bytes.Cut(entry, []byte("="))
		old, twice := o.Get(string(key))
		switch {
		case len(entry) == 0: // behind the last NUL, and padding
		case !ok || len(key) == 0:
			return nil, failf("%q is no KEY=VALUE", entry)
		case twice:
			o.join(string(key), old, string(value))
		default:
			o.Set(string(key), string(value))
		}
	}
	return o, nil
}

func (d *decoder) partBody(p *model.Part, b []byte, structs map[*model.Part]*Object, outer *frame) (any, error) {
	form := formatOf(p.Sub, partSelector(p, structs, d.order))
	switch {
	case form == nil:
		return Raw{Payload: bytes.Clone(b)}, nil
	case form.Parts != nil:
		return d.parts(form.Parts, b, outer)
	case form.Set != nil:
		return d.message(formatLayout(form), b, outer)
	}
	return decodeStruct(formStruct(form), b, d.order)
}

// withMessageType returns o with the part that is the type of the message, if
// there is one, in front.
func withMessageType(m *model.Message, id uint16, o *Object) *Object {
	if m == nil {
		return o
	}
	i := slices.IndexFunc(m.Parts, func(p *model.Part) bool { return p.Type == model.PartMessageType })
	if i < 0 {
		return o
	}
	front := Member{m.Parts[i].Name, uint64(id)}
	if e := m.Parts[i].Enum; e != nil {
		front.Value = enumValue(scalar{typ: model.TypeU16, enum: e}, uint64(id))
	}
	return &Object{members: append([]Member{front}, o.members...)}
}
