package selinux

import (
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/nlgen/nlgen/internal/familytest"
)

// TestIntegrationEnforce switches enforcing on and off, which is for a guest alone. It
// is booted with SELinux, and without a policy everybody may do so.
func TestIntegrationEnforce(t *testing.T) {
	if os.Getenv(familytest.InGuest) == "" {
		t.Skip("this changes what the machine enforces")
	}
	const dir = "/sys/fs/selinux"
	if err := unix.Mount("selinuxfs", dir, "selinuxfs", 0, ""); err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := unix.Unmount(dir, 0); err != nil {
			t.Error(err)
		}
	}()
	c, err := Dial()
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	sub, err := c.Subscribe(GroupAVC)
	if err != nil {
		t.Fatal(err)
	}
	defer sub.Close()
	for _, enforcing := range []int32{1, 0} {
		if err := os.WriteFile(filepath.Join(dir, "enforce"), []byte{'0' + byte(enforcing)}, 0); err != nil {
			t.Fatal(err)
		}
		familytest.Event(t, sub, func(ev *SetEnforceNtf) bool { return ev.State.Enforcing == enforcing })
	}
}
