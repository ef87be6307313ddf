package runtime

import (
	"bytes"
	"encoding/binary"
	"fmt"
)

// Integer is any integer type, so also generated enums and flags.
type Integer interface {
	~int8 | ~int16 | ~int32 | ~int64 | ~uint8 | ~uint16 | ~uint32 | ~uint64
}

// wrong reports a payload of the current attribute that does not have want bytes.
func (d *Decoder) wrong(want string) {
	d.Fail(fmt.Sprintf("payload of %d bytes, want %s", d.lim-d.off, want))
}

// narrow reports a value that its wire type cannot hold.
func narrow[T Integer](e *Encoder, v T, bits int) {
	e.Fail(fmt.Sprintf("%d does not fit into %d bits", v, bits))
}

// PutU8 appends an attribute of one byte.
func PutU8[T Integer](e *Encoder, id uint16, o Opt[T]) {
	if o.ok {
		putU8(e, id, o.v)
	}
}

func putU8[T Integer](e *Encoder, id uint16, v T) {
	w := uint8(v)
	e.scalar(id, 1)[0] = w
	if T(w) != v {
		narrow(e, v, 8)
	}
}

// WriteU8 appends one byte.
func WriteU8[T Integer](v *T, e *Encoder) {
	w := uint8(*v)
	e.buf = append(e.buf, w)
	if T(w) != *v {
		narrow(e, *v, 8)
	}
}

// GetU8 reads the current attribute as one byte.
func GetU8[T Integer](d *Decoder, o *Opt[T]) {
	if b := d.Payload(); len(b) == 1 {
		*o = Some(T(b[0]))
	} else {
		d.wrong("1")
	}
}

// ReadU8 reads one byte of the window.
func ReadU8[T Integer](v *T, d *Decoder) { *v = T(d.Take(1)[0]) }

// PutU16 appends an attribute of 2 bytes in host byte order.
func PutU16[T Integer](e *Encoder, id uint16, o Opt[T]) {
	if o.ok {
		putU16(e, id, o.v)
	}
}

func putU16[T Integer](e *Encoder, id uint16, v T) {
	w := uint16(v)
	b := e.scalar(id, 2)
	native.PutUint16(b, w)
	if T(w) != v {
		narrow(e, v, 16)
	}
}

// WriteU16 appends 2 bytes in host byte order.
func WriteU16[T Integer](v *T, e *Encoder) {
	w := uint16(*v)
	e.buf = native.AppendUint16(e.buf, w)
	if T(w) != *v {
		narrow(e, *v, 16)
	}
}

// GetU16 reads the current attribute as 2 bytes in host byte order.
func GetU16[T Integer](d *Decoder, o *Opt[T]) {
	if b := d.Payload(); len(b) == 2 {
		*o = Some(T(native.Uint16(b)))
	} else {
		d.wrong("2")
	}
}

// ReadU16 reads 2 bytes of the window in host byte order.
func ReadU16[T Integer](v *T, d *Decoder) { *v = T(native.Uint16(d.Take(2))) }

// PutU16BE appends an attribute of 2 bytes in network byte order.
func PutU16BE[T Integer](e *Encoder, id uint16, o Opt[T]) {
	if o.ok {
		putU16BE(e, id, o.v)
	}
}

func putU16BE[T Integer](e *Encoder, id uint16, v T) {
	w := uint16(v)
	b := e.scalar(id, 2)
	binary.BigEndian.PutUint16(b, w)
	if T(w) != v {
		narrow(e, v, 16)
	}
}

// WriteU16BE appends 2 bytes in network byte order.
func WriteU16BE[T Integer](v *T, e *Encoder) {
	w := uint16(*v)
	e.buf = binary.BigEndian.AppendUint16(e.buf, w)
	if T(w) != *v {
		narrow(e, *v, 16)
	}
}

// GetU16BE reads the current attribute as 2 bytes in network byte order.
func GetU16BE[T Integer](d *Decoder, o *Opt[T]) {
	if b := d.Payload(); len(b) == 2 {
		*o = Some(T(binary.BigEndian.Uint16(b)))
	} else {
		d.wrong("2")
	}
}

// ReadU16BE reads 2 bytes of the window in network byte order.
func ReadU16BE[T Integer](v *T, d *Decoder) { *v = T(binary.BigEndian.Uint16(d.Take(2))) }

// PutU32 appends an attribute of 4 bytes in host byte order.
func PutU32[T Integer](e *Encoder, id uint16, o Opt[T]) {
	if o.ok {
		putU32(e, id, o.v)
	}
}

func putU32[T Integer](e *Encoder, id uint16, v T) {
	w := uint32(v)
	b := e.scalar(id, 4)
	native.PutUint32(b, w)
	if T(w) != v {
		narrow(e, v, 32)
	}
}

// WriteU32 appends 4 bytes in host byte order.
func WriteU32[T Integer](v *T, e *Encoder) {
	w := uint32(*v)
	e.buf = native.AppendUint32(e.buf, w)
	if T(w) != *v {
		narrow(e, *v, 32)
	}
}

// GetU32 reads the current attribute as 4 bytes in host byte order.
func GetU32[T Integer](d *Decoder, o *Opt[T]) {
	if b := d.Payload(); len(b) == 4 {
		*o = Some(T(native.Uint32(b)))
	} else {
		d.wrong("4")
	}
}

// ReadU32 reads 4 bytes of the window in host byte order.
func ReadU32[T Integer](v *T, d *Decoder) { *v = T(native.Uint32(d.Take(4))) }

// PutU32BE appends an attribute of 4 bytes in network byte order.
func PutU32BE[T Integer](e *Encoder, id uint16, o Opt[T]) {
	if o.ok {
		putU32BE(e, id, o.v)
	}
}

func putU32BE[T Integer](e *Encoder, id uint16, v T) {
	w := uint32(v)
	b := e.scalar(id, 4)
	binary.BigEndian.PutUint32(b, w)
	if T(w) != v {
		narrow(e, v, 32)
	}
}

// WriteU32BE appends 4 bytes in network byte order.
func WriteU32BE[T Integer](v *T, e *Encoder) {
	w := uint32(*v)
	e.buf = binary.BigEndian.AppendUint32(e.buf, w)
	if T(w) != *v {
		narrow(e, *v, 32)
	}
}

// GetU32BE reads the current attribute as 4 bytes in network byte order.
func GetU32BE[T Integer](d *Decoder, o *Opt[T]) {
	if b := d.Payload(); len(b) == 4 {
		*o = Some(T(binary.BigEndian.Uint32(b)))
	} else {
		d.wrong("4")
	}
}

// ReadU32BE reads 4 bytes of the window in network byte order.
func ReadU32BE[T Integer](v *T, d *Decoder) { *v = T(binary.BigEndian.Uint32(d.Take(4))) }

// PutU64 appends an attribute of 8 bytes in host byte order.
func PutU64[T Integer](e *Encoder, id uint16, o Opt[T]) {
	if o.ok {
		putU64(e, id, o.v)
	}
}

func putU64[T Integer](e *Encoder, id uint16, v T) {
	w := uint64(v)
	b := e.scalar(id, 8)
	native.PutUint64(b, w)
}

// WriteU64 appends 8 bytes in host byte order.
func WriteU64[T Integer](v *T, e *Encoder) {
	w := uint64(*v)
	e.buf = native.AppendUint64(e.buf, w)
}

// GetU64 reads the current attribute as 8 bytes in host byte order.
func GetU64[T Integer](d *Decoder, o *Opt[T]) {
	if b := d.Payload(); len(b) == 8 {
		*o = Some(T(native.Uint64(b)))
	} else {
		d.wrong("8")
	}
}

// ReadU64 reads 8 bytes of the window in host byte order.
func ReadU64[T Integer](v *T, d *Decoder) { *v = T(native.Uint64(d.Take(8))) }

// PutU64BE appends an attribute of 8 bytes in network byte order.
func PutU64BE[T Integer](e *Encoder, id uint16, o Opt[T]) {
	if o.ok {
		putU64BE(e, id, o.v)
	}
}

func putU64BE[T Integer](e *Encoder, id uint16, v T) {
	w := uint64(v)
	b := e.scalar(id, 8)
	binary.BigEndian.PutUint64(b, w)
}

// WriteU64BE appends 8 bytes in network byte order.
func WriteU64BE[T Integer](v *T, e *Encoder) {
	w := uint64(*v)
	e.buf = binary.BigEndian.AppendUint64(e.buf, w)
}

// GetU64BE reads the current attribute as 8 bytes in network byte order.
func GetU64BE[T Integer](d *Decoder, o *Opt[T]) {
	if b := d.Payload(); len(b) == 8 {
		*o = Some(T(binary.BigEndian.Uint64(b)))
	} else {
		d.wrong("8")
	}
}

// ReadU64BE reads 8 bytes of the window in network byte order.
func ReadU64BE[T Integer](v *T, d *Decoder) { *v = T(binary.BigEndian.Uint64(d.Take(8))) }

// scalar appends an attribute with n bytes of payload, a power of two up to
// eight, and returns the payload.
func (e *Encoder) scalar(id uint16, n int) []byte {
	start := len(e.buf)
	e.last = start
	if e.buf = append(e.buf, 0, 0, 0, 0, 0, 0, 0, 0); n > 4 {
		e.buf = append(e.buf, 0, 0, 0, 0)
	}
	b := e.buf[start:]
	native.PutUint16(b, uint16(attrHeaderLen+n))
	native.PutUint16(b[2:], id)
	return b[attrHeaderLen : attrHeaderLen+n]
}

// PutUint appends an attribute of four bytes if the value fits, else of eight,
// in host byte order.
func PutUint[T Integer](e *Encoder, id uint16, o Opt[T]) {
	if o.ok {
		putUint(e, id, o.v)
	}
}

func putUint[T Integer](e *Encoder, id uint16, v T) {
	start := e.Begin(id)
	WriteUint(&v, e)
	e.End(start)
}

// WriteUint appends four bytes if the value fits, else eight.
func WriteUint[T Integer](v *T, e *Encoder) {
	if w := uint64(*v); w>>32 == 0 {
		e.buf = native.AppendUint32(e.buf, uint32(w))
	} else {
		e.buf = native.AppendUint64(e.buf, w)
	}
}

// GetUint reads the current attribute as four or eight bytes.
func GetUint[T Integer](d *Decoder, o *Opt[T]) {
	d.Enter()
	ReadUint(&o.v, d)
	d.Leave()
	o.ok = true
}

// ReadUint reads the window, four or eight bytes.
func ReadUint[T Integer](v *T, d *Decoder) {
	switch d.Rest() {
	case 4:
		*v = T(native.Uint32(d.Take(4)))
	case 8:
		*v = T(native.Uint64(d.Take(8)))
	default:
		d.wrong("4 or 8")
	}
}

// PutSint appends a signed attribute of four bytes if the value fits, else of
// eight, in host byte order.
func PutSint[T Integer](e *Encoder, id uint16, o Opt[T]) {
	if o.ok {
		putSint(e, id, o.v)
	}
}

func putSint[T Integer](e *Encoder, id uint16, v T) {
	start := e.Begin(id)
	WriteSint(&v, e)
	e.End(start)
}

// WriteSint appends four bytes if the signed value fits, else eight.
func WriteSint[T Integer](v *T, e *Encoder) {
	if w := int64(*v); int64(int32(w)) == w {
		e.buf = native.AppendUint32(e.buf, uint32(w))
	} else {
		e.buf = native.AppendUint64(e.buf, uint64(w))
	}
}

// GetSint reads the current attribute as a signed value of four or eight bytes.
func GetSint[T Integer](d *Decoder, o *Opt[T]) {
	d.Enter()
	ReadSint(&o.v, d)
	d.Leave()
	o.ok = true
}

// ReadSint reads the window, a signed value of four or eight bytes.
func ReadSint[T Integer](v *T, d *Decoder) {
	switch d.Rest() {
	case 4:
		*v = T(int32(native.Uint32(d.Take(4))))
	case 8:
		*v = T(int64(native.Uint64(d.Take(8))))
	default:
		d.wrong("4 or 8")
	}
}

// PutFlag appends an attribute without payload if set.
func PutFlag(e *Encoder, id uint16, set bool) {
	if set {
		e.flag(id)
	}
}

func (e *Encoder) flag(id uint16) { e.End(e.Begin(id)) }

// GetFlag reads the current attribute as a flag. Being there sets it; the bytes
// that a few attributes carry against the rule (the ttl-inherit of vxlan) count
// as a number.
func GetFlag(d *Decoder, set *bool) {
	payload := d.buf[d.off:d.lim]
	*set = len(payload) == 0 || len(bytes.Trim(payload, "\x00")) > 0
}
