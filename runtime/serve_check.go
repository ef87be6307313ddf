package runtime

import (
	"bytes"
	"fmt"
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
// decoder takes, since replies of the kernel have such, or newer specs.
func (x *exchange) sloppy() *codecError {
	t := x.tree()
	if t.root.attr.Set == 0 {
		return nil
	}
	return x.service.sloppy(t, t.root)
}

func (v *service) sloppy(t *tree, n node) *codecError {
	children := t.children(n)
	pos, set := t.content(n)
	for _, c := range children {
		if msg, errno := v.wrong(t, c, set); msg != "" {
			return &codecError{c.start, msg, errno}
		}
		if err := v.sloppy(t, c); err != nil {
			return err
		}
	}
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

// wrong returns what is wrong with an attribute as such. Older families do not
// care for the flag of nests; elements of arrays need none, and records have none.
func (v *service) wrong(t *tree, n node, set int) (msg string, errno Errno) {
	b := t.b[n.pos:n.end]
	rule := v.rules[ruleKey{set, n.attr.ID}]
	typ := n.attr.Type
	isInteger := typ >= TypeU8 && typ <= TypeU64BE
	flagged := v.family.generic() && n.start < n.pos && !strings.HasPrefix(n.name, "[")
	switch {
	case rule.padding:
		return "padding has no place in requests", errInvalid
	case flagged && !mayNest(typ) && t.isNested(n):
		return "the attribute is no nest", errInvalid
	case typ == TypeString && !rule.unterminated && bytes.IndexByte(b, 0) < 0:
		return "no NUL ends the string", errInvalid
	case typ == TypeString && len(b) == 0:
		return "an empty string has its NUL", errRange
	case rule.longest > 0 && len(bytes.TrimSuffix(b, []byte{0})) > rule.longest:
		return fmt.Sprintf("the string has more than %d bytes", rule.longest), errRange
	case typ == TypeFlag && len(b) > 0:
		return "a flag has no bytes", errRange
	case typ == TypeBitfield32 && len(b) == 8 && native.Uint32(b)&^native.Uint32(b[4:]) != 0:
		return "bits are set that are not selected", errInvalid
	case flagged && (typ == TypeNest || typ == TypeIndexed || typ == TypeChain) && !t.isNested(n):
		return "the flag of a nest is missing", errInvalid
	case rule.check == nil:
		return "", 0
	case typ == TypeBitfield32 && len(b) == 8:
		return rule.check(uint64(native.Uint32(b)|native.Uint32(b[4:])), 32)
	case isInteger && len(b) <= 8:
		return rule.check(unsigned(typ, b), 8*len(b))
	}
	return "", 0
}

// mayNest reports whether attributes of a type may have others inside; nobody knows of
// bytes.
func mayNest(t Type) bool {
	switch t {
	case TypeNest, TypeIndexed, TypeChain, TypeRecords, TypeSub, TypeBinary:
		return true
	}
	return false
}

func (t *tree) isNested(n node) bool { return native.Uint16(t.b[n.start+2:])&Nested != 0 }

// A Rule says of an attribute what a server takes. Clients have no such rules:
// what they read, and pass on, may be of a newer spec.
type Rule struct {
	ruleKey
	padding      bool
	unterminated bool
	longest      int // bytes of a string without NUL; 0 is any
	check        func(v uint64, bits int) (string, Errno)
}

type ruleKey struct {
	set int
	id  uint16
}

// OneOf is the rule that an attribute has one of the values of an enum.
func OneOf[T Integer](set int, id uint16, names EnumNames[T]) Rule {
	check := func(v uint64, bits int) (string, Errno) {
		for _, n := range names {
			if truncate(uint64(n.Value), bits) == v {
				return "", 0
			}
		}
		return fmt.Sprintf("%d is no value of the enum", v), names.errno(v, bits)
	}
	return Rule{ruleKey: ruleKey{set, id}, check: check}
}

// errno returns the kernel's number for a value that is none of the names: it takes
// one in a gap for another mistake than one beyond them all.
func (n EnumNames[T]) errno(v uint64, bits int) Errno {
	below, above := true, true
	for _, name := range n {
		known := truncate(uint64(name.Value), bits)
		below, above = below && v < known, above && v > known
	}
	if below || above {
		return errRange
	}
	return errInvalid
}

func truncate(v uint64, bits int) uint64 { return v << (64 - bits) >> (64 - bits) }

// BitsOf is the rule that an attribute has no bits without a name.
func BitsOf[T Integer](set int, id uint16, names FlagNames[T]) Rule {
	var mask uint64
	for _, n := range names {
		mask |= uint64(n.Value)
	}
	check := func(v uint64, bits int) (string, Errno) {
		if v&^mask != 0 {
			return fmt.Sprintf("%#x has bits outside the mask %#x", v, mask), errInvalid
		}
		return "", 0
	}
	return Rule{ruleKey: ruleKey{set, id}, check: check}
}

// Padding is the rule that an attribute is in replies alone, where it aligns others.
func Padding(set int, id uint16) Rule {
	return Rule{ruleKey: ruleKey{set, id}, padding: true}
}

// Unterminated is the rule that a string need not end with a NUL. Without it, it has
// at most longest bytes; 0 is any number.
func Unterminated(set int, id uint16, longest int) Rule {
	return Rule{ruleKey: ruleKey{set, id}, unterminated: true, longest: longest}
}
