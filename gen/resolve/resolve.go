// Package resolve turns the tree of a spec into the model that emitters see:
// names become pointers, ids and layouts are computed, subsets are merged, and
// every Go identifier is decided.
//
// The work is a row of steps, one per file, each a method of the resolver.
// Steps never stop at a fault: each is a diagnostic, and what is missing stays
// empty, so that one run reports everything.
package resolve

import (
	"fmt"
	"maps"
	"path/filepath"
	"slices"

	"github.com/nlgen/nlgen/gen/diag"
	"github.com/nlgen/nlgen/gen/model"
	"github.com/nlgen/nlgen/gen/naming"
	"github.com/nlgen/nlgen/gen/spec"
)

// Options adjusts [Resolve].
type Options struct {
	Package    string   // Go package name, if not that of the spec
	Operations []string // the operations wanted; none means all
}

// Resolve returns the family a spec describes and everything that is wrong
// with it. The family may be used only if the list has no errors; it is never
// nil. The spec must have been decoded without errors and is not changed.
func Resolve(s *spec.Spec, opts Options) (*model.Family, diag.List) {
	r := &resolver{
		spec: s, opts: opts, fam: &model.Family{},
		consts: map[string]*model.Const{}, enums: map[string]*model.Enum{},
		structs: map[string]*structNode{}, sets: map[string]*setNode{},
		subs: map[string]*model.SubMessage{}, ops: map[string]*opNode{},
		groups: map[string]*model.Group{}, attrs: map[*model.Attr]attrSource{},
		parents: map[*model.AttrSet][]*model.AttrSet{},
		enumUse: map[*model.Enum]*enumUsers{}, nests: map[nestKey]*model.Message{},
		clashed: map[[2]diag.Pos]bool{},
	}
	for _, step := range []func(){
		r.family, r.constants, r.enumerations, r.structures, r.attributeSets,
		r.subMessages, r.attributes, r.selectors, r.formatPayloads, r.mcastGroups, r.operations,
		r.messageIDs, r.enumWidths, r.names, r.messages, r.keysAndMerges, r.watches, r.transaction, r.scopes,
	} {
		step()
	}
	return r.fam, r.diags
}

type resolver struct {
	spec  *spec.Spec
	opts  Options
	fam   *model.Family
	diags diag.List

	consts  map[string]*model.Const
	enums   map[string]*model.Enum
	structs map[string]*structNode
	sets    map[string]*setNode
	subs    map[string]*model.SubMessage
	ops     map[string]*opNode
	opList  []*opNode // every operation, wanted or not
	groups  map[string]*model.Group
	attrs   map[*model.Attr]attrSource
	parents map[*model.AttrSet][]*model.AttrSet // the sets a set stands in
	enumUse map[*model.Enum]*enumUsers
	nests   map[nestKey]*model.Message

	clashed map[[2]diag.Pos]bool // name clashes reported

	nestKeys []nestKey // every use of a set as a message of its own, in order
}

// family fills in what the top level of the spec says.
func (r *resolver) family() {
	s, f := r.spec, r.fam
	f.Name, f.Doc = s.Name.Value, s.Doc.Value
	f.Pos = s.Pos
	f.Source = filepath.Base(s.Pos.File)
	f.Package = r.packageName()
	f.Dialect = string(s.Protocol.Or(spec.Genetlink))
	f.Generic = f.Dialect != string(spec.NetlinkRaw)
	f.Protocol = netlinkGeneric
	if !f.Generic {
		f.Protocol = int(s.Protonum.Value)
		if !s.Protonum.Set {
			r.diags.Errorf(s.Pos, "protonum", "a netlink-raw family needs its protocol number")
		}
	}
	f.Version = uint8(s.Version.Or(1))
	r.framing()
	f.Header = s.UAPIHeader.Or("linux/" + headerName(f.Name) + ".h")
	f.C = r.familyC()
}

// netlinkGeneric is NETLINK_GENERIC of linux/netlink.h.
const netlinkGeneric = 16

func (r *resolver) packageName() string {
	name := r.spec.GoPackage.Or(naming.Package(r.spec.Name.Value))
	if r.opts.Package != "" {
		name = r.opts.Package
	}
	if !naming.IsPackage(name) {
		r.diags.Add(diag.Diagnostic{
			Pos: r.spec.GoPackage.Pos, Path: "x-nlgen-package",
			Msg:  fmt.Sprintf("%q is no Go package name", name),
			Hint: "use lower-case letters and digits",
		})
	}
	return name
}

// lookup finds what a reference names. A name that nothing has is an error
// with the nearest name as hint.
func lookup[T any](r *resolver, table map[string]T, ref spec.Val[string], path, what string) (T, bool) {
	v, ok := table[ref.Value]
	if ref.Set && !ok {
		r.unknown(ref, path, what, slices.Sorted(maps.Keys(table)))
	}
	return v, ref.Set && ok
}

func (r *resolver) unknown(ref spec.Val[string], path, what string, known []string) {
	r.diags.Add(diag.Diagnostic{
		Pos: ref.Pos, Path: path,
		Msg:  fmt.Sprintf("there is no %s %q", what, ref.Value),
		Hint: diag.DidYouMean(ref.Value, known),
	})
}

// unique puts v into the table. A name that is taken is an error.
func unique[T any](r *resolver, table map[string]T, name spec.Val[string], path, what string, v T) bool {
	if _, taken := table[name.Value]; taken {
		r.diags.Errorf(name.Pos, path, "a second %s is called %q", what, name.Value)
		return false
	}
	table[name.Value] = v
	return true
}

// goName returns the Go name of something: the one the spec gives, or that of
// the rule.
func (r *resolver) goName(override, name spec.Val[string], path string) string {
	if override.Set {
		return r.givenName(override, path, naming.IsExported)
	}
	ident := naming.Exported(name.Value)
	if !naming.IsExported(ident) {
		r.diags.Add(diag.Diagnostic{
			Pos: name.Pos, Path: path,
			Msg:  fmt.Sprintf("the name %q makes no Go identifier", name.Value),
			Hint: "add " + goNameKey,
		})
	}
	return ident
}

// givenName returns a Go name that the spec gives.
func (r *resolver) givenName(name spec.Val[string], path string, valid func(string) bool) string {
	if !valid(name.Value) {
		r.diags.Add(diag.Diagnostic{
			Pos: name.Pos, Path: path + "/" + goNameKey,
			Msg:  fmt.Sprintf("%q is no exported Go identifier", name.Value),
			Hint: "write it like GetLink",
		})
	}
	return name.Value
}

const goNameKey = "x-nlgen-go-name"
