package resolve

import (
	"fmt"
	"slices"
	"strings"

	"github.com/nlgen/nlgen/gen/diag"
	"github.com/nlgen/nlgen/gen/model"
	"github.com/nlgen/nlgen/gen/spec"
)

// keysAndMerges resolves what identifies listed objects, and how those split
// over several messages are put together.
func (r *resolver) keysAndMerges() {
	for _, n := range r.opList {
		r.split(n)
		if n.reply == nil || !n.wanted {
			continue
		}
		n.Key = r.fields(n.def.Key, n.reply, n.path+"/x-nlgen-key")
		if n.def.Merge != nil {
			n.Merge = r.merge(n.def.Merge, n.reply, canContinue, n.path+"/x-nlgen-merge")
		}
	}
}

// split resolves how a request that is too long is cut into several.
func (r *resolver) split(n *opNode) {
	switch def := n.def.Split; {
	case def == nil || !n.wanted:
	case n.Do == nil:
		r.diags.Errorf(def.Pos, n.path+"/x-nlgen-split", "the operation has no do, whose request could be split")
	default:
		n.Split = r.merge(def, n.Do.Request, isList, n.path+"/x-nlgen-split")
	}
}

func (r *resolver) key(names spec.Names, m *model.Message, path string) []model.KeyPart {
	var parts []model.KeyPart
	for _, name := range names.Value {
		if part, ok := r.keyPart(name, m, path); ok {
			parts = append(parts, part)
		}
	}
	return parts
}

// keyPart finds header.MEMBER in the header of a message, or an attribute.
func (r *resolver) keyPart(name spec.Val[string], m *model.Message, path string) (model.KeyPart, bool) {
	member, inHeader := strings.CutPrefix(name.Value, "header.")
	var known []string
	if inHeader && m.Header != nil {
		for _, candidate := range m.Header.Members {
			if candidate.Name == member && candidate.Type != model.TypePad {
				return model.KeyPart{Member: candidate}, true
			}
			known = append(known, "header."+candidate.Name)
		}
	}
	if f := field(m, name.Value); f != nil {
		return model.KeyPart{Attr: f.Attr}, true
	}
	for _, f := range m.Fields {
		known = append(known, f.Attr.Name)
	}
	r.diags.Add(diag.Diagnostic{
		Pos: name.Pos, Path: path,
		Msg:  fmt.Sprintf("the message has nothing called %q", name.Value),
		Hint: diag.DidYouMean(name.Value, known),
	})
	return model.KeyPart{}, false
}

func field(m *model.Message, name string) *model.Field {
	i := slices.IndexFunc(m.Fields, func(f *model.Field) bool { return f.Attr.Name == name })
	if i < 0 {
		return nil
	}
	return m.Fields[i]
}

// merge resolves a rule whose lists are of the accepted kinds.
func (r *resolver) merge(def *spec.Merge, m *model.Message, accept func(*model.Attr) bool, path string) *model.Merge {
	merge := &model.Merge{Key: r.key(def.Key, m, path+"/key")}
	for _, l := range def.Lists {
		at := path + "/lists/" + l.Name.Value
		part, ok := r.keyPart(l.Name, m, at)
		if !ok {
			continue
		}
		if part.Attr == nil || !accept(part.Attr) {
			r.diags.Errorf(l.Name.Pos, at, "%q is no list", l.Name.Value)
			continue
		}
		list := &model.MergeList{Field: field(m, l.Name.Value)}
		if len(l.Key.Value) > 0 || part.Attr.Type == model.TypeChain && len(l.Lists) > 0 {
			list.Merge = r.innerMerge(l, part.Attr, accept, at)
		}
		merge.Lists = append(merge.Lists, list)
	}
	return merge
}

func isList(a *model.Attr) bool {
	return a.Multi || a.Type == model.TypeIndexedArray || a.Type == model.TypeRecords || a.Type == model.TypeOrdered || a.Type == model.TypeArray
}

// canContinue is isList for what the next message of a dump may continue. The
// levels of chains are keys.
func canContinue(a *model.Attr) bool { return isList(a) || a.Type == model.TypeChain }

// innerMerge resolves how the elements of a list join.
func (r *resolver) innerMerge(l *spec.MergeList, a *model.Attr, accept func(*model.Attr) bool, path string) *model.Merge {
	if a.Message == nil {
		r.diags.Errorf(l.Key.Pos, path, "the elements of %q have no attributes to tell them apart by", a.Name)
		return nil
	}
	return r.merge(&l.Merge, a.Message, accept, path)
}
