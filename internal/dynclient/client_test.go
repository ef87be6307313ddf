package dynclient

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/nlgen/nlgen/gen"
	"github.com/nlgen/nlgen/gen/dynamic"
	"github.com/nlgen/nlgen/gen/model"
	nl "github.com/nlgen/nlgen/runtime"
	"github.com/nlgen/nlgen/specs"
)

func family(t *testing.T, name string) *model.Family {
	t.Helper()
	data, ok := specs.Find(name)
	if !ok {
		t.Fatalf("no spec %s", name)
	}
	f, diags := gen.Load(name+".yaml", data, gen.Options{})
	if err := diags.Err(); err != nil {
		t.Fatal(err)
	}
	return f
}

// TestSchema checks what the runtime relies on when it walks a message by the
// schema: attributes in the order of their ids, and references that lead to
// something.
func TestSchema(t *testing.T) {
	for _, name := range specs.Names() {
		s, _ := newSchema(family(t, name))
		for _, set := range s.Sets {
			if !slices.IsSortedFunc(set.Attrs, func(a, b nl.Attr) int { return int(a.ID) - int(b.ID) }) {
				t.Errorf("%s: the attributes of %s are not sorted", name, set.Name)
			}
			for _, a := range set.Attrs {
				if int(a.Set) >= len(s.Sets) || a.Type == nl.TypeNest && a.Set == 0 {
					t.Errorf("%s: %s.%s leads to set %d of %d", name, set.Name, a.Name, a.Set, len(s.Sets))
				}
				if a.Type == nl.TypeSub && int(a.Sub) >= len(s.Subs) {
					t.Errorf("%s: %s.%s leads to sub-message %d of %d", name, set.Name, a.Name, a.Sub, len(s.Subs))
				}
			}
		}
	}
}

// TestMalformed checks the errors about requests and about what the kernel sends.
func TestMalformed(t *testing.T) {
	f := family(t, "nlctrl")
	c := &Client{family: f, codec: dynamic.New(f)}
	op := f.Ops[slices.IndexFunc(f.Ops, func(op *model.Op) bool { return op.Name == "getfamily" })]

	_, err := c.encode(op, false, []byte(`{"family-id": "x"}`))
	if _, ok := errors.AsType[*dynamic.Error](err); !ok || !strings.HasPrefix(err.Error(), "nlctrl: getfamily: family-id: ") {
		t.Errorf("a bad request: %v", err)
	}

	short := []byte{5, 0, 1, 0, 1, 0, 0, 0} // a family-id of one byte
	_, err = c.decode(op, false, short)
	e, ok := errors.AsType[*nl.Error](err)
	if !ok || e.Family != "nlctrl" || e.Op != "getfamily" || e.Attr != "family-id" {
		t.Errorf("a bad reply: %#v", err)
	}
	if _, request := errors.AsType[*dynamic.Error](err); request {
		t.Errorf("a bad reply looks like a bad request: %v", err)
	}

	note := &event{op: f.Ops[slices.IndexFunc(f.Ops, func(op *model.Op) bool { return op.Event != nil })]}
	note.Payload = short
	if _, err = c.event(note); err == nil || !strings.HasPrefix(err.Error(), "nlctrl: "+note.op.Name+": family-id: malformed message: ") {
		t.Errorf("a bad notification: %v", err)
	}
	if _, err = c.event(&nl.UnknownEvent{ID: 99}); err == nil || !strings.Contains(err.Error(), "id 99") {
		t.Errorf("an unknown notification: %v", err)
	}
}
