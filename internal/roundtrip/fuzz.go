package roundtrip

import (
	"bytes"
	"reflect"
	"testing"

	nl "github.com/nlgen/nlgen/runtime"
)

// Fuzz decodes any bytes as any message of p. What decodes and passes the checks
// of its spec when encoded again must from then on come back as it is.
func Fuzz(f *testing.F, p Package) {
	for i, m := range p.Messages {
		sample := newFiller(p, uint64(i)).message(reflect.TypeOf(m).Elem(), 0).Interface().(nl.Message)
		b, err := nl.Marshal(sample)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(uint16(i), b)
	}
	f.Fuzz(func(t *testing.T, i uint16, b []byte) {
		typ := reflect.TypeOf(p.Messages[int(i)%len(p.Messages)]).Elem()
		first := decode(typ, b)
		if first == nil {
			return
		}
		wire, err := nl.Marshal(first)
		if err != nil {
			return
		}
		again := decode(typ, wire)
		if again == nil {
			t.Fatalf("%s: %x does not decode, which is the encoded form of %x", typ.Name(), wire, b)
		}
		if wire2, err := nl.Marshal(again); err != nil || !bytes.Equal(wire, wire2) {
			t.Fatalf("%s: encoded again: %x, %v; first: %x", typ.Name(), wire2, err, wire)
		}
	})
}

// decode returns b as a message, nil if it is malformed.
func decode(typ reflect.Type, b []byte) nl.Message {
	m := reflect.New(typ).Interface().(nl.Message)
	if nl.Unmarshal(b, m) != nil {
		return nil
	}
	return m
}
