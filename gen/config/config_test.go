package config_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/nlgen/nlgen/gen/config"
	"github.com/nlgen/nlgen/internal/golden"
)

// TestErrors covers every diagnostic of the loader.
func TestErrors(t *testing.T) {
	golden.Run(t, "testdata/*.txtar", func(t *testing.T, in golden.Files) golden.Files {
		project, diags := config.Load(config.FileName, []byte(in[config.FileName]))
		if (project == nil) != diags.HasErrors() {
			t.Errorf("project %v with diagnostics\n%s", project, diags)
		}
		return golden.Files{"errors.txt": diags.String()}
	})
}

func TestLoad(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"specs/b.yaml", "specs/a.yaml", "more.yaml", "overlay.yaml"} {
		touch(t, filepath.Join(dir, name))
	}
	project, diags := config.Load(filepath.Join(dir, config.FileName), []byte(`
version: 1
generate:
  - specs: [more.yaml, specs/*.yaml, specs/a.yaml]
    overlays: [overlay.yaml]
    out: out/go
    package: mine
    targets: [go, docs]
    operations: [getlink]
    lenient: true
  - specs: [nothing/*.yaml]
    out: /absolute
`))
	if len(diags) > 0 {
		t.Fatal(diags)
	}
	first, second := project.Generate[0], project.Generate[1]

	specs, diags := first.SpecFiles()
	want := []string{
		filepath.Join(dir, "more.yaml"), filepath.Join(dir, "specs", "a.yaml"), filepath.Join(dir, "specs", "b.yaml"),
	}
	if diff := cmp.Diff(want, specs); diff != "" || len(diags) > 0 {
		t.Errorf("specs (-want +got):\n%s%s", diff, diags)
	}
	overlays, diags := first.OverlayFiles()
	if diff := cmp.Diff([]string{filepath.Join(dir, "overlay.yaml")}, overlays); diff != "" || len(diags) > 0 {
		t.Errorf("overlays (-want +got):\n%s%s", diff, diags)
	}
	if got, want := first.OutDir(), filepath.Join(dir, "out", "go"); got != want {
		t.Errorf("OutDir() = %s, want %s", got, want)
	}
	if got := second.OutDir(); got != filepath.FromSlash("/absolute") {
		t.Errorf("OutDir() = %s, want the absolute path", got)
	}
	if first.Package.Value != "mine" || !first.Lenient.Value || second.Lenient.Set ||
		len(first.Targets.Value) != 2 || first.Targets.Value[1].Value != config.Docs ||
		first.Operations.Value[0].Value != "getlink" {
		t.Errorf("unexpected item %+v", first)
	}

	specs, diags = second.SpecFiles()
	wantDiag := filepath.Join(dir, config.FileName) + `:11:13: "nothing/*.yaml" matches no file` + "\n"
	if len(specs) > 0 || diags.String() != wantDiag {
		t.Errorf("SpecFiles() = %v, %s, want the diagnostic %s", specs, diags, wantDiag)
	}
}

func touch(t *testing.T, file string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, nil, 0o644); err != nil {
		t.Fatal(err)
	}
}
