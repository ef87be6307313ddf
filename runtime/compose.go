package runtime

import (
	"fmt"
	"strings"
)

// PutStruct appends a C struct.
func PutStruct[T any, P MessagePtr[T]](e *Encoder, id uint16, o *Opt[T]) {
	if o.ok {
		put(e, id, P(&o.v))
	}
}

// put appends an attribute whose payload is m.
func put[M Message](e *Encoder, id uint16, m M) {
	start := e.Begin(id)
	m.Encode(e)
	e.End(start)
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

// SetTail appends what the struct had beyond its known members, or takes away
// what it lacked.
func (e *Encoder) SetTail(t Tail) {
	e.buf = append(e.buf[:len(e.buf)-t.missing], t.rest...)
}

// Tail returns the rest of the window, after a struct of n bytes was read from it.
func (d *Decoder) Tail(n int) Tail {
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

// PutNest appends a nest; nil is absent.
func PutNest[T any, P MessagePtr[T]](e *Encoder, id uint16, m P) {
	if m != nil {
		put(e, id|Nested, m)
	}
}

// GetNest reads the current attribute as a nest.
func GetNest[T any, P MessagePtr[T]](d *Decoder, m *P) {
	*m = New[T](d)
	d.Enter()
	(*m).Decode(d)
	d.Leave()
}

// PutMulti appends an attribute for each element. Or id with Nested if the
// elements are nests.
func PutMulti[T any](e *Encoder, id uint16, list []T, write func(*T, *Encoder)) {
	if len(list) > 0 {
		putMulti(e, id, list, write)
	}
}

func putMulti[T any](e *Encoder, id uint16, list []T, write func(*T, *Encoder)) {
	for i := range list {
		start := e.Begin(id)
		write(&list[i], e)
		e.End(start)
	}
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

// PutArray appends one attribute whose payload is the elements one after the
// other; a nil list is absent.
func PutArray[T any](e *Encoder, id uint16, list []T, write func(*T, *Encoder)) {
	if list != nil {
		putArray(e, id, list, write)
	}
}

func putArray[T any](e *Encoder, id uint16, list []T, write func(*T, *Encoder)) {
	start := e.Begin(id)
	for i := range list {
		write(&list[i], e)
	}
	e.End(start)
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

// PutIndexed appends a nest with an attribute for each element, whose type is
// its place in the list, from 1; a nil list is absent. flags is Nested if the
// elements are nests, else 0.
func PutIndexed[T any](e *Encoder, id uint16, list []T, flags uint16, write func(*T, *Encoder)) {
	if list != nil {
		putIndexed(e, id, list, flags, write)
	}
}

func putIndexed[T any](e *Encoder, id uint16, list []T, flags uint16, write func(*T, *Encoder)) {
	start := e.Begin(id | Nested)
	for i := range list {
		elem := e.Begin(uint16(i+1)&typeMask | flags)
		write(&list[i], e)
		e.End(elem)
	}
	e.End(start)
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

// PutRecords appends one attribute whose payload is records: each a struct whose
// 16-bit member at lenOffset is the length of the record, then attributes, all
// aligned to four bytes. A nil list is absent.
func PutRecords[T any](e *Encoder, id uint16, list []T, lenOffset int, write func(*T, *Encoder)) {
	if list != nil {
		putRecords(e, id, list, lenOffset, write)
	}
}

func putRecords[T any](e *Encoder, id uint16, list []T, lenOffset int, write func(*T, *Encoder)) {
	start := e.Begin(id)
	for i := range list {
		at := len(e.buf)
		write(&list[i], e)
		native.PutUint16(e.buf[at+lenOffset:], uint16(len(e.buf)-at))
		e.Align()
	}
	e.End(start)
}

// GetRecords reads the current attribute as records; see PutRecords.
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

// PutOrdered appends a nest of attributes in the order of list, whose elements
// have one each. A nil list is absent.
func PutOrdered[T any](e *Encoder, id uint16, list []T, write func(*T, *Encoder)) {
	if list != nil {
		putOrdered(e, id, list, write)
	}
}

func putOrdered[T any](e *Encoder, id uint16, list []T, write func(*T, *Encoder)) {
	start := e.Begin(id)
	for i := range list {
		at := len(e.buf)
		write(&list[i], e)
		if n := len(e.buf) - at; n == 0 || align4(int(native.Uint16(e.buf[at:]))) != n {
			e.failAt(start, fmt.Sprintf("element %d has none or several attributes, want one", i))
		}
	}
	e.End(start)
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

// Body says of the body of a sub-message which values of the selector it
// belongs to, separated by spaces, and whether it is a nest.
type Body struct {
	Values string
	Nested bool
}

// Nest returns the Body of a nest that belongs to values of the selector.
func Nest(values string) Body { return Body{Values: values, Nested: true} }

// PutBody appends the body of a sub-message; nil is absent.
func PutBody(e *Encoder, id uint16, m Message, b Body) {
	if m != nil {
		e.body(id, m, b.Nested)
	}
}

func (e *Encoder) body(id uint16, m Message, nested bool) {
	if nested {
		id |= Nested
	}
	put(e, id, m)
}

// GetBody reads the current attribute into m, the body of a sub-message.
func GetBody[M Message](d *Decoder, m M) M {
	d.Enter()
	m.Decode(d)
	d.Leave()
	return m
}

// PutSelector appends the attribute that selects sub-messages. If it is absent
// it follows from the bodies; it must agree with each of them.
func PutSelector(e *Encoder, id uint16, o Opt[string], bodies ...Body) {
	PutString(e, id, Selector(e, o, bodies...))
}

// Selector returns the value of an attribute that selects sub-messages: o if
// present, else what the bodies say.
func Selector(e *Encoder, o Opt[string], bodies ...Body) Opt[string] {
	for _, b := range bodies {
		switch {
		case b.Values == "":
		case !o.ok && strings.Contains(b.Values, " "):
			e.Fail("the body does not say the selector; set it to one of " + b.Values)
		case !o.ok:
			o = Some(b.Values)
		case !hasWord(b.Values, o.v):
			e.Fail(fmt.Sprintf("the selector is %q, but the body belongs to %s", o.v, b.Values))
		}
	}
	return o
}

func hasWord(list, word string) bool {
	if list == word {
		return true
	}
	for len(list) > 0 {
		first, rest, _ := strings.Cut(list, " ")
		if first == word {
			return true
		}
		list = rest
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
