package runtime

import (
	"fmt"
	"strings"
)

// An extack is what NLMSG_ERROR and NLMSG_DONE say.
type extack struct {
	errno    Errno
	text     string
	offset   int // 0: none
	policy   *Policy
	missType Opt[uint32]
	missNest int // 0: the attributes of the message itself
}

// Attributes of an extended ack (NLMSGERR_ATTR_*).
const (
	extackMsg      = 1
	extackOffs     = 2
	extackPolicy   = 4
	extackMissType = 5
	extackMissNest = 6
)

// parseExtack reads the body of an NLMSG_ERROR or NLMSG_DONE. What is malformed
// behind the error number is left out: the number counts.
func parseExtack(m *message) (extack, error) {
	var x extack
	if len(m.body) < 4 {
		if m.Type == typeDone {
			return x, nil // old kernels send none
		}
		return x, fmt.Errorf("malformed NLMSG_ERROR of %d bytes", len(m.body))
	}
	switch n := int32(native.Uint32(m.body)); {
	case n < 0:
		x.errno = Errno(-n)
	case m.Type == typeError:
		x.errno = Errno(n) // a module that forgot the sign
	}
	if m.Flags&flagTLVs == 0 {
		return x, nil
	}
	var d Decoder
	d.Reset(m.body[extackStart(m):])
	for d.Next() {
		x.decode(&d)
	}
	return x, nil
}

// extackStart returns where the attributes start in the body: after the error
// number and, for NLMSG_ERROR, as much of the request as the kernel echoes.
func extackStart(m *message) int {
	start := 4
	if m.Type == typeError {
		echoed := headerLen
		if m.Flags&flagCapped == 0 && len(m.body) >= start+headerLen {
			echoed = int(min(native.Uint32(m.body[start:]), uint32(len(m.body))))
		}
		start += align4(max(echoed, headerLen))
	}
	return min(start, len(m.body))
}

func (x *extack) decode(d *Decoder) {
	b := d.Payload()
	switch {
	case d.ID() == extackMsg:
		x.text = string(cString(b))
	case d.ID() == extackPolicy:
		x.policy = new(Policy)
		d.Enter()
		x.policy.decode(d)
		d.Leave()
	case len(b) != 4:
	case d.ID() == extackOffs:
		x.offset = int(native.Uint32(b))
	case d.ID() == extackMissType:
		x.missType = Some(native.Uint32(b))
	case d.ID() == extackMissNest:
		x.missNest = int(native.Uint32(b))
	}
}

// status returns the error that a control message reports, or nil.
func (p *port) status() error {
	x, err := parseExtack(&p.msg)
	if err != nil {
		return p.ioError(err)
	}
	if x.errno == 0 {
		if x.text != "" {
			p.conn.warn(p.op.Name, x.text)
		}
		return nil
	}
	t := p.conn.family.requestTree(p.op, p.sent)
	e := &Error{
		Family:  p.conn.family.Name,
		Op:      p.op.Name,
		Errno:   x.errno,
		Message: x.text,
		Policy:  x.policy,
		Offset:  x.offset,
	}
	if x.offset != 0 {
		e.Attr = t.path(x.offset)
	}
	if id, ok := x.missType.Get(); ok {
		e.Missing = t.missing(x.missNest, uint16(id))
	}
	return e
}

// A Policy is what the kernel demands of an attribute.
type Policy struct {
	Type   string      // name of the type, such as "u32"
	Min    Opt[int64]  // least value of a signed integer
	Max    Opt[int64]  // greatest value of a signed integer
	MinU   Opt[uint64] // least value of an unsigned integer
	MaxU   Opt[uint64] // greatest value of an unsigned integer
	MinLen Opt[uint32] // least length in bytes
	MaxLen Opt[uint32] // greatest length in bytes
	Mask   Opt[uint64] // bits that may be set
}

// Attributes of a policy (NL_POLICY_TYPE_ATTR_*).
const (
	policyType           = 1
	policyMinS           = 2
	policyMaxS           = 3
	policyMinU           = 4
	policyMaxU           = 5
	policyMinLen         = 6
	policyMaxLen         = 7
	policyBitfield32Mask = 10
	policyMask           = 12
)

// policyTypes has the names of enum netlink_attribute_type.
var policyTypes = []string{"invalid", "flag", "u8", "u16", "u32", "u64", "s8", "s16", "s32", "s64",
	"binary", "string", "nul-string", "nested", "nested-array", "bitfield32", "sint", "uint"}

func (p *Policy) decode(d *Decoder) {
	for d.Next() {
		switch d.ID() {
		case policyType:
			var t Opt[uint32]
			GetU32(d, &t)
			if n := t.Value(); int(n) < len(policyTypes) {
				p.Type = policyTypes[n]
			} else {
				p.Type = fmt.Sprintf("type %d", n)
			}
		case policyMinS:
			GetU64(d, &p.Min)
		case policyMaxS:
			GetU64(d, &p.Max)
		case policyMinU:
			GetU64(d, &p.MinU)
		case policyMaxU:
			GetU64(d, &p.MaxU)
		case policyMinLen:
			GetU32(d, &p.MinLen)
		case policyMaxLen:
			GetU32(d, &p.MaxLen)
		case policyBitfield32Mask:
			var mask Opt[uint32]
			GetU32(d, &mask)
			p.Mask = Opt[uint64]{uint64(mask.v), mask.ok}
		case policyMask:
			GetU64(d, &p.Mask)
		}
	}
}

// String returns the demands in words: "u32, 1 to 4094".
func (p *Policy) String() string {
	var s []string
	if p.Type != "" {
		s = append(s, p.Type)
	}
	s = appendRange(s, p.Min, p.Max, "")
	s = appendRange(s, p.MinU, p.MaxU, "")
	s = appendRange(s, p.MinLen, p.MaxLen, " bytes")
	if mask, ok := p.Mask.Get(); ok {
		s = append(s, fmt.Sprintf("bits of %#x", mask))
	}
	return strings.Join(s, ", ")
}

func appendRange[T any](s []string, low, high Opt[T], unit string) []string {
	switch {
	case low.ok && high.ok:
		return append(s, fmt.Sprintf("%v to %v%s", low.v, high.v, unit))
	case low.ok:
		return append(s, fmt.Sprintf("at least %v%s", low.v, unit))
	case high.ok:
		return append(s, fmt.Sprintf("at most %v%s", high.v, unit))
	}
	return s
}
