//go:build linux

package vm

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// A Module is a kernel module that was built.
type Module struct {
	File   string // the .ko file
	Output string // what the build printed, warnings included
}

// Build builds the module in a directory, which has a Kbuild file or a Makefile for
// it, against the headers of the guest's kernel. The arguments are passed to make,
// like "W=1". The result is kept in the user's cache as long as source, kernel and
// arguments are the same; the directory itself is left alone.
func Build(ctx context.Context, dir string, args ...string) (*Module, error) {
	list, err := BuildAll(ctx, dir, args...)
	if err != nil {
		return nil, err
	}
	if len(list) != 1 {
		return nil, fmt.Errorf("the build made %d modules, want 1", len(list))
	}
	return list[0], nil
}

// BuildAll is [Build] for a tree of directories with any number of modules, which
// takes less time than one build for each. The modules are in the order of their
// paths, and share their output.
func BuildAll(ctx context.Context, dir string, args ...string) ([]*Module, error) {
	k, err := findKernel()
	if err != nil {
		return nil, err
	}
	cache, err := cacheDir()
	if err != nil {
		return nil, err
	}
	sum, err := hashTree(dir, append([]string{k.release}, args...))
	if err != nil {
		return nil, err
	}
	built := filepath.Join(cache, "module-"+sum)
	if _, err := os.Stat(built); err == nil {
		return readBuilt(built)
	}
	tmp, err := os.MkdirTemp(cache, "build-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(tmp)
	if err := k.make(ctx, dir, tmp, args); err != nil {
		return nil, err
	}
	// Another process may have built the same meanwhile.
	if err := os.Rename(tmp, built); err != nil && !errors.Is(err, fs.ErrExist) {
		return nil, err
	}
	return readBuilt(built)
}

// hashTree returns a name for the content of a directory and some words.
func hashTree(dir string, words []string) (string, error) {
	h := sha256.New()
	fmt.Fprintf(h, "%q\n", words)
	err := fs.WalkDir(os.DirFS(dir), ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := os.ReadFile(filepath.Join(dir, path))
		fmt.Fprintf(h, "%q %d\n", path, len(data))
		h.Write(data)
		return err
	})
	return fmt.Sprintf("%x", h.Sum(nil)[:12]), err
}

const buildLog = "build.log"

// make builds a copy of dir in the directory tmp.
func (k *kernel) make(ctx context.Context, dir, tmp string, args []string) error {
	if err := os.CopyFS(tmp, os.DirFS(dir)); err != nil {
		return err
	}
	args = append([]string{"-C", k.headers(), "M=" + tmp, "modules"}, args...)
	cmd := exec.CommandContext(ctx, "make", args...)
	// What an outer make passes on is not meant for this one.
	cmd.Env = append(os.Environ(), "MAKEFLAGS=", "MFLAGS=", "LC_ALL=C")
	out, err := cmd.CombinedOutput()
	if errors.Is(err, exec.ErrNotFound) {
		return fmt.Errorf("%w: %w", err, ErrMissing)
	}
	if err != nil {
		return fmt.Errorf("building the module in %s: %w\n%s", dir, err, out)
	}
	log := strings.ReplaceAll(string(out), tmp+string(filepath.Separator), "")
	return os.WriteFile(filepath.Join(tmp, buildLog), []byte(log), 0o644)
}

// readBuilt returns the modules in a directory and those below it.
func readBuilt(dir string) ([]*Module, error) {
	log, err := os.ReadFile(filepath.Join(dir, buildLog))
	if err != nil {
		return nil, err
	}
	var list []*Module
	err = filepath.WalkDir(dir, func(path string, _ fs.DirEntry, err error) error {
		if filepath.Ext(path) == ".ko" {
			list = append(list, &Module{File: path, Output: string(log)})
		}
		return err
	})
	return list, err
}
