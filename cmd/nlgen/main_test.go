package main

import (
	"bytes"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/nlgen/nlgen/internal/golden"
)

// asProgram in the environment makes the test binary behave as nlgen.
const asProgram = "NLGEN_TEST_AS_PROGRAM"

func TestMain(m *testing.M) {
	if os.Getenv(asProgram) != "" {
		os.Exit(run(os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
	}
	os.Exit(m.Run())
}

// A result is what a command line gave.
type result struct {
	status         int
	stdout, stderr string
}

// nlgen runs a command line in this process.
func nlgen(args ...string) result { return nlgenWith("", args...) }

// nlgenWith is nlgen with text on the standard input.
func nlgenWith(stdin string, args ...string) result {
	var stdout, stderr bytes.Buffer
	status := run(args, strings.NewReader(stdin), &stdout, &stderr)
	return result{status, stdout.String(), stderr.String()}
}

// TestGolden runs the command lines in the file cmd of each archive, in a
// directory with the archive's other files, and compares what they print, their
// exit status and the names of the files there are then. A line of cmd that does
// not start with nlgen is the name of an empty directory to make, if it ends in a
// slash, or else of a file to empty.
func TestGolden(t *testing.T) {
	archives, err := filepath.Abs("testdata/*.txtar") // the tests change directory
	if err != nil {
		t.Fatal(err)
	}
	golden.Run(t, archives, func(t *testing.T, in golden.Files) golden.Files {
		t.Chdir(t.TempDir())
		for name, content := range in {
			if name == "cmd" {
				continue
			}
			if err := os.MkdirAll(filepath.Dir(name), 0o777); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(name, []byte(content), 0o666); err != nil {
				t.Fatal(err)
			}
		}
		var log strings.Builder
		for line := range strings.Lines(in["cmd"]) {
			words := commandWords(line)
			switch {
			case words[0] == "nlgen":
				fmt.Fprintf(&log, "$ %s%s", line, nlgen(words[1:]...).transcript())
			case strings.HasSuffix(words[0], "/"):
				if err := os.MkdirAll(words[0], 0o777); err != nil {
					t.Fatal(err)
				}
			default:
				if err := os.WriteFile(words[0], nil, 0o666); err != nil {
					t.Fatal(err)
				}
			}
		}
		return golden.Files{"log": log.String(), "files": made(t, in)}
	})
}

// word matches a word of a command line, which may be in single quotes.
var word = regexp.MustCompile(`'[^']*'|\S+`)

func commandWords(line string) []string {
	words := word.FindAllString(line, -1)
	for i, w := range words {
		words[i] = strings.Trim(w, "'")
	}
	return words
}

// transcript shows what was printed, the standard error marked with exclamation
// marks, and the status if there was an error.
func (r result) transcript() string {
	out := r.stdout
	for line := range strings.Lines(r.stderr) {
		out += "! " + line
	}
	if r.status != exitOK {
		out += fmt.Sprintf("exit status %d\n", r.status)
	}
	return out
}

// made lists the files in the working directory that were not there before.
func made(t *testing.T, in golden.Files) string {
	t.Helper()
	var files []string
	err := filepath.WalkDir(".", func(name string, e fs.DirEntry, err error) error {
		if _, given := in[name]; err == nil && !e.IsDir() && !given {
			files = append(files, name+"\n")
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return strings.Join(files, "")
}

// want fails the test unless a command line ended with the status and printed
// the pieces on the standard error, on a single line.
func (r result) want(t *testing.T, status int, stderr ...string) {
	t.Helper()
	if r.status != status {
		t.Errorf("exit status %d, want %d; stderr: %s", r.status, status, r.stderr)
	}
	for _, s := range stderr {
		if !strings.Contains(r.stderr, s) {
			t.Errorf("stderr lacks %q: %s", s, r.stderr)
		}
	}
	if lines := strings.Count(r.stderr, "\n"); lines > 1 || status == exitOK && lines > 0 {
		t.Errorf("%d lines on stderr: %s", lines, r.stderr)
	}
}

// TestMan checks that each command has its page.
func TestMan(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "man", "man1")
	nlgen("man", dir).want(t, exitOK)
	for _, cmd := range newRoot().Commands() {
		page, err := os.ReadFile(filepath.Join(dir, "nlgen-"+cmd.Name()+".1"))
		if err != nil {
			t.Error(err)
		}
		if !bytes.Contains(page, []byte(cmd.Short)) {
			t.Errorf("the page of %s does not say %q", cmd.Name(), cmd.Short)
		}
	}
}

// TestCompletionScripts checks that the shells' scripts call the program back.
func TestCompletionScripts(t *testing.T) {
	for _, shell := range []string{"bash", "zsh", "fish", "powershell"} {
		r := nlgen("completion", shell)
		r.want(t, exitOK)
		if !strings.Contains(r.stdout, "__complete") {
			t.Errorf("%s: no script: %.100s", shell, r.stdout)
		}
	}
}

// TestStatuses checks that the help names every exit status.
func TestStatuses(t *testing.T) {
	help := strings.Join(strings.Fields(newRoot().Long), " ")
	for _, s := range []int{
		exitOK, exitBadSpec, exitUsage, exitBadRequest, exitKernel, exitPermission,
		exitNoFamily, exitTooOld, exitIO, exitInterrupted,
	} {
		if !regexp.MustCompile(fmt.Sprintf(`[:;] %d `, s)).MatchString(help) {
			t.Errorf("the help lacks exit status %d", s)
		}
	}
}

// TestBuiltin checks that the built-in specs can be found.
func TestBuiltin(t *testing.T) {
	if r := nlgen("__complete", "call", "--family", ""); !strings.Contains(r.stdout, "rt-link\n") {
		t.Errorf("completion lacks rt-link: %s", r.stdout)
	}
	nlgen("call", "--family", "rt-lnk", "--do", "getlink").want(t, exitUsage, `did you mean "rt-link"?`)
	nlgen("call", "--family", "zzzzzz", "--do", "getlink").want(t, exitUsage, "there are", "rt-link")
	nlgen("list", "zzzzzz").want(t, exitNoFamily, "neither nlgen nor the kernel", "rt-link")
	r := nlgen("list")
	for _, name := range []string{"ethtool", "rt-link", "wireguard"} {
		if !slices.ContainsFunc(strings.Split(r.stdout, "\n"), func(line string) bool { return strings.HasPrefix(line, name+" ") }) {
			t.Errorf("list lacks %s:\n%s", name, r.stdout)
		}
	}
}
