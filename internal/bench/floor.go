package main

import (
	"encoding/binary"
	"errors"
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

var native = binary.NativeEndian

// A floorConn is the least that Go needs: blocking system calls on one
// descriptor and one buffer.
type floorConn struct {
	fd  int
	buf []byte
	seq uint32
}

func dialFloor(protocol int) (*floorConn, error) {
	fd, err := unix.Socket(unix.AF_NETLINK, unix.SOCK_RAW|unix.SOCK_CLOEXEC, protocol)
	if err != nil {
		return nil, os.NewSyscallError("socket", err)
	}
	c := &floorConn{fd: fd, buf: make([]byte, 64<<10)}
	if err := unix.Bind(fd, &unix.SockaddrNetlink{Family: unix.AF_NETLINK}); err != nil {
		return nil, os.NewSyscallError("bind", err)
	}
	// Batches exceed the default.
	return c, os.NewSyscallError("setsockopt", unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_SNDBUFFORCE, 4<<20))
}

func (c *floorConn) send(b []byte) error {
	_, err := unix.Write(c.fd, b)
	return os.NewSyscallError("write", err)
}

// receive returns one datagram, valid until the next call.
func (c *floorConn) receive() ([]byte, error) {
	for {
		n, err := unix.Read(c.fd, c.buf)
		if err == unix.EINTR {
			continue
		}
		return c.buf[:max(n, 0)], os.NewSyscallError("read", err)
	}
}

// cut returns the type and the body of the first message of b, and the rest.
func cut(b []byte) (typ uint16, body, rest []byte) {
	n := int(native.Uint32(b))
	return native.Uint16(b[4:]), b[unix.NLMSG_HDRLEN:n], b[min((n+3)&^3, len(b)):]
}

// status returns the error of a message of type NLMSG_ERROR.
func status(typ uint16, body []byte) error {
	if typ == unix.NLMSG_ERROR {
		if errno := -int32(native.Uint32(body)); errno != 0 {
			return unix.Errno(errno)
		}
	}
	return nil
}

var errShort = errors.New("malformed datagram")

// dump sends a request and calls f with each item of the answer.
func (c *floorConn) dump(request []byte, f func(body []byte)) error {
	if err := c.send(request); err != nil {
		return err
	}
	for {
		b, err := c.receive()
		if err != nil {
			return err
		}
		for len(b) > 0 {
			if len(b) < unix.NLMSG_HDRLEN || int(native.Uint32(b)) > len(b) {
				return errShort
			}
			typ, body, rest := cut(b)
			b = rest
			if typ == unix.NLMSG_DONE {
				return nil
			}
			if err := status(typ, body); err != nil {
				return err
			}
			f(body)
		}
	}
}

// trip sends a request and returns the body of the answer.
func (c *floorConn) trip(request []byte) ([]byte, error) {
	if err := c.send(request); err != nil {
		return nil, err
	}
	b, err := c.receive()
	if err != nil {
		return nil, err
	}
	typ, body, _ := cut(b)
	return body, status(typ, body)
}

// batch sends count copies of a request, size at a time, and waits for the
// acknowledgement of the last in each. edit makes the i-th from its copy.
func (c *floorConn) batch(request []byte, count, size int, edit func(b []byte, i int)) error {
	out := make([]byte, 0, size*len(request))
	for i := 0; i < count; {
		out = out[:0]
		end := min(i+size, count)
		for ; i < end; i++ {
			start := len(out)
			out = append(out, request...)
			m := out[start:]
			c.seq++
			native.PutUint32(m[8:], c.seq)
			if i+1 == end {
				native.PutUint16(m[6:], native.Uint16(m[6:])|unix.NLM_F_ACK)
			}
			edit(m, i)
		}
		if _, err := c.trip(out); err != nil {
			return fmt.Errorf("request %d or before: %w", i, err)
		}
	}
	return nil
}

// frame puts a netlink header before a body.
func frame(typ uint16, flags int, body []byte) []byte {
	b := make([]byte, unix.NLMSG_HDRLEN, unix.NLMSG_HDRLEN+len(body))
	native.PutUint32(b, uint32(len(b)+len(body)))
	native.PutUint16(b[4:], typ)
	native.PutUint16(b[6:], uint16(unix.NLM_F_REQUEST|flags))
	native.PutUint32(b[8:], 1)
	return append(b, body...)
}

// attr returns the type and the payload of the first attribute of b and the
// rest. There is none if the type is 0.
func attr(b []byte) (typ uint16, payload, rest []byte) {
	if len(b) < unix.NLA_HDRLEN {
		return 0, nil, nil
	}
	n := int(native.Uint16(b))
	if n < unix.NLA_HDRLEN || n > len(b) {
		return 0, nil, nil
	}
	return native.Uint16(b[2:]) & 0x3fff, b[unix.NLA_HDRLEN:n], b[min((n+3)&^3, len(b)):]
}

// put appends an attribute.
func put(b []byte, typ uint16, payload ...byte) []byte {
	b = native.AppendUint16(b, uint16(unix.NLA_HDRLEN+len(payload)))
	b = native.AppendUint16(b, typ)
	b = append(b, payload...)
	for len(b)&3 != 0 {
		b = append(b, 0)
	}
	return b
}

func u32(v uint32) []byte { return native.AppendUint32(nil, v) }
