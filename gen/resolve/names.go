package resolve

import (
	"strings"

	"github.com/nlgen/nlgen/gen/model"
	"github.com/nlgen/nlgen/gen/naming"
)

// reserved are the identifiers every generated package declares.
var reserved = []string{"Batch", "Client", "Dial", "Event", "Family", "Name", "New", "Serve", "Server", "Serving", "UnimplementedServer", "Version"}

// names settles the Go names that depend on others. Where two kinds of things
// want one name the weaker kind gives way, whatever the order: a definition to
// what every package has, an attribute set to a definition, a sub-message
// to both, an event to all.
func (r *resolver) names() {
	taken := map[string]bool{}
	for _, name := range reserved {
		taken[name] = true
	}
	r.definitionNames(taken)
	r.setNames(taken)
	r.attrConsts()
	r.subNames(taken)
	for _, n := range r.opList {
		if n.Notify == nil && n.def.Event == nil {
			continue
		}
		n.Event = &model.Event{GoName: n.GoName, Doc: n.Doc}
		if taken[n.GoName] && !n.def.GoName.Set {
			n.Event.GoName += "Event"
		}
		n.Event.GoNotify = "Notify" + n.Event.GoName
	}
}

func (r *resolver) definitionNames(taken map[string]bool) {
	free := func(name, suffix string) string {
		if taken[name] {
			name += suffix
		}
		return name
	}
	for _, c := range r.fam.Consts {
		c.GoName = free(c.GoName, "Const")
	}
	for _, e := range r.fam.Enums {
		e.GoName = free(e.GoName, "Enum")
		e.GoNames, e.GoParse = "names"+e.GoName, "Parse"+e.GoName
		if e.AsFlags {
			e.GoMask = e.GoName + "Mask"
			e.GoMaskNames, e.GoMaskParse = "names"+e.GoMask, "Parse"+e.GoMask
		}
		for _, entry := range e.Entries {
			if e.AsFlags {
				entry.GoMask = e.GoMask + entry.GoName
			}
			entry.GoName = e.GoName + entry.GoName
		}
	}
	for _, s := range r.fam.Structs {
		s.GoName = free(s.GoName, "Struct")
		s.GoSize = "size" + s.GoName
	}
	for _, c := range r.fam.Consts {
		taken[c.GoName] = true
	}
	for _, e := range r.fam.Enums {
		taken[e.GoName], taken[e.GoMask] = true, true
		for _, entry := range e.Entries {
			taken[entry.GoName], taken[entry.GoMask] = true, true
		}
	}
	for _, s := range r.fam.Structs {
		taken[s.GoName] = true
	}
}

// setNames settles the names of the sets that are messages of their own.
func (r *resolver) setNames(taken map[string]bool) {
	renamed := map[*model.AttrSet]bool{}
	for _, key := range r.nestKeys {
		if taken[key.set.GoName] && !renamed[key.set] && !r.sets[key.set.Name].def.GoName.Set {
			key.set.GoName += "Attrs"
			renamed[key.set] = true
		}
	}
	for _, key := range r.nestKeys {
		taken[key.set.GoName] = true
	}
	for _, set := range r.fam.Sets {
		if set.Subset == nil {
			set.GoTable = naming.Unexported("set", set.Name)
		}
	}
}

// attrConsts names the ids. A subset shares those of its root.
func (r *resolver) attrConsts() {
	for _, set := range r.fam.Sets {
		stem := r.stem(set.Root())
		for _, a := range set.Attrs {
			a.GoConst = "attr" + stem + naming.Suffix(a.Name)
			if root := r.sets[set.Root().Name].byName[a.Name]; root != nil && r.attrs[root].GoName.Set {
				a.GoConst = "attr" + stem + root.GoName
			}
			if a.Chain != nil {
				a.Chain.GoName = r.stem(set) + a.GoName
			}
		}
	}
}

// stem is the name of a set without a trailing Attrs, unless another set has
// just that name.
func (r *resolver) stem(set *model.AttrSet) string {
	name := naming.Exported(set.Name)
	short := strings.TrimSuffix(name, "Attrs")
	for _, other := range r.fam.Sets {
		if other != set && naming.Exported(other.Name) == short {
			return name
		}
	}
	return short
}

// subNames settles the names of sub-messages and what is called after them.
func (r *resolver) subNames(taken map[string]bool) {
	chosen := map[string]bool{}
	for _, def := range r.spec.SubMessages {
		chosen[def.Name.Value] = def.GoName.Set
	}
	for _, s := range r.fam.Subs {
		if taken[s.GoName] && !chosen[s.Name] {
			s.GoName += "Body"
		}
		taken[s.GoName] = true
		s.GoUnknown = "Unknown" + s.GoName
		s.GoNew = "New" + s.GoName
		s.GoBody = "body" + s.GoName
		s.GoIndex = "sub" + s.GoName
	}
}
