package runtime

import (
	"errors"
	"os"
	"strings"
)

// fault returns an error that a server answers.
func fault(errno Errno, text string) *Error { return &Error{Errno: errno, Message: text} }

// codecFault returns the error for a place of the request that is malformed.
func (x *exchange) codecFault(err *codecError) *Error {
	e := fault(err.errno, err.msg)
	if err.errno == 0 {
		e.Errno = errInvalid
	}
	if err.offset > 0 && err.offset < len(x.msg.raw) {
		e.Offset = err.offset
	}
	return e
}

// answerError sends NLMSG_ERROR; nil acknowledges.
func (x *exchange) answerError(err error) {
	x.enc.reset()
	x.putStatus(typeError, 0, err)
	_ = x.send()
	x.done = true
}

// putStatus appends NLMSG_ERROR or NLMSG_DONE.
func (x *exchange) putStatus(typ, flags uint16, err error) {
	b := x.enc.buf
	status := x.extack(err)
	start := len(b)
	h := x.header(flags)
	h.Type = typ
	b = native.AppendUint32(h.append(b), uint32(-int32(status.errno)))
	if typ == typeError {
		echoed := x.msg.raw[:headerLen]
		if err != nil && x.server.config.wordy {
			echoed = x.msg.raw
		} else {
			h.Flags |= flagCapped
		}
		b = Align(append(b, echoed...))
	}
	before := len(b)
	b = status.append(&x.enc, b)
	if len(b) > before {
		h.Flags |= flagTLVs
	}
	native.PutUint16(b[start+6:], h.Flags)
	endMessage(b, start)
	x.enc.buf = b
}

// append appends the attributes of an extended ack.
func (s *extack) append(e *Encoder, b []byte) []byte {
	if s.text != "" {
		b = appendString(e, b, extackMsg, s.text)
	}
	if s.offset > 0 {
		b = AppendU32(b, extackOffs, Some(uint32(s.offset)))
	}
	if s.missType.ok {
		b = AppendU32(b, extackMissType, s.missType)
		if s.missNest > 0 {
			b = AppendU32(b, extackMissNest, Some(uint32(s.missNest)))
		}
	}
	return b
}

// extack returns what to say about an error: of an *Error the number, the text and
// the places of the attributes that it names, of others the number and the text.
func (x *exchange) extack(err error) extack {
	if err == nil {
		return extack{}
	}
	var e *Error
	if !errors.As(err, &e) {
		s := extack{errno: errnoOf(err)}
		if _, plain := err.(Errno); !plain {
			s.text = err.Error()
		}
		return s
	}
	s := extack{errno: e.Errno, text: e.Message, offset: e.Offset}
	if s.errno == 0 {
		s.errno = errnoOf(e.Err)
	}
	if s.text == "" && e.Err != nil {
		s.text = e.Err.Error()
	}
	if x.handler == nil {
		return s
	}
	t := x.tree()
	if offset := t.offset(e.Attr); offset != noOffset {
		s.offset = offset
	}
	if e.Missing != "" {
		t.setMissing(&s, e.Missing)
	}
	return s
}

// errnoOf returns the number that comes nearest to an error.
func errnoOf(err error) Errno {
	var errno Errno
	if errors.As(err, &errno) && errno != 0 {
		return errno
	}
	for _, c := range []struct {
		err   error
		errno Errno
	}{
		{os.ErrNotExist, errNoEntry}, {os.ErrExist, errExists}, {os.ErrPermission, errDenied}, {errors.ErrUnsupported, errNoSupport},
	} {
		if errors.Is(err, c.err) {
			return c.errno
		}
	}
	return errIO
}

// setMissing says in s that the attribute of a path is missing, if the schema has it.
func (t *tree) setMissing(s *extack, path string) {
	nest := t.root
	name := path
	if i := strings.LastIndexByte(path, '.'); i >= 0 {
		var ok bool
		if nest, ok = t.place(path[:i]); !ok {
			return
		}
		name, s.missNest = path[i+1:], nest.start
	}
	_, set := t.content(nest)
	for _, a := range t.schema.Sets[set].Attrs {
		if a.Name == name {
			s.missType = Some(uint32(a.ID))
		}
	}
}

// offset returns where the attribute of a path starts, noOffset if there is none.
func (t *tree) offset(path string) int {
	if n, ok := t.place(path); ok && path != "" {
		return n.start
	}
	return noOffset
}

// place returns the attribute of a path. Of several of one name without an index
// it is the last, which counts if there may be only one.
func (t *tree) place(path string) (node, bool) {
	n := t.root
	if path == "header" {
		n.start = n.pos
		return n, n.attr.Skip > 0
	}
	for path != "" {
		child, rest, ok := t.step(n, path)
		if !ok {
			return node{}, false
		}
		n, path = child, rest
	}
	return n, true
}

// step returns the child of n that a path starts with, and the rest of the path.
func (t *tree) step(n node, path string) (node, string, bool) {
	found := -1
	var rest string
	children := t.children(n)
	for i, c := range children {
		if after, ok := strings.CutPrefix(path, c.name); ok && (after == "" || after[0] == '.' || after[0] == '[') {
			found, rest = i, after
		}
		if base, _, indexed := strings.Cut(c.name, "["); indexed && base != "" {
			if after, ok := strings.CutPrefix(path, base); ok && (after == "" || after[0] == '.') {
				found, rest = i, after
			}
		}
	}
	if found < 0 {
		return node{}, "", false
	}
	return children[found], strings.TrimPrefix(rest, "."), true
}
