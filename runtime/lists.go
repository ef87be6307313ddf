package runtime

import "net/netip"

// AppendFlags appends an attribute for each flag. Being there is all that a flag
// says, so one that is not set carries a zero byte.
func AppendFlags(b []byte, id uint16, list []bool) []byte {
	for _, set := range list {
		if set {
			b = AppendFlag(b, id, set)
		} else {
			b = AppendU8(b, id, U8(0))
		}
	}
	return b
}

// GetFlags reads the current attribute as one more flag of list.
func GetFlags(d *Decoder, list *[]bool) { GetFlag(d, more(d, list)) }

// more returns a new element of list.
func more[T any](d *Decoder, list *[]T) *T {
	*list = extend(d, *list, 1)
	return &(*list)[len(*list)-1]
}

// AppendArrays appends an attribute for each list; see AppendArray.
func AppendArrays[T any](e *Encoder, b []byte, id uint16, lists [][]T, write func(*T, *Encoder, []byte) []byte) []byte {
	for _, list := range lists {
		b = appendArray(e, b, id, list, write)
	}
	return b
}

// GetArrays reads the current attribute as one more list; see GetArray.
func GetArrays[T any](d *Decoder, lists *[][]T, read func(*T, *Decoder)) {
	GetArray(d, more(d, lists), read)
}

// AppendIndexedLists appends an attribute for each list; see AppendIndexed.
func AppendIndexedLists[T any](e *Encoder, b []byte, id uint16, lists [][]T, flags uint16, write func(*T, *Encoder, []byte) []byte) []byte {
	for _, list := range lists {
		b = appendIndexed(e, b, id, list, flags, write)
	}
	return b
}

// GetIndexedLists reads the current attribute as one more list; see GetIndexed.
func GetIndexedLists[T any](d *Decoder, lists *[][]T, read func(*T, *Decoder)) {
	GetIndexed(d, more(d, lists), read)
}

// AppendRecordLists appends an attribute for each list; see AppendRecords.
func AppendRecordLists[T any](e *Encoder, b []byte, id uint16, lists [][]T, lenOffset int, write func(*T, *Encoder, []byte) []byte) []byte {
	for _, list := range lists {
		b = appendRecords(e, b, id, list, lenOffset, write)
	}
	return b
}

// GetRecordLists reads the current attribute as one more list; see GetRecords.
func GetRecordLists[T any](d *Decoder, lists *[][]T, lenOffset int, read func(*T, *Decoder)) {
	GetRecords(d, more(d, lists), lenOffset, read)
}

// GetAddrs reads the current attribute as one more IP address of list; see
// GetAddr.
func GetAddrs(d *Decoder, list *[]netip.Addr, u *RawAttrs) {
	if a, ok := netip.AddrFromSlice(d.Payload()); ok {
		*more(d, list) = a
	} else {
		d.Unknown(u)
	}
}

// GetAddrPorts reads the current attribute as one more socket address of list;
// see GetAddrPort.
func GetAddrPorts(d *Decoder, list *[]netip.AddrPort, u *RawAttrs) {
	if v, ok := addrPort(d.Payload()); ok {
		*more(d, list) = v
	} else {
		d.Unknown(u)
	}
}

// AppendBodies appends the bodies of sub-messages; nil ones are left out.
func AppendBodies[M Message](e *Encoder, b []byte, id uint16, list []M, body func(M) Body) []byte {
	for _, m := range list {
		b = AppendBody(e, b, id, m, body(m))
	}
	return b
}

// Bodies returns what a list of bodies of sub-messages says of the selector.
func Bodies[M Message](list []M, body func(M) Body) []Body {
	var bodies []Body
	for _, m := range list {
		bodies = append(bodies, body(m))
	}
	return bodies
}

// CheckSized fails if the payload of an attribute that stands in b from start on is
// not of low to high bytes.
func CheckSized(e *Encoder, b []byte, start, low, high int) {
	for start < len(b) {
		n := int(native.Uint16(b[start:]))
		if size := n - attrHeaderLen; size < low || size > high {
			failLen(e, start, size, low, high, errRange)
		}
		start += align4(n)
	}
}

// CheckBitfield32 fails if the bitfield is present and has bits outside mask.
func CheckBitfield32[T ~uint32](e *Encoder, at int, o Opt[Bitfield32[T]], mask T) {
	CheckMask(e, at, Some(o.v.Value|o.v.Selector), mask)
}

// CheckRange fails if v is below low or above high.
func CheckRange[T Integer](e *Encoder, at int, v, low, high T) {
	CheckMin(e, at, Some(v), low)
	CheckMax(e, at, Some(v), high)
}
