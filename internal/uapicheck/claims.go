package uapicheck

import (
	"fmt"
	"slices"
	"strconv"

	"github.com/nlgen/nlgen/gen/diag"
	"github.com/nlgen/nlgen/gen/model"
)

// A Claim is one thing a spec says about C.
type Claim struct {
	Pos  diag.Pos // where the spec says it
	Path string   // slash path inside the spec
	Name string   // the C name it is about, such as IFA_LABEL or struct ifaddrmsg
	Expr string   // C expression to evaluate
	Text bool     // the expression is a string, not an integer
	Want string   // value of the expression by the spec, integers in decimal
	// Optional: C need not have the name. It is one that specs do not give,
	// but that follows by rule.
	Optional bool
}

// Headers returns the headers that declare the C names of the family.
func Headers(f *model.Family) []string {
	headers := []string{f.Header}
	for _, c := range f.Consts {
		headers = append(headers, c.Header)
	}
	for _, e := range f.Enums {
		headers = append(headers, e.Header)
	}
	for _, s := range f.Structs {
		headers = append(headers, s.Header)
	}
	for _, s := range f.Sets {
		headers = append(headers, s.Header)
	}
	slices.Sort(headers)
	headers = slices.Compact(headers)
	return slices.DeleteFunc(headers, func(h string) bool { return h == "" })
}

// Claims lists everything the family claims about C.
func Claims(f *model.Family) []Claim {
	var l list
	l.family(f)
	for _, c := range f.Consts {
		l.constant(c)
	}
	for _, e := range f.Enums {
		l.enum(e)
	}
	for _, s := range f.Structs {
		l.structure(s)
	}
	for _, s := range f.Sets {
		l.set(s)
	}
	for _, op := range f.Ops {
		l.operation(op)
	}
	for _, g := range f.Groups {
		l.group(f, g)
	}
	return l
}

type list []Claim

// add appends a claim about a name, unless there is none.
func (l *list) add(c Claim) {
	if c.Name == "" {
		return
	}
	if c.Expr == "" {
		c.Expr = c.Name
	}
	*l = append(*l, c)
}

func (l *list) family(f *model.Family) {
	if !f.Generic {
		return
	}
	l.add(Claim{Pos: f.Pos, Path: "name", Name: f.C.FamilyName, Text: true, Want: f.Name, Optional: true})
	l.add(Claim{Pos: f.Pos, Path: "version", Name: f.C.VersionName, Want: strconv.Itoa(int(f.Version)), Optional: true})
}

func (l *list) constant(c *model.Const) {
	claim := Claim{Pos: c.Pos, Path: "definitions/" + c.Name, Name: c.CName, Text: c.IsString, Want: c.Str}
	if !c.IsString {
		claim.Want = strconv.FormatInt(c.Int, 10)
	}
	l.add(claim)
}

func (l *list) enum(e *model.Enum) {
	for _, entry := range e.Entries {
		value := entry.Value
		if e.Flags {
			value = int64(entry.Mask())
		}
		l.add(Claim{
			Pos: entry.Pos, Path: "definitions/" + e.Name + "/entries/" + entry.Name,
			Name: entry.CName, Want: strconv.FormatInt(value, 10),
		})
	}
}

func (l *list) structure(s *model.Struct) {
	if s.CName == "" {
		return
	}
	path := "definitions/" + s.Name
	l.add(Claim{
		Pos: s.Pos, Path: path, Name: s.CName,
		Expr: "sizeof(" + s.CName + ")", Want: strconv.Itoa(s.Size),
	})
	for _, m := range s.Members {
		l.member(s, m, path+"/members/"+m.Name)
	}
}

// member claims the place of a member and its size. Padding has no size of its
// own in C: the members around it show where it ends.
func (l *list) member(s *model.Struct, m *model.Member, path string) {
	if m.CName == "" || m.Type == model.TypePad {
		return
	}
	name := s.CName + "." + m.CName
	l.add(Claim{
		Pos: m.Pos, Path: path, Name: name,
		Expr: fmt.Sprintf("__builtin_offsetof(%s, %s)", s.CName, m.CName), Want: strconv.Itoa(m.Offset),
	})
	if m.Flexible {
		return
	}
	l.add(Claim{
		Pos: m.Pos, Path: path, Name: name,
		Expr: fmt.Sprintf("sizeof(((%s *)0)->%s)", s.CName, m.CName), Want: strconv.Itoa(m.Len * m.Count),
	})
}

// set claims the ids of a set, and that C has none above them. A subset says
// nothing that its parent does not.
func (l *list) set(s *model.AttrSet) {
	if s.Subset != nil || len(s.Attrs) == 0 {
		return
	}
	path := "attribute-sets/" + s.Name
	last := uint16(0)
	for _, a := range s.Attrs {
		last = max(last, a.ID)
		l.add(Claim{
			Pos: a.Pos, Path: path + "/attributes/" + a.Name,
			Name: a.CName, Want: strconv.Itoa(int(a.ID)),
		})
	}
	l.add(Claim{
		Pos: s.Pos, Path: path, Name: s.CMax,
		Expr: fmt.Sprintf("%s > %d ? %s : %d", s.CMax, last, s.CMax, last), // the spec may know more
		Want: strconv.Itoa(int(last)), Optional: true,
	})
}

func (l *list) operation(op *model.Op) {
	id := op.ID
	if op.Do != nil || op.Dump != nil {
		id = op.RequestID
	}
	l.add(Claim{Pos: op.Pos, Path: "operations/list/" + op.Name, Name: op.CName, Want: strconv.Itoa(int(id))})
}

func (l *list) group(f *model.Family, g *model.Group) {
	claim := Claim{Pos: g.Pos, Path: "mcast-groups/list/" + g.Name, Name: g.CName}
	if f.Generic {
		claim.Text, claim.Want, claim.Optional = true, g.Name, true
	} else {
		claim.Want = strconv.Itoa(int(g.Value))
	}
	l.add(claim)
}
