// Package arch holds the test that the packages depend on each other in one
// direction, the one ARCHITECTURE.md draws.
package arch

import (
	"os/exec"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/nlgen/nlgen"

// allowed lists, for each package of the product, the packages of the module it
// may import. A name that ends in /... stands for everything below it.
var allowed = map[string][]string{
	"runtime":      {},
	"families/...": {"runtime"},
	"specs":        {},
	"templates":    {},

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
	"gen/dynamic": {"gen/diag", "gen/model"},
	"gen": {
		"gen/diag", "gen/tree", "gen/overlay", "gen/errata", "gen/spec", "gen/resolve",
		"gen/model", "gen/golang",
	},
	"internal/dynclient": {"gen/model", "gen/dynamic", "runtime"},
	"cmd/nlgen": {
		"gen", "gen/diag", "gen/config", "gen/model", "gen/dynamic",
		"internal/dynclient", "runtime", "specs", "templates", "families/nlctrl",
	},
}

func TestImports(t *testing.T) {
	out, err := exec.Command("go", "list", "-f", `{{.ImportPath}} {{join .Imports " "}}`, module+"/...").Output()
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for line := range strings.Lines(string(out)) {
		fields := strings.Fields(line)
		pkg, imports := strings.TrimPrefix(fields[0], module+"/"), fields[1:]
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

// TestSocketsInRuntime asserts that only the runtime knows the netlink sockets.
func TestSocketsInRuntime(t *testing.T) {
	out, err := exec.Command("go", "list", "-f", `{{.ImportPath}} {{join .Imports " "}}`, module+"/...").Output()
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(out)) {
		pkg, imports, _ := strings.Cut(line, " ")
		if strings.Contains(imports, "github.com/mdlayher/") && pkg != module+"/runtime" {
			t.Errorf("%s imports a package of mdlayher; only runtime may", pkg)
		}
	}
}
