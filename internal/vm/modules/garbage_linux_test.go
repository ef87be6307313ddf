package modules_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"runtime"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/nlgen/nlgen/families/exam"
	"github.com/nlgen/nlgen/families/hello"
	"github.com/nlgen/nlgen/families/imp2"
	"github.com/nlgen/nlgen/families/mytest"
	nl "github.com/nlgen/nlgen/runtime"
)

// classic are the modules of protocols with numbers of their own.
var classic = map[string]*nl.Family{
	"mytest": mytest.Family(), "hello": hello.Family(), "imp2": imp2.Family(), "exam": exam.Family(),
}

func socket(t *testing.T, f *nl.Family) int {
	t.Helper()
	fd, err := unix.Socket(unix.AF_NETLINK, unix.SOCK_RAW|unix.SOCK_CLOEXEC, f.Protocol)
	if err != nil {
		t.Fatal(err)
	}
	if err := unix.SetsockoptTimeval(fd, unix.SOL_SOCKET, unix.SO_RCVTIMEO, &unix.Timeval{Sec: 10}); err != nil {
		t.Fatal(err)
	}
	for _, option := range []int{unix.NETLINK_EXT_ACK, unix.NETLINK_CAP_ACK} {
		if err := unix.SetsockoptInt(fd, unix.SOL_NETLINK, option, 1); err != nil {
			t.Fatal(err)
		}
	}
	if err := unix.Bind(fd, kernelAddr); err != nil {
		t.Fatal(err)
	}
	return fd
}

// request returns a message that asks for an acknowledgement.
func request(typ uint16, payload []byte) []byte {
	ne := binary.NativeEndian
	b := ne.AppendUint32(nil, uint32(unix.NLMSG_HDRLEN+len(payload)))
	b = ne.AppendUint16(b, typ)
	b = ne.AppendUint16(b, unix.NLM_F_REQUEST|unix.NLM_F_ACK)
	return append(ne.AppendUint64(b, 1), payload...)
}

// kernelAddr is the kernel as a receiver, and any port id to bind to.
var kernelAddr = &unix.SockaddrNetlink{Family: unix.AF_NETLINK}

// ask sends a datagram and returns the error number and the text of the answer.
func ask(fd int, b []byte) (unix.Errno, string, error) {
	if err := unix.Sendto(fd, b, 0, kernelAddr); err != nil {
		return 0, "", err
	}
	buf := make([]byte, 16384)
	for {
		n, _, err := unix.Recvfrom(fd, buf, 0)
		if err != nil {
			return 0, "", err
		}
		ne := binary.NativeEndian
		if n < 36 || ne.Uint16(buf[4:]) != unix.NLMSG_ERROR {
			continue // an event
		}
		_, text, _ := bytes.Cut(buf[36:n], []byte{unix.NLMSGERR_ATTR_MSG, 0})
		text, _, _ = bytes.Cut(text, []byte{0})
		return unix.Errno(-int32(ne.Uint32(buf[16:]))), string(text), nil
	}
}

// report is the payload that mytest takes, with a change.
func report(change func([]byte)) []byte {
	b := make([]byte, 64)
	b[24] = 5
	copy(b[32:], "function")
	change(b)
	return b
}

// TestGuestMalformed sends what a generated client does not.
func TestGuestMalformed(t *testing.T) {
	needGuest(t)
	good := report(func([]byte) {})
	attr := []byte{8, 0, 1, 0, 1, 2, 3, 4}
	for _, tt := range []struct {
		family  *nl.Family
		typ     uint16
		payload []byte
		errno   unix.Errno
		text    string
	}{
		{mytest.Family(), 16, good, 0, ""},
		{mytest.Family(), 16, append(report(func([]byte) {}), 0, 0, 0), 0, ""}, // padding
		{mytest.Family(), 16, nil, unix.EINVAL, "payload is too short"},
		{mytest.Family(), 16, good[:1], unix.EINVAL, "payload is too short"},
		{mytest.Family(), 16, good[:63], unix.EINVAL, "payload is too short"},
		{mytest.Family(), 16, append(report(func([]byte) {}), attr...), unix.EINVAL, "payload is too long"},
		{mytest.Family(), 16, make([]byte, 60000), unix.EINVAL, "payload is too long"},
		{mytest.Family(), 16, report(func(b []byte) { b[24] = 0 }), unix.ERANGE, "not an error number"},
		{mytest.Family(), 16, report(func(b []byte) { b[27] = 0x80 }), unix.ERANGE, "not an error number"},
		{mytest.Family(), 16, report(func(b []byte) { b[25] = 0x10 }), unix.ERANGE, "not an error number"},
		{mytest.Family(), 16, report(func(b []byte) { copy(b[32:], strings.Repeat("x", 32)) }), unix.EINVAL, "no NUL ends the name of the function"},
		{mytest.Family(), 17, good, unix.EOPNOTSUPP, "unknown message type"},
		{mytest.Family(), 18, good, unix.EOPNOTSUPP, "unknown message type"},
		{mytest.Family(), 0xffff, good, unix.EOPNOTSUPP, "unknown message type"},
		{mytest.Family(), unix.NLMSG_NOOP, good, unix.EOPNOTSUPP, "unknown message type"},
		{mytest.Family(), unix.NLMSG_ERROR, good, unix.EOPNOTSUPP, "unknown message type"},
		{mytest.Family(), unix.NLMSG_DONE, good, unix.EOPNOTSUPP, "unknown message type"},
		{exam.Family(), 16, nil, 0, ""},
		{exam.Family(), 16, []byte("a\x00b\xff"), 0, ""},
		{exam.Family(), 16, make([]byte, 4096), 0, ""},
		{exam.Family(), 16, make([]byte, 4097), unix.EMSGSIZE, "the text is too long"},
		{exam.Family(), 16, make([]byte, 60000), unix.EMSGSIZE, "the text is too long"},
		{exam.Family(), 17, attr, unix.EINVAL, "payload is too long"},
		{exam.Family(), 17, attr[:3], 0, ""},
		{exam.Family(), 18, attr, unix.EINVAL, "payload is too long"},
		{exam.Family(), 18, nil, unix.ENOENT, "this program does not receive"},
		{exam.Family(), 19, []byte("text"), unix.EOPNOTSUPP, "unknown message type"},
		{exam.Family(), 0, nil, unix.EOPNOTSUPP, "unknown message type"},
		{imp2.Family(), 16, attr, unix.EINVAL, "payload is too long"},
		{imp2.Family(), 18, attr, unix.EINVAL, "payload is too long"},
		{imp2.Family(), 18, nil, unix.ENOENT, "this program has not registered"},
		{imp2.Family(), 17, attr, unix.EOPNOTSUPP, "unknown message type"},
		{imp2.Family(), 19, nil, unix.EOPNOTSUPP, "unknown message type"},
	} {
		fd := socket(t, tt.family)
		errno, text, err := ask(fd, request(tt.typ, tt.payload))
		if errno != tt.errno || text != tt.text || err != nil {
			t.Errorf("%s, type %d, %.70x: %v (%q), %v; want %v (%q)", tt.family.Name, tt.typ, tt.payload, errno, text, err, tt.errno, tt.text)
		}
		unix.Close(fd)
	}
}

// TestGuestNoRequests sends to a protocol that has no requests.
func TestGuestNoRequests(t *testing.T) {
	needGuest(t)
	fd := socket(t, hello.Family())
	defer unix.Close(fd)
	if _, _, err := ask(fd, request(unix.NLMSG_DONE, nil)); !errors.Is(err, unix.ECONNREFUSED) {
		t.Errorf("%v, want %v", err, unix.ECONNREFUSED)
	}
}

// TestGuestPermission asks as a user who may not.
func TestGuestPermission(t *testing.T) {
	needGuest(t)
	for _, r := range []struct {
		family *nl.Family
		b      []byte
	}{{mytest.Family(), request(16, report(func([]byte) {}))}, {imp2.Family(), request(16, nil)}} {
		errs := make(chan error)
		go func() {
			runtime.LockOSThread() // and never unlocked: the thread ends with its rights
			if _, _, errno := unix.RawSyscall(unix.SYS_SETRESUID, 1000, 1000, 1000); errno != 0 {
				errs <- errno
				return
			}
			fd := socket(t, r.family)
			defer unix.Close(fd)
			errno, _, err := ask(fd, r.b)
			errs <- errors.Join(err, errno)
		}()
		if err := <-errs; !errors.Is(err, unix.EPERM) {
			t.Errorf("%s: %v, want %v", r.family.Name, err, unix.EPERM)
		}
	}
}

// TestGuestGarbage sends random datagrams. Whatever they are, the modules go on, and
// keep no memory: with 20,000 requests even the smallest leak would be of some size.
func TestGuestGarbage(t *testing.T) {
	needGuest(t)
	random := rand.New(rand.NewPCG(1, 2))
	for _, tt := range []struct {
		family *nl.Family
		good   []byte
	}{
		{mytest.Family(), request(16, report(func([]byte) {}))},
		{exam.Family(), request(16, []byte("a text of some length"))},
		{imp2.Family(), request(18, nil)},
	} {
		t.Run(tt.family.Name, func(t *testing.T) {
			fd := socket(t, tt.family)
			const n, warm = 20_000, 1_000
			before := 0
			for i := range n + warm {
				if i == warm {
					before = unreclaimable(t)
				}
				if err := unix.Sendto(fd, garble(random, tt.good), 0, kernelAddr); err != nil && !errors.Is(err, unix.ENOBUFS) {
					t.Fatal(err)
				}
				drain(t, fd)
			}
			unix.Close(fd)
			if grown := unreclaimable(t) - before; grown > n*32/1024 {
				t.Errorf("%d KiB of memory are gone", grown)
			}
			fd = socket(t, tt.family)
			defer unix.Close(fd)
			if errno, text, err := ask(fd, tt.good); errno != 0 && errno != unix.ENOENT || err != nil {
				t.Errorf("after garbage: %v (%q), %v", errno, text, err)
			}
		})
	}
}

// garble returns a datagram with other types, lengths and bytes, cut off, or doubled.
func garble(random *rand.Rand, good []byte) []byte {
	b := bytes.Clone(good)
	binary.NativeEndian.PutUint16(b[4:], uint16(random.IntN(24)))
	for range random.IntN(4) {
		b[random.IntN(len(b))] = byte(random.Uint32())
	}
	switch random.IntN(4) {
	case 0:
		b = b[:1+random.IntN(len(b))]
	case 1:
		b = append(b, make([]byte, random.IntN(200))...)
		binary.NativeEndian.PutUint32(b, uint32(len(b)))
	case 2:
		b = append(b, good...)
	}
	return b
}

// drain reads what waits.
func drain(t *testing.T, fd int) {
	t.Helper()
	buf := make([]byte, 16384)
	for {
		_, _, err := unix.Recvfrom(fd, buf, unix.MSG_DONTWAIT)
		switch {
		case errors.Is(err, unix.EAGAIN):
			return
		case err != nil && !errors.Is(err, unix.ENOBUFS):
			t.Fatal(err)
		}
	}
}

// unreclaimable returns how many KiB the kernel has in objects that it cannot give up.
func unreclaimable(t *testing.T) int {
	t.Helper()
	info, err := os.ReadFile("/proc/meminfo")
	if err != nil {
		t.Fatal(err)
	}
	_, line, _ := strings.Cut(string(info), "SUnreclaim:")
	var n int
	if _, err := fmt.Sscan(line, &n); err != nil {
		t.Fatal(err)
	}
	return n
}
