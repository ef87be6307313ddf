package modules_test

import (
	"bufio"
	"context"
	"encoding/binary"
	"errors"
	"io"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/nlgen/nlgen/families/exam"
	"github.com/nlgen/nlgen/families/hello"
	"github.com/nlgen/nlgen/families/imp2"
	"github.com/nlgen/nlgen/families/mytest"
	"github.com/nlgen/nlgen/internal/familytest"
	"github.com/nlgen/nlgen/internal/vm"
	nl "github.com/nlgen/nlgen/runtime"
)

// dial connects to a module, which is loaded in the guest alone.
func dial[C io.Closer](t *testing.T, dial func(...nl.Option) (C, error)) C {
	t.Helper()
	needGuest(t)
	c, err := dial()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

func needGuest(t *testing.T) {
	t.Helper()
	if os.Getenv(vm.InGuest) == "" {
		t.Skip("TestModules runs this in a guest")
	}
}

// refused checks what the kernel said about a request.
func refused(t *testing.T, err error, errno syscall.Errno, text string) {
	t.Helper()
	if e, ok := errors.AsType[*nl.Error](err); !ok || e.Errno != errno || e.Message != text {
		t.Errorf("%v, want %v (%q)", err, errno, text)
	}
}

func TestGuestMytest(t *testing.T) {
	c := dial(t, mytest.Dial)
	sub, err := c.Subscribe(mytest.GroupExt3)
	if err != nil {
		t.Fatal(err)
	}
	defer sub.Close()
	ctx := familytest.Context(t)
	report := mytest.FSError{Major: 8, Minor: 1, Inode: 1 << 40, Block: 33, Error: int32(unix.EIO), Line: 321, Function: "a_name_of_thirty_one_characters"}
	bad := report
	bad.Error = 0
	refused(t, c.RaiseError(ctx, &mytest.RaiseErrorRequest{Report: bad}), unix.ERANGE, "not an error number")
	if err := c.RaiseError(ctx, &mytest.RaiseErrorRequest{Report: report}); err != nil {
		t.Fatal(err)
	}
	for ev, err := range sub.Events(ctx) {
		if err != nil {
			t.Fatal(err)
		}
		familytest.Equal[nl.Message](t, "event", ev, &mytest.ErrorNtf{Report: report})
		return
	}
}

func TestGuestHello(t *testing.T) {
	c := dial(t, hello.Dial)
	sub, err := c.Subscribe(hello.GroupGreetings)
	if err != nil {
		t.Fatal(err)
	}
	defer sub.Close()
	for range 3 {
		familytest.Event(t, sub, func(g *hello.Greeting) bool { return g.Text == "Hello from kernel" })
	}
	// The bytes are those that make it special.
	fd := socket(t, hello.Family())
	defer unix.Close(fd)
	if err := unix.SetsockoptInt(fd, unix.SOL_NETLINK, unix.NETLINK_ADD_MEMBERSHIP, 2); err != nil {
		t.Fatal(err)
	}
	buf := make([]byte, 100)
	n, _, err := unix.Recvfrom(fd, buf, 0)
	if err != nil {
		t.Fatal(err)
	}
	ne := binary.NativeEndian
	if want := unix.NLMSG_HDRLEN + len("Hello from kernel"); n != want || ne.Uint32(buf) != uint32(want) || ne.Uint16(buf[4:]) != unix.NLMSG_DONE {
		t.Errorf("%x; want NLMSG_DONE, %d bytes", buf[:n], want)
	}
}

func TestGuestImp2(t *testing.T) {
	c := dial(t, imp2.Dial)
	other := dial(t, imp2.Dial)
	ctx := familytest.Context(t)
	register := func(c *imp2.Client) *nl.Subscription {
		t.Helper()
		sub, err := c.Register(ctx, nil)
		if err != nil {
			t.Fatal(err)
		}
		return sub
	}
	here, there := netip.MustParseAddr("127.0.0.1"), netip.MustParseAddr("127.0.0.2")
	ping := func(sub *nl.Subscription) {
		t.Helper()
		if out, err := exec.Command("ping", "-c", "1", "-W", "5", there.String()).CombinedOutput(); err != nil {
			t.Fatalf("ping: %v\n%s", err, out)
		}
		want := []imp2.PacketInfo{{Source: here, Destination: there}, {Source: there, Destination: here}}
		for ev, err := range sub.Events(ctx) {
			if err != nil {
				t.Fatal(err)
			}
			familytest.Equal[nl.Message](t, "packet", ev, &imp2.Packet{Packet: want[0]})
			if want = want[1:]; len(want) == 0 {
				return
			}
		}
	}

	sub := register(c)
	ping(sub)
	_, err := other.Register(ctx, nil)
	refused(t, err, unix.EBUSY, "another program has registered")
	if err := c.Unregister(ctx, sub, nil); err != nil {
		t.Fatal(err)
	}
	second := register(other) // the close message has made room
	ping(second)
	quiet(t, sub)
	// So does the end of the socket, which sends no message.
	if err := second.Close(); err != nil {
		t.Fatal(err)
	}
	third := register(c)
	ping(third)
	third.Close()
	sub.Close()
}

// quiet checks that nothing comes for a while.
func quiet(t *testing.T, sub *nl.Subscription) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	for ev, err := range sub.Events(ctx) {
		if !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %+v, %v", ev, err)
		}
		return
	}
}

const examBuffer = "/proc/netlink_exam_buffer"

// TestGuestExam runs the two commands, which know nothing of the test.
func TestGuestExam(t *testing.T) {
	c := dial(t, exam.Dial)
	recv := exec.Command("recv")
	stdout, err := recv.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	recv.Stderr = os.Stderr
	if err := recv.Start(); err != nil {
		t.Fatal(err)
	}
	lines := make(chan string)
	go func() {
		for s := bufio.NewScanner(stdout); s.Scan(); {
			lines <- s.Text()
		}
		close(lines)
	}()
	file := filepath.Join(t.TempDir(), "text")
	send := func(text string) {
		t.Helper()
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		if out, err := exec.Command("send", file).CombinedOutput(); err != nil {
			t.Fatalf("send: %v\n%s", err, out)
		}
		if kept, err := os.ReadFile(examBuffer); string(kept) != text || err != nil {
			t.Errorf("%s has %q, %v; want %q", examBuffer, kept, err, text)
		}
	}
	// What is sent before there is a receiver is only kept.
	for ready := false; !ready; {
		send("ready?\n")
		select {
		case line := <-lines:
			ready = line == "ready?"
		case <-time.After(50 * time.Millisecond):
		}
	}
	want := "grüß dich, \"Welt\"  " + strings.Repeat("x", 3900)
	send("first\n" + want + "\n")
	for line := range lines {
		if line == want {
			break
		}
		if line != "ready?" && line != "first" {
			t.Fatalf("got %q", line)
		}
	}

	ctx := familytest.Context(t)
	_, err = c.Receive(ctx, nil)
	refused(t, err, unix.EBUSY, "another program receives")
	refused(t, c.Send(ctx, &exam.SendRequest{Text: strings.Repeat("x", exam.MaxText+1)}), unix.EMSGSIZE, "the text is too long")
	if err := recv.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	for range lines {
	}
	if err := recv.Wait(); err != nil {
		t.Errorf("recv: %v", err)
	}
	sub, err := c.Receive(ctx, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer sub.Close()
	longest := strings.Repeat("y", exam.MaxText)
	for _, text := range []string{"", longest} {
		if err := c.Send(ctx, &exam.SendRequest{Text: text}); err != nil {
			t.Fatal(err)
		}
		familytest.Event(t, sub, func(ev *exam.Text) bool { return ev.Text == text })
	}
	if err := c.Stop(ctx, sub, nil); err != nil {
		t.Fatal(err)
	}
}

// TestGuestInUse checks that a module stays while somebody has a socket.
func TestGuestInUse(t *testing.T) {
	needGuest(t)
	for name, f := range classic {
		fd := socket(t, f)
		if err := unix.DeleteModule(name, unix.O_NONBLOCK); !errors.Is(err, unix.EAGAIN) {
			t.Errorf("%s: %v, want %v", name, err, unix.EAGAIN)
		}
		unix.Close(fd)
	}
}
