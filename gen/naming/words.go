package naming

import "strings"

// Tokens splits a name into its words at dashes, underscores, spaces, dots and
// slashes. Digits stay with the letters around them.
func Tokens(name string) []string {
	return strings.FieldsFunc(name, func(r rune) bool { return strings.ContainsRune("-_ ./", r) })
}

// initialisms lists the words Go spells in another way than with one capital.
// The table is frozen: every change renames identifiers of generated packages.
var initialisms = index(
	"ACL", "API", "ARP", "BPF", "CPU", "CPUs", "CQE", "CRC", "DMABUF", "DSA", "DSCP", "ECN", "EEE",
	"EEPROM", "FDB", "FDDI", "FEC", "FIB", "FIFO", "GID", "GRE", "GRO", "GSO", "GUID", "ICMP",
	"ICMP6", "ICMPv4", "ICMPv6", "ID", "IDs", "IGMP", "IGMPv2", "IGMPv3", "IOAM6", "IP", "IP4",
	"IP6", "IPs", "IPsec", "IPv4", "IPv6", "IPX", "IRQ", "L2TPv3", "LACP", "LRO", "MAC", "MDB",
	"MDIX", "MII", "MLD", "MLDv1", "MLDv2", "MPLS", "MPTCP", "MSS", "MTU", "NAPI", "NAT", "NFT",
	"NS", "NSH", "OAM", "PCI", "PCP", "PHC", "PHY", "PID", "PIDs", "PLCA", "PPPoE", "PSE", "PSK",
	"PSP", "PTP", "QoS", "QSFP", "RSS", "RTT", "SCTP", "SDU", "SFP", "SKB", "SPI", "SRIOV", "SSID",
	"STP", "SYN", "TCP", "TLS", "TOS", "TSO", "TTL", "UAPI", "UDP", "UFO", "UID", "URL", "VF",
	"VLAN", "VLANs", "VNI", "VRF", "VTI", "VXLAN", "WOL", "XDP", "XSK",
)

func index(words ...string) map[string]string {
	m := make(map[string]string, len(words))
	for _, w := range words {
		m[strings.ToLower(w)] = w
	}
	return m
}

// title spells one word of an exported identifier. Capitals inside the word
// stay.
func title(word string) string {
	if w, ok := initialisms[strings.ToLower(word)]; ok {
		return w
	}
	return strings.ToUpper(word[:1]) + word[1:]
}
