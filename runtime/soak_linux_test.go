package runtime_test

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/nlgen/nlgen/families/rtlink"
	"github.com/nlgen/nlgen/families/rtroute"
	nl "github.com/nlgen/nlgen/runtime"
)

var soak = flag.Duration("soak", 2*time.Second, "the length of TestKernelSoak")

// TestKernelInterruptedAll lists links while links come and go. Of two of them at least
// one is always there, and most stay: a list that was put together from before
// and after a change would show neither, or lack one that stays.
func TestKernelInterruptedAll(t *testing.T) {
	dumps := 200
	if *long {
		dumps = 10_000
	}
	s, ns := newStorm(t)
	for i := range 40 {
		ns.Run("ip", "link", "add", fmt.Sprint("stay", i), "type", "ifb")
	}
	var interrupted atomic.Int64
	c := stormClient(t, ns, rtlink.Dial, nl.WithDumpRetries(1000))
	flip := func(name string, there bool) {
		var err error
		if there {
			info := &rtlink.Linkinfo{Kind: nl.Some("ifb")}
			_, err = s.links.NewLink(always, &rtlink.NewLinkRequest{Ifname: nl.Some(name), Linkinfo: info}, nl.Create|nl.Excl)
		} else {
			_, err = s.links.DelLink(always, &rtlink.DelLinkRequest{Ifname: nl.Some(name)})
		}
		if err != nil {
			t.Error(err)
		}
	}
	flip("flip0", true)
	stop := make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() {
		for {
			for _, change := range []struct {
				name  string
				there bool
			}{{"flip1", true}, {"flip0", false}, {"flip0", true}, {"flip1", false}} {
				select {
				case <-stop:
					return
				default:
					flip(change.name, change.there)
				}
			}
		}
	})
	want := 1 + 2*stormPorts + 40
	for range dumps {
		list, err := c.GetLinkAll(always, nil)
		if err != nil {
			t.Fatal(err)
		}
		checkLinks(t, list, want)
		for _, err := range c.GetLinkDump(always, nil, nl.Reuse()) {
			if errors.Is(err, nl.ErrDumpInterrupted) {
				interrupted.Add(1)
			}
		}
	}
	close(stop)
	wg.Wait()
	if *long && interrupted.Load() == 0 {
		t.Error("no dump was interrupted")
	}
	t.Logf("%d lists; of as many single dumps %d were interrupted", dumps, interrupted.Load())
}

// checkLinks checks a list of links: those that stay, and of two at least one.
func checkLinks(t *testing.T, list []*rtlink.GetLinkReply, stay int) {
	t.Helper()
	flips := 0
	seen := map[int32]bool{}
	for _, l := range list {
		if seen[l.Header.Index] {
			t.Fatalf("link %d twice", l.Header.Index)
		}
		seen[l.Header.Index] = true
		if name := l.Ifname.Value(); name == "flip0" || name == "flip1" {
			flips++
		}
	}
	if flips < 1 || len(list)-flips != stay {
		t.Fatalf("%d links, %d of the two that change; want %d and at least one", len(list), flips, stay)
	}
}

// A reading is what a process holds.
type reading struct{ heap, files, goroutines, resident int }

func read(t *testing.T) reading {
	t.Helper()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	fds, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	statm, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		t.Fatal(err)
	}
	var size, pages int
	if _, err := fmt.Sscan(string(statm), &size, &pages); err != nil {
		t.Fatal(err)
	}
	return reading{int(m.HeapAlloc), len(fds), runtime.NumGoroutine(), pages * os.Getpagesize()}
}

// TestKernelSoak mixes calls, lists, watches, events and cancellations, and checks that
// the process holds in the end what it held when all had been used once.
func TestKernelSoak(t *testing.T) {
	s, ns := newStorm(t)
	links := stormClient(t, ns, rtlink.Dial, nl.WithReceiveBuffer(256<<10))
	routes := stormClient(t, ns, rtroute.Dial, nl.WithReceiveBuffer(256<<10))
	work := func(d time.Duration, seed uint64) (calls int64) {
		limited, cancel := context.WithTimeout(always, d)
		defer cancel()
		var n atomic.Int64
		var wg sync.WaitGroup
		for w := range 8 {
			rnd := rand.New(rand.NewPCG(seed, uint64(w)))
			wg.Go(func() {
				for limited.Err() == nil {
					soakCall(t, s, links, routes, rnd)
					n.Add(1)
				}
			})
		}
		wg.Wait()
		return n.Load()
	}
	work(min(*soak/4, 30*time.Second), 1)
	before := settled(t, reading{})
	calls := work(*soak, 2)
	after := settled(t, before)
	t.Logf("%d calls in %v; before %+v, after %+v", calls, *soak, before, after)
	if after.files > before.files+8 || after.goroutines > before.goroutines || after.heap > before.heap*5/4+1<<20 {
		t.Errorf("before %+v, after %+v", before, after)
	}
}

// settled reads until goroutines that are about to end have ended.
func settled(t *testing.T, want reading) (r reading) {
	t.Helper()
	for range 50 {
		if r = read(t); r.goroutines <= want.goroutines {
			break
		}
		time.Sleep(20 * time.Millisecond)
	}
	return r
}

// soakCall does one of many things; some are given up at a random time.
func soakCall(t *testing.T, s *storm, links *rtlink.Client, routes *rtroute.Client, rnd *rand.Rand) {
	short, cancel := context.WithTimeout(always, time.Duration(rnd.IntN(3000))*time.Microsecond)
	defer cancel()
	var err error
	switch rnd.IntN(12) {
	case 0, 1, 2:
		s.route(rnd, rnd.IntN(2) == 0)
	case 3:
		s.link(rnd)
	case 4:
		_, err = links.GetLink(short, &rtlink.GetLinkRequest{Header: rtlink.Ifinfomsg{Index: 1}})
	case 5:
		_, err = links.GetLink(always, &rtlink.GetLinkRequest{Ifname: nl.Some("no-such")})
	case 6:
		_, err = links.GetLinkAll(short, nil)
	case 7:
		_, err = routes.GetRouteAll(short, nil)
	case 8:
		for range routes.GetRouteDump(always, nil, nl.Reuse()) {
			if rnd.IntN(100) == 0 {
				break
			}
		}
	case 9:
		for _, err = range links.WatchLink(short, nil) {
			continue
		}
	case 10:
		for _, err = range routes.WatchRoute(short, nil) {
			continue
		}
	case 11:
		err = soakEvents(short, links)
	}
	expected := []error{nil, context.DeadlineExceeded, unix.ENODEV, nl.ErrDumpInterrupted}
	if !slices.ContainsFunc(expected, func(want error) bool { return errors.Is(err, want) }) {
		t.Error(err)
	}
}

func soakEvents(ctx context.Context, links *rtlink.Client) error {
	sub, err := links.Subscribe(rtlink.GroupLink)
	if err != nil {
		return err
	}
	defer sub.Close()
	for _, err := range sub.Stream(ctx) {
		if err != nil && !errors.Is(err, nl.ErrOverrun) {
			return err
		}
	}
	return nil
}
