// Package config reads nlgen.yaml, the file in which a project says what it
// generates:
//
//	version: 1
//	generate:
//	  - specs: [specs/*.yaml]
//	    overlays: [overlays/ours.yaml]
//	    out: internal/netlink
//	    targets: [go, docs]
//	    operations: [getlink, newlink]
//	  - specs: [specs/ours.yaml]
//	    out: kernel
//	    targets: [kernel]
//
// The output of each spec goes to a directory of its package's name in out.
// Paths are relative to the file. An unknown key is an error, and so is a
// pattern that matches no file.
package config

import (
	"fmt"
	"path/filepath"
	"slices"

	"github.com/nlgen/nlgen/gen/diag"
	"github.com/nlgen/nlgen/gen/tree"
)

// FileName is the name of the file in the directory of a project.
const FileName = "nlgen.yaml"

// version is the only version of the format.
const version = 1

// Names is a property that lists names.
type Names = tree.Val[[]tree.Val[string]]

// Project is what a file says.
type Project struct {
	Pos      diag.Pos
	Version  tree.Val[uint32] // required, always 1
	Generate []*Item          // required
}

// Item is one thing to generate.
type Item struct {
	Pos        diag.Pos
	Doc        tree.Val[string]
	Specs      Names            // required; paths and glob patterns
	Overlays   Names            // paths and glob patterns, applied in this order
	Out        tree.Val[string] // required; directory of the output
	Package    tree.Val[string] // name of the Go package, and of the directory, instead of the spec's
	Targets    tree.Val[[]tree.Val[Target]]
	Operations Names // the operations wanted; none given: all
	Lenient    tree.Val[bool]

	dir string // the directory that paths are relative to
}

// Target is a kind of output.
type Target string

// The targets. An item without any generates Go.
const (
	Go     Target = "go"
	Server Target = "server" // besides Go: what serves the family
	Docs   Target = "docs"
	Kernel Target = "kernel" // a kernel module, in an item without any other target
)

// Load reads a project file. The name goes into positions and says what paths
// are relative to; it is not opened. The project is nil if the list has
// errors.
func Load(name string, data []byte) (*Project, diag.List) {
	root, diags := tree.Load(name, data)
	if root == nil {
		return nil, diags
	}
	var d tree.Decoder
	p := project(d.Root(root), filepath.Dir(name))
	if d.Diags.HasErrors() {
		return nil, d.Diags
	}
	return p, d.Diags
}

func project(c tree.Cursor, dir string) *Project {
	m := c.Map()
	defer m.Done("version", "generate")
	return &Project{
		Pos:     c.Node.Pos,
		Version: tree.Value(m, "version", supported),
		Generate: tree.List(m, "generate", func(c tree.Cursor) *Item {
			return item(c, dir)
		}),
	}
}

func supported(n *tree.Node) (uint32, error) {
	v, err := tree.Integer(n)
	if err == nil && v != (tree.Int{Abs: version}) {
		err = &tree.Problem{
			Msg:  fmt.Sprintf("version %s of the format is not supported", v),
			Hint: fmt.Sprintf("use version: %d", version),
		}
	}
	return version, err
}

func item(c tree.Cursor, dir string) *Item {
	m := c.Map()
	defer m.Done("specs", "out")
	return &Item{
		Pos:        c.Node.Pos,
		Doc:        tree.Value(m, "doc", tree.Text),
		Specs:      tree.Values(m, "specs", pattern),
		Overlays:   tree.Values(m, "overlays", pattern),
		Out:        tree.Value(m, "out", tree.Name),
		Package:    tree.Value(m, "package", tree.Name),
		Targets:    tree.Values(m, "targets", tree.Choice(Go, Server, Docs, Kernel)),
		Operations: tree.Values(m, "operations", tree.Name),
		Lenient:    tree.Value(m, "lenient", tree.Bool),
		dir:        dir,
	}
}

// pattern accepts a path or a well-formed glob pattern.
func pattern(n *tree.Node) (string, error) {
	s, err := tree.Name(n)
	if err != nil {
		return "", err
	}
	if _, err := filepath.Match(s, ""); err != nil {
		return "", fmt.Errorf("%q is not a well-formed pattern", s)
	}
	return s, nil
}

// OutDir returns the directory of the output.
func (i *Item) OutDir() string { return i.path(i.Out.Value) }

// SpecFiles returns the files the specs stand in, each once, in the order of
// the patterns and sorted within one.
func (i *Item) SpecFiles() ([]string, diag.List) { return i.files(i.Specs) }

// OverlayFiles is [Item.SpecFiles] for overlays.
func (i *Item) OverlayFiles() ([]string, diag.List) { return i.files(i.Overlays) }

func (i *Item) files(patterns Names) ([]string, diag.List) {
	var (
		files []string
		diags diag.List
	)
	for _, p := range patterns.Value {
		matches, err := filepath.Glob(i.path(p.Value))
		if err != nil || len(matches) == 0 {
			diags.Errorf(p.Pos, "", "%q matches no file", p.Value)
		}
		for _, file := range matches {
			if !slices.Contains(files, file) {
				files = append(files, file)
			}
		}
	}
	return files, diags
}

func (i *Item) path(p string) string {
	p = filepath.FromSlash(p)
	if filepath.IsAbs(p) {
		return p
	}
	return filepath.Join(i.dir, p)
}
