package runtime

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math"
	goruntime "runtime"
	"sync"
)

// A Message is anything with a wire form of its own: a request, a reply, an
// event, a nest, the body of a sub-message or a C struct. Generated types
// implement it. Encode appends the message to b and returns the extended buffer,
// as append does; Decode reads it from d. Both report errors through e and d.
// Decode expects a zero receiver.
type Message interface {
	Encode(e *Encoder, b []byte) []byte
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
	maxPayload    = maxAttrLen - attrHeaderLen
)

var native = binary.NativeEndian

// hostBig reports whether the host stores the highest byte first. It is a constant,
// so that the other case costs nothing.
const hostBig = goruntime.GOARCH == "s390x" || goruntime.GOARCH == "ppc64" ||
	goruntime.GOARCH == "mips" || goruntime.GOARCH == "mips64"

// An Encoder has the buffer and collects the errors of messages that are encoded.
// The messages themselves get the buffer as a value, which they append to. The
// first error sticks: what follows goes on, and the error is reported when the
// message is finished. An Encoder must not be used concurrently.
type Encoder struct {
	buf []byte
	err *codecError
	all *[]codecError // nil: the first error is enough
}

// Encode returns the wire form of m, without a netlink header. It is valid until
// the next use of e, whose buffer it is: encoding again and again with one
// Encoder allocates nothing.
func (e *Encoder) Encode(m Message) ([]byte, error) {
	e.err = nil
	e.buf = m.Encode(e, e.buf[:0])
	if e.err != nil {
		return nil, e.err
	}
	return e.buf, nil
}

// Marshal returns the wire form of m, without a netlink header.
func Marshal(m Message) ([]byte, error) {
	e := encoders.Get().(*Encoder)
	defer encoders.Put(e)
	b, err := e.Encode(m)
	return bytes.Clone(b), err
}

// encoders keeps the buffers of Marshal, which so allocates only what it returns.
var encoders = sync.Pool{New: func() any { return new(Encoder) }}

// Fail records an error at an offset of the buffer, that of the attribute which
// is wrong or any inside it, unless there is an error already.
func (e *Encoder) Fail(at int, msg string) { e.fail(codecError{offset: at, msg: msg}) }

func (e *Encoder) fail(err codecError) {
	if e.err == nil {
		e.err = &err
	}
	if e.all != nil {
		*e.all = append(*e.all, err)
	}
}

// Grow appends n zero bytes to b and returns it and these bytes, for the caller to
// fill in.
func Grow(b []byte, n int) (grown, zero []byte) {
	l := len(b)
	if cap(b)-l >= n {
		b = b[:l+n]
		clear(b[l:])
	} else {
		b = append(b, make([]byte, n)...)
	}
	return b, b[l : l+n : l+n]
}

// Align pads b with zero bytes to a multiple of four.
func Align(b []byte) []byte {
	if len(b)&3 != 0 {
		b = pad(b)
	}
	return b
}

func pad(b []byte) []byte { return append(b, "\x00\x00\x00"[:-len(b)&3]...) }

// AppendRaw appends attributes as they are.
func AppendRaw(b []byte, raw RawAttrs) []byte {
	if len(raw) > 0 {
		b = Align(append(b, raw...))
	}
	return b
}

// Begin starts the attribute id and returns where it starts, for End. Everything
// appended in between is its payload. Or id with Nested for a nest.
func Begin(b []byte, id uint16) (begun []byte, start int) {
	return native.AppendUint32(b, head(id, 0)), len(b)
}

// BeginLevel is Begin for an attribute whose type is data: a level in a chain of
// nests. The flags are Nested for a nest, else 0. A level of more than 14 bits is an
// error.
func BeginLevel[T Integer](e *Encoder, b []byte, level T, flags uint16) (begun []byte, start int) {
	if level < 0 || uint64(level) > typeMask {
		e.fail(codecError{offset: len(b), msg: fmt.Sprintf("%d does not fit into 14 bits", level), errno: errRange})
	}
	return Begin(b, uint16(level)&typeMask|flags)
}

// End finishes the attribute that Begin started at start, and pads it.
func (e *Encoder) End(b []byte, start int) []byte {
	e.setLen(b, start)
	return Align(b)
}

// setLen finishes the attribute at start, which needs no padding.
func (e *Encoder) setLen(b []byte, start int) {
	n := len(b) - start
	if n > maxAttrLen {
		n = e.tooLong(start)
	}
	native.PutUint16(b[start:], uint16(n))
}

// tooLong reports an attribute that is too long and returns a length for it.
func (e *Encoder) tooLong(start int) int {
	e.Fail(start, "longer than an attribute can be (65535 bytes); split the request")
	return maxAttrLen
}
