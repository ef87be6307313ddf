package runtime

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/nlgen/nlgen/internal/netns"
)

// ethName is the name of the i-th of the veth pairs that the tests make.
func ethName(i int) string { return fmt.Sprint("probe", i) }

// newVeths returns a namespace with n veth pairs.
func newVeths(t testing.TB, n int) *netns.NS {
	ns := netns.New(t)
	for i := range n {
		ns.Run("ip", "link", "add", ethName(i), "type", "veth", "peer", "name", fmt.Sprint("peer", i))
	}
	return ns
}

func dialNS(t testing.TB, ns *netns.NS, f *Family, opts ...Option) *Conn {
	t.Helper()
	c, err := Dial(f, append([]Option{WithNetNS(ns.Fd())}, opts...)...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

func TestKernelLinks(t *testing.T) {
	c := dialNS(t, newVeths(t, 2), &linkFamily)
	r, err := Do[link](ctx, c, &opGetLink, &link{Ifname: Some("probe1")})
	if err != nil || r.Ifname != Some("probe1") || r.MTU != U32(1500) || r.Index == 0 {
		t.Errorf("%+v, %v", r, err)
	}
	links, err := All[link, link](ctx, c, &opGetLink, nil)
	if err != nil || len(links) != 5 {
		t.Errorf("%d links, %v; want 5", len(links), err)
	}
	for _, want := range links {
		got, err := Do[link](ctx, c, &opGetLink, &link{Index: want.Index})
		if err != nil || got.Ifname != want.Ifname {
			t.Errorf("link %d: %v, %v; want %s", want.Index, got, err, want.Ifname)
		}
	}
}

func TestKernelRaw(t *testing.T) {
	c := dialNS(t, netns.New(t), &linkFamily)
	req, err := Marshal(&link{Ifname: Some("lo")})
	if err != nil {
		t.Fatal(err)
	}
	var h Header
	r, err := Do[Raw](ctx, c, &opGetLink, &Raw{Payload: req}, WithHeader(&h))
	if err != nil {
		t.Fatal(err)
	}
	var m link
	if err := Unmarshal(r.Payload, &m); err != nil || m.Ifname != Some("lo") || h.Type != 16 {
		t.Errorf("%+v, %+v, %v", h, m, err)
	}
}

func TestKernelErrors(t *testing.T) {
	c := dialNS(t, newVeths(t, 1), &linkFamily)
	tests := []struct {
		name string
		do   func() error
		is   error
		want string
	}{
		{"unknown device", func() error {
			_, err := Do[link](ctx, c, &opGetLink, &link{Ifname: Some("nope")})
			return err
		}, os.ErrNotExist, "rt-link: getlink: no such device"},
		{"name taken", func() error {
			kind := attr(attrLinkinfo|Nested, attr(1, cstr("veth")))
			return Exec(ctx, c, &opNewLink, &link{Ifname: Some("probe0"), Unknown: kind}, Create|Excl)
		}, os.ErrExist, "rt-link: newlink: file exists"},
		{"attribute of a nest", func() error {
			peer := attr(1|Nested, make([]byte, linkHeader), attr(attrIfname, cstr(strings.Repeat("x", 80))))
			info := attr(attrLinkinfo|Nested, attr(1, cstr("veth")), attr(2|Nested, peer))
			return Exec(ctx, c, &opNewLink, &link{Ifname: Some("new"), Unknown: info}, Create)
		}, unix.ERANGE, "rt-link: newlink: linkinfo.data.peer.ifname: numerical result out of range (kernel: "},
		{"strict dump", func() error {
			_, err := All[link](ctx, c, &opGetLink, &link{Index: 1})
			return err
		}, unix.EINVAL, "rt-link: getlink: invalid argument (kernel: "},
	}
	for _, tt := range tests {
		err := tt.do()
		if !errors.Is(err, tt.is) || !strings.HasPrefix(fmt.Sprint(err), tt.want) {
			t.Errorf("%s: got %v, want %v, %s", tt.name, err, tt.is, tt.want)
		}
	}
}

func TestKernelNotStrict(t *testing.T) {
	c := dialNS(t, netns.New(t), &linkFamily, WithStrict(false))
	if _, err := All[link](ctx, c, &opGetLink, &link{Index: 1}); err != nil {
		t.Error(err)
	}
}

var nlctrl = Family{Name: "nlctrl", Protocol: genericProtocol, Version: 2}

func TestKernelGeneric(t *testing.T) {
	c := dialNS(t, netns.New(t), &nlctrl)
	op := Op{Name: "getfamily", Request: 3, NoAck: true}
	var h Header
	r, err := Do[Raw](ctx, c, &op, &Raw{Payload: attr(2, cstr("nlctrl"))}, WithHeader(&h))
	if err != nil || h.Command != 1 || h.Type != 16 || len(r.Payload) == 0 {
		t.Errorf("%+v, %v, %v", h, r, err)
	}
	_, err = Do[Raw](ctx, c, &op, &Raw{Payload: attr(2, cstr("no-such"))})
	if !errors.Is(err, os.ErrNotExist) || errors.Is(err, ErrFamilyNotFound) {
		t.Errorf("unknown family asked for: %v", err)
	}
	if _, err := c.Subscribe(Group{Name: "notify"}); err != nil {
		t.Error(err)
	}
	_, err = c.Subscribe(Group{Name: "nope"})
	if err == nil || !strings.HasSuffix(err.Error(), "no such group in this kernel; it has: notify") {
		t.Error(err)
	}
	_, err = Dial(&Family{Name: "no-such", Protocol: genericProtocol})
	if !errors.Is(err, ErrFamilyNotFound) || !errors.Is(err, unix.ENOENT) {
		t.Errorf("Dial of an unknown family: %v", err)
	}
	if _, err = Dial(&Family{Name: "no-such", Protocol: 31}); !errors.Is(err, unix.EPROTONOSUPPORT) {
		t.Errorf("Dial of an unknown protocol: %v", err)
	}
}

func TestKernelEvents(t *testing.T) {
	ns := netns.New(t)
	c := dialNS(t, ns, &linkFamily)
	s, err := c.Subscribe(Group{Name: "rtnlgrp-link", Value: 1})
	if err != nil {
		t.Fatal(err)
	}
	ns.Run("ip", "link", "add", "ev0", "type", "veth", "peer", "name", "ev1")
	short, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	seen := map[string]bool{}
	for m, err := range s.Events(short) {
		if err != nil {
			t.Fatal(err)
		}
		if l, ok := m.(*link); ok {
			seen[l.Ifname.Value()] = true
		}
		if seen["ev0"] && seen["ev1"] {
			break
		}
	}
	if err := s.Leave(Group{Value: 1}); err != nil {
		t.Error(err)
	}
}

func TestKernelOverrun(t *testing.T) {
	c := dialNS(t, newVeths(t, 1), &linkFamily, WithReceiveBuffer(16<<10))
	s, err := c.Subscribe(Group{Value: 1})
	if err != nil {
		t.Fatal(err)
	}
	change := func(mtu uint32) {
		t.Helper()
		if err := Exec(ctx, c, &opNewLink, &link{Ifname: Some(ethName(0)), MTU: U32(mtu)}); err != nil {
			t.Fatal(err)
		}
	}
	for i := range 200 {
		change(1000 + uint32(i))
	}
	// Read on until nothing is left, then one more change must come through.
	overruns, last := 0, uint32(0)
	quiet, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	for m, err := range s.Events(quiet) {
		var o *OverrunError
		switch {
		case errors.As(err, &o):
			if overruns++; o.Count == 0 {
				t.Error("nothing counted as lost")
			}
			time.AfterFunc(100*time.Millisecond, cancel)
		case errors.Is(err, context.Canceled):
		case err != nil:
			t.Fatal(err)
		default:
			last = m.(*link).MTU.Value()
		}
	}
	if overruns != 1 || last == 1199 {
		t.Errorf("%d overruns, last event of MTU %d; want 1 and a loss", overruns, last)
	}
	change(9000)
	for m, err := range s.Events(ctx) {
		if err != nil {
			t.Fatal(err)
		}
		if m.(*link).MTU == U32(9000) {
			break
		}
	}
}

// TestKernelNamespaces dials in many ways; every socket, of whichever thread, must
// be in the namespace.
func TestKernelNamespaces(t *testing.T) {
	ns := newVeths(t, 1)
	path := fmt.Sprintf("/proc/self/fd/%d", ns.Fd())
	dials := map[string]func() (*Conn, error){
		"fd":   func() (*Conn, error) { return Dial(&linkFamily, WithNetNS(ns.Fd())) },
		"path": func() (*Conn, error) { return Dial(&linkFamily, WithNetNSPath(path)) },
		"thread": func() (c *Conn, err error) {
			ns.Do(func() { c, err = Dial(&linkFamily) })
			return c, err
		},
	}
	outside, err := os.Readlink(threadNamespace)
	if err != nil {
		t.Fatal(err)
	}
	for name, dial := range dials {
		t.Run(name, func(t *testing.T) {
			c, err := dial()
			if err != nil {
				t.Fatal(err)
			}
			defer c.Close()
			var wg sync.WaitGroup
			for range 20 {
				wg.Go(func() {
					for range Dump[link, link](ctx, c, &opGetLink, nil) {
						if _, err := Do[link](ctx, c, &opGetLink, &link{Ifname: Some(ethName(0))}); err != nil {
							t.Error(err)
						}
						runtime.LockOSThread()
						if now, _ := os.Readlink(threadNamespace); now != outside {
							t.Errorf("the caller's thread is in %s", now)
						}
						runtime.UnlockOSThread()
					}
				})
			}
			wg.Wait()
		})
	}
	if _, err := Dial(&linkFamily, WithNetNSName("no-such-namespace")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("unknown namespace: %v", err)
	}
	if _, err := Dial(&linkFamily, WithNetNS(-1)); !errors.Is(err, unix.EBADF) {
		t.Errorf("bad descriptor: %v", err)
	}
}

func TestKernelInterrupt(t *testing.T) {
	// A dump that waits for its reader goes on after a change, and says so.
	c := dialNS(t, newVeths(t, 40), &linkFamily)
	n, last := 0, error(nil)
	for m, err := range Dump[link, link](ctx, c, &opGetLink, nil) {
		last = err
		if n++; n == 1 {
			if err := Exec(ctx, c, &opNewLink, &link{Index: m.Index, Ifname: m.Ifname, MTU: U32(1400)}); err != nil {
				t.Fatal(err)
			}
			kind := attr(attrLinkinfo|Nested, attr(1, cstr("veth")))
			if err := Exec(ctx, c, &opNewLink, &link{Ifname: Some("late"), Unknown: kind}, Create|Excl); err != nil {
				t.Fatal(err)
			}
		}
	}
	if !errors.Is(last, ErrDumpInterrupted) {
		t.Errorf("a dump of %d links during a change ended with %v", n, last)
	}
}

// openFiles counts the descriptors of the process.
func openFiles(t *testing.T) int {
	t.Helper()
	d, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	return len(d)
}

// TestKernelStress mixes calls, dumps with calls inside, cancellations and
// time-outs on one Conn, and checks that every answer belongs to its question.
func TestKernelStress(t *testing.T) {
	const pairs, workers, rounds = 20, 200, 15
	ns := newVeths(t, pairs)
	index := make(map[string]uint32)
	c := dialNS(t, ns, &linkFamily)
	for m, err := range Dump[link, link](ctx, c, &opGetLink, nil) {
		if err != nil {
			t.Fatal(err)
		}
		index[m.Ifname.Value()] = m.Index
	}
	c.Close()
	runtime.GC()
	goroutines, files := runtime.NumGoroutine(), openFiles(t)

	c = dialNS(t, ns, &linkFamily, WithTimeout(time.Minute))
	var wg sync.WaitGroup
	for w := range workers {
		rnd := rand.New(rand.NewPCG(uint64(w), 1))
		wg.Go(func() {
			for range rounds {
				stressCall(t, c, rnd, index)
			}
		})
	}
	wg.Wait()
	if err := c.Close(); err != nil {
		t.Error(err)
	}
	for range 100 { // timers and woken goroutines end by themselves
		if runtime.NumGoroutine() <= goroutines {
			break
		}
		time.Sleep(10 * time.Millisecond)
	}
	if n := runtime.NumGoroutine(); n > goroutines {
		t.Errorf("%d goroutines more than before", n-goroutines)
	}
	if n := openFiles(t); n > files {
		t.Errorf("%d descriptors more than before", n-files)
	}
}

func stressCall(t *testing.T, c *Conn, rnd *rand.Rand, index map[string]uint32) {
	get := func(ctx context.Context) error {
		name := ethName(rnd.IntN(20))
		m, err := Do[link](ctx, c, &opGetLink, &link{Ifname: Some(name)})
		if err == nil && (m.Ifname != Some(name) || m.Index != index[name]) {
			t.Errorf("asked for %s, got %+v", name, m)
		}
		return err
	}
	dump := func(ctx context.Context, each func()) error {
		n := 0
		for m, err := range Dump[link, link](ctx, c, &opGetLink, nil) {
			if err != nil {
				return err
			}
			if name, _ := m.Ifname.Get(); index[name] != m.Index {
				t.Errorf("%s has index %d, want %d", name, m.Index, index[name])
			}
			n++
			each()
		}
		if n != len(index) {
			t.Errorf("%d links, want %d", n, len(index))
		}
		return nil
	}
	limited, cancel := context.WithTimeout(ctx, time.Duration(rnd.IntN(500))*time.Microsecond)
	defer cancel()
	switch rnd.IntN(6) {
	case 0:
		if err := get(ctx); err != nil {
			t.Error(err)
		}
	case 1:
		_, err := Do[link](ctx, c, &opGetLink, &link{Ifname: Some("nope")})
		if !errors.Is(err, syscall.ENODEV) {
			t.Error(err)
		}
	case 2:
		err := dump(ctx, func() {
			if rnd.IntN(10) == 0 {
				if err := get(ctx); err != nil {
					t.Error(err)
				}
			}
		})
		if err != nil {
			t.Error(err)
		}
	case 3:
		if err := get(limited); err != nil && !errors.Is(err, context.DeadlineExceeded) {
			t.Error(err)
		}
	case 4:
		if err := dump(limited, func() {}); err != nil && !errors.Is(err, context.DeadlineExceeded) {
			t.Error(err)
		}
	case 5:
		for range Dump[link, link](ctx, c, &opGetLink, nil) {
			break
		}
	}
}
