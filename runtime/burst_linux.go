package runtime

import (
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// burstLen is how many datagrams of events a system call reads at most.
const burstLen = 16

// A burst is what recvmmsg has read: datagrams with their senders and what the
// kernel says about them.
type burst struct {
	headers  [burstLen]mmsghdr
	vectors  [burstLen]unix.Iovec
	senders  [burstLen]unix.RawSockaddrNetlink
	controls [burstLen][]byte
	buf      []byte // one part for each datagram
	size     int    // of a part

	next, count int // those not yet taken
}

// mmsghdr is struct mmsghdr (recvmmsg(2)).
type mmsghdr struct {
	header unix.Msghdr
	len    uint32
}

func newBurst() *burst {
	b := &burst{}
	space := unix.CmsgSpace(4)
	for i := range b.controls {
		b.controls[i] = make([]byte, 2*space)
	}
	return b
}

// receive reads the datagrams that there are, each of up to size bytes.
func (b *burst) receive(fd uintptr, size int) syscall.Errno {
	if b.size < size {
		b.size = size
		b.buf = make([]byte, burstLen*size) // pages that nothing is read into take no memory
		b.count = burstLen
	}
	for i := range b.headers[:b.count] {
		b.prepare(i)
	}
	n, _, errno := unix.Syscall6(unix.SYS_RECVMMSG, fd, uintptr(unsafe.Pointer(&b.headers)), burstLen, unix.MSG_TRUNC, 0, 0)
	b.next, b.count = 0, 0
	if errno == 0 {
		b.count = int(n)
	}
	return errno
}

// prepare makes the i-th header say where its datagram goes.
func (b *burst) prepare(i int) {
	v := &b.vectors[i]
	v.Base = &b.buf[i*b.size]
	v.SetLen(b.size)
	h := &b.headers[i].header
	h.Name, h.Namelen = (*byte)(unsafe.Pointer(&b.senders[i])), unix.SizeofSockaddrNetlink
	h.Iov = v
	h.SetIovlen(1)
	h.Control = unsafe.SliceData(b.controls[i])
	h.SetControllen(len(b.controls[i]))
	h.Flags = 0
}

// take copies the next datagram into buf and returns its length, larger than that
// of buf if the rest of it was lost.
func (b *burst) take(buf []byte) (n int, from uint32, about origin) {
	i := b.next
	b.next++
	h := &b.headers[i]
	n = int(h.len)
	copy(buf, b.buf[i*b.size:][:min(n, b.size)])
	return n, b.senders[i].Pid, parseOrigin(b.controls[i][:h.header.Controllen])
}

func (b *burst) empty() bool { return b.next == b.count }

// parseOrigin reads the control messages of an event.
func parseOrigin(b []byte) (o origin) {
	for len(b) >= unix.SizeofCmsghdr {
		h, data, rest, err := unix.ParseOneSocketControlMessage(b)
		if err != nil {
			break
		}
		if h.Level == unix.SOL_NETLINK && len(data) >= 4 {
			switch v := native.Uint32(data); h.Type {
			case unix.NETLINK_PKTINFO:
				o.group = v
			case unix.NETLINK_LISTEN_ALL_NSID:
				o.nsid = Some(int32(v))
			}
		}
		b = rest
	}
	return o
}
