package runtime

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// A mishap is something that goes wrong with the datagram at a step of a
// conversation; it returns what is received from there on.
type mishap struct {
	name string
	do   func(s *fakeSocket, d datagram, later []datagram) []datagram
	// errs are the errors that calls may end with; nil is none.
	errs []error
}

var errMalformed = errors.New("malformed")

// patch returns d with its header changed.
func patch(d datagram, change func(b []byte)) datagram {
	d.b = slices.Clone(d.b)
	change(d.b)
	return d
}

var faults = []mishap{
	{"nothing", func(_ *fakeSocket, d datagram, later []datagram) []datagram { return prepend(later, d) }, []error{nil}},
	{"truncated", func(_ *fakeSocket, d datagram, later []datagram) []datagram {
		d.b = d.b[:len(d.b)-5]
		return prepend(later, d)
	}, []error{errMalformed}},
	{"larger than the buffer", func(_ *fakeSocket, d datagram, later []datagram) []datagram {
		d.b = append(slices.Clone(d.b), make([]byte, initialReceiveSize)...)
		return prepend(later, d)
	}, []error{ErrTruncated, nil}},
	{"twice", func(_ *fakeSocket, d datagram, later []datagram) []datagram {
		return prepend(prepend(later, d), d)
	}, []error{nil, errSecondReply}},
	{"out of order", func(_ *fakeSocket, d datagram, later []datagram) []datagram {
		if len(later) == 0 {
			return []datagram{d}
		}
		return append([]datagram{later[0], d}, later[1:]...)
	}, []error{nil}},
	{"preceded by another sequence", func(_ *fakeSocket, d datagram, later []datagram) []datagram {
		return prepend(prepend(later, d), patch(d, func(b []byte) { native.PutUint32(b[8:], native.Uint32(b[8:])+7) }))
	}, []error{nil}},
	{"preceded by another port id", func(_ *fakeSocket, d datagram, later []datagram) []datagram {
		return prepend(prepend(later, d), patch(d, func(b []byte) { native.PutUint32(b[12:], 77) }))
	}, []error{nil}},
	{"preceded by a forgery", func(_ *fakeSocket, d datagram, later []datagram) []datagram {
		forged := patch(d, func(b []byte) { clear(b[headerLen:]) })
		forged.from = 4711
		return prepend(prepend(later, d), forged)
	}, []error{nil}},
	{"ENOBUFS", func(_ *fakeSocket, d datagram, later []datagram) []datagram {
		return prepend(prepend(later, d), datagram{err: syscall.ENOBUFS})
	}, []error{syscall.ENOBUFS}},
	{"ENOBUFS instead", func(_ *fakeSocket, _ datagram, later []datagram) []datagram {
		return prepend(later, datagram{err: syscall.ENOBUFS})
	}, []error{syscall.ENOBUFS}},
	{"DONE with an error and a text", func(s *fakeSocket, d datagram, _ []datagram) []datagram {
		return []datagram{{b: doneReply(request(s, d), -12, 0, attr(1, cstr("no more")))}}
	}, []error{syscall.ENOMEM}},
	{"error with a text", func(s *fakeSocket, d datagram, _ []datagram) []datagram {
		return []datagram{{b: errorReply(request(s, d), -12, attr(1, cstr("no more")))}}
	}, []error{syscall.ENOMEM}},
	{"silence", func(*fakeSocket, datagram, []datagram) []datagram { return nil }, []error{context.DeadlineExceeded}},
	{"closed", func(s *fakeSocket, _ datagram, _ []datagram) []datagram {
		s.closed = true
		return nil
	}, []error{net.ErrClosed}},
}

// limit is the time for a call that the fault befalls.
func (f mishap) limit() time.Duration {
	if f.name == "silence" {
		return 20 * time.Millisecond
	}
	return 10 * time.Second
}

func prepend(list []datagram, d datagram) []datagram { return append([]datagram{d}, list...) }

// request is the request that a datagram answers.
func request(s *fakeSocket, d datagram) message {
	m, _, err := splitMessage(d.b)
	if err != nil {
		panic(err)
	}
	m.raw = frame(0, 0, m.Sequence, s.pid)
	return m
}

// A faultyKernel answers with a fault at one step of its first conversation.
type faultyKernel struct {
	answers func(req message) [][]byte
	fault   mishap
	at      int

	once sync.Once
	hit  bool
}

func (k *faultyKernel) serve(s *fakeSocket, req message) {
	var queue []datagram
	for _, b := range k.answers(req) {
		queue = append(queue, datagram{b: b})
	}
	_ = s.change(func() {
		k.once.Do(func() {
			if k.at < len(queue) {
				k.hit = true
				queue = append(queue[:k.at:k.at], k.fault.do(s, queue[k.at], queue[k.at+1:])...)
			}
		})
		s.queue = append(s.queue, queue...)
	})
}

// A faultyCall is a call whose conversation has the answers; good says what it
// returns if all is well.
type faultyCall struct {
	name    string
	answers func(req message) [][]byte
	call    func(ctx context.Context, c *Conn) (string, error)
	good    string
	// partial results that are no error, by the name of the fault: a second
	// datagram of a dump is not told from a third.
	partial map[string]string
	// retried names the faults that the call gets over.
	retried []string
}

func faultyCalls() []faultyCall {
	item := func(req message, i uint32, name string) []byte { return answer(req, 16, flagMulti, linkBody(i, name)) }
	dump := func(req message) [][]byte {
		return [][]byte{item(req, 1, "a"), item(req, 2, "b"), doneReply(req, 0, 0)}
	}
	names := func(list []*link) string {
		var s []string
		for _, l := range list {
			s = append(s, l.Ifname.Value())
		}
		return strings.Join(s, " ")
	}
	do := func(ctx context.Context, c *Conn, op *Op) (string, error) {
		r, err := Do[link, link](ctx, c, op, nil)
		if r == nil {
			return "", err
		}
		return r.Ifname.Value(), err
	}
	return []faultyCall{
		{
			name: "getter", good: "a",
			answers: func(req message) [][]byte { return [][]byte{answer(req, 16, 0, linkBody(1, "a"))} },
			call:    func(ctx context.Context, c *Conn) (string, error) { return do(ctx, c, &opGetLink) },
		},
		{
			name: "reply and ack", good: "a",
			answers: func(req message) [][]byte {
				return [][]byte{answer(req, 16, 0, linkBody(1, "a")), errorReply(req, 0)}
			},
			call: func(ctx context.Context, c *Conn) (string, error) { return do(ctx, c, &opAudit) },
		},
		{
			name: "ack", good: "done",
			answers: func(req message) [][]byte { return [][]byte{errorReply(req, 0)} },
			call: func(ctx context.Context, c *Conn) (string, error) {
				return "done", Exec[link](ctx, c, &opNewLink, nil)
			},
		},
		{
			name: "dump", good: "a b", answers: dump,
			partial: map[string]string{"twice": "a a b,a b b,a b", "out of order": "b a,a"},
			call: func(ctx context.Context, c *Conn) (string, error) {
				var list []*link
				var err error
				for m, e := range Dump[link, link](ctx, c, &opGetLink, nil) {
					if err = e; e == nil {
						list = append(list, m)
					}
				}
				return names(list), err
			},
		},
		{
			name: "all", good: "a b", answers: dump,
			partial: map[string]string{"twice": "a a b,a b b,a b", "out of order": "b a,a"},
			retried: []string{"larger than the buffer"},
			call: func(ctx context.Context, c *Conn) (string, error) {
				list, err := All[link, link](ctx, c, &opGetLink, nil)
				return names(list), err
			},
		},
	}
}

// TestFaults makes each thing go wrong at each step of each call. The call returns
// what is right or a documented error before its deadline, and the next call on
// the same Conn is not affected.
func TestFaults(t *testing.T) {
	for _, fc := range faultyCalls() {
		for _, f := range faults {
			for at := range len(fc.answers(message{raw: make([]byte, headerLen)})) {
				t.Run(fmt.Sprintf("%s/%s/%d", fc.name, f.name, at), func(t *testing.T) { testFault(t, fc, f, at) })
			}
		}
	}
}

func testFault(t *testing.T, fc faultyCall, f mishap, at int) {
	k := &faultyKernel{answers: fc.answers, fault: f, at: at}
	c, _ := dialFake(t, &linkFamily, k.serve)
	limited, cancel := context.WithTimeout(ctx, f.limit())
	defer cancel()
	start := time.Now()
	got, err := fc.call(limited, c)
	if took := time.Since(start); took > 5*time.Second {
		t.Errorf("it took %v", took)
	}
	if !k.hit {
		t.Fatal("nothing went wrong")
	}
	switch {
	case !documented(err, f.errs):
		t.Errorf("error %v, want one of %v", err, f.errs)
	case err == nil && got != fc.good && !slices.Contains(strings.Split(fc.partial[f.name], ","), got):
		t.Errorf("got %q, want %q", got, fc.good)
	case err != nil && slices.Contains(fc.retried, f.name):
		t.Errorf("not tried again: %v", err)
	}
	var e *Error
	if err != nil && (!errors.As(err, &e) || e.Op == "" || e.Family != "rt-link") {
		t.Errorf("%#v is not an *Error", err)
	}
	for range 3 {
		if got, err := fc.call(ctx, c); got != fc.good || err != nil {
			t.Errorf("the next call: %q, %v", got, err)
		}
	}
}

func documented(err error, errs []error) bool {
	return slices.ContainsFunc(errs, func(want error) bool {
		if want == errMalformed {
			return err != nil && strings.Contains(err.Error(), "malformed")
		}
		return errors.Is(err, want)
	})
}

// Errors that the kernel tells with a text, and warnings, are in the words of the
// kernel.
func TestFaultTexts(t *testing.T) {
	item := func(req message) []byte { return answer(req, 16, flagMulti, linkBody(1, "a")) }
	tests := []struct {
		name string
		last func(req message) []byte
		err  string
		warn string
	}{
		{"errno and text", func(req message) []byte { return doneReply(req, -12, 0, attr(1, cstr("no more"))) },
			`rt-link: getlink: cannot allocate memory (kernel: "no more")`, ""},
		{"warning", func(req message) []byte { return doneReply(req, 0, 0, attr(1, cstr("half of it"))) }, "", "half of it"},
		{"interrupted at the end alone", func(req message) []byte { return doneReply(req, 0, flagInterrupted) },
			"rt-link: getlink: " + ErrDumpInterrupted.Error(), ""},
	}
	for _, tt := range tests {
		warned := ""
		c, _ := dialFake(t, &linkFamily, func(s *fakeSocket, req message) { s.push(item(req), tt.last(req)) },
			WithWarnings(func(w Warning) { warned = w.Message }), WithDumpRetries(2))
		list, err := All[link, link](ctx, c, &opGetLink, nil)
		text := ""
		if err != nil {
			text = err.Error()
		}
		if text != tt.err || warned != tt.warn || len(list) != 1 {
			t.Errorf("%s: error %q, warning %q, %d items", tt.name, text, warned, len(list))
		}
	}
}

// TestEventFaults lets the same things go wrong between two events.
func TestEventFaults(t *testing.T) {
	for _, f := range faults {
		t.Run(f.name, func(t *testing.T) {
			s, sock := subscribe(t)
			_ = sock.change(func() {
				good := []datagram{{b: event(16, linkBody(1, "a"))}, {b: event(16, linkBody(1, "b"))}, {b: event(16, linkBody(1, "c"))}}
				sock.queue = append(good[:1:1], f.do(sock, good[1], good[2:])...)
			})
			limited, cancel := context.WithCancel(ctx)
			defer cancel()
			sock.kernel.idle = func(*fakeSocket) { cancel() }
			var got []string
			var last error
			for m, err := range s.Events(limited) {
				if l, ok := m.(*link); ok {
					got = append(got, l.Ifname.Value())
				}
				last = err
				if errors.Is(err, ErrOverrun) {
					got = append(got, "lost")
				}
			}
			want := map[string]string{
				"twice": "a b b c", "out of order": "a c b", "truncated": "a c", "larger than the buffer": "a c",
				"preceded by another sequence": "a b b c", "preceded by another port id": "a b b c", "ENOBUFS": "a lost b c",
				"ENOBUFS instead": "a lost c", "DONE with an error and a text": "a", "error with a text": "a", "silence": "a",
			}[f.name]
			if want == "" && f.name != "closed" {
				want = "a b c"
			}
			if strings.Join(got, " ") != want {
				t.Errorf("got %q, want %q", got, want)
			}
			if end := map[bool]error{true: net.ErrClosed, false: context.Canceled}[f.name == "closed"]; !errors.Is(last, end) {
				t.Errorf("the stream ended with %v", last)
			}
		})
	}
}

// TestWatchFaults lets things go wrong with a dump or an event of a watch: in the
// end it has what the kernel has, or says why it ended.
func TestWatchFaults(t *testing.T) {
	for _, f := range faults {
		for at := range 6 { // three datagrams of the dump, three events
			t.Run(fmt.Sprintf("%s/%d", f.name, at), func(t *testing.T) { testWatchFault(t, f, at) })
		}
	}
}

func testWatchFault(t *testing.T, f mishap, at int) {
	// The kernel has a and b, then removes b, changes a, and adds c.
	state := [][]byte{obj(1, "a"), obj(2, "b")}
	events := []datagram{
		{b: frame(evDel, 0, 0, 0, obj(2, "b"))}, {b: frame(evNew, 0, 0, 0, obj(1, "a2"))}, {b: frame(evNew, 0, 0, 0, obj(3, "c"))},
	}
	dump := func(req message) [][]byte {
		var b [][]byte
		for _, o := range state {
			b = append(b, answer(req, evNew, flagMulti, o))
		}
		return append(b, doneReply(req, 0, 0))
	}
	faulty := &faultyKernel{answers: dump, fault: f, at: at}
	k := &fakeKernel{serve: func(s *fakeSocket, req message) {
		if req.Flags&flagDump == flagDump {
			faulty.serve(s, req)
		} else {
			s.push(errorReply(req, -19))
		}
	}}
	c := connectFake(t, &linkFamily, k, WithTimeout(f.limit()))
	limited, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	sent := false
	k.idle = func(s *fakeSocket) {
		switch {
		case s != k.sockets[1]:
		case sent:
			cancel()
		default:
			sent = true
			state = [][]byte{obj(1, "a2"), obj(3, "c")}
			queue := events
			if i := at - 3; i >= 0 {
				queue = append(events[:i:i], f.do(s, events[i], events[i+1:])...)
			}
			_ = s.change(func() { s.queue = append(s.queue, queue...) })
			if len(queue) == 0 {
				cancel()
			}
		}
	}
	view := map[uint32]string{}
	var last error
	for ch, err := range Watch[link, link](limited, c, &opGetLink, &linkWatch, nil) {
		switch {
		case err != nil:
			last = err
		case ch.Kind == Removed:
			delete(view, ch.Old.Index)
		case ch.Kind != Synced:
			view[ch.New.Index] = ch.New.Ifname.Value()
		}
	}
	if errors.Is(last, context.Canceled) {
		// What the kernel never said, nobody can know.
		unsaid := at >= 3 && slices.Contains([]string{"silence", "out of order", "DONE with an error and a text", "error with a text", "preceded by a forgery"}, f.name)
		if got := fmt.Sprint(view); got != "map[1:a2 3:c]" && !unsaid {
			t.Errorf("the watch has %s", got)
		}
		return
	}
	if !documented(last, f.errs) {
		t.Errorf("it ended with %v", last)
	}
}
