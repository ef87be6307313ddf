// Package gen is the pipeline from a spec to generated files:
//
//	tree -> errata, overlays -> spec -> resolve -> model -> golang, kernel
//
// Each stage is a package of its own below this one; the arrows are the only
// way through. [Load] goes as far as the model, [Go] from there to the text of
// a package, [Kernel] to that of a kernel module, and [Write] puts both in place,
// all of them or none.
package gen

import (
	"fmt"
	"slices"

	"github.com/nlgen/nlgen/gen/diag"
	"github.com/nlgen/nlgen/gen/errata"
	"github.com/nlgen/nlgen/gen/golang"
	"github.com/nlgen/nlgen/gen/kernel"
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
//
// The built-in corrections are for the specs that were known when they were
// written. Those that make a variant of a spec fail are left out.
func Load(name string, data []byte, opts Options) (*model.Family, diag.List) {
	root, diags := tree.Load(name, data)
	if root == nil || diags.HasErrors() {
		return nil, diags
	}
	builtIn := errata.For(root)
	if opts.NoErrata {
		builtIn = nil
	}
	family, found := load(root, builtIn, opts)
	if family == nil && builtIn != nil {
		family, found = withoutFaulty(root, *builtIn, opts, found)
	}
	diags.Add(found...)
	return family, diags
}

// load corrects a spec and resolves it. The built-in corrections are nil if
// there are none.
func load(root *tree.Node, builtIn *Overlay, opts Options) (*model.Family, diag.List) {
	var diags diag.List
	root = correct(root, builtIn, opts, &diags)
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

// withoutFaulty loads a spec that the built-in corrections make fail: those are
// left out without which there are fewer errors. What it returns is found if the
// spec is wrong by itself.
func withoutFaulty(root *tree.Node, builtIn Overlay, opts Options, found diag.List) (*model.Family, diag.List) {
	_, without := load(root, nil, opts)
	if !slices.ContainsFunc(found, func(d diag.Diagnostic) bool {
		return d.Severity == diag.Error && !slices.Contains(without, d)
	}) {
		return nil, found
	}
	var skipped diag.List
	for i := 0; i < len(builtIn.Entries); {
		trial := builtIn
		trial.Entries = slices.Delete(slices.Clone(builtIn.Entries), i, i+1)
		family, fewer := load(root, &trial, opts)
		if countErrors(fewer) >= countErrors(found) {
			i++
			continue
		}
		skipped.Add(leftOut(builtIn.Entries[i], found, fewer))
		if builtIn, found = trial, fewer; family != nil {
			return family, append(skipped, found...)
		}
	}
	return nil, append(skipped, found...)
}

func countErrors(list diag.List) int {
	n := 0
	for _, d := range list {
		if d.Severity == diag.Error {
			n++
		}
	}
	return n
}

// leftOut warns of a correction without which some errors are gone.
func leftOut(e *overlay.Entry, found, fewer diag.List) diag.Diagnostic {
	i := slices.IndexFunc(found, func(d diag.Diagnostic) bool {
		return d.Severity == diag.Error && !slices.Contains(fewer, d)
	})
	d := diag.Diagnostic{Pos: e.Pos, Severity: diag.Warning, Path: e.At[0].Value}
	d.Msg = fmt.Sprintf("%s left out, which does not go with this version of the spec", e.Action)
	if i >= 0 {
		d.Msg += ": " + found[i].Msg
	}
	return d
}

// correct applies the built-in overlay and those of the user that name the spec.
func correct(root *tree.Node, builtIn *Overlay, opts Options, diags *diag.List) *tree.Node {
	var results []overlay.Result
	if builtIn != nil {
		root, results = builtIn.Apply(root)
		diags.Add(overlay.Notes(results)...)
	}
	for _, o := range opts.Overlays {
		if o.Matches(root) {
			root, results = o.Apply(root)
			diags.Add(overlay.Report(results)...)
		}
	}
	return root
}

// Go returns the Go package of a family.
func Go(f *model.Family) ([]File, error) {
	list, err := golang.Emit(f, golang.Options{})
	var files []File
	for _, file := range list {
		files = append(files, goFile(file))
	}
	return files, err
}

// GoServer returns the file that the Go package of a family has besides if it can
// serve, too.
func GoServer(f *model.Family) (File, error) {
	file, err := golang.EmitServer(f, golang.Options{})
	return goFile(file), err
}

func goFile(f golang.File) File { return File{Name: f.Name, Data: f.Data} }

// Kernel returns the kernel module of a family: C and what builds it. If the family
// has something that a module cannot have, the error is a [diag.Errors].
func Kernel(f *model.Family) ([]File, error) {
	list, err := kernel.Emit(f, kernel.Options{})
	var files []File
	for _, file := range list {
		files = append(files, File(file))
	}
	return files, err
}
