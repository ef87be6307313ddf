package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"runtime/debug"
	"strings"
	"text/template"

	"github.com/spf13/cobra"

	"github.com/nlgen/nlgen/gen"
	"github.com/nlgen/nlgen/templates"
)

// A module is what the templates of nlgen init are filled in with.
type module struct {
	Module  string // module path
	Name    string // last element of it
	Version string // of nlgen
	Replace string // directory with nlgen's source, or ""
}

func newInit() *cobra.Command {
	var m module
	cmd := &cobra.Command{
		Use:   "init [flags] DIR",
		Short: "Start a module that uses nlgen",
		Long: `Init makes a Go module in DIR: a small spec, the go:generate line, the package
generated from it, a main that uses it, and a test. DIR must not exist or be empty.`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			dir := args[0]
			if m.Module == "" {
				m.Module = "example.com/" + filepath.Base(filepath.Clean(dir))
			}
			m.Name = path.Base(m.Module)
			if err := m.setVersion(); err != nil {
				return err
			}
			if err := m.write(dir); err != nil {
				return err
			}
			fmt.Fprintf(cmd.OutOrStdout(), "Made %s. Next:\n\tcd %s\n\tgo mod tidy\n\tgo generate ./...\n\tgo test ./...\n\tgo run .\n", m.Module, dir)
			return nil
		},
	}
	f := cmd.Flags()
	f.StringVar(&m.Module, "module", "", "module `PATH`; by default example.com/ and the name of DIR")
	f.StringVar(&m.Replace, "replace", "", "use the source of nlgen in `DIR` instead of a release")
	return cmd
}

// setVersion fills in the version of nlgen the module requires: this program's.
func (m *module) setVersion() error {
	if m.Replace != "" {
		dir, err := filepath.Abs(m.Replace)
		m.Replace, m.Version = filepath.ToSlash(dir), "v0.0.0"
		return withStatus(exitIO, err)
	}
	info, ok := debug.ReadBuildInfo()
	if !ok || !strings.HasPrefix(info.Main.Version, "v") || strings.Contains(info.Main.Version, "+") {
		return withStatus(exitUsage, errors.New("this nlgen is not a released version; name its source with --replace DIR"))
	}
	m.Version = info.Main.Version
	return nil
}

// write makes the module in dir: all of it or, on an error, nothing.
func (m *module) write(dir string) error {
	if entries, err := os.ReadDir(dir); err == nil && len(entries) > 0 {
		return withStatus(exitUsage, fmt.Errorf("%s is not empty", dir))
	}
	parent := filepath.Dir(filepath.Clean(dir))
	if err := os.MkdirAll(parent, 0o777); err != nil {
		return withStatus(exitIO, err)
	}
	stage, err := os.MkdirTemp(parent, ".nlgen-init-")
	if err != nil {
		return withStatus(exitIO, err)
	}
	defer os.RemoveAll(stage)
	if err := m.fill(stage); err != nil {
		return err
	}
	if err := os.Remove(dir); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return withStatus(exitIO, err)
	}
	if err := os.Chmod(stage, 0o755); err != nil {
		return withStatus(exitIO, err)
	}
	return withStatus(exitIO, os.Rename(stage, dir))
}

// fill writes the files of the module into dir.
func (m *module) fill(dir string) error {
	const root = "init"
	err := fs.WalkDir(templates.Init, root, func(name string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		target := filepath.Join(dir, strings.TrimSuffix(strings.TrimPrefix(name, root), ".tmpl"))
		if entry.IsDir() {
			return os.MkdirAll(target, 0o777)
		}
		t, err := template.ParseFS(templates.Init, name)
		if err != nil {
			return err
		}
		f, err := os.Create(target)
		if err != nil {
			return err
		}
		return errors.Join(t.Execute(f, m), f.Close())
	})
	if err != nil {
		return withStatus(exitIO, err)
	}
	return m.generate(filepath.Join(dir, "families"))
}

// generate writes the generated package, so that the module builds at once.
func (m *module) generate(dir string) error {
	const name = "../families.yaml" // as the go:generate line names it
	data, err := os.ReadFile(filepath.Join(dir, name))
	if err != nil {
		return withStatus(exitIO, err)
	}
	family, diags := gen.Load(name, data, gen.Options{})
	if err := diags.Err(); err != nil {
		return withStatus(exitBadSpec, err)
	}
	files, err := gen.Go(family)
	if err != nil {
		return withStatus(exitBadSpec, err)
	}
	return withStatus(exitIO, gen.Write(dir, files))
}
