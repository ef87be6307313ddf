package runtime

import (
	"errors"
	"strings"
	"syscall"
	"testing"
)

// text is a message of a protocol that has no attributes.
type text struct {
	Type uint16
	Text string
}

func (m *text) Encode(e *Encoder, b []byte) []byte { return AppendText(e, b, "text", m.Text) }
func (m *text) Decode(d *Decoder)                  { GetText(d, &m.Text) }
func (m *text) SetMessageType(t uint16)            { m.Type = t }

func newText() Message { return new(text) }

// customFamily uses message types that elsewhere are the kernel's own.
func customFamily() *Family {
	return &Family{Name: "custom", Protocol: 29, Schema: &Schema{}, BindGroups: 1 << 1, Events: []EventInfo{
		{ID: typeDone, Name: "hello", New: newText},
		{ID: 1100, Last: 1200, Name: "record", New: newText},
	}}
}

// texts returns the next n events or errors as text.
func texts(s *Subscription, n int) string {
	var got []string
	for m, err := range s.Events(ctx) {
		switch m := m.(type) {
		case nil:
			got = append(got, err.Error())
		case *text:
			got = append(got, m.Text)
		case *UnknownEvent:
			got = append(got, "unknown")
		}
		if len(got) == n {
			break
		}
	}
	return strings.Join(got, "\n")
}

func TestReservedTypes(t *testing.T) {
	c, k := dialFake(t, customFamily(), slow)
	s, err := c.Subscribe()
	if err != nil {
		t.Fatal(err)
	}
	odd := frame(typeDone, 0, 0, 0, []byte("Hello from kernel"))
	k.last().push(odd, append(odd, 0, 0, 0), frame(typeError, 0, 0, 0, u32(0)), frame(1201, 0, 0, 0))
	k.last().pushFrom(datagram{b: odd, from: 42})
	k.last().push(frame(1150, 0, 0, 0, []byte("last")))
	if got, want := texts(s, 4), "Hello from kernel\nHello from kernel\nunknown\nlast"; got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	k.last().push(frame(1150, 0, 0, 0))
	for m := range s.Events(ctx) {
		if m.(*text).Type != 1150 {
			t.Errorf("%+v", m)
		}
		break
	}
}

func TestAnySender(t *testing.T) {
	f := customFamily()
	f.AnySender = true
	c, k := dialFake(t, f, slow)
	s, err := c.Subscribe()
	if err != nil {
		t.Fatal(err)
	}
	k.last().pushFrom(datagram{b: frame(1100, 0, 0, 0, []byte("hi")), from: 42})
	for e, err := range s.Stream(ctx) {
		if err != nil || e.Sender != 42 || e.Message.(*text).Text != "hi" {
			t.Errorf("%+v, %v", e, err)
		}
		break
	}
}

func TestBare(t *testing.T) {
	f := &Family{Name: "uevent", Protocol: 15, Bare: true, Schema: &Schema{}, Events: []EventInfo{{Name: "uevent", New: newText}}}
	c, k := dialFake(t, f, slow)
	s, err := c.Subscribe()
	if err != nil {
		t.Fatal(err)
	}
	k.last().push([]byte("a"), []byte("add@/devices/x\x00ACTION=add\x00"))
	if got, want := texts(s, 2), "a\nadd@/devices/x"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// TestRegister lets events come before the acknowledgement, in its datagram and in
// another; they are the first of the stream.
func TestRegister(t *testing.T) {
	op := &Op{Name: "open", Request: 16, NoReply: true}
	c, k := dialFake(t, customFamily(), func(s *fakeSocket, req message) {
		switch {
		case req.Type == 18:
			s.push(frame(typeDone, 0, 0, 0, []byte("closed")))
		case string(req.body) == "busy":
			s.push(errorReply(req, -int32(syscall.EBUSY)))
		default:
			s.push(frame(1100, 0, 0, 0, []byte("one ")), append(errorReply(req, 0), frame(1101, 0, 0, 0, []byte("two"))...))
		}
	})
	s, err := Register(ctx, c, op, &text{Text: "me"})
	if err != nil {
		t.Fatal(err)
	}
	k.last().push(frame(1102, 0, 0, 0, []byte("three")))
	if err := Unregister(ctx, s, &Op{Name: "shut", Request: 18, NoReply: true}, &text{}); err != nil {
		t.Error(err)
	}
	if got, want := texts(s, 4), "one \ntwo\nthree\nclosed"; got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	before := k.open()
	_, err = Register(ctx, c, op, &text{Text: "busy"})
	var e *Error
	if !errors.As(err, &e) || e.Errno != syscall.EBUSY || e.Op != "open" {
		t.Errorf("error %v", err)
	}
	if k.open() != before {
		t.Errorf("%d sockets open, before %d", k.open(), before)
	}
}

// TestReservedReply calls operations whose replies have reserved types.
func TestReservedReply(t *testing.T) {
	var flags uint16
	c, _ := dialFake(t, customFamily(), func(s *fakeSocket, req message) {
		flags = req.Flags
		switch req.Type {
		case 0:
			s.push(answer(req, 0, 0, []byte("zero")))
		case 20:
			s.push(answer(req, typeDone, 0, []byte("done")), errorReply(req, 0))
		}
	})
	for _, tt := range []struct {
		op   Op
		want string
	}{
		{Op{Name: "zero", NoAck: true}, "zero"},
		{Op{Name: "done", Request: 20, Reply: typeDone}, "done"},
	} {
		reply, err := Do[text](ctx, c, &tt.op, &text{})
		if err != nil || reply.Text != tt.want {
			t.Errorf("%s: %+v, %v", tt.op.Name, reply, err)
		}
	}
	if err := Exec(ctx, c, &Op{Name: "post", Request: 21, NoReply: true, NoAck: true}, &text{}); err != nil || flags != flagRequest {
		t.Errorf("post: %v, flags %#x", err, flags)
	}
	if err := Exec(ctx, c, &Op{Name: "post", Request: 21, NoReply: true}, &text{}, ToPort(1)); !errors.Is(err, errKernelOnly) {
		t.Errorf("to a port: %v", err)
	}
}

func TestBindGroups(t *testing.T) {
	mask, others := customFamily().bindGroups([]Group{{Value: 1}, {Value: 2}, {Value: 40}})
	if mask != 2 || len(others) != 2 || others[1].Value != 40 {
		t.Errorf("mask %#x, others %v", mask, others)
	}
}
