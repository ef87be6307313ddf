package tree

import (
	"errors"
	"fmt"
	"slices"
	"strconv"

	"github.com/nlgen/nlgen/gen/diag"
)

// Val is the value of an optional property. Pos is the place of the value in
// the file, for diagnostics about it. Set is false if the property is absent;
// then the other fields are zero.
type Val[T any] struct {
	Value T
	Pos   diag.Pos
	Set   bool
}

// Or returns the value, or def if the property is absent.
func (v Val[T]) Or(def T) T {
	if v.Set {
		return v.Value
	}
	return def
}

// Decoder collects the diagnostics of reading one tree.
type Decoder struct {
	Diags   diag.List
	Lenient bool // an unknown key is a warning instead of an error
}

// Root returns the cursor at the top of a tree.
func (d *Decoder) Root(n *Node) Cursor { return Cursor{Node: n, d: d} }

// Cursor is a node being read, with its path from the root.
type Cursor struct {
	Node *Node
	Path string
	d    *Decoder
}

// Report adds a diagnostic. Its position and path default to those of c.
func (c Cursor) Report(d diag.Diagnostic) {
	if !d.Pos.IsValid() {
		d.Pos = c.Node.Pos
	}
	if d.Path == "" {
		d.Path = c.Path
	}
	c.d.Diags.Add(d)
}

// Errorf reports an error at c.
func (c Cursor) Errorf(format string, args ...any) {
	c.Report(diag.Diagnostic{Msg: fmt.Sprintf(format, args...)})
}

// At returns a cursor at a child of c.
func (c Cursor) At(segment string, n *Node) Cursor {
	return Cursor{Node: n, Path: Join(c.Path, segment), d: c.d}
}

// Items returns cursors at the items of the sequence c, and reports c if it is
// something else.
func (c Cursor) Items() []Cursor {
	if c.Node.Kind != Sequence {
		c.Errorf("%s where a list is wanted", describe(c.Node))
	}
	items := make([]Cursor, 0, len(c.Node.Items))
	for i, n := range c.Node.Items {
		segment := ItemName(n)
		if segment == "" {
			segment = strconv.Itoa(i)
		}
		items = append(items, c.At(segment, n))
	}
	return items
}

// ItemName returns what a path calls the list item n: the name of a mapping
// that has one, the value of a mapping that has only that, or the text of a
// plain value. It is empty if n has no such thing.
func ItemName(n *Node) string {
	for _, candidate := range []*Node{n, n.Get("name"), n.Get("value")} {
		if candidate != nil && candidate.Kind == Scalar {
			return candidate.Value
		}
	}
	return ""
}

// Join appends a segment to a slash path.
func Join(path, segment string) string {
	if path == "" {
		return segment
	}
	return path + "/" + segment
}

// Map reads the keys of a mapping and remembers which it was asked for, so
// that [Map.Done] can report the rest.
type Map struct {
	Cursor
	known []string
	bad   bool // the node is no mapping, which has been reported
}

// Map returns access to the mapping at c, and reports c if it is something
// else.
func (c Cursor) Map() *Map {
	if c.Node.Kind == Mapping {
		return &Map{Cursor: c}
	}
	c.Errorf("%s where a mapping is wanted", describe(c.Node))
	return &Map{Cursor: Cursor{Node: &Node{Kind: Mapping, Pos: c.Node.Pos}, Path: c.Path, d: c.d}, bad: true}
}

// Broken reports whether the node is no mapping at all, which has been
// reported.
func (m *Map) Broken() bool { return m.bad }

// Field returns the value of a key, which is known from then on.
func (m *Map) Field(key string) (Cursor, bool) {
	m.known = append(m.known, key)
	n := m.Node.Get(key)
	return m.At(key, n), n != nil
}

// Done reports required keys that are absent and keys nothing asked for.
func (m *Map) Done(required ...string) {
	for _, key := range required {
		m.Require(key)
	}
	severity := diag.Error
	if m.d.Lenient {
		severity = diag.Warning
	}
	for _, f := range m.Node.Fields {
		if slices.Contains(m.known, f.Key.Value) {
			continue
		}
		m.Report(diag.Diagnostic{
			Pos: f.Key.Pos, Severity: severity,
			Msg:  fmt.Sprintf("unknown key %q", f.Key.Value),
			Hint: diag.DidYouMean(f.Key.Value, m.known),
		})
	}
}

// Require reports a key that is absent.
func (m *Map) Require(key string) {
	if !m.bad && m.Node.Get(key) == nil {
		m.Errorf("key %q is missing", key)
	}
}

// Parser reads a scalar. Its error says what is wrong with it, without a
// place; a [*Problem] carries a hint besides.
type Parser[T any] func(*Node) (T, error)

// Problem is an error with a hint how to mend it.
type Problem struct{ Msg, Hint string }

// Error returns the message without the hint.
func (p *Problem) Error() string { return p.Msg }

// Parse reads the scalar at c, and reports what is wrong with it.
func Parse[T any](c Cursor, parse Parser[T]) Val[T] {
	v, err := parse(c.Node)
	if err != nil {
		d := diag.Diagnostic{Msg: err.Error()}
		if p, ok := errors.AsType[*Problem](err); ok {
			d.Hint = p.Hint
		}
		c.Report(d)
		return Val[T]{}
	}
	return Val[T]{Value: v, Pos: c.Node.Pos, Set: true}
}

// Value reads an optional scalar.
func Value[T any](m *Map, key string, parse Parser[T]) Val[T] {
	c, ok := m.Field(key)
	if !ok {
		return Val[T]{}
	}
	return Parse(c, parse)
}

// Values reads an optional list of scalars. An empty list is Set.
func Values[T any](m *Map, key string, parse Parser[T]) Val[[]Val[T]] {
	c, ok := m.Field(key)
	if !ok {
		return Val[[]Val[T]]{}
	}
	out := Val[[]Val[T]]{Pos: c.Node.Pos, Set: true, Value: []Val[T]{}}
	for _, item := range c.Items() {
		if v := Parse(item, parse); v.Set {
			out.Value = append(out.Value, v)
		}
	}
	return out
}

// List reads an optional list; read is called for every item.
func List[T any](m *Map, key string, read func(Cursor) T) []T {
	c, ok := m.Field(key)
	if !ok {
		return nil
	}
	return Each(c, read)
}

// Each reads every item of the list at c.
func Each[T any](c Cursor, read func(Cursor) T) []T {
	out := []T{}
	for _, item := range c.Items() {
		out = append(out, read(item))
	}
	return out
}

// Sub reads an optional value that is not a scalar.
func Sub[T any](m *Map, key string, read func(Cursor) *T) *T {
	c, ok := m.Field(key)
	if !ok {
		return nil
	}
	return read(c)
}

// Rule says which kinds of things a property belongs to.
type Rule[K ~string] struct {
	Key   string
	Kinds []K
	// Idle: the property does no harm where it means nothing, and the kernel's
	// specs have it there.
	Idle bool
}

// Restrict reports the properties of m that mean nothing for the given kind.
func Restrict[K ~string](m *Map, kind Val[K], rules []Rule[K]) {
	if !kind.Set {
		return
	}
	for _, r := range rules {
		i := m.Node.Index(r.Key)
		if i < 0 || slices.Contains(r.Kinds, kind.Value) {
			continue
		}
		d := diag.Diagnostic{
			Pos:  m.Node.Fields[i].Key.Pos,
			Msg:  fmt.Sprintf("%q means nothing for type %s", r.Key, kind.Value),
			Hint: "it belongs to " + Enumerate(r.Kinds),
		}
		if r.Idle {
			d.Severity = diag.Warning
		}
		m.Report(d)
	}
}
