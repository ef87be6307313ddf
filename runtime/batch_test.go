package runtime

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"slices"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// acks answers as the kernel does: errors always, others only if asked for.
func acks(s *fakeSocket, req message, errno int32) {
	if errno != 0 || req.Flags&flagAck != 0 {
		s.push(errorReply(req, -errno))
	}
}

// index returns the index in a link message.
func (m *message) index() uint32 { return native.Uint32(m.body[4:]) }

func TestBatch(t *testing.T) {
	const requests = 2000
	var asked []uint32
	c, k := dialFake(t, &linkFamily, func(s *fakeSocket, req message) {
		i := req.index()
		if req.Type == opGetLink.Request {
			if i == 7 {
				s.push(errorReply(req, -int32(syscall.ENODEV)))
				return
			}
			s.push(answer(req, 16, 0, linkBody(i, fmt.Sprint("eth", i))))
			acks(s, req, 0)
			return
		}
		asked = append(asked, i)
		switch i {
		case 5, 600, requests - 1:
			acks(s, req, int32(syscall.EEXIST))
		default:
			acks(s, req, 0)
		}
	})
	b := c.Batch(ctx)
	var first, fifth error = errors.New("unset"), nil
	replies := make([]link, 20)
	for i := range requests {
		switch {
		case i >= 1 && i < 20:
			Queue[link](b, &opGetLink, &link{Index: uint32(i)}, &replies[i])
		case i == 0:
			QueueExec(b, &opNewLink, &link{Index: uint32(i)}, Create, ErrorTo(&first))
		default:
			QueueExec(b, &opNewLink, &link{Index: uint32(i)})
		}
	}
	QueueExec(b, &opNewLink, &link{Index: 5}, ErrorTo(&fifth))
	if b.Len() != requests+1 {
		t.Errorf("Len = %d", b.Len())
	}
	err := b.Wait()
	var be *BatchError
	if !errors.As(err, &be) || be.Requests != requests+1 || be.Failed != 4 || be.Err != nil || be.RolledBack {
		t.Fatalf("%+v", err)
	}
	var failed []int
	for _, f := range be.Failures {
		failed = append(failed, f.Index)
	}
	if diff := cmp.Diff([]int{7, 600, requests - 1, requests}, failed); diff != "" {
		t.Error(diff)
	}
	if !errors.Is(err, os.ErrExist) || !errors.Is(err, os.ErrNotExist) || !errors.Is(fifth, os.ErrExist) || first != nil {
		t.Errorf("err %v, fifth %v, first %v", err, fifth, first)
	}
	want := "rt-link: batch of 2001 requests: 4 failed, the first is request 7: rt-link: getlink: no such device"
	if err.Error() != want {
		t.Errorf("got  %v\nwant %s", err, want)
	}
	for i, r := range replies {
		name := fmt.Sprint("eth", i)
		if i == 0 || i == 7 {
			name = ""
		}
		if r.Ifname.Value() != name {
			t.Errorf("reply %d is %q", i, r.Ifname.Value())
		}
	}
	if !slices.IsSorted(asked[:len(asked)-1]) {
		t.Error("not in order")
	}
	if s := k.last(); s.sends > 6 {
		t.Errorf("%d sends", s.sends)
	}
	// The batch is empty now, and the socket in order.
	QueueExec(b, &opNewLink, &link{Index: 1})
	if err := b.Wait(); err != nil {
		t.Error(err)
	}
	if k.open() != 1 {
		t.Errorf("%d sockets", k.open())
	}
}

// Requests that cannot be encoded fail alone.
func TestBatchEncodeError(t *testing.T) {
	sent := 0
	c, _ := dialFake(t, &linkFamily, func(s *fakeSocket, req message) {
		sent++
		acks(s, req, 0)
	})
	b := c.Batch(ctx)
	var bad error
	QueueExec(b, &opNewLink, &link{Index: 1})
	QueueExec(b, &opNewLink, &link{MTU: U32(5)}, ErrorTo(&bad))
	QueueExec(b, &opNewLink, &link{Index: 2})
	var be *BatchError
	if err := b.Wait(); !errors.As(err, &be) || be.Failed != 1 || be.Failures[0].Index != 1 || sent != 2 {
		t.Errorf("%v, %d sent", err, sent)
	}
	if want := "rt-link: newlink: mtu: 5 is below the minimum 68"; bad == nil || bad.Error() != want {
		t.Errorf("got %v, want %s", bad, want)
	}
}

// A chunk is bounded by bytes, and a request larger than that goes alone.
func TestBatchLong(t *testing.T) {
	var got []int
	c, k := dialFake(t, &linkFamily, func(s *fakeSocket, req message) {
		got = append(got, int(req.Length))
		acks(s, req, 0)
	})
	b := c.Batch(ctx)
	var want []int
	for _, n := range []int{100, 40_000, 40_000, 60_000, 60_000, 4, 60_000} {
		raw := make(RawAttrs, n)
		QueueExec(b, &opNewLink, &link{Unknown: raw})
		want = append(want, n+headerLen+linkHeader)
	}
	if err := b.Wait(); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if n := k.last().sends; n != 5 {
		t.Errorf("%d sends, want 5", n)
	}
}

func TestBatchFailuresBounded(t *testing.T) {
	c, _ := dialFake(t, &linkFamily, func(s *fakeSocket, req message) { acks(s, req, int32(syscall.EPERM)) })
	b := c.Batch(ctx, KeepFailures(3))
	for range 700 {
		QueueExec[link](b, &opNewLink, nil)
	}
	var be *BatchError
	if err := b.Wait(); !errors.As(err, &be) || be.Failed != 700 || len(be.Failures) != 3 {
		t.Error(err)
	}
}

// What ends a batch in the middle: the report says exactly how far it got.
func TestBatchEnds(t *testing.T) {
	const requests = 1500
	tests := []struct {
		name   string
		at     func(s *fakeSocket, req message, cancel func()) // serves request 700
		is     error
		failed int
		known  int // requests whose outcome is known
	}{
		{"cancelled", func(s *fakeSocket, req message, cancel func()) { cancel() }, context.Canceled, 1, 601},
		{"overflow", func(s *fakeSocket, req message, cancel func()) {
			s.pushFrom(datagram{err: syscall.ENOBUFS})
		}, syscall.ENOBUFS, 1, 601},
		{"truncated", func(s *fakeSocket, req message, cancel func()) {
			s.push(make([]byte, 1<<20))
		}, ErrTruncated, 1, 601},
		{"malformed", func(s *fakeSocket, req message, cancel func()) { s.push([]byte{1}) }, nil, 1, 601},
		{"closed", func(s *fakeSocket, req message, cancel func()) { s.close() }, net.ErrClosed, 0, 512},
		{"failed later", func(s *fakeSocket, req message, cancel func()) {
			s.push(errorReply(req, -int32(syscall.EBUSY)))
			s.pushFrom(datagram{err: syscall.ENOBUFS})
		}, syscall.ENOBUFS, 2, 701},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			limited, cancel := context.WithCancel(ctx)
			defer cancel()
			served := 0
			c, k := dialFake(t, &linkFamily, func(s *fakeSocket, req message) {
				served++
				switch i := req.index(); {
				case i == 600:
					s.push(errorReply(req, -int32(syscall.EEXIST)))
				case i == 700:
					tt.at(s, req, cancel)
				case i < 700:
					acks(s, req, 0)
				}
			})
			b := c.Batch(limited)
			results := make([]error, requests)
			for i := range requests {
				results[i] = errors.New("unset")
				QueueExec(b, &opNewLink, &link{Index: uint32(i)}, ErrorTo(&results[i]))
			}
			err := b.Wait()
			var be *BatchError
			if !errors.As(err, &be) || be.Err == nil || tt.is != nil && !errors.Is(be.Err, tt.is) {
				t.Fatalf("%+v", err)
			}
			known, failed := tt.known, tt.failed
			if errors.Is(be.Err, context.Canceled) && be.Failed == 0 {
				// The context ended before the answers to the chunk were read.
				known, failed = 512, 0
			}
			want := BatchError{
				Family: "rt-link", Requests: requests, Failed: failed,
				Unknown: Range{known, 1024}, NotSent: Range{1024, requests},
			}
			got := *be
			got.Failures, got.Err = nil, nil
			if diff := cmp.Diff(want, got); diff != "" {
				t.Error(diff)
			}
			if served != 1024 {
				t.Errorf("%d requests served", served)
			}
			for i, err := range results {
				var what error
				switch {
				case i >= 1024:
					what = ErrNotSent
				case i >= known:
					what = ErrOutcomeUnknown
				case i == 600:
					what = syscall.EEXIST
				case i == 700:
					what = syscall.EBUSY
				}
				if !errors.Is(err, what) {
					t.Fatalf("result %d is %v, want %v", i, err, what)
				}
			}
			if k.open() != 0 {
				t.Errorf("%d sockets open, want the one in disorder closed", k.open())
			}
		})
	}
}

// A context that is over before anything is sent.
func TestBatchNotSent(t *testing.T) {
	c, _ := dialFake(t, &linkFamily, func(*fakeSocket, message) { t.Error("sent") })
	over, cancel := context.WithCancel(ctx)
	cancel()
	b := c.Batch(over)
	QueueExec[link](b, &opNewLink, nil)
	var be *BatchError
	if err := b.Wait(); !errors.As(err, &be) || be.NotSent != (Range{0, 1}) || !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	want := "rt-link: batch of 1 requests: rt-link: batch: context canceled; 1 from request 0 were not sent"
	if be.Error() != want {
		t.Errorf("got  %v\nwant %s", be, want)
	}
}

// Generic families that do not reply, and replies that come after the last
// acknowledgement, as audit sends them.
func TestBatchReplies(t *testing.T) {
	k := &fakeKernel{families: map[string]familyInfo{"fake": {id: 40}}}
	k.serve = func(s *fakeSocket, req message) { acks(s, req, 0) }
	b := connectFake(t, &genlFamily, k).Batch(ctx)
	var none link
	Queue[link](b, &opGetLink, &link{Index: 1}, &none)
	if err := b.Wait(); err != nil || none.Index != 0 {
		t.Error(none, err)
	}

	var held [][]byte
	c, _ := dialFake(t, &linkFamily, func(s *fakeSocket, req message) {
		held = append(held, answer(req, 16, 0, linkBody(req.index(), "late")))
		if req.Flags&flagAck != 0 {
			s.push(errorReply(req, 0))
			s.push(held...)
		}
	})
	b = c.Batch(ctx)
	replies := make([]link, 3)
	for i := range replies {
		var h Header
		Queue[link](b, &opAudit, &link{Index: uint32(i)}, &replies[i], WithHeader(&h))
	}
	if err := b.Wait(); err != nil {
		t.Fatal(err)
	}
	for i, r := range replies {
		if r.Index != uint32(i) || r.Ifname != Some("late") {
			t.Errorf("reply %d: %+v", i, r)
		}
	}
}

var (
	opBegin  = Op{Name: "begin", Request: 30, NoReply: true}
	opCommit = Op{Name: "commit", Request: 31, NoReply: true}
	brackets = Brackets{Begin: &opBegin, End: &opCommit, BeginRequest: &Raw{Payload: u32(10)}, EndRequest: &Raw{}}
)

func TestTransaction(t *testing.T) {
	var refuse, broken bool
	var types []uint16
	c, _ := dialFake(t, &linkFamily, func(s *fakeSocket, req message) {
		types = append(types, req.Type)
		switch {
		case req.Type == opBegin.Request && refuse:
			s.push(errorReply(req, -int32(syscall.EPERM)))
		case req.Type == opNewLink.Request && broken && req.index() == 1:
			acks(s, req, int32(syscall.EEXIST))
		case req.Type == opNewLink.Request:
			acks(s, req, 0)
		}
	})
	run := func(links ...*link) (*BatchError, []error) {
		b := c.Transaction(ctx, &brackets)
		results := make([]error, len(links))
		for i, l := range links {
			QueueExec(b, &opNewLink, l, ErrorTo(&results[i]))
		}
		var be *BatchError
		if err := b.Wait(); err != nil && !errors.As(err, &be) {
			t.Fatal(err)
		}
		return be, results
	}
	three := []*link{{Index: 0}, {Index: 1}, {Index: 2}}
	if be, _ := run(three...); be != nil {
		t.Error(be)
	}
	if diff := cmp.Diff([]uint16{30, 16, 16, 16, 31}, types); diff != "" {
		t.Error(diff)
	}
	if be, _ := run(); be != nil {
		t.Error("empty:", be)
	}

	broken = true
	be, results := run(three...)
	if be == nil || !be.RolledBack || be.Failed != 1 || be.Failures[0].Index != 1 {
		t.Fatalf("%+v", be)
	}
	for i, what := range []error{ErrRolledBack, syscall.EEXIST, ErrRolledBack} {
		if !errors.Is(results[i], what) {
			t.Errorf("result %d: %v", i, results[i])
		}
	}

	refuse = true
	be, results = run(three...)
	if be == nil || !be.RolledBack || be.Failed != 0 || !errors.Is(be.Err, os.ErrPermission) || !errors.Is(results[0], ErrRolledBack) {
		t.Errorf("%+v, %v", be, results)
	}

	types = nil
	be, results = run(three[0], &link{MTU: U32(1)})
	if be == nil || !be.RolledBack || be.Failed != 1 || types != nil || !errors.Is(results[0], ErrRolledBack) {
		t.Errorf("not encodable: %+v, %v, sent %v", be, results, types)
	}
}

func TestBatchAllocs(t *testing.T) {
	c, _ := dialFake(t, &linkFamily, func(*fakeSocket, message) {})
	b := c.Batch(ctx)
	req := &link{Index: 1, MTU: U32(1500)}
	allocs := testing.AllocsPerRun(10, func() {
		for range 100 {
			QueueExec(b, &opNewLink, req, Create|Excl)
		}
		b.queue, b.enc.buf = b.queue[:0], b.enc.buf[:0]
	})
	if allocs > 0 {
		t.Errorf("%v allocations for 100 requests", allocs)
	}
}
