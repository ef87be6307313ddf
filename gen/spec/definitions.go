package spec

import "github.com/nlgen/nlgen/gen/tree"

// definitionRules lists the properties that only some kinds of definitions
// have.
var definitionRules = []tree.Rule[DefinitionType]{
	{Key: "value", Kinds: []DefinitionType{DefConst}},
	{Key: "value-start", Kinds: []DefinitionType{DefEnum, DefFlags}},
	{Key: "entries", Kinds: []DefinitionType{DefEnum, DefFlags}},
	{Key: "render-max", Kinds: []DefinitionType{DefEnum, DefFlags}},
	{Key: "enum-cnt-name", Kinds: []DefinitionType{DefEnum, DefFlags}},
	{Key: "members", Kinds: []DefinitionType{DefStruct}},
	{Key: keyLayout, Kinds: []DefinitionType{DefStruct}},
}

// definitionNeeds names the property a definition is made of.
var definitionNeeds = map[DefinitionType]string{
	DefConst: "value", DefEnum: "entries", DefFlags: "entries", DefStruct: "members",
}

func definition(c tree.Cursor) *Definition {
	m := c.Map()
	def := &Definition{
		Pos:         c.Node.Pos,
		Name:        tree.Value(m, "name", tree.Name),
		Type:        tree.Value(m, "type", tree.Choice(DefConst, DefEnum, DefFlags, DefStruct)),
		Doc:         tree.Value(m, "doc", tree.Text),
		Header:      tree.Value(m, "header", tree.Name),
		Scope:       tree.Value(m, "scope", tree.Choice(ScopeUAPI, ScopeKernel, ScopeUser)),
		NamePrefix:  tree.Value(m, "name-prefix", tree.Text),
		EnumName:    tree.Value(m, "enum-name", tree.TextOrNull),
		GoName:      tree.Value(m, keyGoName, tree.Name),
		CName:       tree.Value(m, keyCName, tree.TextOrNull),
		Value:       tree.Value(m, "value", literal),
		ValueStart:  tree.Value(m, "value-start", number),
		Entries:     tree.List(m, "entries", entry),
		RenderMax:   tree.Value(m, "render-max", tree.Bool),
		EnumCntName: tree.Value(m, "enum-cnt-name", tree.Name),
		Members:     tree.List(m, "members", member),
		Layout:      tree.Value(m, keyLayout, tree.Choice(Packed, Natural)),
	}
	tree.Restrict(m, def.Type, definitionRules)
	m.Done("name", "type")
	if def.Type.Set {
		m.Require(definitionNeeds[def.Type.Value])
	}
	return def
}

// entry reads an entry of an enum or of flags, which may be just its name.
func entry(c tree.Cursor) *Entry {
	if c.Node.Kind == tree.Scalar {
		return &Entry{Pos: c.Node.Pos, Name: tree.Parse(c, tree.Name)}
	}
	m := c.Map()
	defer m.Done("name")
	return &Entry{
		Pos:    c.Node.Pos,
		Name:   tree.Value(m, "name", tree.Name),
		Value:  tree.Value(m, "value", tree.Integer),
		Doc:    tree.Value(m, "doc", tree.Text),
		GoName: tree.Value(m, keyGoName, tree.Name),
		CName:  tree.Value(m, keyCName, tree.TextOrNull),
	}
}

var fixedIntegers = []AttrType{TypeU8, TypeU16, TypeU32, TypeU64, TypeS8, TypeS16, TypeS32, TypeS64}

// memberRules lists the properties that only some types of members have.
var memberRules = []tree.Rule[AttrType]{
	{Key: "len", Kinds: []AttrType{TypeString, TypeBinary, TypePad}},
	{Key: "byte-order", Kinds: with(fixedIntegers, TypeBinary)},
	{Key: "enum", Kinds: fixedIntegers},
	{Key: "enum-as-flags", Kinds: fixedIntegers},
	{Key: "display-hint", Kinds: with(fixedIntegers, TypeBinary)},
	{Key: "struct", Kinds: []AttrType{TypeBinary}},
}

func member(c tree.Cursor) *Member {
	m := c.Map()
	member := &Member{
		Pos:         c.Node.Pos,
		Name:        tree.Value(m, "name", tree.Name),
		Type:        tree.Value(m, "type", tree.Choice(with(fixedIntegers, TypeString, TypeBinary, TypePad)...)),
		Len:         tree.Value(m, "len", length),
		ByteOrder:   tree.Value(m, "byte-order", byteOrder),
		Doc:         tree.Value(m, "doc", tree.Text),
		Enum:        tree.Value(m, "enum", tree.Name),
		EnumAsFlags: tree.Value(m, "enum-as-flags", tree.Bool),
		DisplayHint: tree.Value(m, "display-hint", displayHint),
		Struct:      tree.Value(m, "struct", tree.Name),
		Count:       tree.Value(m, keyCount, count),
		GoName:      tree.Value(m, keyGoName, tree.Name),
		CName:       tree.Value(m, keyCName, tree.TextOrNull),
	}
	tree.Restrict(m, member.Type, memberRules)
	m.Done("name", "type")
	memberSize(c, member)
	return member
}

// memberSize reports a member whose size nothing gives, or two things.
func memberSize(c tree.Cursor, m *Member) {
	hasLen, hasStruct := c.Node.Get("len") != nil, c.Node.Get("struct") != nil
	switch m.Type.Value {
	case TypeBinary:
		if !hasLen && !hasStruct && !m.Count.Value.Flexible {
			c.Errorf(`a binary member needs "len" or "struct"`)
		}
		if hasLen && hasStruct {
			c.At("len", c.Node.Get("len")).Errorf(`"len" beside "struct"; the struct gives the length`)
		}
	case TypeString, TypePad:
		if !hasLen {
			c.Errorf(`a %s member needs "len"`, m.Type.Value)
		}
	}
}
