package kernel

import (
	"fmt"
	"strconv"

	"github.com/nlgen/nlgen/gen/diag"
	"github.com/nlgen/nlgen/gen/model"
)

// A checker collects what has no form in C.
type checker struct{ diag.List }

// report adds what has no form, and what to write instead.
func (c *checker) report(p model.Pos, path, what, hint string) {
	c.Add(diag.Diagnostic{Pos: p, Path: path, Msg: what, Hint: hint})
}

// named reports something without a name in C.
func (c *checker) named(cname string, p model.Pos, path string) {
	if cname == "" {
		c.report(p, path, "this has no name in C", "give it one with x-nlgen-c-name")
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
			c.named(a.CName, a.Pos, attrPath(a))
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

// names finds constants of the UAPI header that have one name.
type names struct {
	*checker
	first map[string]constant
}

// A constant is where a name is given. Several may have it if they are the same macro or
// message type, for which there is a value.
type constant struct{ path, value string }

func (n names) declare(cname string, p model.Pos, k constant, hint string) {
	switch first, taken := n.first[cname]; {
	case cname == "" || taken && k.value != "" && k.value == first.value:
	case taken:
		n.report(p, k.path, cname+" is already the name in C of "+first.path, hint)
	default:
		n.first[cname] = k
	}
}

// clashes reports constants whose names are taken.
func (c *checker) clashes(f *model.Family) {
	const (
		hint    = "give one of them another with x-nlgen-c-name"
		maxHint = "give one of them another with attr-cnt-name and attr-max-name"
	)
	n := names{c, map[string]constant{}}
	for _, k := range f.Consts {
		if k.Header == "" && k.Scope != "user" {
			n.declare(k.CName, k.Pos, constant{"definitions/" + k.Name, constValue(k)}, hint)
		}
	}
	for _, en := range f.Enums {
		if en.Header != "" || en.Scope == "user" {
			continue
		}
		for _, entry := range en.Entries {
			n.declare(entry.CName, entry.Pos, constant{path: "definitions/" + en.Name + "/entries/" + entry.Name}, hint)
		}
	}
	for _, s := range f.Sets {
		if s.Subset != nil || s.Header != "" {
			continue
		}
		for _, a := range s.Attrs {
			n.declare(a.CName, a.Pos, constant{path: attrPath(a)}, hint)
		}
		n.declare(s.CMax, s.Pos, constant{path: "attribute-sets/" + s.Name}, maxHint)
	}
	for _, op := range f.Ops {
		n.declare(op.CName, op.Pos, constant{"operations/" + op.Name, fmt.Sprint("type ", opNumber(op))}, hint)
	}
	for _, g := range f.Groups {
		n.declare(g.CName, g.Pos, constant{"mcast-groups/" + g.Name, strconv.Quote(g.Name)}, hint)
	}
}

func attrPath(a *model.Attr) string { return "attribute-sets/" + a.Set.Name + "/attributes/" + a.Name }

// checkModule returns an error for everything that a module cannot have, while the
// tables can.
func checkModule(f *model.Family) error {
	var c checker
	c.clashes(f)
	if f.Bare {
		c.report(f.Pos, "x-nlgen-framing", "messages without netlink headers have no form in the kernel target",
			"give the family netlink headers, or send its datagrams by hand")
	}
	for _, m := range f.Messages {
		for _, field := range m.Fields {
			a := field.Attr
			if s := shapeOf(a); a.Multi && s != multi && s != chained {
				c.report(a.Pos, attrPath(a), "an attribute of this type cannot repeat in a module",
					"put it into a nest that repeats")
			}
		}
	}
	return c.Err()
}
