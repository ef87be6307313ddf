package model

// A PartType is the type of a part of a payload.
type PartType uint8

// The types of parts.
const (
	PartInvalid     PartType = iota
	PartStruct               // Struct
	PartArray                // Structs to the end
	PartString               // text up to Until or to the end
	PartBinary               // bytes to the end
	PartKeyValues            // KEY=VALUE texts to the end, each with a NUL behind it
	PartSubMessage           // a form of Sub, selected by Selector, to the end
	PartMessageType          // the type in the netlink header of an event; takes no bytes
)

var partNames = [...]string{
	PartInvalid: "invalid", PartStruct: "struct", PartArray: "array", PartString: "string",
	PartBinary: "binary", PartKeyValues: "key-values", PartSubMessage: "sub-message",
	PartMessageType: "message-type",
}

// String returns the spec's name of the type.
func (t PartType) String() string { return partNames[t] }

// A Part is one of the things that a payload consists of. They stand one behind
// the other without padding; one that reaches to the end of the payload is the
// last of those that take bytes.
type Part struct {
	Name, Doc string
	Pos       Pos
	GoName    string
	Type      PartType
	Struct    *Struct
	// MinLen is how many bytes of the struct there must be. Only that of a last
	// part may be less than its size: the struct has grown.
	MinLen int
	// Until is the character that ends a string, "" if it reaches to the end.
	Until    string
	Enum     *Enum // of PartMessageType; may be nil
	Sub      *SubMessage
	Selector []*MemberRef
	// Length is the member that counts the bytes of this part, nil if none does.
	Length *MemberRef
	// Last says that no part behind this one takes bytes.
	Last bool
}

// A MemberRef is an integer in a struct that is an earlier part of the payload.
type MemberRef struct {
	Part *Part
	// Path leads to it through structs inside structs; the last is the integer.
	Path []*Member
}

// Member returns the integer.
func (r *MemberRef) Member() *Member { return r.Path[len(r.Path)-1] }

// Offset is where it stands in its part.
func (r *MemberRef) Offset() int {
	offset := 0
	for _, m := range r.Path {
		offset += m.Offset
	}
	return offset
}

// Name returns the path as specs write it.
func (r *MemberRef) Name() string {
	name := r.Part.Name
	for _, m := range r.Path {
		name += "." + m.Name
	}
	return name
}
