package runtime

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math/bits"
)

// Integer is any integer type, so also generated enums and flags.
type Integer interface {
	~int8 | ~int16 | ~int32 | ~int64 | ~uint8 | ~uint16 | ~uint32 | ~uint64
}

// Integers by their size.
type (
	int8s  interface{ ~int8 | ~uint8 }
	int16s interface{ ~int16 | ~uint16 }
	int32s interface{ ~int32 | ~uint32 }
	int64s interface{ ~int64 | ~uint64 }
)

// wrong reports a payload of the current attribute that does not have want bytes.
func (d *Decoder) wrong(want string) {
	d.Fail(fmt.Sprintf("payload of %d bytes, want %s", d.lim-d.off, want))
}

// AppendU8 appends an attribute of one byte.
func AppendU8[T int8s](b []byte, id uint16, o Opt[T]) []byte {
	if o.ok {
		b = native.AppendUint64(b, small(id, 1, word8(uint8(o.v))))
	}
	return b
}

// WriteU8 appends one byte.
func WriteU8[T int8s](v *T, _ *Encoder, b []byte) []byte { return append(b, uint8(*v)) }

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

// AppendU16 appends an attribute of 2 bytes in host byte order.
func AppendU16[T int16s](b []byte, id uint16, o Opt[T]) []byte {
	if o.ok {
		b = native.AppendUint64(b, small(id, 2, word16(uint16(o.v))))
	}
	return b
}

// WriteU16 appends 2 bytes in host byte order.
func WriteU16[T int16s](v *T, _ *Encoder, b []byte) []byte { return native.AppendUint16(b, uint16(*v)) }

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

// AppendU16BE appends an attribute of 2 bytes in network byte order.
func AppendU16BE[T int16s](b []byte, id uint16, o Opt[T]) []byte {
	if o.ok {
		b = native.AppendUint64(b, small(id, 2, word16(be16(uint16(o.v)))))
	}
	return b
}

// WriteU16BE appends 2 bytes in network byte order.
func WriteU16BE[T int16s](v *T, _ *Encoder, b []byte) []byte {
	return binary.BigEndian.AppendUint16(b, uint16(*v))
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

// AppendU32 appends an attribute of 4 bytes in host byte order.
func AppendU32[T int32s](b []byte, id uint16, o Opt[T]) []byte {
	if o.ok {
		b = native.AppendUint64(b, small(id, 4, uint32(o.v)))
	}
	return b
}

// WriteU32 appends 4 bytes in host byte order.
func WriteU32[T int32s](v *T, _ *Encoder, b []byte) []byte { return native.AppendUint32(b, uint32(*v)) }

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

// AppendU32BE appends an attribute of 4 bytes in network byte order.
func AppendU32BE[T int32s](b []byte, id uint16, o Opt[T]) []byte {
	if o.ok {
		b = native.AppendUint64(b, small(id, 4, be32(uint32(o.v))))
	}
	return b
}

// WriteU32BE appends 4 bytes in network byte order.
func WriteU32BE[T int32s](v *T, _ *Encoder, b []byte) []byte {
	return binary.BigEndian.AppendUint32(b, uint32(*v))
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

// AppendU64 appends an attribute of 8 bytes in host byte order.
func AppendU64[T int64s](b []byte, id uint16, o Opt[T]) []byte {
	if o.ok {
		b = native.AppendUint64(native.AppendUint32(b, head(id, 8)), uint64(o.v))
	}
	return b
}

// WriteU64 appends 8 bytes in host byte order.
func WriteU64[T int64s](v *T, _ *Encoder, b []byte) []byte { return native.AppendUint64(b, uint64(*v)) }

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

// AppendU64BE appends an attribute of 8 bytes in network byte order.
func AppendU64BE[T int64s](b []byte, id uint16, o Opt[T]) []byte {
	if o.ok {
		b = binary.BigEndian.AppendUint64(native.AppendUint32(b, head(id, 8)), uint64(o.v))
	}
	return b
}

// WriteU64BE appends 8 bytes in network byte order.
func WriteU64BE[T int64s](v *T, _ *Encoder, b []byte) []byte {
	return binary.BigEndian.AppendUint64(b, uint64(*v))
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

// small returns an attribute with n bytes of payload, at most four, as one word in
// host byte order. The payload, padded, is the word v.
func small(id uint16, n int, v uint32) uint64 {
	if hostBig {
		return uint64(head(id, n))<<32 | uint64(v)
	}
	return uint64(head(id, n)) | uint64(v)<<32
}

// head returns the header of an attribute with n bytes of payload as one word in
// host byte order.
func head(id uint16, n int) uint32 {
	if hostBig {
		return uint32(attrHeaderLen+n)<<16 | uint32(id)
	}
	return uint32(attrHeaderLen+n) | uint32(id)<<16
}

// word8 returns the word in host byte order that starts with v.
func word8(v uint8) uint32 {
	if hostBig {
		return uint32(v) << 24
	}
	return uint32(v)
}

// word16 is word8 for two bytes.
func word16(v uint16) uint32 {
	if hostBig {
		return uint32(v) << 16
	}
	return uint32(v)
}

// be16 returns the number that is v if read in network byte order.
func be16(v uint16) uint16 {
	if hostBig {
		return v
	}
	return bits.ReverseBytes16(v)
}

// be32 is be16 for four bytes.
func be32(v uint32) uint32 {
	if hostBig {
		return v
	}
	return bits.ReverseBytes32(v)
}

// AppendUint appends an attribute of four bytes if the value fits, else of eight,
// in host byte order.
func AppendUint[T Integer](b []byte, id uint16, o Opt[T]) []byte {
	if o.ok {
		b = appendAuto(b, id, uint64(o.v), uint64(o.v)>>32 == 0)
	}
	return b
}

// WriteUint appends four bytes if the value fits, else eight.
func WriteUint[T Integer](v *T, _ *Encoder, b []byte) []byte {
	return writeAuto(b, uint64(*v), uint64(*v)>>32 == 0)
}

func appendAuto(b []byte, id uint16, v uint64, short bool) []byte {
	n := 8
	if short {
		n = 4
	}
	return writeAuto(native.AppendUint32(b, head(id, n)), v, short)
}

func writeAuto(b []byte, v uint64, short bool) []byte {
	if short {
		return native.AppendUint32(b, uint32(v))
	}
	return native.AppendUint64(b, v)
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

// AppendSint appends a signed attribute of four bytes if the value fits, else of
// eight, in host byte order.
func AppendSint[T Integer](b []byte, id uint16, o Opt[T]) []byte {
	if o.ok {
		v := int64(o.v)
		b = appendAuto(b, id, uint64(v), int64(int32(v)) == v)
	}
	return b
}

// WriteSint appends four bytes if the signed value fits, else eight.
func WriteSint[T Integer](v *T, _ *Encoder, b []byte) []byte {
	w := int64(*v)
	return writeAuto(b, uint64(w), int64(int32(w)) == w)
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

// AppendFlag appends an attribute without payload if set.
func AppendFlag(b []byte, id uint16, set bool) []byte {
	if set {
		b = native.AppendUint32(b, head(id, 0))
	}
	return b
}

// GetFlag reads the current attribute as a flag. Being there sets it; the bytes
// that a few attributes carry against the rule (the ttl-inherit of vxlan) count
// as a number.
func GetFlag(d *Decoder, set *bool) {
	payload := d.buf[d.off:d.lim]
	*set = len(payload) == 0 || len(bytes.Trim(payload, "\x00")) > 0
}
