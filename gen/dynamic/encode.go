package dynamic

import (
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/nlgen/nlgen/gen/model"
)

// Flag bits of an attribute's type (NLA_F_* in include/uapi/linux/netlink.h).
const (
	flagNested    = 0x8000
	flagByteOrder = 0x4000
	typeMask      = 0x3fff
)

const attrHeaderSize = 4

// An encoder appends a message to a buffer that starts with it.
type encoder struct {
	order byteOrder
	buf   []byte
}

func (e *encoder) align() {
	for len(e.buf)%4 != 0 {
		e.buf = append(e.buf, 0)
	}
}

// attr appends an attribute, with what write appends as its payload.
func (e *encoder) attr(id uint16, write func() error) error {
	start := len(e.buf)
	e.buf = e.order.AppendUint16(e.buf, 0)
	e.buf = e.order.AppendUint16(e.buf, id)
	if err := write(); err != nil {
		return err
	}
	n := len(e.buf) - start
	if n > math.MaxUint16 {
		return failf("%d bytes, an attribute can have %d", n, math.MaxUint16)
	}
	e.order.PutUint16(e.buf[start:], uint16(n))
	e.align()
	return nil
}

func (e *encoder) bytesAttr(id uint16, payload []byte) error {
	return e.attr(id, func() error {
		e.buf = append(e.buf, payload...)
		return nil
	})
}

// message appends a fixed header and attributes.
func (e *encoder) message(l layout, o *Object, outer *frame) error {
	if o == nil {
		o = new(Object)
	}
	if l.parts != nil {
		return e.parts(l.parts, o, outer)
	}
	if err := knownNames(l, o); err != nil {
		return err
	}
	o, err := withSelectors(l, o)
	if err != nil {
		return err
	}
	f, err := newFrame(l, o, outer, func(a *model.Attr) (any, bool) { return o.Get(a.Name) })
	if err != nil {
		return err
	}
	if err := e.header(l, o); err != nil {
		return err
	}
	for _, a := range l.attrs() {
		if v, ok := o.Get(a.Name); ok {
			if err := e.known(a, v, f); err != nil {
				return at(a.Name, err)
			}
		}
	}
	for _, m := range o.members {
		if typ, ok := unknownType(m.Name); ok && l.byName(m.Name) == nil {
			if err := e.unknown(typ, m.Value, f); err != nil {
				return at(m.Name, err)
			}
		}
	}
	return nil
}

// knownNames fails if o has a member that l has no place for.
func knownNames(l layout, o *Object) error {
	names := memberNames(l.header)
	if l.header != nil {
		names[l.headerKey()] = true
	}
	for _, a := range l.attrs() {
		names[a.Name] = true
	}
	for _, m := range o.members {
		if _, unknown := unknownType(m.Name); !names[m.Name] && !unknown {
			return unknownName("attribute", m.Name, sorted(names))
		}
	}
	return nil
}

func sorted(names map[string]bool) []string { return slices.Sorted(maps.Keys(names)) }

// header appends the fixed header: of each member the value under the header's
// key, or else beside the attributes.
func (e *encoder) header(l layout, o *Object) error {
	if l.header == nil {
		return nil
	}
	key := l.headerKey()
	members := new(Object)
	if v, ok := o.Get(key); ok {
		given, ok := v.(*Object)
		if !ok {
			return at(key, failf("%s, want an object", describe(v)))
		}
		if err := knownMembers(l.header, given); err != nil {
			return at(key, err)
		}
		members.members = slices.Clone(given.members)
	}
	for name := range memberNames(l.header) {
		v, ok := o.Get(name)
		if !ok || l.byName(name) != nil {
			continue
		}
		if members.index(name) >= 0 {
			return at(name, failf("given twice, here and in %s", key))
		}
		members.Set(name, v)
	}
	b, err := appendStruct(e.buf, l.header, members, e.order)
	if err != nil {
		return err
	}
	e.buf = b
	e.align()
	return nil
}

// known appends an attribute of the spec, once for each element of a list if
// the attribute may be repeated.
func (e *encoder) known(a *model.Attr, v any, f *frame) error {
	if !a.Multi && a.Type != model.TypeChain {
		return e.once(a, v, f)
	}
	list, ok := v.([]any)
	if !ok {
		return e.once(a, v, f)
	}
	return each(list, func(_ int, v any) error { return e.once(a, v, f) })
}

func each(list []any, do func(i int, v any) error) error {
	for i, v := range list {
		if err := do(i, v); err != nil {
			return atIndex(i, err)
		}
	}
	return nil
}

func (e *encoder) once(a *model.Attr, v any, f *frame) error {
	switch a.Type {
	case model.TypeFlag:
		return e.flag(a, v)
	case model.TypeNest:
		return e.attr(a.ID|flagNested, func() error { return e.nest(a, v, f) })
	case model.TypeOrdered:
		return e.attr(a.ID|flagNested, func() error { return e.ordered(a, v, f) })
	case model.TypeIndexedArray:
		return e.attr(a.ID|flagNested, func() error { return e.indexed(a, v, f) })
	case model.TypeChain:
		return e.attr(a.ID|flagNested, func() error { return e.chain(a, v, f) })
	case model.TypeSubMessage:
		return e.body(a, v, f)
	}
	return e.attr(a.ID, func() error { return e.payload(a, v, f) })
}

func (e *encoder) payload(a *model.Attr, v any, f *frame) error {
	switch a.Type {
	case model.TypeBitfield32:
		return e.bitfield(a, v)
	case model.TypeArray:
		return e.array(a, v)
	case model.TypeRecords:
		return e.records(a, v, f)
	}
	return e.element(a, a.Type, v)
}

// element appends a value that can also be the element of an array: a scalar, a
// string, a struct or bytes.
func (e *encoder) element(a *model.Attr, typ model.Type, v any) error {
	switch {
	case isScalar(typ):
		return e.scalar(a, typ, v)
	case typ == model.TypeString:
		return e.text(a, v)
	case typ == model.TypeStruct:
		return e.structure(a, v)
	}
	b, err := parseBytes(a.Hint, v, e.order)
	if err != nil {
		return err
	}
	e.buf = append(e.buf, b...)
	return checkLen(&a.Checks, len(b))
}

func (e *encoder) scalar(a *model.Attr, typ model.Type, v any) error {
	s := attrScalar(a, typ)
	bits, err := s.encode(v, e.order)
	if err != nil {
		return err
	}
	e.buf = s.append(e.buf, e.order, bits)
	return s.check(&a.Checks, bits)
}

func (e *encoder) flag(a *model.Attr, v any) error {
	switch v {
	case true, "", "true":
		return e.bytesAttr(a.ID, nil)
	case false, "false":
		if a.Multi { // being there is all that a flag says
			return e.bytesAttr(a.ID, []byte{0})
		}
		return nil
	}
	return failf("%s, want true or false", describe(v))
}

func (e *encoder) text(a *model.Attr, v any) error {
	var s string
	switch v := v.(type) {
	case string:
		s = v
	case json.Number:
		s = v.String()
	default:
		return failf("%s, want a string", describe(v))
	}
	if err := checkText(s); err != nil {
		return err
	}
	e.buf = append(append(e.buf, s...), 0)
	return checkLen(&a.Checks, len(s))
}

func checkText(s string) error {
	if strings.Contains(s, "\x00") {
		return failf("%q has a NUL byte inside", s)
	}
	return nil
}

func (e *encoder) bitfield(a *model.Attr, v any) error {
	o, ok := v.(*Object)
	if !ok {
		return failf("%s, want an object of value and selector", describe(v))
	}
	for _, m := range o.members {
		if m.Name != "value" && m.Name != "selector" {
			return unknownName("member", m.Name, []string{"value", "selector"})
		}
	}
	for _, name := range []string{"value", "selector"} {
		v, ok := o.Get(name)
		if !ok {
			return failf("%s is missing", name)
		}
		if err := e.scalar(a, model.TypeBitfield32, v); err != nil {
			return at(name, err)
		}
	}
	return nil
}

func (e *encoder) structure(a *model.Attr, v any) error {
	start := len(e.buf)
	o, ok := v.(*Object)
	if !ok {
		return e.element(a, model.TypeBinary, v)
	}
	b, err := appendStruct(e.buf, a.Struct, o, e.order)
	if err != nil {
		return err
	}
	e.buf = b
	if a.Type == model.TypeIndexedArray {
		return nil // the limits are not those of elements
	}
	return checkLen(&a.Checks, len(b)-start)
}

// array appends the elements of a C array.
func (e *encoder) array(a *model.Attr, v any) error {
	list, err := asList(v)
	if err != nil {
		return err
	}
	start := len(e.buf)
	err = each(list, func(_ int, v any) error { return e.scalar(a, a.Elem, v) })
	if err != nil {
		return err
	}
	return checkLen(&a.Checks, len(e.buf)-start)
}

func asList(v any) ([]any, error) {
	list, ok := v.([]any)
	if !ok {
		return nil, failf("%s, want a list", describe(v))
	}
	return list, nil
}

func (e *encoder) nest(a *model.Attr, v any, f *frame) error {
	o, ok := v.(*Object)
	if !ok {
		return failf("%s, want an object", describe(v))
	}
	return e.message(nestLayout(a), o, f)
}

// indexed appends the elements of an indexed array. An element that is an
// object with an index as its only member has that index, any other its place
// in the list, from 1.
func (e *encoder) indexed(a *model.Attr, v any, f *frame) error {
	list, err := asList(v)
	if err != nil {
		return err
	}
	return each(list, func(i int, v any) error {
		if a.Elem != model.TypeNest {
			return e.attr(uint16(i+1)&typeMask, func() error { return e.element(a, a.Elem, v) })
		}
		index, elem := indexOf(i, v)
		return e.attr(index|flagNested, func() error { return e.nest(a, elem, f) })
	})
}

func indexOf(i int, v any) (uint16, any) {
	if o, ok := v.(*Object); ok && o.Len() == 1 {
		m := o.members[0]
		if n, err := strconv.ParseUint(m.Name, 10, 14); err == nil {
			return uint16(n), m.Value
		}
	}
	return uint16(i+1) & typeMask, v
}

// chainValue is the name of the value of a chain that ends in a scalar.
const chainValue = "value"

// chain appends nests whose types are the values of the levels, and in the
// innermost one the attributes or the scalar.
func (e *encoder) chain(a *model.Attr, v any, f *frame) error {
	o, ok := v.(*Object)
	if !ok {
		return failf("%s, want an object", describe(v))
	}
	leaf := &Object{members: slices.Clone(o.members)}
	levels := make([]uint16, 0, len(a.Chain.Levels))
	for _, l := range a.Chain.Levels {
		i := leaf.index(l.Name)
		if i < 0 {
			return failf("%s is missing", l.Name)
		}
		bits, err := levelScalar(l).encode(leaf.members[i].Value, e.order)
		if err == nil && bits > typeMask {
			err = failf("%d is above the maximum %d", bits, typeMask)
		}
		if err != nil {
			return at(l.Name, err)
		}
		levels = append(levels, uint16(bits))
		leaf.members = slices.Delete(leaf.members, i, i+1)
	}
	return e.levels(a, levels, leaf, f)
}

func (e *encoder) levels(a *model.Attr, levels []uint16, leaf *Object, f *frame) error {
	id, rest := levels[0], levels[1:]
	switch {
	case len(rest) > 0:
		return e.attr(id|flagNested, func() error { return e.levels(a, rest, leaf, f) })
	case a.Nested != nil:
		return e.attr(id|flagNested, func() error { return e.nest(a, leaf, f) })
	}
	v, ok := leaf.Get(chainValue)
	switch {
	case !ok:
		return failf("%s is missing", chainValue)
	case leaf.Len() > 1:
		return failf("more than the levels and %s", chainValue)
	}
	return e.attr(id, func() error { return at(chainValue, e.element(a, a.Elem, v)) })
}

// records appends structs that are followed by attributes, each with its length
// in the struct.
func (e *encoder) records(a *model.Attr, v any, f *frame) error {
	list, err := asList(v)
	if err != nil {
		return err
	}
	return each(list, func(_ int, v any) error {
		start := len(e.buf)
		if err := e.nest(a, v, f); err != nil {
			return err
		}
		n := len(e.buf) - start
		if n > math.MaxUint16 {
			return failf("%d bytes, a record can have %d", n, math.MaxUint16)
		}
		e.order.PutUint16(e.buf[start+a.LenOffset:], uint16(n))
		e.align()
		return nil
	})
}

// ordered appends the attributes of a list of objects with one of them each.
func (e *encoder) ordered(a *model.Attr, v any, f *frame) error {
	list, err := asList(v)
	if err != nil {
		return err
	}
	return each(list, func(_ int, v any) error {
		if o, ok := v.(*Object); ok && o.Len() != 1 {
			return failf("an object with %d attributes, want 1", o.Len())
		}
		return e.nest(a, v, f)
	})
}

// body appends a sub-message in the form that its selector names.
func (e *encoder) body(a *model.Attr, v any, f *frame) error {
	selector := f.selector(a)
	form := formatOf(a.Sub, selector)
	if form == nil {
		return e.unknownBody(a, v, selector, f)
	}
	o, ok := v.(*Object)
	switch {
	case !ok:
		return failf("%s, want an object", describe(v))
	case form.Parts != nil:
		return e.attr(a.ID, func() error { return e.parts(form.Parts, o, f) })
	case form.Set != nil:
		return e.attr(a.ID|flagNested, func() error { return e.message(formatLayout(form), o, f) })
	}
	return e.attr(a.ID, func() (err error) {
		e.buf, err = appendStruct(e.buf, formStruct(form), o, e.order)
		return err
	})
}

// unknownBody appends a sub-message whose form is not known: hex, or unknown
// attributes.
func (e *encoder) unknownBody(a *model.Attr, v any, selector string, f *frame) error {
	switch v := v.(type) {
	case Raw:
		id := a.ID
		if v.Nested {
			id |= flagNested
		}
		return e.bytesAttr(id, v.Payload)
	case *Object:
		if !onlyUnknown(v) {
			return noForm(a, selector)
		}
		return e.attr(a.ID|flagNested, func() error { return e.message(layout{}, v, f) })
	}
	b, err := parseBytes(model.HintNone, v, e.order)
	if err != nil {
		return err
	}
	return e.bytesAttr(a.ID, b)
}

// formStruct is the struct that is all of a form without attributes.
func formStruct(form *model.Format) *model.Struct {
	if form.Header != nil {
		return form.Header
	}
	return new(model.Struct)
}

func onlyUnknown(o *Object) bool {
	return !slices.ContainsFunc(o.members, func(m Member) bool {
		_, unknown := unknownType(m.Name)
		return !unknown
	})
}

func noForm(a *model.Attr, selector string) error {
	e := &Error{Hint: "give the body as hex"}
	if selector == "" {
		e.Msg = a.SelectorName + ", which says what this is, is missing"
		e.Hint = ""
	} else {
		e.Msg = fmt.Sprintf("%s has no form for %s %q", a.Sub.Name, a.SelectorName, selector)
	}
	return e
}

// withSelectors adds to o the selectors of sub-messages that are left out and
// follow from the bodies.
func withSelectors(l layout, o *Object) (*Object, error) {
	for _, a := range l.attrs() {
		body, ok := o.Get(a.Name)
		if list, isList := body.([]any); isList && len(list) > 0 {
			body = list[0]
		}
		members, isObject := body.(*Object)
		if a.Type != model.TypeSubMessage || a.Selector == nil || !ok || !isObject {
			continue
		}
		if _, given := o.Get(a.SelectorName); given || onlyUnknown(members) && members.Len() > 0 {
			continue
		}
		value, err := fittingForm(a, members)
		if err != nil {
			return nil, at(a.Name, err)
		}
		o = o.with(a.SelectorName, value)
	}
	return o, nil
}

// fittingForm returns the selector of the only form that has all members of a
// body.
func fittingForm(a *model.Attr, body *Object) (string, error) {
	var fits []string
	for _, form := range a.Sub.Formats {
		if knownNames(formatLayout(form), body) == nil {
			fits = append(fits, form.Value)
		}
	}
	switch len(fits) {
	case 1:
		return fits[0], nil
	case 0:
		return "", failf("%s is left out and no form has all of these attributes", a.SelectorName)
	}
	return "", &Error{
		Msg:  fmt.Sprintf("%s is left out and several forms fit: %s", a.SelectorName, strings.Join(fits, ", ")),
		Hint: "give " + a.SelectorName,
	}
}

// unknown appends an attribute that the spec does not know.
func (e *encoder) unknown(typ uint16, v any, f *frame) error {
	switch v := v.(type) {
	case []any:
		return each(v, func(_ int, v any) error { return e.unknown(typ, v, f) })
	case *Object:
		return e.attr(typ|flagNested, func() error { return e.message(layout{}, v, f) })
	}
	b, err := parseBytes(model.HintNone, v, e.order)
	if err != nil {
		return err
	}
	return e.bytesAttr(typ, b)
}

// Names of unknown attributes.
const (
	unknownPrefix = "UnknownAttr("
	unknownSuffix = ")"
)

// unknownKey returns the name of an attribute that the spec does not know.
func unknownKey(typ uint16) string {
	if typ&^typeMask != 0 {
		return fmt.Sprintf("%s%#x%s", unknownPrefix, typ, unknownSuffix)
	}
	return fmt.Sprintf("%s%d%s", unknownPrefix, typ, unknownSuffix)
}

// unknownType returns the type that unknownKey made a name of.
func unknownType(name string) (uint16, bool) {
	name, prefixed := strings.CutPrefix(name, unknownPrefix)
	name, closed := strings.CutSuffix(name, unknownSuffix)
	typ, err := strconv.ParseUint(name, 0, 16)
	return uint16(typ), prefixed && closed && err == nil
}
