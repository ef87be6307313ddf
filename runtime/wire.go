package runtime

import (
	"fmt"
	"math/bits"
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
func (w Wire) bigEndian() bool { return w&BigEndian != 0 || hostBig && w&LittleEndian == 0 }

// swapped reports whether the bytes on the wire are not in the order of the host.
func (w Wire) swapped() bool { return w&BigEndian != 0 && !hostBig || w&LittleEndian != 0 && hostBig }

// append appends the lowest bytes of v.
func (w Wire) append(b []byte, v uint64) []byte {
	n := w.size(v)
	if w.swapped() {
		v = bits.ReverseBytes64(v) >> (64 - 8*n)
	}
	switch n {
	case 1:
		return append(b, byte(v))
	case 2:
		return native.AppendUint16(b, uint16(v))
	case 4:
		return native.AppendUint32(b, uint32(v))
	}
	return native.AppendUint64(b, v)
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
	return w.extend(v, len(b))
}

// extend returns the value whose lowest n bytes are those of v.
func (w Wire) extend(v uint64, n int) uint64 {
	shift := 64 - 8*n
	if w.signed() {
		return uint64(int64(v<<shift) >> shift)
	}
	return v << shift >> shift
}

// AppendWire appends an attribute of the given wire type. It fails if the value does
// not fit.
func AppendWire[T Integer](e *Encoder, b []byte, id uint16, o Opt[T], w Wire) []byte {
	if o.ok {
		b = appendWire(e, b, id, o.v, w)
	}
	return b
}

func appendWire[T Integer](e *Encoder, b []byte, id uint16, v T, w Wire) []byte {
	b, start := Begin(b, id)
	return e.End(writeWire(e, b, v, w), start)
}

func writeWire[T Integer](e *Encoder, b []byte, v T, w Wire) []byte {
	if n := w.size(uint64(v)); T(w.extend(uint64(v), n)) != v {
		e.failElem(b, fmt.Sprintf("%d does not fit into %d bits", v, 8*n))
	}
	return w.append(b, uint64(v))
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
func Writer[T Integer](w Wire) func(*T, *Encoder, []byte) []byte {
	return func(v *T, e *Encoder, b []byte) []byte { return writeWire(e, b, *v, w) }
}

// Reader returns the function that reads a value of the given wire type from
// the window.
func Reader[T Integer](w Wire) func(*T, *Decoder) {
	return func(v *T, d *Decoder) { *v = readWire[T](d, w) }
}

// AppendDuration appends a duration as a count of unit.
func AppendDuration(e *Encoder, b []byte, id uint16, o Opt[time.Duration], w Wire, unit time.Duration) []byte {
	if o.ok {
		b = appendCount(e, b, id, o.v, o.v/unit, w, unit)
	}
	return b
}

// appendCount appends the duration v, which is count times unit. The caller divides:
// where it is inlined the unit is a constant.
func appendCount(e *Encoder, b []byte, id uint16, v, count time.Duration, w Wire, unit time.Duration) []byte {
	if count*unit != v {
		e.Fail(len(b), fmt.Sprintf("%v is no multiple of %v", v, unit))
	}
	return appendWire(e, b, id, int64(count), w)
}

// GetDuration reads the current attribute as a count of unit.
func GetDuration(d *Decoder, o *Opt[time.Duration], w Wire, unit time.Duration) {
	var n Opt[int64]
	GetWire(d, &n, w)
	*o = Opt[time.Duration]{time.Duration(n.v) * unit, n.ok}
}

// AppendDurations appends an attribute for each duration.
func AppendDurations(e *Encoder, b []byte, id uint16, list []time.Duration, w Wire, unit time.Duration) []byte {
	for _, v := range list {
		b = appendCount(e, b, id, v, v/unit, w, unit)
	}
	return b
}

// GetDurations reads the current attribute as one more duration of list.
func GetDurations(d *Decoder, list *[]time.Duration, w Wire, unit time.Duration) {
	var o Opt[time.Duration]
	GetDuration(d, &o, w, unit)
	*more(d, list) = o.v
}
