package tree

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// describe names a node for diagnostics.
func describe(n *Node) string {
	switch {
	case n.Kind != Scalar:
		return n.Kind.String()
	case n.IsNull():
		return "an empty value"
	}
	return strconv.Quote(n.Value)
}

// Wrong returns an error that says what stands where something else is wanted.
func Wrong(n *Node, wanted string) error {
	return fmt.Errorf("%s where %s is wanted", describe(n), wanted)
}

// Text accepts any scalar but null and keeps it as written: an unquoted no or
// off is a name like any other.
func Text(n *Node) (string, error) {
	if n.Kind != Scalar || n.IsNull() {
		return "", Wrong(n, "text")
	}
	return n.Value, nil
}

// TextOrNull is [Text], with the empty string for null.
func TextOrNull(n *Node) (string, error) {
	if n.IsNull() {
		return "", nil
	}
	return Text(n)
}

// Name is [Text] that names something.
func Name(n *Node) (string, error) {
	s, err := Text(n)
	if err == nil && strings.TrimSpace(s) == "" {
		err = errors.New("a name must not be blank")
	}
	return s, err
}

// Bool accepts every YAML 1.1 spelling of true and false.
func Bool(n *Node) (bool, error) {
	if n.Kind == Scalar && !n.Quoted {
		// YAML 1.1 spells booleans in all these ways, and so may specs.
		switch strings.ToLower(n.Value) {
		case "true", "yes", "on":
			return true, nil
		case "false", "no", "off":
			return false, nil
		}
	}
	return false, Wrong(n, "true or false")
}

// Choice accepts one of the given texts.
func Choice[T ~string](choices ...T) Parser[T] {
	return func(n *Node) (T, error) {
		s, err := Text(n)
		if err != nil {
			return "", err
		}
		if !slices.Contains(choices, T(s)) {
			return "", &Problem{
				Msg:  fmt.Sprintf("%q is not one of the choices", s),
				Hint: "use " + Enumerate(choices),
			}
		}
		return T(s), nil
	}
}

// Integer accepts decimal, hexadecimal, octal and binary, with a sign.
func Integer(n *Node) (Int, error) {
	if n.Kind != Scalar || n.Quoted {
		return Int{}, Wrong(n, "an integer")
	}
	i, ok := parseInt(n.Value)
	if !ok {
		return Int{}, Wrong(n, "an integer")
	}
	return i, nil
}

// Int is an integer between the least s64 and the greatest u64.
type Int struct {
	Neg bool   // the sign; never true for zero
	Abs uint64 // the magnitude
}

// Int64 returns the value as an int64, and false if it does not fit.
func (i Int) Int64() (int64, bool) {
	if i.Neg {
		return -int64(i.Abs), true // the parser bounds negative magnitudes by 2^63
	}
	return int64(i.Abs), i.Abs <= 1<<63-1
}

// Uint64 returns the value as a uint64, and false if it is negative.
func (i Int) Uint64() (uint64, bool) { return i.Abs, !i.Neg }

// String formats the integer in decimal.
func (i Int) String() string {
	s := strconv.FormatUint(i.Abs, 10)
	if i.Neg {
		return "-" + s
	}
	return s
}

func parseInt(s string) (Int, bool) {
	digits, neg := strings.CutPrefix(s, "-")
	if !neg {
		digits = strings.TrimPrefix(s, "+")
	}
	if digits == "" || digits[0] < '0' || digits[0] > '9' {
		return Int{}, false
	}
	abs, err := strconv.ParseUint(digits, 0, 64)
	if err != nil || neg && abs > 1<<63 {
		return Int{}, false
	}
	return Int{Neg: neg && abs != 0, Abs: abs}, true
}

// UpTo accepts an integer between 0 and limit.
func UpTo(limit uint32) Parser[uint32] {
	return func(n *Node) (uint32, error) {
		i, err := Integer(n)
		if err != nil {
			return 0, err
		}
		if i.Neg || i.Abs > uint64(limit) {
			return 0, fmt.Errorf("%s is not between 0 and %d", i, limit)
		}
		return uint32(i.Abs), nil
	}
}

// Enumerate writes a list of choices as prose.
func Enumerate[T ~string](choices []T) string {
	var b strings.Builder
	for i, c := range choices {
		switch {
		case i > 0 && i == len(choices)-1:
			b.WriteString(" or ")
		case i > 0:
			b.WriteString(", ")
		}
		b.WriteString(string(c))
	}
	return b.String()
}
