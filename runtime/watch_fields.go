package runtime

import "bytes"

// of returns the bytes of the field in body, a message with a fixed header of n
// bytes; nil if it is absent.
func (f Field) of(body []byte, n int) []byte {
	if f.Path == nil {
		if len(body) < f.Offset+f.Size {
			return nil
		}
		return body[f.Offset : f.Offset+f.Size]
	}
	b := body[min(align4(n), len(body)):]
	for _, id := range f.Path {
		if b = attribute(b, id); b == nil {
			return nil
		}
	}
	return b
}

// appendKey appends the field to a key so that fields of any length cannot be
// taken for others.
func (f Field) appendKey(key, body []byte, n int) []byte {
	v := f.of(body, n)
	length := uint16(len(v))
	if v == nil {
		length = 0xffff
	}
	return append(native.AppendUint16(key, length), v...)
}

// cutAttribute returns the first attribute of b and the bytes that follow it; ok is
// false if there is none.
func cutAttribute(b []byte) (id uint16, payload, rest []byte, ok bool) {
	if len(b) < attrHeaderLen {
		return 0, nil, b, false
	}
	n := int(native.Uint16(b))
	if n < attrHeaderLen || n > len(b) {
		return 0, nil, b, false
	}
	return native.Uint16(b[2:]) & typeMask, b[attrHeaderLen:n:n], b[min(align4(n), len(b)):], true
}

// attribute returns the payload of the first attribute id, nil if there is none.
func attribute(b []byte, id uint16) []byte {
	for {
		got, payload, rest, ok := cutAttribute(b)
		if !ok {
			return nil
		}
		if got == id {
			return payload
		}
		b = rest
	}
}

// wellFormed reports whether body has a header of n bytes and then attributes.
func wellFormed(body []byte, n int) bool {
	if len(body) < n {
		return false
	}
	b := body[min(align4(n), len(body)):]
	for ok := true; ok; {
		_, _, b, ok = cutAttribute(b)
	}
	return len(b) < attrHeaderLen
}

func isZero(b []byte) bool {
	for _, c := range b {
		if c != 0 {
			return false
		}
	}
	return true
}

// number returns an integer of up to eight bytes.
func number(b []byte) uint64 {
	switch len(b) {
	case 1:
		return uint64(b[0])
	case 2:
		return uint64(native.Uint16(b))
	case 4:
		return uint64(native.Uint32(b))
	case 8:
		return native.Uint64(b)
	}
	return 0
}

// ignored is what a comparison leaves out.
type ignored struct {
	header []Field
	attrs  ignoredAttrs
}

// ignoredAttrs holds attributes of a nest by type: nil to leave out all of one, else
// what to leave out inside.
type ignoredAttrs map[uint16]ignoredAttrs

func ignoredFields(fields []Field) (g ignored) {
	for _, f := range fields {
		if f.Path == nil {
			g.header = append(g.header, f)
			continue
		}
		if g.attrs == nil {
			g.attrs = ignoredAttrs{}
		}
		in := g.attrs
		last := len(f.Path) - 1
		for _, id := range f.Path[:last] {
			if in[id] == nil {
				in[id] = ignoredAttrs{}
			}
			in = in[id]
		}
		in[f.Path[last]] = nil
	}
	return g
}

// equal compares two well-formed messages with a fixed header of n bytes.
func (g ignored) equal(a, b []byte, n int) bool {
	if bytes.Equal(a, b) {
		return true
	}
	for i := range n {
		if a[i] != b[i] && !g.inHeader(i) {
			return false
		}
	}
	n = align4(n)
	return g.attrs.equal(a[min(n, len(a)):], b[min(n, len(b)):])
}

func (g ignored) inHeader(i int) bool {
	for _, f := range g.header {
		if i >= f.Offset && i < f.Offset+f.Size {
			return true
		}
	}
	return false
}

func (g ignoredAttrs) equal(a, b []byte) bool {
	for {
		idA, payloadA, restA, okA := g.next(a)
		idB, payloadB, restB, okB := g.next(b)
		if !okA || !okB {
			return okA == okB
		}
		if idA != idB {
			return false
		}
		if !bytes.Equal(payloadA, payloadB) {
			if inner, nest := g[idA]; !nest || !inner.equal(payloadA, payloadB) {
				return false
			}
		}
		a, b = restA, restB
	}
}

// next returns the next attribute that counts.
func (g ignoredAttrs) next(b []byte) (id uint16, payload, rest []byte, ok bool) {
	for {
		id, payload, rest, ok = cutAttribute(b)
		if inner, found := g[id]; !ok || !found || inner != nil {
			return id, payload, rest, ok
		}
		b = rest
	}
}
