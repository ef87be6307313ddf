// Package roundtrip tests the codecs of generated packages: it fills each
// message type with random values, encodes and decodes it, and decodes damaged
// bytes, which must not panic.
package roundtrip

import (
	"bytes"
	"encoding/json"
	"math/rand/v2"
	"net/netip"
	"reflect"
	"testing"

	"github.com/google/go-cmp/cmp"

	nl "github.com/nlgen/nlgen/runtime"
)

// A Package is what a generated package has to test.
type Package struct {
	// Messages are zero values of every message type: requests, replies, events,
	// nests, structs and the bodies of sub-messages.
	Messages []nl.Message
	// Unknown are zero values of the bodies of sub-messages for selectors that
	// are not known.
	Unknown []nl.Message
	// Selectors are the values that select sub-messages.
	Selectors []string
	// InHeader are the fields, as Type.Field, with sub-messages that are selected by
	// a member of the fixed header.
	InHeader []string
	// Outer are the fields, as Type.Field, with sub-messages that are selected by
	// an attribute outside of their message.
	Outer []string
	// Records are the fields, as Type.Field, with records: the encoder writes the
	// length that is part of each.
	Records []string
	// Ordered are the fields, as Type.Field, with lists whose elements have one
	// attribute each.
	Ordered []string
	// Payloads are the types that consist of parts instead of attributes.
	Payloads []string
	// Hidden are the fields, as Type.Field, that are not on the wire.
	Hidden []string
}

const (
	rounds    = 8  // of each message
	mutations = 64 // of each round
)

// Run tests each message of p in a subtest.
func Run(t *testing.T, p Package) {
	for _, m := range p.Messages {
		typ := reflect.TypeOf(m).Elem()
		t.Run(typ.Name(), func(t *testing.T) {
			f := newFiller(p, uint64(len(typ.Name())))
			for i := range typ.NumField() {
				if !isWhole(typ) {
					f.testField(t, typ, i)
				}
			}
			for range rounds {
				testMessage(t, f.rnd, f.message(typ, 0))
			}
			f.testReuse(t, typ)
		})
	}
}

// Each calls fn with random values of each message of p, in a subtest with the
// name of its type.
func Each(t *testing.T, p Package, fn func(t *testing.T, name string, m nl.Message)) {
	for _, m := range p.Messages {
		typ := reflect.TypeOf(m).Elem()
		t.Run(typ.Name(), func(t *testing.T) {
			f := newFiller(p, uint64(len(typ.Name())))
			for range rounds {
				fn(t, typ.Name(), f.message(typ, 0).Interface().(nl.Message))
			}
		})
	}
}

// testField tests a message with one field set: no field may hide behind another.
func (f *filler) testField(t *testing.T, typ reflect.Type, i int) {
	if typ.Field(i).Type == tailType || f.field(reflect.New(typ).Elem(), i, 0) {
		return
	}
	t.Errorf("no value of %s encodes and comes back", typ.Field(i).Name)
	if isBody(typ.Field(i).Type) {
		return
	}
	v := reflect.New(typ)
	f.value(v.Elem().Field(i), 0)
	m := v.Interface().(nl.Message)
	if got := reencode(t, m); got != nil {
		t.Errorf("(-sent +got):\n%s", diff(m, got))
	}
}

// testMessage sends a message through the codec and JSON, and damages its bytes.
func testMessage(t *testing.T, rnd *rand.Rand, v reflect.Value) {
	m := v.Interface().(nl.Message)
	got := reencode(t, m)
	if got == nil {
		return
	}
	if !reflect.DeepEqual(m, got) {
		t.Errorf("the message comes back different (-sent +got):\n%s", diff(m, got))
		return
	}
	b, _ := nl.Marshal(m)
	again, err := nl.Marshal(got)
	if err != nil || !bytes.Equal(b, again) {
		t.Errorf("encoded again: %x, %v; first: %x", again, err, b)
	}
	testJSON(t, v)
	for range mutations {
		damaged := bytes.Clone(b[:rnd.IntN(len(b)+1)])
		for range rnd.IntN(3) {
			if len(damaged) > 0 {
				damaged[rnd.IntN(len(damaged))] = byte(rnd.Uint32())
			}
		}
		decodeDamaged(t, v.Type().Elem(), damaged)
	}
}

// decodeDamaged decodes b, which may fail. What decodes must encode or fail in a
// check.
func decodeDamaged(t *testing.T, typ reflect.Type, b []byte) {
	defer func() {
		if r := recover(); r != nil {
			t.Errorf("decoding %x: panic: %v", b, r)
		}
	}()
	m := reflect.New(typ).Interface().(nl.Message)
	if nl.Unmarshal(b, m) == nil {
		_, _ = nl.Marshal(m)
	}
}

// reencode returns what m is after encoding and decoding, nil if that fails.
func reencode(t *testing.T, m nl.Message) nl.Message {
	b, err := nl.Marshal(m)
	if err != nil {
		t.Errorf("encode: %v", err)
		return nil
	}
	got := reflect.New(reflect.TypeOf(m).Elem()).Interface().(nl.Message)
	if err := nl.Unmarshal(b, got); err != nil {
		t.Errorf("decode %x: %v", b, err)
		return nil
	}
	return got
}

// testJSON sends a message through JSON, if all of it can be read back.
func testJSON(t *testing.T, v reflect.Value) {
	text, err := json.Marshal(v.Interface())
	if err != nil {
		t.Errorf("JSON: %v", err)
		return
	}
	if !readable(v.Type().Elem(), map[reflect.Type]bool{}) {
		return
	}
	want, got := reflect.New(v.Type().Elem()), reflect.New(v.Type().Elem())
	want.Elem().Set(v.Elem())
	clearHidden(want.Elem())
	if err := json.Unmarshal(text, got.Interface()); err != nil {
		t.Errorf("JSON %s: %v", text, err)
	} else if !reflect.DeepEqual(want.Interface(), got.Interface()) {
		t.Errorf("JSON %s comes back different (-sent +got):\n%s", text, diff(want.Interface(), got.Interface()))
	}
}

// readable reports whether the type has no interface in it.
func readable(t reflect.Type, seen map[reflect.Type]bool) bool {
	if seen[t] || t == addrType || t == addrPortType {
		return true
	}
	seen[t] = true
	switch t.Kind() {
	case reflect.Interface:
		return false
	case reflect.Pointer, reflect.Slice, reflect.Array:
		return readable(t.Elem(), seen)
	case reflect.Struct:
		for i := range t.NumField() {
			if !readable(t.Field(i).Type, seen) {
				return false
			}
		}
	}
	return true
}

// clearHidden removes what JSON does not show: attributes that are not known.
// What pointers and slices hold is copied first.
func clearHidden(v reflect.Value) {
	switch v.Kind() {
	case reflect.Pointer:
		if !v.IsNil() {
			c := reflect.New(v.Type().Elem())
			c.Elem().Set(v.Elem())
			clearHidden(c.Elem())
			v.Set(c)
		}
	case reflect.Slice:
		switch {
		case v.Type() == rawAttrsType:
			v.SetZero()
		case hasStruct(v.Type().Elem()) && !v.IsNil():
			c := reflect.MakeSlice(v.Type(), v.Len(), v.Len())
			reflect.Copy(c, v)
			for i := range c.Len() {
				clearHidden(c.Index(i))
			}
			v.Set(c)
		}
	case reflect.Struct:
		for i := range v.NumField() {
			if v.Field(i).CanSet() {
				clearHidden(v.Field(i))
			}
		}
	}
}

// hasStruct reports whether values of the type are structs or lists of them.
func hasStruct(t reflect.Type) bool {
	return t.Kind() == reflect.Struct || t.Kind() == reflect.Slice && hasStruct(t.Elem())
}

func diff(a, b any) string {
	return cmp.Diff(a, b,
		cmp.Exporter(func(reflect.Type) bool { return true }),
		cmp.Comparer(func(a, b netip.Addr) bool { return a == b }))
}
