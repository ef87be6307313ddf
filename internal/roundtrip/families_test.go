package roundtrip_test

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"testing"

	"github.com/nlgen/nlgen/gen"
	"github.com/nlgen/nlgen/gen/golang"
)

var update = flag.Bool("update", false, "rewrite the round trip tests of the families")

// Each of our packages has the test that belongs to its spec.
func TestFamilies(t *testing.T) {
	specs, err := filepath.Glob("../../specs/*.yaml")
	if err != nil {
		t.Fatal(err)
	}
	if len(specs) == 0 {
		t.Fatal("no specs")
	}
	for _, spec := range specs {
		t.Run(filepath.Base(spec), func(t *testing.T) {
			text, err := os.ReadFile(spec)
			if err != nil {
				t.Fatal(err)
			}
			family, diags := gen.Load("specs/"+filepath.Base(spec), text, gen.Options{})
			if family == nil {
				t.Fatal(diags)
			}
			want, err := golang.EmitTest(family, golang.Options{})
			if err != nil {
				t.Fatal(err)
			}
			name := filepath.Join("../../families", family.Package, want.Name)
			if *update {
				if err := os.WriteFile(name, want.Data, 0o644); err != nil {
					t.Fatal(err)
				}
			}
			got, err := os.ReadFile(name)
			if err != nil {
				t.Fatalf("%v; run make update", err)
			}
			if !bytes.Equal(got, want.Data) {
				t.Errorf("%s is not what the spec gives; run make update", name)
			}
		})
	}
}
