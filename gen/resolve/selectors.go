package resolve

import (
	"strconv"

	"github.com/nlgen/nlgen/gen/diag"
	"github.com/nlgen/nlgen/gen/model"
	"github.com/nlgen/nlgen/gen/spec"
)

// selectors finds what picks the format of each sub-message: an attribute of
// the same set, or of the sets around it, or a member of the fixed header in
// front of the set.
func (r *resolver) selectors() {
	for _, set := range r.fam.Sets {
		for _, a := range set.Attrs {
			if a.Type == model.TypeSubMessage && a.Sub != nil {
				r.selector(a)
			}
		}
	}
}

func (r *resolver) selector(a *model.Attr) {
	if ref := r.attrs[a].HeaderSelector; ref.Set {
		r.headerSelector(a, ref)
		return
	}
	ref := r.attrs[a].Selector
	a.SelectorName = ref.Value
	if a.Selector = r.sets[a.Set.Name].byName[ref.Value]; a.Selector != nil {
		r.selects(a, a.Selector)
		return
	}
	outer := r.outer(a.Set, ref.Value)
	if len(outer) == 0 {
		r.unknown(ref, r.attrs[a].path+"/selector", "attribute to select by", attrNames(a.Set))
		return
	}
	a.OuterSelector = true
	for _, o := range outer {
		o.ScopeFor = true
		r.selects(a, o)
	}
}

// headerSelector finds the member of the fixed header in front of a's set that
// selects the form of a.
func (r *resolver) headerSelector(a *model.Attr, ref spec.Val[string]) {
	var known []string
	for _, header := range r.headersOf(a.Set.Name) {
		for _, m := range header.Members {
			if m.Enum == nil {
				continue
			}
			if m.Name == ref.Value {
				a.HeaderSelector = m
				r.selectsEnum(a, m.Name, m.Enum)
				return
			}
			known = append(known, m.Name)
		}
	}
	r.unknown(ref, r.attrs[a].path+"/x-nlgen-header-selector", "header member with an enum to select by", known)
}

// headersOf returns the fixed headers that operations put in front of a set.
func (r *resolver) headersOf(set string) []*structNode {
	all := r.spec.Operations
	if all == nil {
		return nil
	}
	var headers []*structNode
	for _, op := range all.List {
		header := r.structs[op.FixedHeader.Or(all.FixedHeader.Value)]
		if op.AttributeSet.Value == set && header != nil {
			headers = append(headers, header)
		}
	}
	return headers
}

// selectsEnum finds the numbers of the formats of a's sub-message, which are
// values of e.
func (r *resolver) selectsEnum(a *model.Attr, name string, e *model.Enum) {
	for _, f := range a.Sub.Formats {
		number, hint, ok := selectable(e, f.Value)
		f.Number = number
		if !ok {
			r.diags.Add(diag.Diagnostic{
				Pos: f.Pos, Path: "sub-messages/" + a.Sub.Name + "/formats/" + f.Value,
				Msg:  "the selector " + name + " has no value " + strconv.Quote(f.Value),
				Hint: hint,
			})
		}
	}
}

func attrNames(set *model.AttrSet) []string {
	var names []string
	for _, a := range set.Attrs {
		names = append(names, a.Name)
	}
	return names
}

// outer finds the attributes of a name in all sets that a set can stand in.
func (r *resolver) outer(set *model.AttrSet, name string) []*model.Attr {
	var found []*model.Attr
	seen := map[*model.AttrSet]bool{set: true}
	for queue := r.parents[set]; len(queue) > 0; queue = queue[1:] {
		p := queue[0]
		if seen[p] {
			continue
		}
		seen[p] = true
		if a := r.sets[p.Name].byName[name]; a != nil {
			found = append(found, a)
		}
		queue = append(queue, r.parents[p]...)
	}
	return found
}

// selects checks that the formats of a's sub-message can be values of sel.
func (r *resolver) selects(a, sel *model.Attr) {
	if sel.Multi || sel.Unit != "" || sel.Type != model.TypeString && !isScalar(sel.Type) {
		r.diags.Errorf(r.attrs[a].Selector.Pos, r.attrs[a].path,
			"the selector %q is neither a string nor an integer that stands alone", sel.Name)
		return
	}
	if sel.Type == model.TypeString {
		return
	}
	r.selectsEnum(a, sel.Name, sel.Enum)
}

// selectable returns the number of a value of e, or of the value itself if e is nil.
func selectable(e *model.Enum, value string) (number uint64, hint string, ok bool) {
	if e == nil {
		n, err := strconv.ParseInt(value, 0, 64)
		return uint64(n), "", err == nil
	}
	var names []string
	for _, entry := range e.Entries {
		if entry.Name == value {
			return uint64(entry.Value), "", true
		}
		names = append(names, entry.Name)
	}
	return 0, diag.DidYouMean(value, names), false
}
