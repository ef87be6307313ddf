package nltest_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/nlgen/nlgen/families/netdev"
	"github.com/nlgen/nlgen/internal/familytest"
	nl "github.com/nlgen/nlgen/runtime"
	"github.com/nlgen/nlgen/runtime/nltest"
)

func (fakeDevices) DevGetDump(context.Context, *netdev.DevGetDumpRequest) iter.Seq2[*netdev.DevGetReply, error] {
	return func(yield func(*netdev.DevGetReply, error) bool) {
		for i := range uint32(3) {
			if !yield(&netdev.DevGetReply{Ifindex: nl.U32(i + 1)}, nil) {
				return
			}
		}
	}
}

func TestInterrupt(t *testing.T) {
	kernel := nltest.New(t, netdev.Serve(fakeDevices{}))
	c := netdev.New(kernel.Conn(nl.WithDumpRetries(2)))
	kernel.Interrupt("dev-get", 2)
	list, err := c.DevGetAll(t.Context(), nil)
	if err != nil || len(list) != 3 || kernel.Requests("dev-get") != 3 {
		t.Errorf("%d devices after %d requests, %v", len(list), kernel.Requests("dev-get"), err)
	}
	kernel.Interrupt("dev-get", 1)
	for dev, err := range c.DevGetDump(t.Context(), nil) {
		if err != nil && !errors.Is(err, nl.ErrDumpInterrupted) {
			t.Error(dev, err)
		}
	}
	kernel.Fail("dev-get", &nl.Error{Errno: syscall.EBUSY, Message: "later"})
	if _, err := c.DevGetAll(t.Context(), nil); !errors.Is(err, syscall.EBUSY) || !strings.Contains(err.Error(), "later") {
		t.Errorf("got %v", err)
	}
	if _, err := c.NAPIGetAll(t.Context(), nil); !errors.Is(err, errors.ErrUnsupported) {
		t.Errorf("an operation that the fake lacks: %v", err)
	}
}

func TestOverrun(t *testing.T) {
	srv := netdev.Serve(fakeDevices{})
	kernel := nltest.New(t, srv)
	sub, err := kernel.Conn().Subscribe(netdev.GroupMgmt)
	if err != nil {
		t.Fatal(err)
	}
	kernel.Overrun(2)
	for i := range uint32(3) {
		ev := &netdev.DevAddNtf{DevGetReply: netdev.DevGetReply{Ifindex: nl.U32(i + 1)}}
		if err := srv.NotifyDevAddNtf(netdev.GroupMgmt, ev); err != nil {
			t.Fatal(err)
		}
	}
	var got []string
	for ev, err := range sub.Events(familytest.Context(t)) {
		var overrun *nl.OverrunError
		if errors.As(err, &overrun) {
			got = append(got, fmt.Sprint("lost ", overrun.Count))
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, ev.(*netdev.DevAddNtf).Ifindex.String())
		break
	}
	if want := []string{"lost 2", "3"}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

// TestMistakes checks that a test which injects what cannot happen fails.
func TestMistakes(t *testing.T) {
	rec := &recorder{TB: t}
	kernel := nltest.New(rec, netdev.Serve(fakeDevices{}))
	kernel.Fail("dev-get", syscall.EIO)
	kernel.Requests("dev-got")
	for _, f := range rec.cleanups {
		f()
	}
	want := []string{`the family netdev has no operation "dev-got"`, "no request of dev-get took the error input/output error"}
	if !slices.Equal(rec.errors, want) {
		t.Errorf("got %q, want %q", rec.errors, want)
	}
}

// A recorder is a test that is expected to fail.
type recorder struct {
	testing.TB
	errors   []string
	cleanups []func()
}

func (r *recorder) Cleanup(f func()) { r.cleanups = append(r.cleanups, f) }
func (r *recorder) Errorf(format string, args ...any) {
	r.errors = append(r.errors, fmt.Sprintf(format, args...))
}
func (r *recorder) Fatalf(format string, args ...any) { r.Errorf(format, args...) }
