package kernelsrc_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/nlgen/nlgen/internal/kernelsrc"
)

func TestDir(t *testing.T) {
	dir := kernelsrc.Dir(t)
	for _, file := range []string{
		"Documentation/netlink/netlink-raw.yaml",
		"tools/net/ynl/lib/ynl.py",
		"include/uapi/linux/netlink.h",
	} {
		if _, err := os.Stat(filepath.Join(dir, file)); err != nil {
			t.Error(err)
		}
	}
	specs, err := filepath.Glob(filepath.Join(kernelsrc.Specs(t), "*.yaml"))
	if err != nil || len(specs) != 19 {
		t.Errorf("%d specs, want 19 (%v)", len(specs), err)
	}
}
