package spec

import (
	"slices"

	"github.com/nlgen/nlgen/gen/diag"
	"github.com/nlgen/nlgen/gen/tree"
)

func attributeSet(c tree.Cursor) *AttributeSet {
	m := c.Map()
	required := []string{"name", "type"}
	if c.Node.Get("subset-of") != nil {
		required = []string{"name"} // the rest comes from the parent set
	}
	set := &AttributeSet{
		Pos:         c.Node.Pos,
		Name:        tree.Value(m, "name", tree.Name),
		Doc:         tree.Value(m, "doc", tree.Text),
		NamePrefix:  tree.Value(m, "name-prefix", tree.Text),
		EnumName:    tree.Value(m, "enum-name", tree.TextOrNull),
		SubsetOf:    tree.Value(m, "subset-of", tree.Name),
		Header:      tree.Value(m, "header", tree.Name),
		AttrCntName: tree.Value(m, "attr-cnt-name", tree.Name),
		AttrMaxName: tree.Value(m, "attr-max-name", tree.Name),
		GoName:      tree.Value(m, keyGoName, tree.Name),
		CName:       tree.Value(m, keyCName, tree.TextOrNull),
		Attributes:  tree.List(m, "attributes", attribute(required)),
	}
	m.Done("name", "attributes")
	if set.SubsetOf.Set && set.NamePrefix.Set {
		c.At("name-prefix", c.Node.Get("name-prefix")).Report(diag.Diagnostic{
			Msg: "a subset has no prefix of its own", Hint: "its ids are those of " + set.SubsetOf.Value,
		})
	}
	return set
}

var (
	integers = with(fixedIntegers, TypeUint, TypeSint)

	attrType = tree.Choice(with(integers, TypeFlag, TypeString, TypeBinary, TypeNest, TypeIndexedArray,
		TypeNestTypeValue, TypeBitfield32, TypeSubMessage, TypePad, TypeUnused)...)
	byteOrder   = tree.Choice(LittleEndian, BigEndian)
	displayHint = tree.Choice(HintHex, HintMAC, HintFDDI, HintIPv4, HintIPv6, HintIPv4Or6, HintUUID, HintSockaddr)
)

// attributeRules lists the properties that only some types of attributes have.
// The kernel's specs set some of these where they have no effect, such as a
// byte order on bytes; those combinations are listed too.
var attributeRules = []tree.Rule[AttrType]{
	{Key: "type-value", Kinds: []AttrType{TypeNestTypeValue, TypeU64}},
	{Key: "byte-order", Kinds: with(integers, TypeBinary, TypeIndexedArray), Idle: true},
	{Key: "nested-attributes", Kinds: []AttrType{TypeNest, TypeIndexedArray, TypeNestTypeValue}},
	{Key: "enum", Kinds: with(integers, TypeBinary, TypeIndexedArray, TypeBitfield32, TypeNestTypeValue), Idle: true},
	{Key: "enum-as-flags", Kinds: with(integers, TypeBinary, TypeIndexedArray, TypeBitfield32, TypeNestTypeValue), Idle: true},
	{Key: "sub-type", Kinds: []AttrType{TypeBinary, TypeIndexedArray, TypeNestTypeValue}},
	{Key: "struct", Kinds: []AttrType{TypeBinary, TypeIndexedArray}},
	{Key: "sub-message", Kinds: []AttrType{TypeSubMessage}},
	{Key: "selector", Kinds: []AttrType{TypeSubMessage}},
	{Key: keyHeaderSelector, Kinds: []AttrType{TypeSubMessage}},
	{Key: "display-hint", Kinds: with(integers, TypeBinary, TypeString, TypeIndexedArray), Idle: true},
	{Key: keyUnit, Kinds: []AttrType{TypeU8, TypeU16, TypeU32, TypeS8, TypeS16, TypeS32}},
	{Key: keyHeader, Kinds: []AttrType{TypeNest}},
	{Key: keyArrayOf, Kinds: []AttrType{TypeBinary, TypeNest}},
	{Key: keyOrdered, Kinds: []AttrType{TypeNest}},
	{Key: keyTypeEnums, Kinds: []AttrType{TypeNestTypeValue}},
	{Key: keyHint, Kinds: []AttrType{TypeBinary}},
}

// attributeNeeds names the properties a type cannot do without.
var attributeNeeds = map[AttrType][]string{
	TypeIndexedArray: {"sub-type"},
	TypeSubMessage:   {"sub-message"},
}

// attribute returns a reader of attributes with the given required keys.
func attribute(required []string) func(tree.Cursor) *Attribute {
	return func(c tree.Cursor) *Attribute {
		m := c.Map()
		a := attributeShape(m)
		m.Done(required...)
		tree.Restrict(m, a.Type, attributeRules)
		for _, key := range attributeNeeds[a.Type.Value] {
			m.Require(key)
		}
		if a.Type.Value == TypeSubMessage && !a.HeaderSelector.Set {
			m.Require("selector")
		}
		if checks := c.Node.Get("checks"); checks != nil && checks.Kind == tree.Mapping {
			tree.Restrict(c.At("checks", checks).Map(), a.Type, checkRules)
		}
		return a
	}
}

func attributeShape(m *tree.Map) *Attribute {
	return &Attribute{
		Pos:              m.Node.Pos,
		Name:             tree.Value(m, "name", tree.Name),
		Type:             tree.Value(m, "type", attrType),
		Doc:              tree.Value(m, "doc", tree.Text),
		Value:            tree.Value(m, "value", tree.UpTo(maxAttributeID)),
		TypeValue:        tree.Values(m, "type-value", tree.Name),
		ByteOrder:        tree.Value(m, "byte-order", byteOrder),
		MultiAttr:        tree.Value(m, "multi-attr", tree.Bool),
		NestedAttributes: tree.Value(m, "nested-attributes", tree.Name),
		Enum:             tree.Value(m, "enum", tree.Name),
		EnumAsFlags:      tree.Value(m, "enum-as-flags", tree.Bool),
		SubType:          tree.Value(m, "sub-type", attrType),
		Struct:           tree.Value(m, "struct", tree.Name),
		SubMessage:       tree.Value(m, "sub-message", tree.Name),
		Selector:         tree.Value(m, "selector", tree.Name),
		DisplayHint:      tree.Value(m, "display-hint", displayHint),
		NamePrefix:       tree.Value(m, "name-prefix", tree.Text),
		Checks:           tree.Sub(m, "checks", checks),
		GoName:           tree.Value(m, keyGoName, tree.Name),
		CName:            tree.Value(m, keyCName, tree.TextOrNull),
		Unit:             tree.Value(m, keyUnit, tree.Choice(Nanoseconds, Microseconds, Milliseconds, Seconds)),
		Header:           tree.Value(m, keyHeader, tree.Name),
		ArrayOf:          tree.Sub(m, keyArrayOf, arrayOf),
		Ordered:          tree.Value(m, keyOrdered, tree.Bool),
		TypeEnums:        tree.Values(m, keyTypeEnums, tree.Name),
		HeaderSelector:   tree.Value(m, keyHeaderSelector, tree.Name),
		Hint:             tree.Value(m, keyHint, tree.Choice(Sockaddr)),
	}
}

// checkRules lists the checks that only some types of attributes have.
var checkRules = []tree.Rule[AttrType]{
	{Key: "flags-mask", Kinds: with(integers, TypeBitfield32), Idle: true},
	{Key: "min", Kinds: integers, Idle: true},
	{Key: "max", Kinds: integers, Idle: true},
	{Key: "min-len", Kinds: []AttrType{TypeString, TypeBinary, TypeNest, TypeIndexedArray}, Idle: true},
	{Key: "max-len", Kinds: []AttrType{TypeString, TypeBinary, TypeNest, TypeIndexedArray}, Idle: true},
	{Key: "exact-len", Kinds: []AttrType{TypeString, TypeBinary, TypeNest, TypeIndexedArray}, Idle: true},
	{Key: "unterminated-ok", Kinds: []AttrType{TypeString}, Idle: true},
}

func checks(c tree.Cursor) *Checks {
	m := c.Map()
	defer m.Done()
	return &Checks{
		Pos:            c.Node.Pos,
		Doc:            tree.Value(m, "doc", tree.Text),
		FlagsMask:      tree.Value(m, "flags-mask", tree.Name),
		Min:            tree.Value(m, "min", number),
		Max:            tree.Value(m, "max", number),
		MinLen:         tree.Value(m, "min-len", length),
		MaxLen:         tree.Value(m, "max-len", length),
		ExactLen:       tree.Value(m, "exact-len", length),
		UnterminatedOK: tree.Value(m, "unterminated-ok", tree.Bool),
	}
}

// with returns base and some more, without touching base.
func with[T any](base []T, more ...T) []T { return append(slices.Clone(base), more...) }
