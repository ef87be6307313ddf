package runtime_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"os"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/nlgen/nlgen/families/rtlink"
	"github.com/nlgen/nlgen/families/rtroute"
	"github.com/nlgen/nlgen/internal/netns"
	nl "github.com/nlgen/nlgen/runtime"
)

var ctx = context.Background()

// dialRoutes returns a client for a new namespace in which a device can have
// routes by 10.0.0.1.
func dialRoutes(t testing.TB) (c *rtroute.Client, ns *netns.NS, device uint32) {
	t.Helper()
	ns = netns.New(t)
	ns.Run("ip", "link", "add", "d0", "type", "veth", "peer", "name", "d1")
	ns.Run("ip", "addr", "add", "10.0.0.2/24", "dev", "d0")
	ns.Run("ip", "link", "set", "d0", "up")
	ns.Run("ip", "link", "set", "d1", "up")
	c, err := rtroute.Dial(nl.WithNetNS(ns.Fd()))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	links, err := rtlink.Dial(nl.WithNetNS(ns.Fd()))
	if err != nil {
		t.Fatal(err)
	}
	defer links.Close()
	l, err := links.GetLink(ctx, &rtlink.GetLinkRequest{Ifname: nl.Some("d0")})
	if err != nil {
		t.Fatal(err)
	}
	return c, ns, uint32(l.Header.Index)
}

func routeTo(i int, device uint32) *rtroute.NewRouteRequest {
	return &rtroute.NewRouteRequest{
		Header:  rtroute.RtMsg{Family: unix.AF_INET, DstLen: 32, Table: unix.RT_TABLE_MAIN, Protocol: unix.RTPROT_STATIC, Type: unix.RTN_UNICAST},
		Dst:     nl.Some(netip.AddrFrom4([4]byte{20, byte(i >> 16), byte(i >> 8), byte(i)})),
		Oif:     nl.U32(device),
		Gateway: nl.Some(netip.MustParseAddr("10.0.0.1")),
	}
}

func countRoutes(t *testing.T, c *rtroute.Client) int {
	t.Helper()
	n := 0
	for r, err := range c.GetRouteDump(ctx, &rtroute.GetRouteDumpRequest{Header: rtroute.RtMsg{Family: unix.AF_INET}}, nl.Reuse()) {
		if err != nil {
			t.Fatal(err)
		}
		if r.Dst.Value().Is4() && r.Dst.Value().As4()[0] == 20 {
			n++
		}
	}
	return n
}

func TestKernelBatch(t *testing.T) {
	const routes, every = 100_000, 1000
	c, _, device := dialRoutes(t)
	b := c.Batch(ctx, nl.KeepFailures(routes))
	for i := 0; i < routes; i += every {
		b.NewRoute(routeTo(i, device), nil, nl.Create|nl.Excl)
	}
	if err := b.Wait(); err != nil {
		t.Fatal(err)
	}
	for i := range routes {
		b.NewRoute(routeTo(i, device), nil, nl.Create|nl.Excl)
	}
	var be *nl.BatchError
	if err := b.Wait(); !errors.As(err, &be) || be.Failed != routes/every || be.Err != nil {
		t.Fatalf("%v", err)
	}
	for i, f := range be.Failures {
		if f.Index != i*every || !errors.Is(f.Err, os.ErrExist) {
			t.Fatalf("failure %d is of request %d: %v", i, f.Index, f.Err)
		}
	}
	if n := countRoutes(t, c); n != routes {
		t.Errorf("%d routes, want %d", n, routes)
	}
	// All fail: none of the errors is lost.
	for i := range routes / 10 {
		b.NewRoute(routeTo(i, device), nil, nl.Create|nl.Excl)
	}
	if err := b.Wait(); !errors.As(err, &be) || be.Failed != routes/10 || be.Err != nil {
		t.Fatalf("%v", err)
	}
}

// Requests of all kinds in one batch, with more replies than one receive buffer
// holds.
func TestKernelBatchMixed(t *testing.T) {
	ns := netns.New(t)
	c, err := rtlink.Dial(nl.WithNetNS(ns.Fd()))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	const links = 300
	b := c.Batch(ctx)
	replies := make([]rtlink.GetLinkReply, links)
	var missing error
	for i := range links {
		name := nl.Some(fmt.Sprint("b", i))
		b.NewLink(&rtlink.NewLinkRequest{
			Ifname:   name,
			Linkinfo: &rtlink.Linkinfo{Kind: nl.Some("veth")},
		}, nil, nl.Create|nl.Excl)
		b.GetLink(&rtlink.GetLinkRequest{Ifname: name}, &replies[i])
		if i == 50 {
			b.GetLink(&rtlink.GetLinkRequest{Ifname: nl.Some("nope")}, nil, nl.ErrorTo(&missing))
		}
	}
	var be *nl.BatchError
	if err := b.Wait(); !errors.As(err, &be) || be.Failed != 1 || be.Failures[0].Index != 102 || !errors.Is(missing, os.ErrNotExist) {
		t.Fatalf("%v, %v", err, missing)
	}
	for i := range replies {
		if want := fmt.Sprint("b", i); replies[i].Ifname.Value() != want || replies[i].Linkinfo.Kind.Value() != "veth" {
			t.Errorf("reply %d is %v, want %s", i, replies[i].Ifname, want)
		}
	}
	all, err := c.GetLinkAppend(ctx, nil, nil)
	if err != nil || len(all) != 2*links+1 {
		t.Errorf("%d links, %v", len(all), err)
	}
}

// TestKernelReusedDump compares a dump of reused messages with one of messages to keep.
func TestKernelReusedDump(t *testing.T) {
	ns := netns.New(t)
	for i := range 5 {
		ns.Run("ip", "link", "add", fmt.Sprint("v", i), "type", "veth", "peer", "name", fmt.Sprint("p", i))
		ns.Run("ip", "link", "add", fmt.Sprint("br", i), "type", "bridge")
	}
	c, err := rtlink.Dial(nl.WithNetNS(ns.Fd()))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	kept, err := c.GetLinkAll(ctx, nil)
	if err != nil {
		t.Fatal(err)
	}
	i := 0
	for l, err := range c.GetLinkDump(ctx, nil, nl.Reuse()) {
		if err != nil {
			t.Fatal(err)
		}
		got, want := marshal(t, l), marshal(t, kept[i])
		if string(got) != string(want) {
			t.Errorf("link %d:\n%x\n%x", i, got, want)
		}
		i++
	}
	if i != len(kept) {
		t.Errorf("%d links, want %d", i, len(kept))
	}
	// What was kept is still what it was.
	for i, l := range kept {
		again, err := c.GetLink(ctx, &rtlink.GetLinkRequest{Header: rtlink.Ifinfomsg{Index: l.Header.Index}})
		if err != nil || again.Ifname != l.Ifname || string(again.Address) != string(l.Address) {
			t.Errorf("link %d: %v, %v; want %v", i, again, err, l)
		}
	}
}

func TestKernelReusedDumpAllocs(t *testing.T) {
	const pairs = 100
	ns := netns.New(t)
	for i := range pairs {
		ns.Run("ip", "link", "add", fmt.Sprint("v", i), "type", "veth", "peer", "name", fmt.Sprint("p", i))
	}
	c, err := rtlink.Dial(nl.WithNetNS(ns.Fd()))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	dump := func(opts ...nl.CallOption) (n int) {
		for _, err := range c.GetLinkDump(ctx, nil, opts...) {
			if err != nil {
				t.Fatal(err)
			}
			n++
		}
		return n
	}
	if n := dump(nl.Reuse()); n != 2*pairs+1 {
		t.Fatalf("%d links", n)
	}
	// The stream, the request and the message: what a dump takes, however long.
	if allocs := testing.AllocsPerRun(10, func() { dump(nl.Reuse()) }); allocs > 10 {
		t.Errorf("%v allocations for a dump of %d links", allocs, 2*pairs+1)
	}
	if allocs := testing.AllocsPerRun(10, func() { dump() }); allocs > 3*2*pairs {
		t.Errorf("%v allocations for a dump of %d links that are kept", allocs, 2*pairs+1)
	}
	req := &rtlink.GetLinkRequest{Header: rtlink.Ifinfomsg{Index: 2}}
	allocs := testing.AllocsPerRun(200, func() {
		if _, err := c.GetLink(ctx, req); err != nil {
			t.Fatal(err)
		}
	})
	if allocs > 2 {
		t.Errorf("%v allocations for a call", allocs)
	}
}

func BenchmarkKernelBatch(b *testing.B) {
	c, _, device := dialRoutes(b)
	batch := c.Batch(ctx)
	req := routeTo(0, device)
	i := 0
	b.ReportAllocs()
	for b.Loop() {
		req.Dst = nl.Some(netip.AddrFrom4([4]byte{20, byte(i >> 16), byte(i >> 8), byte(i)}))
		i++
		batch.NewRoute(req, nil, nl.Create|nl.Replace)
	}
	if err := batch.Wait(); err != nil {
		b.Fatal(err)
	}
}

// TestKernelBatchCancelled ends batches at random times: of each request the batch
// knows whether it was done, and the kernel agrees.
func TestKernelBatchCancelled(t *testing.T) {
	const routes, rounds = 20_000, 10
	c, ns, device := dialRoutes(t)
	rnd := rand.New(rand.NewPCG(1, 2))
	cut := 0
	for range rounds {
		ns.Run("ip", "route", "flush", "root", "20.0.0.0/8")
		ctx, cancel := context.WithCancel(ctx)
		stop := time.AfterFunc(time.Duration(rnd.IntN(60))*time.Millisecond, cancel)
		outcomes := make([]error, routes)
		b := c.Batch(ctx)
		for i := range routes {
			b.NewRoute(routeTo(i, device), nil, nl.Create|nl.Excl, nl.ErrorTo(&outcomes[i]))
		}
		err := b.Wait()
		stop.Stop()
		cancel()
		done := 0
		for _, outcome := range outcomes {
			if outcome == nil {
				done++
			}
		}
		var report *nl.BatchError
		if errors.As(err, &report) {
			cut++
			if !errors.Is(err, context.Canceled) || report.Failed > 0 || done != routes-report.Unknown.Len()-report.NotSent.Len() {
				t.Fatalf("%d of %d done, but: %v", done, routes, err)
			}
		} else if err != nil || done != routes {
			t.Fatalf("%d of %d done: %v", done, routes, err)
		}
		unknown := 0
		if report != nil {
			unknown = report.Unknown.Len()
		}
		if n := countRoutes(t, c); n < done || n > done+unknown {
			t.Fatalf("the kernel has %d routes; %d are said to be done, %d may be", n, done, unknown)
		}
	}
	if cut == 0 {
		t.Error("no batch was cancelled: the test shows nothing")
	}
}
