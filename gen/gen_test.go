package gen_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"

	"github.com/nlgen/nlgen/gen"
	"github.com/nlgen/nlgen/gen/diag"
	"github.com/nlgen/nlgen/internal/golden"
)

// TestFamilies checks that the committed packages are what the specs give, and
// that there are no others.
func TestFamilies(t *testing.T) {
	specs, err := filepath.Glob("../specs/*.yaml")
	if err != nil || len(specs) == 0 {
		t.Fatalf("no specs: %v", err)
	}
	var outputs []gen.Output
	var packages []string
	for _, spec := range specs {
		data, err := os.ReadFile(spec)
		if err != nil {
			t.Fatal(err)
		}
		family, diags := gen.Load(spec, data, gen.Options{})
		if len(diags) > 0 {
			t.Fatal(diags)
		}
		files, err := gen.Go(family)
		if err != nil {
			t.Fatal(err)
		}
		server, err := gen.GoServer(family)
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, server)
		packages = append(packages, family.Package)
		outputs = append(outputs, gen.Output{Dir: filepath.Join("../families", family.Package), Files: files})
	}
	stale, err := gen.Stale(outputs...)
	if err != nil || len(stale) > 0 {
		t.Errorf("not up to date, run make generate: %v %v", stale, err)
	}
	entries, err := os.ReadDir("../families")
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if !slices.Contains(packages, e.Name()) {
			t.Errorf("no spec gives families/%s", e.Name())
		}
	}
}

// TestLoad covers what happens between reading a spec and resolving it: built-in
// corrections, overlays and the options.
func TestLoad(t *testing.T) {
	golden.Run(t, "testdata/load-*.txtar", func(t *testing.T, in golden.Files) golden.Files {
		opts := gen.Options{Lenient: in["lenient"] != "", NoErrata: in["no-errata"] != ""}
		for _, name := range []string{"overlay.yaml", "second.yaml"} {
			if in[name] == "" {
				continue
			}
			o, diags := gen.LoadOverlay(name, []byte(in[name]))
			if err := diags.Err(); err != nil {
				t.Fatal(err)
			}
			opts.Overlays = append(opts.Overlays, o)
		}
		family, diags := gen.Load("spec.yaml", []byte(in["spec.yaml"]), opts)
		if (family == nil) != diags.HasErrors() {
			t.Errorf("family %v with diagnostics\n%s", family, diags)
		}
		out := golden.Files{"diagnostics.txt": diags.String()}
		if family == nil {
			return out
		}
		for _, set := range family.Sets {
			for _, a := range set.Attrs {
				out["attributes.txt"] += set.Name + " " + a.Name + " " + a.Type.String() + "\n"
			}
		}
		return out
	})
}

// TestPackage checks that the name of the package can be chosen.
func TestPackage(t *testing.T) {
	spec := []byte("name: a-b\ndoc: d\nattribute-sets: []\noperations: {list: []}\n")
	for _, tt := range []struct{ option, want string }{{"", "ab"}, {"mine", "mine"}} {
		family, diags := gen.Load("spec.yaml", spec, gen.Options{Package: tt.option})
		if err := diags.Err(); err != nil {
			t.Fatal(err)
		}
		if family.Package != tt.want {
			t.Errorf("package %q with option %q, want %q", family.Package, tt.option, tt.want)
		}
	}
	_, diags := gen.Load("spec.yaml", spec, gen.Options{Package: "no good"})
	if len(diags.Filter(diag.Error)) != 1 {
		t.Errorf("a package name that is none: %v", diags)
	}
}

// TestKernelStable writes the module of the demo family to two places.
func TestKernelStable(t *testing.T) {
	data, err := os.ReadFile("../specs/demo.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var written []string
	for _, name := range []string{"demo.yaml", "../elsewhere/demo.yaml"} {
		family, diags := gen.Load(name, data, gen.Options{})
		if err := diags.Err(); err != nil {
			t.Fatal(err)
		}
		files, err := gen.Kernel(family)
		if err != nil {
			t.Fatal(err)
		}
		out := gen.Output{Dir: t.TempDir(), Files: files}
		if err := gen.Write(out); err != nil {
			t.Fatal(err)
		}
		if stale, err := gen.Stale(out); err != nil || len(stale) > 0 {
			t.Errorf("stale at once: %v %v", stale, err)
		}
		written = append(written, out.Dir)
	}
	if out, err := exec.Command("diff", "-r", written[0], written[1]).CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}

// TestGoStable checks that the output depends on nothing but the spec.
func TestGoStable(t *testing.T) {
	spec := []byte(`{name: demo, doc: d,
attribute-sets: [{name: s, attributes: [{name: a, type: u8}, {name: b, type: nest, nested-attributes: s}]}],
operations: {list: [{name: o, doc: d, attribute-set: s, do: {request: {attributes: [a, b]}}}]}}
`)
	var first []gen.File
	for _, name := range []string{"spec.yaml", "../elsewhere/spec.yaml"} {
		family, diags := gen.Load(name, spec, gen.Options{})
		if err := diags.Err(); err != nil {
			t.Fatal(err)
		}
		files, err := gen.Go(family)
		if err != nil {
			t.Fatal(err)
		}
		if first == nil {
			first = files
		}
		for i, f := range files {
			if f.Name != first[i].Name || string(f.Data) != string(first[i].Data) {
				t.Errorf("%s differs for a spec read as %s", f.Name, name)
			}
		}
	}
}
