package naming_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/nlgen/nlgen/gen/diag"
	"github.com/nlgen/nlgen/gen/naming"
)

func TestTokens(t *testing.T) {
	for name, want := range map[string][]string{
		"page-pool_info":         {"page", "pool", "info"},
		"pin-frequency-77_5-khz": {"pin", "frequency", "77", "5", "khz"},
		"set id":                 {"set", "id"},
		"a.b/c":                  {"a", "b", "c"},
		"--kernel-timespec":      {"kernel", "timespec"},
		"ipv4or6":                {"ipv4or6"},
		"-":                      nil,
		"":                       nil,
	} {
		if got := naming.Tokens(name); !slices.Equal(got, want) {
			t.Errorf("Tokens(%q) = %q, want %q", name, got, want)
		}
	}
}

func TestExported(t *testing.T) {
	for name, want := range map[string]string{
		"dev":                    "Dev",
		"page-pool-info":         "PagePoolInfo",
		"ifindex":                "Ifindex",
		"xdp-features":           "XDPFeatures",
		"napi-id":                "NAPIID",
		"6rd-prefix":             "X6rdPrefix",
		"8021q":                  "X8021q",
		"--kernel-timespec":      "KernelTimespec",
		"set id":                 "SetID",
		"pin-frequency-77_5-khz": "PinFrequency775Khz",
		"pci_pf":                 "PCIPf",
		"local_v4":               "LocalV4",
		"Scell-log":              "ScellLog",
		"DPs":                    "DPs",
		"type":                   "Type",
		"-":                      "",
	} {
		if got := naming.Exported(name); got != want {
			t.Errorf("Exported(%q) = %q, want %q", name, got, want)
		}
	}
	if got := naming.Suffix("8021q-vlan"); got != "8021qVLAN" {
		t.Errorf("as a suffix it is %q", got)
	}
	if got := naming.Exported("queue-type", "rx"); got != "QueueTypeRx" {
		t.Errorf("two parts give %q", got)
	}
}

func TestUnexported(t *testing.T) {
	for name, want := range map[string]string{
		"page-pool-info": "pagePoolInfo",
		"ip-address":     "ipAddress",
		"type":           "xType",
		"len":            "xLen",
		"6rd-prefix":     "x6rdPrefix",
		"mtu":            "mtu",
		"":               "",
	} {
		if got := naming.Unexported(name); got != want {
			t.Errorf("Unexported(%q) = %q, want %q", name, got, want)
		}
	}
	if got := naming.Unexported("attr", "linkinfo-sit", "6rd-prefix"); got != "attrLinkinfoSit6rdPrefix" {
		t.Errorf("three parts give %q", got)
	}
}

func TestPackage(t *testing.T) {
	for family, want := range map[string]string{
		"rt-addr":  "rtaddr",
		"tc":       "tc",
		"ovs_flow": "ovsflow",
		"NLCTRL":   "nlctrl",
		"8021q":    "nl8021q",
		"type":     "nltype",
		"error":    "nlerror",
	} {
		if got := naming.Package(family); got != want {
			t.Errorf("Package(%q) = %q, want %q", family, got, want)
		}
		if !naming.IsPackage(want) {
			t.Errorf("IsPackage(%q) = false", want)
		}
	}
	for _, bad := range []string{"", "_", "Foo", "a-b", "type"} {
		if naming.IsPackage(bad) {
			t.Errorf("IsPackage(%q) = true", bad)
		}
	}
}

func TestIsExported(t *testing.T) {
	for name, want := range map[string]bool{"GetLink": true, "X8021q": true, "getLink": false, "Get-Link": false, "": false} {
		if got := naming.IsExported(name); got != want {
			t.Errorf("IsExported(%q) = %v", name, got)
		}
	}
}

func TestIsSuffix(t *testing.T) {
	for name, want := range map[string]bool{"GetLink": true, "2GHz": true, "20": true, "getLink": false, "2-GHz": false, "": false} {
		if got := naming.IsSuffix(name); got != want {
			t.Errorf("IsSuffix(%q) = %v", name, got)
		}
	}
}

func TestScope(t *testing.T) {
	var s naming.Scope
	first := naming.Decl{Name: "Link", What: "enum link", Pos: diag.Pos{File: "a.yaml", Line: 3, Col: 5}}
	second := naming.Decl{Name: "Link", What: "attribute set link", Pos: diag.Pos{File: "a.yaml", Line: 9, Col: 5}}
	if !s.Declare(first) || !s.Declare(naming.Decl{Name: "Addr"}) {
		t.Error("a free identifier was refused")
	}
	if s.Declare(second) {
		t.Error("a taken identifier was given")
	}
	want := []naming.Clash{{First: first, Second: second}}
	if got := s.Clashes(); !slices.Equal(got, want) {
		t.Errorf("clashes %v, want %v", got, want)
	}
}

// TestInitialisms pins the table: a word added, removed or spelt in another way
// renames identifiers of generated packages.
func TestInitialisms(t *testing.T) {
	const frozen = `
		ACL API ARP BPF CPU CPUs CQE CRC DMABUF DSA DSCP ECN EEE EEPROM FDB FDDI FEC FIB FIFO GID
		GRE GRO GSO GUID ICMP ICMP6 ICMPv4 ICMPv6 ID IDs IGMP IGMPv2 IGMPv3 IOAM6 IP IP4 IP6 IPs
		IPsec IPv4 IPv6 IPX IRQ L2TPv3 LACP LRO MAC MDB MDIX MII MLD MLDv1 MLDv2 MPLS MPTCP MSS
		MTU NAPI NAT NFT NS NSH OAM PCI PCP PHC PHY PID PIDs PLCA PPPoE PSE PSK PSP PTP QoS QSFP
		RSS RTT SCTP SDU SFP SKB SPI SRIOV SSID STP SYN TCP TLS TOS TSO TTL UAPI UDP UFO UID URL
		VF VLAN VLANs VNI VRF VTI VXLAN WOL XDP XSK`
	want := strings.Fields(frozen)
	if got := naming.Initialisms(); !slices.Equal(got, want) {
		t.Errorf("the table is %q, want %q", got, want)
	}
	for _, word := range want {
		if got := naming.Exported("a-" + strings.ToLower(word)); got != "A"+word {
			t.Errorf("%s is spelt %s", word, got)
		}
	}
}

func ExampleExported() {
	fmt.Println(naming.Exported("page-pool-get", "dump", "request"))
	// Output: PagePoolGetDumpRequest
}

func TestC(t *testing.T) {
	for _, tt := range []struct{ name, c, member, shared string }{
		{"rx-bytes", "rx_bytes", "rx_bytes", "rx_bytes"},
		{"Mode 802.11/ac", "mode_802_11_ac", "mode_802_11_ac", "mode_802_11_ac"},
		{"802.11", "_802_11", "_802_11", "_802_11"},
		{"größe+1", "gr__e_1", "gr__e_1", "gr__e_1"},
		{"default", "default", "_default", "_default"},
		{"current", "current", "_current", "_current"},
		{"class", "class", "class", "_class"},
	} {
		if got := naming.C(tt.name); got != tt.c {
			t.Errorf("C(%q) = %q, want %q", tt.name, got, tt.c)
		}
		if got := naming.CMember(tt.name); got != tt.member {
			t.Errorf("CMember(%q) = %q, want %q", tt.name, got, tt.member)
		}
		if got := naming.SharedCMember(tt.name); got != tt.shared {
			t.Errorf("SharedCMember(%q) = %q, want %q", tt.name, got, tt.shared)
		}
	}
}
