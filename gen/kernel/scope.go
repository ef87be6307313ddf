package kernel

import (
	"maps"
	"slices"

	"github.com/nlgen/nlgen/gen/model"
	"github.com/nlgen/nlgen/gen/naming"
)

// A scope is the names of attributes of the messages around one that select its
// sub-messages. The functions that read it take the nearest of these attributes, or
// NULL.
type scope []string

// scopeVar is the variable with a selector for the messages inside, ownVar that with
// one for the bodies of the message itself.
func scopeVar(name string) string { return "outer_" + naming.C(name) }
func ownVar(name string) string   { return "by_" + naming.C(name) }

func (s scope) params() []string {
	var list []string
	for _, name := range s {
		list = append(list, "const struct nlattr *"+scopeVar(name))
	}
	return list
}

// args are what a call passes, with a comma behind each.
func (s scope) args() string {
	args := ""
	for _, name := range s {
		args += scopeVar(name) + ", "
	}
	return args
}

// scopeOf returns what a message and those inside it are selected by.
func (e *emitter) scopeOf(m *model.Message) scope {
	r := scopeReach{found: map[string]bool{}, seen: map[*model.Message]bool{}}
	r.message(m)
	return slices.Sorted(maps.Keys(r.found))
}

// subScope is what the bodies of a sub-message need.
func (e *emitter) subScope(s *model.SubMessage) scope {
	r := scopeReach{found: map[string]bool{}, seen: map[*model.Message]bool{}}
	r.bodies(s)
	return slices.Sorted(maps.Keys(r.found))
}

// fieldScope is what the content of an attribute needs.
func (e *emitter) fieldScope(a *model.Attr) scope {
	switch {
	case a.Message != nil:
		return e.scopeOf(a.Message)
	case a.Sub != nil:
		return e.subScope(a.Sub)
	}
	return nil
}

// ownSelectors returns the attributes that select the bodies of a message.
func ownSelectors(m *message) []*model.Attr {
	var list []*model.Attr
	for _, a := range m.fields() {
		if a.Selector != nil && !slices.Contains(list, a.Selector) {
			list = append(list, a.Selector)
		}
	}
	return list
}

// scopeSelectors returns the attributes of a message that select further inside.
func (e *emitter) scopeSelectors(m *message) []*model.Attr {
	scope := e.scopeOf(m.Message)
	return slices.DeleteFunc(m.fields(), func(a *model.Attr) bool {
		return !a.ScopeFor || !slices.Contains(scope, a.Name)
	})
}

// A scopeReach walks the messages inside a message.
type scopeReach struct {
	found map[string]bool
	seen  map[*model.Message]bool
}

func (r *scopeReach) message(m *model.Message) {
	if r.seen[m] {
		return
	}
	r.seen[m] = true
	for _, f := range m.Fields {
		a := f.Attr
		if a.OuterSelector {
			r.found[a.SelectorName] = true
		}
		if a.Message != nil {
			r.message(a.Message)
		}
		if a.Sub != nil {
			r.bodies(a.Sub)
		}
	}
}

func (r *scopeReach) bodies(s *model.SubMessage) {
	for _, b := range s.Bodies {
		if b.Message != nil {
			r.message(b.Message)
		}
	}
}
