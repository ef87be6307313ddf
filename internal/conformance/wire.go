package conformance

import (
	"bytes"
	"os"
	"testing"

	"github.com/nlgen/nlgen/gen"
	"github.com/nlgen/nlgen/gen/dynamic"
	"github.com/nlgen/nlgen/gen/model"
	"github.com/nlgen/nlgen/internal/roundtrip"
	nl "github.com/nlgen/nlgen/runtime"
)

// Compare puts random values of all messages of a generated package on the wire,
// reads them with the codec of gen/dynamic for the spec at path, and lets that
// encode them again: the bytes must be the same.
func Compare(t *testing.T, path string, p roundtrip.Package) {
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	family, diags := gen.Load(path, data, gen.Options{})
	if err := diags.Err(); err != nil {
		t.Fatal(err)
	}
	codec := dynamic.New(family)
	compared := 0
	roundtrip.Each(t, p, func(t *testing.T, name string, m nl.Message) {
		msg := find(family, name)
		if msg == nil {
			return // a struct, a chain or a body that is not known: parts of messages
		}
		wire, err := nl.Marshal(m)
		if err != nil {
			t.Fatal(err)
		}
		object, err := codec.DecodeMessage(msg, wire)
		if err != nil {
			t.Fatalf("decode %x: %v", wire, err)
		}
		again, err := codec.EncodeMessage(msg, object)
		if err != nil {
			t.Fatalf("encode %v: %v", object, err)
		}
		if !bytes.Equal(wire, again) {
			t.Errorf("the bytes differ\ngenerated %x\ndynamic   %x", wire, again)
		}
		compared++
	})
	if compared == 0 {
		t.Error("no message compared")
	}
}

func find(f *model.Family, name string) *model.Message {
	for _, m := range f.Messages {
		if m.GoName == name {
			return m
		}
	}
	return nil
}
