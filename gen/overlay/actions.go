package overlay

import (
	"errors"
	"fmt"
	"slices"

	"github.com/nlgen/nlgen/gen/tree"
)

var errNoChange = errors.New("the spec is so already")

// act changes the tree, or returns why there is nothing to change.
func (e *Entry) act(root *tree.Node, at *spot) error {
	switch e.Action {
	case Set:
		return e.set(at)
	case Rename:
		return rename(root, at, e.value)
	case Add:
		return e.add(at)
	case Remove:
		return e.remove(at)
	case Replace:
		return e.replace(at)
	}
	return fmt.Errorf("unknown action %q", e.Action)
}

func (e *Entry) set(at *spot) error {
	if at.node == nil {
		return e.create(at, &tree.Node{Kind: tree.Mapping, Pos: e.value.Pos})
	}
	n, err := asMapping(at)
	if err != nil {
		return err
	}
	if !merge(n, e.value) {
		return errNoChange
	}
	at.put(n)
	return nil
}

// create puts a new node at a missing spot. In a list, the name of the spot
// becomes the name of the node.
func (e *Entry) create(at *spot, n *tree.Node) error {
	if at.parent.Kind == tree.Sequence {
		n.Fields = append(n.Fields, tree.Field{
			Key:   tree.NewText(e.Pos, "name"),
			Value: tree.NewText(e.Pos, at.name()),
		})
	}
	merge(n, e.value)
	return e.insert(at, n)
}

func (e *Entry) insert(at *spot, n *tree.Node) error {
	if at.parent.Kind == tree.Sequence {
		return e.insertItems(at.parent, n)
	}
	at.parent.Fields = append(at.parent.Fields, tree.Field{Key: tree.NewText(e.Pos, at.name()), Value: n})
	return nil
}

// asMapping returns a copy of the mapping at a spot. A list item that is just
// a name becomes a mapping with that name.
func asMapping(at *spot) (*tree.Node, error) {
	switch {
	case at.node.Kind == tree.Mapping:
		return at.node.Clone(), nil
	case at.node.Kind == tree.Scalar && at.parent.Kind == tree.Sequence:
		return &tree.Node{Kind: tree.Mapping, Pos: at.node.Pos, Fields: []tree.Field{
			{Key: tree.NewText(at.node.Pos, "name"), Value: at.node.Clone()},
		}}, nil
	}
	return nil, fmt.Errorf("%s has no properties to set", at.name())
}

// merge sets the properties of from in n, removes those that are null, and
// reports whether that changed anything.
func merge(n, from *tree.Node) bool {
	changed := false
	for _, f := range from.Fields {
		i := n.Index(f.Key.Value)
		switch {
		case i >= 0 && f.Value.IsNull():
			n.Fields = slices.Delete(n.Fields, i, i+1)
		case i >= 0 && !equal(n.Fields[i].Value, f.Value):
			n.Fields[i] = tree.Field{Key: f.Key.Clone(), Value: f.Value.Clone()}
		case i < 0 && !f.Value.IsNull():
			n.Fields = append(n.Fields, tree.Field{Key: f.Key.Clone(), Value: f.Value.Clone()})
		default:
			continue
		}
		changed = true
	}
	return changed
}

func (e *Entry) add(at *spot) error {
	list := itemsOf(at.node)
	if list == nil {
		return fmt.Errorf("%s is not a list", at.name())
	}
	var items []*tree.Node
	for _, item := range e.value.Items {
		if !contains(list, item) {
			items = append(items, item.Clone())
		}
	}
	if len(items) == 0 {
		return errNoChange
	}
	return e.insertItems(list, items...)
}

func contains(list, item *tree.Node) bool {
	if name := tree.ItemName(item); name != "" {
		return itemIndex(list, name) >= 0
	}
	return slices.ContainsFunc(list.Items, func(n *tree.Node) bool { return equal(n, item) })
}

// insertItems puts items behind the one that after names, or at the end.
func (e *Entry) insertItems(list *tree.Node, items ...*tree.Node) error {
	at := len(list.Items)
	if e.After.Set {
		at = itemIndex(list, e.After.Value) + 1
		if at == 0 {
			return fmt.Errorf("there is no %q to insert after", e.After.Value)
		}
	}
	list.Items = slices.Insert(list.Items, at, items...)
	return nil
}

func (e *Entry) replace(at *spot) error {
	if at.node == nil {
		return e.insert(at, e.value.Clone())
	}
	if equal(at.node, e.value) {
		return errNoChange
	}
	at.put(e.value.Clone())
	return nil
}

// put replaces the node of an existing spot.
func (s *spot) put(n *tree.Node) {
	s.node = n
	if s.parent.Kind == tree.Sequence {
		s.parent.Items[s.index] = n
		return
	}
	s.parent.Fields[s.index].Value = n
}

// remove takes out the spot, or the named items of the list there.
func (e *Entry) remove(at *spot) error {
	if e.value.Kind != tree.Sequence {
		at.cut()
		return nil
	}
	list := itemsOf(at.node)
	if list == nil {
		return fmt.Errorf("%s is not a list", at.name())
	}
	before := len(list.Items)
	list.Items = slices.DeleteFunc(list.Items, func(item *tree.Node) bool {
		name := tree.ItemName(item)
		return slices.ContainsFunc(e.value.Items, func(n *tree.Node) bool { return n.Value == name })
	})
	if len(list.Items) == before {
		return errNoChange
	}
	return nil
}

// cut takes the spot out of its parent.
func (s *spot) cut() {
	if s.parent.Kind == tree.Sequence {
		s.parent.Items = slices.Delete(s.parent.Items, s.index, s.index+1)
		return
	}
	s.parent.Fields = slices.Delete(s.parent.Fields, s.index, s.index+1)
}
