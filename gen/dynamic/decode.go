package dynamic

import (
	"bytes"

	"github.com/nlgen/nlgen/gen/model"
)

// A decoder reads the parts of a message.
type decoder struct {
	order byteOrder
}

// message reads a fixed header and attributes.
func (d *decoder) message(l layout, b []byte, outer *frame) (*Object, error) {
	if l.parts != nil {
		return d.parts(l.parts, b, outer)
	}
	o := new(Object)
	b, err := d.header(l, o, b)
	if err != nil {
		return nil, err
	}
	f, err := newFrame(l, o, outer, func(a *model.Attr) (any, bool) { return d.last(a, b) })
	if err != nil {
		return nil, err
	}
	return o, walk(b, d.order, func(typ uint16, payload []byte) error {
		if a := l.byID(typ & typeMask); a != nil {
			return at(a.Name, d.known(a, typ, payload, o, f))
		}
		d.unknown(o, typ, payload, f)
		return nil
	})
}

// last returns the value of the last attribute a in b.
func (d *decoder) last(a *model.Attr, b []byte) (v any, found bool) {
	// What is malformed is reported when its turn comes.
	_ = walk(b, d.order, func(typ uint16, payload []byte) error {
		if typ&typeMask != a.ID {
			return nil
		}
		var err error
		v, err = d.element(a, a.Type, payload)
		found = err == nil
		return err
	})
	return v, found
}

// walk calls do for each attribute in b. Fewer than four bytes at the end are
// padding.
func walk(b []byte, host byteOrder, do func(typ uint16, payload []byte) error) error {
	for len(b) >= attrHeaderSize {
		n := int(host.Uint16(b))
		typ := host.Uint16(b[2:])
		if n < attrHeaderSize || n > len(b) {
			return at(unknownKey(typ&typeMask),
				failf("attribute length %d does not fit into the %d bytes left", n, len(b)))
		}
		if err := do(typ, b[attrHeaderSize:n:n]); err != nil {
			return err
		}
		b = b[min((n+3)&^3, len(b)):]
	}
	return nil
}

// header reads the fixed header into o and returns what follows it.
func (d *decoder) header(l layout, o *Object, b []byte) ([]byte, error) {
	if l.header == nil {
		return b, nil
	}
	key := l.headerKey()
	if len(b) < l.header.Size {
		return nil, at(key, failf("%d bytes where the header takes %d", len(b), l.header.Size))
	}
	h, err := decodeStruct(l.header, b[:l.header.Size], d.order)
	if err != nil {
		return nil, at(key, err)
	}
	clashing := new(Object)
	for _, m := range h.members {
		if l.byName(m.Name) == nil {
			o.members = append(o.members, m)
		} else {
			clashing.members = append(clashing.members, m)
		}
	}
	if clashing.Len() > 0 {
		o.Set(key, clashing)
	}
	return b[min((l.header.Size+3)&^3, len(b)):], nil
}

// known reads an attribute of the spec into o.
func (d *decoder) known(a *model.Attr, typ uint16, payload []byte, o *Object, f *frame) error {
	switch {
	case a.Type == model.TypePad:
		return nil
	case !a.Wire():
		d.unknown(o, typ, payload, f)
		return nil
	case a.Type == model.TypeChain:
		return d.chains(a, payload, o, f)
	}
	v, err := d.value(a, typ, payload, f)
	switch {
	case err != nil:
		return err
	case a.Multi:
		o.add(a.Name, v)
	default:
		o.Set(a.Name, v)
	}
	return nil
}

func (d *decoder) value(a *model.Attr, typ uint16, payload []byte, f *frame) (any, error) {
	switch a.Type {
	case model.TypeFlag: // a few carry bytes against the rule, which count as a number
		return len(payload) == 0 || len(bytes.Trim(payload, "\x00")) > 0, nil
	case model.TypeNest:
		return d.nest(a, payload, f)
	case model.TypeIndexedArray:
		return d.indexed(a, payload, f)
	case model.TypeSubMessage:
		return d.body(a, typ, payload, f)
	case model.TypeBitfield32:
		return d.bitfield(a, payload)
	case model.TypeArray:
		return d.array(a, payload)
	case model.TypeRecords:
		return d.records(a, payload, f)
	case model.TypeOrdered:
		return d.ordered(a, payload, f)
	}
	return d.element(a, a.Type, payload)
}

func (d *decoder) element(a *model.Attr, typ model.Type, payload []byte) (any, error) {
	switch {
	case isScalar(typ):
		return attrScalar(a, typ).decode(payload, d.order)
	case typ == model.TypeString:
		return cString(payload), nil
	case typ == model.TypeStruct:
		return decodeStruct(a.Struct, payload, d.order)
	}
	return bytesValue(a.Hint, payload, d.order), nil
}

func (d *decoder) nest(a *model.Attr, payload []byte, f *frame) (*Object, error) {
	return d.message(nestLayout(a), payload, f)
}

func (d *decoder) indexed(a *model.Attr, payload []byte, f *frame) (any, error) {
	list := []any{}
	err := walk(payload, d.order, func(typ uint16, payload []byte) error {
		v, err := d.indexedElement(a, typ&typeMask, payload, f)
		list = append(list, v)
		return atIndex(len(list)-1, err)
	})
	return list, err
}

func (d *decoder) indexedElement(a *model.Attr, index uint16, payload []byte, f *frame) (any, error) {
	if a.Elem != model.TypeNest {
		return d.element(a, a.Elem, payload)
	}
	o, err := d.nest(a, payload, f)
	if err != nil {
		return nil, err
	}
	return new(Object).with(describe(uint64(index)), o), nil
}

func (d *decoder) bitfield(a *model.Attr, payload []byte) (any, error) {
	if len(payload) != 8 {
		return nil, failf("payload of %d bytes, want 8", len(payload))
	}
	s := attrScalar(a, model.TypeBitfield32)
	s.big, s.little = false, false
	o := new(Object)
	for i, name := range []string{"value", "selector"} {
		v, err := s.decode(payload[4*i:4*i+4], d.order)
		if err != nil {
			return nil, at(name, err)
		}
		o.Set(name, v)
	}
	return o, nil
}

func (d *decoder) array(a *model.Attr, payload []byte) (any, error) {
	s := attrScalar(a, a.Elem)
	size := sizeOf(a.Elem)
	if size == 0 || len(payload)%size != 0 {
		return nil, failf("payload of %d bytes, want a multiple of %d", len(payload), size)
	}
	list := []any{}
	for b := payload; len(b) > 0; b = b[size:] {
		v, err := s.decode(b[:size], d.order)
		if err != nil {
			return nil, atIndex(len(list), err)
		}
		list = append(list, v)
	}
	return list, nil
}

// chains reads the chains of a payload into o, where there may be some already.
func (d *decoder) chains(a *model.Attr, payload []byte, o *Object, f *frame) error {
	return walk(payload, d.order, func(typ uint16, payload []byte) error {
		chain := new(Object)
		if err := d.chain(a, a.Chain.Levels, typ, payload, chain, f); err != nil {
			return err
		}
		switch old, ok := o.Get(a.Name); {
		case a.Multi:
			o.add(a.Name, chain)
		case !ok:
			o.Set(a.Name, chain)
		default:
			o.join(a.Name, old, chain)
		}
		return nil
	})
}

// chain reads the rest of a chain into o: typ is the value of the first level,
// payload what is in it.
func (d *decoder) chain(a *model.Attr, levels []model.ChainLevel, typ uint16, payload []byte, o *Object, f *frame) error {
	o.Set(levels[0].Name, levelScalar(levels[0]).show(uint64(typ&typeMask)))
	if len(levels) > 1 {
		done := false
		err := walk(payload, d.order, func(typ uint16, payload []byte) error {
			if done {
				return failf("more than one attribute in a level of the chain")
			}
			done = true
			return d.chain(a, levels[1:], typ, payload, o, f)
		})
		if err == nil && !done {
			err = failf("the level %s of the chain is missing", levels[1].Name)
		}
		return err
	}
	if a.Nested == nil {
		v, err := d.element(a, a.Elem, payload)
		o.Set(chainValue, v)
		return at(chainValue, err)
	}
	leaf, err := d.nest(a, payload, f)
	if err != nil {
		return err
	}
	o.members = append(o.members, leaf.members...)
	return nil
}

func (d *decoder) records(a *model.Attr, b []byte, f *frame) (any, error) {
	list := []any{}
	for len(b) > 0 {
		n := 0
		if len(b) >= a.LenOffset+2 {
			n = int(d.order.Uint16(b[a.LenOffset:]))
		}
		if n < a.LenOffset+2 || n > len(b) {
			return nil, atIndex(len(list), failf("record length %d does not fit into the %d bytes left", n, len(b)))
		}
		o, err := d.nest(a, b[:n], f)
		if err != nil {
			return nil, atIndex(len(list), err)
		}
		list = append(list, o)
		b = b[min((n+3)&^3, len(b)):]
	}
	return list, nil
}

// ordered reads attributes into a list of objects with one of them each.
func (d *decoder) ordered(a *model.Attr, b []byte, f *frame) (any, error) {
	list := []any{}
	for len(b) >= attrHeaderSize {
		n := min(max(int(d.order.Uint16(b)), attrHeaderSize), len(b)) // a wrong length fails below
		o, err := d.nest(a, b[:n], f)
		if err != nil {
			return nil, atIndex(len(list), err)
		}
		list = append(list, o)
		b = b[min((n+3)&^3, len(b)):]
	}
	return list, nil
}

// body reads a sub-message in the form that its selector names, if it is known.
func (d *decoder) body(a *model.Attr, typ uint16, payload []byte, f *frame) (any, error) {
	form := formatOf(a.Sub, f.selector(a))
	switch {
	case form == nil:
		return Raw{bytes.Clone(payload), typ&flagNested != 0}, nil
	case form.Set != nil || form.Parts != nil:
		return d.message(formatLayout(form), payload, f)
	}
	return decodeStruct(formStruct(form), payload, d.order)
}

// unknown adds an attribute that the spec does not know to o.
func (d *decoder) unknown(o *Object, typ uint16, payload []byte, f *frame) {
	var v any = Bytes(bytes.Clone(payload))
	if nest := d.unknownNest(typ, payload, f); nest != nil {
		typ, v = typ&typeMask, nest
	}
	name := unknownKey(typ)
	if old, ok := o.Get(name); ok {
		o.join(name, old, v)
	} else {
		o.Set(name, v)
	}
}

// unknownNest returns the payload of a nest as an object, nil if it is no nest
// or if the object would not give the same bytes again.
func (d *decoder) unknownNest(typ uint16, payload []byte, f *frame) *Object {
	if typ&^typeMask != flagNested {
		return nil
	}
	o, err := d.message(layout{}, payload, f)
	if err != nil {
		return nil
	}
	e := encoder{order: d.order}
	if err := e.message(layout{}, o, f); err != nil || !bytes.Equal(e.buf, payload) {
		return nil
	}
	return o
}
