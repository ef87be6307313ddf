package golden

import (
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/tools/txtar"
)

const archive = `A comment.
-- in.txt --
input
-- want/kept.txt --
old
-- want/stale.txt --
gone
`

func TestRun(t *testing.T) {
	file := filepath.Join(t.TempDir(), "case.txtar")
	if err := os.WriteFile(file, []byte(archive), 0o644); err != nil {
		t.Fatal(err)
	}
	ran := ""
	Run(t, file, func(t *testing.T, in Files) Files {
		ran = t.Name()
		if len(in) != 1 || in["in.txt"] != "input\n" {
			t.Errorf("input is %v", in)
		}
		return Files{"kept.txt": "old\n", "stale.txt": "gone\n", "empty.txt": ""}
	})
	if ran != "TestRun/case" {
		t.Errorf("ran %q, want a subtest named after the archive", ran)
	}
}

func TestWrite(t *testing.T) {
	file := filepath.Join(t.TempDir(), "case.txtar")
	write(t, file, txtar.Parse([]byte(archive)), Files{"new.txt": "fresh\n", "kept.txt": "new\n"})
	got, err := os.ReadFile(file)
	const want = "A comment.\n-- in.txt --\ninput\n-- want/kept.txt --\nnew\n-- want/new.txt --\nfresh\n"
	if err != nil || string(got) != want {
		t.Errorf("wrote %q, %v, want %q", got, err, want)
	}
}
