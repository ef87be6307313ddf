package kernel

import (
	"github.com/nlgen/nlgen/gen/diag"
	"github.com/nlgen/nlgen/gen/model"
)

// A checker collects what has no form in C.
type checker struct{ diag.List }

func (c *checker) report(p model.Pos, path, format string, args ...any) {
	c.Errorf(p, path, format, args...)
}

// named reports something without a name in C.
func (c *checker) named(cname string, p model.Pos, path string) {
	if cname == "" {
		c.Add(diag.Diagnostic{
			Pos: p, Path: path, Msg: "this has no name in C", Hint: "give it one with x-nlgen-c-name",
		})
	}
}

// check returns an error for everything that the tables or the UAPI header cannot
// have.
func check(f *model.Family) error {
	var c checker
	for _, en := range f.Enums {
		for _, entry := range en.Entries {
			if en.Header == "" {
				c.named(entry.CName, entry.Pos, "definitions/"+en.Name+"/entries/"+entry.Name)
			}
		}
	}
	for _, s := range f.Sets {
		for _, a := range s.Attrs {
			path := attrPath(a)
			c.named(a.CName, a.Pos, path)
			switch a.Type {
			case model.TypeSubMessage, model.TypeRecords, model.TypeOrdered:
				c.report(a.Pos, path, "an attribute of type %s has no form in the kernel target", a.Type)
			}
		}
	}
	for _, op := range f.Ops {
		c.named(op.CName, op.Pos, "operations/"+op.Name)
	}
	for _, g := range f.Groups {
		c.named(g.CName, g.Pos, "mcast-groups/"+g.Name)
	}
	return c.Err()
}

func attrPath(a *model.Attr) string { return "attribute-sets/" + a.Set.Name + "/attributes/" + a.Name }

// checkModule returns an error for everything that a module cannot have, while the
// tables can.
func checkModule(f *model.Family) error {
	var c checker
	if f.Bare {
		c.report(f.Pos, "x-nlgen-framing", "messages without netlink headers have no form in the kernel target")
	}
	for _, m := range f.Messages {
		for _, p := range m.Parts {
			if why := noPartForm(p); why != "" {
				c.report(p.Pos, "payload/"+p.Name, "%s", why)
			}
		}
		for _, field := range m.Fields {
			a := field.Attr
			if a.Type == model.TypeNest && a.Struct != nil {
				c.report(a.Pos, attrPath(a), "a nest with a struct in front has no form in a module")
			}
			if s := shapeOf(a); a.Multi && !s.listed() || s == indexed && a.Multi {
				c.report(a.Pos, attrPath(a), "an attribute of this type cannot repeat in a module")
			}
		}
	}
	return c.Err()
}
