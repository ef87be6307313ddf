package spec

import "github.com/nlgen/nlgen/gen/tree"

func subMessage(c tree.Cursor) *SubMessage {
	m := c.Map()
	defer m.Done("name", "formats")
	return &SubMessage{
		Pos:     c.Node.Pos,
		Name:    tree.Value(m, "name", tree.Name),
		Doc:     tree.Value(m, "doc", tree.Text),
		GoName:  tree.Value(m, keyGoName, tree.Name),
		Formats: tree.List(m, "formats", format),
	}
}

func format(c tree.Cursor) *Format {
	m := c.Map()
	defer m.Done("value")
	return &Format{
		Pos:          c.Node.Pos,
		Value:        tree.Value(m, "value", tree.Name),
		Doc:          tree.Value(m, "doc", tree.Text),
		FixedHeader:  tree.Value(m, "fixed-header", tree.Name),
		AttributeSet: tree.Value(m, "attribute-set", tree.Name),
		GoName:       tree.Value(m, keyGoName, tree.Name),
		Payload:      tree.List(m, keyPayload, part),
	}
}
