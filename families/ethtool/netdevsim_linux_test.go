package ethtool_test

import (
	"context"
	"errors"
	"regexp"
	"strconv"
	"testing"
	"time"

	"github.com/nlgen/nlgen/families/ethtool"
	"github.com/nlgen/nlgen/internal/familytest"
	"github.com/nlgen/nlgen/internal/netns"
	nl "github.com/nlgen/nlgen/runtime"
)

// simulate makes a device eth0 of netdevsim, which has settings that veth lacks.
func simulate(t *testing.T) (*netns.NS, *ethtool.Client, context.Context) {
	t.Helper()
	ns := netns.New(t)
	familytest.Simulate(t, ns, 1)
	c, err := ethtool.Dial(nl.WithNetNS(ns.Fd()))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return ns, c, familytest.Context(t)
}

// setting returns the last number that ethtool prints after a name: that of the
// current settings, if those of the hardware come first.
func setting(t *testing.T, text, name string) uint32 {
	t.Helper()
	all := regexp.MustCompile(`(?m)^`+name+`:\s+(\d+)$`).FindAllStringSubmatch(text, -1)
	if all == nil {
		t.Fatalf("ethtool shows no %q:\n%s", name, text)
	}
	n, err := strconv.ParseUint(all[len(all)-1][1], 10, 32)
	if err != nil {
		t.Fatal(err)
	}
	return uint32(n)
}

func TestIntegrationRings(t *testing.T) {
	ns, c, ctx := simulate(t)
	before, err := c.RingsGet(ctx, &ethtool.RingsGetRequest{Header: device("eth0")})
	if err != nil {
		t.Fatal(err)
	}
	rx, tx := before.RxMax.Value()/2, before.TxMax.Value()/4
	if rx == 0 || tx == 0 {
		t.Fatalf("rings %+v", before)
	}
	if err := c.RingsSet(ctx, &ethtool.RingsSetRequest{Header: device("eth0"), Rx: nl.U32(rx), Tx: nl.U32(tx)}); err != nil {
		t.Fatal(err)
	}
	after, err := c.RingsGet(ctx, &ethtool.RingsGetRequest{Header: device("eth0")})
	if err != nil {
		t.Fatal(err)
	}
	text := ns.Run("ethtool", "-g", "eth0")
	if setting(t, text, "RX") != rx || setting(t, text, "TX") != tx || after.Rx.Value() != rx || after.Tx.Value() != tx {
		t.Errorf("rings %+v, want %d and %d; ethtool shows\n%s", after, rx, tx, text)
	}
	err = c.RingsSet(ctx, &ethtool.RingsSetRequest{Header: device("eth0"), Rx: nl.U32(before.RxMax.Value() + 1)})
	var e *nl.Error
	if !errors.As(err, &e) || e.Attr != "rx" {
		t.Errorf("more than the hardware has: %v", err)
	}
}

func TestIntegrationCoalesce(t *testing.T) {
	ns, c, ctx := simulate(t)
	err := c.CoalesceSet(ctx, &ethtool.CoalesceSetRequest{
		Header:      device("eth0"),
		RxUsecs:     nl.Some(12 * time.Microsecond),
		TxMaxFrames: nl.U32(34),
	})
	if err != nil {
		t.Fatal(err)
	}
	got, err := c.CoalesceGet(ctx, &ethtool.CoalesceGetRequest{Header: device("eth0")})
	if err != nil {
		t.Fatal(err)
	}
	text := ns.Run("ethtool", "-c", "eth0")
	if got.RxUsecs.Value() != 12*time.Microsecond || got.TxMaxFrames.Value() != 34 || setting(t, text, "rx-usecs") != 12 || setting(t, text, "tx-frames") != 34 {
		t.Errorf("%+v; ethtool shows\n%s", got, text)
	}
}

func TestIntegrationPause(t *testing.T) {
	ns, c, ctx := simulate(t)
	if err := c.PauseSet(ctx, &ethtool.PauseSetRequest{Header: device("eth0"), Rx: nl.U8(1), Tx: nl.U8(0)}); err != nil {
		t.Fatal(err)
	}
	got, err := c.PauseGet(ctx, &ethtool.PauseGetRequest{Header: &ethtool.Header{
		DevName: nl.Some("eth0"),
		Flags:   nl.Some(ethtool.HeaderFlagsStats),
	}})
	if err != nil {
		t.Fatal(err)
	}
	// ethtool 6.1 has true for everything in its JSON.
	want := fields(ns.Run("ethtool", "-a", "eth0"))
	if want["RX"] != "on" || want["TX"] != "off" || got.Rx.Value() != 1 || got.Tx.Value() != 0 {
		t.Errorf("%+v, ethtool shows %+v", got, want)
	}
	if got.Stats == nil || !got.Stats.RxFrames.Present() {
		t.Errorf("statistics %+v", got.Stats)
	}
}

func TestIntegrationFEC(t *testing.T) {
	ns, c, ctx := simulate(t)
	modes := &ethtool.Bitset{Nomask: true, Bits: &ethtool.BitsetBits{Bit: []ethtool.BitsetBit{{Name: nl.Some("RS")}}}}
	if err := c.FECSet(ctx, &ethtool.FECSetRequest{Header: device("eth0"), Modes: modes, Auto: nl.U8(0)}); err != nil {
		t.Fatal(err)
	}
	got, err := c.FECGet(ctx, &ethtool.FECGetRequest{Header: device("eth0")})
	if err != nil {
		t.Fatal(err)
	}
	type fec struct{ Config, Active []string }
	want := shown[fec](t, ns, "--show-fec", "eth0")
	familytest.Equal(t, "modes", listed(got.Modes), want.Config)
	if got.Auto.Value() != 0 || !got.Active.Present() {
		t.Errorf("%+v, ethtool shows %+v", got, want)
	}
}
