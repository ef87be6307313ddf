package resolve

import (
	"github.com/nlgen/nlgen/gen/model"
	"github.com/nlgen/nlgen/gen/naming"
	"github.com/nlgen/nlgen/gen/spec"
)

var wireTypes = map[spec.AttrType]model.Type{
	spec.TypeU8: model.TypeU8, spec.TypeU16: model.TypeU16,
	spec.TypeU32: model.TypeU32, spec.TypeU64: model.TypeU64,
	spec.TypeS8: model.TypeS8, spec.TypeS16: model.TypeS16,
	spec.TypeS32: model.TypeS32, spec.TypeS64: model.TypeS64,
	spec.TypeUint: model.TypeUint, spec.TypeSint: model.TypeSint,
	spec.TypeFlag: model.TypeFlag, spec.TypeString: model.TypeString,
	spec.TypeBinary: model.TypeBinary, spec.TypeBitfield32: model.TypeBitfield32,
	spec.TypeNest: model.TypeNest, spec.TypeIndexedArray: model.TypeIndexedArray,
	spec.TypeNestTypeValue: model.TypeChain, spec.TypeSubMessage: model.TypeSubMessage,
	spec.TypePad: model.TypePad, spec.TypeUnused: model.TypeUnused,
}

var hints = map[spec.DisplayHint]model.Hint{
	spec.HintHex: model.HintHex, spec.HintMAC: model.HintMAC, spec.HintFDDI: model.HintFDDI,
	spec.HintIPv4: model.HintIPv4, spec.HintIPv6: model.HintIPv6, spec.HintIPv4Or6: model.HintIP,
	spec.HintUUID: model.HintUUID, spec.HintSockaddr: model.HintSockaddr,
}

// attributes resolves types and references of the attributes of every set.
func (r *resolver) attributes() {
	for _, set := range r.fam.Sets {
		for _, a := range set.Attrs {
			src := r.attrs[a]
			r.attrType(a, src)
			r.attrEnum(a, src)
			r.checks(a, src)
		}
	}
}

// attrType resolves the type of an attribute with what belongs to it.
func (r *resolver) attrType(a *model.Attr, src attrSource) {
	a.Type = wireTypes[src.Type.Value]
	if a.Type != model.TypeBitfield32 { // always in host byte order
		a.BigEndian = src.ByteOrder.Value == spec.BigEndian
		a.LittleEndian = src.ByteOrder.Value == spec.LittleEndian
	}
	a.Multi = src.MultiAttr.Value
	a.Hint = hints[src.DisplayHint.Value]
	if src.Hint.Value == spec.Sockaddr {
		a.Hint = model.HintSockaddr
	}
	a.Unit = string(src.Unit.Value)
	switch {
	case src.ArrayOf != nil:
		r.records(a, src)
	case len(src.TypeValue.Value) > 0 || a.Type == model.TypeChain:
		r.chain(a, src)
	case a.Type == model.TypeNest:
		r.nested(a, src)
		r.ordering(a, src)
	case a.Type == model.TypeIndexedArray:
		r.indexedArray(a, src)
	case a.Type == model.TypeSubMessage:
		a.Sub, _ = lookup(r, r.subs, src.SubMessage, src.path+"/sub-message", "sub-message")
		r.standIn(a)
	case a.Type == model.TypeBinary && src.Struct.Set:
		a.Type = model.TypeStruct
		r.payload(a, src)
	case a.Type == model.TypeBinary && src.SubType.Set:
		a.Type = model.TypeArray
		a.Elem = r.element(src, func(t model.Type) bool { return isScalar(t) && !isAuto(t) })
	}
	if (src.Enum.Set || src.DisplayHint.Set) && src.Unit.Set {
		r.diags.Errorf(src.Unit.Pos, src.path, "a duration beside an enum or a display-hint; the value is one of them")
	}
}

// isAuto reports whether the size of a type depends on the value.
func isAuto(t model.Type) bool { return t == model.TypeUint || t == model.TypeSint }

// need reports a property that the attribute's type cannot do without.
func (r *resolver) need(present bool, src attrSource, key string) {
	if !present {
		r.diags.Errorf(src.Pos, src.path, "an attribute of type %s needs %s", src.Type.Value, key)
	}
}

// payload resolves the struct of an attribute's payload or elements.
func (r *resolver) payload(a *model.Attr, src attrSource) {
	if s, ok := lookup(r, r.structs, src.Struct, src.path+"/struct", "struct definition"); ok {
		a.Struct = s.Struct
		a.Struct.Tail = true
	}
}

// nested resolves the set inside a nest and the header in front of it.
func (r *resolver) nested(a *model.Attr, src attrSource) {
	r.need(src.NestedAttributes.Set, src, "nested-attributes")
	r.inner(a, src.NestedAttributes, src.Header, src.path)
}

// ordering makes a nest a list of attributes if their order counts.
func (r *resolver) ordering(a *model.Attr, src attrSource) {
	if !src.Ordered.Value {
		return
	}
	if src.Header.Set || a.Multi {
		r.diags.Errorf(src.Ordered.Pos, src.path, "a nest whose order counts can neither repeat nor have a header")
	}
	a.Type = model.TypeOrdered
}

func (r *resolver) inner(a *model.Attr, set, header spec.Val[string], path string) {
	var h *model.Struct
	if s, ok := lookup(r, r.structs, header, path+"/header", "struct definition"); ok {
		h = s.Struct
	}
	if n, ok := lookup(r, r.sets, set, path+"/nested-attributes", "attribute set"); ok {
		a.Nested = n.AttrSet
		a.Struct = h
		r.nestKeys = append(r.nestKeys, nestKey{n.AttrSet, h})
		r.standIn(a)
	}
}

// standIn notes in which set the sets behind an attribute stand.
func (r *resolver) standIn(a *model.Attr) {
	note := func(inner *model.AttrSet) {
		if inner != nil {
			r.parents[inner] = append(r.parents[inner], a.Set)
		}
	}
	note(a.Nested)
	if a.Sub == nil {
		return
	}
	for _, f := range a.Sub.Formats {
		note(f.Set)
		if f.Set != nil {
			r.nestKeys = append(r.nestKeys, nestKey{f.Set, f.Header})
		}
	}
}

// indexedArray resolves a nest whose attributes are the elements of a list.
func (r *resolver) indexedArray(a *model.Attr, src attrSource) {
	a.Elem = r.element(src, func(t model.Type) bool {
		return isScalar(t) || t == model.TypeNest || t == model.TypeBinary || t == model.TypeString
	})
	switch {
	case a.Elem == model.TypeNest:
		r.nested(a, src)
	case src.Struct.Set:
		a.Elem = model.TypeStruct
		r.payload(a, src)
	}
}

func isScalar(t model.Type) bool { return scalarSize(t) > 0 && t != model.TypeBitfield32 }

func (r *resolver) element(src attrSource, ok func(model.Type) bool) model.Type {
	t := wireTypes[src.SubType.Value]
	if !ok(t) {
		r.diags.Errorf(src.SubType.Pos, src.path, "%s cannot have elements of type %s", src.Type.Value, src.SubType.Value)
	}
	return t
}

// chain resolves nests whose attribute types are data. They end in attributes,
// or in a scalar if that is the attribute's own type.
func (r *resolver) chain(a *model.Attr, src attrSource) {
	r.need(len(src.TypeValue.Value) > 0, src, "type-value")
	a.Elem = a.Type
	if a.Type == model.TypeChain {
		a.Elem = model.TypeNest
		if src.SubType.Set && !src.NestedAttributes.Set {
			a.Elem = r.element(src, isScalar)
		}
	}
	a.Type = model.TypeChain
	if a.Elem == model.TypeNest {
		r.nested(a, src)
	}
	a.Chain = &model.Chain{Doc: a.Doc, Attr: a}
	seen := map[string]bool{"Value": true} // the field of what stands at the end
	for _, name := range src.TypeValue.Value {
		level := model.ChainLevel{Name: name.Value, GoName: naming.Exported(name.Value)}
		if seen[level.GoName] {
			r.diags.Errorf(name.Pos, src.path+"/type-value", "the Go name %s is already that of another level or of the end of the chain", level.GoName)
		}
		seen[level.GoName] = true
		a.Chain.Levels = append(a.Chain.Levels, level)
	}
	r.levelEnums(a.Chain.Levels, src)
}

// levelEnums resolves the enums of the attribute types of a chain.
func (r *resolver) levelEnums(levels []model.ChainLevel, src attrSource) {
	path := src.path + "/x-nlgen-type-enums"
	if n := len(src.TypeEnums.Value); n > 0 && n != len(levels) {
		r.diags.Errorf(src.TypeEnums.Value[0].Pos, path, "%d enums for the %d names of type-value", n, len(levels))
		return
	}
	for i, name := range src.TypeEnums.Value {
		e, ok := lookup(r, r.enums, name, path, "enum or flags definition")
		switch {
		case !ok:
		case e.Flags:
			r.diags.Errorf(name.Pos, path, "%q is flags, but an attribute has one type", e.Name)
		default:
			levels[i].Enum = e
			r.useEnum(e, model.TypeU16, false)
		}
	}
}

// records resolves a payload that is a row of headers with attributes behind.
func (r *resolver) records(a *model.Attr, src attrSource) {
	of := src.ArrayOf
	path := src.path + "/x-nlgen-array-of"
	a.Type = model.TypeRecords
	r.need(of.NestedAttributes.Set && of.LengthMember.Set, src, "nested-attributes and length-member in x-nlgen-array-of")
	r.inner(a, of.NestedAttributes, of.Header, path)
	if a.Struct == nil || !of.LengthMember.Set {
		return
	}
	var known []string
	for _, m := range a.Struct.Members {
		if m.Type != model.TypeU16 {
			continue
		}
		if m.Name == of.LengthMember.Value {
			a.LenOffset = m.Offset
			return
		}
		known = append(known, m.Name)
	}
	r.unknown(of.LengthMember, path+"/length-member", "u16 member of "+a.Struct.Name+" called", known)
}

// valueType is the type of the scalars an attribute holds: its own or that of
// its elements.
func valueType(a *model.Attr) model.Type {
	if a.Elem != model.TypeInvalid {
		return a.Elem
	}
	return a.Type
}

// attrEnum resolves the enum of an attribute's value.
func (r *resolver) attrEnum(a *model.Attr, src attrSource) {
	e, ok := lookup(r, r.enums, src.Enum, src.path+"/enum", "enum or flags definition")
	if !ok {
		return
	}
	t := valueType(a)
	if scalarSize(t) == 0 {
		r.diags.Warnf(src.Enum.Pos, src.path, "a %s cannot hold values of an enum", src.Type.Value)
		return
	}
	a.Enum = e
	a.AsFlags = src.EnumAsFlags.Value || e.Flags || t == model.TypeBitfield32
	r.useEnum(e, t, a.AsFlags)
}
