package spec

// definitionRules lists the properties that only some kinds of definitions
// have.
var definitionRules = []rule[DefinitionType]{
	{"value", []DefinitionType{DefConst}},
	{"value-start", []DefinitionType{DefEnum, DefFlags}},
	{"entries", []DefinitionType{DefEnum, DefFlags}},
	{"render-max", []DefinitionType{DefEnum, DefFlags}},
	{"enum-cnt-name", []DefinitionType{DefEnum, DefFlags}},
	{"members", []DefinitionType{DefStruct}},
	{keyLayout, []DefinitionType{DefStruct}},
}

// definitionNeeds names the property a definition is made of.
var definitionNeeds = map[DefinitionType]string{
	DefConst: "value", DefEnum: "entries", DefFlags: "entries", DefStruct: "members",
}

func (d *decoder) definition(n *Node, path string) *Definition {
	m := d.mapping(n, path)
	def := &Definition{
		Pos:         n.Pos,
		Name:        val(m, "name", name),
		Type:        val(m, "type", choice(DefConst, DefEnum, DefFlags, DefStruct)),
		Doc:         val(m, "doc", text),
		Header:      val(m, "header", name),
		Scope:       val(m, "scope", choice(ScopeUAPI, ScopeKernel, ScopeUser)),
		NamePrefix:  val(m, "name-prefix", text),
		EnumName:    val(m, "enum-name", textOrNull),
		GoName:      val(m, keyGoName, name),
		CName:       val(m, keyCName, textOrNull),
		Value:       val(m, "value", literal),
		ValueStart:  val(m, "value-start", number),
		Entries:     list(m, "entries", (*decoder).entry),
		RenderMax:   val(m, "render-max", boolean),
		EnumCntName: val(m, "enum-cnt-name", name),
		Members:     list(m, "members", (*decoder).member),
		Layout:      val(m, keyLayout, choice(Packed, Natural)),
	}
	restrict(m, def.Type, definitionRules)
	m.done("name", "type")
	if def.Type.Set {
		m.require(definitionNeeds[def.Type.Value])
	}
	return def
}

// entry reads an entry of an enum or of flags, which may be just its name.
func (d *decoder) entry(n *Node, path string) *Entry {
	if n.Kind == Scalar {
		return &Entry{Pos: n.Pos, Name: parseVal(d, n, path, name)}
	}
	m := d.mapping(n, path)
	defer m.done("name")
	return &Entry{
		Pos:    n.Pos,
		Name:   val(m, "name", name),
		Value:  val(m, "value", integer),
		Doc:    val(m, "doc", text),
		GoName: val(m, keyGoName, name),
		CName:  val(m, keyCName, textOrNull),
	}
}

var fixedIntegers = []AttrType{TypeU8, TypeU16, TypeU32, TypeU64, TypeS8, TypeS16, TypeS32, TypeS64}

// memberRules lists the properties that only some types of members have.
var memberRules = []rule[AttrType]{
	{"len", []AttrType{TypeString, TypeBinary, TypePad}},
	{"byte-order", with(fixedIntegers, TypeBinary)},
	{"enum", fixedIntegers},
	{"enum-as-flags", fixedIntegers},
	{"display-hint", with(fixedIntegers, TypeBinary)},
	{"struct", []AttrType{TypeBinary}},
}

func (d *decoder) member(n *Node, path string) *Member {
	m := d.mapping(n, path)
	member := &Member{
		Pos:         n.Pos,
		Name:        val(m, "name", name),
		Type:        val(m, "type", choice(with(fixedIntegers, TypeString, TypeBinary, TypePad)...)),
		Len:         val(m, "len", length),
		ByteOrder:   val(m, "byte-order", byteOrder),
		Doc:         val(m, "doc", text),
		Enum:        val(m, "enum", name),
		EnumAsFlags: val(m, "enum-as-flags", boolean),
		DisplayHint: val(m, "display-hint", displayHint),
		Struct:      val(m, "struct", name),
		Count:       val(m, keyCount, count),
		GoName:      val(m, keyGoName, name),
		CName:       val(m, keyCName, textOrNull),
	}
	restrict(m, member.Type, memberRules)
	m.done("name", "type")
	d.memberSize(n, member, path)
	return member
}

// memberSize reports a member whose size nothing gives, or two things.
func (d *decoder) memberSize(n *Node, m *Member, path string) {
	hasLen, hasStruct := n.Get("len") != nil, n.Get("struct") != nil
	switch m.Type.Value {
	case TypeBinary:
		if !hasLen && !hasStruct && !m.Count.Value.Flexible {
			d.diags.Errorf(n.Pos, path, `a binary member needs "len" or "struct"`)
		}
		if hasLen && hasStruct {
			d.diags.Errorf(n.Get("len").Pos, path, `"len" beside "struct"; the struct gives the length`)
		}
	case TypeString, TypePad:
		if !hasLen {
			d.diags.Errorf(n.Pos, path, `a %s member needs "len"`, m.Type.Value)
		}
	}
}
