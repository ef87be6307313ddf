package kernel_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/nlgen/nlgen/gen"
	"github.com/nlgen/nlgen/gen/kernel"
	"github.com/nlgen/nlgen/gen/model"
	"github.com/nlgen/nlgen/internal/kernelsrc"
)

// committed are the files that the kernel's source has from its own generator.
var committed = []struct {
	spec string
	stem string // of source and header, "" if there is only the UAPI header
	uapi bool   // the UAPI header is generated too
}{
	{"dpll", "drivers/dpll/dpll_nl", true},
	{"team", "drivers/net/team/team_nl", true},
	{"nfsd", "fs/nfsd/netlink", true},
	{"netdev", "net/core/netdev-genl-gen", true},
	{"devlink", "net/devlink/netlink_gen", false},
	{"handshake", "net/handshake/genl", true},
	{"fou", "net/ipv4/fou_nl", true},
	{"mptcp_pm", "net/mptcp/mptcp_pm_gen", true},
}

// differences explains, for each file, the tokens in which ours differs from the
// kernel's. What is not listed must be equal.
var differences = map[string]string{}

// TestCommitted generates from the kernel's specs what the kernel's source has from
// them, and compares the tokens in their order. The specs are used as they are,
// without corrections, because the files were made from them.
func TestCommitted(t *testing.T) {
	top := kernelsrc.Dir(t)
	for _, c := range committed {
		t.Run(c.spec, func(t *testing.T) {
			f := load(t, filepath.Join(kernelsrc.Specs(t), c.spec+".yaml"), gen.Options{NoErrata: true})
			files, err := kernel.Tables(f, kernel.Options{Stem: filepath.Base(c.stem)})
			if err != nil {
				t.Fatal(err)
			}
			for _, file := range files {
				path := filepath.Join(filepath.Dir(c.stem), file.Name)
				if name, ok := strings.CutPrefix(file.Name, "uapi/"); ok {
					path = filepath.Join("include/uapi", name)
					if !c.uapi {
						continue
					}
				}
				want, err := os.ReadFile(filepath.Join(top, path))
				if err != nil {
					t.Fatal(err)
				}
				compare(t, path, want, file.Data)
			}
		})
	}
	if n := len(committed); n != 8 {
		t.Errorf("%d families compared, want 8", n)
	}
}

func compare(t *testing.T, path string, theirs, ours []byte) {
	t.Helper()
	diff := cmp.Diff(tokens(theirs), tokens(ours))
	why, listed := differences[path]
	switch {
	case diff != "" && !listed:
		t.Errorf("%s differs (- kernel, + ours):\n%s", path, diff)
	case diff == "" && listed:
		t.Errorf("%s is equal, but differences says: %s", path, why)
	}
}

var (
	comments = regexp.MustCompile(`(?s)/\*.*?\*/|//[^\n]*`)
	token    = regexp.MustCompile(`"[^"]*"|\w+|[^\s\w]`)
)

// tokens returns the tokens of a C source.
func tokens(src []byte) []string {
	return token.FindAllString(comments.ReplaceAllString(string(src), " "), -1)
}

func load(t *testing.T, path string, opts gen.Options) *model.Family {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return loadBytes(t, filepath.Base(path), data, opts)
}

func loadBytes(t *testing.T, name string, data []byte, opts gen.Options) *model.Family {
	t.Helper()
	f, diags := gen.Load(name, data, opts)
	if f == nil {
		t.Fatal(diags)
	}
	return f
}

// TestNoForm lists what is refused, with its place in the spec.
func TestNoForm(t *testing.T) {
	for _, tt := range []struct{ name, spec, want string }{
		{"repeats", `
name: test
protocol: genetlink-legacy
doc: A family for tests.
attribute-sets:
  - name: top
    attributes:
      - {name: ids, type: indexed-array, sub-type: u32, multi-attr: true}
operations:
  list:
    - {name: get, doc: Gets it., attribute-set: top, do: {request: {attributes: [ids]}}}
`, "spec.yaml:8:9: attribute-sets/top/attributes/ids: an attribute of this type cannot repeat in a module; put it into a nest that repeats"},
		{"no name", `
name: test
protocol: genetlink-legacy
doc: A family for tests.
attribute-sets: []
operations:
  list:
    - {name: get, doc: Gets it., x-nlgen-c-name: null, do: {}}
`, "spec.yaml:8:7: operations/get: this has no name in C; give it one with x-nlgen-c-name"},
		{"names", `
name: test
protocol: genetlink-legacy
doc: A family for tests.
attribute-sets:
  - {name: one, name-prefix: test-a-, attributes: [{name: id, type: u32}]}
  - {name: two, name-prefix: test-a-, attributes: [{name: id, type: u32}]}
operations:
  list:
    - {name: get, doc: Gets it., attribute-set: one, do: {request: {attributes: [id]}}}
`, "spec.yaml:7:5: attribute-sets/two: TEST_A_MAX is already the name in C of attribute-sets/one; " +
			"give one of them another with attr-cnt-name and attr-max-name\n" +
			"spec.yaml:7:52: attribute-sets/two/attributes/id: TEST_A_ID is already the name in C of attribute-sets/one/attributes/id; " +
			"give one of them another with x-nlgen-c-name"},
		{"no headers", `
name: test
protocol: netlink-raw
protonum: 30
doc: A family for tests.
x-nlgen-framing: none
attribute-sets: []
operations:
  list:
    - {name: said, doc: Said it., event: {x-nlgen-payload: [{name: text, type: string}]}}
`, "spec.yaml:2:1: x-nlgen-framing: messages without netlink headers have no form in the kernel target; give the family netlink headers, or send its datagrams by hand"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			f, diags := gen.Load("spec.yaml", []byte(tt.spec), gen.Options{})
			if f == nil {
				t.Fatal(diags)
			}
			if _, err := kernel.Emit(f, kernel.Options{}); err == nil || err.Error() != tt.want {
				t.Errorf("error %v, want %s", err, tt.want)
			}
		})
	}
}

// TestLicense looks for the licence in every file, in the form that belongs there.
func TestLicense(t *testing.T) {
	f := loadBytes(t, "spec.yaml", []byte(`
name: test
doc: A family for tests.
x-nlgen-license: GPL-2.0 OR MIT
attribute-sets: []
operations:
  list:
    - {name: get, doc: Gets it., do: {}}
`), gen.Options{})
	files, err := kernel.Emit(f, kernel.Options{})
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		line, _, _ := strings.Cut(string(file.Data), "\n")
		want := "SPDX-License-Identifier: GPL-2.0 OR MIT"
		if strings.HasPrefix(file.Name, "uapi/") {
			want = "SPDX-License-Identifier: ((GPL-2.0 WITH Linux-syscall-note) OR MIT)"
		}
		if got := strings.Trim(line, "/*# "); got != want {
			t.Errorf("%s begins with %s, want %s", file.Name, got, want)
		}
		if file.Name == "test_main.c" && !strings.Contains(string(file.Data), "\nMODULE_LICENSE(\"Dual MIT/GPL\");\n") {
			t.Errorf("%s does not tell the kernel its licence", file.Name)
		}
	}
}
