// Package tree reads YAML into nodes that know their place in the file, and
// values out of such nodes.
//
// [Load] turns text into a tree of [Node] in which aliases are expanded into
// copies of their own, so that parts of it may be changed. A [Decoder] walks a
// tree and collects everything wrong with it: a wrong type, an unknown, a
// repeated or a missing key. Specs, overlays and project files are all read
// this way.
//
// The package imports gen/diag and nothing else of the project.
package tree

import (
	"slices"

	"github.com/nlgen/nlgen/gen/diag"
)

// Kind is the kind of a [Node].
type Kind uint8

// The kinds of nodes.
const (
	Scalar Kind = iota + 1
	Mapping
	Sequence
)

// String returns the name of the kind with its article, for diagnostics.
func (k Kind) String() string {
	switch k {
	case Mapping:
		return "a mapping"
	case Sequence:
		return "a list"
	}
	return "a plain value"
}

// Node is a value in a YAML document. A tree of nodes shares no parts: an
// alias is a copy of what it stands for, with the positions of the original.
type Node struct {
	Kind   Kind
	Pos    diag.Pos
	Tag    string  // short YAML tag of a scalar: !!str, !!int, !!null ...
	Value  string  // text of a scalar, as written
	Quoted bool    // the scalar is quoted or a block, so never a number or null
	Fields []Field // of a mapping, in file order, keys unique
	Items  []*Node // of a sequence
}

// NewText returns a node with a text.
func NewText(pos diag.Pos, text string) *Node {
	return &Node{Kind: Scalar, Pos: pos, Tag: tagText, Value: text, Quoted: true}
}

// Field is one entry of a mapping.
type Field struct {
	Key   *Node // always a scalar
	Value *Node
}

// IsNull reports whether n is an empty or null value.
func (n *Node) IsNull() bool { return n.Kind == Scalar && n.Tag == tagNull }

// IsText reports whether YAML takes n for text rather than for a number or so.
func (n *Node) IsText() bool { return n.Kind == Scalar && n.Tag == tagText }

// Index returns the position of the key in n.Fields, or -1.
func (n *Node) Index(key string) int {
	return slices.IndexFunc(n.Fields, func(f Field) bool { return f.Key.Value == key })
}

// Get returns the value of a key of the mapping n, or nil if n is nil, is no
// mapping or has no such key.
func (n *Node) Get(key string) *Node {
	if n == nil {
		return nil
	}
	if i := n.Index(key); i >= 0 {
		return n.Fields[i].Value
	}
	return nil
}

// Clone returns a deep copy of n.
func (n *Node) Clone() *Node {
	c := *n
	c.Fields = slices.Clone(n.Fields)
	for i, f := range c.Fields {
		c.Fields[i] = Field{Key: f.Key.Clone(), Value: f.Value.Clone()}
	}
	c.Items = slices.Clone(n.Items)
	for i, item := range c.Items {
		c.Items[i] = item.Clone()
	}
	return &c
}

const (
	tagNull = "!!null"
	tagText = "!!str"
)
