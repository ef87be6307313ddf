package resolve

import (
	"fmt"

	"github.com/nlgen/nlgen/gen/diag"
	"github.com/nlgen/nlgen/gen/model"
	"github.com/nlgen/nlgen/gen/spec"
)

// transaction resolves the messages around requests that are done together.
func (r *resolver) transaction() {
	def := r.spec.Operations.Transaction
	if def == nil {
		return
	}
	const path = "operations/x-nlgen-transaction"
	begin, end := r.bracket(def.Begin, path+"/begin"), r.bracket(def.End, path+"/end")
	if begin == nil || end == nil {
		return
	}
	if !begin.wanted || !end.wanted {
		return // without them there are no transactions
	}
	t := &model.Transaction{Begin: begin.Op, End: end.Op}
	for _, v := range def.Header {
		if m := r.headerMember(begin, v.Member, path+"/header"); m != nil {
			t.Header = append(t.Header, model.MemberValue{Member: m, Value: v.Value.Value})
		}
	}
	if begin.Header != end.Header {
		r.diags.Errorf(def.Pos, path, "%q and %q have different fixed headers", begin.Name, end.Name)
	}
	r.fam.Transaction = t
}

func (r *resolver) bracket(name spec.Val[string], path string) *opNode {
	n, ok := lookup(r, r.ops, name, path, "operation")
	switch {
	case !ok:
		return nil
	case n.Do == nil:
		r.diags.Errorf(name.Pos, path, "the operation %q cannot be requested: it has no do", n.Name)
		return nil
	}
	return n
}

// headerMember finds an integer member of the fixed header.
func (r *resolver) headerMember(n *opNode, name spec.Val[string], path string) *model.Member {
	var known []string
	if n.Header != nil {
		for _, m := range n.Header.Members {
			if m.Name == name.Value && m.Type >= model.TypeU8 && m.Type <= model.TypeS64 {
				return m
			}
			known = append(known, m.Name)
		}
	}
	r.diags.Add(diag.Diagnostic{
		Pos: name.Pos, Path: path,
		Msg:  fmt.Sprintf("the fixed header has no integer %q", name.Value),
		Hint: diag.DidYouMean(name.Value, known),
	})
	return nil
}
