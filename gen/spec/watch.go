package spec

import (
	"github.com/nlgen/nlgen/gen/diag"
	"github.com/nlgen/nlgen/gen/tree"
)

const keyWatch = "x-nlgen-watch"

// Watch says how the list that a dump returns is followed by events. Fields are
// named as in a key: header.MEMBER, an attribute, or a path of attributes.
type Watch struct {
	Pos     diag.Pos
	Doc     Val[string]
	Added   Names // notifications of objects that came or changed
	Removed Names // notifications of objects that went
	Groups  Names // groups of these
	Relist  Names // groups whose events mean changes that no notification tells of
	Within  Names // tells apart objects that have one key
	Twins   Val[bool]
	Filter  []*WatchFilter
	Ignore  Names // what changes without a notification
}

// WatchFilter is a field by which a request limits the list.
type WatchFilter struct {
	Name   Val[string]
	Values Val[[]Val[uint32]] // what it stands for if the request leaves it out; none: any
}

func watch(c tree.Cursor) *Watch {
	m := c.Map()
	defer m.Done("added", "groups")
	return &Watch{
		Pos:     c.Node.Pos,
		Doc:     tree.Value(m, "doc", tree.Text),
		Added:   tree.Values(m, "added", tree.Name),
		Removed: tree.Values(m, "removed", tree.Name),
		Groups:  tree.Values(m, "groups", tree.Name),
		Relist:  tree.Values(m, "relist", tree.Name),
		Within:  tree.Values(m, "within", tree.Name),
		Twins:   tree.Value(m, "twins", tree.Bool),
		Filter:  watchFilters(m),
		Ignore:  tree.Values(m, "ignore", tree.Name),
	}
}

// watchFilters reads a mapping from fields to lists of values.
func watchFilters(watch *tree.Map) []*WatchFilter {
	filters, ok := watch.Field("filter")
	if !ok {
		return nil
	}
	m := filters.Map()
	defer m.Done()
	var out []*WatchFilter
	for _, f := range m.Node.Fields {
		out = append(out, &WatchFilter{
			Name:   tree.Parse(filters.At(f.Key.Value, f.Key), tree.Name),
			Values: tree.Values(m, f.Key.Value, tree.UpTo(1<<32-1)),
		})
	}
	return out
}
