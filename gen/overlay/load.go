package overlay

import (
	"slices"
	"strings"

	"github.com/nlgen/nlgen/gen/diag"
	"github.com/nlgen/nlgen/gen/tree"
)

// Overlay is a set of changes to one spec.
type Overlay struct {
	Pos     diag.Pos
	Spec    tree.Val[string] // name of the spec it belongs to
	Doc     tree.Val[string]
	Entries []*Entry
}

// Entry is one change.
type Entry struct {
	Pos     diag.Pos
	At      []tree.Val[string] // one path or several
	When    *tree.Node         // mapping of properties, or nil
	Behind  tree.Val[string]   // the item in front of the place
	Missing bool
	Action  Action
	After   tree.Val[string]
	Why     tree.Val[string]

	value *tree.Node // what the action sets, adds and so on
}

// Action is the kind of a change.
type Action string

// The actions.
const (
	Set     Action = "set"
	Rename  Action = "rename"
	Add     Action = "add"
	Remove  Action = "remove"
	Replace Action = "replace"
)

var actions = []Action{Set, Rename, Add, Remove, Replace}

// Load reads an overlay file. The name goes into positions and is not opened.
// The overlay is nil if the list has errors.
func Load(name string, data []byte) (*Overlay, diag.List) {
	root, diags := tree.Load(name, data)
	if root == nil {
		return nil, diags
	}
	var d tree.Decoder
	o := decode(d.Root(root))
	if d.Diags.HasErrors() {
		return nil, d.Diags
	}
	return o, d.Diags
}

func decode(c tree.Cursor) *Overlay {
	m := c.Map()
	defer m.Done("overlay", "entries")
	return &Overlay{
		Pos:     c.Node.Pos,
		Spec:    tree.Value(m, "overlay", tree.Name),
		Doc:     tree.Value(m, "doc", tree.Text),
		Entries: tree.List(m, "entries", decodeEntry),
	}
}

func decodeEntry(c tree.Cursor) *Entry {
	m := c.Map()
	e := &Entry{
		Pos:     c.Node.Pos,
		At:      decodePlaces(m),
		Behind:  tree.Value(m, "behind", tree.Name),
		Missing: tree.Value(m, "missing", tree.Bool).Value,
		After:   tree.Value(m, "after", tree.Name),
		Why:     tree.Value(m, "why", tree.Text),
	}
	if when, ok := m.Field("when"); ok {
		e.When = when.Map().Node
	}
	decodeAction(m, e)
	m.Done("at")
	checkEntry(c, e)
	return e
}

// decodePlaces reads the key at, which holds one path or a list.
func decodePlaces(m *tree.Map) []tree.Val[string] {
	c, ok := m.Field("at")
	switch {
	case !ok:
		return nil
	case c.Node.Kind == tree.Sequence:
		return tree.Each(c, place)
	}
	return []tree.Val[string]{place(c)}
}

func place(c tree.Cursor) tree.Val[string] {
	v := tree.Parse(c, tree.Name)
	if v.Set && slices.Contains(strings.Split(v.Value, "/"), "") {
		c.Errorf("the path %q has an empty segment", v.Value)
	}
	return v
}

// decodeAction finds the one action of an entry.
func decodeAction(m *tree.Map, e *Entry) {
	for _, a := range actions {
		c, ok := m.Field(string(a))
		if !ok {
			continue
		}
		if e.Action != "" {
			c.Errorf("a second action beside %q; an entry has one", e.Action)
			continue
		}
		e.Action, e.value = a, c.Node
		checkValue(c, a)
	}
	if e.Action == "" && !m.Broken() {
		m.Report(diag.Diagnostic{
			Msg: "the entry has no action", Hint: "use " + tree.Enumerate(actions),
		})
	}
}

// checkValue reports a value that the action cannot use.
func checkValue(c tree.Cursor, a Action) {
	switch a {
	case Set:
		c.Map()
	case Add:
		c.Items()
	case Rename:
		tree.Parse(c, tree.Name)
	case Remove:
		checkRemove(c)
	}
}

func checkRemove(c tree.Cursor) {
	if c.Node.Kind == tree.Sequence {
		tree.Each(c, func(item tree.Cursor) tree.Val[string] { return tree.Parse(item, tree.Name) })
		return
	}
	if v := tree.Parse(c, tree.Bool); v.Set && !v.Value {
		c.Errorf("remove is either true or a list of names")
	}
}

// checkEntry reports keys that contradict each other.
func checkEntry(c tree.Cursor, e *Entry) {
	if e.Missing && (e.When != nil || e.Behind.Set) {
		c.Errorf("a condition beside missing: a place that is absent meets none")
	}
	if e.Missing && e.Action != Set && e.Action != Replace && e.Action != "" {
		c.Errorf("%s has no use for a place that is missing", e.Action)
	}
	if e.After.Set && e.Action != Add && !e.Missing {
		c.Errorf("after belongs to add, or to a place that is missing")
	}
}
