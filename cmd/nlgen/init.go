package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"runtime/debug"
	"slices"
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
		Args: oneArg("DIR"),
		RunE: func(cmd *cobra.Command, args []string) error {
			dir := args[0]
			if err := m.complete(dir); err != nil {
				return err
			}
			if err := m.write(dir); err != nil {
				return err
			}
			return withStatus(exitIO, m.advise(cmd.OutOrStdout(), dir))
		},
	}
	f := cmd.Flags()
	f.StringVar(&m.Module, "module", "", "module `PATH`; by default example.com/ and the name of DIR")
	f.StringVar(&m.Replace, "replace", "", "use the source of nlgen in `DIR` instead of a release")
	cobra.CheckErr(cmd.MarkFlagDirname("replace"))
	return cmd
}

// modulePath matches the module paths that the go command accepts, and a few more.
var modulePath = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._~-]*(/[A-Za-z0-9_~-][A-Za-z0-9._~-]*)*$`)

// complete fills in what the command line leaves open.
func (m *module) complete(dir string) error {
	abs, err := filepath.Abs(dir)
	if err != nil {
		return withStatus(exitIO, err)
	}
	if m.Module == "" {
		m.Module = "example.com/" + filepath.Base(abs)
	}
	if !modulePath.MatchString(m.Module) {
		return withStatus(exitUsage, fmt.Errorf("%q is no module path; give one by --module", m.Module))
	}
	m.Name = path.Base(m.Module)
	if m.Replace != "" {
		return m.replace()
	}
	return m.release()
}

// replace makes the module use the source of nlgen in a directory.
func (m *module) replace() error {
	dir, err := filepath.Abs(m.Replace)
	if err != nil {
		return withStatus(exitIO, err)
	}
	if _, err := os.Stat(filepath.Join(dir, "cmd", "nlgen")); err != nil {
		return withStatus(exitUsage, fmt.Errorf("--replace %s: this is not the source of nlgen", m.Replace))
	}
	m.Replace, m.Version = filepath.ToSlash(dir), "v0.0.0"
	return nil
}

// release makes the module use the same release of nlgen as this program is. A
// program built in a checkout may have a version that nobody can download.
func (m *module) release() error {
	info, ok := debug.ReadBuildInfo()
	checkout := func(s debug.BuildSetting) bool { return s.Key == "vcs.revision" }
	if !ok || !strings.HasPrefix(info.Main.Version, "v") || slices.ContainsFunc(info.Settings, checkout) {
		return withStatus(exitUsage, errors.New("this nlgen is no release; name the directory of its source by --replace"))
	}
	m.Version = info.Main.Version
	return nil
}

// advise prints what to do in the module.
func (m *module) advise(w io.Writer, dir string) error {
	steps := []string{"go mod tidy", "go generate ./...", "go test ./...", "go run ."}
	if dir != "." {
		steps = slices.Insert(steps, 0, "cd "+dir)
	}
	_, err := fmt.Fprintf(w, "Made %s. Next:\n\t%s\n", m.Module, strings.Join(steps, "\n\t"))
	return err
}

// write makes the module in dir: all of it or, on an error, nothing.
func (m *module) write(dir string) error {
	entries, err := os.ReadDir(dir)
	missing := errors.Is(err, fs.ErrNotExist)
	if err != nil && !missing {
		return withStatus(exitIO, err)
	}
	if len(entries) > 0 {
		return withStatus(exitUsage, fmt.Errorf("%s is not empty", dir))
	}
	if err := m.fill(dir); err != nil {
		return errors.Join(err, clear(dir, missing))
	}
	return nil
}

// clear removes what is in dir, and dir itself if asked for.
func clear(dir string, self bool) error {
	if self {
		return os.RemoveAll(dir)
	}
	entries, err := os.ReadDir(dir)
	for _, e := range entries {
		err = errors.Join(err, os.RemoveAll(filepath.Join(dir, e.Name())))
	}
	return err
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
	return m.generate(dir)
}

// generate writes the generated package, so that the module builds at once.
func (m *module) generate(dir string) error {
	const spec = "families.yaml"
	data, err := fs.ReadFile(templates.Init, "init/"+spec+".tmpl")
	if err != nil {
		return withStatus(exitIO, err)
	}
	family, diags := gen.Load(spec, data, gen.Options{})
	if err := diags.Err(); err != nil {
		return withStatus(exitBadSpec, err)
	}
	files, err := gen.Go(family)
	if err != nil {
		return withStatus(exitBadSpec, err)
	}
	return withStatus(exitIO, gen.Write(gen.Output{Dir: filepath.Join(dir, family.Package), Files: files}))
}
