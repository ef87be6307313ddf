//go:build linux

package vm

import (
	"bytes"
	"debug/elf"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
)

// A kernel is Debian's kernel with its modules and headers, unpacked.
type kernel struct {
	release string            // as uname -r prints it
	dir     string            // where the packages are unpacked
	files   map[string]string // module name to file
	builtin map[string]bool   // module name
}

// cacheDir returns the directory of the project in the user's cache.
func cacheDir() (string, error) {
	base, err := os.UserCacheDir()
	if err != nil {
		return "", err
	}
	dir := filepath.Join(base, "nlgen")
	return dir, os.MkdirAll(dir, 0o755)
}

// findKernel returns the newest kernel that scripts/deps.sh has unpacked.
var findKernel = sync.OnceValues(func() (*kernel, error) {
	cache, err := cacheDir()
	if err != nil {
		return nil, err
	}
	const prefix = "linux-6.12."
	dirs, err := filepath.Glob(filepath.Join(cache, prefix+"*-amd64"))
	if err != nil {
		return nil, err
	}
	if len(dirs) == 0 {
		return nil, fmt.Errorf("no kernel for the guest: %w", ErrMissing)
	}
	dir := slices.MaxFunc(dirs, func(a, b string) int { return patchLevel(a) - patchLevel(b) })
	k := &kernel{
		release: strings.TrimPrefix(filepath.Base(dir), "linux-"),
		dir:     dir,
		files:   make(map[string]string),
		builtin: make(map[string]bool),
	}
	return k, k.index()
})

// patchLevel returns the number after 6.12 in the name of a kernel's directory.
func patchLevel(dir string) int {
	level, _, _ := strings.Cut(strings.TrimPrefix(filepath.Base(dir), "linux-6.12."), "+")
	n, err := strconv.Atoi(level)
	if err != nil {
		return -1
	}
	return n
}

func (k *kernel) image() string { return filepath.Join(k.dir, "boot", "vmlinuz-"+k.release) }

// headers returns the directory to build modules in.
func (k *kernel) headers() string {
	return filepath.Join(k.dir, "usr", "src", "linux-headers-"+k.release)
}

// index finds the modules.
func (k *kernel) index() error {
	top := filepath.Join(k.dir, "lib", "modules", k.release)
	list, err := os.ReadFile(filepath.Join(top, "modules.builtin"))
	if err != nil {
		return err
	}
	for _, path := range strings.Fields(string(list)) {
		k.builtin[moduleName(path)] = true
	}
	return filepath.WalkDir(filepath.Join(top, "kernel"), func(path string, _ fs.DirEntry, err error) error {
		if strings.Contains(filepath.Base(path), ".ko") {
			k.files[moduleName(path)] = path
		}
		return err
	})
}

// moduleName returns the name of the module in a file, as the kernel spells it.
func moduleName(path string) string {
	name, _, _ := strings.Cut(filepath.Base(path), ".ko")
	return strings.ReplaceAll(name, "-", "_")
}

// A module is a module to load.
type module struct {
	name   string
	image  []byte
	params string
}

// wanted lists what a module needs without naming it as a dependency.
var wanted = map[string][]string{
	"libcrc32c": {"crc32c_generic"}, // asks for the algorithm when it loads
}

// resolve returns the modules of the specs with all they depend on, in the order to
// load them. A spec is a name, or a file if it has a slash, and parameters. What is
// in loaded is left out, and what is returned added.
func (k *kernel) resolve(specs []string, loaded map[string]bool) ([]module, error) {
	var list []module
	var add func(name, params string) error
	add = func(name, params string) error {
		file := name
		name = moduleName(name)
		own := strings.Contains(file, "/")
		if loaded[name] || k.builtin[name] && !own {
			return nil
		}
		if !own {
			var ok bool
			if file, ok = k.files[name]; !ok {
				return &ModuleError{Op: "load", Name: name, Err: fmt.Errorf("kernel %s has none of this name: %w", k.release, fs.ErrNotExist)}
			}
		}
		image, err := readModule(file)
		if err != nil {
			return err
		}
		needed, err := depends(image)
		if err != nil {
			return &ModuleError{Op: "load", Name: name, Err: fmt.Errorf("%s: %w", file, err)}
		}
		for _, dep := range append(needed, wanted[name]...) {
			if err := add(dep, ""); err != nil {
				return err
			}
		}
		loaded[name] = true
		list = append(list, module{name, image, params})
		return nil
	}
	for _, spec := range specs {
		name, params, _ := strings.Cut(spec, " ")
		if err := add(name, params); err != nil {
			return nil, err
		}
	}
	return list, nil
}

// readModule returns the content of a module's file.
func readModule(file string) ([]byte, error) {
	if !strings.HasSuffix(file, ".xz") {
		return os.ReadFile(file)
	}
	out, err := exec.Command("xz", "-dc", file).Output()
	if errors.Is(err, exec.ErrNotFound) {
		return nil, fmt.Errorf("%w: %w", err, ErrMissing)
	}
	return out, err
}

// depends returns the names of the modules that a module needs.
func depends(image []byte) ([]string, error) {
	f, err := elf.NewFile(bytes.NewReader(image))
	if err != nil {
		return nil, err
	}
	section := f.Section(".modinfo")
	if section == nil {
		return nil, errors.New("not a kernel module")
	}
	info, err := section.Data()
	if err != nil {
		return nil, err
	}
	for _, entry := range strings.Split(string(info), "\x00") {
		if list, ok := strings.CutPrefix(entry, "depends="); ok && list != "" {
			return strings.Split(list, ","), nil
		}
	}
	return nil, nil
}
