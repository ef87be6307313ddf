package spec

// The keys of the extensions.
const (
	keyPackage      = "x-nlgen-package"
	keyGoName       = "x-nlgen-go-name"
	keyCName        = "x-nlgen-c-name"
	keyLayout       = "x-nlgen-layout"
	keyCount        = "x-nlgen-count"
	keyUnit         = "x-nlgen-unit"
	keyHeader       = "x-nlgen-header"
	keyArrayOf      = "x-nlgen-array-of"
	keyHint         = "x-nlgen-hint"
	keyRequestFlags = "x-nlgen-request-flags"
	keyAck          = "x-nlgen-ack"
	keyKey          = "x-nlgen-key"
	keyMerge        = "x-nlgen-merge"
)

func (d *decoder) arrayOf(n *Node, path string) *ArrayOf {
	m := d.mapping(n, path)
	defer m.done("header")
	return &ArrayOf{
		Pos:              n.Pos,
		Doc:              val(m, "doc", text),
		Header:           val(m, "header", name),
		LengthMember:     val(m, "length-member", name),
		NestedAttributes: val(m, "nested-attributes", name),
	}
}

// merge reads the merge rule of an operation, which must have a key.
func (d *decoder) merge(n *Node, path string) *Merge {
	m := d.mapping(n, path)
	defer m.done("key")
	r := d.mergeRule(m)
	return &r
}

func (d *decoder) mergeRule(m *mapping) Merge {
	return Merge{
		Pos:   m.node.Pos,
		Doc:   val(m, "doc", text),
		Key:   vals(m, "key", name),
		Lists: d.mergeLists(m.get("lists"), join(m.path, "lists")),
	}
}

// mergeLists reads a mapping from the names of lists to their rules.
func (d *decoder) mergeLists(n *Node, path string) []*MergeList {
	if n == nil {
		return nil
	}
	var out []*MergeList
	for _, f := range d.mapping(n, path).node.Fields {
		m := d.mapping(f.Value, join(path, f.Key.Value))
		out = append(out, &MergeList{
			Name:  parseVal(d, f.Key, m.path, name),
			Merge: d.mergeRule(m),
		})
		m.done()
	}
	return out
}
