package runtime

import (
	"encoding/binary"
	"fmt"
	"time"
)

// A Wire is the wire type of an integer, where it is not that of the Go type:
// one of the types, and if not in host byte order, BigEndian or LittleEndian.
type Wire uint8

// The wire types.
const (
	WireU8 Wire = iota
	WireU16
	WireU32
	WireU64
	WireUint
	WireS8
	WireS16
	WireS32
	WireS64
	WireSint

	BigEndian    Wire = 0x40
	LittleEndian Wire = 0x80
)

// wireSizes has the bytes of each type; 0 depends on the value.
var wireSizes = [...]int{
	WireU8: 1, WireU16: 2, WireU32: 4, WireU64: 8,
	WireS8: 1, WireS16: 2, WireS32: 4, WireS64: 8, WireSint: 0,
}

func (w Wire) typ() Wire { return w &^ (BigEndian | LittleEndian) }

func (w Wire) signed() bool { return w.typ() >= WireS8 }

// size returns the bytes that v takes.
func (w Wire) size(v uint64) int {
	if n := wireSizes[w.typ()]; n > 0 {
		return n
	}
	if v>>32 == 0 && !w.signed() || w.signed() && int64(int32(v)) == int64(v) {
		return 4
	}
	return 8
}

// bigEndian reports whether the first byte on the wire is the highest.
func (w Wire) bigEndian() bool {
	hostBig := binary.NativeEndian.Uint16([]byte{0, 1}) == 1
	return w&BigEndian != 0 || hostBig && w&LittleEndian == 0
}

// append appends the lowest bytes of v.
func (w Wire) append(b []byte, v uint64) []byte {
	n := w.size(v)
	if w.bigEndian() {
		for i := n - 1; i >= 0; i-- {
			b = append(b, byte(v>>(8*i)))
		}
		return b
	}
	for i := range n {
		b = append(b, byte(v>>(8*i)))
	}
	return b
}

// load returns the value in b, which is all of it, extended to 64 bits.
func (w Wire) load(b []byte) uint64 {
	var v uint64
	for i := range b {
		if w.bigEndian() {
			v = v<<8 | uint64(b[i])
		} else {
			v |= uint64(b[i]) << (8 * i)
		}
	}
	if shift := 64 - 8*len(b); w.signed() && shift < 64 {
		v = uint64(int64(v<<shift) >> shift)
	}
	return v
}

// PutWire appends an attribute of the given wire type.
func PutWire[T Integer](e *Encoder, id uint16, o Opt[T], w Wire) {
	if o.ok {
		putWire(e, id, o.v, w)
	}
}

func putWire[T Integer](e *Encoder, id uint16, v T, w Wire) {
	start := e.Begin(id)
	writeWire(e, v, w)
	e.End(start)
}

func writeWire[T Integer](e *Encoder, v T, w Wire) {
	start := len(e.buf)
	e.buf = w.append(e.buf, uint64(v))
	if b := e.buf[start:]; T(w.load(b)) != v {
		narrow(e, v, 8*len(b))
	}
}

// GetWire reads the current attribute as a value of the given wire type.
func GetWire[T Integer](d *Decoder, o *Opt[T], w Wire) {
	d.Enter()
	o.v, o.ok = readWire[T](d, w), true
	if d.Rest() > 0 {
		d.wrong(fmt.Sprint(wireSizes[w.typ()]))
	}
	d.Leave()
}

func readWire[T Integer](d *Decoder, w Wire) T {
	n := wireSizes[w.typ()]
	if n == 0 {
		n = d.Rest()
		if n != 4 && n != 8 {
			d.wrong("4 or 8")
			return 0
		}
	}
	return T(w.load(d.Take(n)))
}

// Writer returns the function that appends a value of the given wire type.
func Writer[T Integer](w Wire) func(*T, *Encoder) {
	return func(v *T, e *Encoder) { writeWire(e, *v, w) }
}

// Reader returns the function that reads a value of the given wire type from
// the window.
func Reader[T Integer](w Wire) func(*T, *Decoder) {
	return func(v *T, d *Decoder) { *v = readWire[T](d, w) }
}

// PutDuration appends a duration as a count of unit.
func PutDuration(e *Encoder, id uint16, o Opt[time.Duration], w Wire, unit time.Duration) {
	if o.ok {
		putDuration(e, id, o.v, w, unit)
	}
}

func putDuration(e *Encoder, id uint16, v time.Duration, w Wire, unit time.Duration) {
	putWire(e, id, int64(v/unit), w)
	if v%unit != 0 {
		e.Fail(fmt.Sprintf("%v is no multiple of %v", v, unit))
	}
}

// GetDuration reads the current attribute as a count of unit.
func GetDuration(d *Decoder, o *Opt[time.Duration], w Wire, unit time.Duration) {
	var n Opt[int64]
	GetWire(d, &n, w)
	*o = Opt[time.Duration]{time.Duration(n.v) * unit, n.ok}
}

// PutDurations appends an attribute for each duration.
func PutDurations(e *Encoder, id uint16, list []time.Duration, w Wire, unit time.Duration) {
	for _, v := range list {
		putDuration(e, id, v, w, unit)
	}
}

// GetDurations reads the current attribute as one more duration of list.
func GetDurations(d *Decoder, list *[]time.Duration, w Wire, unit time.Duration) {
	var o Opt[time.Duration]
	GetDuration(d, &o, w, unit)
	*more(d, list) = o.v
}
