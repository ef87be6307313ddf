package resolve

import (
	"fmt"
	"slices"
	"strings"

	"github.com/nlgen/nlgen/gen/diag"
	"github.com/nlgen/nlgen/gen/model"
	"github.com/nlgen/nlgen/gen/spec"
)

// watches resolves how lists are followed.
func (r *resolver) watches() {
	for _, n := range r.opList {
		if n.def.Watch != nil && n.wanted {
			n.Watch = r.watch(n)
		}
	}
}

func (r *resolver) watch(n *opNode) *model.Watch {
	def, path := n.def.Watch, n.path+"/x-nlgen-watch"
	switch {
	case n.Dump == nil || n.Dump.Reply == nil:
		r.diags.Errorf(def.Pos, path, "there is no dump to watch")
		return nil
	case len(n.Key) == 0:
		r.diags.Add(diag.Diagnostic{Pos: def.Pos, Path: path, Msg: "what is watched needs a key", Hint: "add x-nlgen-key"})
	case n.Merge != nil:
		r.diags.Errorf(def.Pos, path, "objects that are split over several messages cannot be watched")
	}
	w := &model.Watch{
		Doc: def.Doc.Value, GoName: watchName(n.GoName), GoVar: "watch" + n.GoName,
		Shared: def.Within.Set || def.Twins.Value, Twins: def.Twins.Value,
	}
	w.Added = r.watchedOps(def.Added, n, path+"/added")
	w.Removed = r.watchedOps(def.Removed, n, path+"/removed")
	w.Groups = r.groupList(def.Groups, path+"/groups")
	w.Relist = r.groupList(def.Relist, path+"/relist")
	w.Within = r.fields(def.Within, n.Dump.Reply, path+"/within")
	w.Ignore = r.fields(def.Ignore, n.Dump.Reply, path+"/ignore")
	for _, f := range def.Filter {
		part, ok := r.fieldPath(f.Name, n.Dump.Reply, path+"/filter")
		if !ok {
			continue
		}
		filter := model.WatchFilter{KeyPart: part}
		for _, v := range f.Values.Value {
			filter.Values = append(filter.Values, v.Value)
		}
		w.Filter = append(w.Filter, filter)
	}
	return w
}

// watchName is the method of a getter without its Get: WatchLink for GetLink,
// WatchDev for DevGet.
func watchName(op string) string {
	name, _ := strings.CutPrefix(op, "Get")
	if name == op {
		name = strings.TrimSuffix(op, "Get")
	}
	if name == "" {
		name = op
	}
	return "Watch" + strings.ToUpper(name[:1]) + name[1:]
}

// watchedOps finds the notifications that look like the objects of the list.
func (r *resolver) watchedOps(names spec.Names, n *opNode, path string) []*model.Op {
	var out []*model.Op
	for _, name := range names.Value {
		ntf, ok := lookup(r, r.ops, name, path, "operation")
		switch {
		case !ok:
		case ntf.Notify != n.Op:
			r.diags.Errorf(name.Pos, path, "%q is no notification of %q", name.Value, n.Name)
		default:
			out = append(out, ntf.Op)
		}
	}
	return out
}

func (r *resolver) groupList(names spec.Names, path string) []*model.Group {
	var out []*model.Group
	for _, name := range names.Value {
		if g, ok := lookup(r, r.groups, name, path, "multicast group"); ok {
			out = append(out, g)
		}
	}
	return out
}

func (r *resolver) fields(names spec.Names, m *model.Message, path string) []model.KeyPart {
	var parts []model.KeyPart
	for _, name := range names.Value {
		if part, ok := r.fieldPath(name, m, path); ok {
			parts = append(parts, part)
		}
	}
	return parts
}

// fieldPath is keyPart for attributes inside nests, too: NEST.ATTRIBUTE.
func (r *resolver) fieldPath(name spec.Val[string], m *model.Message, path string) (model.KeyPart, bool) {
	first, _, nested := strings.Cut(name.Value, ".")
	if nested && (first != "header" || m.Header == nil) {
		return r.nestedPart(name, m, path)
	}
	return r.keyPart(name, m, path)
}

// nestedPart finds a path of attributes, the last of them inside nests.
func (r *resolver) nestedPart(name spec.Val[string], m *model.Message, path string) (model.KeyPart, bool) {
	words := strings.Split(name.Value, ".")
	var part model.KeyPart
	attrs := fieldAttrs(m)
	for i, word := range words {
		at := slices.IndexFunc(attrs, func(a *model.Attr) bool { return a.Name == word })
		if at < 0 {
			var known []string
			for _, a := range attrs {
				known = append(known, strings.Join(append(slices.Clone(words[:i]), a.Name), "."))
			}
			r.diags.Add(diag.Diagnostic{
				Pos: name.Pos, Path: path,
				Msg:  fmt.Sprintf("the message has nothing called %q", name.Value),
				Hint: diag.DidYouMean(name.Value, known),
			})
			return model.KeyPart{}, false
		}
		if part.Attr != nil {
			part.Outer = append(part.Outer, part.Attr)
		}
		part.Attr = attrs[at]
		attrs = innerAttrs(part.Attr)
	}
	return part, true
}

func fieldAttrs(m *model.Message) []*model.Attr {
	var attrs []*model.Attr
	for _, f := range m.Fields {
		attrs = append(attrs, f.Attr)
	}
	return attrs
}

// innerAttrs returns what stands inside an attribute at once: the attributes of a
// nest without a header, or those of all forms of a sub-message.
func innerAttrs(a *model.Attr) []*model.Attr {
	if a.Sub != nil {
		var attrs []*model.Attr
		for _, f := range a.Sub.Formats {
			if f.Set != nil && f.Header == nil {
				attrs = append(attrs, f.Set.Attrs...)
			}
		}
		return attrs
	}
	if a.Type == model.TypeNest && a.Struct == nil && a.Nested != nil {
		return a.Nested.Attrs
	}
	return nil
}
