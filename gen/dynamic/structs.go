package dynamic

import (
	"bytes"

	"github.com/nlgen/nlgen/gen/model"
)

// decodeStruct reads the members of s from b. Missing bytes count as zero; they
// and bytes too many are kept as the tail of the object.
func decodeStruct(s *model.Struct, b []byte, host byteOrder) (*Object, error) {
	o := new(Object)
	known := len(b)
	if short := s.Size - len(b); short > 0 {
		o.tail.missing = short
		b = append(bytes.Clone(b), make([]byte, short)...)
	}
	end := s.Size
	for _, m := range s.Members {
		if m.Type == model.TypePad {
			continue
		}
		count := max(m.Count, 1)
		if m.Flexible {
			count = (len(b) - m.Offset) / max(m.Len, 1)
			end = m.Offset + count*m.Len
		}
		v, err := decodeMember(m, b[m.Offset:], count, host)
		if err != nil {
			return nil, at(m.Name, err)
		}
		o.members = append(o.members, Member{m.Name, v})
	}
	if known > end {
		o.tail.rest = bytes.Clone(b[end:])
	}
	return o, nil
}

func decodeMember(m *model.Member, b []byte, count int, host byteOrder) (any, error) {
	if m.Count <= 1 && !m.Flexible {
		return decodeElement(m, b[:m.Len], host)
	}
	list := make([]any, 0, count)
	for i := range count {
		v, err := decodeElement(m, b[i*m.Len:(i+1)*m.Len], host)
		if err != nil {
			return nil, atIndex(i, err)
		}
		list = append(list, v)
	}
	return list, nil
}

func decodeElement(m *model.Member, b []byte, host byteOrder) (any, error) {
	switch {
	case m.Type == model.TypeStruct:
		return decodeStruct(m.Struct, b, host)
	case m.Type == model.TypeString:
		return cString(b), nil
	case isScalar(m.Type):
		return memberScalar(m).decode(b, host)
	}
	return bytesValue(m.Hint, b, host), nil
}

// appendStruct appends the members of s, zero where o has none, and the tail of
// o. All members of o must be known.
func appendStruct(buf []byte, s *model.Struct, o *Object, host byteOrder) ([]byte, error) {
	if err := knownMembers(s, o); err != nil {
		return nil, err
	}
	b := make([]byte, s.Size)
	for _, m := range s.Members {
		v, ok := o.Get(m.Name)
		if !ok || m.Type == model.TypePad {
			continue
		}
		elems, err := encodeMember(m, v, host)
		if err != nil {
			return nil, at(m.Name, err)
		}
		b = append(b[:m.Offset], append(elems, b[min(m.Offset+len(elems), len(b)):]...)...)
	}
	b = b[:max(len(b)-o.tail.missing, 0)]
	return append(append(buf, b...), o.tail.rest...), nil
}

func knownMembers(s *model.Struct, o *Object) error {
	names := memberNames(s)
	for _, m := range o.members {
		if !names[m.Name] {
			return unknownName("member", m.Name, sorted(names))
		}
	}
	return nil
}

// memberNames returns the names of the members that are not padding.
func memberNames(s *model.Struct) map[string]bool {
	names := map[string]bool{}
	if s != nil {
		for _, m := range s.Members {
			if m.Type != model.TypePad {
				names[m.Name] = true
			}
		}
	}
	return names
}

func encodeMember(m *model.Member, v any, host byteOrder) ([]byte, error) {
	if m.Count <= 1 && !m.Flexible {
		return encodeElement(m, v, host)
	}
	list, ok := v.([]any)
	switch {
	case !ok:
		return nil, failf("%s, want a list", describe(v))
	case !m.Flexible && len(list) > m.Count:
		return nil, failf("%d elements, at most %d fit", len(list), m.Count)
	}
	var b []byte
	for i, v := range list {
		elem, err := encodeElement(m, v, host)
		if err != nil {
			return nil, atIndex(i, err)
		}
		b = append(b, elem...)
	}
	return b, nil
}

// encodeElement returns one element of a member, m.Len bytes of it.
func encodeElement(m *model.Member, v any, host byteOrder) ([]byte, error) {
	if isScalar(m.Type) {
		s := memberScalar(m)
		bits, err := s.encode(v, host)
		if err != nil {
			return nil, err
		}
		return s.append(nil, host, bits), nil
	}
	b, err := elementBytes(m, v, host)
	if err != nil {
		return nil, err
	}
	if len(b) > m.Len {
		return nil, failf("%d bytes, at most %d fit", len(b), m.Len)
	}
	return append(b, make([]byte, m.Len-len(b))...), nil
}

func elementBytes(m *model.Member, v any, host byteOrder) ([]byte, error) {
	switch m.Type {
	case model.TypeStruct:
		o, ok := v.(*Object)
		if !ok {
			return nil, failf("%s, want an object", describe(v))
		}
		return appendStruct(nil, m.Struct, o, host)
	case model.TypeString:
		s, ok := v.(string)
		if !ok {
			return nil, failf("%s, want a string", describe(v))
		}
		return []byte(s), checkText(s)
	}
	b, err := parseBytes(m.Hint, v, host)
	return bytes.Clone(b), err
}
