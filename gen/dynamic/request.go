package dynamic

import (
	"bytes"
	"math"

	"github.com/nlgen/nlgen/gen/model"
)

// A Fault is the first place of a request that its receiver has to refuse, by the
// rules that Linux applies to new families (NL_VALIDATE_STRICT, lib/nlattr.c).
type Fault struct {
	// Offset is where the attribute begins, in bytes from the start of the body; -1
	// if no attribute is to blame.
	Offset int
	// Range tells the two error numbers apart: ERANGE for values and lengths out of
	// range, EINVAL for all else.
	Range bool
	Msg   string
}

// Error returns what is wrong.
func (f *Fault) Error() string { return f.Msg }

// DecodeRequest is the receiver's side of EncodeRequest: it checks the body of a
// request against the spec, and decodes it. Of a request that must be refused, the
// error is a *Fault. Attributes that hold sub-messages or records are decoded, but
// not checked.
func (c *Codec) DecodeRequest(op *model.Op, dump bool, body []byte) (*Object, error) {
	call, err := callOf(op, dump)
	if err != nil {
		return nil, in(op.Name, err)
	}
	l := opLayout(op, call.Request)
	if l.parts == nil {
		if f := (&checker{c.order, body}).message(l); f != nil {
			return nil, f
		}
	}
	o, err := c.decode(l, body)
	if err != nil {
		return nil, &Fault{Offset: -1, Msg: err.Error()}
	}
	return o, nil
}

// A checker looks at a request before it is decoded.
type checker struct {
	order byteOrder
	body  []byte
}

func invalid(offset int, msg string) *Fault    { return &Fault{offset, false, msg} }
func outOfRange(offset int, msg string) *Fault { return &Fault{offset, true, msg} }

func (c *checker) message(l layout) *Fault {
	start := 0
	if l.header != nil {
		if len(c.body) < l.header.Size {
			return invalid(-1, "the message is shorter than its header")
		}
		start = min((l.header.Size+3)&^3, len(c.body))
	}
	return c.attrs(l, start, len(c.body), 0)
}

// attrs checks the attributes between two offsets.
func (c *checker) attrs(l layout, pos, end, depth int) *Fault {
	if depth > maxDepth {
		return invalid(-1, errTooDeep.Error())
	}
	rest, fault := c.each(pos, end, func(typ uint16, start, end int) *Fault {
		a := l.byID(typ & typeMask)
		if a == nil || !a.Wire() || !l.lists(a) {
			return invalid(start, "the attribute is not known")
		}
		return c.attr(a, typ, start, end, depth)
	})
	if fault == nil && rest > 0 {
		return invalid(-1, "bytes behind the last attribute")
	}
	return fault
}

// each calls check for each attribute between two offsets, with its type and where
// it begins and ends, until one is at fault. It returns how many bytes are left.
func (c *checker) each(pos, end int, check func(typ uint16, start, end int) *Fault) (rest int, _ *Fault) {
	for end-pos >= attrHeaderSize {
		n := int(c.order.Uint16(c.body[pos:]))
		if n < attrHeaderSize || n > end-pos {
			break
		}
		if fault := check(c.order.Uint16(c.body[pos+2:]), pos, pos+n); fault != nil {
			return 0, fault
		}
		pos = min(pos+(n+3)&^3, end)
	}
	return end - pos, nil
}

// lists reports whether a may be in the message: the fields of one that the spec
// describes, all attributes of the set in others.
func (l layout) lists(a *model.Attr) bool {
	if l.fields == nil {
		return true
	}
	for _, f := range l.fields {
		if f.Attr.ID == a.ID {
			return true
		}
	}
	return false
}

func (c *checker) attr(a *model.Attr, typ uint16, start, end, depth int) *Fault {
	payload := c.body[start+attrHeaderSize : end]
	isNest := a.Type == model.TypeNest || a.Type == model.TypeIndexedArray || a.Type == model.TypeChain
	size := sizeOf(a.Type)
	switch {
	case isScalar(a.Type) && size > 0 && len(payload) != size:
		return invalid(start, "the integer has another length")
	case isNest && typ&flagNested == 0:
		return invalid(start, "the flag of a nest is missing")
	case !isNest && checkable(a.Type) && typ&flagNested != 0:
		return invalid(start, "the attribute is no nest")
	case isNest && len(payload) > 0 && len(payload) < attrHeaderSize:
		return outOfRange(start, "the nest is too short for an attribute")
	}
	switch a.Type {
	case model.TypeNest:
		return c.attrs(nestLayout(a), start+attrHeaderSize, end, depth+1)
	case model.TypeIndexedArray:
		return c.indexed(a, start, end, depth)
	case model.TypeChain:
		return nil // the decoder refuses one without its levels
	}
	if msg, isRange := c.wrong(a, payload); msg != "" {
		return &Fault{start, isRange, msg}
	}
	return nil
}

// checkable reports whether wrong has rules for a type.
func checkable(t model.Type) bool {
	return t != model.TypeSubMessage && t != model.TypeRecords && t != model.TypeOrdered
}

func (c *checker) indexed(a *model.Attr, start, end, depth int) *Fault {
	_, fault := c.each(start+attrHeaderSize, end, func(_ uint16, start, end int) *Fault {
		pos := start + attrHeaderSize
		switch {
		case a.Elem != model.TypeNest:
			return c.element(a, start, end)
		case pos < end && end-pos < attrHeaderSize:
			return outOfRange(start, "the element is too short for an attribute")
		}
		return c.attrs(nestLayout(a), pos, end, depth+1)
	})
	return fault
}

func (c *checker) element(a *model.Attr, start, end int) *Fault {
	if size := sizeOf(a.Elem); isScalar(a.Elem) && size > 0 && end-start-attrHeaderSize != size {
		return invalid(start, "the element has another length")
	}
	return nil
}

// wrong returns what is wrong with the payload of an attribute that is no nest, and
// whether it is out of range.
func (c *checker) wrong(a *model.Attr, b []byte) (msg string, isRange bool) {
	switch {
	case isScalar(a.Type):
		return c.wrongInteger(a, b)
	case a.Type == model.TypeFlag && len(b) > 0:
		return "a flag has no bytes", true
	case a.Type == model.TypeString:
		return wrongText(a.Checks, b)
	case a.Type == model.TypeBitfield32:
		return c.wrongBitfield(a, b)
	case a.Type == model.TypeArray && len(b)%max(sizeOf(a.Elem), 1) != 0:
		return "not a whole number of elements", false
	case a.Type == model.TypeStruct && a.Checks == (model.Checks{}) && len(b) != a.Struct.Size:
		return "not the length of the struct", true
	case a.Type == model.TypeBinary, a.Type == model.TypeStruct, a.Type == model.TypeArray:
		return wrongLength(a.Checks, len(b)), true
	}
	return "", false
}

func wrongLength(c model.Checks, n int) string {
	size := int64(n)
	switch {
	case c.ExactLen != nil && size != c.ExactLen.Value:
		return "not the length that it must have"
	case c.MinLen != nil && size < c.MinLen.Value:
		return "too few bytes"
	case c.MaxLen != nil && size > c.MaxLen.Value:
		return "too many bytes"
	}
	return ""
}

// wrongText checks a string. Its limits do not count the NUL, which has to be inside
// what the longest string takes.
func wrongText(c model.Checks, b []byte) (msg string, isRange bool) {
	window := b
	if c.MaxLen != nil {
		window = b[:min(int64(len(b)), c.MaxLen.Value+1)]
	}
	switch {
	case !c.UnterminatedOK && bytes.IndexByte(window, 0) < 0:
		return "no NUL ends the string", false
	case len(b) == 0:
		return "an empty string has its NUL", true
	case c.MinLen != nil && int64(len(b)) < c.MinLen.Value:
		return "the string is too short", false
	}
	return wrongLength(model.Checks{ExactLen: c.ExactLen, MaxLen: c.MaxLen}, len(bytes.TrimSuffix(b, []byte{0}))), true
}

func (c *checker) wrongBitfield(a *model.Attr, b []byte) (msg string, isRange bool) {
	if len(b) != 8 {
		return "a bitfield has 8 bytes", true
	}
	value, selector := c.order.Uint32(b), c.order.Uint32(b[4:])
	mask := uint64(math.MaxUint32)
	if a.Enum != nil {
		mask = entriesMask(a.Enum)
	}
	if uint64(value|selector)&^mask != 0 || value&^selector != 0 {
		return "bits without a name or not selected", false
	}
	return "", false
}

func (c *checker) wrongInteger(a *model.Attr, b []byte) (msg string, isRange bool) {
	s := attrScalar(a, a.Type)
	bits, err := s.bits(b, c.order)
	if err != nil {
		return err.Error(), false
	}
	if mask := maskOf(a, s.flags); mask != nil {
		if bits&^*mask != 0 {
			return "bits outside the mask", false
		}
		return "", false
	}
	isSigned := signed(a.Type)
	switch {
	case a.Checks.Min != nil && less(isSigned, bits, limitBits(a.Checks.Min)),
		a.Checks.Max != nil && less(isSigned, limitBits(a.Checks.Max), bits):
		return "out of range", true
	case a.Enum == nil || len(a.Enum.Entries) == 0:
		return "", false
	}
	return wrongEnum(a.Enum, isSigned, bits)
}

func less(isSigned bool, a, b uint64) bool {
	if isSigned {
		return int64(a) < int64(b)
	}
	return a < b
}

func limitBits(l *model.Limit) uint64 {
	if l.Unsigned != 0 {
		return l.Unsigned
	}
	return uint64(l.Value)
}

// maskOf returns the bits that an integer may have, nil if it is no set of bits.
func maskOf(a *model.Attr, flags bool) *uint64 {
	if !flags {
		return a.Checks.Mask
	}
	mask := entriesMask(a.Enum)
	return &mask
}

func entriesMask(e *model.Enum) (mask uint64) {
	for _, entry := range e.Entries {
		mask |= entry.Mask()
	}
	return mask
}

// wrongEnum checks a value. One in a gap is within the range.
func wrongEnum(e *model.Enum, isSigned bool, bits uint64) (msg string, isRange bool) {
	below, above := true, true
	for _, entry := range e.Entries {
		v := uint64(entry.Value)
		if v == bits {
			return "", false
		}
		below = below && less(isSigned, bits, v)
		above = above && less(isSigned, v, bits)
	}
	return "not a value of the enum", below || above
}
