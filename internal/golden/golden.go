// Package golden runs tests whose input and wanted output stand in txtar
// archives.
//
// The files of an archive below want/ are the output wanted, all others the
// input. "go test -update" rewrites the wanted files with the output got;
// without the flag nothing is ever written.
package golden

import (
	"flag"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"
)

var update = flag.Bool("update", false, "rewrite the wanted files of golden archives")

const wantDir = "want/"

// Files maps slash-separated names to contents.
type Files map[string]string

// Run runs one subtest per archive that matches the pattern, named after the
// archive. It hands the input to f and compares what f returns, whose names
// are relative to want/, with the archive: a file too many or too few fails
// the test just as a difference does. A file without content counts as absent.
func Run(t *testing.T, pattern string, f func(t *testing.T, in Files) Files) {
	t.Helper()
	archives, err := filepath.Glob(pattern)
	if err != nil {
		t.Fatal(err)
	}
	if len(archives) == 0 {
		t.Fatalf("no archive matches %s", pattern)
	}
	for _, file := range archives {
		name := strings.TrimSuffix(filepath.Base(file), filepath.Ext(file))
		t.Run(name, func(t *testing.T) { run(t, file, f) })
	}
}

func run(t *testing.T, file string, f func(*testing.T, Files) Files) {
	archive, err := txtar.ParseFile(file)
	if err != nil {
		t.Fatal(err)
	}
	in, want := split(archive)
	got := f(t, in)
	maps.DeleteFunc(got, func(_, content string) bool { return content == "" })
	if *update {
		write(t, file, archive, got)
		return
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s differs (-want +got):\n%s", file, diff)
	}
}

func split(archive *txtar.Archive) (in, want Files) {
	in, want = Files{}, Files{}
	for _, f := range archive.Files {
		if name, ok := strings.CutPrefix(f.Name, wantDir); ok {
			want[name] = string(f.Data)
		} else {
			in[f.Name] = string(f.Data)
		}
	}
	return in, want
}

func write(t *testing.T, file string, archive *txtar.Archive, got Files) {
	archive.Files = slices.DeleteFunc(archive.Files, func(f txtar.File) bool {
		return strings.HasPrefix(f.Name, wantDir)
	})
	for _, name := range slices.Sorted(maps.Keys(got)) {
		archive.Files = append(archive.Files, txtar.File{Name: wantDir + name, Data: []byte(got[name])})
	}
	if err := os.WriteFile(file, txtar.Format(archive), 0o644); err != nil {
		t.Fatal(err)
	}
}
