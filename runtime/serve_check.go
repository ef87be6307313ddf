package runtime

import (
	"bytes"
	"strings"
)

// decode decodes the request and checks it against the spec.
//
// There are no tables of limits. What a message cannot be, its decoder finds; it
// is told not to keep what it does not know. The limits of the spec are in the
// code that encodes the message, for clients, so the server encodes what it has
// decoded and looks what that finds; names lead from there to the place in the
// request. So both sides check the same, and clients carry nothing for servers.
func (x *exchange) decode() (Message, error) {
	req := x.handler.request()
	x.dec.Reset(x.msg.body)
	req.Decode(&x.dec)
	start := len(x.msg.raw) - len(x.msg.body)
	var first *codecError
	if err := x.dec.err; err != nil {
		first = err.at(err.offset + start)
	}
	// What stands in front of an error has been decoded, and may be wrong, too.
	first = earlier(earlier(first, x.sloppy()), x.limits(req))
	if first != nil {
		return nil, x.codecFault(first)
	}
	return req, nil
}

// at returns the error at another place. Errors outside attributes stay so.
func (e *codecError) at(offset int) *codecError {
	if e.offset == noOffset {
		offset = noOffset
	}
	return &codecError{offset, e.msg, e.errno}
}

// earlier returns the error that comes first in the request, a if none does. Those
// without a place come last.
func earlier(a, b *codecError) *codecError {
	switch {
	case a == nil:
		return b
	case b == nil, b.offset == noOffset, a.offset != noOffset && a.offset <= b.offset:
		return a
	}
	return b
}

// limits returns the first place of the request that is beyond the limits of the
// spec.
func (x *exchange) limits(req Message) *codecError {
	var all []codecError
	x.check.reset()
	x.check.all = &all
	x.service.put(&x.check, Header{}, x.handler.op.Request, req)
	if len(all) == 0 {
		return nil
	}
	var first *codecError
	again, request := x.service.tree(x.handler.op, x.check.buf), x.tree()
	for _, err := range all {
		err.offset = request.offset(again.path(err.offset))
		first = earlier(first, &err)
	}
	return first
}

// tree returns the request as a tree of names.
func (x *exchange) tree() *tree { return x.service.tree(x.handler.op, x.msg.raw) }

func (v *service) tree(op *Op, b []byte) *tree { return v.family.requestTree(op, b) }

// sloppy returns the first place of the request that the kernel rejects but a
// decoder takes, since replies of the kernel have such.
func (x *exchange) sloppy() *codecError {
	t := x.tree()
	if t.root.attr.Set == 0 {
		return nil
	}
	return t.sloppy(t.root, x.service.family.generic())
}

func (t *tree) sloppy(n node, generic bool) *codecError {
	children := t.children(n)
	for _, c := range children {
		if msg, errno := t.wrong(c, generic); msg != "" {
			return &codecError{c.start, msg, errno}
		}
		if err := t.sloppy(c, generic); err != nil {
			return err
		}
	}
	pos, set := t.content(n)
	if last := len(children) - 1; last >= 0 {
		pos = children[last].next
	} else if set == 0 {
		return nil
	}
	if pos < n.end {
		return &codecError{pos, "bytes behind the last attribute", errInvalid}
	}
	return nil
}

// wrong returns what is wrong with an attribute as such.
func (t *tree) wrong(n node, generic bool) (msg string, errno Errno) {
	b := t.b[n.pos:n.end]
	switch typ := n.attr.Type; {
	case typ == TypeString && bytes.IndexByte(b, 0) < 0:
		return "no NUL ends the string", errInvalid
	case typ == TypeFlag && len(b) > 0:
		return "a flag has no bytes", errRange
	case !generic || n.start == n.pos: // older families do not care for the flag, records have none
	case typ == TypeNest && !isElement(n) && !t.isNested(n):
		return "the flag of a nest is missing", errInvalid
	case typ >= TypeU8 && typ <= TypeU64BE && t.isNested(n):
		return "the attribute is no nest", errInvalid
	}
	return "", 0
}

func (t *tree) isNested(n node) bool { return native.Uint16(t.b[n.start+2:])&Nested != 0 }

// isElement reports whether a node is an element of an array.
func isElement(n node) bool { return strings.HasPrefix(n.name, "[") }
