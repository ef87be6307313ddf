// Package nltest tests programs that talk netlink without the kernel, its
// modules and any privileges. A server of the family, in the same process, takes
// the kernel's place:
//
//	kernel := nltest.New(t, netdev.Serve(fake{}))
//	client := netdev.New(kernel.Conn())
//	kernel.Fail("dev-get", unix.EBUSY)
//
// where fake implements the methods of netdev.Server that the program under test
// needs, and embeds netdev.UnimplementedServer for the others. The server checks
// requests as the kernel does; a Kernel adds what is hard to get from a real one:
// errors, events lost and dumps interrupted at the moment that a test wants.
package nltest

import (
	"context"
	"slices"
	"sync"
	"testing"

	nl "github.com/nlgen/nlgen/runtime"
)

// A Server is what the function Serve of a generated package returns.
type Server interface {
	nl.Peer
	Family() *nl.Family
	Dial(...nl.Option) (*nl.Conn, error)
	SetHook(nl.Hook)
	Overrun(int)
	Close() error
}

// A Kernel is a server that stands in for the kernel. It is safe for concurrent
// use.
type Kernel struct {
	tb     testing.TB
	server Server

	mu       sync.Mutex
	faults   map[string][]error
	requests map[string]int
}

// New makes a server the kernel of a test, and closes it at its end.
func New(tb testing.TB, s Server) *Kernel {
	tb.Helper()
	k := &Kernel{tb: tb, server: s, faults: map[string][]error{}, requests: map[string]int{}}
	s.SetHook(k.hook)
	tb.Cleanup(k.end)
	return k
}

// Conn returns a connection to the kernel, which is closed at the end of the test.
func (k *Kernel) Conn(opts ...nl.Option) *nl.Conn {
	k.tb.Helper()
	c, err := k.server.Dial(opts...)
	if err != nil {
		k.tb.Fatal(err)
	}
	k.tb.Cleanup(func() { _ = c.Close() })
	return c
}

// Fail makes the next request of an operation, do or dump, fail with err: a
// unix.Errno, an *nl.Error that names an attribute, or anything else. Further
// calls add to a list, of which each request takes one. An error that no request
// took fails the test.
func (k *Kernel) Fail(op string, err error) {
	k.tb.Helper()
	k.check(op)
	k.mu.Lock()
	defer k.mu.Unlock()
	k.faults[op] = append(k.faults[op], err)
}

// Interrupt makes the next n dumps of an operation end as interrupted by a change.
// Like Fail it adds to the list of the operation.
func (k *Kernel) Interrupt(op string, n int) {
	k.tb.Helper()
	for range n {
		k.Fail(op, nl.ErrDumpInterrupted)
	}
}

// Overrun makes each subscription there is lose its next n events, as one that
// reads too slowly does.
func (k *Kernel) Overrun(n int) { k.server.Overrun(n) }

// Requests returns how many requests of an operation have come, those included
// that were made to fail.
func (k *Kernel) Requests(op string) int {
	k.tb.Helper()
	k.check(op)
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.requests[op]
}

// check fails the test if the family has no such operation.
func (k *Kernel) check(op string) {
	k.tb.Helper()
	f := k.server.Family()
	if !slices.ContainsFunc(f.Ops, func(o *nl.Op) bool { return o.Name == op }) {
		k.tb.Fatalf("the family %s has no operation %q", f.Name, op)
	}
}

func (k *Kernel) hook(_ context.Context, in nl.Incoming) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	name := in.Op.Name
	k.requests[name]++
	list := k.faults[name]
	if len(list) == 0 {
		return nil
	}
	k.faults[name] = list[1:]
	return list[0]
}

func (k *Kernel) end() {
	if err := k.server.Close(); err != nil {
		k.tb.Error(err)
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	for op, list := range k.faults {
		for _, err := range list {
			k.tb.Errorf("no request of %s took the error %v", op, err)
		}
	}
}
