package runtime

import (
	"fmt"
	"net/netip"
)

// CheckMin fails if the value is present and below low.
func CheckMin[T Integer](e *Encoder, o Opt[T], low T) {
	if o.ok && o.v < low {
		e.failRange(fmt.Sprintf("%d is below the minimum %d", o.v, low))
	}
}

// CheckMax fails if the value is present and above high.
func CheckMax[T Integer](e *Encoder, o Opt[T], high T) {
	if o.ok && o.v > high {
		e.failRange(fmt.Sprintf("%d is above the maximum %d", o.v, high))
	}
}

// CheckMask fails if the value has bits outside mask.
func CheckMask[T Integer](e *Encoder, o Opt[T], mask T) {
	if o.ok && o.v&^mask != 0 {
		e.Fail(fmt.Sprintf("%v has bits outside the mask %v", o.v, mask))
	}
}

// CheckLen fails if the string, without its NUL, is present and not of low to
// high bytes.
func CheckLen(e *Encoder, o Opt[string], low, high int) {
	if o.ok {
		checkLen(e, len(o.v), low, high, errInvalid)
	}
}

// CheckBytes fails if b is not nil and not of low to high bytes.
func CheckBytes[B ~[]byte](e *Encoder, b B, low, high int) {
	if b != nil {
		checkLen(e, len(b), low, high, errRange)
	}
}

// checkLen fails with the error number that the kernel has for such a length.
func checkLen(e *Encoder, n, low, high int, errno Errno) {
	var msg string
	switch {
	case n >= low && n <= high:
		return
	case low == high:
		msg = fmt.Sprintf("%d bytes, want %d", n, low)
	case n < low:
		msg = fmt.Sprintf("%d bytes, at least %d needed", n, low)
	default:
		msg = fmt.Sprintf("%d bytes, at most %d allowed", n, high)
	}
	e.fail(codecError{offset: e.last, msg: msg, errno: errno})
}

// CheckEach applies a check to each element of a list; check is one of
// CheckMin, CheckMax and CheckMask.
func CheckEach[T Integer](e *Encoder, list []T, check func(*Encoder, Opt[T], T), limit T) {
	for _, v := range list {
		check(e, Some(v), limit)
	}
}

// CheckAddr fails if a is an address of another length than n bytes. The zero
// Addr passes: it is absent, or zero bytes in a struct.
func CheckAddr(e *Encoder, a netip.Addr, n int) {
	if a.IsValid() && a.BitLen() != 8*n {
		e.Fail(fmt.Sprintf("%v has %d bytes, want %d", a, a.BitLen()/8, n))
	}
}
