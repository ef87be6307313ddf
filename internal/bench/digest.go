package main

import (
	"encoding/binary"
	"net/netip"
)

// A tally counts the items a contender saw. In a check it also hashes their
// fields, so that contenders can be compared; timed runs only count.
type tally struct {
	check bool
	items int
	sum   uint64
}

const prime = 0x9e3779b97f4a7c15

// add hashes one item. The order of items does not matter: peers list them in
// their own.
func (t *tally) add(fields ...uint64) {
	h := uint64(len(fields))
	for _, f := range fields {
		h = (h ^ f) * prime
		h ^= h >> 29
	}
	t.sum += h
}

// textField is the field of a byte string.
func textField[T ~[]byte | ~string](b T) uint64 {
	h := uint64(14695981039346656037) // FNV-1a
	for i := range len(b) {
		h = (h ^ uint64(b[i])) * 1099511628211
	}
	return h
}

// ipv4 is the field of an IPv4 address, 0 if it is absent.
func ipv4[T ~[]byte](b T) uint64 {
	if len(b) == 16 {
		b = b[12:] // net.IP in its long form
	}
	if len(b) != 4 {
		return 0
	}
	return uint64(binary.BigEndian.Uint32(b))
}

func addr(a netip.Addr) uint64 {
	if !a.Is4() {
		return 0
	}
	b := a.As4()
	return ipv4(b[:])
}
