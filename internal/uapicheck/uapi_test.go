package uapicheck_test

import (
	"bufio"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/nlgen/nlgen/gen/model"
	"github.com/nlgen/nlgen/gen/resolve"
	"github.com/nlgen/nlgen/gen/spec"
	"github.com/nlgen/nlgen/gen/tree"
	"github.com/nlgen/nlgen/internal/kernelsrc"
	"github.com/nlgen/nlgen/internal/uapicheck"
	"github.com/nlgen/nlgen/specs"
)

const (
	// newerFile lists the C names that specs use and Linux 6.12 does not have yet.
	newerFile = "testdata/newer.txt"
	// partialFile lists the attribute sets that are incomplete on purpose,
	// because the kernel uses but a few of the ids where they stand.
	partialFile = "testdata/partial.txt"
)

// ours are families that are in no kernel: their headers are made from the specs.
var ours = []string{"demo", "exam", "hello", "imp2", "mytest"}

// TestSpecs compares every id, value, group, struct size and offset in the
// specs with the UAPI headers of Linux 6.12.
func TestSpecs(t *testing.T) {
	source := kernelsrc.Dir(t)
	ran := 0
	newer, partial := readNames(t, newerFile), readNames(t, partialFile)
	for _, name := range specs.Names() {
		t.Run(name, func(t *testing.T) {
			ran++
			if slices.Contains(ours, name) {
				t.Skip("in no kernel")
			}
			family := load(t, name)
			claims := uapicheck.Claims(family)
			res, err := compiler(t, source).Check(uapicheck.Headers(family), claims)
			if err != nil {
				t.Fatal(err)
			}
			for _, m := range res.Mismatches {
				if !partial.allow(name, m.Path) {
					t.Error(m)
				}
			}
			for _, c := range res.Unknown {
				if !c.Optional && !newer.allow(name, c.Name) {
					t.Errorf("%s: %s: the headers do not declare %s; correct x-nlgen-c-name, or list the name in %s",
						c.Pos, c.Path, c.Name, newer.file)
				}
			}
			t.Logf("%d claims, %d about names that the headers do not declare", len(claims), len(res.Unknown))
		})
	}
	if ran == len(specs.Names()) { // not with -run
		newer.checkUsed(t)
		partial.checkUsed(t)
	}
}

func load(t *testing.T, name string) *model.Family {
	t.Helper()
	text, ok := specs.Find(name)
	if !ok {
		t.Fatalf("no spec %s", name)
	}
	node, diags := tree.Load("specs/"+name+".yaml", text)
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	s, diags := spec.Decode(node, spec.Options{})
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	family, diags := resolve.Resolve(s, resolve.Options{})
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	return family
}

// names are what a file lists for each family: C names, or paths in its spec.
type names struct {
	file string
	used map[[2]string]bool
}

// readNames reads a file with lines of a family and a name.
func readNames(t *testing.T, path string) names {
	t.Helper()
	file, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	n := names{path, map[[2]string]bool{}}
	lines := bufio.NewScanner(file)
	for lines.Scan() {
		if family, name, ok := strings.Cut(lines.Text(), " "); ok {
			n.used[[2]string{family, name}] = false
		} else {
			t.Errorf("%s: want a family and a name: %q", path, lines.Text())
		}
	}
	if err := lines.Err(); err != nil {
		t.Fatal(err)
	}
	return n
}

// allow reports whether the name is listed, and remembers that it was needed.
func (n names) allow(family, name string) bool {
	key := [2]string{family, name}
	_, listed := n.used[key]
	if listed {
		n.used[key] = true
	}
	return listed
}

// checkUsed demands that every line of the file was needed.
func (n names) checkUsed(t *testing.T) {
	t.Helper()
	for key, used := range n.used {
		if !used {
			t.Errorf("%s: the line %q is not needed", n.file, key[0]+" "+key[1])
		}
	}
}
