package spec

import (
	"errors"
	"fmt"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// problem is an error with a hint how to mend it.
type problem struct{ msg, hint string }

func (p *problem) Error() string { return p.msg }

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

func wrong(n *Node, wanted string) error {
	return fmt.Errorf("%s where %s is wanted", describe(n), wanted)
}

// text accepts any scalar but null and keeps it as written: an unquoted no or
// off is a name like any other.
func text(n *Node) (string, error) {
	if n.Kind != Scalar || n.IsNull() {
		return "", wrong(n, "text")
	}
	return n.Value, nil
}

// textOrNull is text, with the empty string for null.
func textOrNull(n *Node) (string, error) {
	if n.IsNull() {
		return "", nil
	}
	return text(n)
}

// name is text that names something.
func name(n *Node) (string, error) {
	s, err := text(n)
	if err == nil && strings.TrimSpace(s) == "" {
		err = errors.New("a name must not be blank")
	}
	return s, err
}

func boolean(n *Node) (bool, error) {
	if n.Kind == Scalar && !n.Quoted {
		// YAML 1.1 spells booleans in all these ways, and so may specs.
		switch strings.ToLower(n.Value) {
		case "true", "yes", "on":
			return true, nil
		case "false", "no", "off":
			return false, nil
		}
	}
	return false, wrong(n, "true or false")
}

// choice accepts one of the given texts.
func choice[T ~string](choices ...T) func(*Node) (T, error) {
	return func(n *Node) (T, error) {
		s, err := text(n)
		if err != nil {
			return "", err
		}
		if !slices.Contains(choices, T(s)) {
			return "", &problem{
				msg:  fmt.Sprintf("%q is not one of the choices", s),
				hint: "use " + enumerate(choices),
			}
		}
		return T(s), nil
	}
}

// integer accepts decimal, hexadecimal, octal and binary, with a sign.
func integer(n *Node) (Int, error) {
	if n.Kind != Scalar || n.Quoted {
		return Int{}, wrong(n, "an integer")
	}
	i, ok := parseInt(n.Value)
	if !ok {
		return Int{}, wrong(n, "an integer")
	}
	return i, nil
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

// The greatest ids the wire has room for.
const (
	maxAttributeID = 1<<14 - 1 // two bits of the field are flags
	maxMessageID   = math.MaxUint16
)

// upTo accepts an integer between 0 and limit.
func upTo(limit uint32) func(*Node) (uint32, error) {
	return func(n *Node) (uint32, error) {
		i, err := integer(n)
		if err != nil {
			return 0, err
		}
		if i.Neg || i.Abs > uint64(limit) {
			return 0, fmt.Errorf("%s is not between 0 and %d", i, limit)
		}
		return uint32(i.Abs), nil
	}
}

var constName = regexp.MustCompile(`^([0-9A-Za-z_-]*[A-Za-z_][0-9A-Za-z_-]*)( - 1)?$`)

// number accepts an integer, a name, or NAME - 1.
func number(n *Node) (Number, error) {
	if i, err := integer(n); err == nil {
		return Number{Int: i}, nil
	}
	if n.Kind == Scalar {
		if m := constName.FindStringSubmatch(n.Value); m != nil && !n.IsNull() {
			return Number{Name: m[1], Offset: -int64(len(m[2]) / len(" - 1"))}, nil
		}
	}
	return Number{}, wrong(n, `an integer, a constant or "CONSTANT - 1"`)
}

// length is a number that is not negative.
func length(n *Node) (Number, error) {
	v, err := number(n)
	if err == nil && v.Int.Neg {
		err = fmt.Errorf("the length %s is negative", v.Int)
	}
	return v, err
}

// literal accepts an integer or a text that does not look like anything else.
func literal(n *Node) (Literal, error) {
	if i, err := integer(n); err == nil {
		return Literal{Int: i}, nil
	}
	if n.Kind != Scalar || !n.Quoted && slices.Contains([]string{tagNull, tagBool, tagFloat, tagInt}, n.Tag) {
		return Literal{}, wrong(n, "an integer or a text")
	}
	return Literal{IsText: true, Text: n.Value}, nil
}

// count accepts a number of elements from 1, or the word flexible.
func count(n *Node) (Count, error) {
	if n.Kind == Scalar && n.Value == "flexible" {
		return Count{Flexible: true}, nil
	}
	v, err := upTo(math.MaxUint16)(n)
	if err != nil || v == 0 {
		return Count{}, wrong(n, "a number from 1 to 65535 or flexible")
	}
	return Count{N: v}, nil
}

// enumerate writes a list of choices as prose.
func enumerate[T ~string](choices []T) string {
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

// maxTypo bounds the length of words that are searched for typing errors.
const maxTypo = 64

// didYouMean returns a hint with the candidate nearest to word, or nothing if
// none is near.
func didYouMean(word string, candidates []string) string {
	if len(word) > maxTypo {
		return ""
	}
	best, bestDistance := "", max(2, len(word)/3)+1
	for _, c := range candidates {
		if d := distance(word, c); d < bestDistance {
			best, bestDistance = c, d
		}
	}
	if best == "" {
		return ""
	}
	return fmt.Sprintf("did you mean %q?", best)
}

// distance counts the single-byte edits, swaps of neighbours included, that
// turn a into b.
func distance(a, b string) int {
	before, last, row := []int(nil), make([]int, len(b)+1), []int(nil)
	for j := range last {
		last[j] = j
	}
	for i := range len(a) {
		row = make([]int, len(b)+1)
		row[0] = i + 1
		for j := range len(b) {
			cost := 1
			if a[i] == b[j] {
				cost = 0
			}
			row[j+1] = min(row[j]+1, last[j+1]+1, last[j]+cost)
			if i > 0 && j > 0 && a[i] == b[j-1] && a[i-1] == b[j] {
				row[j+1] = min(row[j+1], before[j-1]+1)
			}
		}
		before, last = last, row
	}
	return last[len(b)]
}
