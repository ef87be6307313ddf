package netns

import (
	"net"
	"os"
	"strings"
	"testing"
)

func TestDo(t *testing.T) {
	outside, err := os.Readlink("/proc/thread-self/ns/net")
	if err != nil {
		t.Fatal(err)
	}
	ns := New(t)
	ns.Do(func() {
		inside, err := os.Readlink("/proc/thread-self/ns/net")
		if err != nil {
			t.Fatal(err)
		}
		if inside == outside {
			t.Errorf("Do runs in %s, the namespace of the caller", inside)
		}
		ifs, err := net.Interfaces()
		if err != nil {
			t.Fatal(err)
		}
		if len(ifs) != 1 || ifs[0].Name != "lo" {
			t.Errorf("interfaces of a new namespace = %v, want lo", ifs)
		}
	})
	after, err := os.Readlink("/proc/thread-self/ns/net")
	if err != nil {
		t.Fatal(err)
	}
	if after != outside {
		t.Errorf("after Do the test is in %s, want %s", after, outside)
	}
}

func TestRun(t *testing.T) {
	ns := New(t)
	ns.Run("ip", "link", "add", "probe0", "type", "veth", "peer", "name", "probe1")
	if out := ns.Run("ip", "-o", "link", "show", "probe0"); !strings.Contains(out, "probe0@probe1") {
		t.Errorf("ip link show probe0 = %q", out)
	}
}
