package resolve

import (
	"github.com/nlgen/nlgen/gen/model"
	"github.com/nlgen/nlgen/gen/spec"
)

// subMessages resolves the sub-messages and what their formats refer to.
func (r *resolver) subMessages() {
	for _, def := range r.spec.SubMessages {
		path := "sub-messages/" + def.Name.Value
		s := &model.SubMessage{
			Name: def.Name.Value, Doc: def.Doc.Value, Pos: def.Pos,
			GoName: r.goName(def.GoName, def.Name, path),
		}
		if !unique(r, r.subs, def.Name, path, "sub-message", s) {
			continue
		}
		r.fam.Subs = append(r.fam.Subs, s)
		seen := map[string]*model.Format{}
		for _, f := range def.Formats {
			at := path + "/formats/" + f.Value.Value
			format := r.format(f, at)
			if unique(r, seen, f.Value, at, "format", format) {
				s.Formats = append(s.Formats, format)
			}
		}
	}
}

func (r *resolver) format(f *spec.Format, path string) *model.Format {
	format := &model.Format{Value: f.Value.Value, GoName: f.GoName.Value, Doc: f.Doc.Value, Pos: f.Pos}
	if h, ok := lookup(r, r.structs, f.FixedHeader, path+"/fixed-header", "struct definition"); ok {
		format.Header = h.Struct
	}
	if n, ok := lookup(r, r.sets, f.AttributeSet, path+"/attribute-set", "attribute set"); ok {
		format.Set = n.AttrSet
	}
	return format
}
