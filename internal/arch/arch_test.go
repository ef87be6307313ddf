// Package arch holds the test that the packages depend on each other in one
// direction, the one ARCHITECTURE.md draws.
package arch

import (
	"maps"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/nlgen/nlgen"

// allowed lists, for each package of the product, the packages of the module it
// may import. A name that ends in /... stands for everything below it.
var allowed = map[string][]string{
	"runtime":        {},
	"runtime/nltest": {"runtime"},
	"families/...":   {"runtime"},
	"specs":          {},
	"templates":      {},

	"gen/diag":    {},
	"gen/tree":    {"gen/diag"},
	"gen/spec":    {"gen/diag", "gen/tree"},
	"gen/overlay": {"gen/diag", "gen/tree"},
	"gen/errata":  {"gen/diag", "gen/tree", "gen/overlay"},
	"gen/config":  {"gen/diag", "gen/tree"},
	"gen/model":   {"gen/diag"},
	"gen/naming":  {"gen/diag"},
	"gen/resolve": {"gen/diag", "gen/spec", "gen/tree", "gen/naming", "gen/model"},
	"gen/golang":  {"gen/model"},
	"gen/kernel":  {"gen/diag", "gen/model", "gen/naming", "templates"},
	"gen/dynamic": {"gen/diag", "gen/model"},
	"gen": {
		"gen/diag", "gen/tree", "gen/overlay", "gen/errata", "gen/spec", "gen/resolve",
		"gen/model", "gen/golang", "gen/kernel",
	},
	"internal/dynclient": {"gen/model", "gen/dynamic", "runtime"},
	"internal/dynserver": {"gen/model", "gen/dynamic", "runtime"},
	"cmd/nlgen": {
		"gen", "gen/diag", "gen/config", "gen/model", "gen/dynamic",
		"internal/dynclient", "runtime", "specs", "templates", "families/nlctrl",
	},
}

func TestImports(t *testing.T) {
	seen := map[string]bool{}
	for pkg, imports := range list(t) {
		rule := find(pkg)
		if rule == "" {
			continue // test kits
		}
		seen[rule] = true
		for _, imp := range imports {
			imp, ours := strings.CutPrefix(imp, module+"/")
			if ours && !slices.Contains(allowed[rule], imp) {
				t.Errorf("%s imports %s; it may import %v", pkg, imp, allowed[rule])
			}
		}
	}
	for rule := range allowed {
		if !seen[rule] {
			t.Errorf("no package %s: the table is out of date", rule)
		}
	}
}

// find returns the key of allowed for pkg.
func find(pkg string) string {
	for rule := range allowed {
		prefix, below := strings.CutSuffix(rule, "...")
		if rule == pkg || below && strings.HasPrefix(pkg, prefix) {
			return rule
		}
	}
	return ""
}

// outside lists, for each module that is not ours, the packages that may import
// it. The standard library is for all.
var outside = map[string][]string{
	"github.com/mdlayher/":   {"runtime"},
	"golang.org/x/sys/":      {"runtime"},
	"gopkg.in/yaml.v3":       {"gen/tree"},
	"github.com/dave/":       {"gen/golang"},
	"github.com/spf13/cobra": {"cmd/nlgen"},
}

// TestOutside asserts that each dependency has one place, and that generated
// packages therefore have none but the runtime.
func TestOutside(t *testing.T) {
	for pkg, imports := range list(t) {
		if find(pkg) == "" {
			continue
		}
		for _, imp := range imports {
			host, _, _ := strings.Cut(imp, "/")
			if !strings.Contains(host, ".") || strings.HasPrefix(imp, module+"/") {
				continue
			}
			if !slices.ContainsFunc(slices.Collect(maps.Keys(outside)), func(prefix string) bool {
				return strings.HasPrefix(imp, prefix) && slices.Contains(outside[prefix], pkg)
			}) {
				t.Errorf("%s imports %s", pkg, imp)
			}
		}
	}
}

// list returns the packages of the module and what each imports, tests left out.
func list(t *testing.T) map[string][]string {
	t.Helper()
	out, err := exec.Command("go", "list", "-f", `{{.ImportPath}} {{join .Imports " "}}`, module+"/...").Output()
	if err != nil {
		t.Fatal(err)
	}
	packages := map[string][]string{}
	for line := range strings.Lines(string(out)) {
		fields := strings.Fields(line)
		packages[strings.TrimPrefix(fields[0], module+"/")] = fields[1:]
	}
	return packages
}
