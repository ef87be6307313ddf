package ethtool_test

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"

	"github.com/nlgen/nlgen/families/ethtool"
	"github.com/nlgen/nlgen/internal/familytest"
	"github.com/nlgen/nlgen/internal/netns"
	nl "github.com/nlgen/nlgen/runtime"
)

// The devices of setup.
const (
	dev  = "veth-a"
	peer = "veth-b"
)

// setup makes a pair of veth devices in a namespace of its own, both up, and a
// client in there.
func setup(t *testing.T) (*netns.NS, *ethtool.Client, context.Context) {
	t.Helper()
	ns := netns.New(t)
	ns.Run("ip", "link", "add", dev, "numtxqueues", "4", "numrxqueues", "4", "type", "veth",
		"peer", "name", peer, "numtxqueues", "4", "numrxqueues", "4")
	for _, name := range []string{dev, peer} {
		ns.Run("ip", "link", "set", name, "up")
	}
	c, err := ethtool.Dial(nl.WithNetNS(ns.Fd()))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return ns, c, familytest.Context(t)
}

// device names a device in a request.
func device(name string) *ethtool.Header {
	return &ethtool.Header{DevName: nl.Some(name)}
}

// stringSet gets the strings of a set; that of no device has an empty header.
func stringSet(ctx context.Context, t *testing.T, c *ethtool.Client, h *ethtool.Header, id ethtool.StringSetID) []string {
	t.Helper()
	reply, err := c.StrsetGet(ctx, &ethtool.StrsetGetRequest{Header: h, Stringsets: oneSet(id)})
	if err != nil {
		t.Fatal(err)
	}
	set := reply.Stringsets.Stringset[0]
	var out []string
	for i, s := range set.Strings.String {
		if s.Index.Value() != uint32(i) {
			t.Errorf("string %d has index %v", i, s.Index)
		}
		out = append(out, s.Value.Value())
	}
	if set.ID.Value() != id || set.Count.Value() != uint32(len(out)) {
		t.Errorf("set %v with count %v, want set %v with %d", set.ID, set.Count, id, len(out))
	}
	return out
}

func oneSet(id ethtool.StringSetID) *ethtool.Stringsets {
	return &ethtool.Stringsets{Stringset: []ethtool.Stringset{{ID: nl.Some(id)}}}
}

// listed returns the names of the bits that are set in a bitset in the form of a
// list.
func listed(b *ethtool.Bitset) []string {
	var names []string
	for _, bit := range b.Bits.Bit {
		if bit.Value || b.Nomask {
			names = append(names, bit.Name.Value())
		}
	}
	return names
}

// mapped returns the names of the bits that are set in a bitset in the form of
// bit maps.
func mapped(b *ethtool.Bitset, names []string) []string {
	var out []string
	for i := range int(b.Size.Value()) {
		if word := binary.NativeEndian.Uint32(b.Value[i/32*4:]); word&(1<<(i%32)) != 0 {
			out = append(out, names[i])
		}
	}
	return out
}

// shown returns what ethtool --json says about the device that args name.
func shown[T any](t *testing.T, ns *netns.NS, args ...string) T {
	t.Helper()
	var devices []T
	ns.JSON(&devices, "ethtool", append([]string{"--json"}, args...)...)
	if len(devices) != 1 {
		t.Fatalf("ethtool --json %q shows %d devices, want 1", args, len(devices))
	}
	return devices[0]
}

// fields parses the "name: value" lines of a command's output.
func fields(text string) map[string]string {
	out := map[string]string{}
	for line := range strings.Lines(text) {
		if name, value, ok := strings.Cut(line, ":"); ok {
			out[strings.TrimSpace(name)] = strings.TrimSpace(value)
		}
	}
	return out
}

func TestIntegrationStrings(t *testing.T) {
	ns, c, ctx := setup(t)
	var want []string
	for _, m := range regexp.MustCompile(`(?m)^ +(\S+): \d+$`).FindAllStringSubmatch(ns.Run("ethtool", "-S", dev), -1) {
		want = append(want, m[1])
	}
	if len(want) == 0 {
		t.Fatal("ethtool -S shows no statistics")
	}
	got := stringSet(ctx, t, c, device(dev), ethtool.StringSetIDStats)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("names of the driver's statistics (-ethtool +client):\n%s", diff)
	}

	reply, err := c.StrsetGet(ctx, &ethtool.StrsetGetRequest{
		Header: device(dev), CountsOnly: true, Stringsets: oneSet(ethtool.StringSetIDStats),
	})
	if err != nil {
		t.Fatal(err)
	}
	if set := reply.Stringsets.Stringset[0]; set.Count.Value() != uint32(len(want)) || set.Strings != nil {
		t.Errorf("counts only: count %v, strings %v; want %d and none", set.Count, set.Strings, len(want))
	}
}

func TestIntegrationFeatures(t *testing.T) {
	ns, c, ctx := setup(t)
	const feature = "tx-tcp-ecn-segmentation"

	before := checkFeatures(ctx, t, ns, c)
	if !slices.Contains(before, feature) {
		t.Fatalf("%s is not active, only %q", feature, before)
	}
	req := &ethtool.FeaturesSetRequest{
		Header: device(dev),
		Wanted: &ethtool.Bitset{Bits: &ethtool.BitsetBits{Bit: []ethtool.BitsetBit{{Name: nl.Some(feature)}}}},
	}
	reply, err := c.FeaturesSet(ctx, req)
	if err != nil {
		t.Fatal(err)
	}
	if bits := reply.Active.Bits.Bit; len(bits) != 1 || bits[0].Name.Value() != feature || bits[0].Value {
		t.Errorf("changes = %+v, want that %s went off", bits, feature)
	}
	want := slices.DeleteFunc(slices.Clone(before), func(s string) bool { return s == feature })
	if diff := cmp.Diff(want, checkFeatures(ctx, t, ns, c)); diff != "" {
		t.Errorf("active features (-want +got):\n%s", diff)
	}

	req.Header.Flags = nl.Some(ethtool.HeaderFlagsOmitReply)
	req.Wanted.Bits.Bit[0].Value = true
	if reply, err := c.FeaturesSet(ctx, req); reply != nil || err != nil {
		t.Errorf("omit-reply: reply %+v, error %v; want neither", reply, err)
	}
	if diff := cmp.Diff(before, checkFeatures(ctx, t, ns, c)); diff != "" {
		t.Errorf("active features (-want +got):\n%s", diff)
	}
}

// checkFeatures compares the features of dev with what ethtool shows, in both
// forms of a bitset, and returns the active ones.
func checkFeatures(ctx context.Context, t *testing.T, ns *netns.NS, c *ethtool.Client) []string {
	t.Helper()
	reply, err := c.FeaturesGet(ctx, &ethtool.FeaturesGetRequest{Header: device(dev)})
	if err != nil {
		t.Fatal(err)
	}
	active, changeable, never := listed(reply.Active), listed(reply.HW), listed(reply.NoChange)

	h := device(dev)
	h.Flags = nl.Some(ethtool.HeaderFlagsCompactBitsets)
	compact, err := c.FeaturesGet(ctx, &ethtool.FeaturesGetRequest{Header: h})
	if err != nil {
		t.Fatal(err)
	}
	names := stringSet(ctx, t, c, &ethtool.Header{}, ethtool.StringSetIDFeatures)
	if diff := cmp.Diff(active, mapped(compact.Active, names)); diff != "" {
		t.Errorf("active features (-list +map):\n%s", diff)
	}

	// What ethtool shows by other names are groups of features.
	features := shown[map[string]json.RawMessage](t, ns, "-k", dev)
	compared := 0
	for _, name := range names {
		raw, ok := features[name]
		if !ok {
			continue
		}
		var want struct{ Active, Fixed bool }
		if err := json.Unmarshal(raw, &want); err != nil {
			t.Fatal(err)
		}
		if got := slices.Contains(active, name); got != want.Active {
			t.Errorf("%s: active = %v, ethtool shows %v", name, got, want.Active)
		}
		if got := !slices.Contains(changeable, name) || slices.Contains(never, name); got != want.Fixed {
			t.Errorf("%s: fixed = %v, ethtool shows %v", name, got, want.Fixed)
		}
		compared++
	}
	if compared < 20 {
		t.Errorf("only %d features have the same name in ethtool", compared)
	}
	return active
}

func TestIntegrationChannels(t *testing.T) {
	ns, c, ctx := setup(t)
	checkChannels(ctx, t, ns, c, 4, 4)
	err := c.ChannelsSet(ctx, &ethtool.ChannelsSetRequest{Header: device(dev), RxCount: nl.U32(3), TxCount: nl.U32(2)})
	if err != nil {
		t.Fatal(err)
	}
	checkChannels(ctx, t, ns, c, 3, 2)

	err = c.ChannelsSet(ctx, &ethtool.ChannelsSetRequest{Header: device(dev), RxCount: nl.U32(9)})
	var e *nl.Error
	if !errors.As(err, &e) || !errors.Is(err, unix.EINVAL) {
		t.Fatalf("9 of 4 channels: error = %v, want EINVAL", err)
	}
	if e.Op != "channels-set" || e.Attr != "rx-count" || e.Message == "" {
		t.Errorf("error of %s at %q with the text %q, want channels-set at rx-count with a text", e.Op, e.Attr, e.Message)
	}
}

// checkChannels compares the channels of dev with the numbers wanted and with
// what ethtool shows.
func checkChannels(ctx context.Context, t *testing.T, ns *netns.NS, c *ethtool.Client, rx, tx uint32) {
	t.Helper()
	got, err := c.ChannelsGet(ctx, &ethtool.ChannelsGetRequest{Header: device(dev)})
	if err != nil {
		t.Fatal(err)
	}
	if got.RxCount.Value() != rx || got.TxCount.Value() != tx {
		t.Errorf("channels = %v rx, %v tx; want %d, %d", got.RxCount, got.TxCount, rx, tx)
	}
	limits, current, _ := strings.Cut(ns.Run("ethtool", "-l", dev), "Current hardware settings:")
	want := []string{fields(limits)["RX"], fields(limits)["TX"], fields(current)["RX"], fields(current)["TX"]}
	have := []string{got.RxMax.String(), got.TxMax.String(), got.RxCount.String(), got.TxCount.String()}
	if diff := cmp.Diff(want, have); diff != "" {
		t.Errorf("channels (-ethtool +client):\n%s", diff)
	}
}

func TestIntegrationLink(t *testing.T) {
	ns, c, ctx := setup(t)
	info, err := c.LinkinfoGet(ctx, &ethtool.LinkinfoGetRequest{Header: device(dev)})
	if err != nil {
		t.Fatal(err)
	}
	modes, err := c.LinkmodesGet(ctx, &ethtool.LinkmodesGetRequest{Header: device(dev)})
	if err != nil {
		t.Fatal(err)
	}
	state, err := c.LinkstateGet(ctx, &ethtool.LinkstateGetRequest{Header: device(dev)})
	if err != nil {
		t.Fatal(err)
	}
	want := fields(ns.Run("ethtool", dev))
	for name, got := range map[string]string{
		"Port":             map[ethtool.Port]string{ethtool.PortTP: "Twisted Pair"}[info.Port.Value()],
		"PHYAD":            info.PHYAddr.String(),
		"Transceiver":      info.Transceiver.String(),
		"MDI-X":            map[ethtool.TpMDIX]string{ethtool.TpMDIXInvalid: "Unknown"}[info.TpMDIX.Value()],
		"Speed":            fmt.Sprintf("%vMb/s", modes.Speed),
		"Duplex":           map[ethtool.Duplex]string{ethtool.DuplexFull: "Full"}[modes.Duplex.Value()],
		"Auto-negotiation": map[ethtool.Autoneg]string{ethtool.AutonegDisable: "off"}[modes.Autoneg.Value()],
		"Link detected":    map[uint8]string{0: "no", 1: "yes"}[state.Link.Value()],
	} {
		if got == "" || got != want[name] {
			t.Errorf("%s = %q, ethtool shows %q", name, got, want[name])
		}
	}
}

func TestIntegrationDump(t *testing.T) {
	_, c, ctx := setup(t)
	var names []string
	for reply, err := range c.LinkinfoGetDump(ctx, nil) {
		if err != nil {
			t.Fatal(err)
		}
		if _, err := c.ChannelsGet(ctx, &ethtool.ChannelsGetRequest{Header: reply.Header}); err != nil {
			t.Errorf("call in the middle of a dump: %v", err)
		}
		names = append(names, reply.Header.DevName.Value())
	}
	slices.Sort(names)
	if want := []string{dev, peer}; !slices.Equal(names, want) {
		t.Errorf("dump lists %q, want %q", names, want)
	}
}

func TestIntegrationStats(t *testing.T) {
	ns, c, ctx := setup(t)
	groups := []ethtool.StatsGroup{ethtool.StatsGroupEthMAC, ethtool.StatsGroupRMON}
	req := &ethtool.StatsGetRequest{Header: device(dev), Groups: &ethtool.Bitset{Nomask: true, Bits: &ethtool.BitsetBits{}}}
	args := []string{"-S", dev, "--groups"}
	for _, g := range groups {
		req.Groups.Bits.Bit = append(req.Groups.Bits.Bit, ethtool.BitsetBit{Index: nl.U32(uint32(g))})
		args = append(args, g.String())
	}
	reply, err := c.StatsGet(ctx, req)
	if err != nil {
		t.Fatal(err)
	}
	if len(reply.Grp) != len(groups) {
		t.Fatalf("got %d groups, want %v", len(reply.Grp), groups)
	}
	want := shown[map[string]any](t, ns, args...)
	for i, g := range reply.Grp {
		if g.ID.Value() != groups[i] {
			t.Errorf("group %d is %v, want %v", i, g.ID, groups[i])
		}
		values, ok := want[g.ID.String()].(map[string]any)
		if !ok || len(values) != len(g.Stat) {
			t.Errorf("%v has %d statistics, ethtool shows %v", g.ID, len(g.Stat), want[g.ID.String()])
		}
		names := stringSet(ctx, t, c, &ethtool.Header{}, g.StringSetID.Value())
		if len(names) == 0 {
			t.Errorf("string set %v of group %v is empty", g.StringSetID, g.ID)
		}
		for _, s := range g.Stat {
			if int(s.ID) >= len(names) {
				t.Errorf("%v: statistic %d has no name among %q", g.ID, s.ID, names)
			}
		}
	}
}

func TestIntegrationEvents(t *testing.T) {
	_, c, ctx := setup(t)
	sub, err := c.Subscribe(ethtool.GroupMonitor)
	if err != nil {
		t.Fatal(err)
	}
	defer sub.Close()
	if err := c.ChannelsSet(ctx, &ethtool.ChannelsSetRequest{Header: device(dev), RxCount: nl.U32(2)}); err != nil {
		t.Fatal(err)
	}
	ntf := familytest.Event(t, sub, func(*ethtool.ChannelsNtf) bool { return true })
	if name := ntf.Header.DevName.Value(); name != dev || ntf.RxCount.Value() != 2 {
		t.Errorf("notification about %s with %v rx channels, want %s with 2", name, ntf.RxCount, dev)
	}
}

func TestIntegrationErrors(t *testing.T) {
	_, c, ctx := setup(t)
	if _, err := c.RingsGet(ctx, &ethtool.RingsGetRequest{Header: device(dev)}); !errors.Is(err, unix.EOPNOTSUPP) {
		t.Errorf("rings of a device without any: error = %v, want EOPNOTSUPP", err)
	}

	_, err := c.LinkinfoGet(ctx, &ethtool.LinkinfoGetRequest{Header: device("absent")})
	var e *nl.Error
	if !errors.As(err, &e) || !errors.Is(err, os.ErrNotExist) {
		t.Fatalf("no such device: error = %v, want one that matches os.ErrNotExist", err)
	}
	if e.Attr != "header.dev-name" {
		t.Errorf("error at %q, want header.dev-name", e.Attr)
	}

	_, err = c.LinkinfoGet(ctx, &ethtool.LinkinfoGetRequest{Header: device(strings.Repeat("x", 128))})
	if err == nil || !strings.Contains(err.Error(), "header.dev-name") {
		t.Errorf("name of 128 bytes: error = %v, want one at header.dev-name", err)
	}
}
