package runtime

import (
	"encoding/json"
	"fmt"
)

// Opt is a value that may be absent. The zero Opt is absent, which differs
// from a present zero: Some(uint32(0)) puts an attribute with the value 0 into
// a message, the zero Opt leaves the attribute out.
type Opt[T any] struct {
	v  T
	ok bool
}

// Some returns a present v.
func Some[T any](v T) Opt[T] { return Opt[T]{v: v, ok: true} }

// Get returns the value and whether it is present.
func (o Opt[T]) Get() (T, bool) { return o.v, o.ok }

// Or returns the value if it is present, def otherwise.
func (o Opt[T]) Or(def T) T {
	if o.ok {
		return o.v
	}
	return def
}

// Value returns the value, which is T's zero value if absent.
func (o Opt[T]) Value() T { return o.v }

// Present reports whether there is a value.
func (o Opt[T]) Present() bool { return o.ok }

// IsZero reports whether the value is absent; encoding/json's omitzero uses it.
func (o Opt[T]) IsZero() bool { return !o.ok }

// String formats the value, or "-" if it is absent.
func (o Opt[T]) String() string {
	if !o.ok {
		return "-"
	}
	return fmt.Sprint(o.v)
}

// MarshalJSON writes the value, or null if it is absent.
func (o Opt[T]) MarshalJSON() ([]byte, error) {
	if !o.ok {
		return []byte("null"), nil
	}
	return json.Marshal(o.v)
}

// UnmarshalJSON reads a value; null makes it absent.
func (o *Opt[T]) UnmarshalJSON(b []byte) error {
	*o = Opt[T]{}
	if string(b) == "null" {
		return nil
	}
	if err := json.Unmarshal(b, &o.v); err != nil {
		return err
	}
	o.ok = true
	return nil
}

// U8 returns a present uint8, for literals.
func U8(v uint8) Opt[uint8] { return Some(v) }

// U16 returns a present uint16, for literals.
func U16(v uint16) Opt[uint16] { return Some(v) }

// U32 returns a present uint32, for literals.
func U32(v uint32) Opt[uint32] { return Some(v) }

// U64 returns a present uint64, for literals.
func U64(v uint64) Opt[uint64] { return Some(v) }

// S8 returns a present int8, for literals.
func S8(v int8) Opt[int8] { return Some(v) }

// S16 returns a present int16, for literals.
func S16(v int16) Opt[int16] { return Some(v) }

// S32 returns a present int32, for literals.
func S32(v int32) Opt[int32] { return Some(v) }

// S64 returns a present int64, for literals.
func S64(v int64) Opt[int64] { return Some(v) }
