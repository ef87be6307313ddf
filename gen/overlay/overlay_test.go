package overlay_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/nlgen/nlgen/gen/overlay"
	"github.com/nlgen/nlgen/gen/tree"
	"github.com/nlgen/nlgen/internal/golden"
)

// TestApply covers conditions and actions: an archive holds a spec and an
// overlay, and wants the report and the changed spec.
func TestApply(t *testing.T) {
	golden.Run(t, "testdata/apply-*.txtar", func(t *testing.T, in golden.Files) golden.Files {
		root, o := load(t, in["spec.yaml"]), loadOverlay(t, in["overlay.yaml"])
		before := root.Clone()
		changed, results := o.Apply(root)
		if diff := cmp.Diff(before, root); diff != "" {
			t.Errorf("Apply changed its input:\n%s", diff)
		}
		var log strings.Builder
		for _, r := range results {
			fmt.Fprintln(&log, r)
		}
		var b strings.Builder
		dump(&b, changed, "\n")
		return golden.Files{
			"results.txt": log.String(),
			"report.txt":  overlay.Report(results).String(),
			"spec.yaml":   strings.TrimPrefix(b.String(), "\n") + "\n",
		}
	})
}

// TestLoad covers every diagnostic about an overlay itself.
func TestLoad(t *testing.T) {
	golden.Run(t, "testdata/load-*.txtar", func(t *testing.T, in golden.Files) golden.Files {
		o, diags := overlay.Load("overlay.yaml", []byte(in["overlay.yaml"]))
		if (o == nil) != diags.HasErrors() {
			t.Errorf("overlay %v with diagnostics\n%s", o, diags)
		}
		return golden.Files{"errors.txt": diags.String()}
	})
}

func load(t *testing.T, text string) *tree.Node {
	t.Helper()
	root, diags := tree.Load("spec.yaml", []byte(text))
	if err := diags.Err(); err != nil {
		t.Fatal(err)
	}
	return root
}

func loadOverlay(t *testing.T, text string) *overlay.Overlay {
	t.Helper()
	o, diags := overlay.Load("overlay.yaml", []byte(text))
	if err := diags.Err(); err != nil {
		t.Fatal(err)
	}
	return o
}

// dump writes a tree as YAML, small collections on one line.
func dump(b *strings.Builder, n *tree.Node, newline string) {
	if line := flow(n); len(line) < 70 && newline != "\n" {
		b.WriteString(" " + line)
		return
	}
	for _, f := range n.Fields {
		b.WriteString(newline + f.Key.Value + ":")
		dump(b, f.Value, newline+"  ")
	}
	for _, item := range n.Items {
		b.WriteString(newline + "-")
		dump(b, item, newline+"  ")
	}
}

func flow(n *tree.Node) string {
	var parts []string
	switch n.Kind {
	case tree.Mapping:
		for _, f := range n.Fields {
			parts = append(parts, f.Key.Value+": "+flow(f.Value))
		}
		return "{" + strings.Join(parts, ", ") + "}"
	case tree.Sequence:
		for _, item := range n.Items {
			parts = append(parts, flow(item))
		}
		return "[" + strings.Join(parts, ", ") + "]"
	}
	return n.Value
}

func TestPositions(t *testing.T) {
	root := load(t, "name: x\nlist: [{name: a, value: 1}]\n")
	o := loadOverlay(t, `overlay: x
entries:
  - at: list/a
    set: {value: 2, doc: new}
  - at: list/b
    missing: true
    set: {value: 3}
`)
	changed, _ := o.Apply(root)
	a, b := changed.Get("list").Items[0], changed.Get("list").Items[1]
	tests := []struct {
		node *tree.Node
		file string
		line int
	}{
		{a.Get("name"), "spec.yaml", 2},
		{a.Get("value"), "overlay.yaml", 4},
		{a.Get("doc"), "overlay.yaml", 4},
		{b.Get("name"), "overlay.yaml", 5},
		{b.Get("value"), "overlay.yaml", 7},
	}
	for _, tt := range tests {
		if pos := tt.node.Pos; pos.File != tt.file || pos.Line != tt.line {
			t.Errorf("%q is at %s, want %s:%d", tt.node.Value, pos, tt.file, tt.line)
		}
	}
}

// TestApplyTwice checks that trees changed by one overlay share nothing.
func TestApplyTwice(t *testing.T) {
	o := loadOverlay(t, "overlay: x\nentries:\n  - {at: a, missing: true, replace: {b: c}}\n")
	first, _ := o.Apply(load(t, "name: x\n"))
	second, _ := o.Apply(load(t, "name: x\n"))
	first.Get("a").Get("b").Value = "changed"
	if got := second.Get("a").Get("b").Value; got != "c" {
		t.Errorf("a change of one tree changed the other to %s", got)
	}
	third, _ := o.Apply(load(t, "name: x\n"))
	if got := third.Get("a").Get("b").Value; got != "c" {
		t.Errorf("a change of a tree changed the overlay to %s", got)
	}
}

func TestMatches(t *testing.T) {
	o := loadOverlay(t, "overlay: x\nentries: []\n")
	for text, want := range map[string]bool{"name: x\n": true, "name: y\n": false, "doc: x\n": false, "[]\n": false} {
		if got := o.Matches(load(t, text)); got != want {
			t.Errorf("Matches(%q) = %v, want %v", text, got, want)
		}
	}
}

func TestNotes(t *testing.T) {
	o := loadOverlay(t, "overlay: x\nentries:\n  - {at: doc, replace: new, why: Because\n    it is.}\n  - {at: gone, remove: true}\n")
	_, results := o.Apply(load(t, "name: x\ndoc: old\n"))
	const want = "overlay.yaml:3:10: note: doc: replace applied: Because it is.\n"
	if diff := cmp.Diff(want, overlay.Notes(results).String()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// FuzzApply checks that no overlay makes any spec panic or changes it in place.
func FuzzApply(f *testing.F) {
	const spec = `name: x
attribute-sets:
  - name: s
    attributes: [{name: a, type: u8}, {name: b}]
  - {name: t, subset-of: s}
operations: {list: [{name: o, attribute-set: s, do: {request: {attributes: [a, b]}}}]}
`
	for _, entry := range []string{
		`{at: attribute-sets/s/attributes/a, set: {type: null}}`,
		`{at: attribute-sets/s/attributes/a, rename: c}`,
		`{at: attribute-sets/s, rename: c}`,
		`{at: operations/p, missing: true, after: o, set: {doc: d}}`,
		`{at: operations, add: [{name: q}], after: o}`,
		`{at: operations/o/do/request/attributes, remove: [a]}`,
		`{at: name/x, remove: true}`,
		`{at: [name, operations], behind: a, replace: {}}`,
	} {
		f.Add(spec, "overlay: x\nentries:\n  - "+entry+"\n")
	}
	f.Fuzz(func(t *testing.T, spec, text string) {
		root, _ := tree.Load("spec.yaml", []byte(spec))
		o, _ := overlay.Load("overlay.yaml", []byte(text))
		if root == nil || o == nil {
			return
		}
		before := root.Clone()
		_, results := o.Apply(root)
		if diff := cmp.Diff(before, root); diff != "" {
			t.Errorf("Apply changed its input:\n%s", diff)
		}
		overlay.Report(results)
	})
}
