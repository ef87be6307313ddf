package runtime_test

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"iter"
	"math/rand/v2"
	"net/netip"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/nlgen/nlgen/families/rtlink"
	"github.com/nlgen/nlgen/families/rtroute"
	"github.com/nlgen/nlgen/internal/netns"
	nl "github.com/nlgen/nlgen/runtime"
)

var always = context.Background()

var (
	long     = flag.Bool("long", false, "run the tests of faults for as long as they are worth")
	stormLen = flag.Int("storm", 0, "the number of changes in TestKernelWatchStorm")
)

// A storm makes random changes in a namespace.
type storm struct {
	t      *testing.T
	links  *rtlink.Client
	routes *rtroute.Client
	ports  []uint32 // devices that stay and have routes
}

const stormPorts = 4

func newStorm(t *testing.T) (*storm, *netns.NS) {
	ns := netns.New(t)
	s := &storm{t: t}
	s.links = stormClient(t, ns, rtlink.Dial)
	s.routes = stormClient(t, ns, rtroute.Dial)
	ns.Run("sysctl", "-qw", "net.ipv6.conf.all.accept_dad=0", "net.ipv6.conf.default.accept_dad=0")
	for i := range stormPorts {
		name := fmt.Sprint("port", i)
		ns.Run("ip", "link", "add", name, "type", "veth", "peer", "name", fmt.Sprint("peer", i))
		ns.Run("ip", "link", "set", fmt.Sprint("peer", i), "up")
		ns.Run("ip", "link", "set", name, "up")
		ns.Run("ip", "addr", "add", fmt.Sprintf("10.0.%d.1/24", i), "dev", name)
		ns.Run("ip", "addr", "add", fmt.Sprintf("fd00:%d::1/64", i), "dev", name, "nodad")
		l, err := s.links.GetLink(always, &rtlink.GetLinkRequest{Ifname: nl.Some(name)})
		if err != nil {
			t.Fatal(err)
		}
		s.ports = append(s.ports, uint32(l.Header.Index))
	}
	return s, ns
}

func stormClient[C interface{ Close() error }](t *testing.T, ns *netns.NS, dial func(...nl.Option) (C, error), opts ...nl.Option) C {
	t.Helper()
	c, err := dial(append([]nl.Option{nl.WithNetNS(ns.Fd())}, opts...)...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

// route adds, replaces, appends or removes one of a few thousand routes. The
// kernel refuses what makes no sense at the time.
func (s *storm) route(rnd *rand.Rand, v6 bool) {
	port := rnd.IntN(len(s.ports))
	n := rnd.IntN(1500)
	req := &rtroute.NewRouteRequest{
		Header: rtroute.RtMsg{Family: unix.AF_INET, DstLen: 24, Table: unix.RT_TABLE_MAIN, Protocol: unix.RTPROT_STATIC, Type: unix.RTN_UNICAST},
		Dst:    nl.Some(netip.AddrFrom4([4]byte{20, byte(n >> 8), byte(n)})),
		Oif:    nl.U32(s.ports[port]),
	}
	gateway := netip.AddrFrom4([4]byte{10, 0, byte(port), byte(2 + rnd.IntN(3))})
	if v6 {
		req.Header.Family, req.Header.DstLen = unix.AF_INET6, 64
		req.Dst = nl.Some(netip.MustParseAddr(fmt.Sprintf("fd01:%x::", n)))
		gateway = netip.MustParseAddr(fmt.Sprintf("fd00:%d::%d", port, 2+rnd.IntN(3)))
	}
	if rnd.IntN(3) > 0 {
		req.Gateway = nl.Some(gateway)
	}
	if rnd.IntN(4) == 0 {
		req.Priority = nl.U32(uint32(1 + rnd.IntN(3)))
	}
	var err error
	switch k := rnd.IntN(100); {
	case k < 30:
		_, err = s.routes.NewRoute(always, req, nl.Create|nl.Excl)
	case k < 55:
		_, err = s.routes.NewRoute(always, req, nl.Create|nl.Replace)
	case k < 58:
		_, err = s.routes.NewRoute(always, req, nl.Create|nl.Append)
	default:
		err = s.routes.DelRoute(always, &rtroute.DelRouteRequest{Header: rtroute.RtMsg{
			Family: req.Header.Family, DstLen: req.Header.DstLen, Table: req.Header.Table, Scope: unix.RT_SCOPE_NOWHERE,
		}, Dst: req.Dst})
	}
	s.refused(err)
}

// refused fails the test unless err is one of those that random requests have.
func (s *storm) refused(err error) {
	for _, ok := range []error{
		unix.EEXIST, unix.ENOENT, unix.ESRCH, unix.ENODEV, unix.ENETDOWN, unix.ENETUNREACH, unix.EHOSTUNREACH, unix.EINVAL, unix.EBUSY,
	} {
		if errors.Is(err, ok) {
			return
		}
	}
	if err != nil {
		s.t.Error(err)
	}
}

// link makes, changes or removes a link, or takes one with routes down and up.
func (s *storm) link(rnd *rand.Rand) {
	name := nl.Some(fmt.Sprint("ifb", rnd.IntN(200)))
	var err error
	switch k := rnd.IntN(100); {
	case k < 25:
		info := &rtlink.Linkinfo{Kind: nl.Some("ifb")}
		_, err = s.links.NewLink(always, &rtlink.NewLinkRequest{Ifname: name, Linkinfo: info}, nl.Create|nl.Excl)
	case k < 35:
		_, err = s.links.DelLink(always, &rtlink.DelLinkRequest{Ifname: name})
	case k < 97:
		_, err = s.links.NewLink(always, &rtlink.NewLinkRequest{Ifname: name, MTU: nl.U32(uint32(1000 + rnd.IntN(500)))})
	default:
		h := rtlink.Ifinfomsg{Index: int32(s.ports[rnd.IntN(len(s.ports))]), Change: unix.IFF_UP}
		_, err = s.links.NewLink(always, &rtlink.NewLinkRequest{Header: h})
		s.refused(err)
		h.Flags = unix.IFF_UP
		_, err = s.links.NewLink(always, &rtlink.NewLinkRequest{Header: h})
	}
	s.refused(err)
}

// run makes n changes, a hundredth of them of links.
func (s *storm) run(n int, seed uint64) {
	var left atomic.Int64
	left.Store(int64(n))
	var wg sync.WaitGroup
	for w := range 3 {
		rnd := rand.New(rand.NewPCG(seed, uint64(w)))
		wg.Go(func() {
			for left.Add(-1) >= 0 {
				switch {
				case w < 2:
					s.route(rnd, w == 1)
				default:
					s.link(rnd)
				}
			}
		})
	}
	wg.Wait()
}

// A replica is what the changes of a watch give when they are applied one after
// the other.
type replica[T any] struct {
	t     *testing.T
	form  func(*T) string // an object as text, without what changes without events
	exact bool            // the form has all that makes a change

	mu      sync.Mutex
	objects map[string]int
	last    time.Time
	synced  int
	changes int
}

func newReplica[T any](t *testing.T, form func(*T) string) *replica[T] {
	return &replica[T]{t: t, form: form, objects: map[string]int{}, last: time.Now()}
}

// follow applies changes until the stream ends.
func (r *replica[T]) follow(seq iter.Seq2[nl.Change[T], error]) {
	for c, err := range seq {
		if errors.Is(err, context.Canceled) {
			return
		}
		if err != nil {
			r.t.Error(err)
			continue
		}
		r.mu.Lock()
		r.apply(c)
		r.mu.Unlock()
	}
}

func (r *replica[T]) apply(c nl.Change[T]) {
	r.last = time.Now()
	r.changes++
	switch c.Kind {
	case nl.Synced:
		r.synced++
	case nl.Changed:
		if old := r.form(c.Old); r.exact && old == r.form(c.New) {
			r.t.Errorf("changed, but the same: %s", old)
		}
		r.remove(c.Old)
		r.objects[r.form(c.New)]++
	case nl.Added:
		if r.objects[r.form(c.New)]++; r.objects[r.form(c.New)] > 1 {
			r.t.Errorf("added twice: %s", r.form(c.New))
		}
	case nl.Removed:
		r.remove(c.Old)
	}
}

func (r *replica[T]) remove(m *T) {
	k := r.form(m)
	if r.objects[k] == 0 {
		r.t.Errorf("removed or changed, but not there: %s", k)
	}
	if r.objects[k]--; r.objects[k] <= 0 {
		delete(r.objects, k)
	}
}

// settle waits until nothing has changed for d.
func (r *replica[T]) settle(d time.Duration) {
	r.mu.Lock()
	r.last = time.Now()
	r.mu.Unlock()
	for {
		r.mu.Lock()
		quiet := time.Since(r.last)
		ready := r.synced > 0
		r.mu.Unlock()
		if ready && quiet > d {
			return
		}
		time.Sleep(d / 10)
	}
}

// compare compares the replica with a fresh list.
func (r *replica[T]) compare(list []*T, err error) {
	r.t.Helper()
	if err != nil {
		r.t.Fatal(err)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	want := map[string]int{}
	for _, m := range list {
		want[r.form(m)]++
	}
	errs := 0
	report := func(what, k string) {
		if errs++; errs <= 5 {
			r.t.Errorf("%s: %s", what, k)
		}
	}
	for k, n := range want {
		if r.objects[k] != 1 { // a watch has those that are equal as one
			report(fmt.Sprintf("there are %d, the watch has %d", n, r.objects[k]), k)
		}
	}
	for k, n := range r.objects {
		if want[k] == 0 {
			report(fmt.Sprintf("the watch has %d that are not there", n), k)
		}
	}
	if errs > 0 {
		r.t.Errorf("%d differences in %d objects", errs, len(want))
	}
}

func routeForm(m *rtroute.GetRouteReply) string {
	c := *m
	c.Cacheinfo = nl.Opt[rtroute.Cacheinfo]{}
	return form(&c)
}

func linkForm(m *rtlink.GetLinkReply) string {
	c := *m
	c.Header.Change = 0
	c.Stats, c.Stats64, c.Event, c.AFSpec = nl.Opt[rtlink.LinkStats]{}, nl.Opt[rtlink.LinkStats64]{}, nl.Opt[rtlink.LinkEvent]{}, nil
	return form(&c)
}

func form(m nl.Message) string {
	b, err := nl.Marshal(m)
	if err != nil {
		panic(err)
	}
	return string(fmt.Appendf(nil, "%x", b))
}

// TestKernelWatchStorm watches routes and links through a receive buffer that a storm of
// changes overruns, with dumps that the changes interrupt.
func TestKernelWatchStorm(t *testing.T) {
	changes, runs := 10_000, 1
	if *long {
		changes, runs = 200_000, 20
	}
	if *stormLen > 0 {
		changes = *stormLen
	}
	for i := range runs {
		t.Run(fmt.Sprint(i), func(t *testing.T) { watchStorm(t, changes, uint64(i)) })
	}
}

// listAgain starts watches that end when they have listed, until ctx is done.
func listAgain(ctx context.Context, t *testing.T, links *rtlink.Client) {
	for ctx.Err() == nil {
		r := newReplica(t, linkForm)
		r.follow(func(yield func(nl.Change[rtlink.GetLinkReply], error) bool) {
			for c, err := range links.WatchLink(ctx, nil) {
				if !yield(c, err) || c.Kind == nl.Synced {
					return
				}
			}
		})
	}
}

func watchStorm(t *testing.T, changes int, seed uint64) {
	s, ns := newStorm(t)
	s.run(2000, seed+1000) // something to list
	var overruns, interruptions atomic.Int64
	warn := nl.WithWarnings(func(w nl.Warning) {
		if strings.Contains(w.Message, nl.ErrOverrun.Error()) {
			overruns.Add(1)
		} else {
			interruptions.Add(1)
		}
	})
	links := stormClient(t, ns, rtlink.Dial, nl.WithReceiveBuffer(64<<10), warn)
	routes := stormClient(t, ns, rtroute.Dial, nl.WithReceiveBuffer(64<<10), warn)
	watching, stop := context.WithCancel(always)
	defer stop()
	l := newReplica(t, linkForm)
	r := newReplica(t, routeForm)
	r.exact = true
	var wg sync.WaitGroup
	wg.Go(func() { l.follow(links.WatchLink(watching, nil)) })
	wg.Go(func() { r.follow(routes.WatchRoute(watching, nil)) })
	start := time.Now()
	calm, calmed := context.WithCancel(always)
	wg.Go(func() { listAgain(calm, t, links) })
	s.run(changes, seed)
	calmed()
	took := time.Since(start)
	// The kernel tells of the state of links up to a second late.
	l.settle(1500 * time.Millisecond)
	r.settle(1500 * time.Millisecond)
	l.compare(s.links.GetLinkAll(always, nil))
	r.compare(s.routes.GetRouteAll(always, nil))
	stop()
	wg.Wait()
	if *long && (overruns.Load() == 0 || interruptions.Load() == 0) {
		t.Errorf("%d overruns, %d interrupted dumps; the storm is too weak", overruns.Load(), interruptions.Load())
	}
	t.Logf("%d changes in %v, %d overruns, %d interrupted dumps; links: %d objects, %d changes, synced %d times; routes: %d objects, %d changes, synced %d times",
		changes, took.Round(time.Millisecond), overruns.Load(), interruptions.Load(), len(l.objects), l.changes, l.synced, len(r.objects), r.changes, r.synced)
}
