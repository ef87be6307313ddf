package overlay

import (
	"fmt"
	"slices"
	"strings"

	"github.com/nlgen/nlgen/gen/diag"
	"github.com/nlgen/nlgen/gen/tree"
)

// spot is the place a path leads to. Its parent is a mapping, where key names
// the place, or a sequence, where index does. A missing spot has a nil node
// and an index of -1.
type spot struct {
	path   []string // names actually found on the way, the last may be missing
	parent *tree.Node
	index  int // in parent.Fields or parent.Items
	node   *tree.Node
}

// name returns the last segment.
func (s *spot) name() string { return s.path[len(s.path)-1] }

// before returns the name of the list item in front of an existing spot, or
// nothing.
func (s *spot) before() string {
	if s.parent.Kind != tree.Sequence || s.index == 0 {
		return ""
	}
	return tree.ItemName(s.parent.Items[s.index-1])
}

// find follows a path. It returns an error, which names where the path ends,
// unless all segments but the last exist.
func find(root *tree.Node, path string) (*spot, error) {
	at := &spot{node: root}
	for _, segment := range strings.Split(path, "/") {
		if at.node == nil {
			return nil, notFound(at)
		}
		at = step(at, segment)
		if at.parent == nil {
			return nil, fmt.Errorf("%s is a plain value with nothing inside", strings.Join(at.path[:len(at.path)-1], "/"))
		}
	}
	return at, nil
}

// step follows one segment from a spot that exists. The spot returned has no
// parent if there is nothing to step into.
func step(from *spot, segment string) *spot {
	names := strings.Split(segment, "|")
	for _, name := range names {
		if to := child(from, name); to.node != nil {
			return to
		}
	}
	return child(from, names[0])
}

func child(from *spot, name string) *spot {
	to := &spot{path: append(slices.Clone(from.path), name), index: -1}
	parent := from.node
	if parent.Kind == tree.Mapping && parent.Index(name) < 0 {
		if items := itemsOf(parent); items != nil {
			parent = items
		}
	}
	switch parent.Kind {
	case tree.Mapping:
		to.parent, to.index, to.node = parent, parent.Index(name), parent.Get(name)
	case tree.Sequence:
		to.parent, to.index = parent, itemIndex(parent, name)
		if to.index >= 0 {
			to.node = parent.Items[to.index]
		}
	}
	return to
}

// itemsOf returns the list that n is or that paths leave out below n, or nil.
func itemsOf(n *tree.Node) *tree.Node {
	if n.Kind == tree.Mapping {
		n = n.Get("list")
	}
	if n == nil || n.Kind != tree.Sequence {
		return nil
	}
	return n
}

func itemIndex(list *tree.Node, name string) int {
	return slices.IndexFunc(list.Items, func(n *tree.Node) bool { return tree.ItemName(n) == name })
}

// notFound returns a *tree.Problem that says where a path ends.
func notFound(s *spot) error {
	around := strings.Join(s.path[:len(s.path)-1], "/")
	if around == "" {
		around = "the spec"
	}
	return &tree.Problem{
		Msg:  fmt.Sprintf("%s has no %q", around, s.name()),
		Hint: diag.DidYouMean(s.name(), siblings(s)),
	}
}

// siblings lists the names that could stand in place of s.
func siblings(s *spot) []string {
	var names []string
	for _, f := range s.parent.Fields {
		names = append(names, f.Key.Value)
	}
	for _, item := range s.parent.Items {
		names = append(names, tree.ItemName(item))
	}
	return names
}
