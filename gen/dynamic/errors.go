package dynamic

import (
	"errors"
	"fmt"
	"strings"
)

// An Error says what is wrong in which place of a message.
type Error struct {
	Op   string // the operation; "" if a message was coded on its own
	Path string // the attribute, such as linkinfo.data.id or peers[2].endpoint
	Msg  string
	Hint string // what to do about it; may be empty
}

// Error formats the error as "newlink: linkinfo.data.id: what; hint".
func (e *Error) Error() string {
	var b strings.Builder
	for _, s := range []string{e.Op, e.Path} {
		if s != "" {
			b.WriteString(s + ": ")
		}
	}
	b.WriteString(e.Msg)
	if e.Hint != "" {
		b.WriteString("; " + e.Hint)
	}
	return b.String()
}

func failf(format string, args ...any) error {
	return &Error{Msg: fmt.Sprintf(format, args...)}
}

var errTooDeep = fmt.Errorf("nested deeper than %d levels", maxDepth)

func asError(err error) *Error {
	if e, ok := errors.AsType[*Error](err); ok {
		return e
	}
	return &Error{Msg: err.Error()}
}

// at puts a name in front of the path of err; nil stays nil.
func at(name string, err error) error {
	if err == nil {
		return nil
	}
	e := *asError(err)
	switch {
	case e.Path == "":
		e.Path = name
	case e.Path[0] == '[':
		e.Path = name + e.Path
	default:
		e.Path = name + "." + e.Path
	}
	return &e
}

// atIndex puts an index in front of the path of err.
func atIndex(i int, err error) error { return at(fmt.Sprintf("[%d]", i), err) }

// in names the operation of err; nil stays nil.
func in(op string, err error) error {
	if err == nil {
		return nil
	}
	e := *asError(err)
	e.Op = op
	return &e
}

// unknownName reports a name that is not one of known.
func unknownName(kind, name string, known []string) error {
	e := &Error{Msg: "unknown " + kind + " " + name}
	if n := nearest(name, known); n != "" {
		e.Hint = "did you mean " + n
	}
	return e
}

// nearest returns the name most like s, or "" if none is.
func nearest(s string, names []string) string {
	best, limit := "", max(1, len(s)/3)+1
	for _, n := range names {
		if d := distance(s, n); d < limit {
			best, limit = n, d
		}
	}
	return best
}

// distance returns the number of insertions, deletions and replacements of
// bytes that lead from a to b.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := 1
			if a[i] == b[j] {
				cost = 0
			}
			diagonal, row[j+1] = row[j+1], min(diagonal+cost, row[j+1]+1, row[j]+1)
		}
	}
	return row[len(b)]
}
