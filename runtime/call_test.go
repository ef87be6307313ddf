package runtime

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"log/slog"
	"net"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

var ctx = context.Background()

func TestDo(t *testing.T) {
	reply := func(req message) []byte { return answer(req, 16, 0, linkBody(7, "eth0")) }
	tests := []struct {
		name  string
		op    *Op
		serve func(s *fakeSocket, req message)
		want  string // name in the reply, "none", or the error
	}{
		{"reply only", &opGetLink, func(s *fakeSocket, req message) { s.push(reply(req)) }, "eth0"},
		{"reply, ack", &opAudit, func(s *fakeSocket, req message) { s.push(reply(req), errorReply(req, 0)) }, "eth0"},
		{"reply and ack in one datagram", &opAudit, func(s *fakeSocket, req message) {
			s.push(append(reply(req), errorReply(req, 0)...))
		}, "eth0"},
		{"ack, reply", &opAudit, func(s *fakeSocket, req message) { s.push(errorReply(req, 0), reply(req)) }, "eth0"},
		{"reply of port 0", &opAudit, func(s *fakeSocket, req message) {
			s.push(errorReply(req, 0), frame(16, 0, req.Sequence, 0, linkBody(7, "eth0")))
		}, "eth0"},
		{"ack alone", &opNewLink, func(s *fakeSocket, req message) { s.push(errorReply(req, 0)) }, "none"},
		{"reply that nobody wants", &opNewLink, func(s *fakeSocket, req message) { s.push(reply(req), errorReply(req, 0)) }, "none"},
		{"no echo", &opEcho, func(s *fakeSocket, req message) { s.push(errorReply(req, 0)) }, "none"},
		{"echo", &opEcho, func(s *fakeSocket, req message) { s.push(reply(req), errorReply(req, 0)) }, "eth0"},
		{"two echoes", &opEcho, func(s *fakeSocket, req message) {
			s.push(reply(req), answer(req, 16, 0, linkBody(8, "other")), errorReply(req, 0))
		}, "eth0"},
		{"parts", &opAudit, func(s *fakeSocket, req message) {
			s.push(answer(req, 16, flagMulti, linkBody(7, "eth0")), doneReply(req, 0, 0), errorReply(req, 0))
		}, "eth0"},
		{"parts after the ack", &opAudit, func(s *fakeSocket, req message) {
			s.push(errorReply(req, 0), answer(req, 16, flagMulti, linkBody(7, "eth0")), doneReply(req, 0, 0))
		}, "eth0"},
		{"flag of parts on a single reply", &opGetLink, func(s *fakeSocket, req message) {
			s.push(answer(req, 16, flagMulti, linkBody(7, "eth0")))
		}, "eth0"},
		{"parts that fail", &opAudit, func(s *fakeSocket, req message) {
			s.push(answer(req, 16, flagMulti, linkBody(7, "eth0")), doneReply(req, -1, 0))
		}, "rt-link: audit: operation not permitted"},
		{"done alone", &opGetLink, func(s *fakeSocket, req message) { s.push(doneReply(req, 0, 0)) }, "none"},
		{"two replies", &opAudit, func(s *fakeSocket, req message) { s.push(reply(req), reply(req), errorReply(req, 0)) },
			"rt-link: audit: a second reply came, but the operation has one"},
		{"error", &opGetLink, func(s *fakeSocket, req message) { s.push(errorReply(req, -19)) },
			"rt-link: getlink: no such device"},
		{"error with the wrong sign", &opGetLink, func(s *fakeSocket, req message) { s.push(errorReply(req, 19)) },
			"rt-link: getlink: no such device"},
		{"noop before", &opGetLink, func(s *fakeSocket, req message) { s.push(answer(req, typeNoop, 0), reply(req)) }, "eth0"},
		{"foreign messages", &opGetLink, func(s *fakeSocket, req message) {
			s.push(frame(16, 0, req.Sequence-1, req.PortID, linkBody(1, "stale")),
				frame(typeError, 0, req.Sequence-1, req.PortID, u32(1), req.raw),
				frame(16, 0, req.Sequence, req.PortID+1, linkBody(2, "other port")))
			s.pushFrom(datagram{b: reply(message{Header: req.Header}), from: 42})
			s.push(append(frame(16, 0, req.Sequence+1, req.PortID, linkBody(3, "later")), reply(req)...))
		}, "eth0"},
		{"message type says nothing", &opGetLink, func(s *fakeSocket, req message) {
			s.push(answer(req, 999, 0, linkBody(7, "eth0")))
		}, "eth0"},
		{"short datagram", &opGetLink, func(s *fakeSocket, req message) { s.push(make([]byte, 15)) },
			"rt-link: getlink: malformed datagram: 15 bytes are too few for a message"},
		{"length beyond the datagram", &opGetLink, func(s *fakeSocket, req message) { s.push(reply(req)[:30]) },
			"rt-link: getlink: malformed datagram: message length 44 does not fit into the 30 bytes left"},
		{"length below the header", &opGetLink, func(s *fakeSocket, req message) {
			b := reply(req)
			native.PutUint32(b, 8)
			s.push(b)
		}, "rt-link: getlink: malformed datagram: message length 8 does not fit into the 44 bytes left"},
		{"short error", &opGetLink, func(s *fakeSocket, req message) { s.push(answer(req, typeError, 0, u16(1))) },
			"rt-link: getlink: malformed NLMSG_ERROR of 2 bytes"},
		{"short header", &opGetLink, func(s *fakeSocket, req message) { s.push(answer(req, 16, 0, u32(0))) },
			"rt-link: getlink: header: malformed reply: 4 bytes, want 16"},
		{"short attribute", &opGetLink, func(s *fakeSocket, req message) {
			s.push(answer(req, 16, 0, make([]byte, 16), attr(attrIfname, cstr("x")), attr(attrMTU, u16(1))))
		}, "rt-link: getlink: mtu: malformed reply: payload of 2 bytes, want 4"},
		{"overrun", &opGetLink, func(s *fakeSocket, req message) { s.pushFrom(datagram{err: syscall.ENOBUFS}) },
			"rt-link: getlink: the answer did not fit into the socket's receive buffer, see WithReceiveBuffer: no buffer space available"},
		{"closed under way", &opGetLink, func(s *fakeSocket, req message) { s.close() },
			"rt-link: getlink: use of closed network connection"},
		{"lengths that are no multiple of four", &opAudit, func(s *fakeSocket, req message) {
			b := answer(req, 16, 0, make([]byte, linkHeader), []byte{})
			b = append(b, attr(attrIfname, []byte("abc"))[:7]...)
			native.PutUint32(b, uint32(len(b)))
			s.push(append(append(b, 0), errorReply(req, 0)...))
		}, "abc"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c, _ := dialFake(t, &linkFamily, tt.serve)
			var opts []CallOption
			if tt.op.Optional {
				opts = append(opts, Echo)
			}
			got := "none"
			switch r, err := Do[link, link](ctx, c, tt.op, nil, opts...); {
			case err != nil:
				got = err.Error()
			case r != nil:
				got = r.Ifname.Value()
			}
			if got != tt.want {
				t.Errorf("got  %s\nwant %s", got, tt.want)
			}
		})
	}
}

// After each answer of TestDo, even a broken one, the next call gets its own answer.
func TestCallAfterMess(t *testing.T) {
	mess := []func(s *fakeSocket, req message){
		func(s *fakeSocket, req message) { // a second reply, an ack nobody asked for
			s.push(answer(req, 16, 0, linkBody(1, "a")), answer(req, 16, 0, linkBody(1, "b")), errorReply(req, 0))
		},
		func(s *fakeSocket, req message) { s.push(make([]byte, 3), answer(req, 16, 0, linkBody(1, "late"))) },
		func(s *fakeSocket, req message) {
			s.push(answer(req, 16, 0, u32(0)), answer(req, 16, 0, linkBody(1, "late")))
		},
		func(s *fakeSocket, req message) {
			s.pushFrom(datagram{err: syscall.ENOBUFS})
			s.push(answer(req, 16, 0, linkBody(1, "late")))
		},
	}
	calls := 0
	c, _ := dialFake(t, &linkFamily, func(s *fakeSocket, req message) {
		if calls++; calls%2 == 1 {
			mess[calls/2](s, req)
			return
		}
		s.push(answer(req, 16, 0, linkBody(2, "right")))
	})
	for i := range mess {
		_, _ = Do[link, link](ctx, c, &opGetLink, nil)
		r, err := Do[link, link](ctx, c, &opGetLink, nil)
		if err != nil || r.Ifname.Value() != "right" {
			t.Errorf("after mess %d: %v, %v", i, r, err)
		}
	}
}

func TestRequest(t *testing.T) {
	var sent []byte
	c, k := dialFake(t, &linkFamily, func(s *fakeSocket, req message) {
		sent = req.raw
		s.push(errorReply(req, 0))
	})
	req := &link{Index: 5, Ifname: Some("a"), MTU: U32(0x100)}
	if err := Exec(ctx, c, &opNewLink, req, Create|Excl); err != nil {
		t.Fatal(err)
	}
	body, err := Marshal(req)
	if err != nil {
		t.Fatal(err)
	}
	want := frame(16, 0x605, 1, k.last().pid, body)
	if diff := cmp.Diff(want, sent); diff != "" {
		t.Error(diff)
	}
}

func TestRequestError(t *testing.T) {
	c, k := dialFake(t, &linkFamily, func(*fakeSocket, message) { t.Error("sent") })
	err := Exec(ctx, c, &opNewLink, &link{Ifname: Some("a"), MTU: U32(5)})
	want := "rt-link: newlink: mtu: 5 is below the minimum 68"
	if err == nil || err.Error() != want {
		t.Errorf("error = %v, want %s", err, want)
	}
	if k.open() != 1 {
		t.Errorf("%d sockets open, want the one that was not used", k.open())
	}
}

func TestWithHeader(t *testing.T) {
	k := &fakeKernel{families: map[string]familyInfo{"fake": {id: 40}}}
	k.serve = func(s *fakeSocket, req message) {
		s.push(answer(req, 40, flagMulti, []byte{9, 3, 0, 0}, []byte{1, 2, 3}), doneReply(req, 0, 0))
	}
	c := connectFake(t, &genlFamily, k)
	var h Header
	r, err := Do[Raw, Raw](ctx, c, &opAudit, nil, WithHeader(&h))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(Raw{Payload: []byte{1, 2, 3}}, *r); diff != "" {
		t.Error(diff)
	}
	if want := (Header{23, 40, flagMulti, 1, 1000, 9, 3}); h != want {
		t.Errorf("header = %+v, want %+v", h, want)
	}
}

func TestGeneric(t *testing.T) {
	var types []uint16
	k := &fakeKernel{families: map[string]familyInfo{"fake": {id: 40}}}
	k.serve = func(s *fakeSocket, req message) {
		types = append(types, req.Type)
		req.takeGenl()
		switch {
		case req.Type != k.families["fake"].id:
			s.push(errorReply(req, -2))
		case req.Flags&flagDump == flagDump:
			s.push(answer(req, req.Type, flagMulti, []byte{16, 2, 0, 0}, linkBody(1, "item")), doneReply(req, 0, 0))
		case req.Command != 18 || req.Version != 2:
			s.push(errorReply(req, -22))
		default:
			s.push(answer(req, req.Type, 0, []byte{16, 2, 0, 0}, linkBody(1, "eth0")))
		}
	}
	c := connectFake(t, &genlFamily, k)
	get := func() string {
		t.Helper()
		r, err := Do[link, link](ctx, c, &opGetLink, nil)
		if err != nil {
			return err.Error()
		}
		return r.Ifname.Value()
	}
	if got := get(); got != "eth0" {
		t.Error(got)
	}

	// The module was loaded again: another id.
	k.setFamily("fake", familyInfo{id: 41})
	if got := get(); got != "eth0" {
		t.Error(got)
	}
	k.setFamily("fake", familyInfo{id: 42})
	if items, err := All[link, link](ctx, c, &opGetLink, nil); err != nil || len(items) != 1 {
		t.Error(items, err)
	}
	if diff := cmp.Diff([]uint16{40, 40, 41, 41, 42}, types); diff != "" {
		t.Error("message types:", diff)
	}

	// The module is gone.
	delete(k.families, "fake")
	_, err := Do[link, link](ctx, c, &opGetLink, nil)
	if !errors.Is(err, ErrFamilyNotFound) || !errors.Is(err, os.ErrNotExist) {
		t.Errorf("error = %v, want ErrFamilyNotFound", err)
	}
	want := "fake: getlink: the kernel does not have this family; is the module fake loaded?"
	if err.Error() != want {
		t.Errorf("error = %v, want %s", err, want)
	}
}

// A generic family that acknowledges has said all: waiting on would never end.
func TestGenericNoReply(t *testing.T) {
	k := &fakeKernel{families: map[string]familyInfo{"fake": {id: 40}}}
	k.serve = func(s *fakeSocket, req message) { s.push(errorReply(req, 0)) }
	r, err := Do[Raw, Raw](ctx, connectFake(t, &genlFamily, k), &opAudit, nil)
	if r != nil || err != nil {
		t.Errorf("reply %v, error %v; want neither", r, err)
	}
}

// An ENOENT that is about an object is not about the family.
func TestGenericNotExist(t *testing.T) {
	calls := 0
	k := &fakeKernel{families: map[string]familyInfo{"fake": {id: 40}}}
	k.serve = func(s *fakeSocket, req message) {
		calls++
		s.push(errorReply(req, -2))
	}
	c := connectFake(t, &genlFamily, k)
	_, err := Do[link, link](ctx, c, &opGetLink, nil)
	if !errors.Is(err, os.ErrNotExist) || errors.Is(err, ErrFamilyNotFound) || calls != 1 {
		t.Errorf("after %d calls: %v", calls, err)
	}
}

// Generic families reply before they acknowledge: nothing comes after an ack.
func TestGenericAckAlone(t *testing.T) {
	k := &fakeKernel{families: map[string]familyInfo{"fake": {id: 40}}}
	k.serve = func(s *fakeSocket, req message) { s.push(errorReply(req, 0)) }
	r, err := Do[link, link](ctx, connectFake(t, &genlFamily, k), &opAudit, nil)
	if r != nil || err != nil {
		t.Errorf("%v, %v; want no reply", r, err)
	}
}

func TestFamilyNotFound(t *testing.T) {
	tests := []struct{ family, want string }{
		{"wireguard", "wireguard: dial: the kernel does not have this family; is the module wireguard loaded?"},
		{"nl80211", "nl80211: dial: the kernel does not have this family; is the module cfg80211 loaded?"},
		{"ovs_flow", "ovs_flow: dial: the kernel does not have this family; is the module openvswitch loaded?"},
		{"net-shaper", "net-shaper: dial: the kernel does not have this family; is the module net_shaper loaded?"},
	}
	for _, tt := range tests {
		_, err := connect(&Family{Name: tt.family, Protocol: genericProtocol}, &fakeKernel{}, config{})
		var e *Error
		switch {
		case !errors.As(err, &e) || e.Errno != errNoEntry || !errors.Is(err, ErrFamilyNotFound) || !errors.Is(err, os.ErrNotExist):
			t.Errorf("%s: error = %#v", tt.family, err)
		case err.Error() != tt.want:
			t.Errorf("got  %v\nwant %s", err, tt.want)
		}
	}
}

// A dump of the given datagrams, as text: names, then the error.
func stream(seq iter.Seq2[*link, error]) string {
	var s []string
	for m, err := range seq {
		if err != nil {
			s = append(s, err.Error())
		} else {
			s = append(s, m.Ifname.Value())
		}
	}
	return strings.Join(s, "; ")
}

func TestDump(t *testing.T) {
	const interrupted = "rt-link: getlink: the dump was interrupted by a change and may be inconsistent"
	item := func(req message, name string, flags uint16) []byte {
		return answer(req, 16, flagMulti|flags, linkBody(1, name))
	}
	tests := []struct {
		name  string
		serve func(s *fakeSocket, req message)
		want  string
	}{
		{"empty", func(s *fakeSocket, req message) { s.push(doneReply(req, 0, 0)) }, ""},
		{"done without payload", func(s *fakeSocket, req message) { s.push(answer(req, typeDone, flagMulti)) }, ""},
		{"several datagrams", func(s *fakeSocket, req message) {
			s.push(append(item(req, "a", 0), item(req, "b", 0)...), item(req, "c", 0), doneReply(req, 0, 0))
		}, "a; b; c"},
		{"done in the datagram of items", func(s *fakeSocket, req message) {
			s.push(append(item(req, "a", 0), doneReply(req, 0, 0)...))
		}, "a"},
		{"interrupted at first", func(s *fakeSocket, req message) {
			s.push(item(req, "a", flagInterrupted), item(req, "b", 0), doneReply(req, 0, 0))
		}, "a; b; " + interrupted},
		{"interrupted at last", func(s *fakeSocket, req message) {
			s.push(item(req, "a", 0), item(req, "b", flagInterrupted), doneReply(req, 0, 0))
		}, "a; b; " + interrupted},
		{"interrupted on done", func(s *fakeSocket, req message) {
			s.push(item(req, "a", 0), doneReply(req, 0, flagInterrupted))
		}, "a; " + interrupted},
		{"refused", func(s *fakeSocket, req message) { s.push(errorReply(req, -95)) },
			"rt-link: getlink: operation not supported"},
		{"failing after items", func(s *fakeSocket, req message) {
			s.push(item(req, "a", 0), doneReply(req, -22, 0, attr(extackMsg, cstr("no good")), attr(extackOffs, u32(32))))
		}, `a; rt-link: getlink: ifname: invalid argument (kernel: "no good")`},
		{"failure outdoes interruption", func(s *fakeSocket, req message) {
			s.push(item(req, "a", flagInterrupted), doneReply(req, -22, 0))
		}, "a; rt-link: getlink: invalid argument"},
		{"malformed item", func(s *fakeSocket, req message) {
			s.push(item(req, "a", 0), answer(req, 16, flagMulti, make([]byte, 16), attr(attrMTU)), item(req, "c", 0), doneReply(req, 0, 0))
		}, "a; rt-link: getlink: mtu: malformed reply: payload of 0 bytes, want 4"},
		{"malformed datagram", func(s *fakeSocket, req message) { s.push(item(req, "a", 0), []byte{1}) },
			"a; rt-link: getlink: malformed datagram: 1 bytes are too few for a message"},
		{"foreign items", func(s *fakeSocket, req message) {
			s.push(frame(16, flagMulti, req.Sequence-1, req.PortID, linkBody(1, "stale")), frame(typeDone, flagMulti, req.Sequence-1, req.PortID, u32(0)))
			s.push(item(req, "a", 0), frame(typeDone, 0, req.Sequence, 77, u32(0)), doneReply(req, 0, 0))
		}, "a"},
		{"overrun", func(s *fakeSocket, req message) {
			s.push(item(req, "a", 0))
			s.pushFrom(datagram{err: syscall.ENOBUFS})
		}, "a; rt-link: getlink: the answer did not fit into the socket's receive buffer, see WithReceiveBuffer: no buffer space available"},
		{"closed", func(s *fakeSocket, req message) {
			s.push(item(req, "a", 0))
			time.AfterFunc(5*time.Millisecond, func() { s.close() })
		}, "a; rt-link: getlink: use of closed network connection"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c, _ := dialFake(t, &linkFamily, tt.serve)
			for range 2 { // a stream can be read again
				if got := stream(Dump[link](ctx, c, &opGetLink, &link{Ifname: Some("x")})); got != tt.want {
					t.Errorf("got  %s\nwant %s", got, tt.want)
				}
			}
		})
	}
}

func TestDumpItemsAreKept(t *testing.T) {
	c, _ := dialFake(t, &linkFamily, func(s *fakeSocket, req message) {
		for i := range 300 {
			body := bytes.Join([][]byte{linkBody(uint32(i), fmt.Sprint("eth", i)), attr(77, u32(uint32(i)))}, nil)
			s.push(answer(req, 16, flagMulti, body))
		}
		s.push(doneReply(req, 0, 0))
	})
	items, err := All[link, link](ctx, c, &opGetLink, nil)
	if err != nil || len(items) != 300 {
		t.Fatalf("%d items, %v", len(items), err)
	}
	for i, m := range items {
		want := link{Index: uint32(i), Ifname: Some(fmt.Sprint("eth", i)), Unknown: attr(77, u32(uint32(i)))}
		if diff := cmp.Diff(want, *m, cmp.AllowUnexported(Opt[string]{}, Opt[uint32]{})); diff != "" {
			t.Fatal(diff)
		}
	}
}

func TestAllRetries(t *testing.T) {
	dumps := 0
	serve := func(bad int, flags uint16, size int) func(s *fakeSocket, req message) {
		dumps = 0
		return func(s *fakeSocket, req message) {
			s.push(answer(req, 16, flagMulti, linkBody(1, "a")))
			if dumps++; dumps <= bad {
				s.push(answer(req, 16, flagMulti|flags, linkBody(1, "x"), make([]byte, size)))
			}
			s.push(doneReply(req, 0, 0))
		}
	}
	tests := []struct {
		name  string
		serve func(s *fakeSocket, req message)
		opts  []Option
		items int
		dumps int
		err   error
	}{
		{"interrupted", serve(3, flagInterrupted, 0), nil, 1, 4, nil},
		{"always interrupted", serve(100, flagInterrupted, 0), nil, 2, 11, ErrDumpInterrupted},
		{"no retries", serve(1, flagInterrupted, 0), []Option{WithDumpRetries(0)}, 2, 1, ErrDumpInterrupted},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			dumps = 0
			c, _ := dialFake(t, &linkFamily, tt.serve, tt.opts...)
			items, err := All[link, link](ctx, c, &opGetLink, nil)
			if !errors.Is(err, tt.err) || len(items) != tt.items || dumps != tt.dumps {
				t.Errorf("%d items, %v after %d dumps; want %d, %v, %d", len(items), err, dumps, tt.items, tt.err, tt.dumps)
			}
		})
	}

	t.Run("truncated", func(t *testing.T) {
		dumps := 0
		c, _ := dialFake(t, &linkFamily, func(s *fakeSocket, req message) {
			dumps++
			s.push(answer(req, 16, flagMulti, linkBody(1, "large"), attr(99, make([]byte, 65000)), attr(99, make([]byte, 65000))))
			s.push(doneReply(req, 0, 0))
		})
		want := "rt-link: getlink: message larger than the receive buffer: 130052 bytes for a buffer of 65536"
		if got := stream(Dump[link, link](ctx, c, &opGetLink, nil)); got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
		c.receiveSize.Store(initialReceiveSize)
		dumps = 0
		items, err := All[link, link](ctx, c, &opGetLink, nil)
		if err != nil || len(items) != 1 || len(items[0].Unknown) != 2*65004 || dumps != 2 {
			t.Errorf("%d items, %v after %d dumps", len(items), err, dumps)
		}
	})
}

func TestWarnings(t *testing.T) {
	var got []Warning
	var log bytes.Buffer
	c, _ := dialFake(t, &linkFamily, func(s *fakeSocket, req message) {
		if req.Flags&flagDump == flagDump {
			s.push(doneReply(req, 0, 0, attr(extackMsg, cstr("half of it"))))
			return
		}
		s.push(errorReply(req, 0, attr(extackMsg, cstr("deprecated"))))
	}, WithWarnings(func(w Warning) { got = append(got, w) }), WithLogger(slog.New(slog.NewTextHandler(&log, nil))))
	if err := Exec[link](ctx, c, &opNewLink, nil); err != nil {
		t.Error(err)
	}
	if _, err := All[link, link](ctx, c, &opGetLink, nil); err != nil {
		t.Error(err)
	}
	want := []Warning{{"rt-link", "newlink", "deprecated"}, {"rt-link", "getlink", "half of it"}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if !strings.Contains(log.String(), `level=WARN msg="netlink: half of it" family=rt-link op=getlink`) {
		t.Error(log.String())
	}
}

// slow answers a dump and gets with names, other requests never.
func slow(s *fakeSocket, req message) {
	switch {
	case req.Flags&flagDump == flagDump:
		for i := range 10 {
			s.push(answer(req, 16, flagMulti, linkBody(uint32(i), "item")))
		}
		s.push(doneReply(req, 0, 0))
	case req.Type == opGetLink.Request:
		s.push(answer(req, 16, 0, linkBody(1, "eth0")))
	}
}

func TestCancel(t *testing.T) {
	cause := errors.New("the user left")
	tests := []struct {
		name string
		ctx  func() (context.Context, func())
		opts []Option
		want []error
	}{
		{"before", func() (context.Context, func()) {
			ctx, cancel := context.WithCancel(ctx)
			cancel()
			return ctx, cancel
		}, nil, []error{context.Canceled}},
		{"while waiting", func() (context.Context, func()) {
			ctx, cancel := context.WithCancelCause(ctx)
			time.AfterFunc(10*time.Millisecond, func() { cancel(cause) })
			return ctx, func() { cancel(nil) }
		}, nil, []error{context.Canceled, cause}},
		{"deadline", func() (context.Context, func()) { return context.WithTimeout(ctx, 10*time.Millisecond) },
			nil, []error{context.DeadlineExceeded}},
		{"timeout of the Conn", func() (context.Context, func()) { return ctx, func() {} },
			[]Option{WithTimeout(10 * time.Millisecond)}, []error{context.DeadlineExceeded}},
		{"cancel before the timeout", func() (context.Context, func()) {
			ctx, cancel := context.WithCancel(ctx)
			time.AfterFunc(10*time.Millisecond, cancel)
			return ctx, cancel
		}, []Option{WithTimeout(time.Hour)}, []error{context.Canceled}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c, k := dialFake(t, &linkFamily, slow, tt.opts...)
			ctx, stop := tt.ctx()
			defer stop()
			err := Exec[link](ctx, c, &opNewLink, nil)
			for _, want := range tt.want {
				if !errors.Is(err, want) {
					t.Errorf("error = %v, want %v", err, want)
				}
			}
			if r, err := Do[link, link](context.Background(), c, &opGetLink, nil); err != nil || r.Ifname.Value() != "eth0" {
				t.Errorf("next call: %v, %v", r, err)
			}
			if n := k.open(); n != 1 {
				t.Errorf("%d sockets open, want 1", n)
			}
		})
	}
}

func TestNested(t *testing.T) {
	c, k := dialFake(t, &linkFamily, slow)
	n := 0
	for range Dump[link, link](ctx, c, &opGetLink, nil) {
		n++
		if r, err := Do[link, link](ctx, c, &opGetLink, nil); err != nil || r.Ifname.Value() != "eth0" {
			t.Fatal(r, err)
		}
	}
	if n != 10 || k.open() != 2 {
		t.Errorf("%d items, %d sockets; want 10, 2", n, k.open())
	}
}

func TestBreak(t *testing.T) {
	c, k := dialFake(t, &linkFamily, slow)
	for range Dump[link, link](ctx, c, &opGetLink, nil) {
		break
	}
	func() {
		defer func() { _ = recover() }()
		for range Dump[link, link](ctx, c, &opGetLink, nil) {
			panic("in the body of the loop")
		}
	}()
	if k.open() != 0 {
		t.Errorf("%d sockets open after streams that were left", k.open())
	}
	if got := stream(Dump[link, link](ctx, c, &opGetLink, nil)); strings.Count(got, "item") != 10 {
		t.Error(got)
	}
}

func TestPool(t *testing.T) {
	gate := make(chan struct{})
	c, k := dialFake(t, &linkFamily, func(s *fakeSocket, req message) {
		<-gate
		slow(s, req)
	})
	const calls = 3 * maxIdle
	done := make(chan error)
	for range calls {
		go func() {
			_, err := Do[link, link](ctx, c, &opGetLink, nil)
			done <- err
		}()
	}
	for k.open() < calls {
		time.Sleep(time.Millisecond)
	}
	close(gate)
	for range calls {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
	if k.open() != maxIdle {
		t.Errorf("%d sockets kept, want %d", k.open(), maxIdle)
	}
}

func TestMaxSockets(t *testing.T) {
	c, k := dialFake(t, &linkFamily, slow, WithMaxSockets(1))
	short, cancel := context.WithTimeout(ctx, 10*time.Millisecond)
	defer cancel()
	for range Dump[link, link](ctx, c, &opGetLink, nil) {
		if _, err := Do[link, link](short, c, &opGetLink, nil); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("call without a socket: %v", err)
		}
		break
	}
	for range 5 {
		if _, err := Do[link, link](ctx, c, &opGetLink, nil); err != nil {
			t.Error(err)
		}
	}
	if k.open() != 1 {
		t.Errorf("%d sockets open", k.open())
	}
}

func TestClose(t *testing.T) {
	c, k := dialFake(t, &linkFamily, slow, WithMaxSockets(2))
	done := make(chan error)
	for range 3 { // two wait for the kernel, one for a socket
		go func() { done <- Exec[link](ctx, c, &opNewLink, nil) }()
	}
	for k.open() < 2 {
		time.Sleep(time.Millisecond)
	}
	time.Sleep(5 * time.Millisecond)
	if err := errors.Join(c.Close(), c.Close()); err != nil {
		t.Error(err)
	}
	for range 3 {
		if err := <-done; !errors.Is(err, net.ErrClosed) {
			t.Errorf("call under way: %v", err)
		}
	}
	_, doErr := Do[link, link](ctx, c, &opGetLink, nil)
	_, allErr := All[link, link](ctx, c, &opGetLink, nil)
	_, subErr := c.Subscribe()
	for _, err := range []error{doErr, allErr, subErr} {
		if !errors.Is(err, net.ErrClosed) {
			t.Errorf("after Close: %v", err)
		}
	}
	if k.open() != 0 {
		t.Errorf("%d sockets open", k.open())
	}
}

func TestLogger(t *testing.T) {
	var log bytes.Buffer
	logger := slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{
		Level: slog.LevelDebug,
		ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
			if a.Key == slog.TimeKey {
				return slog.Attr{}
			}
			return a
		},
	}))
	c, _ := dialFake(t, &linkFamily, slow, WithLogger(logger))
	if _, err := Do[link](ctx, c, &opGetLink, &link{MTU: U32(1500)}); err != nil {
		t.Fatal(err)
	}
	want := `level=DEBUG msg="netlink send" family=rt-link name=getlink type=18 flags=request seq=1 port=1000 body="header=00000000000000000000000000000000 mtu=1500"
level=DEBUG msg="netlink receive" family=rt-link name=getlink type=16 flags=0 seq=1 port=1000 body="header=` + fmt.Sprintf("%x", linkBody(1, "")[:16]) + ` ifname=\"eth0\""
`
	if diff := cmp.Diff(want, log.String()); diff != "" {
		t.Error(diff)
	}
}

func TestDebug(t *testing.T) {
	t.Setenv("NLGEN_DEBUG", "1")
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	stderr := os.Stderr
	os.Stderr = w
	defer func() { os.Stderr = stderr }()
	k := &fakeKernel{families: map[string]familyInfo{"fake": {id: 40}}, serve: func(s *fakeSocket, req message) {
		s.push(errorReply(req, -1, attr(extackMsg, cstr("no"))))
	}}
	err = Exec(ctx, connectFake(t, &genlFamily, k), &opNewLink, &link{MTU: U32(1500)}, Create)
	if !errors.Is(err, os.ErrPermission) {
		t.Error(err)
	}
	w.Close()
	got, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	want := `fake: send newlink: type=40 flags=request|ack|create seq=1 port=1000 cmd=16 header=00000000000000000000000000000000 mtu=1500
fake: receive newlink: type=2 flags=capped|ack-tlvs seq=1 port=1000 NLMSG_ERROR 1 (operation not permitted) "no"
`
	if diff := cmp.Diff(want, string(got)); diff != "" {
		t.Error(diff)
	}
}
