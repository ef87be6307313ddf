package runtime

import (
	"fmt"
	"sync"
)

// maxDepth bounds nesting. The deepest family of the kernel nests 16 levels
// (MAX_POLICY_RECURSION_DEPTH in lib/nlattr.c is 10).
const maxDepth = 64

// A Decoder reads messages in place. The first error sticks and ends every
// walk. What the Get and Read functions return is copied out of the buffer and
// safe to keep, except by DecodeInto. A Decoder must not be used concurrently.
type Decoder struct {
	buf []byte

	pos, end int // the window: bytes of the current message not yet read
	off, lim int // the payload of the current attribute
	typ      uint16

	outer  []window
	scopes []scope
	strict bool // what a message does not know is an error
	exact  bool // and so is a struct of another length, if it is an attribute
	err    *codecError

	storage
}

type window struct{ pos, end int }

// scope is the value of an attribute that selects sub-messages further inside.
type scope struct {
	depth       int
	name, value string
}

// Unmarshal decodes b, a message without netlink header, into m, which must be
// zero.
func Unmarshal(b []byte, m Message) error {
	d := decoders.Get().(*Decoder)
	defer decoders.Put(d)
	d.Reset(b)
	d.share()
	m.Decode(d)
	d.buf = nil
	return d.Err()
}

// decoders keeps what Unmarshal allocated for messages to come, and strings.
var decoders = sync.Pool{New: func() any { return new(Decoder) }}

// DecodeInto decodes b, a message without netlink header, into m, whatever it
// was before. Everything that m refers to lies in storage of d: it is valid until
// d is used again. Decoding again and again with one Decoder allocates nothing,
// except for strings not seen before.
func DecodeInto[T any, P MessagePtr[T]](d *Decoder, b []byte, m P) error {
	*m = *new(T)
	d.Reuse(b)
	m.Decode(d)
	return d.Err()
}

// Reuse is Reset for a message that is decoded into storage of d, as DecodeInto
// does it; the message must be zero.
func (d *Decoder) Reuse(b []byte) {
	d.Reset(b)
	d.reuse()
}

// Reset makes d read b from its start, and what it reads safe to keep. Interned
// strings are kept.
func (d *Decoder) Reset(b []byte) {
	d.pooled = false
	d.read(b)
}

// read makes d read b, with its storage as it is.
func (d *Decoder) read(b []byte) {
	d.buf = b
	d.pos, d.end = 0, len(b)
	d.off, d.lim, d.typ = 0, 0, 0
	d.outer, d.scopes = d.outer[:0], d.scopes[:0]
	d.err = nil
}

// Err returns the first error.
func (d *Decoder) Err() error {
	if d.err == nil {
		return nil
	}
	return d.err
}

// Fail records an error at the current attribute, unless there is one already.
func (d *Decoder) Fail(msg string) { d.fail(msg, 0) }

func (d *Decoder) failRange(msg string) { d.fail(msg, errRange) }

func (d *Decoder) fail(msg string, errno Errno) {
	if d.err == nil {
		d.err = &codecError{offset: max(d.off-attrHeaderLen, 0), msg: msg, errno: errno}
	}
	d.pos = d.end
}

// Next moves to the next attribute of the window and reports whether there is
// one. Fewer than four bytes at the end are padding.
func (d *Decoder) Next() bool {
	pos, left := d.pos, d.end-d.pos
	if left < attrHeaderLen || d.err != nil {
		return false
	}
	b := d.buf[pos : pos+attrHeaderLen : pos+attrHeaderLen]
	n := int(native.Uint16(b))
	d.typ = native.Uint16(b[2:])
	d.off, d.lim = pos+attrHeaderLen, pos+n
	size := align4(n)
	if n < attrHeaderLen || size > left {
		if n < attrHeaderLen || n > left {
			d.wrongLength(n, left)
			return false
		}
		size = left // the last one need not be padded
	}
	d.pos = pos + size
	return true
}

// wrongLength reports an attribute of n bytes where there are left.
func (d *Decoder) wrongLength(n, left int) {
	d.lim = d.off
	d.Fail(fmt.Sprintf("attribute length %d does not fit into the %d bytes left", n, left))
}

// ID returns the type of the current attribute without its flag bits.
func (d *Decoder) ID() uint16 { return d.typ & typeMask }

// Payload returns the payload of the current attribute, part of the buffer.
func (d *Decoder) Payload() []byte { return d.buf[d.off:d.lim:d.lim] }

// Unknown appends the current attribute to u as it is.
func (d *Decoder) Unknown(u *RawAttrs) {
	if d.strict {
		d.Fail("no attribute of this message, or of a length it cannot have")
		return
	}
	b := d.buf[d.off-attrHeaderLen : d.lim]
	n := len(*u)
	*u = extend(d, *u, align4(len(b)))
	copy((*u)[n:], b)
}

// Enter makes the payload of the current attribute the window until Leave.
func (d *Decoder) Enter() {
	if len(d.outer) >= maxDepth {
		d.Fail(fmt.Sprintf("nested deeper than %d levels", maxDepth))
	}
	d.outer = append(d.outer, window{d.pos, d.end})
	d.pos, d.end = d.off, d.lim
	if d.err != nil {
		d.pos = d.end
	}
}

// Leave returns to the window that Enter left.
func (d *Decoder) Leave() {
	n := len(d.outer) - 1
	w := d.outer[n]
	d.outer = d.outer[:n]
	for len(d.scopes) > 0 && d.scopes[len(d.scopes)-1].depth > n {
		d.scopes = d.scopes[:len(d.scopes)-1]
	}
	d.pos, d.end = w.pos, w.end
}

// Level enters the only attribute of the window and returns its type, which is
// data in a chain of nests (YNL's nest-type-value).
func (d *Decoder) Level() uint16 {
	if !d.Next() {
		d.Fail("a level of the chain is missing")
		d.off, d.lim = d.end, d.end
	}
	id := d.ID()
	d.Enter()
	return id
}

// Rest returns the number of bytes of the window that are not yet read.
func (d *Decoder) Rest() int { return d.end - d.pos }

// Take returns the next n bytes of the window. If there are fewer it fails and
// returns n zero bytes.
func (d *Decoder) Take(n int) []byte {
	if d.end-d.pos < n {
		d.Fail(fmt.Sprintf("%d bytes, want %d", d.end-d.pos, n))
		return make([]byte, n)
	}
	b := d.buf[d.pos : d.pos+n : d.pos+n]
	d.pos += n
	return b
}

// Struct returns the next n bytes of the window for a C struct, extended with
// zero bytes if there are fewer: structs grow with the kernel.
func (d *Decoder) Struct(n int) []byte {
	if d.end-d.pos >= n {
		return d.Take(n)
	}
	b := extend(d, []byte(nil), n)
	d.pos += copy(b, d.buf[d.pos:d.end])
	return b
}

// Header decodes a fixed header of n bytes and skips its padding.
func (d *Decoder) Header(h Message, n int) {
	if d.Rest() < n {
		d.off, d.lim = d.pos, d.end
		d.Fail(fmt.Sprintf("%d bytes where the header takes %d", d.Rest(), n))
		return
	}
	start := d.pos
	end := d.end
	d.end = start + n
	h.Decode(d)
	d.pos, d.end = min(start+align4(n), end), end
}

// SetScope makes value the value of the attribute name for sub-messages further
// inside that are selected by it.
func (d *Decoder) SetScope(name, value string) {
	d.scopes = append(d.scopes, scope{len(d.outer), name, value})
}

// Scope returns the value of the attribute name in the nearest enclosing nest
// that has it.
func (d *Decoder) Scope(name string) string {
	for i := len(d.scopes) - 1; i >= 0; i-- {
		if d.scopes[i].name == name {
			return d.scopes[i].value
		}
	}
	return ""
}

func align4(n int) int { return (n + 3) &^ 3 }
