package conformance

import (
	"bytes"
	"errors"
	"fmt"
	"go/ast"
	"go/format"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"gopkg.in/yaml.v3"

	"github.com/nlgen/nlgen/gen"
	"github.com/nlgen/nlgen/gen/diag"
	"github.com/nlgen/nlgen/internal/kernelsrc"
	"github.com/nlgen/nlgen/internal/tempmod"
)

// TestMutations changes the kernel's specs at random. Each either has errors with
// positions, or generates code that is formatted and correct.
func TestMutations(t *testing.T) {
	specs, err := filepath.Glob(filepath.Join(kernelsrc.Specs(t), "*.yaml"))
	if err != nil || len(specs) == 0 {
		t.Fatalf("no specs: %v", err)
	}
	checker := newChecker(t)
	limit := 20 * time.Second
	if testing.Short() {
		limit = 3 * time.Second
	}
	loaded, end := 0, time.Now().Add(limit)
	for seed := uint64(0); time.Now().Before(end); seed++ {
		spec := specs[int(seed)%len(specs)]
		data, err := os.ReadFile(spec)
		if err != nil {
			t.Fatal(err)
		}
		name := fmt.Sprintf("%s with the seed %d", filepath.Base(spec), seed)
		text := newMutator(t, data, seed).mutate()
		family, diags := gen.Load("spec.yaml", text, gen.Options{})
		if family == nil {
			checkDiagnostics(t, name, diags)
			continue
		}
		files, err := gen.Go(family)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		loaded++
		if err := checker.check(files); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	t.Logf("%d specs loaded", loaded)
	if loaded == 0 {
		t.Error("no changed spec loads")
	}
}

// checkDiagnostics checks that a spec that cannot be loaded says where and why.
func checkDiagnostics(t *testing.T, name string, diags diag.List) {
	t.Helper()
	if !diags.HasErrors() {
		t.Errorf("%s: neither a family nor an error", name)
	}
	for _, d := range diags {
		if d.Msg == "" || d.Pos.File == "" {
			t.Errorf("%s: a diagnostic without place or message: %v", name, d)
		}
	}
}

// A checker checks the types of generated packages against the runtime.
type checker struct {
	fset    *token.FileSet
	imports types.Importer
}

func newChecker(t *testing.T) checker {
	t.Helper()
	cmd := exec.Command("go", "list", "-export", "-deps", "-f", "{{.ImportPath}}={{.Export}}", "./runtime")
	cmd.Dir = tempmod.Root(t)
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	exports := map[string]string{}
	for line := range strings.Lines(string(out)) {
		path, file, _ := strings.Cut(strings.TrimSpace(line), "=")
		exports[path] = file
	}
	fset := token.NewFileSet()
	return checker{fset, importer.ForCompiler(fset, "gc", func(path string) (io.ReadCloser, error) {
		if exports[path] == "" {
			return nil, fmt.Errorf("%s is no dependency of the runtime", path)
		}
		return os.Open(exports[path])
	})}
}

func (c checker) check(files []gen.File) error {
	var parsed []*ast.File
	for _, f := range files {
		formatted, err := format.Source(f.Data)
		if err != nil {
			return err
		}
		if !bytes.Equal(formatted, f.Data) {
			return fmt.Errorf("%s is not formatted", f.Name)
		}
		file, err := parser.ParseFile(c.fset, f.Name, f.Data, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		parsed = append(parsed, file)
	}
	var errs []error
	conf := types.Config{Importer: c.imports, Error: func(err error) { errs = append(errs, err) }}
	_, err := conf.Check("p", c.fset, parsed, nil)
	if len(errs) > 3 {
		errs = errs[:3]
	}
	return errors.Join(append(errs, err)...)
}

// A mutator changes a spec.
type mutator struct {
	*rand.Rand
	t        *testing.T
	root     yaml.Node
	mappings []*yaml.Node
	lists    []*yaml.Node
	texts    []*yaml.Node
}

func newMutator(t *testing.T, data []byte, seed uint64) *mutator {
	t.Helper()
	m := &mutator{Rand: rand.New(rand.NewPCG(1, seed)), t: t}
	if err := yaml.Unmarshal(data, &m.root); err != nil {
		t.Fatal(err)
	}
	m.collect(&m.root)
	return m
}

func (m *mutator) collect(n *yaml.Node) {
	switch n.Kind {
	case yaml.MappingNode:
		m.mappings = append(m.mappings, n)
	case yaml.SequenceNode:
		m.lists = append(m.lists, n)
	case yaml.ScalarNode:
		m.texts = append(m.texts, n)
	}
	for _, c := range n.Content {
		m.collect(c)
	}
}

func (m *mutator) mutate() []byte {
	actions := []func(){m.rename, m.rename, m.set, m.set, m.remove, m.repeat, m.swap}
	for range 1 + m.IntN(3) {
		actions[m.IntN(len(actions))]()
	}
	text, err := yaml.Marshal(&m.root)
	if err != nil {
		m.t.Fatal(err)
	}
	return text
}

// awkward are names that generated code has uses for, or that Go cannot have.
var awkward = []string{
	"type", "func", "string", "error", "nil", "client", "dial", "new", "close", "subscribe", "family", "name",
	"version", "event", "events", "encode", "decode", "header", "unknown", "tail", "encode-attr", "merge", "check", "put", "get",
	"conn", "schema", "e", "d", "m", "v", "s", "nl", "netip", "time", "context", "batch", "value", "values", "init", "main",
	"6rd", "8021q", "set id", "--kernel-timespec", "a_b-c", "UPPER", "Mixed-case", "-", "x.y/z", "get-request", "get-reply",
	"unknown-data", "parse", "size", "attr", "op", "selector", "list", "i", "b", "transaction", "len", "wait", "all", "append",
}

// rename gives all that has one name another: an awkward one, or one of the spec.
func (m *mutator) rename() {
	old := m.name()
	name := awkward[m.IntN(len(awkward))]
	if m.IntN(3) == 0 {
		name = m.name()
	}
	for _, n := range m.texts {
		if n.Value == old {
			n.Value, n.Style = name, yaml.DoubleQuotedStyle
		}
	}
}

// name is a name that something in the spec has.
func (m *mutator) name() string {
	for range 1000 {
		n := m.mappings[m.IntN(len(m.mappings))]
		for i := 0; i+1 < len(n.Content); i += 2 {
			if n.Content[i].Value == "name" && n.Content[i+1].Value != "" {
				return n.Content[i+1].Value
			}
		}
	}
	return "name"
}

// properties are what attributes, members and definitions may have.
var properties = []string{
	"type: u8", "type: u32", "type: s64", "type: uint", "type: flag", "type: string", "type: binary", "type: nest",
	"type: pad", "type: unused", "type: bitfield32", "type: indexed-array", "type: enum", "type: flags", "type: const",
	"multi-attr: true", "byte-order: big-endian", "byte-order: little-endian", "display-hint: ipv4", "display-hint: mac",
	"enum-as-flags: true", "sub-type: u16", "sub-type: nest", "value: 0", "value: 0xffffffff", "value: -1", "value: 077",
	"value: 9223372036854775807", "value: \"12\"", "value-start: 31", "value-start: 60", "enum-name: ", "render-max: true", "header: linux/x.h",
	"enum-cnt-name: count", "scope: kernel", "doc: '*/ `x`'", "doc: \"two\\nlines\"", "attributes: []", "entries: []", "members: []", "checks: {min: 1}",
	"checks: {max: u32-max}", "checks: {exact-len: 6}", "checks: {min-len: 3, max-len: 9}", "len: 0", "len: 6",
	"type-value: [a, b]", "nested-attributes: x", "x-nlgen-count: 3", "x-nlgen-count: flexible", "x-nlgen-unit: ms",
	"x-nlgen-layout: natural", "x-nlgen-go-name: Same", "do: {}", "dump: {reply: {attributes: []}}", "event: {attributes: []}",
}

// set gives a property to something.
func (m *mutator) set() {
	var property yaml.Node
	if err := yaml.Unmarshal([]byte(properties[m.IntN(len(properties))]), &property); err != nil {
		m.t.Fatal(err)
	}
	key, value := property.Content[0].Content[0], property.Content[0].Content[1]
	n := m.mappings[m.IntN(len(m.mappings))]
	for i := 0; i+1 < len(n.Content); i += 2 {
		if n.Content[i].Value == key.Value {
			n.Content[i+1] = value
			return
		}
	}
	n.Content = append(n.Content, key, value)
}

// remove takes a property away..
func (m *mutator) remove() {
	n := m.mappings[m.IntN(len(m.mappings))]
	if len(n.Content) == 0 {
		return
	}
	i := m.IntN(len(n.Content)/2) * 2
	if !hasAnchor(n.Content[i+1]) {
		n.Content = append(n.Content[:i:i], n.Content[i+2:]...)
	}
}

func hasAnchor(n *yaml.Node) bool {
	for _, c := range n.Content {
		if hasAnchor(c) {
			return true
		}
	}
	return n.Anchor != ""
}

// repeat makes an item of a list stand there twice.
func (m *mutator) repeat() {
	n := m.lists[m.IntN(len(m.lists))]
	if len(n.Content) == 0 {
		return
	}
	item := n.Content[m.IntN(len(n.Content))]
	if !hasAnchor(item) {
		n.Content = append(n.Content, item)
	}
}

// swap exchanges two values of one key.
func (m *mutator) swap() {
	key := ""
	var first **yaml.Node
	for range 1000 {
		n := m.mappings[m.IntN(len(m.mappings))]
		if len(n.Content) == 0 {
			continue
		}
		i := m.IntN(len(n.Content)/2) * 2
		switch {
		case hasAnchor(n.Content[i+1]) || n.Content[i+1].Kind != yaml.ScalarNode:
		case first == nil:
			key, first = n.Content[i].Value, &n.Content[i+1]
		case n.Content[i].Value == key:
			*first, n.Content[i+1] = n.Content[i+1], *first
			return
		}
	}
}
