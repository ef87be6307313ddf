//go:build linux

// Package families_test runs the tests of the generated packages on Linux 6.12.
package families_test

import (
	"maps"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/nlgen/nlgen/internal/kernelsrc"
	"github.com/nlgen/nlgen/internal/vm"
)

var guest = vm.Shared{Config: vm.Config{
	Modules: []string{
		"8021q", "bonding", "bridge", "dummy", "geneve", "ifb", "ip6_gre", "ip6_tunnel", "ip_gre", "ipip",
		"ipvlan", "mac80211_hwsim radios=2", "macvlan", "nf_conntrack_netlink", "openvswitch", "sit", "team", "team_mode_activebackup", "team_mode_loadbalance",
		"team_mode_roundrobin", "tun", "vcan", "veth", "vport_vxlan", "vrf", "vxlan", "wireguard",
	},
	Tools: []string{"ip", "bridge", "devlink", "ethtool", "iw", "wg"},
	Files: map[string]string{
		"/etc/protocols": "/etc/protocols",
		// Signed by the kernel's own, whatever the distribution prefers.
		"/lib/firmware/regulatory.db":     "/lib/firmware/regulatory.db-upstream",
		"/lib/firmware/regulatory.db.p7s": "/lib/firmware/regulatory.db.p7s-upstream",
	},
	// The tests count links, and a new namespace of theirs is to have lo alone.
	Cmdline: []string{"sysctl.net.core.fb_tunnels_only_for_init_net=1", "security=selinux"},
}}

func TestMain(m *testing.M) { os.Exit(guest.Main(m)) }

// TestFamilies leaves out the tests that need no kernel: the host runs them faster.
func TestFamilies(t *testing.T) {
	sim := vm.BuildModule(t, filepath.Join(kernelsrc.Dir(t), "drivers/net/netdevsim"), "CONFIG_NETDEVSIM=m")
	g := guest.Get(t)
	if err := g.Load(t.Context(), sim.File); err != nil {
		t.Fatal(err)
	}
	const families = "../../../families/"
	files, err := filepath.Glob(families + "*/*_linux_test.go")
	if err != nil {
		t.Fatal(err)
	}
	names := make(map[string]bool)
	for _, file := range files {
		names[filepath.Base(filepath.Dir(file))] = true
	}
	for _, name := range slices.Sorted(maps.Keys(names)) {
		t.Run(name, func(t *testing.T) {
			vm.RunTests(t, g, "github.com/nlgen/nlgen/families/"+name, "-test.run=Integration|Example")
		})
	}
}
