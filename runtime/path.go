package runtime

import (
	"strconv"
	"strings"
)

// A tree names the attributes of a message in wire form through a schema. It
// serves errors and the debug output; nothing on the hot path uses it.
type tree struct {
	schema *Schema
	b      []byte
	root   node
}

// A node is an attribute of a message, or an element, level or record inside one.
type node struct {
	name       string
	start, pos int // its header and its payload
	end, next  int // the ends of its payload and of its padding
	attr       Attr
	selectors  *selector // of the attributes around it, nearest first
}

// A selector is the value of an attribute that may select a sub-message.
type selector struct {
	name     string
	text     string
	number   uint64
	isNumber bool
	outer    *selector
}

// newTree returns the tree of the message b, whose fixed header of header bytes is
// at pos, followed by attributes of the set.
func newTree(s *Schema, b []byte, pos, header, set int) *tree {
	pos = min(pos, len(b))
	if s == nil {
		s = &Schema{}
	}
	root := node{pos: pos, end: len(b), next: len(b), attr: Attr{Type: TypeNest, Set: set, Skip: align4(header)}}
	return &tree{s, b, root}
}

// path returns the names of the attributes that lead to the offset, "" if none does.
func (t *tree) path(offset int) string {
	_, path := t.find(offset)
	return path
}

// find returns the innermost node whose header is at the offset, else the
// innermost that contains it.
func (t *tree) find(offset int) (node, string) {
	n := t.root
	if offset >= n.pos && offset < n.pos+n.attr.Skip {
		return n, "header"
	}
	var path []byte
	for offset != n.start || len(path) == 0 {
		child, ok := t.childAt(n, offset)
		if !ok {
			break
		}
		n = child
		path = appendName(path, n.name)
	}
	return n, string(path)
}

func (t *tree) childAt(n node, offset int) (node, bool) {
	for _, c := range t.children(n) {
		if offset >= c.start && offset < c.next {
			return c, true
		}
	}
	return node{}, false
}

// missing returns the path of the attribute id that is missing in the nest whose
// header is at the offset, or in the message itself if the offset is 0.
func (t *tree) missing(offset int, id uint16) string {
	n, path := t.root, ""
	if offset != 0 {
		n, path = t.find(offset)
	}
	_, set := t.content(n)
	return string(appendName([]byte(path), t.attr(set, id).Name))
}

// appendName appends a name to a path; indexes, in brackets, need no dot.
func appendName(path []byte, name string) []byte {
	if len(path) > 0 && !strings.HasPrefix(name, "[") {
		path = append(path, '.')
	}
	return append(path, name...)
}

// attr returns the attribute id of a set. An unknown one is named by its number.
func (t *tree) attr(set int, id uint16) Attr {
	if set < len(t.schema.Sets) {
		for _, a := range t.schema.Sets[set].Attrs {
			if a.ID == id {
				return a
			}
		}
	}
	return Attr{ID: id, Name: "#" + strconv.Itoa(int(id))}
}

// content returns where the attributes of a nest, record or sub-message start, and
// their set, 0 if there are none that the schema knows.
func (t *tree) content(n node) (pos, set int) {
	switch n.attr.Type {
	case TypeNest:
		return n.pos + n.attr.Skip, n.attr.Set
	case TypeSub:
		if f, ok := t.format(n); ok {
			return n.pos + f.Header, f.Set
		}
	}
	return n.end, 0
}

// children returns the nodes inside n.
func (t *tree) children(n node) []node {
	switch n.attr.Type {
	case TypeNest, TypeSub:
		pos, set := t.content(n)
		return t.attrs(n, pos, set)
	case TypeIndexed:
		elem := Attr{Type: TypeNest, Set: n.attr.Set, Skip: n.attr.Skip}
		if n.attr.Set == 0 {
			elem = Attr{}
		}
		return t.elements(n, elem)
	case TypeChain:
		level := n.attr
		level.Skip--
		if level.Skip <= 0 {
			level.Type, level.Skip = TypeNest, 0
		}
		nodes := t.elements(n, level)
		for i := range nodes {
			nodes[i].name = strconv.Itoa(int(nodes[i].attr.ID))
		}
		return nodes
	case TypeRecords:
		return t.records(n)
	}
	return nil
}

// attrs returns the attributes from pos to the end of n, which are of the set. One
// that occurs several times gets its index into its name.
func (t *tree) attrs(n node, pos, set int) []node {
	nodes := t.split(n, pos)
	count := make(map[uint16]int)
	for i := range nodes {
		a := t.attr(set, nodes[i].attr.ID)
		nodes[i].attr, nodes[i].name = a, a.Name
		count[a.ID]++
	}
	// A selector may follow the body that it selects.
	selectors := n.selectors
	for i := range nodes {
		if count[nodes[i].attr.ID] == 1 {
			selectors = t.selector(&nodes[i], selectors)
		}
	}
	seen := make(map[uint16]int)
	for i := range nodes {
		c := &nodes[i]
		c.selectors = selectors
		if id := c.attr.ID; count[id] > 1 {
			c.name += index(seen[id])
			seen[id]++
		}
	}
	return nodes
}

// elements returns the attributes in n, which are elements of the form elem.
func (t *tree) elements(n node, elem Attr) []node {
	nodes := t.split(n, n.pos)
	for i := range nodes {
		c := &nodes[i]
		elem.ID = c.attr.ID
		c.attr, c.name, c.selectors = elem, index(i), n.selectors
	}
	return nodes
}

// records returns the records in n, whose first two bytes are their length.
func (t *tree) records(n node) []node {
	var nodes []node
	for pos := n.pos; n.end-pos >= 2; {
		size := int(native.Uint16(t.b[pos:]))
		if size < 2 || size > n.end-pos {
			size = n.end - pos
		}
		c := node{name: index(len(nodes)), start: pos, pos: pos, end: pos + size, next: min(pos+align4(size), n.end), selectors: n.selectors}
		c.attr = Attr{Type: TypeNest, Set: n.attr.Set, Skip: align4(n.attr.Skip)}
		nodes = append(nodes, c)
		pos = c.next
	}
	return nodes
}

func index(i int) string { return "[" + strconv.Itoa(i) + "]" }

// split returns the attributes from pos to the end of n, of which only the places
// and types are known. One with a malformed length takes all the rest.
func (t *tree) split(n node, pos int) []node {
	var nodes []node
	for n.end-pos >= attrHeaderLen {
		size := int(native.Uint16(t.b[pos:]))
		if size < attrHeaderLen || size > n.end-pos {
			size = n.end - pos
		}
		c := node{start: pos, pos: pos + attrHeaderLen, end: pos + size, next: min(pos+align4(size), n.end)}
		c.attr.ID = native.Uint16(t.b[pos+2:]) & typeMask
		nodes = append(nodes, c)
		pos = c.next
	}
	return nodes
}

// selector adds the value of an attribute to those that select sub-messages.
func (t *tree) selector(n *node, outer *selector) *selector {
	s := &selector{name: n.attr.Name, outer: outer}
	b := t.b[n.pos:n.end]
	switch {
	case n.attr.Type == TypeString:
		s.text = string(cString(b))
	case n.attr.Type >= TypeU8 && n.attr.Type <= TypeU64BE:
		s.number, s.isNumber = unsigned(n.attr.Type, b), true
	default:
		return outer
	}
	return s
}

// format returns the form of a sub-message that the nearest selector names.
func (t *tree) format(n node) (Format, bool) {
	for s := n.selectors; s != nil; s = s.outer {
		if s.name != n.attr.Selector || n.attr.Sub >= len(t.schema.Subs) {
			continue
		}
		for _, f := range t.schema.Subs[n.attr.Sub].Formats {
			if s.isNumber && f.Number == s.number || !s.isNumber && f.Value == s.text {
				return f, true
			}
		}
		break
	}
	return Format{}, false
}
