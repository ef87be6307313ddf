package spec_test

import (
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/nlgen/nlgen/gen/diag"
	"github.com/nlgen/nlgen/gen/spec"
	"github.com/nlgen/nlgen/gen/tree"
	"github.com/nlgen/nlgen/internal/golden"
)

// TestDecode covers every property and every diagnostic. An archive whose name
// starts with ok- must decode without any, and its want/spec.txt shows which
// field every property ends up in.
func TestDecode(t *testing.T) {
	golden.Run(t, "testdata/*.txtar", func(t *testing.T, in golden.Files) golden.Files {
		root, diags := tree.Load("spec.yaml", []byte(in["spec.yaml"]))
		if err := diags.Err(); err != nil {
			t.Fatal(err)
		}
		s, diags := spec.Decode(root, spec.Options{})
		out := golden.Files{"errors.txt": diags.String()}
		if strings.HasPrefix(t.Name(), "TestDecode/ok-") {
			var b strings.Builder
			dump(&b, "", reflect.ValueOf(s))
			out["spec.txt"] = b.String()
		}
		return out
	})
}

// dump writes every property that is set, one per line.
func dump(b *strings.Builder, path string, v reflect.Value) {
	switch v.Kind() {
	case reflect.Pointer:
		if !v.IsNil() {
			dump(b, path, v.Elem())
		}
	case reflect.Slice:
		for i := range v.Len() {
			dump(b, fmt.Sprintf("%s[%d]", path, i), v.Index(i))
		}
	case reflect.Struct:
		if set := v.FieldByName("Set"); set.IsValid() {
			if set.Bool() {
				dumpValue(b, path, v)
			}
			return
		}
		for i := range v.NumField() {
			if name := v.Type().Field(i).Name; name != "Pos" {
				dump(b, path+"."+name, v.Field(i))
			}
		}
	}
}

func dumpValue(b *strings.Builder, path string, v reflect.Value) {
	pos, value := v.FieldByName("Pos").Interface().(diag.Pos), v.FieldByName("Value")
	if value.Kind() == reflect.Slice {
		fmt.Fprintf(b, "%d:%d %s (%d)\n", pos.Line, pos.Col, path, value.Len())
		dump(b, path, value)
		return
	}
	fmt.Fprintf(b, "%d:%d %s = %v\n", pos.Line, pos.Col, path, value)
}

func TestDecodeLenient(t *testing.T) {
	root, _ := tree.Load("spec.yaml", []byte("name: x\ndoc: y\nattribute-sets: []\noperations: {list: []}\nfuture: z\n"))
	if _, diags := spec.Decode(root, spec.Options{}); !diags.HasErrors() {
		t.Error("an unknown key is accepted")
	}
	_, diags := spec.Decode(root, spec.Options{Lenient: true})
	if len(diags) != 1 || diags[0].Severity != diag.Warning {
		t.Errorf("lenient: %v, want one warning", diags)
	}
}

func TestNumberString(t *testing.T) {
	for want, n := range map[string]spec.Number{
		"-3":          {Int: spec.Int{Neg: true, Abs: 3}},
		"s8-min":      {Name: "s8-min"},
		"max-len - 1": {Name: "max-len", Offset: -1},
	} {
		if got := n.String(); got != want {
			t.Errorf("%#v.String() = %q, want %q", n, got, want)
		}
	}
}

// FuzzLoad checks that no input makes the loader panic, that whatever it finds
// has a place in the file, and that it finds the same every time.
func FuzzLoad(f *testing.F) {
	f.Fuzz(func(t *testing.T, data []byte) {
		root, diags := tree.Load("fuzz.yaml", data)
		if (root == nil) != diags.HasErrors() {
			t.Fatalf("root %v with diagnostics\n%s", root != nil, diags)
		}
		if root == nil {
			return
		}
		s, first := spec.Decode(root, spec.Options{})
		if s == nil {
			t.Fatal("no spec")
		}
		for _, d := range first {
			if d.Pos.File != "fuzz.yaml" || d.Pos.Line < 1 || d.Msg == "" {
				t.Errorf("diagnostic without a place: %s", d)
			}
		}
		if _, second := spec.Decode(root, spec.Options{}); first.String() != second.String() {
			t.Errorf("first\n%s\nthen\n%s", first, second)
		}
	})
}
