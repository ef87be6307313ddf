package resolve

import (
	"maps"
	"slices"

	"github.com/nlgen/nlgen/gen/diag"
	"github.com/nlgen/nlgen/gen/model"
	"github.com/nlgen/nlgen/gen/spec"
)

// maxAttrID is the greatest id: two bits of the field are flags.
const maxAttrID = 1<<14 - 1

// setNode is an attribute set on its way through resolution.
type setNode struct {
	*model.AttrSet
	def    *spec.AttributeSet
	path   string
	mark   visit
	byName map[string]*model.Attr
}

// attrSource is what the spec says of an attribute; for one in a subset,
// together with what the parent says.
type attrSource struct {
	*spec.Attribute
	path string
}

// attributeSets numbers the attributes of every set and merges subsets with
// their parents.
func (r *resolver) attributeSets() {
	var nodes []*setNode
	for _, def := range r.spec.AttributeSets {
		path := "attribute-sets/" + def.Name.Value
		n := &setNode{
			AttrSet: &model.AttrSet{
				Name: def.Name.Value, Doc: def.Doc.Value, Pos: def.Pos,
				GoName: r.goName(def.GoName, def.Name, path), Header: def.Header.Value,
			},
			def: def, path: path, byName: map[string]*model.Attr{},
		}
		if unique(r, r.sets, def.Name, path, "attribute set", n) {
			nodes = append(nodes, n)
			r.fam.Sets = append(r.fam.Sets, n.AttrSet)
		}
	}
	for _, n := range nodes {
		r.number(n)
	}
}

// number fills in the attributes of a set, those of its parent first. It
// reports false for a subset of itself.
func (r *resolver) number(n *setNode) bool {
	if n.mark != unvisited {
		return n.mark == visited
	}
	n.mark = visiting
	if n.def.SubsetOf.Set {
		r.subset(n)
	} else {
		r.rootSet(n)
	}
	n.mark = visited
	return true
}

func (r *resolver) rootSet(n *setNode) {
	prefix := r.attrPrefix(n.def)
	n.CName = n.def.CName.Or(n.def.EnumName.Value)
	n.CMax = cUpper(n.def.AttrMaxName.Or(prefix + "max"))
	n.CCount = cUpper(n.def.AttrCntName.Or("__" + prefix + "max"))
	ids := map[uint16]*model.Attr{}
	next := 1
	for _, sa := range n.def.Attributes {
		if sa.Value.Set {
			next = int(sa.Value.Value)
		}
		id := next
		next++
		path := n.path + "/attributes/" + sa.Name.Value
		if id > maxAttrID {
			r.diags.Errorf(sa.Pos, path, "the id %d is above %d", id, maxAttrID)
			continue
		}
		if !r.freeName(n, sa, path) {
			continue
		}
		a := r.newAttr(n, sa, path)
		a.ID = uint16(id)
		a.CName = sa.CName.Or(cUpper(sa.NamePrefix.Or(prefix) + a.Name))
		if other := ids[a.ID]; other != nil {
			r.diags.Errorf(sa.Pos, path, "the id %d is already that of %q at %s", a.ID, other.Name, other.Pos)
		}
		ids[a.ID] = a
	}
}

// attrPrefix is the prefix of a set's C names.
func (r *resolver) attrPrefix(def *spec.AttributeSet) string {
	prefix := r.fam.Name + "-a-"
	if def.Name.Value != r.fam.Name {
		prefix += def.Name.Value + "-"
	}
	return def.NamePrefix.Or(prefix)
}

// freeName reports whether the set has no attribute of this name yet. A second
// one that only reserves an id does no harm.
func (r *resolver) freeName(n *setNode, sa *spec.Attribute, path string) bool {
	other := n.byName[sa.Name.Value]
	if other == nil {
		return true
	}
	d := diag.Diagnostic{
		Pos: sa.Name.Pos, Path: path,
		Msg: "the name is already taken by the attribute at " + other.Pos.String(),
	}
	if reserves(wireTypes[sa.Type.Value]) || n.Subset != nil && bare(sa) {
		d.Severity, d.Hint = diag.Warning, "this one is left out"
	}
	r.diags.Add(d)
	return false
}

// reserves reports whether an attribute of the type only keeps its id from
// being used.
func reserves(t model.Type) bool { return t == model.TypePad || t == model.TypeUnused }

func (r *resolver) newAttr(n *setNode, sa *spec.Attribute, path string) *model.Attr {
	a := &model.Attr{
		Name: sa.Name.Value, Doc: sa.Doc.Value, Pos: sa.Pos, Set: n.AttrSet,
		GoName: r.goName(sa.GoName, sa.Name, path),
	}
	n.Attrs = append(n.Attrs, a)
	n.byName[a.Name] = a
	r.attrs[a] = attrSource{sa, path}
	return a
}

// subset takes the attributes of a subset from its parent.
func (r *resolver) subset(n *setNode) {
	ref := n.def.SubsetOf
	parent, ok := lookup(r, r.sets, ref, n.path+"/subset-of", "attribute set")
	if !ok {
		return
	}
	if !r.number(parent) {
		r.diags.Errorf(ref.Pos, n.path, "the set is a subset of itself")
		return
	}
	n.Subset = parent.AttrSet
	n.CName, n.CMax, n.CCount = parent.CName, parent.CMax, parent.CCount
	for _, sa := range n.def.Attributes {
		path := n.path + "/attributes/" + sa.Name.Value
		if !r.freeName(n, sa, path) {
			continue
		}
		from := parent.byName[sa.Name.Value]
		if from == nil {
			r.unknown(sa.Name, path, "attribute of the set "+parent.Name+" called", slices.Sorted(maps.Keys(parent.byName)))
			continue
		}
		a := r.newAttr(n, override(sa, r.attrs[from].Attribute), path)
		a.ID, a.CName = from.ID, from.CName
		if sa.Value.Set && sa.Value.Value != uint32(a.ID) {
			r.diags.Errorf(sa.Value.Pos, path, "the id %d is not that in the set %s, %d",
				sa.Value.Value, parent.Name, a.ID)
		}
	}
}
