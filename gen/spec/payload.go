package spec

import (
	"fmt"

	"github.com/nlgen/nlgen/gen/tree"
)

// partRules lists the properties that only some types of parts have.
var partRules = []tree.Rule[PartType]{
	{Key: "struct", Kinds: []PartType{PartStruct, PartArray}},
	{Key: "min-len", Kinds: []PartType{PartStruct}},
	{Key: "until", Kinds: []PartType{PartString}},
	{Key: "enum", Kinds: []PartType{PartMessageType}},
	{Key: "sub-message", Kinds: []PartType{PartSubMessage}},
	{Key: "selector", Kinds: []PartType{PartSubMessage}},
	{Key: "length-member", Kinds: []PartType{PartArray, PartString, PartBinary, PartSubMessage}},
}

// partNeeds names the properties a type cannot do without.
var partNeeds = map[PartType][]string{
	PartStruct:     {"struct"},
	PartArray:      {"struct"},
	PartSubMessage: {"sub-message", "selector"},
}

func part(c tree.Cursor) *Part {
	m := c.Map()
	p := &Part{
		Pos:  c.Node.Pos,
		Name: tree.Value(m, "name", tree.Name),
		Type: tree.Value(m, "type", tree.Choice(PartStruct, PartArray, PartString, PartBinary,
			PartKeyValues, PartSubMessage, PartMessageType)),
		Doc:        tree.Value(m, "doc", tree.Text),
		Struct:     tree.Value(m, "struct", tree.Name),
		MinLen:     tree.Value(m, "min-len", length),
		Until:      tree.Value(m, "until", character),
		Enum:       tree.Value(m, "enum", tree.Name),
		SubMessage: tree.Value(m, "sub-message", tree.Name),
		Selector:   tree.Values(m, "selector", tree.Name),
		Length:     tree.Value(m, "length-member", tree.Name),
		GoName:     tree.Value(m, keyGoName, tree.Name),
	}
	tree.Restrict(m, p.Type, partRules)
	m.Done("name", "type")
	for _, key := range partNeeds[p.Type.Value] {
		m.Require(key)
	}
	return p
}

// character accepts one ASCII character, or the word nul for the one numbered 0.
func character(n *tree.Node) (string, error) {
	s, err := tree.Text(n)
	switch {
	case err != nil:
		return "", err
	case s == "nul":
		return "\x00", nil
	case len(s) != 1 || s[0] >= 0x80:
		return "", fmt.Errorf("%q where one ASCII character or nul is wanted", s)
	}
	return s, nil
}
