package runtime

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// Payloads that are not attributes are parts, one behind the other without
// padding: structs, then perhaps something that reaches to the end.

// GetPart reads a struct of n bytes; more follows it.
func GetPart(d *Decoder, name string, m Message, n int) {
	if !d.part(name, n) {
		return
	}
	end := d.end
	d.end = d.pos + n
	d.enterRest()
	m.Decode(d)
	d.leaveRest()
	d.end = end
}

// GetLast reads a struct that is the last part. There must be least bytes; with
// fewer or more than the struct has, it is that of another version.
func GetLast(d *Decoder, name string, m Message, least int) {
	if !d.part(name, least) {
		return
	}
	d.enterRest()
	m.Decode(d)
	d.leaveRest()
}

// part fails unless n bytes are left for a part.
func (d *Decoder) part(name string, n int) bool {
	if d.err == nil && d.Rest() < n {
		d.failPart(name, fmt.Sprintf("%d bytes at offset %d, want %d", d.Rest(), d.pos, n))
	}
	return d.err == nil
}

func (d *Decoder) failPart(name, msg string) {
	if d.err == nil {
		d.err = &codecError{offset: noOffset, msg: name + ": " + msg}
	}
	d.pos = d.end
}

// noOffset is the place of errors in parts: no attribute's.
const noOffset = -1

// enterRest makes what is left of the window a window of its own.
func (d *Decoder) enterRest() {
	d.off, d.lim = d.pos, d.end
	d.Enter()
}

func (d *Decoder) leaveRest() {
	d.Leave()
	d.pos = d.end
}

// GetStructs reads the rest of the window as structs of n bytes. Fewer bytes at
// the end are an error unless they pad the message to a multiple of four.
func GetStructs[T any, P MessagePtr[T]](d *Decoder, name string, list *[]T, n int) {
	end := d.end
	for d.Rest() >= n && d.err == nil {
		*list = extend(d, *list, 1)
		d.end = d.pos + n
		d.enterRest()
		P(&(*list)[len(*list)-1]).Decode(d)
		d.leaveRest()
		d.end = end
	}
	if d.err == nil && !isPadding(d.buf[d.pos:d.end]) {
		d.part(fmt.Sprintf("%s[%d]", name, len(*list)), n)
	}
	d.pos = d.end
}

// isPadding reports whether b can be what pads a message to a multiple of four.
func isPadding(b []byte) bool { return len(b) < 4 && len(bytes.Trim(b, "\x00")) == 0 }

// AppendStructs appends structs, one behind the other.
func AppendStructs[T any, P MessagePtr[T]](e *Encoder, b []byte, list []T) []byte {
	for i := range list {
		b = P(&list[i]).Encode(e, b)
	}
	return b
}

// AppendText appends a text that reaches to the end of the payload. There is no NUL
// behind it.
func AppendText(e *Encoder, b []byte, name, s string) []byte {
	if strings.IndexByte(s, 0) >= 0 {
		e.Fail(noOffset, name+": a NUL in the text")
	}
	return append(b, s...)
}

// GetText reads the rest of the window as text, up to the first NUL if there is one.
func GetText(d *Decoder, s *string) { *s = d.str(cString(d.Take(d.Rest()))) }

// AppendTextUntil appends a text and the character that ends it.
func AppendTextUntil(e *Encoder, b []byte, name, s string, until byte) []byte {
	if strings.IndexByte(s, until) >= 0 {
		e.Fail(noOffset, fmt.Sprintf("%s: %q in the text, which it would end", name, until))
	}
	return append(append(b, s...), until)
}

// GetTextUntil reads a text up to the character that ends it.
func GetTextUntil(d *Decoder, name string, s *string, until byte) {
	b := d.buf[d.pos:d.end]
	n := bytes.IndexByte(b, until)
	if n < 0 {
		if d.err == nil {
			d.failPart(name, fmt.Sprintf("no %q ends the text at offset %d", until, d.pos))
		}
		return
	}
	*s = d.str(d.Take(n))
	d.pos++
}

// GetRest copies the rest of the window, nil if it is empty.
func GetRest(d *Decoder, b *[]byte) {
	if d.Rest() > 0 {
		*b = d.clone(d.Take(d.Rest()))
	}
}

// AppendRestBody appends the body of a sub-message; nil is nothing. selector is what
// the members of the structs before it say, and must agree with the body.
func AppendRestBody(e *Encoder, b []byte, selector string, m Message, body Body) []byte {
	if m != nil {
		Selector(e, noOffset, Some(selector), body)
		b = m.Encode(e, b)
	}
	return b
}

// GetRestBody reads the rest of the window into m, the body of a sub-message. It
// returns nil if there is nothing left.
func GetRestBody[M Message](d *Decoder, m M) M {
	if d.Rest() == 0 {
		var none M
		return none
	}
	d.enterRest()
	m.Decode(d)
	d.leaveRest()
	return m
}

// Decoded is Of for a value that d has read.
func (n EnumNames[T]) Decoded(d *Decoder, v T) string {
	for i := range n {
		if n[i].Value == v {
			return n[i].Name
		}
	}
	var room [20]byte
	if v < 0 {
		return d.str(strconv.AppendInt(room[:0], int64(v), 10))
	}
	return d.str(strconv.AppendUint(room[:0], uint64(v), 10))
}

// Selector joins the values of several members that select a body together.
func (d *Decoder) Selector(values ...string) string {
	var room [64]byte
	b := room[:0]
	for i, v := range values {
		if i > 0 {
			b = append(b, '/')
		}
		b = append(b, v...)
	}
	return d.str(b)
}

// PutLength puts the number of bytes from start to the end of b into an integer of
// size bytes that stands at place.
func PutLength(e *Encoder, b []byte, name string, place, size int, order binary.ByteOrder, start int) {
	n := len(b) - start
	if size < 4 && n>>(8*size) != 0 {
		e.Fail(noOffset, fmt.Sprintf("%s: %d bytes are more than its length can say", name, n))
	}
	switch b := b[place:]; size {
	case 1:
		b[0] = uint8(n)
	case 2:
		order.PutUint16(b, uint16(n))
	case 4:
		order.PutUint32(b, uint32(n))
	case 8:
		order.PutUint64(b, uint64(n))
	}
}

// Limit ends the window after n bytes and returns its end for Unlimit. It fails if
// there are fewer.
func (d *Decoder) Limit(name string, n uint64) int {
	end := d.end
	switch {
	case d.err != nil:
	case uint64(d.Rest()) < n:
		d.failPart(name, fmt.Sprintf("%d bytes at offset %d, want %d", d.Rest(), d.pos, n))
	default:
		d.end = d.pos + int(n)
	}
	return end
}

// Unlimit makes the window end where it did before Limit. What is left of it is
// padding.
func (d *Decoder) Unlimit(end int) {
	d.end = end
	d.pos = end
}

// A KeyValue is an entry of KeyValues.
type KeyValue struct{ Key, Value string }

// KeyValues are texts of the form KEY=VALUE, in the order of the message. In JSON
// they are an object.
type KeyValues []KeyValue

// Get returns the first value of a key.
func (l KeyValues) Get(key string) (value string, ok bool) {
	for _, kv := range l {
		if kv.Key == key {
			return kv.Value, true
		}
	}
	return "", false
}

// Encode implements Message.
func (l *KeyValues) Encode(e *Encoder, b []byte) []byte {
	for _, kv := range *l {
		if kv.Key == "" || strings.ContainsAny(kv.Key, "=\x00") || strings.IndexByte(kv.Value, 0) >= 0 {
			e.Fail(noOffset, fmt.Sprintf("%q=%q cannot be told apart from other entries", kv.Key, kv.Value))
		}
		b = append(append(append(append(b, kv.Key...), '='), kv.Value...), 0)
	}
	return b
}

// Decode implements Message.
func (l *KeyValues) Decode(d *Decoder) {
	for d.Rest() > 0 {
		at := d.pos
		entry := cString(d.buf[d.pos:d.end])
		d.pos = min(d.pos+len(entry)+1, d.end)
		key, value, ok := bytes.Cut(entry, []byte("="))
		switch {
		case len(entry) == 0: // padding
		case !ok || len(key) == 0:
			d.pos = at
			d.failPart(fmt.Sprintf("[%d]", len(*l)), fmt.Sprintf("%q at offset %d is no KEY=VALUE", entry, at))
		default:
			*l = extend(d, *l, 1)
			(*l)[len(*l)-1] = KeyValue{d.str(key), d.str(value)}
		}
	}
}

// MarshalJSON writes an object with the entries in order.
func (l KeyValues) MarshalJSON() ([]byte, error) {
	b := []byte{'{'}
	for i, kv := range l {
		if i > 0 {
			b = append(b, ',')
		}
		for j, s := range []string{kv.Key, kv.Value} {
			text, err := json.Marshal(s)
			if err != nil {
				return nil, err
			}
			if j > 0 {
				b = append(b, ':')
			}
			b = append(b, text...)
		}
	}
	return append(b, '}'), nil
}

// UnmarshalJSON reads an object and keeps the order of its members.
func (l *KeyValues) UnmarshalJSON(b []byte) error {
	d := json.NewDecoder(bytes.NewReader(b))
	t, err := d.Token()
	switch {
	case err != nil:
		return err
	case t == nil: // null
		return nil
	case t != json.Delim('{'):
		return errors.New("key-values must be a JSON object")
	}
	*l = nil
	for d.More() {
		var kv KeyValue
		key, err := d.Token()
		if err != nil {
			return err
		}
		kv.Key, _ = key.(string) // the decoder has checked it
		if err := d.Decode(&kv.Value); err != nil {
			return err
		}
		*l = append(*l, kv)
	}
	_, err = d.Token()
	return err
}

// A TypedMessage wants to know the type in the netlink header it came with: it
// stands for a range of types.
type TypedMessage interface{ SetMessageType(uint16) }
