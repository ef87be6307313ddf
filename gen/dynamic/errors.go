package dynamic

import (
	"errors"
	"fmt"
	"strings"

	"github.com/nlgen/nlgen/gen/diag"
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
	return &Error{Msg: "unknown " + kind + " " + name, Hint: diag.DidYouMean(name, known)}
}
