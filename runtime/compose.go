package runtime

import (
	"fmt"
	"strings"
)

// AppendStruct appends a C struct.
func AppendStruct[T any, P MessagePtr[T]](e *Encoder, b []byte, id uint16, o *Opt[T]) []byte {
	if o.ok {
		b = appendStruct(e, b, id, P(&o.v))
	}
	return b
}

func appendStruct[M Message](e *Encoder, b []byte, id uint16, m M) []byte {
	b, start := Begin(b, id)
	return e.End(m.Encode(e, b), start)
}

// GetStruct reads the current attribute as a C struct.
func GetStruct[T any, P MessagePtr[T]](d *Decoder, o *Opt[T]) {
	o.ok = true
	d.Enter()
	P(&o.v).Decode(d)
	d.Leave()
}

// Tail is what a struct had on the wire beyond or short of its known members;
// it keeps a struct of another kernel version unchanged when it is encoded
// again. The zero Tail is a struct of the known size.
type Tail struct {
	rest    string
	missing int
}

// AppendTo appends what the struct at the end of b had beyond its known members,
// or takes away what it lacked.
func (t *Tail) AppendTo(b []byte) []byte { return append(b[:len(b)-t.missing], t.rest...) }

// Tail returns the rest of the window, after a struct of n bytes was read from it.
func (d *Decoder) Tail(n int) Tail {
	if d.pos == d.end && d.lim-d.off == n {
		return Tail{}
	}
	return d.tail(n)
}

func (d *Decoder) tail(n int) Tail {
	rest := d.text(d.Take(d.Rest()))
	if len(d.outer) == 0 {
		return Tail{rest: rest}
	}
	t := Tail{rest, max(n-(d.lim-d.off), 0)}
	if d.exact && t != (Tail{}) {
		d.failRange(fmt.Sprintf("%d bytes, want %d", d.lim-d.off, n))
	}
	return t
}

// AppendNest appends a nest; nil is absent.
func AppendNest[T any, P MessagePtr[T]](e *Encoder, b []byte, id uint16, m P) []byte {
	if m != nil {
		b = appendNest(e, b, id, m)
	}
	return b
}

// appendNest appends a nest, which its attributes have padded.
func appendNest[M Message](e *Encoder, b []byte, id uint16, m M) []byte {
	b, start := Begin(b, id|Nested)
	b = m.Encode(e, b)
	e.setLen(b, start)
	return b
}

// GetNest reads the current attribute as a nest.
func GetNest[T any, P MessagePtr[T]](d *Decoder, m *P) {
	*m = New[T](d)
	d.Enter()
	(*m).Decode(d)
	d.Leave()
}

// AppendMulti appends an attribute for each element. Or id with Nested if the
// elements are nests.
func AppendMulti[T any](e *Encoder, b []byte, id uint16, list []T, write func(*T, *Encoder, []byte) []byte) []byte {
	for i := range list {
		var start int
		b, start = Begin(b, id)
		b = e.End(write(&list[i], e, b), start)
	}
	return b
}

// GetMulti reads the current attribute as one more element of list.
func GetMulti[T any](d *Decoder, list *[]T, read func(*T, *Decoder)) {
	d.Enter()
	appendElem(d, list, read)
	if d.Rest() > 0 {
		d.Fail(fmt.Sprintf("%d bytes too many", d.Rest()))
	}
	d.Leave()
}

func appendElem[T any](d *Decoder, list *[]T, read func(*T, *Decoder)) {
	*list = extend(d, *list, 1)
	read(&(*list)[len(*list)-1], d)
}

// AppendArray appends one attribute whose payload is the elements one after the
// other; a nil list is absent.
func AppendArray[T any](e *Encoder, b []byte, id uint16, list []T, write func(*T, *Encoder, []byte) []byte) []byte {
	if list != nil {
		b = appendArray(e, b, id, list, write)
	}
	return b
}

func appendArray[T any](e *Encoder, b []byte, id uint16, list []T, write func(*T, *Encoder, []byte) []byte) []byte {
	b, start := Begin(b, id)
	for i := range list {
		b = write(&list[i], e, b)
	}
	return e.End(b, start)
}

// GetArray reads the current attribute as elements of one size, one after the other.
func GetArray[T any](d *Decoder, list *[]T, read func(*T, *Decoder)) {
	*list = []T{}
	d.Enter()
	if all := d.Rest(); all > 0 {
		appendElem(d, list, read)
		// The first tells the size of the others.
		if size := all - d.Rest(); size > 0 && d.err == nil {
			*list = extend(d, *list, d.Rest()/size)
		}
		for i := 1; i < len(*list); i++ {
			read(&(*list)[i], d)
		}
	}
	for d.Rest() > 0 && d.err == nil {
		appendElem(d, list, read)
	}
	d.Leave()
}

// AppendIndexed appends a nest with an attribute for each element, whose type is
// its place in the list, from 1; a nil list is absent. flags is Nested if the
// elements are nests, else 0.
func AppendIndexed[T any](e *Encoder, b []byte, id uint16, list []T, flags uint16, write func(*T, *Encoder, []byte) []byte) []byte {
	if list != nil {
		b = appendIndexed(e, b, id, list, flags, write)
	}
	return b
}

func appendIndexed[T any](e *Encoder, b []byte, id uint16, list []T, flags uint16, write func(*T, *Encoder, []byte) []byte) []byte {
	b, start := Begin(b, id|Nested)
	for i := range list {
		var elem int
		b, elem = Begin(b, uint16(i+1)&typeMask|flags)
		b = e.End(write(&list[i], e, b), elem)
	}
	e.setLen(b, start)
	return b
}

// GetIndexed reads the current attribute as a nest of elements, in their order
// on the wire; what their types say is not kept.
func GetIndexed[T any](d *Decoder, list *[]T, read func(*T, *Decoder)) {
	*list = []T{}
	d.Enter()
	for d.Next() {
		GetMulti(d, list, read)
	}
	d.Leave()
}

// GetChains reads the current attribute as chains of nests, one for each child.
func GetChains[T any](d *Decoder, list *[]T, read func(*T, *Decoder)) {
	d.Enter()
	for d.Rest() >= attrHeaderLen && d.err == nil {
		appendElem(d, list, read)
	}
	d.Leave()
}

// AppendRecords appends one attribute whose payload is records: each a struct whose
// 16-bit member at lenOffset is the length of the record, then attributes, all
// aligned to four bytes. A nil list is absent.
func AppendRecords[T any](e *Encoder, b []byte, id uint16, list []T, lenOffset int, write func(*T, *Encoder, []byte) []byte) []byte {
	if list != nil {
		b = appendRecords(e, b, id, list, lenOffset, write)
	}
	return b
}

func appendRecords[T any](e *Encoder, b []byte, id uint16, list []T, lenOffset int, write func(*T, *Encoder, []byte) []byte) []byte {
	b, start := Begin(b, id)
	for i := range list {
		at := len(b)
		b = write(&list[i], e, b)
		native.PutUint16(b[at+lenOffset:], uint16(len(b)-at))
		b = Align(b)
	}
	return e.End(b, start)
}

// GetRecords reads the current attribute as records; see AppendRecords.
func GetRecords[T any](d *Decoder, list *[]T, lenOffset int, read func(*T, *Decoder)) {
	*list = []T{}
	d.Enter()
	off, lim := d.off, d.lim
	for d.Rest() > 0 {
		if d.Rest() < lenOffset+2 {
			d.Fail(fmt.Sprintf("%d bytes left, too few for a record", d.Rest()))
			break
		}
		n := int(native.Uint16(d.buf[d.pos+lenOffset:]))
		if n < lenOffset+2 || n > d.Rest() {
			d.Fail(fmt.Sprintf("record length %d does not fit into the %d bytes left", n, d.Rest()))
			break
		}
		next, end := min(d.pos+align4(n), d.end), d.end
		d.end = d.pos + n
		appendElem(d, list, read)
		if d.err != nil {
			break
		}
		d.pos, d.end = next, end
	}
	d.off, d.lim = off, lim
	d.Leave()
}

// AppendOrdered appends a nest of attributes in the order of list, whose elements
// have one each. A nil list is absent.
func AppendOrdered[T any](e *Encoder, b []byte, id uint16, list []T, write func(*T, *Encoder, []byte) []byte) []byte {
	if list != nil {
		b = appendOrdered(e, b, id, list, write)
	}
	return b
}

func appendOrdered[T any](e *Encoder, b []byte, id uint16, list []T, write func(*T, *Encoder, []byte) []byte) []byte {
	b, start := Begin(b, id)
	for i := range list {
		at := len(b)
		b = write(&list[i], e, b)
		if n := len(b) - at; n == 0 || align4(int(native.Uint16(b[at:]))) != n {
			e.Fail(start, fmt.Sprintf("element %d has none or several attributes, want one", i))
		}
	}
	return e.End(b, start)
}

// GetOrdered reads the current attribute as a nest, each attribute of which is an
// element of list.
func GetOrdered[T any](d *Decoder, list *[]T, read func(*T, *Decoder)) {
	*list = []T{}
	d.Enter()
	off, lim := d.off, d.lim
	for d.Rest() >= attrHeaderLen && d.err == nil {
		pos, end := d.pos, d.end
		n := max(int(native.Uint16(d.buf[pos:])), attrHeaderLen) // a wrong length fails below
		d.end = min(pos+n, end)
		appendElem(d, list, read)
		d.pos, d.end = min(pos+align4(n), end), end
	}
	d.off, d.lim = off, lim
	d.Leave()
}

// Body says of the body of a sub-message to which values of the selector it
// belongs, separated by spaces, and whether it is a nest.
type Body struct {
	Values string
	Nested bool
}

// Nest returns the Body of a nest that belongs to values of the selector.
func Nest(values string) Body { return Body{Values: values, Nested: true} }

// AppendBody appends the body of a sub-message; nil is absent.
func AppendBody(e *Encoder, b []byte, id uint16, m Message, body Body) []byte {
	if m != nil {
		b = appendBody(e, b, id, m, body.Nested)
	}
	return b
}

func appendBody(e *Encoder, b []byte, id uint16, m Message, nested bool) []byte {
	if nested {
		id |= Nested
	}
	b, start := Begin(b, id)
	return e.End(m.Encode(e, b), start)
}

// GetBody reads the current attribute into m, the body of a sub-message.
func GetBody[M Message](d *Decoder, m M) M {
	d.Enter()
	m.Decode(d)
	d.Leave()
	return m
}

// AppendSelector appends the attribute that selects sub-messages. If it is absent
// it follows from the bodies; it must agree with each of them.
func AppendSelector(e *Encoder, b []byte, id uint16, o Opt[string], bodies ...Body) []byte {
	return AppendString(e, b, id, Selector(e, len(b), o, bodies...))
}

// Selector returns the value of an attribute that selects sub-messages: o if
// present, else what the bodies say. Errors are of the attribute at an offset.
func Selector(e *Encoder, at int, o Opt[string], bodies ...Body) Opt[string] {
	for _, b := range bodies {
		switch {
		case b.Values == "":
		case !o.ok && strings.IndexByte(b.Values, ' ') >= 0:
			e.Fail(at, "the body does not say the selector; set it to one of "+b.Values)
		case !o.ok:
			o = Some(b.Values)
		case o.v != b.Values && !hasWord(b.Values, o.v):
			e.Fail(at, fmt.Sprintf("the selector is %q, but the body belongs to %s", o.v, b.Values))
		}
	}
	return o
}

func hasWord(list, word string) bool {
	for first := range strings.SplitSeq(list, " ") {
		if first == word {
			return true
		}
	}
	return false
}

// Ahead returns o, the value of the attribute id of the message being decoded.
// If it has not been read yet it is looked for in the rest of the message: the
// kernel may send the body of a sub-message before its selector, as it does with
// RTA_ENCAP and RTA_ENCAP_TYPE.
func Ahead[T any](d *Decoder, id uint16, o Opt[T], get func(*Decoder, *Opt[T])) Opt[T] {
	if o.ok {
		return o
	}
	return ahead(d, id, get)
}

func ahead[T any](d *Decoder, id uint16, get func(*Decoder, *Opt[T])) Opt[T] {
	o := New[Opt[T]](d)
	pos, off, lim, typ := d.pos, d.off, d.lim, d.typ
	for d.Next() {
		if d.ID() == id {
			get(d, o)
			break
		}
	}
	d.pos, d.off, d.lim, d.typ = pos, off, lim, typ
	return *o
}
