package spec

import (
	"fmt"
	"slices"
	"strconv"

	"github.com/nlgen/nlgen/gen/diag"
)

// Options adjusts [Decode].
type Options struct {
	Lenient bool // an unknown key is a warning instead of an error
}

// Decode reads the tree of a spec. It reports everything wrong with its shape
// and returns as much of the spec as could be read, never nil. The spec may be
// used only if the list has no errors. Decode does not change or keep n.
func Decode(n *Node, opts Options) (*Spec, diag.List) {
	d := &decoder{unknown: diag.Error}
	if opts.Lenient {
		d.unknown = diag.Warning
	}
	s := d.spec(n)
	return s, d.diags
}

type decoder struct {
	diags   diag.List
	unknown diag.Severity // of an unknown key
}

// mapping gives access to the keys of one mapping and remembers which it was
// asked for, so that done can report the rest.
type mapping struct {
	d     *decoder
	node  *Node // an empty mapping if the node was something else
	path  string
	known []string
	bad   bool // the node was no mapping, which has been reported
}

func (d *decoder) mapping(n *Node, path string) *mapping {
	if n.Kind == Mapping {
		return &mapping{d: d, node: n, path: path}
	}
	d.diags.Errorf(n.Pos, path, "%s where a mapping is wanted", describe(n))
	return &mapping{d: d, node: &Node{Kind: Mapping, Pos: n.Pos}, path: path, bad: true}
}

// get returns the value of a known key, or nil.
func (m *mapping) get(key string) *Node {
	m.known = append(m.known, key)
	return m.node.Get(key)
}

// done reports required keys that are absent and keys nothing asked for.
func (m *mapping) done(required ...string) {
	for _, key := range required {
		m.require(key)
	}
	for _, f := range m.node.Fields {
		if slices.Contains(m.known, f.Key.Value) {
			continue
		}
		m.d.diags.Add(diag.Diagnostic{
			Pos: f.Key.Pos, Severity: m.d.unknown, Path: m.path,
			Msg:  fmt.Sprintf("unknown key %q", f.Key.Value),
			Hint: didYouMean(f.Key.Value, m.known),
		})
	}
}

// require reports a key that is absent.
func (m *mapping) require(key string) {
	if !m.bad && m.node.Get(key) == nil {
		m.d.diags.Errorf(m.node.Pos, m.path, "key %q is missing", key)
	}
}

// val reads an optional scalar.
func val[T any](m *mapping, key string, parse func(*Node) (T, error)) Val[T] {
	n := m.get(key)
	if n == nil {
		return Val[T]{}
	}
	return parseVal(m.d, n, join(m.path, key), parse)
}

// vals reads an optional list of scalars.
func vals[T any](m *mapping, key string, parse func(*Node) (T, error)) Val[[]Val[T]] {
	n := m.get(key)
	if n == nil {
		return Val[[]Val[T]]{}
	}
	path := join(m.path, key)
	out := Val[[]Val[T]]{Pos: n.Pos, Set: true, Value: []Val[T]{}}
	for i, item := range m.d.sequence(n, path) {
		v := parseVal(m.d, item, join(path, strconv.Itoa(i)), parse)
		if v.Set {
			out.Value = append(out.Value, v)
		}
	}
	return out
}

func parseVal[T any](d *decoder, n *Node, path string, parse func(*Node) (T, error)) Val[T] {
	v, err := parse(n)
	if err != nil {
		diagnostic := diag.Diagnostic{Pos: n.Pos, Path: path, Msg: err.Error()}
		if p, ok := err.(*problem); ok {
			diagnostic.Hint = p.hint
		}
		d.diags.Add(diagnostic)
		return Val[T]{}
	}
	return Val[T]{Value: v, Pos: n.Pos, Set: true}
}

// list reads an optional list of mappings that have a name each.
func list[T any](m *mapping, key string, item func(*decoder, *Node, string) T) []T {
	n := m.get(key)
	if n == nil {
		return nil
	}
	return listAt(m.d, n, join(m.path, key), item)
}

func listAt[T any](d *decoder, n *Node, path string, item func(*decoder, *Node, string) T) []T {
	out := []T{}
	for i, child := range d.sequence(n, path) {
		out = append(out, item(d, child, join(path, itemName(child, i))))
	}
	return out
}

// sub reads an optional mapping.
func sub[T any](m *mapping, key string, read func(*decoder, *Node, string) *T) *T {
	n := m.get(key)
	if n == nil {
		return nil
	}
	return read(m.d, n, join(m.path, key))
}

func (d *decoder) sequence(n *Node, path string) []*Node {
	if n.Kind != Sequence {
		d.diags.Errorf(n.Pos, path, "%s where a list is wanted", describe(n))
	}
	return n.Items
}

// itemName is the path segment of a list item: its name, for a format its
// value, for plain text the text itself, else its index.
func itemName(n *Node, index int) string {
	if name := ItemName(n); name != "" {
		return name
	}
	return strconv.Itoa(index)
}

// ItemName returns what a path calls the list item n: the name of a mapping
// that has one, the value of a sub-message format, or the text of a plain
// value. It is empty if n has no such thing.
func ItemName(n *Node) string {
	for _, candidate := range []*Node{n, n.Get("name"), n.Get("value")} {
		if candidate != nil && candidate.Kind == Scalar {
			return candidate.Value
		}
	}
	return ""
}

func join(path, segment string) string {
	if path == "" {
		return segment
	}
	return path + "/" + segment
}

// rule says which kinds of thing a property belongs to.
type rule[K ~string] struct {
	key   string
	kinds []K
}

// restrict reports the properties that mean nothing for the given kind.
func restrict[K ~string](m *mapping, kind Val[K], rules []rule[K]) {
	if !kind.Set {
		return
	}
	for _, r := range rules {
		i := m.node.Index(r.key)
		if i < 0 || slices.Contains(r.kinds, kind.Value) {
			continue
		}
		m.d.diags.Add(diag.Diagnostic{
			Pos: m.node.Fields[i].Key.Pos, Path: m.path,
			Msg:  fmt.Sprintf("%q means nothing for type %s", r.key, kind.Value),
			Hint: "it belongs to " + enumerate(r.kinds),
		})
	}
}
