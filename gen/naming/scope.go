package naming

import "github.com/nlgen/nlgen/gen/diag"

// A Decl is something that takes an identifier.
type Decl struct {
	Name string   // the identifier
	What string   // what takes it, for people
	Pos  diag.Pos // where the spec says so; invalid if generated code always has it
	Path string   // its path in the spec
}

// A Clash is two declarations that want one identifier.
type Clash struct{ First, Second Decl }

// A Scope is a set of identifiers that must differ: those of a package, the
// fields of a struct, the methods of a type. The zero Scope is empty.
type Scope struct {
	decls   map[string]Decl
	clashes []Clash
}

// Declare takes an identifier and reports whether it was free.
func (s *Scope) Declare(d Decl) bool {
	first, taken := s.decls[d.Name]
	if taken {
		s.clashes = append(s.clashes, Clash{First: first, Second: d})
		return false
	}
	if s.decls == nil {
		s.decls = map[string]Decl{}
	}
	s.decls[d.Name] = d
	return true
}

// Clashes returns the declarations refused so far, in order.
func (s *Scope) Clashes() []Clash { return s.clashes }
