package dynamic

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"math"
	"net/netip"
	"strconv"
	"strings"

	"github.com/nlgen/nlgen/gen/diag"
	"github.com/nlgen/nlgen/gen/model"
)

// A scalar is the type of an integer: of an attribute, an element or a member.
type scalar struct {
	typ    model.Type
	big    bool
	little bool
	enum   *model.Enum
	flags  bool // the value is a mask of the enum's entries
	hint   model.Hint
}

func attrScalar(a *model.Attr, typ model.Type) scalar {
	flags := a.Enum != nil && (a.Enum.Flags || a.AsFlags || typ == model.TypeBitfield32)
	return scalar{typ, a.BigEndian, a.LittleEndian, a.Enum, flags, a.Hint}
}

func levelScalar(l model.ChainLevel) scalar {
	return scalar{typ: model.TypeU16, enum: l.Enum}
}

func memberScalar(m *model.Member) scalar {
	flags := m.Enum != nil && (m.Enum.Flags || m.AsFlags)
	return scalar{m.Type, m.BigEndian, m.LittleEndian, m.Enum, flags, m.Hint}
}

// sizeOf returns the number of bytes of a scalar type; 0 for any other and for
// uint and sint, whose size depends on the value.
func sizeOf(t model.Type) int {
	switch t {
	case model.TypeU8, model.TypeS8:
		return 1
	case model.TypeU16, model.TypeS16:
		return 2
	case model.TypeU32, model.TypeS32, model.TypeBitfield32:
		return 4
	case model.TypeU64, model.TypeS64:
		return 8
	}
	return 0
}

func isScalar(t model.Type) bool {
	return t == model.TypeUint || t == model.TypeSint || t != model.TypeBitfield32 && sizeOf(t) > 0
}

func signed(t model.Type) bool {
	switch t {
	case model.TypeS8, model.TypeS16, model.TypeS32, model.TypeS64, model.TypeSint:
		return true
	}
	return false
}

// width returns the number of bytes that the value takes on the wire.
func (s scalar) width(bits uint64) int {
	switch s.typ {
	case model.TypeUint:
		if bits > math.MaxUint32 {
			return 8
		}
		return 4
	case model.TypeSint:
		if v := int64(bits); v != int64(int32(v)) {
			return 8
		}
		return 4
	}
	return sizeOf(s.typ)
}

func (s scalar) order(host byteOrder) byteOrder {
	switch {
	case s.big:
		return binary.BigEndian
	case s.little:
		return binary.LittleEndian
	}
	return host
}

// append appends the value to b.
func (s scalar) append(b []byte, host byteOrder, bits uint64) []byte {
	order := s.order(host)
	switch s.width(bits) {
	case 1:
		return append(b, uint8(bits))
	case 2:
		return order.AppendUint16(b, uint16(bits))
	case 4:
		return order.AppendUint32(b, uint32(bits))
	}
	return order.AppendUint64(b, bits)
}

// bits reads the value from b, which is all of it; signed ones are extended to
// 64 bits.
func (s scalar) bits(b []byte, host byteOrder) (uint64, error) {
	switch size := sizeOf(s.typ); {
	case size == 0 && len(b) != 4 && len(b) != 8:
		return 0, failf("payload of %d bytes, want 4 or 8", len(b))
	case size != 0 && len(b) != size:
		return 0, failf("payload of %d bytes, want %d", len(b), size)
	}
	var bits uint64
	order := s.order(host)
	switch len(b) {
	case 1:
		bits = uint64(b[0])
	case 2:
		bits = uint64(order.Uint16(b))
	case 4:
		bits = uint64(order.Uint32(b))
	case 8:
		bits = order.Uint64(b)
	}
	if signed(s.typ) {
		shift := 64 - 8*len(b)
		bits = uint64(int64(bits<<shift) >> shift)
	}
	return bits, nil
}

// decode reads the value from b and returns it as JSON shows it.
func (s scalar) decode(b []byte, host byteOrder) (any, error) {
	bits, err := s.bits(b, host)
	switch {
	case err != nil:
		return nil, err
	case s.enum == nil && isIP(s.hint) && sizeOf(s.typ) == 4:
		return netip.AddrFrom4([4]byte(b)).String(), nil
	}
	return s.show(bits), nil
}

// show returns the value of an integer as JSON shows it.
func (s scalar) show(bits uint64) any {
	switch {
	case s.enum != nil:
		return enumValue(s, bits)
	case s.hint == model.HintHex:
		return fmt.Sprintf("%#x", s.number(bits))
	}
	return s.number(bits)
}

// number returns the value as an int64 or a uint64.
func (s scalar) number(bits uint64) any {
	if signed(s.typ) {
		return int64(bits)
	}
	return bits
}

// enumValue returns the name of an enum value or the names of a mask; what has
// no name is shown as a number.
func enumValue(s scalar, bits uint64) any {
	if s.flags {
		return flagNames(s.enum, bits&s.allBits())
	}
	for _, e := range s.enum.Entries {
		if s.truncate(uint64(e.Value)) == s.truncate(bits) {
			return e.Name
		}
	}
	return s.number(bits)
}

// truncate cuts a value to the width of the type, for values that C has as
// negative numbers and the spec as large ones.
func (s scalar) truncate(bits uint64) uint64 {
	if size := sizeOf(s.typ); size > 0 {
		return bits << (64 - 8*size)
	}
	return bits
}

func flagNames(enum *model.Enum, bits uint64) []any {
	names := []any{}
	for bit := range 64 {
		if bits&(1<<bit) == 0 {
			continue
		}
		for _, e := range enum.Entries {
			if e.Value == int64(bit) {
				names = append(names, e.Name)
				bits &^= 1 << bit
				break
			}
		}
	}
	if bits != 0 {
		names = append(names, fmt.Sprintf("%#x", bits))
	}
	return names
}

// encode returns the bits of a value given as a number, as the name or names of
// an enum, or as text in the way of the hint.
func (s scalar) encode(v any, host byteOrder) (uint64, error) {
	if s.enum != nil {
		return enumNumber(s, v)
	}
	if text, ok := v.(string); ok && isIP(s.hint) && sizeOf(s.typ) == 4 {
		if a, err := netip.ParseAddr(text); err == nil && a.Is4() {
			return s.bits(a.AsSlice(), host)
		}
	}
	return s.parse(v)
}

func enumNumber(s scalar, v any) (uint64, error) {
	if s.flags {
		return s.mask(v)
	}
	if name, ok := v.(string); ok {
		for _, e := range s.enum.Entries {
			if e.Name == name {
				return uint64(e.Value), nil
			}
		}
		if bits, err := s.parse(name); err == nil {
			return bits, nil
		}
		return 0, unknownEntry(s.enum, name)
	}
	return s.parse(v)
}

// mask returns the bits of a list of names, of names separated by bars or of a
// number.
func (s scalar) mask(v any) (uint64, error) {
	switch v := v.(type) {
	case []any:
		var bits uint64
		for i, elem := range v {
			if _, ok := elem.([]any); ok {
				return 0, atIndex(i, failf("a list, want a name"))
			}
			b, err := s.mask(elem)
			if err != nil {
				return 0, atIndex(i, err)
			}
			bits |= b
		}
		return bits, nil
	case string:
		var bits uint64
		for name := range strings.SplitSeq(v, "|") {
			b, err := s.bit(name)
			if err != nil {
				return 0, err
			}
			bits |= b
		}
		return bits, nil
	}
	return s.parse(v)
}

func (s scalar) bit(name string) (uint64, error) {
	for _, e := range s.enum.Entries {
		if e.Name == name {
			return s.fit(name, e.Mask())
		}
	}
	if bits, err := s.unsigned().parse(name); err == nil {
		return bits, nil
	}
	return 0, unknownEntry(s.enum, name)
}

// fit fails if an unsigned value is too large for the type.
func (s scalar) fit(text string, bits uint64) (uint64, error) {
	if size := sizeOf(s.typ); size != 0 && size < 8 && bits>>(8*size) != 0 {
		return 0, failf("%s does not fit into %d bits", text, 8*size)
	}
	return bits, nil
}

// allBits is the mask of the bits that the type has.
func (s scalar) allBits() uint64 {
	if size := sizeOf(s.typ); size > 0 {
		return math.MaxUint64 >> (64 - 8*size)
	}
	return math.MaxUint64
}

// unsigned is the scalar without a sign: a mask has none.
func (s scalar) unsigned() scalar {
	switch s.typ {
	case model.TypeS8:
		s.typ = model.TypeU8
	case model.TypeS16:
		s.typ = model.TypeU16
	case model.TypeS32:
		s.typ = model.TypeU32
	case model.TypeS64, model.TypeSint:
		s.typ = model.TypeU64
	}
	return s
}

func unknownEntry(enum *model.Enum, name string) error {
	var names []string
	for _, e := range enum.Entries {
		names = append(names, e.Name)
	}
	return &Error{
		Msg:  fmt.Sprintf("%s has no value %q", enum.Name, name),
		Hint: diag.DidYouMean(name, names),
	}
}

// parse returns the bits of a number, which must fit into the type.
func (s scalar) parse(v any) (uint64, error) {
	var text string
	switch v := v.(type) {
	case json.Number:
		text = v.String()
	case string:
		text = v
	case int64:
		text = strconv.FormatInt(v, 10)
	case uint64:
		text = strconv.FormatUint(v, 10)
	default:
		return 0, failf("%s, want an integer", describe(v))
	}
	digits, base := text, 10
	if sign, hex, ok := strings.Cut(text, "0x"); ok && (sign == "" || sign == "-") {
		digits, base = sign+hex, 16
	}
	width := 64
	if size := sizeOf(s.typ); size > 0 {
		width = 8 * size
	}
	bits, err := parseInteger(digits, base, width, signed(s.typ))
	if err == nil {
		return bits, nil
	}
	if _, wide := parseInteger(digits, base, 64, digits != "" && digits[0] == '-'); wide == nil {
		kind := "unsigned"
		if signed(s.typ) {
			kind = "signed"
		}
		return 0, failf("%s does not fit into %d bits, %s", text, width, kind)
	}
	return 0, failf("%s is no integer", describe(v))
}

func parseInteger(digits string, base, width int, signed bool) (uint64, error) {
	if signed {
		n, err := strconv.ParseInt(digits, base, width)
		return uint64(n), err
	}
	return strconv.ParseUint(digits, base, width)
}

// check enforces the limits of the spec on an integer.
func (s scalar) check(c *model.Checks, bits uint64) error {
	switch {
	case c.Min != nil && s.less(bits, c.Min):
		return failf("%d is below the minimum %s", s.number(bits), limitText(c.Min))
	case c.Max != nil && s.greater(bits, c.Max):
		return failf("%d is above the maximum %s", s.number(bits), limitText(c.Max))
	case c.Mask != nil && bits&^*c.Mask != 0:
		return failf("%#x has bits outside the mask %#x", bits, *c.Mask)
	}
	return nil
}

func (s scalar) less(bits uint64, l *model.Limit) bool {
	switch {
	case signed(s.typ) && !s.flags:
		return l.Unsigned != 0 || int64(bits) < l.Value
	case l.Unsigned != 0:
		return bits < l.Unsigned
	}
	return l.Value > 0 && bits < uint64(l.Value)
}

func (s scalar) greater(bits uint64, l *model.Limit) bool {
	switch {
	case signed(s.typ) && !s.flags:
		return l.Unsigned == 0 && int64(bits) > l.Value
	case l.Unsigned != 0:
		return bits > l.Unsigned
	}
	return l.Value < 0 || bits > uint64(l.Value)
}

func limitText(l *model.Limit) string {
	if l.Unsigned != 0 {
		return strconv.FormatUint(l.Unsigned, 10)
	}
	return strconv.FormatInt(l.Value, 10)
}

// checkLen enforces the limits of the spec on a number of bytes.
func checkLen(c *model.Checks, n int) error {
	switch {
	case c.ExactLen != nil && int64(n) != c.ExactLen.Value:
		return failf("%d bytes, want %d", n, c.ExactLen.Value)
	case c.MinLen != nil && int64(n) < c.MinLen.Value:
		return failf("%d bytes, at least %d needed", n, c.MinLen.Value)
	case c.MaxLen != nil && int64(n) > c.MaxLen.Value:
		return failf("%d bytes, at most %d allowed", n, c.MaxLen.Value)
	}
	return nil
}
