package runtime

// A Schema describes the attributes of a family on the wire: names for errors
// and for the debug output. It is generated, and not used to encode or decode.
type Schema struct {
	Sets []AttrSet // the set 0 is empty
	Subs []SubMessage
}

// An AttrSet is an id space of attributes.
type AttrSet struct {
	Name  string
	Attrs []Attr // in ascending order of ID
}

// An Attr describes one attribute.
type Attr struct {
	ID   uint16
	Name string
	Type Type

	// Set is the index of the nested set in Schema.Sets, for TypeNest,
	// TypeIndexed, TypeChain and TypeRecords.
	Set int
	// Sub is the index of the sub-message in Schema.Subs, for TypeSub.
	Sub int
	// Selector is the name of the attribute that selects the sub-message.
	Selector string
	// Skip is the length of what stands before the attributes of a nest or
	// record: a fixed header; for TypeChain the number of levels.
	Skip int
}

// A SubMessage is a payload whose form another attribute selects.
type SubMessage struct {
	Name    string
	Formats []Format
}

// A Format is one form of a sub-message.
type Format struct {
	Value  string // of the selector
	Number uint64 // the same as a number, if the selector is an enum
	Header int    // length of the fixed header, a multiple of four
	Set    int    // index in Schema.Sets of the attributes; 0: none
}

// A Type is the kind of payload an attribute has.
type Type uint8

// The types of attributes.
const (
	TypeBinary Type = iota
	TypeU8
	TypeU16
	TypeU32
	TypeU64
	TypeS8
	TypeS16
	TypeS32
	TypeS64
	TypeUint
	TypeSint
	TypeU16BE
	TypeU32BE
	TypeU64BE
	TypeFlag
	TypeString
	TypeAddr
	TypeMAC
	TypeBitfield32
	TypeNest    // attributes of Set
	TypeIndexed // a nest of elements; the elements are nests if Set is not 0
	TypeChain   // Skip levels of nests whose types are data, then Set
	TypeRecords // structs of Skip bytes that start with their u16 length, each followed by attributes of Set
	TypeSub     // a sub-message
)

// A codecError is an error while encoding or decoding at an offset of the
// encoder's buffer or of the decoder's message.
type codecError struct {
	offset int
	msg    string
	errno  Errno // what a server answers; 0: EINVAL
}

func (e *codecError) Error() string { return e.msg }
