//go:build linux

package vm

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"strings"
)

// A cpio writes an archive in the format that the kernel unpacks at boot.
type cpio struct {
	w     io.Writer
	inode int
	seen  map[string]bool
	err   error
}

const (
	modeDir  = 0o040755
	modeFile = 0o100755
	modeLink = 0o120777
)

// entry writes one file with the directories above it. Of two with the same name
// the first counts.
func (c *cpio) entry(name string, mode int, data []byte) {
	name = strings.TrimPrefix(path.Clean(name), "/")
	if name == "." || c.seen[name] {
		return
	}
	c.seen[name] = true
	c.entry(path.Dir(name), modeDir, nil)
	c.record(name, mode, data)
}

func (c *cpio) record(name string, mode int, data []byte) {
	if c.err != nil {
		return
	}
	c.inode++
	var b bytes.Buffer
	// Magic number, then inode, mode, uid, gid, links, mtime, size, four device
	// numbers, length of the name, checksum.
	fmt.Fprintf(&b, "070701%08x%08x%08x%08x%08x%08x%08x%032x%08x%08x",
		c.inode, mode, 0, 0, 1, 0, len(data), 0, len(name)+1, 0)
	b.WriteString(name + "\x00")
	b.Write(make([]byte, -b.Len()&3))
	b.Write(data)
	b.Write(make([]byte, -b.Len()&3))
	_, c.err = c.w.Write(b.Bytes())
}

// close ends the archive.
func (c *cpio) close() error {
	c.record("TRAILER!!!", 0, nil)
	return c.err
}

// writeInitramfs writes the guest's file system: the agent, the modules by which it
// reaches the harness, busybox, and what the configuration asks for.
func writeInitramfs(w io.Writer, cfg *Config, agent []byte, modules []module) error {
	c := &cpio{w: w, seen: make(map[string]bool)}
	for _, dir := range []string{"bin", "sbin", "lib", "lib64"} {
		c.entry(dir, modeLink, []byte("usr/"+dir))
	}
	for _, dir := range []string{"usr/bin", "usr/sbin", "usr/lib", "usr/lib64", "root", "etc", "var"} {
		c.entry(dir, modeDir, nil)
	}
	c.entry("var/run", modeLink, []byte("/run"))
	c.entry("init", modeFile, agent)
	for i, m := range modules {
		c.entry(fmt.Sprintf("modules/%02d-%s.ko", i, m.name), modeFile, m.image)
	}
	// Debian's busybox as shell would prefer its own commands to those in the path.
	for _, name := range append([]string{"sh"}, cfg.Tools...) {
		if err := addTool(c, name); err != nil {
			return err
		}
	}
	if err := addBusybox(c); err != nil {
		return err
	}
	for guest, host := range cfg.Files {
		data, err := os.ReadFile(host)
		if err != nil {
			return err
		}
		c.entry(guest, modeFile, data)
	}
	return c.close()
}

// addTool adds a command of the host and the libraries it needs.
func addTool(c *cpio, name string) error {
	file, err := lookTool(name)
	if err != nil {
		return err
	}
	libs, err := libraries(file)
	if err != nil {
		return err
	}
	data, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	c.entry("usr/bin/"+filepath.Base(name), modeFile, data)
	for _, lib := range libs {
		data, err := os.ReadFile(lib)
		if err != nil {
			return err
		}
		if !strings.HasPrefix(lib, "/usr/") {
			lib = "/usr" + lib
		}
		c.entry(lib, modeFile, data)
	}
	return nil
}

// lookTool finds a command of the host, those of the administrator included.
func lookTool(name string) (string, error) {
	if file, err := exec.LookPath(name); err == nil {
		return file, nil
	}
	for _, dir := range []string{"/usr/sbin", "/sbin"} {
		if file, err := exec.LookPath(filepath.Join(dir, name)); err == nil {
			return file, nil
		}
	}
	return "", fmt.Errorf("no command %s: %w", name, ErrMissing)
}

// libraryPath finds the files in the output of ldd.
var libraryPath = regexp.MustCompile(`(?m)(/\S+) \(0x[0-9a-f]+\)$`)

// libraries returns the libraries that a program needs and its loader.
func libraries(file string) ([]string, error) {
	out, err := exec.Command("ldd", file).Output()
	if exit := new(exec.ExitError); errors.As(err, &exit) {
		return nil, nil // static
	} else if err != nil {
		return nil, err
	}
	var libs []string
	for _, m := range libraryPath.FindAllStringSubmatch(string(out), -1) {
		libs = append(libs, m[1])
	}
	return libs, nil
}

// addBusybox adds busybox under all of its names, in a directory that is searched
// last.
func addBusybox(c *cpio) error {
	file, err := lookTool("busybox")
	if err != nil {
		return err
	}
	if err := addTool(c, "busybox"); err != nil {
		return err
	}
	names, err := exec.Command(file, "--list").Output()
	for _, name := range strings.Fields(string(names)) {
		c.entry("usr/lib/busybox/"+name, modeLink, []byte("/usr/bin/busybox"))
	}
	return err
}
