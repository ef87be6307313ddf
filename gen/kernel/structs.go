package kernel

import (
	"fmt"

	"github.com/nlgen/nlgen/gen/model"
)

// uapiStructs prints the structs, and asserts that the compiler lays them out as
// the spec does.
func (e *emitter) uapiStructs(w *writer) {
	var asserts []string
	for _, s := range e.Structs {
		if s.Header != "" {
			continue
		}
		members, packed := cMembers(s)
		var docs []field
		for _, m := range s.Members {
			docs = append(docs, field{m.CName, m.Doc})
		}
		if e.documented() {
			printDoc(w, s.CName, s.Doc, docs)
		}
		w.p("%s {", s.CName)
		for _, m := range members {
			w.p("\t%s;", m)
		}
		if packed {
			w.p("} __attribute__((packed));")
		} else {
			w.p("};")
		}
		w.blank()
		asserts = append(asserts, structAsserts(s)...)
	}
	if len(asserts) == 0 {
		return
	}
	w.p("#ifndef __cplusplus")
	for _, a := range asserts {
		w.p("%s", a)
	}
	w.p("#endif")
	w.blank()
}

func structAsserts(s *model.Struct) []string {
	list := []string{fmt.Sprintf("_Static_assert(sizeof(%s) == %d,\n\t       \"size of %[1]s\");", s.CName, s.Size)}
	for _, m := range s.Members {
		if m.Type != model.TypePad {
			list = append(list, fmt.Sprintf("_Static_assert(__builtin_offsetof(%s, %s) == %d,\n\t       \"offset of %[2]s in %[1]s\");",
				s.CName, m.CName, m.Offset))
		}
	}
	return list
}

// cMembers returns the declarations of the members of a struct with all padding,
// and whether the compiler must be told not to add any.
func cMembers(s *model.Struct) (list []string, packed bool) {
	offset, pads, align := 0, 0, 1
	padding := func(n int) {
		if n > 0 {
			list = append(list, fmt.Sprintf("__u8 __pad%d[%d]", pads, n))
			pads++
		}
	}
	for _, m := range s.Members {
		padding(m.Offset - offset)
		own := memberAlign(m)
		packed = packed || m.Offset%own != 0
		align = max(align, own)
		list = append(list, cMember(m))
		offset = m.Offset
		if !m.Flexible {
			offset += m.Len * m.Count
		}
	}
	padding(s.Size - offset)
	return list, packed || s.Size%align != 0
}

// memberAlign returns the alignment the compiler gives a member.
func memberAlign(m *model.Member) int {
	switch {
	case m.Struct != nil:
		return structAlign(m.Struct)
	case scalarType(m.Type, host) != "":
		return m.Len
	}
	return 1
}

func structAlign(s *model.Struct) int {
	if _, packed := cMembers(s); packed {
		return 1
	}
	align := 1
	for _, m := range s.Members {
		align = max(align, memberAlign(m))
	}
	return align
}

// cMember returns the declaration of a member.
func cMember(m *model.Member) string {
	typ, dims := "__u8", ""
	switch {
	case m.Struct != nil:
		typ = m.Struct.CName
	case m.Type == model.TypeString:
		typ, dims = "char", fmt.Sprintf("[%d]", m.Len)
	case scalarType(m.Type, memberOrder(m)) != "":
		typ = "__" + scalarType(m.Type, memberOrder(m))
	case !m.Flexible:
		dims = fmt.Sprintf("[%d]", m.Len)
	}
	switch {
	case m.Flexible:
		dims = "[]"
	case m.Count > 1:
		dims = fmt.Sprintf("[%d]", m.Count) + dims
	}
	return typ + " " + m.CName + dims
}

// A byteOrder is that of an integer: host, or the prefix of the types of the others.
type byteOrder string

const (
	host   byteOrder = ""
	big    byteOrder = "be"
	little byteOrder = "le"
)

func attrOrder(a *model.Attr) byteOrder { return orderOf(a.BigEndian, a.LittleEndian) }

func memberOrder(m *model.Member) byteOrder { return orderOf(m.BigEndian, m.LittleEndian) }

func orderOf(bigEndian, littleEndian bool) byteOrder {
	switch {
	case bigEndian:
		return big
	case littleEndian:
		return little
	}
	return host
}

// scalarType returns the C type of an integer without the underscores of UAPI, or
// "" if the type is no integer of a fixed width.
func scalarType(t model.Type, order byteOrder) string {
	switch t {
	case model.TypeU8, model.TypeS8:
		return t.String()
	case model.TypeU64, model.TypeU32, model.TypeU16, model.TypeS16, model.TypeS32, model.TypeS64:
		if order != host {
			return string(order) + t.String()[1:]
		}
		return t.String()
	}
	return ""
}
