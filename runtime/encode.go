package runtime

import (
	"encoding/binary"
	"fmt"
	"math"
)

// A Message is anything with a wire form of its own: a request, a reply, an
// event, a nest, the body of a sub-message or a C struct. Generated types
// implement it; Encode appends the message to e, Decode reads it from d. Both
// report errors through e and d. Decode expects a zero receiver.
type Message interface {
	Encode(e *Encoder)
	Decode(d *Decoder)
}

// MessagePtr constrains a type parameter to the pointer type of T that is a
// Message.
type MessagePtr[T any] interface {
	*T
	Message
}

// Flag bits of an attribute's type field (NLA_F_*, include/uapi/linux/netlink.h).
const (
	Nested       = 0x8000 // the payload is attributes
	netByteOrder = 0x4000 // the payload is in network byte order
	typeMask     = 0x3fff
)

const (
	attrHeaderLen = 4
	maxAttrLen    = math.MaxUint16
)

var native = binary.NativeEndian

// An Encoder appends messages to a buffer. The first error sticks: later calls
// go on, and the error is reported when the message is finished. An Encoder
// must not be used concurrently.
type Encoder struct {
	buf  []byte
	last int // where the attribute put last starts
	err  *codecError
	all  *[]codecError // nil: the first error is enough
}

// Encode returns the wire form of m, without a netlink header. It is valid until
// the next use of e, whose buffer it is: encoding again and again with one
// Encoder allocates nothing.
func (e *Encoder) Encode(m Message) ([]byte, error) {
	e.buf, e.last, e.err = e.buf[:0], 0, nil
	m.Encode(e)
	if e.err != nil {
		return nil, e.err
	}
	return e.buf, nil
}

// Marshal returns the wire form of m, without a netlink header.
func Marshal(m Message) ([]byte, error) {
	var e Encoder
	return e.Encode(m)
}

// Len returns the number of bytes in the buffer.
func (e *Encoder) Len() int { return len(e.buf) }

// Fail records an error at the attribute put last, unless there is one already.
func (e *Encoder) Fail(msg string) { e.failAt(e.last, msg) }

// failRange is Fail for a value or length beyond its limits.
func (e *Encoder) failRange(msg string) {
	e.fail(codecError{offset: e.last, msg: msg, errno: errRange})
}

func (e *Encoder) failAt(offset int, msg string) { e.fail(codecError{offset: offset, msg: msg}) }

func (e *Encoder) fail(err codecError) {
	if e.err == nil {
		e.err = &err
	}
	if e.all != nil {
		*e.all = append(*e.all, err)
	}
}

// Grow appends n zero bytes and returns them for the caller to fill in; they
// are valid until the next call on e.
func (e *Encoder) Grow(n int) []byte {
	l := len(e.buf)
	if cap(e.buf)-l >= n {
		e.buf = e.buf[:l+n]
		clear(e.buf[l:])
	} else {
		e.buf = append(e.buf, make([]byte, n)...)
	}
	return e.buf[l : l+n : l+n]
}

// Align pads the message with zero bytes to a multiple of four.
func (e *Encoder) Align() {
	if n := -len(e.buf) & 3; n > 0 {
		e.buf = append(e.buf, "\x00\x00\x00"[:n]...)
	}
}

// Raw appends attributes as they are.
func (e *Encoder) Raw(b RawAttrs) {
	if len(b) > 0 {
		e.buf = append(e.buf, b...)
		e.Align()
	}
}

// Begin starts the attribute id and returns its start for End. Everything
// appended in between is its payload. Or id with Nested for a nest.
func (e *Encoder) Begin(id uint16) int {
	start := len(e.buf)
	e.last = start
	e.buf = append(e.buf, 0, 0, 0, 0)
	native.PutUint16(e.buf[start+2:], id)
	return start
}

// BeginLevel is [Encoder.Begin] for an attribute whose type is data: a level in a
// chain of nests. The flags are Nested for a nest, else 0. A level of more than 14
// bits is an error.
func BeginLevel[T Integer](e *Encoder, level T, flags uint16) int {
	start := e.Begin(uint16(level)&typeMask | flags)
	if level < 0 || uint64(level) > typeMask {
		e.failRange(fmt.Sprintf("%d does not fit into 14 bits", level))
	}
	return start
}

// End finishes the attribute that Begin started at start.
func (e *Encoder) End(start int) {
	n := len(e.buf) - start
	if n > maxAttrLen {
		e.failAt(start, "longer than an attribute can be (65535 bytes); split the request")
		n = maxAttrLen
	}
	native.PutUint16(e.buf[start:], uint16(n))
	e.Align()
}

// Header appends a fixed header and pads it to a multiple of four.
func (e *Encoder) Header(h Message) {
	h.Encode(e)
	e.Align()
}
