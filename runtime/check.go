package runtime

import (
	"fmt"
	"net/netip"
)

// CheckMin fails if the value is present and below low. at is the offset of its
// attribute, as in all checks.
func CheckMin[T Integer](e *Encoder, at int, o Opt[T], low T) {
	if o.ok && o.v < low {
		failLimit(e, at, "%d is below the minimum %d", o.v, low)
	}
}

// CheckMax fails if the value is present and above high.
func CheckMax[T Integer](e *Encoder, at int, o Opt[T], high T) {
	if o.ok && o.v > high {
		failLimit(e, at, "%d is above the maximum %d", o.v, high)
	}
}

func failLimit[T Integer](e *Encoder, at int, format string, v, limit T) {
	e.fail(codecError{offset: at, msg: fmt.Sprintf(format, v, limit), errno: errRange})
}

// CheckMask fails if the value has bits outside mask.
func CheckMask[T Integer](e *Encoder, at int, o Opt[T], mask T) {
	if o.ok && o.v&^mask != 0 {
		failMask(e, at, o.v, mask)
	}
}

func failMask[T Integer](e *Encoder, at int, v, mask T) {
	e.Fail(at, fmt.Sprintf("%v has bits outside the mask %v", v, mask))
}

// CheckLen fails if the string, without its NUL, is present and not of low to
// high bytes.
func CheckLen(e *Encoder, at int, o Opt[string], low, high int) {
	if n := len(o.v); o.ok && (n < low || n > high) {
		failLen(e, at, n, low, high, errInvalid)
	}
}

// CheckBytes fails if b is not nil and not of low to high bytes.
func CheckBytes(e *Encoder, at int, b []byte, low, high int) {
	if b != nil && (len(b) < low || len(b) > high) {
		failLen(e, at, len(b), low, high, errRange)
	}
}

// failLen fails with the error number that the kernel has for such a length.
func failLen(e *Encoder, at, n, low, high int, errno Errno) {
	var msg string
	switch {
	case low == high:
		msg = fmt.Sprintf("%d bytes, want %d", n, low)
	case n < low:
		msg = fmt.Sprintf("%d bytes, at least %d needed", n, low)
	default:
		msg = fmt.Sprintf("%d bytes, at most %d allowed", n, high)
	}
	e.fail(codecError{offset: at, msg: msg, errno: errno})
}

// CheckEach applies a check to each element of a list; check is one of
// CheckMin, CheckMax and CheckMask.
func CheckEach[T Integer](e *Encoder, at int, list []T, check func(*Encoder, int, Opt[T], T), limit T) {
	for _, v := range list {
		check(e, at, Some(v), limit)
	}
}

// CheckAddr fails if a is an address of another length than n bytes. The zero
// Addr passes: it is absent, or zero bytes in a struct.
func CheckAddr(e *Encoder, at int, a netip.Addr, n int) {
	if a.IsValid() && a.BitLen() != 8*n {
		e.Fail(at, fmt.Sprintf("%v has %d bytes, want %d", a, a.BitLen()/8, n))
	}
}
