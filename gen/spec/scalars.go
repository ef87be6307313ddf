package spec

import (
	"fmt"
	"math"
	"regexp"

	"github.com/nlgen/nlgen/gen/tree"
)

// The greatest ids the wire has room for.
const (
	maxAttributeID = 1<<14 - 1 // two bits of the field are flags
	maxMessageID   = math.MaxUint16
)

var constName = regexp.MustCompile(`^([0-9A-Za-z_-]*[A-Za-z_][0-9A-Za-z_-]*)( - 1)?$`)

// number accepts an integer, a name, or NAME - 1.
func number(n *tree.Node) (Number, error) {
	if i, err := tree.Integer(n); err == nil {
		return Number{Int: i}, nil
	}
	if m := constName.FindStringSubmatch(n.Value); m != nil && n.IsText() {
		return Number{Name: m[1], Offset: -int64(len(m[2]) / len(" - 1"))}, nil
	}
	return Number{}, tree.Wrong(n, `an integer, a constant or "CONSTANT - 1"`)
}

// length is a number that is not negative.
func length(n *tree.Node) (Number, error) {
	v, err := number(n)
	if err == nil && v.Int.Neg {
		err = fmt.Errorf("the length %s is negative", v.Int)
	}
	return v, err
}

// onlyDigits matches what can only be meant as an integer.
var onlyDigits = regexp.MustCompile(`^[-+]?(0x[0-9A-Fa-f]+|[0-9]+)$`)

// literal accepts an integer or text.
func literal(n *tree.Node) (Literal, error) {
	if i, err := tree.Integer(n); err == nil {
		return Literal{Int: i}, nil
	}
	if !n.IsText() || !n.Quoted && onlyDigits.MatchString(n.Value) {
		return Literal{}, tree.Wrong(n, "an integer of up to 64 bits or text")
	}
	return Literal{IsText: true, Text: n.Value}, nil
}

// count accepts a number of elements from 1, or the word flexible.
func count(n *tree.Node) (Count, error) {
	if n.Kind == tree.Scalar && n.Value == "flexible" {
		return Count{Flexible: true}, nil
	}
	v, err := tree.UpTo(math.MaxUint16)(n)
	if err != nil || v == 0 {
		return Count{}, tree.Wrong(n, "a number from 1 to 65535 or flexible")
	}
	return Count{N: v}, nil
}
