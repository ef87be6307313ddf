package runtime

import (
	"errors"
	"fmt"
	"reflect"
	"strconv"
	"strings"
)

// EnumNames are the names of the values of an enumeration.
type EnumNames[T Integer] []struct {
	Value T
	Name  string
}

// FlagNames are the names of the bits of a set of flags.
type FlagNames[T Integer] []struct {
	Value T
	Name  string
}

var errName = errors.New("no such name")

// Format returns the name of v, or the type and the number if it has none, such
// as Operstate(7).
func (n EnumNames[T]) Format(v T) string {
	for i := range n {
		if n[i].Value == v {
			return n[i].Name
		}
	}
	return fmt.Sprintf("%s(%d)", reflect.TypeFor[T]().Name(), v)
}

// Parse returns the value that s stands for: a name, a number, or what Format
// returns for a value without a name.
func (n EnumNames[T]) Parse(s string) (T, error) {
	for i := range n {
		if n[i].Name == s {
			return n[i].Value, nil
		}
	}
	digits, ok := strings.CutPrefix(s, reflect.TypeFor[T]().Name()+"(")
	if ok {
		digits = strings.TrimSuffix(digits, ")")
	}
	return parseNumber[T](s, digits)
}

// Of returns how a selector of sub-messages is written: the name of its value,
// the number if it has none, nothing if it is absent.
func (n EnumNames[T]) Of(o Opt[T]) string {
	if !o.ok {
		return ""
	}
	for i := range n {
		if n[i].Value == o.v {
			return n[i].Name
		}
	}
	return fmt.Sprintf("%d", o.v)
}

// Selector returns the value of an integer attribute that selects sub-messages:
// o if present, else what the bodies say.
func (n EnumNames[T]) Selector(e *Encoder, at int, o Opt[T], bodies ...Body) Opt[T] {
	s := Selector(e, at, Opt[string]{n.Of(o), o.ok}, bodies...)
	if o.ok || !s.ok {
		return o
	}
	v, err := n.Parse(s.v)
	if err != nil {
		e.Fail(at, err.Error())
	}
	return Some(v)
}

// Format returns the names of the bits that are set in v, with | between them;
// bits without a name follow as one number.
func (n FlagNames[T]) Format(v T) string {
	if v == 0 {
		return "0"
	}
	var b []byte
	for i := range n {
		if f := n[i].Value; f != 0 && v&f == f {
			b = append(append(b, n[i].Name...), '|')
			v &^= f
		}
	}
	if v != 0 {
		return string(strconv.AppendUint(append(b, "0x"...), uint64(v), 16))
	}
	return string(b[:len(b)-1])
}

// Parse returns the bits that s stands for: names and numbers with | between them.
func (n FlagNames[T]) Parse(s string) (T, error) {
	var v T
	for part := range strings.SplitSeq(s, "|") {
		f, err := n.parseOne(part)
		if err != nil {
			return 0, err
		}
		v |= f
	}
	return v, nil
}

func (n FlagNames[T]) parseOne(s string) (T, error) {
	for i := range n {
		if n[i].Name == s {
			return n[i].Value, nil
		}
	}
	return parseNumber[T](s, s)
}

// parseNumber returns the value of digits; s is the text for the error.
func parseNumber[T Integer](s, digits string) (T, error) {
	var err error
	if i, e := strconv.ParseInt(digits, 0, 64); e == nil {
		if v := T(i); int64(v) == i && (v < 0) == (i < 0) {
			return v, nil
		}
		err = strconv.ErrRange
	} else if u, e := strconv.ParseUint(digits, 0, 64); e == nil {
		if v := T(u); uint64(v) == u && v > 0 {
			return v, nil
		}
		err = strconv.ErrRange
	} else {
		err = errName
	}
	return 0, fmt.Errorf("%s %q: %w", reflect.TypeFor[T]().Name(), s, err)
}

// ParseText sets v to what b stands for; generated types implement
// encoding.TextUnmarshaler with it.
func ParseText[T Integer](v *T, b []byte, parse func(string) (T, error)) error {
	p, err := parse(string(b))
	if err == nil {
		*v = p
	}
	return err
}
