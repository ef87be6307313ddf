package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/nlgen/nlgen/gen"
	"github.com/nlgen/nlgen/gen/config"
	"github.com/nlgen/nlgen/gen/diag"
)

// configName is the project file that generate reads when no spec is named.
const configName = "nlgen.yaml"

func newGenerate() *cobra.Command {
	var (
		out, pkg, project string
		check             bool
		flags             specFlags
	)
	cmd := &cobra.Command{
		Use:   "generate [flags] SPEC...",
		Short: "Generate Go packages from specs",
		Long: `Generate reads specs and writes one Go package for each. With one SPEC the
package goes to the output directory itself, with several to a directory of the
package's name inside it. Without a SPEC it does what nlgen.yaml says.

Nothing is written if anything is wrong with any spec. Generated files of an
earlier run that are no longer needed are removed; other files are left alone.`,
		Example: `  nlgen generate -o internal/rtlink rt-link.yaml
  nlgen generate --check`,
		RunE: func(cmd *cobra.Command, args []string) error {
			jobs, diags, err := jobsOf(args, project, out, pkg, &flags)
			if err != nil {
				return err
			}
			outputs, ds, err := generate(jobs)
			if err != nil {
				return err
			}
			diags.Add(ds...)
			fmt.Fprint(cmd.ErrOrStderr(), diags.Filter(diag.Warning))
			if err := errorCount(diags); err != nil {
				return err
			}
			if check {
				return checkOutputs(outputs)
			}
			return writeOutputs(outputs)
		},
	}
	f := cmd.Flags()
	f.StringVarP(&out, "output", "o", ".", "write to `DIR`")
	f.StringVar(&pkg, "package", "", "`NAME` of the Go package; only with one SPEC")
	f.BoolVar(&check, "check", false, "write nothing; fail and list the files if any is not up to date")
	f.StringVar(&project, "config", configName, "project `FILE` to use when no SPEC is given")
	f.StringSliceVar(&flags.ops, "op", nil, "generate only the operation `NAME`; may be repeated")
	flags.add(cmd)
	return cmd
}

// A job is one package to generate.
type job struct {
	spec string
	dir  string // where the package goes, or
	root string // the directory in which a directory of the package's name does
	opts gen.Options
}

// jobsOf returns what the command line or, without specs, the project file asks for.
func jobsOf(specs []string, project, out, pkg string, flags *specFlags) ([]job, diag.List, error) {
	if len(specs) > 1 && pkg != "" {
		return nil, nil, withStatus(exitUsage, errors.New("--package needs exactly one SPEC"))
	}
	if len(specs) == 0 {
		return projectJobs(project)
	}
	opts, diags := flags.options()
	opts.Package = pkg
	var jobs []job
	for _, s := range specs {
		j := job{spec: s, root: out, opts: opts}
		if len(specs) == 1 {
			j.dir = out
		}
		jobs = append(jobs, j)
	}
	return jobs, diags, nil
}

// projectJobs returns the jobs of a project file; its paths are relative to it.
func projectJobs(path string) ([]job, diag.List, error) {
	data, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil, withStatus(exitUsage, fmt.Errorf("no SPEC given and there is no %s", path))
	}
	if err != nil {
		return nil, nil, withStatus(exitIO, err)
	}
	project, diags := config.Load(path, data)
	if project == nil {
		return nil, diags, nil
	}
	var jobs []job
	for _, item := range project.Generate {
		js, ds := itemJobs(item)
		jobs = append(jobs, js...)
		diags.Add(ds...)
	}
	return jobs, diags, nil
}

func itemJobs(item *config.Item) ([]job, diag.List) {
	var diags diag.List
	for _, t := range item.Targets.Value {
		if t.Value != config.Go {
			diags.Add(diag.Diagnostic{
				Pos: t.Pos, Path: "targets",
				Msg: fmt.Sprintf("this version of nlgen has no target %q", t.Value), Hint: "leave it out",
			})
		}
	}
	opts := gen.Options{Package: item.Package.Value, Lenient: item.Lenient.Value}
	for _, name := range item.Operations.Value {
		opts.Operations = append(opts.Operations, name.Value)
	}
	overlays, ds := item.OverlayFiles()
	diags.Add(ds...)
	opts.Overlays, ds = loadOverlays(overlays)
	diags.Add(ds...)
	specs, ds := item.SpecFiles()
	diags.Add(ds...)
	var jobs []job
	for _, s := range specs {
		jobs = append(jobs, job{spec: s, root: item.OutDir(), opts: opts})
	}
	return jobs, diags
}

// An output is a generated package and where it goes.
type output struct {
	dir   string
	files []gen.File
}

// generate makes all packages in memory.
func generate(jobs []job) ([]output, diag.List, error) {
	var diags diag.List
	var outputs []output
	used := overlayUse{}
	for _, j := range jobs {
		family, ds, err := loadFile(j.spec, j.opts, used)
		if err != nil {
			return nil, nil, err
		}
		diags.Add(ds...)
		if family == nil {
			continue
		}
		files, err := gen.Go(family)
		if err != nil {
			return nil, nil, withStatus(exitBadSpec, fmt.Errorf("%s: %w", j.spec, err))
		}
		dir := j.dir
		if dir == "" {
			dir = filepath.Join(j.root, family.Package)
		}
		outputs = append(outputs, output{dir, files})
	}
	diags.Add(used.unused()...)
	return outputs, diags, nil
}

func checkOutputs(outputs []output) error {
	var all gen.StaleError
	for _, o := range outputs {
		stale, err := gen.Stale(o.dir, o.files)
		if err != nil {
			return withStatus(exitIO, err)
		}
		for _, name := range stale {
			all.Files = append(all.Files, filepath.Join(o.dir, name))
		}
	}
	if len(all.Files) > 0 {
		return withStatus(exitBadSpec, &all)
	}
	return nil
}

func writeOutputs(outputs []output) error {
	for _, o := range outputs {
		if err := gen.Write(o.dir, o.files); err != nil {
			return withStatus(exitIO, err)
		}
	}
	return nil
}
