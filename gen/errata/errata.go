// Package errata holds corrections of the kernel's own specs.
//
// There is one overlay file per family. Every entry states the evidence, a
// header or a source file of the kernel, and the condition under which a spec
// shows the defect, so that it stops applying by itself once a newer spec is
// right. A spec with the key x-nlgen-package is not the kernel's, but was
// written for nlgen: it stands as it is.
package errata

import (
	"embed"
	"fmt"
	"sync"

	"github.com/nlgen/nlgen/gen/overlay"
	"github.com/nlgen/nlgen/gen/tree"
)

//go:embed *.yaml
var files embed.FS

// All returns the corrections of all families in the order of their names.
// Callers must not change them.
func All() []*overlay.Overlay { return load() }

var load = sync.OnceValue(func() []*overlay.Overlay {
	entries, err := files.ReadDir(".")
	if err != nil {
		panic(err) // embedded: cannot fail
	}
	var all []*overlay.Overlay
	for _, entry := range entries {
		all = append(all, loadFile(entry.Name()))
	}
	return all
})

// loadFile panics on a broken file, which a test rules out.
func loadFile(name string) *overlay.Overlay {
	data, err := files.ReadFile(name)
	if err != nil {
		panic(err)
	}
	o, diags := overlay.Load("errata/"+name, data)
	if err := diags.Err(); err != nil {
		panic(fmt.Sprintf("errata: %v", err))
	}
	return o
}

// For returns the corrections for a spec, nil if there are none or the spec is
// not the kernel's. Callers must not change them.
func For(root *tree.Node) *overlay.Overlay {
	if root.Get("x-nlgen-package") != nil {
		return nil
	}
	for _, o := range All() {
		if o.Matches(root) {
			return o
		}
	}
	return nil
}

// Apply corrects the tree of a spec and returns the corrected copy. There is
// one result per correction and place; none if the family has no errata or the
// spec is not the kernel's, and then the tree returned is root itself.
func Apply(root *tree.Node) (*tree.Node, []overlay.Result) {
	if o := For(root); o != nil {
		return o.Apply(root)
	}
	return root, nil
}
