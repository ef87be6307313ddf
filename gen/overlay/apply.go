package overlay

import (
	"errors"
	"fmt"
	"strings"

	"github.com/nlgen/nlgen/gen/diag"
	"github.com/nlgen/nlgen/gen/tree"
)

// Status says what became of a change.
type Status uint8

// The outcomes.
const (
	Applied       Status = iota + 1
	NotApplicable        // the spec does not need the change
	NotFound             // the spec has no such place
)

// String names the outcome.
func (s Status) String() string {
	switch s {
	case Applied:
		return "applied"
	case NotApplicable:
		return "not applicable"
	case NotFound:
		return "not found"
	}
	return fmt.Sprintf("Status(%d)", uint8(s))
}

// Result is the outcome of one entry at one of its places.
type Result struct {
	Entry  *Entry
	At     tree.Val[string]
	Status Status
	Reason string // why it was not applied
	hint   string
}

// String formats the result without its position.
func (r Result) String() string {
	if r.Status == Applied {
		return fmt.Sprintf("%s: %s", r.At.Value, r.Status)
	}
	return fmt.Sprintf("%s: %s: %s", r.At.Value, r.Status, r.Reason)
}

// Apply makes the changes of o to a copy of root, in order, and returns the
// copy. There is one result per entry and place.
func (o *Overlay) Apply(root *tree.Node) (*tree.Node, []Result) {
	root = root.Clone()
	var results []Result
	for _, e := range o.Entries {
		for _, at := range e.At {
			r := e.apply(root, at.Value)
			r.Entry, r.At = e, at
			results = append(results, r)
		}
	}
	return root, results
}

// Matches reports whether o belongs to the spec with the given tree.
func (o *Overlay) Matches(root *tree.Node) bool {
	name := root.Get("name")
	return name != nil && name.Value == o.Spec.Value
}

func (e *Entry) apply(root *tree.Node, path string) Result {
	at, err := find(root, path)
	if err == nil && at.node == nil && !e.Missing {
		err = notFound(at)
	}
	if err != nil {
		r := Result{Status: NotFound, Reason: err.Error()}
		if p, ok := errors.AsType[*tree.Problem](err); ok {
			r.hint = p.Hint
		}
		return r
	}
	if reason := e.unneeded(at); reason != "" {
		return Result{Status: NotApplicable, Reason: reason}
	}
	if err := e.act(root, at); err != nil {
		return Result{Status: NotApplicable, Reason: err.Error()}
	}
	return Result{Status: Applied}
}

// unneeded returns why the spec does not meet the entry's conditions, or
// nothing if it does.
func (e *Entry) unneeded(at *spot) string {
	if e.Missing {
		if at.node != nil {
			return "it is there already"
		}
		return ""
	}
	if e.Behind.Set && at.before() != e.Behind.Value {
		return fmt.Sprintf("it does not stand behind %q", e.Behind.Value)
	}
	if e.When == nil {
		return ""
	}
	for _, f := range e.When.Fields {
		if has := at.node.Get(f.Key.Value); !equal(has, f.Value) {
			return fmt.Sprintf("%s is %s, not %s", f.Key.Value, brief(has), brief(f.Value))
		}
	}
	return ""
}

// brief writes a value for a message.
func brief(n *tree.Node) string {
	switch {
	case n == nil || n.IsNull():
		return "absent"
	case n.Kind == tree.Scalar:
		return n.Value
	case n.Kind == tree.Sequence:
		var items []string
		for _, item := range n.Items {
			items = append(items, brief(item))
		}
		return "[" + strings.Join(items, ", ") + "]"
	}
	var fields []string
	for _, f := range n.Fields {
		fields = append(fields, f.Key.Value+": "+brief(f.Value))
	}
	return "{" + strings.Join(fields, ", ") + "}"
}

// equal compares two values; an absent one equals null, and numbers compare by
// value.
func equal(a, b *tree.Node) bool {
	if a == nil || b == nil {
		return (a == nil || a.IsNull()) && (b == nil || b.IsNull())
	}
	if a.Kind != b.Kind || len(a.Items) != len(b.Items) || len(a.Fields) != len(b.Fields) {
		return false
	}
	for i := range a.Items {
		if !equal(a.Items[i], b.Items[i]) {
			return false
		}
	}
	for _, f := range a.Fields {
		if b.Index(f.Key.Value) < 0 || !equal(f.Value, b.Get(f.Key.Value)) {
			return false
		}
	}
	return a.Kind != tree.Scalar || equalScalars(a, b)
}

func equalScalars(a, b *tree.Node) bool {
	x, errX := tree.Integer(a)
	y, errY := tree.Integer(b)
	if errX == nil && errY == nil {
		return x == y
	}
	return a.IsNull() == b.IsNull() && a.Value == b.Value
}

// Report turns the results of an overlay someone wrote for a spec of theirs
// into diagnostics. A place that does not exist is an error, and so is an
// entry that applied nowhere: it has no effect, which its author should know.
func Report(results []Result) diag.List {
	applied := map[*Entry]bool{}
	for _, r := range results {
		applied[r.Entry] = applied[r.Entry] || r.Status == Applied
	}
	var diags diag.List
	for _, r := range results {
		d := r.diagnostic()
		if r.Status == NotFound || !applied[r.Entry] {
			d.Severity = diag.Error
		}
		diags.Add(d)
	}
	return diags
}

// Notes returns a note for each change made, for corrections that cover several
// versions of a spec: that one of them was not due is nothing to tell.
func Notes(results []Result) diag.List {
	var diags diag.List
	for _, r := range results {
		if r.Status == Applied {
			diags.Add(r.diagnostic())
		}
	}
	return diags
}

func (r Result) diagnostic() diag.Diagnostic {
	d := diag.Diagnostic{Pos: r.At.Pos, Severity: diag.Note, Path: r.At.Value, Hint: r.hint}
	if r.Status != Applied {
		d.Msg = fmt.Sprintf("%s does not apply: %s", r.Entry.Action, r.Reason)
		return d
	}
	d.Msg = fmt.Sprintf("%s applied", r.Entry.Action)
	if r.Entry.Why.Set {
		d.Msg += ": " + strings.Join(strings.Fields(r.Entry.Why.Value), " ")
	}
	return d
}
