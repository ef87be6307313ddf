//go:build linux

// Package tutorial_test follows docs/tutorial.md to the letter.
package tutorial_test

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/nlgen/nlgen/internal/tempmod"
	"github.com/nlgen/nlgen/internal/vm"
)

// maxCommands is how many commands the way from the spec to the end may take.
const maxCommands = 9

// TestTutorial makes the files of the tutorial, runs its commands in their order, and
// compares what they print. Those behind # run in a guest, in a directory that it
// shares with the host. Those behind $ run on the host, since the guest's processor is
// emulated and would take minutes to compile. There uname and make are wrapped: the
// first tells the release of the guest's kernel, the second knows where its headers
// are, which are unpacked but not installed.
func TestTutorial(t *testing.T) {
	root := tempmod.Root(t)
	text, err := os.ReadFile(filepath.Join(root, "docs", "tutorial.md"))
	if err != nil {
		t.Fatal(err)
	}
	r := newReader(t, root)
	commands := 0
	dir := "nlgen" // where the first command is given
	for _, f := range fences(string(text)) {
		if f.file != "" {
			r.write(f)
			continue
		}
		for _, s := range steps(t, f.text) {
			r.follow(dir, s)
			commands++
		}
		dir = "whois"
	}
	if commands -= 1; commands > maxCommands { // to install nlgen is no part of the way
		t.Errorf("the tutorial has %d commands, want %d at most", commands, maxCommands)
	}
}

// A fence is a block of the tutorial: a file, or commands with what they print.
type fence struct{ file, text string }

var fenced = regexp.MustCompile("(?ms)^```(\\w+)(?: (\\S+))?\n(.*?)^```$")

func fences(text string) []fence {
	var list []fence
	for _, m := range fenced.FindAllStringSubmatch(text, -1) {
		list = append(list, fence{file: m[2], text: m[3]})
	}
	return list
}

// A step is a command with its prompt and its output, in which … stands for text
// that differs from machine to machine, and alone in a line for any lines.
type step struct{ prompt, command, output string }

func steps(t *testing.T, text string) []step {
	t.Helper()
	var list []step
	for line := range strings.Lines(text) {
		prompt, command, _ := strings.Cut(strings.TrimSuffix(line, "\n"), " ")
		switch {
		case prompt == "$" || prompt == "#":
			list = append(list, step{prompt: prompt, command: command})
		case len(list) == 0:
			t.Fatalf("output without a command: %s", line)
		default:
			list[len(list)-1].output += line
		}
	}
	return list
}

// pattern matches what the command may print.
func (s *step) pattern() *regexp.Regexp {
	p := regexp.QuoteMeta(s.output)
	p = regexp.MustCompile(`(?m)^…\n`).ReplaceAllString(p, `(?:.*\n)*`)
	return regexp.MustCompile(`\A` + strings.ReplaceAll(p, "…", ".*") + `\z`)
}

// A reader does what the tutorial says.
type reader struct {
	t     *testing.T
	top   string    // the directory with nlgen and whois in it
	bin   string    // where commands are installed
	env   []string  // of the host's commands
	guest *vm.Guest // nil before the first command there
}

func newReader(t *testing.T, root string) *reader {
	t.Helper()
	r := &reader{t: t, top: t.TempDir()}
	if err := os.Symlink(root, filepath.Join(r.top, "nlgen")); err != nil {
		t.Fatal(err)
	}
	r.bin = filepath.Join(r.top, "bin")
	wrappers := filepath.Join(r.top, "wrappers")
	release, headers := vm.Headers(t)
	r.script(wrappers, "uname", `[ "$*" != -r ] || { echo %s; exit; }; exec %s "$@"`, release, path(t, "uname"))
	r.script(wrappers, "make", `for arg; do
	shift
	[ "$arg" != /lib/modules/%s/build ] || arg=%s
	set -- "$@" "$arg"
done
exec %s "$@"`, release, headers, path(t, "make"))
	r.env = append(os.Environ(),
		"PATH="+wrappers+":"+r.bin+":"+os.Getenv("PATH"), "GOBIN="+r.bin, "GOWORK=off",
		"CGO_ENABLED=0",         // the guest lacks the host's libraries
		"MAKEFLAGS=", "MFLAGS=", // what an outer make passes on is not meant for this one
		"LC_ALL=C",
	)
	return r
}

// path returns the file of a command.
func path(t *testing.T, name string) string {
	t.Helper()
	file, err := exec.LookPath(name)
	if err != nil {
		t.Fatal(err)
	}
	return file
}

// script makes a command.
func (r *reader) script(dir, name, format string, args ...any) {
	r.t.Helper()
	r.save(filepath.Join(dir, name), fmt.Sprintf("#!/bin/sh\n"+format+"\n", args...), 0o755)
}

// write makes a file of the tutorial. If there is one, nlgen has made it for its author
// to go on with, so the tutorial's must have its lines, all but those that its author
// replaces.
func (r *reader) write(f fence) {
	r.t.Helper()
	file := filepath.Join(r.top, "whois", f.file)
	stub, err := os.ReadFile(file)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		r.t.Fatal(err)
	}
	rest := f.text
	for line := range strings.Lines(string(stub)) {
		if line == "\treturn -EOPNOTSUPP;\n" {
			continue
		}
		_, after, ok := strings.Cut(rest, line)
		if !ok {
			r.t.Fatalf("%s of the tutorial lacks a line that nlgen writes: %s", f.file, line)
		}
		rest = after
	}
	r.save(file, f.text, 0o644)
}

func (r *reader) save(file, text string, mode os.FileMode) {
	r.t.Helper()
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		r.t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(text), mode); err != nil {
		r.t.Fatal(err)
	}
}

// follow gives a command, which must succeed, and compares its output.
func (r *reader) follow(dir string, s step) {
	r.t.Helper()
	dir = filepath.Join(r.top, dir)
	run := r.onHost
	if s.prompt == "#" {
		run = r.inGuest
	}
	start := time.Now()
	out, err := run(dir, s.command)
	r.t.Logf("%.1f s: %s %s", time.Since(start).Seconds(), s.prompt, s.command)
	if err != nil {
		r.t.Fatalf("%s: %v\n%s", s.command, err, out)
	}
	if !s.pattern().Match(out) {
		r.t.Errorf("%s prints\n%swant\n%s", s.command, out, s.output)
	}
}

func (r *reader) onHost(dir, command string) ([]byte, error) {
	cmd := exec.CommandContext(r.t.Context(), "sh", "-c", command)
	cmd.Dir, cmd.Env = dir, r.env
	return cmd.CombinedOutput()
}

func (r *reader) inGuest(dir, command string) ([]byte, error) {
	if r.guest == nil {
		r.guest = vm.Start(r.t, vm.Config{Shares: []vm.Share{{Host: r.top, Guest: r.top, Writable: true}}})
	}
	script := fmt.Sprintf("exec 2>&1; PATH=%s:$PATH; %s", r.bin, command)
	res, err := r.guest.RunCmd(r.t.Context(), vm.Cmd{Args: []string{"sh", "-c", script}, Dir: dir})
	return res.Stdout, err
}
