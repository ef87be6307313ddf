package runtime

import "unsafe"

// storage is where a Decoder puts what does not fit into the message itself:
// memory of its own if the message is reused, else new memory.
type storage struct {
	reuse   bool
	message uint64 // counts the messages that reuse storage
	arenas  []any  // *arena[T], one for each type
	hint    int    // the arena used last
	bytes   arena[byte]
	strings map[string]string
}

// An arena hands out values of one type that are all given back when the next
// message begins.
type arena[T any] struct {
	buf     []T
	used    int
	message uint64
}

// reuseStorage gives back what was handed out for earlier messages.
func (s *storage) reuseStorage() {
	s.reuse = true
	s.message++
}

// New returns a zero T for the message that d decodes; nil is no Decoder.
func New[T any](d *Decoder) *T {
	if d == nil || !d.reuse {
		return new(T)
	}
	return &arenaOf[T](d).extend(nil, 1)[0]
}

// extend returns list with n more zero elements.
func extend[T any, S ~[]T](d *Decoder, list S, n int) S {
	switch {
	case n == 0:
		return list
	case d.reuse:
		return arenaOf[T](d).extend(list, n)
	}
	return append(list, make([]T, n)...)
}

// arenaOf returns the arena for values of type T. Messages of one kind ask for
// types in the same order, so the next arena is the likely one.
func arenaOf[T any](d *Decoder) *arena[T] {
	n := len(d.arenas)
	for i := range n {
		k := d.hint + i
		if k >= n {
			k -= n
		}
		if a, ok := d.arenas[k].(*arena[T]); ok {
			d.hint = k
			return a.of(d.message)
		}
	}
	a := new(arena[T])
	d.arenas = append(d.arenas, a)
	d.hint = n
	return a.of(d.message)
}

// of makes the arena empty if it was last used for another message.
func (a *arena[T]) of(message uint64) *arena[T] {
	if a.message != message {
		a.message, a.used = message, 0
	}
	return a
}

// extend returns list, which may be nil, with n more zero elements: in place if
// there is room behind it.
func (a *arena[T]) extend(list []T, n int) []T {
	l := len(list)
	switch {
	case cap(list)-l >= n:
		list = list[:l+n]
		clear(list[l:])
		return list
	case l > 0 && l <= a.used && &list[0] == &a.buf[a.used-l] && len(a.buf)-a.used >= n:
		clear(a.buf[a.used : a.used+n])
		start := a.used - l
		a.used += n
		return a.buf[start:a.used:a.used]
	}
	return a.move(list, n)
}

// move is extend in another place. A list that others interrupt gets room to
// grow, so that it is not moved often.
func (a *arena[T]) move(list []T, n int) []T {
	l := len(list)
	need := 2*l + n
	if len(a.buf)-a.used < need {
		a.buf = make([]T, max(2*len(a.buf), need))
		a.used = 0
	}
	moved := a.buf[a.used : a.used+need]
	a.used += need
	copy(moved, list)
	clear(moved[l:])
	return moved[: l+n : need]
}

// clone returns a copy of b.
func (d *Decoder) clone(b []byte) []byte {
	if !d.reuse || len(b) == 0 {
		return append([]byte{}, b...)
	}
	c := d.bytes.of(d.message).extend(nil, len(b))
	copy(c, b)
	return c
}

// text returns b as a string that lives as long as the message. Other than str it
// does not intern: the bytes rarely repeat.
func (d *Decoder) text(b []byte) string {
	if !d.reuse || len(b) == 0 {
		return string(b)
	}
	c := d.clone(b)
	return unsafe.String(unsafe.SliceData(c), len(c))
}

// Interned strings: names of interfaces, kinds, modules. They repeat from one
// message, or one dump, to the next.
const (
	maxInterned   = 1 << 14 // strings
	maxInternKept = 32      // bytes of a string in messages that are kept
	maxInternLen  = 256     // the same in messages that are reused
)

// str returns b as a string that is safe to keep; one that repeats is not
// allocated again.
func (d *Decoder) str(b []byte) string {
	if len(b) == 0 {
		return ""
	}
	if s, ok := d.strings[string(b)]; ok {
		return s
	}
	s := string(b)
	if len(b) > maxInternLen || len(b) > maxInternKept && !d.reuse {
		return s
	}
	switch {
	case d.strings == nil:
		d.strings = make(map[string]string)
	case len(d.strings) >= maxInterned:
		clear(d.strings)
	}
	d.strings[s] = s
	return s
}
