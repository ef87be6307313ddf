// Package kernelsrc gives tests the parts of the Linux source they compare
// with: the specs and schemas, the Python client, the UAPI headers, a driver that
// simulates devices, the tables that the kernel generates from its specs, and the
// script that checks its style.
//
// They come from Debian's package linux-source-6.12, which is unpacked once
// into the user's cache directory.
package kernelsrc

import (
	"errors"
	"fmt"
	"hash/crc32"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/nlgen/nlgen/internal/testenv"
)

// Package is the Debian package that must be installed.
const Package = "linux-source-6.12"

const archive = "/usr/src/" + Package + ".tar.xz"

// subset lists what is unpacked, relative to the top of the source.
var subset = []string{
	"Documentation/netlink", "tools/net/ynl", "include/uapi", "drivers/net/netdevsim",
	"drivers/dpll/dpll_nl.c", "drivers/dpll/dpll_nl.h",
	"drivers/net/team/team_nl.c", "drivers/net/team/team_nl.h",
	"fs/nfsd/netlink.c", "fs/nfsd/netlink.h",
	"net/core/netdev-genl-gen.c", "net/core/netdev-genl-gen.h",
	"net/devlink/netlink_gen.c", "net/devlink/netlink_gen.h",
	"net/handshake/genl.c", "net/handshake/genl.h",
	"net/ipv4/fou_nl.c", "net/ipv4/fou_nl.h",
	"net/mptcp/mptcp_pm_gen.c", "net/mptcp/mptcp_pm_gen.h",
	"scripts/checkpatch.pl", "scripts/spelling.txt", "scripts/const_structs.checkpatch",
}

// Dir returns the top directory of the source, with only the files and directories
// of subset in it. Tests must not write there. Without the package the test is
// skipped; with CI=true in the environment it fails.
func Dir(t testing.TB) string {
	t.Helper()
	dir, err := unpackOnce()
	switch {
	case errors.Is(err, fs.ErrNotExist):
		testenv.Missing(t, "the package %s is not installed", Package)
	case err != nil:
		t.Fatal(err)
	}
	return dir
}

// Specs returns the directory of the kernel's own specs; see [Dir].
func Specs(t testing.TB) string {
	t.Helper()
	return filepath.Join(Dir(t), "Documentation", "netlink", "specs")
}

var unpackOnce = sync.OnceValues(unpack)

// unpack returns the unpacked source. The directory is named after the size
// and age of the archive and the parts of it, so a change of either is noticed, and
// appears in one step, so that test binaries may run at the same time.
func unpack() (string, error) {
	info, err := os.Stat(archive)
	if err != nil {
		return "", err
	}
	cache, err := cacheDir()
	if err != nil {
		return "", err
	}
	dir := filepath.Join(cache, fmt.Sprintf("%s-%x-%x-%x", Package, info.Size(), info.ModTime().Unix(), crc32.ChecksumIEEE([]byte(strings.Join(subset, ",")))))
	if _, err := os.Stat(dir); err == nil {
		return dir, nil
	}
	tmp, err := os.MkdirTemp(cache, "unpack-")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(tmp)
	if err := extract(tmp); err != nil {
		return "", err
	}
	if err := os.Rename(tmp, dir); err != nil && !errors.Is(err, fs.ErrExist) {
		return "", err
	}
	return dir, os.Chmod(dir, 0o755)
}

func cacheDir() (string, error) {
	base, err := os.UserCacheDir()
	if err != nil {
		base = os.TempDir() // no home directory, as in some build services
	}
	dir := filepath.Join(base, "nlgen")
	return dir, os.MkdirAll(dir, 0o755)
}

func extract(dir string) error {
	args := []string{"-xJf", archive, "-C", dir, "--strip-components=1"}
	for _, path := range subset {
		args = append(args, Package+"/"+path)
	}
	if out, err := exec.Command("tar", args...).CombinedOutput(); err != nil {
		return fmt.Errorf("unpacking %s: %w: %s", archive, err, out)
	}
	return nil
}
