package roundtrip

import (
	"reflect"
	"testing"

	nl "github.com/nlgen/nlgen/runtime"
)

// testReuse decodes several messages again and again into one, whose storage is
// reused: each must be what it is by itself, and nothing may be allocated.
func (f *filler) testReuse(t *testing.T, typ reflect.Type) {
	var wires, known [][]byte
	for range 5 {
		m := f.message(typ, 0)
		b, err := nl.Marshal(m.Interface().(nl.Message))
		if err != nil {
			continue
		}
		wires = append(wires, b)
		if !hasUnknownBody(m) {
			known = append(known, b)
		}
	}
	var d nl.Decoder
	v := reflect.New(typ)
	m := v.Interface().(nl.Message)
	decode := func(b []byte) {
		v.Elem().SetZero()
		d.Reuse(b)
		m.Decode(&d)
	}
	for range 3 {
		for _, b := range wires {
			want := reflect.New(typ).Interface().(nl.Message)
			err := nl.Unmarshal(b, want)
			if decode(b); err != nil || d.Err() != nil || !reflect.DeepEqual(m, want) {
				t.Fatalf("%v, %v (-by itself +reused):\n%s", err, d.Err(), diff(want, m))
			}
		}
	}
	allocs := testing.AllocsPerRun(3, func() {
		for _, b := range known {
			decode(b)
		}
	})
	if allocs > 0 {
		t.Errorf("%v allocations for %d messages", allocs, len(known))
	}
}

// hasUnknownBody reports whether v has a sub-message of a form that is not known:
// its selector may be a number without a name, whose text is allocated.
func hasUnknownBody(v reflect.Value) bool {
	switch v.Kind() {
	case reflect.Pointer:
		return !v.IsNil() && hasUnknownBody(v.Elem())
	case reflect.Interface:
		return !v.IsNil() && (isRaw(v.Elem().Type().Elem()) || hasUnknownBody(v.Elem()))
	case reflect.Struct:
		for _, f := range v.Fields() {
			if hasUnknownBody(f) {
				return true
			}
		}
	case reflect.Slice:
		for i := range v.Len() {
			if hasUnknownBody(v.Index(i)) {
				return true
			}
		}
	}
	return false
}
