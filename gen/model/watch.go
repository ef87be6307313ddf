package model

import (
	"fmt"
	"strings"
)

// A Watch says how the list that a dump returns is followed by events.
type Watch struct {
	Doc            string
	GoName         string // client method
	GoVar          string // unexported variable with the runtime's description
	Added, Removed []*Op
	Groups, Relist []*Group
	Shared         bool // objects may have the key of another
	Twins          bool // objects may be equal to another
	Within         []KeyPart
	Filter         []WatchFilter
	Ignore         []KeyPart
}

// A WatchFilter is a field by which a request limits the list. Values is what
// objects may have if the request leaves it out; none means any.
type WatchFilter struct {
	KeyPart
	Values []uint32
}

// Name is the name of the part in a spec.
func (p KeyPart) Name() string {
	if p.Member != nil {
		return "header." + p.Member.Name
	}
	var names []string
	for _, a := range p.Outer {
		names = append(names, a.Name)
	}
	return strings.Join(append(names, p.Attr.Name), ".")
}

func (d *dumper) watch(w *Watch) {
	var groups, relist, added, removed, filters []string
	for _, g := range w.Groups {
		groups = append(groups, g.Name)
	}
	for _, g := range w.Relist {
		relist = append(relist, g.Name)
	}
	for _, o := range w.Added {
		added = append(added, o.Name)
	}
	for _, o := range w.Removed {
		removed = append(removed, o.Name)
	}
	for _, f := range w.Filter {
		filters = append(filters, fmt.Sprint(f.Name(), f.Values))
	}
	d.line("watch", w.GoName, w.GoVar, list("added", added), list("removed", removed), list("groups", groups),
		list("relist", relist), word("shared", w.Shared), word("twins", w.Twins), keyName("within", w.Within),
		list("filter", filters), keyName("ignore", w.Ignore))
}
