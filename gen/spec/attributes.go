package spec

import (
	"slices"

	"github.com/nlgen/nlgen/gen/diag"
)

func (d *decoder) attributeSet(n *Node, path string) *AttributeSet {
	m := d.mapping(n, path)
	set := &AttributeSet{
		Pos:         n.Pos,
		Name:        val(m, "name", name),
		Doc:         val(m, "doc", text),
		NamePrefix:  val(m, "name-prefix", text),
		EnumName:    val(m, "enum-name", textOrNull),
		SubsetOf:    val(m, "subset-of", name),
		Header:      val(m, "header", name),
		AttrCntName: val(m, "attr-cnt-name", name),
		AttrMaxName: val(m, "attr-max-name", name),
		GoName:      val(m, keyGoName, name),
		CName:       val(m, keyCName, textOrNull),
		Attributes:  list(m, "attributes", (*decoder).attribute),
	}
	m.done("name", "attributes")
	if set.SubsetOf.Set && set.NamePrefix.Set {
		d.diags.Add(diag.Diagnostic{
			Pos: set.NamePrefix.Pos, Path: join(path, "name-prefix"),
			Msg: "a subset has no prefix of its own", Hint: "its ids are those of " + set.SubsetOf.Value,
		})
	}
	if !set.SubsetOf.Set {
		d.needTypes(n.Get("attributes"), join(path, "attributes"))
	}
	return set
}

// needTypes reports attributes without a type, which only a subset may have.
func (d *decoder) needTypes(attributes *Node, path string) {
	if attributes == nil {
		return
	}
	for i, a := range attributes.Items {
		if a.Kind == Mapping && a.Get("type") == nil {
			d.diags.Errorf(a.Pos, join(path, itemName(a, i)), `key "type" is missing`)
		}
	}
}

var (
	integers = with(fixedIntegers, TypeUint, TypeSint)

	attrType = choice(with(integers, TypeFlag, TypeString, TypeBinary, TypeNest, TypeIndexedArray,
		TypeNestTypeValue, TypeBitfield32, TypeSubMessage, TypePad, TypeUnused)...)
	byteOrder   = choice(LittleEndian, BigEndian)
	displayHint = choice(HintHex, HintMAC, HintFDDI, HintIPv4, HintIPv6, HintIPv4Or6, HintUUID, HintSockaddr)
)

// attributeRules lists the properties that only some types of attributes have.
// The kernel's specs set some of these where they have no effect, such as a
// byte order on bytes; those combinations are listed too.
var attributeRules = []rule[AttrType]{
	{"type-value", []AttrType{TypeNestTypeValue, TypeU64}},
	{"byte-order", with(integers, TypeBinary, TypeIndexedArray)},
	{"nested-attributes", []AttrType{TypeNest, TypeIndexedArray, TypeNestTypeValue}},
	{"enum", with(integers, TypeBinary, TypeIndexedArray, TypeBitfield32, TypeNestTypeValue)},
	{"enum-as-flags", with(integers, TypeBinary, TypeIndexedArray, TypeBitfield32, TypeNestTypeValue)},
	{"sub-type", []AttrType{TypeBinary, TypeIndexedArray, TypeNestTypeValue}},
	{"struct", []AttrType{TypeBinary, TypeIndexedArray}},
	{"sub-message", []AttrType{TypeSubMessage}},
	{"selector", []AttrType{TypeSubMessage}},
	{"display-hint", with(integers, TypeBinary, TypeString, TypeIndexedArray)},
	{keyUnit, []AttrType{TypeU8, TypeU16, TypeU32, TypeS8, TypeS16, TypeS32}},
	{keyHeader, []AttrType{TypeNest}},
	{keyArrayOf, []AttrType{TypeBinary, TypeNest}},
	{keyHint, []AttrType{TypeBinary}},
}

// attributeNeeds names the properties a type cannot do without.
var attributeNeeds = map[AttrType][]string{
	TypeIndexedArray: {"sub-type"},
	TypeSubMessage:   {"sub-message", "selector"},
}

func (d *decoder) attribute(n *Node, path string) *Attribute {
	m := d.mapping(n, path)
	a := &Attribute{
		Pos:              n.Pos,
		Name:             val(m, "name", name),
		Type:             val(m, "type", attrType),
		Doc:              val(m, "doc", text),
		Value:            val(m, "value", upTo(maxAttributeID)),
		TypeValue:        vals(m, "type-value", name),
		ByteOrder:        val(m, "byte-order", byteOrder),
		MultiAttr:        val(m, "multi-attr", boolean),
		NestedAttributes: val(m, "nested-attributes", name),
		Enum:             val(m, "enum", name),
		EnumAsFlags:      val(m, "enum-as-flags", boolean),
		SubType:          val(m, "sub-type", attrType),
		Struct:           val(m, "struct", name),
		SubMessage:       val(m, "sub-message", name),
		Selector:         val(m, "selector", name),
		DisplayHint:      val(m, "display-hint", displayHint),
		NamePrefix:       val(m, "name-prefix", text),
		Checks:           sub(m, "checks", (*decoder).checks),
		GoName:           val(m, keyGoName, name),
		CName:            val(m, keyCName, textOrNull),
		Unit:             val(m, keyUnit, choice(Nanoseconds, Microseconds, Milliseconds, Seconds)),
		Header:           val(m, keyHeader, name),
		ArrayOf:          sub(m, keyArrayOf, (*decoder).arrayOf),
		Hint:             val(m, keyHint, choice(Sockaddr)),
	}
	restrict(m, a.Type, attributeRules)
	m.done("name")
	for _, key := range attributeNeeds[a.Type.Value] {
		m.require(key)
	}
	d.restrictChecks(n.Get("checks"), a.Type, join(path, "checks"))
	return a
}

// checkRules lists the checks that only some types of attributes have.
var checkRules = []rule[AttrType]{
	{"flags-mask", with(integers, TypeBitfield32)},
	{"min", integers},
	{"max", integers},
	{"min-len", []AttrType{TypeString, TypeBinary, TypeNest, TypeIndexedArray}},
	{"max-len", []AttrType{TypeString, TypeBinary, TypeNest, TypeIndexedArray}},
	{"exact-len", []AttrType{TypeString, TypeBinary, TypeNest, TypeIndexedArray}},
	{"unterminated-ok", []AttrType{TypeString}},
}

func (d *decoder) checks(n *Node, path string) *Checks {
	m := d.mapping(n, path)
	defer m.done()
	return &Checks{
		Pos:            n.Pos,
		Doc:            val(m, "doc", text),
		FlagsMask:      val(m, "flags-mask", name),
		Min:            val(m, "min", number),
		Max:            val(m, "max", number),
		MinLen:         val(m, "min-len", length),
		MaxLen:         val(m, "max-len", length),
		ExactLen:       val(m, "exact-len", length),
		UnterminatedOK: val(m, "unterminated-ok", boolean),
	}
}

func (d *decoder) restrictChecks(n *Node, kind Val[AttrType], path string) {
	if n != nil && n.Kind == Mapping {
		restrict(d.mapping(n, path), kind, checkRules)
	}
}

// with returns base and some more, without touching base.
func with[T any](base []T, more ...T) []T { return append(slices.Clone(base), more...) }
