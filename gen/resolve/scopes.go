package resolve

import (
	"fmt"

	"github.com/nlgen/nlgen/gen/diag"
	"github.com/nlgen/nlgen/gen/model"
	"github.com/nlgen/nlgen/gen/naming"
)

// clientMethods are the methods every client has, batchMethods what a batch has
// besides its requests.
var (
	clientMethods = []string{"Batch", "Close", "Subscribe", "Transaction"}
	batchMethods  = []string{"Batch", "Len", "Wait"}
)

// scopes declares every identifier there will be, so that two things that want
// one are noticed before any code is written.
func (r *resolver) scopes() {
	pkg, methods, batch := &naming.Scope{}, &naming.Scope{}, &naming.Scope{}
	fixed(pkg, reserved...)
	fixed(methods, clientMethods...)
	fixed(batch, batchMethods...)
	r.declareDefinitions(pkg)
	r.declareSets(pkg)
	r.declareMessages(pkg)
	r.declareOps(pkg, methods, batch)
	r.clashes(pkg)
	r.clashes(methods)
	r.clashes(batch)
}

func fixed(s *naming.Scope, names ...string) {
	for _, name := range names {
		s.Declare(naming.Decl{Name: name})
	}
}

func (r *resolver) declareDefinitions(pkg *naming.Scope) {
	declare := func(pos model.Pos, what, name, path string, idents ...string) {
		for _, ident := range idents {
			if ident != "" {
				pkg.Declare(naming.Decl{Name: ident, What: what + " " + name, Pos: pos, Path: path})
			}
		}
	}
	for _, c := range r.fam.Consts {
		declare(c.Pos, "constant", c.Name, "definitions/"+c.Name, c.GoName)
	}
	for _, e := range r.fam.Enums {
		path := "definitions/" + e.Name
		declare(e.Pos, "definition", e.Name, path, e.GoName, e.GoNames, e.GoParse,
			e.GoMask, e.GoMaskNames, e.GoMaskParse)
		for _, entry := range e.Entries {
			declare(entry.Pos, "entry", entry.Name, path+"/entries/"+entry.Name, entry.GoName, entry.GoMask)
		}
	}
	for _, s := range r.fam.Structs {
		declare(s.Pos, "struct", s.Name, "definitions/"+s.Name, s.GoName, s.GoSize)
		r.declareMembers(s)
	}
	for _, g := range r.fam.Groups {
		declare(g.Pos, "multicast group", g.Name, "mcast-groups/"+g.Name, g.GoName)
	}
	for _, s := range r.fam.Subs {
		declare(s.Pos, "sub-message", s.Name, "sub-messages/"+s.Name, s.GoName, s.GoUnknown, s.GoNew, s.GoBody, s.GoIndex)
	}
}

func (r *resolver) declareMembers(s *model.Struct) {
	scope := &naming.Scope{}
	fixed(scope, "Encode", "Decode")
	for _, m := range s.Members {
		if m.GoName != "" {
			scope.Declare(naming.Decl{
				Name: m.GoName, What: "member " + m.Name, Pos: m.Pos,
				Path: "definitions/" + s.Name + "/members/" + m.Name,
			})
		}
	}
	r.clashes(scope)
}

// declareSets declares the constants of root sets and the types of chains.
func (r *resolver) declareSets(pkg *naming.Scope) {
	for _, set := range r.fam.Sets {
		if set.Subset != nil {
			continue
		}
		path := r.sets[set.Name].path
		pkg.Declare(naming.Decl{Name: set.GoTable, What: "attribute set " + set.Name, Pos: set.Pos, Path: path})
		for _, a := range set.Attrs {
			pkg.Declare(attrDecl(r, a, a.GoConst))
		}
	}
	for _, c := range r.fam.Chains {
		pkg.Declare(attrDecl(r, c.Attr, c.GoName))
	}
}

func attrDecl(r *resolver, a *model.Attr, name string) naming.Decl {
	return naming.Decl{Name: name, What: "attribute " + a.Name, Pos: a.Pos, Path: r.attrs[a].path}
}

// declareMessages declares the message types of sets, and the fields of all.
func (r *resolver) declareMessages(pkg *naming.Scope) {
	for _, key := range uniqueKeys(r.nestKeys) {
		if m := r.nests[key]; m != nil {
			set := key.set
			pkg.Declare(naming.Decl{
				Name: m.GoName, What: "attribute set " + set.Name, Pos: set.Pos, Path: r.sets[set.Name].path,
			})
		}
	}
	r.declareFormats(pkg)
	for _, m := range r.fam.Messages {
		scope := &naming.Scope{}
		fixed(scope, "Encode", "Decode", m.UnknownField)
		declareParts(scope, m)
		if m.Header != nil {
			fixed(scope, m.HeaderField)
		}
		for _, f := range m.Fields {
			scope.Declare(attrDecl(r, f.Attr, f.GoName))
		}
		r.clashes(scope)
	}
}

func uniqueKeys(keys []nestKey) []nestKey {
	var out []nestKey
	seen := map[nestKey]bool{}
	for _, key := range keys {
		if !seen[key] {
			seen[key] = true
			out = append(out, key)
		}
	}
	return out
}

// declareOps declares what the wanted operations bring to the package, to the
// client and to its batches.
func (r *resolver) declareOps(pkg, methods, batch *naming.Scope) {
	for _, n := range r.opList {
		declare := func(scope *naming.Scope, name string) {
			if name != "" {
				scope.Declare(naming.Decl{Name: name, What: "operation " + n.Name, Pos: n.Pos, Path: n.path})
			}
		}
		if n.reply != nil {
			declare(pkg, n.GoName+"Reply")
		}
		if !n.wanted {
			continue
		}
		declare(pkg, n.GoVar)
		for _, c := range []*model.Call{n.Do, n.Dump} {
			if c != nil {
				declare(pkg, c.RequestName)
				declare(methods, c.GoName)
				declare(methods, c.GoAllName)
				declare(methods, c.GoAppendName)
			}
		}
		if n.Do != nil {
			declare(batch, n.Do.GoName)
		}
		if n.Event != nil {
			declare(pkg, n.Event.GoName)
		}
	}
}

// clashes reports the identifiers that two things want, once for each two
// things. Two things of one path have one name in the spec, which has been
// reported already.
func (r *resolver) clashes(s *naming.Scope) {
	for _, c := range s.Clashes() {
		pair := [2]diag.Pos{c.First.Pos, c.Second.Pos}
		if c.First.Path == c.Second.Path && c.First.Pos != c.Second.Pos || r.clashed[pair] {
			continue
		}
		r.clashed[pair] = true
		msg := fmt.Sprintf("the Go name %s of the %s is ", c.Second.Name, c.Second.What)
		hint := "give one of them another name: " + goNameKey
		if c.First.What == "" {
			msg += "one that generated code always has"
			hint = "give it another name: " + goNameKey
		} else {
			msg += fmt.Sprintf("already that of the %s at %s", c.First.What, c.First.Pos)
		}
		r.diags.Add(diag.Diagnostic{Pos: c.Second.Pos, Path: c.Second.Path, Msg: msg, Hint: hint})
	}
}
