package demotest_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/nlgen/nlgen/families/demo"
	"github.com/nlgen/nlgen/internal/demotest"
	"github.com/nlgen/nlgen/internal/familytest"
	nl "github.com/nlgen/nlgen/runtime"
)

// serveVar makes the test binary a server on NETLINK_USERSOCK. It prints its port
// id and ends with its standard input. The value is how many dumps it interrupts.
const serveVar = "NLGEN_DEMO_SERVER"

func TestMain(m *testing.M) {
	if os.Getenv(serveVar) == "" {
		os.Exit(m.Run())
	}
	s := demotest.Serve()
	var interrupts atomic.Int32
	if n, err := strconv.Atoi(os.Getenv(serveVar)); err == nil {
		interrupts.Store(int32(n))
	}
	s.SetHook(func(_ context.Context, in nl.Incoming) error {
		if in.Dump && interrupts.Add(-1) >= 0 {
			return nl.ErrDumpInterrupted
		}
		return nil
	})
	port, err := s.Listen(unix.NETLINK_USERSOCK, 0)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Println(port)
	_, _ = io.Copy(io.Discard, os.Stdin)
	if err := s.Close(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(0)
}

// startServer runs a server in another process and returns its port id.
func startServer(t testing.TB, interrupts int) uint32 {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), serveVar+"="+strconv.Itoa(interrupts))
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = in.Close()
		if err := cmd.Wait(); err != nil {
			t.Errorf("server: %v", err)
		}
	})
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	port, err := strconv.ParseUint(strings.TrimSpace(line), 10, 32)
	if err != nil {
		t.Fatal(err)
	}
	return uint32(port)
}

// dialer returns a Dialer for a peer.
func dialer(p nl.Peer) demotest.Dialer {
	return func(t testing.TB, opts ...nl.Option) *nl.Conn {
		t.Helper()
		c, err := nl.Dial(demo.Family(), append(opts, nl.WithPeer(p))...)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = c.Close() })
		return c
	}
}

func usersock(t testing.TB) demotest.Dialer {
	return dialer(nl.Port(unix.NETLINK_USERSOCK, startServer(t, 0)))
}

func pipe(t testing.TB) demotest.Dialer {
	s := demotest.Serve(nl.ServeLogger(slog.New(slog.DiscardHandler)))
	t.Cleanup(func() { _ = s.Close() })
	return dialer(s)
}

func TestPipe(t *testing.T)     { demotest.Run(t, pipe(t)) }
func TestUsersock(t *testing.T) { demotest.Run(t, usersock(t)) }

// TestDynamic runs the tests against a server without generated code.
func TestDynamic(t *testing.T) {
	s, err := demotest.ServeDynamic(nl.ServeLogger(slog.New(slog.DiscardHandler)))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	demotest.Run(t, dialer(s))
}

// storm is how many requests and events the tests below send.
func storm() int {
	if testing.Short() {
		return 5_000
	}
	return 100_000
}

// TestRequests sends requests from several goroutines. None may be lost.
func TestRequests(t *testing.T) {
	dial := usersock(t)
	c := demo.New(dial(t))
	const callers = 8
	var wg sync.WaitGroup
	for caller := range callers {
		wg.Go(func() {
			for i := caller; i < storm(); i += callers {
				rep, err := c.Echo(t.Context(), &demo.EchoRequest{U32: nl.U32(uint32(i))})
				if err != nil || rep.U32.Value() != uint32(i) {
					t.Errorf("request %d: %v, %v", i, rep, err)
					return
				}
			}
		})
	}
	wg.Wait()
}

// TestBatch sends them in batches.
func TestBatch(t *testing.T) {
	for name, connect := range map[string]func(testing.TB) demotest.Dialer{"pipe": pipe, "usersock": usersock} {
		t.Run(name, func(t *testing.T) {
			c := demo.New(connect(t)(t))
			b := c.Batch(t.Context())
			replies := make([]demo.EchoReply, storm())
			for i := range replies {
				b.Echo(&demo.EchoRequest{U32: nl.U32(uint32(i))}, &replies[i])
			}
			if err := b.Wait(); err != nil {
				t.Fatal(err)
			}
			for i := range replies {
				if replies[i].U32.Value() != uint32(i) {
					t.Fatalf("reply %d: %v", i, replies[i])
				}
			}
		})
	}
}

// TestEventStorm sends events as fast as it can to a subscription: each arrives,
// in order, or an ErrOverrun tells of the gap.
func TestEventStorm(t *testing.T) {
	for name, connect := range map[string]func(testing.TB) demotest.Dialer{"pipe": pipe, "usersock": usersock} {
		t.Run(name, func(t *testing.T) {
			dial := connect(t)
			for _, size := range []int{16 << 10, 1 << 20} {
				eventStorm(t, demo.New(dial(t)), demo.New(dial(t, nl.WithReceiveBuffer(size))))
			}
		})
	}
}

func eventStorm(t *testing.T, sender, receiver *demo.Client) {
	sub, err := receiver.Subscribe(demo.GroupAlarms)
	if errors.Is(err, os.ErrPermission) {
		t.Skip("groups of this protocol need CAP_NET_ADMIN")
	}
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	var wg sync.WaitGroup
	defer wg.Wait()
	defer cancel()
	wg.Go(func() { send(ctx, t, sender) })

	got, next, gaps, overruns := 0, 0, 0, 0
	for ev, err := range sub.Events(ctx) {
		switch {
		case errors.Is(err, nl.ErrOverrun):
			overruns++
			continue
		case err != nil:
			t.Fatal(err)
		}
		text := ev.(*demo.Alarm).Text.Value()
		if text == "end" {
			break
		}
		i, err := strconv.Atoi(text)
		if err != nil || i < next {
			t.Fatalf("event %q after %d", text, next)
		}
		if i > next {
			gaps++
		}
		got, next = got+1, i+1
	}
	if next < storm() {
		gaps++
	}
	t.Logf("%d events came; %d overruns told of %d that did not", got, overruns, storm()-got)
	if gaps > overruns {
		t.Errorf("%d gaps, but %d overruns", gaps, overruns)
	}
}

// send sends the events, and then the last one until the receiver has got it: it
// may be lost, too.
func send(ctx context.Context, t *testing.T, c *demo.Client) {
	b := c.Batch(ctx)
	for i := range storm() {
		b.Ring(&demo.RingRequest{Text: nl.Some(strconv.Itoa(i))})
	}
	if err := b.Wait(); err != nil && ctx.Err() == nil {
		t.Error(err)
	}
	for ctx.Err() == nil {
		if err := c.Ring(ctx, &demo.RingRequest{Text: nl.Some("end")}); err != nil && ctx.Err() == nil {
			t.Error(err)
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
}

// TestRegistered sends messages to a socket that has registered itself. The sender
// waits for it: none is lost.
func TestRegistered(t *testing.T) {
	for name, connect := range map[string]func(testing.TB) demotest.Dialer{"pipe": pipe, "usersock": usersock} {
		t.Run(name, func(t *testing.T) {
			dial := connect(t)
			conn := dial(t, nl.WithReceiveBuffer(16<<10))
			sub, err := nl.Register(t.Context(), conn, operation("register"), &demo.RegisterRequest{})
			if err != nil {
				t.Fatal(err)
			}
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			var wg sync.WaitGroup
			defer wg.Wait()
			defer cancel()
			sender := demo.New(dial(t))
			wg.Go(func() { send(ctx, t, sender) })
			next := 0
			for ev, err := range sub.Events(ctx) {
				if err != nil {
					t.Fatal(err)
				}
				if text := ev.(*demo.Alarm).Text.Value(); text == "end" {
					break
				} else if text != strconv.Itoa(next) {
					t.Fatalf("message %q, want %d", text, next)
				}
				next++
			}
			if next != storm() {
				t.Errorf("%d messages, want %d", next, storm())
			}
		})
	}
}

func operation(name string) *nl.Op {
	for _, op := range demo.Family().Ops {
		if op.Name == name {
			return op
		}
	}
	panic("no operation " + name)
}

// TestGarbage sends a server what is no request. It answers what can be answered,
// and goes on.
func TestGarbage(t *testing.T) {
	port := startServer(t, 0)
	fd, err := unix.Socket(unix.AF_NETLINK, unix.SOCK_RAW|unix.SOCK_CLOEXEC, unix.NETLINK_USERSOCK)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(fd)
	if err := unix.SetsockoptTimeval(fd, unix.SOL_SOCKET, unix.SO_RCVTIMEO, &unix.Timeval{Sec: 10}); err != nil {
		t.Fatal(err)
	}
	to := &unix.SockaddrNetlink{Family: unix.AF_NETLINK, Pid: port}
	header := func(length uint32, typ uint16) []byte {
		b := binary.NativeEndian.AppendUint32(nil, length)
		b = binary.NativeEndian.AppendUint16(b, typ)
		b = binary.NativeEndian.AppendUint16(b, 1)
		return binary.NativeEndian.AppendUint64(b, 0)
	}
	for _, b := range [][]byte{
		{}, {1, 2, 3}, make([]byte, 16), header(4, 17), header(1000, 17), header(16, 17), header(16, 99), header(20, 17),
		append(header(20, 17), 200, 1, 0, 0), append(header(24, 17), 5, 1, 0, 0, 2, 0, 1, 0), bytes.Repeat([]byte{0xff}, 1000),
	} {
		if err := unix.Sendto(fd, b, 0, to); err != nil && len(b) > 0 {
			t.Fatal(err)
		}
	}
	// A short message, an unknown family and command, and a malformed attribute.
	for _, want := range []unix.Errno{unix.EINVAL, unix.ENOENT, unix.EOPNOTSUPP, unix.EINVAL} {
		buf := make([]byte, 4096)
		n, _, err := unix.Recvfrom(fd, buf, 0)
		if err != nil || n < 36 {
			t.Fatalf("%d bytes, %v", n, err)
		}
		if errno := unix.Errno(-int32(binary.NativeEndian.Uint32(buf[16:]))); errno != want {
			t.Errorf("%v, want %v", errno, want)
		}
	}
	c := demo.New(dialer(nl.Port(unix.NETLINK_USERSOCK, port))(t))
	if _, err := c.Echo(familytest.Context(t), demotest.Everything()); err != nil {
		t.Errorf("after garbage: %v", err)
	}
}

// TestForeign checks that what other sockets send to a client is not taken for the
// server's.
func TestForeign(t *testing.T) {
	conn := usersock(t)(t)
	other := usersock(t)(t)
	sub, err := conn.Subscribe(demo.GroupAlarms)
	if errors.Is(err, os.ErrPermission) {
		t.Skip("groups of this protocol need CAP_NET_ADMIN")
	}
	if err != nil {
		t.Fatal(err)
	}
	for c, text := range map[*nl.Conn]string{other: "foreign", conn: "own"} {
		if err := demo.New(c).Ring(familytest.Context(t), &demo.RingRequest{Text: nl.Some(text)}); err != nil {
			t.Fatal(err)
		}
	}
	for ev, err := range sub.Events(familytest.Context(t)) {
		if alarm, ok := ev.(*demo.Alarm); err != nil || !ok || alarm.Text.Value() != "own" {
			t.Errorf("got %v, %v", ev, err)
		}
		break
	}
}

// TestInterrupted checks that lists are asked for again, and streams tell.
func TestInterrupted(t *testing.T) {
	c := demo.New(dialer(nl.Port(unix.NETLINK_USERSOCK, startServer(t, 3)))(t, nl.WithDumpRetries(2)))
	for _, err := range c.GetDump(t.Context(), nil) {
		if !errors.Is(err, nl.ErrDumpInterrupted) {
			t.Errorf("stream: %v", err)
		}
	}
	if _, err := c.GetAll(t.Context(), nil); err != nil {
		t.Errorf("list, after two retries: %v", err)
	}
}

// TestNoServer checks that a port that nobody serves is an error at once.
func TestNoServer(t *testing.T) {
	_, err := demo.Dial(nl.WithPeer(nl.Port(unix.NETLINK_USERSOCK, 0x7fff1234)))
	if !errors.Is(err, unix.ECONNREFUSED) {
		t.Errorf("got %v", err)
	}
}
