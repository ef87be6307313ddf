package spec

func (d *decoder) subMessage(n *Node, path string) *SubMessage {
	m := d.mapping(n, path)
	defer m.done("name", "formats")
	return &SubMessage{
		Pos:     n.Pos,
		Name:    val(m, "name", name),
		Doc:     val(m, "doc", text),
		GoName:  val(m, keyGoName, name),
		Formats: list(m, "formats", (*decoder).format),
	}
}

func (d *decoder) format(n *Node, path string) *Format {
	m := d.mapping(n, path)
	defer m.done("value")
	return &Format{
		Pos:          n.Pos,
		Value:        val(m, "value", name),
		Doc:          val(m, "doc", text),
		FixedHeader:  val(m, "fixed-header", name),
		AttributeSet: val(m, "attribute-set", name),
		GoName:       val(m, keyGoName, name),
	}
}
