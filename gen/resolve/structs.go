package resolve

import (
	"slices"

	"github.com/nlgen/nlgen/gen/model"
	"github.com/nlgen/nlgen/gen/naming"
	"github.com/nlgen/nlgen/gen/spec"
)

// structNode is a struct on its way through layout.
type structNode struct {
	*model.Struct
	def  *spec.Definition
	path string
	mark visit
}

// visit marks the nodes of a graph walk.
type visit uint8

const (
	unvisited visit = iota
	visiting
	visited
)

// maxStruct bounds a struct: nothing longer fits an attribute.
const maxStruct = 1<<16 - 5

// structNames are what generated structs have besides their members.
var structNames = []string{"Decode", "Encode", "Tail"}

// structures resolves the struct definitions and lays them out.
func (r *resolver) structures() {
	var nodes []*structNode
	r.definitions(func(d *spec.Definition, path string) {
		s := &model.Struct{
			Name: d.Name.Value, Doc: d.Doc.Value, Pos: d.Pos,
			GoName: r.goName(d.GoName, d.Name, path),
			CName:  d.CName.Or("struct " + naming.SharedCMember(d.Name.Value)),
			Header: d.Header.Value,
		}
		n := &structNode{Struct: s, def: d, path: path}
		nodes = append(nodes, n)
		r.structs[s.Name] = n
		r.fam.Structs = append(r.fam.Structs, s)
	}, spec.DefStruct)
	for _, n := range nodes {
		r.layOut(n)
	}
}

// layOut computes the members of a struct after those of the structs in it. It
// reports false for a struct that contains itself.
func (r *resolver) layOut(n *structNode) bool {
	if n.mark != unvisited {
		return n.mark == visited
	}
	n.mark = visiting
	natural := n.def.Layout.Value == spec.Natural
	n.Align = 1
	seen := map[string]*model.Member{}
	for i, sm := range n.def.Members {
		path := n.path + "/members/" + sm.Name.Value
		m, align := r.member(n, sm, path)
		if m.Type != model.TypePad {
			unique(r, seen, sm.Name, path, "member", m)
		}
		if natural {
			n.Size = alignUp(n.Size, align)
			n.Align = max(n.Align, align)
		}
		m.Offset = n.Size
		if m.Flexible && i < len(n.def.Members)-1 {
			r.diags.Errorf(sm.Count.Pos, path, "only the last member may be flexible")
		}
		if m.Flexible && m.Len == 0 {
			r.diags.Errorf(sm.Pos, path, "elements of 0 bytes cannot be counted")
		}
		if !m.Flexible {
			n.Size += m.Len * m.Count
		}
		n.Members = append(n.Members, m)
	}
	n.Size = alignUp(n.Size, n.Align)
	if n.Size > maxStruct {
		r.diags.Errorf(n.def.Pos, n.path, "%d bytes are more than fit an attribute", n.Size)
	}
	n.mark = visited
	return true
}

// isFlexible reports whether a struct ends in a flexible array.
func isFlexible(s *model.Struct) bool {
	return len(s.Members) > 0 && s.Members[len(s.Members)-1].Flexible
}

func alignUp(n, align int) int { return (n + align - 1) / align * align }

// member resolves one member and returns it with its natural alignment.
func (r *resolver) member(n *structNode, sm *spec.Member, path string) (*model.Member, int) {
	m := &model.Member{
		Name: sm.Name.Value, Doc: sm.Doc.Value, Pos: sm.Pos,
		Type:         wireTypes[sm.Type.Value],
		BigEndian:    sm.ByteOrder.Value == spec.BigEndian,
		LittleEndian: sm.ByteOrder.Value == spec.LittleEndian,
		Hint:         hints[sm.DisplayHint.Value],
		CName:        sm.CName.Or(naming.SharedCMember(sm.Name.Value)),
		AsFlags:      sm.EnumAsFlags.Value,
		Count:        max(int(sm.Count.Value.N), 1),
		Flexible:     sm.Count.Value.Flexible,
	}
	if m.Type != model.TypePad {
		m.GoName = r.goName(sm.GoName, sm.Name, path)
		if !sm.GoName.Set && slices.Contains(structNames, m.GoName) {
			m.GoName += "Member"
		}
	}
	align := 1
	switch size := scalarSize(m.Type); {
	case size > 0:
		m.Len, align = size, size
	case sm.Struct.Set:
		m.Type, align = model.TypeStruct, r.embed(n, m, sm, path)
	case m.Flexible && !sm.Len.Set:
		m.Len = 1
	default:
		m.Len = r.small(sm.Len, path+"/len", maxStruct)
	}
	if e, ok := lookup(r, r.enums, sm.Enum, path+"/enum", "enum or flags definition"); ok {
		m.Enum = e
		m.AsFlags = m.AsFlags || e.Flags
		r.useEnum(e, m.Type, m.AsFlags)
	}
	return m, align
}

// embed resolves a member that is a struct and returns its alignment.
func (r *resolver) embed(n *structNode, m *model.Member, sm *spec.Member, path string) int {
	inner, ok := lookup(r, r.structs, sm.Struct, path+"/struct", "struct definition")
	if !ok {
		return 1
	}
	if !r.layOut(inner) {
		r.diags.Errorf(sm.Struct.Pos, path, "the struct %q contains itself", n.Name)
		return 1
	}
	if isFlexible(inner.Struct) {
		r.diags.Errorf(sm.Struct.Pos, path, "the struct %q ends in a flexible array, so no other can hold it", inner.Name)
	}
	m.Struct, m.Len = inner.Struct, inner.Size
	return inner.Align
}
