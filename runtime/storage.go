package runtime

import "unsafe"

// storage is where a Decoder puts what does not fit into the message itself.
//
// There are three ways. By itself, a Decoder allocates each value. Calls and Unmarshal
// allocate several values at a time, since the next message likely needs the same
// ones. For a message that is reused, the values are, too.
type storage struct {
	arenas  []any // *arena[T], one for each type
	hint    int   // the arena used last
	pooled  bool  // use the arenas
	message uint64
	reused  uint64 // counts the messages whose values are reused
	bytes   arena[byte]
	strings map[string]string
}

// An arena hands out values of one type. The values of a message other than 0
// are given back when it asks for those of another.
type arena[T any] struct {
	buf     []T
	used    int
	message uint64
}

// Bytes of values allocated at a time that are safe to keep: one that is kept
// keeps those beside it.
const maxShared = 4 << 10

// share makes the values of the next message safe to keep, and cheap.
func (s *storage) share() { s.pooled, s.message = true, 0 }

// reuse gives back the values of the message before that was reused.
func (s *storage) reuse() {
	s.reused++
	s.pooled, s.message = true, s.reused
}

// lasting reports whether the values of the message are valid for ever.
func (s *storage) lasting() bool { return !s.pooled || s.message == 0 }

// New returns a zero T for the message that d decodes; nil is no Decoder.
func New[T any](d *Decoder) *T {
	if d == nil || !d.pooled {
		return new(T)
	}
	return &arenaOf[T](d).extend(nil, 1)[0]
}

// extend returns list with n more zero elements.
func extend[T any, S ~[]T](d *Decoder, list S, n int) S {
	switch {
	case n == 0:
		return list
	case d.pooled:
		return arenaOf[T](d).extend(list, n)
	}
	return append(list, make([]T, n)...)
}

// AppendElems appends elements to a list of the message that d decodes.
func AppendElems[T any, S ~[]T](d *Decoder, list S, elems ...T) S {
	n := len(list)
	list = extend(d, list, len(elems))
	copy(list[n:], elems)
	return list
}

// CString returns b up to its first NUL, for the string members of structs.
func (d *Decoder) CString(b []byte) string { return d.str(cString(b)) }

// arenaOf returns the arena for values of type T. Messages of one kind ask for
// types in the same order, so the arena used last or the next is the likely one.
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

// of prepares the arena for the values of a message.
func (a *arena[T]) of(message uint64) *arena[T] {
	if a.message != message {
		if message == 0 || a.message == 0 {
			a.buf = nil // what is safe to keep is not given back
		}
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
	case len(a.buf)-a.used >= n && (l == 0 || l <= a.used && &list[0] == &a.buf[a.used-l]):
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
		a.grow(need)
	}
	moved := a.buf[a.used : a.used+need : a.used+need]
	a.used += need
	copy(moved, list)
	clear(moved[l:])
	return moved[:l+n]
}

// grow gives the arena new memory for need values and more.
func (a *arena[T]) grow(need int) {
	size := 2 * len(a.buf)
	if a.message == 0 {
		size = min(size, maxShared/max(int(unsafe.Sizeof(*new(T))), 1))
	}
	a.buf, a.used = make([]T, max(size, need)), 0
}

// clone returns a copy of b.
func (d *Decoder) clone(b []byte) []byte {
	if !d.pooled || len(b) == 0 {
		return append([]byte{}, b...)
	}
	c := d.bytes.of(d.message).extend(nil, len(b))
	copy(c, b)
	return c
}

// text returns b as a string that lives as long as the message. Other than str it
// does not intern: the bytes rarely repeat.
func (d *Decoder) text(b []byte) string {
	if d.lasting() || len(b) == 0 {
		return string(b)
	}
	c := d.clone(b)
	return unsafe.String(unsafe.SliceData(c), len(c))
}

// Interned strings are names of interfaces, kinds, modules: they repeat from one
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
	if len(b) > maxInternLen || len(b) > maxInternKept && d.lasting() {
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
