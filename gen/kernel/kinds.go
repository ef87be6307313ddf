package kernel

import (
	"fmt"
	"strings"

	"github.com/nlgen/nlgen/gen/model"
	"github.com/nlgen/nlgen/gen/naming"
)

// A kind says how the values of an attribute are kept in a C struct, read from an
// attribute, measured and written. The functions get the expression of the value.
type kind struct {
	typ string // C type of a value
	// get are the statements that read a value from the variable attr.
	get func(dst string) []string
	// size is the room a value takes, its header and padding included.
	size func(v string) string
	// put is a call that writes an attribute and is not 0 if there is no room.
	put func(attr, v string) string
	// length is a condition that an element of an array must meet, whose type says
	// nothing to the kernel's policies; "" if there is none.
	length string
	// byRef: functions take the address of the value, because it is a struct.
	byRef bool
}

// A shape says how many values an attribute has.
type shape int

const (
	present  shape = iota // a bit alone
	single                // a value and a bit
	array                 // a C array in one attribute
	multi                 // repeated attributes
	indexed               // attributes inside of one
	chained               // nests whose numbers are data
	records               // messages one behind the other, inside of one
	sequence              // attributes inside of one, whose order counts
)

func shapeOf(a *model.Attr) shape {
	switch {
	case a.Type == model.TypeFlag:
		return present
	case a.Type == model.TypeChain:
		return chained
	case a.Type == model.TypeIndexedArray:
		return indexed
	case a.Type == model.TypeRecords:
		return records
	case a.Type == model.TypeOrdered:
		return sequence
	case a.Type == model.TypeArray && !a.Multi:
		return array
	case a.Multi:
		return multi
	}
	return single
}

// listed reports whether a shape has any number of values, and their count instead
// of a bit.
func (s shape) listed() bool { return s >= multi }

// kindOf returns how the values of an attribute are handled. For lists and arrays
// this is one element.
func (e *emitter) kindOf(a *model.Attr) kind {
	t := a.Type
	switch shapeOf(a) {
	case indexed, chained, array:
		t = a.Elem
	}
	switch t {
	case model.TypeSubMessage:
		return e.subKind(a)
	case model.TypeArray: // several C arrays are kept as bytes
		return e.blobKind()
	case model.TypeString:
		return e.textKind()
	case model.TypeBinary:
		return e.blobKind()
	case model.TypeStruct:
		return e.structKind(a.Struct)
	case model.TypeBitfield32:
		return bitfieldKind()
	case model.TypeNest, model.TypeRecords, model.TypeOrdered:
		return e.nestKind(a)
	}
	return e.scalarKind(a, t)
}

func (e *emitter) textKind() kind {
	return kind{
		typ: "const char *",
		get: func(dst string) []string {
			return []string{dst + " = " + e.fn("text") + "(mem, attr);", "if (!" + dst + ")", "\treturn -ENOMEM;"}
		},
		size: func(v string) string { return "nla_total_size(strlen(" + v + ") + 1)" },
		put:  func(attr, v string) string { return "nla_put_string(skb, " + attr + ", " + v + ")" },
	}
}

func (e *emitter) blobKind() kind {
	return kind{
		typ: "struct " + e.fn("blob"),
		get: func(dst string) []string {
			return []string{dst + ".data = nla_data(attr);", dst + ".len = nla_len(attr);"}
		},
		size: func(v string) string { return "nla_total_size(" + v + ".len)" },
		put:  func(attr, v string) string { return "nla_put(skb, " + attr + ", " + v + ".len, " + v + ".data)" },
	}
}

// structKind is a struct by value. One without a fixed size is kept as bytes.
func (e *emitter) structKind(s *model.Struct) kind {
	if flexible(s) {
		return e.blobKind()
	}
	return kind{
		typ:    s.CName,
		get:    func(dst string) []string { return []string{"nla_memcpy(&" + dst + ", attr, sizeof(" + dst + "));"} },
		size:   func(string) string { return "nla_total_size(sizeof(" + s.CName + "))" },
		put:    func(attr, v string) string { return "nla_put(skb, " + attr + ", sizeof(" + v + "), &" + v + ")" },
		length: "nla_len(attr) == sizeof(" + s.CName + ")",
	}
}

func bitfieldKind() kind {
	const typ = "struct nla_bitfield32"
	return kind{
		typ:  typ,
		get:  func(dst string) []string { return []string{dst + " = nla_get_bitfield32(attr);"} },
		size: func(string) string { return "nla_total_size(sizeof(" + typ + "))" },
		put: func(attr, v string) string {
			return "nla_put_bitfield32(skb, " + attr + ", " + v + ".value, " + v + ".selector)"
		},
		length: "nla_len(attr) == sizeof(" + typ + ")",
	}
}

// nestKind is a message inside a message: a pointer, or an element of a list.
func (e *emitter) nestKind(a *model.Attr) kind {
	if shapeOf(a) == single {
		return e.pointerKind(a.Message, unreached(a))
	}
	name := e.messageName(a.Message)
	return kind{
		typ: "struct " + name,
		get: func(dst string) []string {
			lines := failing("err = " + name + "_parse(&" + dst + ", nla_data(attr), nla_len(attr), " +
				e.fieldScope(a).args() + "mem, extack);")
			if unreached(a) {
				return append(e.checked(a.Message), lines...)
			}
			return lines
		},
		size:  func(v string) string { return "nla_total_size(" + name + "_size(&" + v + "))" },
		put:   func(attr, v string) string { return name + "_nest(skb, " + attr + ", &" + v + ")" },
		byRef: true,
	}
}

func failing(call string) []string { return []string{call, "if (err)", "\treturn err;"} }

func (e *emitter) scalarKind(a *model.Attr, t model.Type) kind {
	name := scalarName(t, attrOrder(a))
	typ := hostType(t)
	if ordered(name) {
		typ = "__" + name
	}
	k := kind{
		typ:    typ,
		get:    func(dst string) []string { return []string{dst + " = nla_get_" + name + "(attr);"} },
		size:   func(string) string { return "nla_total_size(sizeof(" + typ + "))" },
		put:    func(attr, v string) string { return "nla_put_" + name + "(skb, " + attr + ", " + v + ")" },
		length: "nla_len(attr) == sizeof(" + typ + ")",
	}
	switch {
	case t == model.TypeUint || t == model.TypeSint:
		k.length = "nla_len(attr) == sizeof(u32) || nla_len(attr) == sizeof(u64)"
	case !strings.HasSuffix(name, "64"):
	case padOf(a) != "" && a.Type == t:
		k.size = func(string) string { return "nla_total_size_64bit(sizeof(" + typ + "))" }
		put := name
		if name == "u64" {
			put = "u64_64bit"
		}
		k.put = func(attr, v string) string {
			return "nla_put_" + put + "(skb, " + attr + ", " + v + ", " + padOf(a) + ")"
		}
	default:
		k.put = func(attr, v string) string { return "nla_put(skb, " + attr + ", sizeof(" + v + "), &" + v + ")" }
	}
	return k
}

// padOf returns the C name of the attribute that aligns 64-bit values in the set of
// an attribute, or "".
func padOf(a *model.Attr) string {
	for _, other := range a.Set.Root().Attrs {
		if other.Type == model.TypePad {
			return other.CName
		}
	}
	return ""
}

// scalarName returns what the kernel's functions for an integer are called by.
func scalarName(t model.Type, order byteOrder) string {
	if t == model.TypeUint || t == model.TypeSint {
		return t.String()
	}
	return scalarType(t, order)
}

// fn returns the name of something that is generated.
func (e *emitter) fn(name string) string { return e.ident + "_nl_" + name }

// member returns the name of an attribute as a member of a C struct. Every message
// may have a member has, and a member header.
func member(name string) string {
	name = naming.CMember(name)
	if name == "has" || name == "header" {
		return "_" + name
	}
	return name
}

// attrMember returns the name of an attribute as a member of the struct of a message.
// Lists have a second one, for their count. Where names are equal in C, the later has
// an underscore behind it.
func attrMember(a *model.Attr) string {
	taken := map[string]bool{}
	for _, other := range a.Set.Root().Attrs {
		name := member(other.Name)
		for taken[name] || counted(other) && taken["n_"+name] {
			name += "_"
		}
		if other.Name == a.Name {
			return name
		}
		taken[name] = true
		taken["n_"+name] = counted(other)
	}
	panic("attribute " + a.Name + " is not in its set")
}

// counted reports whether an attribute has a count beside its values.
func counted(a *model.Attr) bool { return a.Wire() && shapeOf(a) != present && shapeOf(a) != single }

// declare returns the members of a C struct that hold an attribute.
func (e *emitter) declare(a *model.Attr) []string {
	name, k := attrMember(a), e.kindOf(a)
	typ := k.typ
	switch s := shapeOf(a); {
	case s == present:
		return nil
	case s == single:
		return []string{spaced(typ, name)}
	case s == chained:
		typ = "struct " + e.chainName(a)
	}
	typ = strings.TrimSuffix(typ, " *")
	if k.typ == "const char *" && shapeOf(a) != chained {
		return []string{fmt.Sprintf("const char * const *%s", name), "u32 n_" + name}
	}
	return []string{fmt.Sprintf("const %s *%s", typ, name), "u32 n_" + name}
}

func (e *emitter) chainName(a *model.Attr) string {
	return e.fn(naming.C(a.Set.Name) + "_" + attrMember(a))
}
