package runtime

import "net/netip"

// PutFlags appends an attribute for each flag. Being there is all that a flag
// says, so one that is not set carries a zero byte.
func PutFlags(e *Encoder, id uint16, list []bool) {
	for _, set := range list {
		start := e.Begin(id)
		if !set {
			e.Grow(1)
		}
		e.End(start)
	}
}

// GetFlags reads the current attribute as one more flag of list.
func GetFlags(d *Decoder, list *[]bool) { GetFlag(d, more(d, list)) }

// more returns a new element of list.
func more[T any](d *Decoder, list *[]T) *T {
	*list = extend(d, *list, 1)
	return &(*list)[len(*list)-1]
}

// PutArrays appends an attribute for each list; see PutArray.
func PutArrays[T any](e *Encoder, id uint16, lists [][]T, write func(*T, *Encoder)) {
	for _, list := range lists {
		putArray(e, id, list, write)
	}
}

// GetArrays reads the current attribute as one more list; see GetArray.
func GetArrays[T any](d *Decoder, lists *[][]T, read func(*T, *Decoder)) {
	GetArray(d, more(d, lists), read)
}

// PutIndexedLists appends an attribute for each list; see PutIndexed.
func PutIndexedLists[T any](e *Encoder, id uint16, lists [][]T, flags uint16, write func(*T, *Encoder)) {
	for _, list := range lists {
		putIndexed(e, id, list, flags, write)
	}
}

// GetIndexedLists reads the current attribute as one more list; see GetIndexed.
func GetIndexedLists[T any](d *Decoder, lists *[][]T, read func(*T, *Decoder)) {
	GetIndexed(d, more(d, lists), read)
}

// PutRecordLists appends an attribute for each list; see PutRecords.
func PutRecordLists[T any](e *Encoder, id uint16, lists [][]T, lenOffset int, write func(*T, *Encoder)) {
	for _, list := range lists {
		putRecords(e, id, list, lenOffset, write)
	}
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

// PutBodies appends the bodies of sub-messages; nil ones are left out.
func PutBodies[M Message](e *Encoder, id uint16, list []M, body func(M) Body) {
	for _, m := range list {
		PutBody(e, id, m, body(m))
	}
}

// Bodies returns what a list of bodies of sub-messages says of the selector.
func Bodies[M Message](list []M, body func(M) Body) []Body {
	var bodies []Body
	for _, m := range list {
		bodies = append(bodies, body(m))
	}
	return bodies
}

// PutSized calls put and fails if the payload of an attribute that it appends
// is not of low to high bytes.
func PutSized(e *Encoder, low, high int, put func()) {
	start := len(e.buf)
	put()
	for start < len(e.buf) {
		n := int(native.Uint16(e.buf[start:]))
		e.last = start
		checkLen(e, n-attrHeaderLen, low, high, errRange)
		start += align4(n)
	}
}

// CheckBitfield32 fails if the bitfield is present and has bits outside mask.
func CheckBitfield32[T ~uint32](e *Encoder, o Opt[Bitfield32[T]], mask T) {
	CheckMask(e, Some(o.v.Value|o.v.Selector), mask)
}

// CheckRange fails if v is below low or above high.
func CheckRange[T Integer](e *Encoder, v, low, high T) {
	CheckMin(e, Some(v), low)
	CheckMax(e, Some(v), high)
}
