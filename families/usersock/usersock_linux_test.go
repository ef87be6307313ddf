package usersock

import (
	"fmt"
	"testing"

	"github.com/nlgen/nlgen/internal/familytest"
	nl "github.com/nlgen/nlgen/runtime"
)

func dial(t *testing.T) *Client {
	t.Helper()
	c, err := Dial()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

func subscribe(t *testing.T, groups ...nl.Group) *nl.Subscription {
	t.Helper()
	sub, err := dial(t).Subscribe(groups...)
	if err != nil {
		t.Fatal(err)
	}
	return sub
}

// next returns the text of the next message and who sent it.
func next(t *testing.T, sub *nl.Subscription) (string, uint32) {
	t.Helper()
	for ev, err := range sub.Stream(familytest.Context(t)) {
		if err != nil {
			t.Fatal(err)
		}
		m := ev.Message.(*Message)
		if m.Type != 16 {
			t.Errorf("type %d", m.Type)
		}
		return string(m.Data), ev.Sender
	}
	panic("unreachable: a stream without an error does not end")
}

// TestIntegrationPort sends messages of all lengths from one program's socket to another's,
// which answers.
func TestIntegrationPort(t *testing.T) {
	a, b := subscribe(t), subscribe(t)
	ctx := familytest.Context(t)
	for n := range 9 {
		want := fmt.Sprintf("%0*d", n, 0)[:n]
		if err := dial(t).Send(ctx, &SendRequest{Data: []byte(want)}, nl.ToPort(b.PortID())); err != nil {
			t.Fatal(err)
		}
		got, sender := next(t, b)
		if got != want || sender == 0 || sender == b.PortID() {
			t.Errorf("%q from %d, want %q", got, sender, want)
		}
	}
	if err := dial(t).Send(ctx, &SendRequest{Data: []byte("back")}, nl.ToPort(a.PortID())); err != nil {
		t.Fatal(err)
	}
	if got, _ := next(t, a); got != "back" {
		t.Errorf("got %q", got)
	}
}

func TestIntegrationGroup(t *testing.T) {
	group := nl.Group{Value: 7}
	members := []*nl.Subscription{subscribe(t, group), subscribe(t, group, GroupFirst)}
	for i := range 100 {
		want := fmt.Sprint("message ", i)
		if err := dial(t).Send(familytest.Context(t), &SendRequest{Data: []byte(want)}, nl.ToGroup(group)); err != nil {
			t.Fatal(err)
		}
		for _, sub := range members {
			if got, _ := next(t, sub); got != want {
				t.Fatalf("got %q, want %q", got, want)
			}
		}
	}
}
