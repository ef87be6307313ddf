package runtime

import (
	"context"
	"errors"
	"net"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func event(id uint16, body ...[]byte) []byte { return frame(id, 0, 0, 0, body...) }

// subscribe returns a subscription to a fake kernel, and its socket.
func subscribe(t *testing.T, groups ...Group) (*Subscription, *fakeSocket) {
	t.Helper()
	c, k := dialFake(t, &linkFamily, slow)
	s, err := c.Subscribe(groups...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s, k.last()
}

// read returns the next n results of a subscription as text.
func read(ctx context.Context, s *Subscription, n int) string {
	var got []string
	for m, err := range s.Events(ctx) {
		switch m := m.(type) {
		case nil:
			got = append(got, err.Error())
		case *link:
			got = append(got, m.Ifname.Value())
		case *UnknownEvent:
			got = append(got, string(m.Payload))
		}
		if len(got) == n {
			break
		}
	}
	return strings.Join(got, "\n")
}

func TestEvents(t *testing.T) {
	s, sock := subscribe(t, Group{Value: 1})
	sock.push(
		append(event(16, linkBody(1, "a")), event(16, linkBody(1, "b"))...),
		append(event(typeError, u32(0)), append(event(typeDone, u32(0)), event(typeNoop)...)...),
		event(99, []byte("raw")),
	)
	sock.pushFrom(datagram{b: event(16, linkBody(1, "forged")), from: 42})
	sock.push(append(event(16, u32(0)), event(16, linkBody(1, "c"))...))
	sock.lost = 7
	sock.pushFrom(datagram{err: syscall.ENOBUFS})
	sock.push([]byte{1, 2, 3}, make([]byte, initialReceiveSize+1), event(16, linkBody(1, "d")))
	sock.pushFrom(datagram{err: syscall.EBADF})

	want := []string{
		"a", "b", "raw",
		"rt-link: newlink-ntf: header: malformed event: 4 bytes, want 16",
		"c",
		"events were lost: 7 so far; read faster, or enlarge the buffer by WithReceiveBuffer",
		"rt-link: events: malformed event: malformed datagram: 3 bytes are too few for a message",
		"rt-link: events: malformed event: message larger than the receive buffer: 65537 bytes for a buffer of 65536",
		"d",
		"rt-link: events: bad file descriptor",
	}
	got := read(ctx, s, 2) + "\n" + read(ctx, s, 100) // leaving a stream loses nothing
	if diff := cmp.Diff(strings.Join(want, "\n"), got); diff != "" {
		t.Error(diff)
	}
}

func TestOverrun(t *testing.T) {
	s, sock := subscribe(t)
	sock.lost = 3
	sock.pushFrom(datagram{err: syscall.ENOBUFS})
	for _, err := range s.Events(ctx) {
		var o *OverrunError
		if !errors.Is(err, ErrOverrun) || !errors.As(err, &o) || o.Count != 3 {
			t.Errorf("error = %#v", err)
		}
		break
	}
}

func TestUnknownEvent(t *testing.T) {
	s, sock := subscribe(t)
	body := []byte{1, 2, 3, 4, 5}
	sock.push(event(1234, body))
	for m, err := range s.Events(ctx) {
		want := &UnknownEvent{ID: 1234, Raw: Raw{Payload: body}}
		if diff := cmp.Diff(Message(want), m); diff != "" || err != nil {
			t.Error(diff, err)
		}
		break
	}
}

func TestEventsEnd(t *testing.T) {
	s, sock := subscribe(t)
	for range 3 { // a stream that was cancelled can be continued
		short, cancel := context.WithTimeout(ctx, 5*time.Millisecond)
		if got := read(short, s, 1); got != context.DeadlineExceeded.Error() {
			t.Error(got)
		}
		cancel()
		sock.push(event(16, linkBody(1, "a")))
		if got := read(ctx, s, 1); got != "a" {
			t.Error(got)
		}
	}
	time.AfterFunc(5*time.Millisecond, func() { s.Close() })
	for _, err := range s.Events(ctx) {
		if !errors.Is(err, net.ErrClosed) {
			t.Error(err)
		}
	}
	if err := s.Close(); err != nil {
		t.Errorf("closed again: %v", err)
	}
}

func TestEventsTwice(t *testing.T) {
	s, sock := subscribe(t)
	sock.push(event(16, linkBody(1, "a")))
	for range s.Events(ctx) {
		if got := read(ctx, s, 1); got != "rt-link: events: the subscription is being read already" {
			t.Error(got)
		}
		break
	}
}

func TestConnCloseEndsSubscription(t *testing.T) {
	s, _ := subscribe(t)
	time.AfterFunc(5*time.Millisecond, func() { s.conn.Close() })
	for _, err := range s.Events(ctx) {
		if !errors.Is(err, net.ErrClosed) {
			t.Error(err)
		}
	}
}

func TestGroups(t *testing.T) {
	k := &fakeKernel{families: map[string]familyInfo{"fake": {id: 40, groups: []Group{{"monitor", 9}, {"config", 11}}}}}
	c := connectFake(t, &genlFamily, k)
	s, err := c.Subscribe(Group{Name: "monitor"})
	if err != nil {
		t.Fatal(err)
	}
	joined := func() map[uint32]bool { return k.last().joined }
	if diff := cmp.Diff(map[uint32]bool{9: true}, joined()); diff != "" {
		t.Error(diff)
	}

	// A group that came with a reloaded module is found.
	k.setFamily("fake", familyInfo{id: 41, groups: []Group{{"monitor", 9}, {"late", 12}}})
	if err := s.Join(Group{Name: "late"}); err != nil {
		t.Error(err)
	}
	if err := s.Leave(Group{Name: "monitor"}); err != nil {
		t.Error(err)
	}
	if diff := cmp.Diff(map[uint32]bool{12: true}, joined()); diff != "" {
		t.Error(diff)
	}

	_, err = c.Subscribe(Group{Name: "nope"})
	want := "fake: join nope: the family has no such group in this kernel; it has: monitor, late"
	if err == nil || err.Error() != want {
		t.Errorf("error = %v, want %s", err, want)
	}
	if n := k.open(); n != 2 {
		t.Errorf("%d sockets open, want those of the Conn and the good subscription", n)
	}

	sock := k.sockets[1]
	sock.push(frame(41, 0, 0, 0, []byte{16, 2, 0, 0}, linkBody(1, "a")), frame(41, 0, 0, 0, []byte{77, 2, 0, 0}, []byte("x")))
	if got := read(ctx, s, 2); got != "a\nx" {
		t.Error(got)
	}
}
