package overlay

import (
	"errors"
	"slices"
	"strings"

	"github.com/nlgen/nlgen/gen/tree"
)

// references lists, by section, the keys whose value names a thing of that
// section.
var references = map[string][]string{
	"definitions": {
		"enum", "struct", "fixed-header", "flags-mask", "header", "x-nlgen-header",
		"len", "min", "max", "min-len", "max-len", "exact-len",
	},
	"attribute-sets": {"attribute-set", "nested-attributes", "subset-of"},
	"sub-messages":   {"sub-message"},
	"operations":     {"notify"},
	"mcast-groups":   {"mcgrp"},
}

// rename gives the thing at a spot a new name and corrects what refers to it.
func rename(root *tree.Node, at *spot, to *tree.Node) error {
	own := at.node
	if own.Kind == tree.Mapping {
		own = own.Get("name")
	}
	if own == nil || own.Kind != tree.Scalar {
		return errors.New("it has no name to change")
	}
	from := own.Value
	if from == to.Value {
		return errNoChange
	}
	switch len(at.path) {
	case 2:
		renameReferences(root, references[at.path[0]], from, to)
	case 4:
		if at.path[0] == "attribute-sets" && at.path[2] == "attributes" {
			renameAttribute(root, at.path[1], from, to)
		}
	}
	retext(own, to)
	return nil
}

func retext(n, to *tree.Node) { n.Value, n.Tag, n.Quoted = to.Value, to.Tag, to.Quoted }

// renameReferences changes every value from below one of the keys. The node
// may be nil.
func renameReferences(n *tree.Node, keys []string, from string, to *tree.Node) {
	if n == nil {
		return
	}
	for _, f := range n.Fields {
		if slices.Contains(keys, f.Key.Value) {
			retextReference(f.Value, from, to)
		}
		renameReferences(f.Value, keys, from, to)
	}
	for _, item := range n.Items {
		renameReferences(item, keys, from, to)
	}
}

// retextReference also knows the form "CONSTANT - 1".
func retextReference(n *tree.Node, from string, to *tree.Node) {
	const lessOne = " - 1"
	switch {
	case n.Kind != tree.Scalar:
	case n.Value == from:
		retext(n, to)
	case n.Value == from+lessOne:
		n.Value = to.Value + lessOne
	}
}

// renameAttribute corrects the subsets of a set, the selectors in these sets
// and the attribute lists of operations on them.
func renameAttribute(root *tree.Node, set, from string, to *tree.Node) {
	family := map[string]bool{set: true}
	for _, s := range itemsAt(root, "attribute-sets") {
		if parent := s.Get("subset-of"); parent != nil && parent.Value == set {
			family[tree.ItemName(s)] = true
			renameReferences(s.Get("attributes"), []string{"name"}, from, to)
		}
		if family[tree.ItemName(s)] {
			renameReferences(s, []string{"selector"}, from, to)
		}
	}
	for _, op := range itemsAt(root, "operations") {
		if s := op.Get("attribute-set"); s != nil && family[s.Value] {
			renameListed(op, from, to)
		}
	}
}

func itemsAt(root *tree.Node, section string) []*tree.Node {
	n := root.Get(section)
	if n == nil {
		return nil
	}
	if list := itemsOf(n); list != nil {
		return list.Items
	}
	return nil
}

// renameListed changes a name in the attribute lists and the key of an
// operation.
func renameListed(n *tree.Node, from string, to *tree.Node) {
	for _, f := range n.Fields {
		if f.Key.Value != "attributes" && !strings.HasPrefix(f.Key.Value, "x-nlgen-key") {
			renameListed(f.Value, from, to)
			continue
		}
		for _, item := range f.Value.Items {
			if item.Kind == tree.Scalar && item.Value == from {
				retext(item, to)
			}
		}
	}
}
