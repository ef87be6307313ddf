package main

import (
	"errors"
	"fmt"
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
}

// options reads the overlays and returns how to load specs.
func (sf *specFlags) options() (gen.Options, diag.List) {
	overlays, diags := loadOverlays(sf.overlays)
	return gen.Options{Operations: sf.ops, Overlays: overlays, Lenient: sf.lenient, NoErrata: sf.noErrata}, diags
}

func loadOverlays(paths []string) ([]*gen.Overlay, diag.List) {
	var overlays []*gen.Overlay
	var diags diag.List
	for _, path := range paths {
		o, ds := gen.LoadOverlay(path)
		diags.Add(ds...)
		if o != nil {
			overlays = append(overlays, o)
		}
	}
	return overlays, diags
}

// overlayUse tells which overlays belong to one of the specs read so far.
type overlayUse map[*gen.Overlay]bool

func (u overlayUse) note(overlays []*gen.Overlay, spec string) {
	for _, o := range overlays {
		u[o] = u[o] || o.Spec.Value == spec
	}
}

// unused reports the overlays that belong to no spec.
func (u overlayUse) unused() diag.List {
	var diags diag.List
	for o, used := range u {
		if !used {
			diags.Add(diag.Diagnostic{
				Pos: o.Spec.Pos, Path: "overlay", Msg: fmt.Sprintf("no spec here is named %q", o.Spec.Value),
				Hint: "the overlay has no effect; correct the name or leave it out",
			})
		}
	}
	return diags
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
	family, diags := gen.Load(path, data, opts)
	if family != nil {
		used.note(opts.Overlays, family.Name)
	}
	return family, diags, nil
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
	cobra.CheckErr(cmd.RegisterFlagCompletionFunc("family", func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
		return specs.Names(), cobra.ShellCompDirectiveNoFileComp
	}))
}

// load returns the family, or an error with every diagnostic.
func (ff *familyFlag) load() (*model.Family, error) {
	opts, diags := ff.flags.options()
	if err := diags.Err(); err != nil {
		return nil, withStatus(exitBadSpec, err)
	}
	used := overlayUse{}
	var (
		family *model.Family
		err    error
	)
	if ff.spec != "" {
		family, diags, err = loadFile(ff.spec, opts, used)
	} else {
		family, diags, err = loadBuiltin(ff.name, opts)
	}
	if err != nil {
		return nil, err
	}
	return family, withStatus(exitBadSpec, diags.Err())
}

func loadBuiltin(name string, opts gen.Options) (*model.Family, diag.List, error) {
	data, ok := specs.Find(name)
	if !ok {
		return nil, nil, withStatus(exitUsage, fmt.Errorf("no spec for family %q is built in; there are %s", name, strings.Join(specs.Names(), ", ")))
	}
	family, diags := gen.Load("specs/"+name+".yaml", data, opts)
	return family, diags, nil
}

// findOp returns the operation name of f, or an error that lists what there is.
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
	return nil, withStatus(exitBadRequest, fmt.Errorf("%s has no operation %q; it has %s", f.Name, name, strings.Join(names, ", ")))
}

// findGroup returns the multicast group name of f.
func findGroup(f *model.Family, name string) (*model.Group, error) {
	if len(f.Groups) == 0 {
		return nil, withStatus(exitBadRequest, errors.New(f.Name+" has no multicast groups"))
	}
	var names []string
	for _, g := range f.Groups {
		if g.Name == name {
			return g, nil
		}
		names = append(names, g.Name)
	}
	return nil, withStatus(exitBadRequest, fmt.Errorf("%s has no multicast group %q; it has %s", f.Name, name, strings.Join(names, ", ")))
}

// completeOps proposes the operations of the family named so far.
func (ff *familyFlag) completeOps(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
	f, err := ff.load()
	if err != nil {
		return nil, cobra.ShellCompDirectiveError
	}
	var names []string
	for _, op := range f.Ops {
		if op.Do != nil || op.Dump != nil {
			names = append(names, op.Name+"\t"+op.Doc)
		}
	}
	return names, cobra.ShellCompDirectiveNoFileComp
}

// completeGroups proposes the multicast groups of the family named so far.
func (ff *familyFlag) completeGroups(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
	f, err := ff.load()
	if err != nil {
		return nil, cobra.ShellCompDirectiveError
	}
	var names []string
	for _, g := range f.Groups {
		names = append(names, g.Name+"\t"+g.Doc)
	}
	return names, cobra.ShellCompDirectiveNoFileComp
}
