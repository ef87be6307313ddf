package runtime

import (
	"errors"
	"net"
	"os"
	"runtime"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// kernelPort returns a connection and the socket of its only port.
func kernelPort(t *testing.T, opts ...Option) (*Conn, *kernelSocket) {
	t.Helper()
	c, err := Dial(&linkFamily, opts...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c, c.idle[0].socket.(*kernelSocket)
}

var loopback = Raw{Payload: []byte{0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}}

// TestKernelUnpolled shows that calls do not use the poller until they wait.
func TestKernelUnpolled(t *testing.T) {
	c, s := kernelPort(t, WithTimeout(time.Minute))
	if _, err := Do[link](ctx, c, &opGetLink, &loopback); err != nil {
		t.Fatal(err)
	}
	if s.file != nil {
		t.Error("the socket is in the poller after a call")
	}
	if err := s.setDeadline(time.Now().Add(20 * time.Millisecond)); err != nil {
		t.Fatal(err)
	}
	if _, _, err := s.receive(make([]byte, 1)); !errors.Is(err, os.ErrDeadlineExceeded) || s.file == nil {
		t.Errorf("receive, with nothing to receive: %v", err)
	}
	if err := s.setDeadline(noDeadline); err != nil {
		t.Fatal(err)
	}
	if _, err := Do[link](ctx, c, &opGetLink, &loopback); err != nil {
		t.Errorf("a call after that: %v", err)
	}
}

func TestKernelClosed(t *testing.T) {
	for _, polled := range []bool{false, true} {
		_, s := kernelPort(t)
		if polled {
			if err := s.setDeadline(noDeadline); err != nil {
				t.Fatal(err)
			}
		}
		if err := s.close(); err != nil {
			t.Fatal(err)
		}
		_, _, receiveErr := s.receive(make([]byte, 1))
		_, _, pollErr := s.poll(make([]byte, 1))
		for _, err := range []error{receiveErr, pollErr, s.send(make([]byte, 16)), s.join(1), s.setDeadline(past)} {
			if !errors.Is(err, net.ErrClosed) {
				t.Errorf("polled %v: %v", polled, err)
			}
		}
	}
}

// TestKernelDropped drops a socket without closing it.
func TestKernelDropped(t *testing.T) {
	tr, err := newKernelTransport(linkFamily.Protocol, namespace{})
	if err != nil {
		t.Fatal(err)
	}
	defer tr.close()
	sock, err := tr.dial(socketOptions{})
	if err != nil {
		t.Fatal(err)
	}
	fd := sock.(*kernelSocket).fd
	sock = nil
	deadline := time.Now().Add(10 * time.Second)
	for {
		runtime.GC()
		if _, err := unix.FcntlInt(uintptr(fd), unix.F_GETFD, 0); err == unix.EBADF {
			return
		}
		if time.Now().After(deadline) {
			t.Fatal("the descriptor is still open")
		}
		time.Sleep(time.Millisecond)
	}
}

// TestKernelInterruptedCalls interrupts each system call of a call several times.
func TestKernelInterruptedCalls(t *testing.T) {
	const times = 3
	c, s := kernelPort(t)
	sends, receives := 0, 0
	s.sendOnce = func(fd int, b []byte, flags int) error {
		if sends++; sends <= times {
			return unix.EINTR
		}
		return unix.Send(fd, b, flags)
	}
	s.receiveOnce = func(fd uintptr) (int, syscall.Errno) {
		if receives++; receives <= times {
			return -1, unix.EINTR
		}
		return s.recvfrom(fd)
	}
	l, err := Do[link](ctx, c, &opGetLink, &loopback)
	if err != nil || l.Ifname.Value() != "lo" {
		t.Errorf("got %v, %v", l, err)
	}
	if sends != times+1 || receives != times+1 {
		t.Errorf("%d times sent, %d times received, want %d", sends, receives, times+1)
	}
}
