package errata_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/nlgen/nlgen/gen/errata"
	"github.com/nlgen/nlgen/gen/overlay"
	"github.com/nlgen/nlgen/gen/spec"
	"github.com/nlgen/nlgen/gen/tree"
	"github.com/nlgen/nlgen/internal/golden"
	"github.com/nlgen/nlgen/internal/kernelsrc"
	"github.com/nlgen/nlgen/specs"
)

func load(t *testing.T, name string, data []byte) *tree.Node {
	t.Helper()
	root, diags := tree.Load(name, data)
	if err := diags.Err(); err != nil {
		t.Fatal(err)
	}
	return root
}

// TestLinux612 records what every correction does to the specs of Linux 6.12,
// so that none stops applying unnoticed, and that specs are well-formed before
// and after.
func TestLinux612(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(kernelsrc.Specs(t), "*.yaml"))
	if err != nil || len(files) != 19 {
		t.Fatalf("%d specs, want 19 (%v)", len(files), err)
	}
	golden.Run(t, "testdata/linux-6.12.txtar", func(t *testing.T, _ golden.Files) golden.Files {
		var log strings.Builder
		for _, file := range files {
			data, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			name := filepath.Base(file)
			before := load(t, name, data)
			after, results := errata.Apply(before)
			for when, root := range map[string]*tree.Node{"before": before, "after": after} {
				if _, diags := spec.Decode(root, spec.Options{}); len(diags) > 0 {
					t.Errorf("%s the corrections:\n%s", when, diags)
				}
			}
			for _, r := range results {
				fmt.Fprintf(&log, "%s: %s\n", name, r)
			}
		}
		return golden.Files{"results.txt": log.String()}
	})
}

// TestNewer applies the corrections that only specs newer than 6.12 need to
// the least that shows each defect.
func TestNewer(t *testing.T) {
	golden.Run(t, "testdata/newer-*.txtar", func(t *testing.T, in golden.Files) golden.Files {
		root, results := errata.Apply(load(t, "spec.yaml", []byte(in["spec.yaml"])))
		if _, diags := spec.Decode(root, spec.Options{}); len(diags) > 0 {
			t.Errorf("the corrected spec is malformed:\n%s", diags)
		}
		var log strings.Builder
		for _, r := range results {
			if r.Status == overlay.Applied {
				fmt.Fprintln(&log, r)
			}
		}
		return golden.Files{"applied.txt": log.String()}
	})
}

// TestOwnSpecs checks that specs written for nlgen stand as they are.
func TestOwnSpecs(t *testing.T) {
	for _, name := range specs.Names() {
		data, _ := specs.Find(name)
		root := load(t, name+".yaml", data)
		if corrected, results := errata.Apply(root); corrected != root || len(results) > 0 {
			t.Errorf("specs/%s.yaml was taken for a spec of the kernel", name)
		}
	}
}

// TestEvidence checks that no correction stands without its reason, and that
// every one has an effect on some spec the tests know.
func TestEvidence(t *testing.T) {
	for _, o := range errata.All() {
		if want := "errata/" + o.Spec.Value + ".yaml"; o.Pos.File != want || !o.Doc.Set {
			t.Errorf("%s: named %q, documented %v", o.Pos.File, o.Spec.Value, o.Doc.Set)
		}
		for _, e := range o.Entries {
			if !e.Why.Set {
				t.Errorf("%s: a correction without why", e.Pos)
			}
		}
	}
	applied := appliedInGoldens(t)
	for _, o := range errata.All() {
		for _, e := range o.Entries {
			for _, at := range e.At {
				if !slices.Contains(applied, at.Value+": applied") {
					t.Errorf("%s: %s applies to no spec of the tests", at.Pos, at.Value)
				}
			}
		}
	}
}

// appliedInGoldens returns the lines of the archives without file names.
func appliedInGoldens(t *testing.T) []string {
	files, err := filepath.Glob("testdata/*.txtar")
	if err != nil {
		t.Fatal(err)
	}
	var lines []string
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(string(data)) {
			if name, rest, ok := strings.Cut(line, ".yaml: "); ok && !strings.Contains(name, "/") {
				line = rest
			}
			lines = append(lines, strings.TrimSpace(line))
		}
	}
	return lines
}
