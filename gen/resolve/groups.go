package resolve

import (
	"strings"

	"github.com/nlgen/nlgen/gen/model"
	"github.com/nlgen/nlgen/gen/naming"
	"github.com/nlgen/nlgen/gen/spec"
)

// mcastGroups resolves the multicast groups.
func (r *resolver) mcastGroups() {
	for _, def := range r.spec.McastGroups {
		path := "mcast-groups/" + def.Name.Value
		g := &model.Group{
			Name: def.Name.Value, Doc: def.Doc.Value, Pos: def.Pos,
			GoName: r.groupName(def, path),
			CName:  def.CName.Or(cUpper(def.CDefineName.Or(r.fam.Name + "-mcgrp-" + def.Name.Value))),
			Value:  def.Value.Value,
		}
		for _, f := range def.Flags.Value {
			g.Flags = append(g.Flags, string(f.Value))
		}
		r.groupMask(def, g, path)
		if !r.fam.Generic && !def.Value.Set && !def.Mask.Set {
			r.diags.Errorf(def.Pos, path, "a group of a netlink-raw family needs its number as value")
		}
		if unique(r, r.groups, def.Name, path, "multicast group", g) {
			r.fam.Groups = append(r.fam.Groups, g)
		}
	}
}

// groupName is Group and the group's name without the prefix that all groups
// of classic netlink have.
func (r *resolver) groupName(def *spec.McastGroup, path string) string {
	if def.GoName.Set {
		return "Group" + r.givenName(def.GoName, path, naming.IsSuffix)
	}
	name := def.Name.Value
	for _, prefix := range []string{"rtnlgrp-", "nlgrp-"} {
		name = strings.TrimPrefix(name, prefix)
	}
	return "Group" + naming.Suffix(name)
}
