package resolve

import (
	"strconv"

	"github.com/nlgen/nlgen/gen/diag"
	"github.com/nlgen/nlgen/gen/model"
)

// selectors finds the attribute that picks the format of each sub-message: in
// the same set, or else in the sets around it.
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
	if sel.Type != model.TypeString && !isScalar(sel.Type) {
		r.diags.Errorf(r.attrs[a].Selector.Pos, r.attrs[a].path,
			"the selector %q is neither a string nor an integer", sel.Name)
		return
	}
	if sel.Type == model.TypeString {
		return
	}
	for _, f := range a.Sub.Formats {
		if hint, ok := selectable(sel, f.Value); !ok {
			r.diags.Add(diag.Diagnostic{
				Pos: f.Pos, Path: "sub-messages/" + a.Sub.Name + "/formats/" + f.Value,
				Msg:  "the selector " + sel.Name + " has no value " + strconv.Quote(f.Value),
				Hint: hint,
			})
		}
	}
}

func selectable(sel *model.Attr, value string) (hint string, ok bool) {
	if sel.Enum == nil {
		_, err := strconv.ParseInt(value, 0, 64)
		return "", err == nil
	}
	var names []string
	for _, entry := range sel.Enum.Entries {
		if entry.Name == value {
			return "", true
		}
		names = append(names, entry.Name)
	}
	return diag.DidYouMean(value, names), false
}
