package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/nlgen/nlgen/gen"
	"github.com/nlgen/nlgen/gen/config"
	"github.com/nlgen/nlgen/gen/diag"
	"github.com/nlgen/nlgen/gen/model"
)

func newGenerate() *cobra.Command {
	var (
		out, pkg, project string
		target            config.Target
		check, server     bool
		flags             specFlags
	)
	cmd := &cobra.Command{
		Use:   "generate [flags] [SPEC...]",
		Short: "Generate Go packages or kernel modules from specs",
		Long: `Generate reads specs and writes one Go package for each or, with --target kernel,
one kernel module. With one SPEC the output goes to the output directory itself,
with several to a directory of the package's name inside it. Without a SPEC it does
what nlgen.yaml says.

A module is C that builds as it is, and one file, NAME_handlers.c, in which its
author says what the requests do: that file is made once and never changed again.
It needs a directory of its own, without a Go package in it.

Nothing is written if anything is wrong with any spec. Generated files of an
earlier run that are no longer needed are removed; other files are left alone.`,
		Example: `  nlgen generate -o internal/rtlink rt-link.yaml
  nlgen generate --target kernel -o kernel/notes notes.yaml
  nlgen generate --check`,
		ValidArgsFunction: completeSpecs,
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := rightFlags(cmd, args); err != nil {
				return err
			}
			like := job{root: out, target: target, server: server, opts: gen.Options{Package: pkg}}
			jobs, diags, err := jobsOf(args, project, like, &flags)
			if err != nil {
				return err
			}
			outputs, ds, err := generate(jobs)
			if err != nil {
				return err
			}
			diags.Add(ds...)
			if err := report(cmd.ErrOrStderr(), diags); err != nil {
				return err
			}
			if check {
				return checkOutputs(cmd.OutOrStdout(), outputs)
			}
			return withStatus(exitIO, gen.Write(outputs...))
		},
	}
	f := cmd.Flags()
	f.StringVarP(&out, "output", "o", ".", "write to `DIR`")
	f.StringVar(&pkg, "package", "", "`NAME` of the Go package; only with one SPEC")
	addChoice(cmd, &target, "target", "`TARGET` to generate: go, a package, or kernel, a module", config.Go, config.Kernel)
	f.BoolVar(&server, "server", false, "generate servers, too: to serve a protocol, or to test clients without the kernel")
	f.BoolVar(&check, "check", false, "write nothing; fail and list the files if any is not up to date")
	f.StringVar(&project, "config", config.FileName, "project `FILE` to use when no SPEC is given")
	f.StringSliceVar(&flags.ops, "op", nil, "generate only the operation `NAME`; may be repeated")
	flags.add(cmd)
	cobra.CheckErr(cmd.MarkFlagDirname("output"))
	cobra.CheckErr(cmd.MarkFlagFilename("config", yamlSuffixes...))
	return cmd
}

// rightFlags returns an error for a flag that would have no effect.
func rightFlags(cmd *cobra.Command, specs []string) error {
	useless := []string{"config"}
	with := "with"
	if len(specs) == 0 {
		useless, with = []string{"output", "package", "op", "target", "server", "overlay", "lenient", "no-errata"}, "without"
	}
	for _, name := range useless {
		if cmd.Flags().Changed(name) {
			return fmt.Errorf("--%s has no effect %s a SPEC", name, with)
		}
	}
	if len(specs) > 1 && cmd.Flags().Changed("package") {
		return errors.New("--package needs exactly one SPEC")
	}
	if cmd.Flag("target").Value.String() != string(config.Kernel) {
		return nil
	}
	for _, name := range []string{"package", "server"} {
		if cmd.Flags().Changed(name) {
			return fmt.Errorf("--%s has no effect with --target kernel", name)
		}
	}
	return nil
}

// A job is one package or one kernel module to generate.
type job struct {
	spec   string
	dir    string // where the output goes, or
	root   string // the directory in which a directory of the package's name does
	opts   gen.Options
	target config.Target // Go or Kernel
	server bool          // Go with the server
}

// output returns the directory of what is made of a family.
func (j *job) output(f *model.Family) string {
	if j.dir != "" {
		return j.dir
	}
	return filepath.Join(j.root, f.Package)
}

// files returns what is made of a family.
func (j *job) files(f *model.Family) ([]gen.File, error) {
	if j.target == config.Kernel {
		return gen.Kernel(f)
	}
	files, err := gen.Go(f)
	if err != nil || !j.server {
		return files, err
	}
	file, err := gen.GoServer(f)
	return append(files, file), err
}

// jobsOf returns what the command line or, without specs, the project file asks for.
// With specs, all jobs are like the one given.
func jobsOf(specs []string, project string, like job, flags *specFlags) ([]job, diag.List, error) {
	if len(specs) == 0 {
		return projectJobs(project)
	}
	opts, diags, err := flags.options()
	if err != nil {
		return nil, nil, err
	}
	opts.Package = like.opts.Package
	like.opts = opts
	if len(specs) == 1 {
		like.dir = like.root
	}
	var jobs []job
	for _, s := range specs {
		like.spec = s
		jobs = append(jobs, like)
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
		js, ds, err := itemJobs(item)
		if err != nil {
			return nil, nil, err
		}
		jobs = append(jobs, js...)
		diags.Add(ds...)
	}
	return jobs, diags, nil
}

func itemJobs(item *config.Item) ([]job, diag.List, error) {
	target, server, diags := targets(item)
	opts := gen.Options{Package: item.Package.Value, Lenient: item.Lenient.Value}
	for _, name := range item.Operations.Value {
		opts.Operations = append(opts.Operations, name.Value)
	}
	overlays, ds := item.OverlayFiles()
	diags.Add(ds...)
	var err error
	if opts.Overlays, ds, err = loadOverlays(overlays); err != nil {
		return nil, nil, err
	}
	diags.Add(ds...)
	specs, ds := item.SpecFiles()
	diags.Add(ds...)
	var jobs []job
	for _, s := range specs {
		jobs = append(jobs, job{spec: s, root: item.OutDir(), opts: opts, target: target, server: server})
	}
	return jobs, diags, nil
}

// targets returns what an item of a project file makes: a package, perhaps with the
// server, or a module.
func targets(item *config.Item) (target config.Target, server bool, diags diag.List) {
	target = config.Go
	list := item.Targets.Value
	for _, t := range list {
		switch t.Value {
		case config.Server:
			server = true
		case config.Kernel:
			target = config.Kernel
			if len(list) > 1 {
				diags.Add(diag.Diagnostic{
					Pos: t.Pos, Path: "targets", Msg: "a kernel module cannot be in one directory with other targets",
					Hint: "give it an item of its own with another out",
				})
			}
		case config.Docs:
			diags.Add(diag.Diagnostic{
				Pos: t.Pos, Path: "targets",
				Msg: fmt.Sprintf("this version of nlgen has no target %q", t.Value), Hint: "leave it out",
			})
		}
	}
	return target, server, diags
}

// generate makes all packages and modules in memory.
func generate(jobs []job) ([]gen.Output, diag.List, error) {
	var diags diag.List
	var outputs []gen.Output
	used := overlayUse{}
	makers := map[string]string{} // directory to spec
	for _, j := range jobs {
		family, ds, err := loadFile(j.spec, j.opts, used)
		if err != nil {
			return nil, nil, err
		}
		diags.Add(ds...)
		if family == nil {
			continue
		}
		files, err := j.files(family)
		if e, ok := errors.AsType[*diag.Errors](err); ok {
			diags.Add(e.List...)
			continue
		}
		if err != nil {
			return nil, nil, withStatus(exitBadSpec, fmt.Errorf("%s: %w", j.spec, err))
		}
		dir := j.output(family)
		if other, taken := makers[dir]; taken {
			diags.Add(diag.Diagnostic{
				Pos: diag.Pos{File: j.spec}, Path: "x-nlgen-package",
				Msg:  fmt.Sprintf("the output goes to %s, and so does that of %s", dir, other),
				Hint: "give one of them another directory or package name",
			})
		}
		makers[dir] = j.spec
		outputs = append(outputs, gen.Output{Dir: dir, Files: files})
	}
	for _, j := range jobs {
		diags.Add(used.unused(j.opts.Overlays)...)
	}
	return outputs, diags, nil
}

// checkOutputs prints the files that are not up to date.
func checkOutputs(w io.Writer, outputs []gen.Output) error {
	stale, err := gen.Stale(outputs...)
	if err != nil {
		return withStatus(exitIO, err)
	}
	if len(stale) == 0 {
		return nil
	}
	if _, err := fmt.Fprintln(w, strings.Join(stale, "\n")); err != nil {
		return withStatus(exitIO, err)
	}
	return withStatus(exitBadSpec, errors.New("these files are not up to date; run nlgen generate without --check"))
}
