// Package gen is the pipeline from a spec to generated files:
//
//	tree -> errata, overlays -> spec -> resolve -> model -> golang
//
// Each stage is a package of its own below this one; the arrows are the only
// way through. [Load] goes as far as the model, [Go] from there to the text of
// a package, and [Write] puts packages in place, all of them or none.
package gen

import (
	"github.com/nlgen/nlgen/gen/diag"
	"github.com/nlgen/nlgen/gen/errata"
	"github.com/nlgen/nlgen/gen/golang"
	"github.com/nlgen/nlgen/gen/model"
	"github.com/nlgen/nlgen/gen/overlay"
	"github.com/nlgen/nlgen/gen/resolve"
	"github.com/nlgen/nlgen/gen/spec"
	"github.com/nlgen/nlgen/gen/tree"
)

// Options says how a spec is read.
type Options struct {
	Package    string     // Go package name, if not the spec's
	Operations []string   // the operations wanted; none means all
	Overlays   []*Overlay // the user's corrections, applied in this order to the specs they name
	NoErrata   bool       // leave the kernel's own specs as they are
	Lenient    bool       // an unknown key is a warning
}

// An Overlay is a file of corrections to a spec.
type Overlay = overlay.Overlay

// LoadOverlay reads an overlay. The name goes into positions; it is not opened.
// The overlay is nil if the list has errors.
func LoadOverlay(name string, data []byte) (*Overlay, diag.List) { return overlay.Load(name, data) }

// Load turns the text of a spec into the model of its family. The name goes
// into positions; it is not opened. The family is nil if the list has errors.
func Load(name string, data []byte, opts Options) (*model.Family, diag.List) {
	root, diags := tree.Load(name, data)
	if root == nil || diags.HasErrors() {
		return nil, diags
	}
	root = correct(root, opts, &diags)
	s, ds := spec.Decode(root, spec.Options{Lenient: opts.Lenient})
	diags.Add(ds...)
	if diags.HasErrors() {
		return nil, diags
	}
	family, ds := resolve.Resolve(s, resolve.Options{Package: opts.Package, Operations: opts.Operations})
	diags.Add(ds...)
	if diags.HasErrors() {
		return nil, diags
	}
	return family, diags
}

// correct applies the built-in overlay and those of the user that name the spec.
func correct(root *tree.Node, opts Options, diags *diag.List) *tree.Node {
	if !opts.NoErrata {
		var results []overlay.Result
		root, results = errata.Apply(root)
		diags.Add(overlay.Notes(results)...)
	}
	for _, o := range opts.Overlays {
		if !o.Matches(root) {
			continue
		}
		var results []overlay.Result
		root, results = o.Apply(root)
		diags.Add(overlay.Report(results)...)
	}
	return root
}

// Go returns the Go package of a family.
func Go(f *model.Family) ([]File, error) { return golang.Emit(f, golang.Options{}) }

// GoServer returns the file that the Go package of a family has besides if it can
// serve, too.
func GoServer(f *model.Family) (File, error) { return golang.EmitServer(f, golang.Options{}) }
