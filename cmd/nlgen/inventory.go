package main

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"maps"
	"slices"

	"github.com/nlgen/nlgen/families/nlctrl"
	"github.com/nlgen/nlgen/gen"
	"github.com/nlgen/nlgen/gen/model"
	nl "github.com/nlgen/nlgen/runtime"
	"github.com/nlgen/nlgen/specs"
)

// An entry is a family as the spec and as the running kernel have it.
type entry struct {
	Family string `json:"family"`
	Kind   string `json:"kind"` // generic, or protocol and the number of a classic one
	Spec   *side  `json:"spec,omitempty"`
	Kernel *side  `json:"kernel,omitempty"`
}

// A side is one of the two descriptions of a family.
type side struct {
	Version    uint32      `json:"version,omitempty"` // Generic Netlink only
	Operations []operation `json:"operations"`
	Groups     []string    `json:"groups"`
}

// An operation has no name if only the kernel knows it.
type operation struct {
	Name string `json:"name,omitempty"`
	ID   uint16 `json:"id"`
	Do   bool   `json:"do"`
	Dump bool   `json:"dump"`
}

const generic = "generic"

// inventory returns the families of the built-in specs and those of the kernel,
// sorted by name. If the kernel does not answer, the specs' are returned with
// the error. What is wrong with a spec is printed to w.
func inventory(ctx context.Context, w io.Writer, opts []nl.Option) ([]*entry, error) {
	entries := map[string]*entry{}
	for _, name := range specs.Names() {
		f, diags, err := loadBuiltin(name, gen.Options{}, overlayUse{})
		if err != nil {
			return nil, err
		}
		if err := report(w, diags); err != nil {
			return nil, err
		}
		entries[f.Name] = specEntry(f)
	}
	err := addKernel(ctx, entries, opts)
	return slices.SortedFunc(maps.Values(entries), func(a, b *entry) int { return cmp.Compare(a.Family, b.Family) }), err
}

func specEntry(f *model.Family) *entry {
	e := &entry{Family: f.Name, Kind: generic, Spec: &side{Operations: []operation{}, Groups: []string{}}}
	if f.Generic {
		e.Spec.Version = uint32(f.Version)
	} else {
		e.Kind = fmt.Sprintf("protocol %d", f.Protocol)
	}
	for _, op := range f.Ops {
		if op.Do != nil || op.Dump != nil {
			e.Spec.Operations = append(e.Spec.Operations, operation{op.Name, op.RequestID, op.Do != nil, op.Dump != nil})
		}
	}
	for _, g := range f.Groups {
		e.Spec.Groups = append(e.Spec.Groups, g.Name)
	}
	return e
}

// addKernel adds what the kernel's controller of Generic Netlink tells. There is
// no such thing for classic netlink.
func addKernel(ctx context.Context, entries map[string]*entry, opts []nl.Option) error {
	c, err := nlctrl.Dial(opts...)
	if err != nil {
		return failure(err)
	}
	defer c.Close()
	families, err := c.GetFamilyAll(ctx, nil)
	if err != nil {
		return failure(err)
	}
	for _, f := range families {
		name := f.FamilyName.Value()
		if entries[name] == nil {
			entries[name] = &entry{Family: name, Kind: generic}
		}
		entries[name].Kernel = kernelSide(f, entries[name].Spec)
	}
	return nil
}

// kernelSide describes a family as the kernel does, with the names of the spec,
// if there is one.
func kernelSide(f *nlctrl.GetFamilyReply, spec *side) *side {
	s := &side{Version: f.Version.Value(), Operations: []operation{}, Groups: []string{}}
	for _, o := range f.Ops {
		op := operation{
			ID:   uint16(o.ID.Value()),
			Do:   o.Flags.Value()&nlctrl.OpFlagCmdCapDo != 0,
			Dump: o.Flags.Value()&nlctrl.OpFlagCmdCapDump != 0,
		}
		if named := spec.operation(op.ID); named != nil {
			op.Name = named.Name
		}
		s.Operations = append(s.Operations, op)
	}
	for _, g := range f.McastGroups {
		s.Groups = append(s.Groups, g.Name.Value())
	}
	return s
}

// operation returns the operation id of s, or nil; s may be nil.
func (s *side) operation(id uint16) *operation {
	if s == nil {
		return nil
	}
	i := slices.IndexFunc(s.Operations, func(op operation) bool { return op.ID == id })
	if i < 0 {
		return nil
	}
	return &s.Operations[i]
}
