package resolve

import "github.com/nlgen/nlgen/gen/model"

// reach finds the nests, chains and sub-messages inside the messages of
// operations.
func (r *resolver) reach(ops map[*model.Op]bool) walker {
	w := walker{nests: map[nestKey]bool{}, chains: map[*model.Chain]bool{}}
	for _, n := range r.opList {
		if !ops[n.Op] {
			continue
		}
		for _, c := range []*model.Call{n.Do, n.Dump} {
			if c != nil {
				w.attrs(c.RequestAttrs)
				w.attrs(c.ReplyAttrs)
				w.parts(c.RequestParts)
				w.parts(c.ReplyParts)
			}
		}
		w.attrs(n.eventAttrs)
		w.parts(n.eventParts)
	}
	return w
}

// walker notes what it has come by.
type walker struct {
	nests  map[nestKey]bool
	chains map[*model.Chain]bool
}

func (w walker) attrs(attrs []*model.Attr) {
	for _, a := range attrs {
		if a.Nested != nil {
			w.nest(nestKey{a.Nested, a.Struct})
		}
		if a.Chain != nil {
			w.chains[a.Chain] = true
		}
		if a.Sub != nil {
			w.sub(a.Sub)
		}
	}
}

func (w walker) sub(s *model.SubMessage) {
	if s.Reached {
		return
	}
	s.Reached = true
	for _, f := range s.Formats {
		if f.Set != nil {
			w.nest(nestKey{f.Set, f.Header})
		}
		w.parts(f.Parts)
	}
}

func (w walker) parts(parts []*model.Part) {
	for _, p := range parts {
		if p.Sub != nil {
			w.sub(p.Sub)
		}
	}
}

func (w walker) nest(key nestKey) {
	if !w.nests[key] {
		w.nests[key] = true
		w.attrs(key.set.Attrs)
	}
}
