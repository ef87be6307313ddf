package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/nlgen/nlgen/gen"
	"github.com/nlgen/nlgen/gen/diag"
	"github.com/nlgen/nlgen/gen/model"
	"github.com/nlgen/nlgen/specs"
)

// specFlags are the flags of every command that reads specs.
type specFlags struct {
	overlays          []string
	lenient, noErrata bool
	ops               []string
}

func (sf *specFlags) add(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringArrayVar(&sf.overlays, "overlay", nil, "apply the overlay `FILE` to the specs; may be repeated")
	f.BoolVar(&sf.lenient, "lenient", false, "make unknown keys in specs a warning")
	f.BoolVar(&sf.noErrata, "no-errata", false, "do not apply the built-in corrections of the kernel's specs")
	cobra.CheckErr(cmd.MarkFlagFilename("overlay", yamlSuffixes...))
}

var yamlSuffixes = []string{"yaml", "yml"}

// completeSpecs proposes files that may be specs.
func completeSpecs(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
	return yamlSuffixes, cobra.ShellCompDirectiveFilterFileExt
}

// options reads the overlays and returns how to load specs.
func (sf *specFlags) options() (gen.Options, diag.List, error) {
	overlays, diags, err := loadOverlays(sf.overlays)
	return gen.Options{Operations: sf.ops, Overlays: overlays, Lenient: sf.lenient, NoErrata: sf.noErrata}, diags, err
}

func loadOverlays(paths []string) ([]*gen.Overlay, diag.List, error) {
	var overlays []*gen.Overlay
	var diags diag.List
	for _, path := range paths {
		data, err := os.ReadFile(path)
		if err != nil {
			return nil, nil, withStatus(exitIO, err)
		}
		o, ds := gen.LoadOverlay(path, data)
		diags.Add(ds...)
		if o != nil {
			overlays = append(overlays, o)
		}
	}
	return overlays, diags, nil
}

// overlayUse tells which overlays belong to one of the specs read so far.
type overlayUse map[*gen.Overlay]bool

func (u overlayUse) note(overlays []*gen.Overlay, spec string) {
	for _, o := range overlays {
		u[o] = u[o] || o.Spec.Value == spec
	}
}

// unused reports the overlays that belong to no spec.
func (u overlayUse) unused(overlays []*gen.Overlay) diag.List {
	var diags diag.List
	for _, o := range overlays {
		if used, read := u[o]; read && !used {
			diags.Add(diag.Diagnostic{
				Pos: o.Spec.Pos, Path: "overlay", Msg: fmt.Sprintf("no spec here is named %q", o.Spec.Value),
				Hint: "the overlay has no effect; correct the name or leave it out",
			})
		}
	}
	return diags
}

// report prints errors and warnings, and returns an error if there are errors.
func report(w io.Writer, diags diag.List) error {
	fmt.Fprint(w, diags.Filter(diag.Warning))
	return errorCount(diags)
}

// errorCount returns an error if there are errors among the diagnostics.
func errorCount(diags diag.List) error {
	n := len(diags.Filter(diag.Error).Sorted())
	switch n {
	case 0:
		return nil
	case 1:
		return withStatus(exitBadSpec, errors.New("1 error"))
	}
	return withStatus(exitBadSpec, fmt.Errorf("%d errors", n))
}

// loadFile reads and resolves the spec in a file. The family is nil if the
// diagnostics have errors.
func loadFile(path string, opts gen.Options, used overlayUse) (*model.Family, diag.List, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, nil, withStatus(exitIO, err)
	}
	family, diags := load(path, data, opts, used)
	return family, diags, nil
}

func loadBuiltin(name string, opts gen.Options, used overlayUse) (*model.Family, diag.List, error) {
	data, ok := specs.Find(name)
	if !ok {
		return nil, nil, withStatus(exitUsage,
			unknownName(fmt.Sprintf("no spec of a family %q is built in", name), name, "there are", specs.Names()))
	}
	family, diags := load("specs/"+name+".yaml", data, opts, used)
	return family, diags, nil
}

func load(name string, data []byte, opts gen.Options, used overlayUse) (*model.Family, diag.List) {
	family, diags := gen.Load(name, data, opts)
	if family != nil {
		used.note(opts.Overlays, family.Name)
	}
	return family, diags
}

// A familyFlag names the family a command works on: a spec file, or the name of
// a spec built into the program.
type familyFlag struct {
	spec, name string
	flags      specFlags
}

func (ff *familyFlag) add(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringVar(&ff.spec, "spec", "", "the family's spec `FILE`")
	f.StringVar(&ff.name, "family", "", "`NAME` of a family whose spec is built in; see nlgen list")
	cmd.MarkFlagsOneRequired("spec", "family")
	cmd.MarkFlagsMutuallyExclusive("spec", "family")
	ff.flags.add(cmd)
	cobra.CheckErr(cmd.MarkFlagFilename("spec", yamlSuffixes...))
	cobra.CheckErr(cmd.RegisterFlagCompletionFunc("family", cobra.FixedCompletions(
		specs.Names(), cobra.ShellCompDirectiveNoFileComp)))
}

// load returns the family. What makes its spec unusable is printed to w; for
// warnings there is lint.
func (ff *familyFlag) load(w io.Writer) (*model.Family, error) {
	opts, diags, err := ff.flags.options()
	if err != nil {
		return nil, err
	}
	used := overlayUse{}
	var (
		family *model.Family
		ds     diag.List
	)
	if ff.spec != "" {
		family, ds, err = loadFile(ff.spec, opts, used)
	} else {
		family, ds, err = loadBuiltin(ff.name, opts, used)
	}
	if err != nil {
		return nil, err
	}
	diags.Add(ds...)
	diags.Add(used.unused(opts.Overlays)...)
	return family, report(w, diags.Filter(diag.Error))
}

// findOp returns the operation name of f, or an error that says what there is.
func findOp(f *model.Family, name string) (*model.Op, error) {
	var names []string
	for _, op := range f.Ops {
		if op.Do == nil && op.Dump == nil {
			continue
		}
		if op.Name == name {
			return op, nil
		}
		names = append(names, op.Name)
	}
	return nil, withStatus(exitBadRequest,
		unknownName(fmt.Sprintf("%s has no operation %q", f.Name, name), name, "it has", names))
}

// findGroup returns the multicast group name of f.
func findGroup(f *model.Family, name string) (*model.Group, error) {
	var names []string
	for _, g := range f.Groups {
		if g.Name == name {
			return g, nil
		}
		names = append(names, g.Name)
	}
	return nil, withStatus(exitBadRequest,
		unknownName(fmt.Sprintf("%s has no multicast group %q", f.Name, name), name, "it has", names))
}

// unknownName returns an error with the name that was probably meant, or else
// all there are.
func unknownName(msg, name, intro string, known []string) error {
	hint := diag.DidYouMean(name, known)
	if hint == "" {
		hint = intro + " " + strings.Join(known, ", ")
	}
	if len(known) == 0 {
		hint = intro + " none"
	}
	return errors.New(msg + "; " + hint)
}

// completeOps proposes the operations of the family named so far that can be
// called in the way asked for.
func (ff *familyFlag) completeOps(call func(*model.Op) *model.Call) cobra.CompletionFunc {
	return func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
		f, err := ff.load(io.Discard)
		if err != nil {
			return nil, cobra.ShellCompDirectiveError
		}
		var names []string
		for _, op := range f.Ops {
			if call(op) != nil {
				names = append(names, cobra.CompletionWithDesc(op.Name, firstSentence(op.Doc)))
			}
		}
		return names, cobra.ShellCompDirectiveNoFileComp
	}
}

// completeGroups proposes the multicast groups of the family named so far.
func (ff *familyFlag) completeGroups(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
	f, err := ff.load(io.Discard)
	if err != nil {
		return nil, cobra.ShellCompDirectiveError
	}
	var names []string
	for _, g := range f.Groups {
		names = append(names, cobra.CompletionWithDesc(g.Name, firstSentence(g.Doc)))
	}
	return names, cobra.ShellCompDirectiveNoFileComp
}

func firstSentence(doc string) string {
	first, _, _ := strings.Cut(strings.Join(strings.Fields(doc), " "), ". ")
	return strings.TrimSuffix(first, ".")
}
