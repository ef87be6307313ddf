// Package model is the resolved form of a family: plain structs with pointers
// instead of names, every value computed, every Go identifier decided. It is the
// only thing emitters see, and they treat it as read-only.
package model

import (
	"slices"

	"github.com/nlgen/nlgen/gen/diag"
)

// A Pos is where something stands in a spec or overlay.
type Pos = diag.Pos

// A Family is one netlink family.
type Family struct {
	Name    string // the kernel's name; for classic netlink a label
	Doc     string
	Source  string // the spec's file name, without directories: the same wherever nlgen runs
	Pos     Pos
	Package string // Go package name

	Generic  bool   // Generic Netlink; else classic netlink with Protocol
	Dialect  string // genetlink, genetlink-c, genetlink-legacy, netlink-raw
	Protocol int    // netlink protocol number (16 for Generic Netlink)
	Version  uint8  // genlmsghdr.version
	Bare     bool   // messages have no netlink header: a datagram is a message
	// AnySender says that messages of other processes are accepted, not only the
	// kernel's.
	AnySender bool
	Header    string // UAPI header, such as linux/netdev.h
	C         FamilyC

	Consts  []*Const
	Enums   []*Enum
	Structs []*Struct
	Sets    []*AttrSet // spec order, subsets included
	Subs    []*SubMessage
	Ops     []*Op
	// Transaction: requests can be done all or not at all.
	Transaction *Transaction
	Groups      []*Group
	Messages    []*Message // every Go message type, in the order it is to be declared
	Chains      []*Chain
}

// FamilyC is what only the C targets need of a family.
type FamilyC struct {
	FamilyName, VersionName string // macro names
	KernelPolicy            string // split, per-op, global
	CmdMaxName, CmdCntName  string
	MaxByDefine             bool
	OpPrefix, OpEnum        string
	AsyncPrefix, AsyncEnum  string
	KernelHeaders           []string
	SockPriv                string
	License                 License
}

// A License says under which licence the kernel's side is, in its three forms.
type License struct {
	Source string // SPDX expression of the files for the kernel alone
	UAPI   string // SPDX expression of the header that programs include
	Module string // argument of MODULE_LICENSE
}

// A Const is a named constant.
type Const struct {
	Name, Doc string
	Pos       Pos
	GoName    string
	CName     string // "" if it has none
	Header    string // C header that defines it, if not the family's
	Scope     string // uapi, kernel, user
	Int       int64
	Str       string
	IsString  bool
}

// An Enum is an enumeration or a set of flags.
type Enum struct {
	Name, Doc string
	Pos       Pos
	GoName    string
	CName     string // C enum tag
	Header    string
	Scope     string
	RenderMax bool
	CMax      string // C name of the greatest value, or of all flags together
	CntName   string

	Flags   bool // a flags definition: entry values are bit numbers
	Bits    int  // width of the Go type: 8, 16, 32, 64
	Signed  bool
	Used    bool // referenced as a plain value (of an enum definition)
	AsFlags bool // an enum definition referenced with enum-as-flags: a second Go type holds masks
	// GoMask is the Go type of masks of an enum definition with AsFlags.
	GoMask   string
	MaskBits int
	// GoNames is the unexported variable with the names of the values, GoParse
	// the function from a name to a value; the others are those of GoMask.
	GoNames, GoParse         string
	GoMaskNames, GoMaskParse string

	Entries []*Entry
}

// An Entry is one value of an Enum.
type Entry struct {
	Name, Doc string
	Pos       Pos
	GoName    string // constant; for flags the mask
	GoMask    string // constant of type Enum.GoMask, if AsFlags
	CName     string
	Value     int64 // enum value or bit number
}

// Mask returns 1<<Value.
func (e *Entry) Mask() uint64 { return 1 << uint(e.Value) }

// A Struct is a C struct with its layout computed.
type Struct struct {
	Name, Doc string
	Pos       Pos
	GoName    string
	GoSize    string // unexported Go constant with the size
	CName     string // such as "struct ifinfomsg"
	Header    string
	Members   []*Member // pads included
	Size      int       // bytes of the fixed part
	Align     int       // C alignment; 1 if packed
	// Tail: used as the payload of an attribute, so that a longer or shorter
	// form from another kernel must survive.
	Tail bool
}

// A Member is a member of a struct. Exactly one of the ways of typing applies:
// Pad, Struct, a scalar Type, binary or string of Len bytes.
type Member struct {
	Name, Doc    string
	Pos          Pos
	GoName       string // "" for pads
	CName        string
	Type         Type // a scalar, TypeBinary, TypeString, TypePad; TypeStruct
	BigEndian    bool
	LittleEndian bool
	Len          int // bytes of one element
	Offset       int
	Count        int  // elements of a fixed array; 1 if none
	Flexible     bool // trailing array of as many elements as there are bytes for
	Struct       *Struct
	Enum         *Enum
	AsFlags      bool
	Hint         Hint
}

// An AttrSet is an id space of attributes, or a subset of one.
type AttrSet struct {
	Name, Doc string
	Pos       Pos
	GoName    string // of the message type if it is used as a nest or body
	GoTable   string // unexported Go constant: the index in the schema table; "" for subsets
	CName     string // C enum tag, may be ""
	CMax      string // C names of the maximum and count
	CCount    string
	Header    string
	Subset    *AttrSet // parent, nil if none
	Attrs     []*Attr  // spec order; for subsets the merged form
}

// Root returns the set whose id space s uses.
func (s *AttrSet) Root() *AttrSet {
	for s.Subset != nil {
		s = s.Subset
	}
	return s
}

// Type is the wire type of an attribute or member.
type Type uint8

// The types.
const (
	TypeInvalid Type = iota
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
	TypeFlag
	TypeString
	TypeBinary
	TypeBitfield32
	TypeNest
	TypeIndexedArray
	TypeChain      // nest-type-value
	TypeSubMessage // form selected by another attribute
	TypeRecords    // x-nlgen-array-of
	TypeOrdered    // nest with x-nlgen-ordered
	TypeStruct     // binary with struct; member with struct
	TypeArray      // binary with a sub-type: C array of scalars
	TypePad
	TypeUnused
)

var typeNames = [...]string{
	TypeInvalid: "invalid", TypeU8: "u8", TypeU16: "u16", TypeU32: "u32", TypeU64: "u64",
	TypeS8: "s8", TypeS16: "s16", TypeS32: "s32", TypeS64: "s64", TypeUint: "uint", TypeSint: "sint",
	TypeFlag: "flag", TypeString: "string", TypeBinary: "binary", TypeBitfield32: "bitfield32",
	TypeNest: "nest", TypeIndexedArray: "indexed-array", TypeChain: "nest-type-value",
	TypeSubMessage: "sub-message", TypeRecords: "records", TypeOrdered: "ordered", TypeStruct: "struct", TypeArray: "array",
	TypePad: "pad", TypeUnused: "unused",
}

// String returns the name of the type, the spec's own where it has one.
func (t Type) String() string { return typeNames[t] }

// Hint is how a value is displayed, and so its Go type.
type Hint uint8

// The hints.
const (
	HintNone Hint = iota
	HintHex
	HintMAC
	HintFDDI
	HintIPv4
	HintIPv6
	HintIP // 4 or 16 bytes
	HintUUID
	HintSockaddr // sockaddr_in or sockaddr_in6
)

var hintNames = [...]string{
	HintNone: "none", HintHex: "hex", HintMAC: "mac", HintFDDI: "fddi", HintIPv4: "ipv4",
	HintIPv6: "ipv6", HintIP: "ipv4-or-v6", HintUUID: "uuid", HintSockaddr: "sockaddr",
}

// String returns the name of the hint.
func (h Hint) String() string { return hintNames[h] }

// An Attr is one attribute of a set.
type Attr struct {
	Name, Doc    string
	Pos          Pos
	Set          *AttrSet // the set it is declared in
	GoName       string   // field
	GoConst      string   // unexported constant of the id, declared once per root set
	CName        string
	ID           uint16
	Type         Type
	BigEndian    bool
	LittleEndian bool
	Multi        bool
	Hint         Hint
	Enum         *Enum
	AsFlags      bool // the value is a mask of Enum's entries
	Checks       Checks
	Unit         string // ns, us, ms, s: a time.Duration

	// Elem is the element type for TypeArray and TypeIndexedArray (TypeNest,
	// TypeBinary, a scalar …) and the leaf type for TypeChain (TypeNest or a
	// scalar).
	Elem Type
	// Nested is the set inside a nest, an indexed array of nests, a chain that
	// ends in attributes, a record, or an ordered nest.
	Nested *AttrSet
	// Message is the Go type for Nested (with Struct in front, if any); nil if no
	// wanted operation reaches it.
	Message *Message
	Chain   *Chain
	// Struct is the payload of TypeStruct, or of elements of that type; else the
	// header in front of the attributes of a nest or record.
	Struct *Struct
	Sub    *SubMessage
	// Selector is the attribute whose value selects the form of Sub. If
	// OuterSelector, it is looked up by name in the enclosing messages and
	// Selector is nil.
	Selector      *Attr
	SelectorName  string
	OuterSelector bool
	// HeaderSelector is the member of the fixed header that selects the form
	// of Sub instead of an attribute.
	HeaderSelector *Member
	// LenOffset is the offset of the 16-bit length in a record's header.
	LenOffset int
	// ScopeFor reports that sub-messages in nested sets select by this attribute.
	ScopeFor bool
}

// Wire reports whether the attribute has a place in messages (pad and unused
// attributes have not).
func (a *Attr) Wire() bool { return a.Type != TypePad && a.Type != TypeUnused }

// Checks are the limits on a value; nil or false means none.
type Checks struct {
	Min, Max                 *Limit
	MinLen, MaxLen, ExactLen *Limit
	Mask                     *uint64 // allowed bits
	MaskEnum                 *Enum
	UnterminatedOK           bool // a string may lack its NUL
	Sparse                   bool // the values of the attribute's enum have gaps
}

// A Limit is a resolved number and, for the C targets, how the spec wrote it.
type Limit struct {
	Value    int64
	Unsigned uint64 // the value if it is beyond int64
	Text     string // the spec's text, such as "s32-max"
	Const    *Const // if it names a constant
	MinusOne bool   // "CONST - 1"
}

// A Chain is the Go type of a nest-type-value: one field for each level and the
// leaf.
type Chain struct {
	GoName string
	Doc    string
	Attr   *Attr
	Levels []ChainLevel
	Leaf   *Message // nil: a scalar, Attr.Elem
}

// A ChainLevel is a level of nests whose attribute type is data.
type ChainLevel struct {
	Name   string
	GoName string
	Enum   *Enum // nil: the type is a number of 14 bits
}

// A SubMessage is a payload whose form another attribute selects.
type SubMessage struct {
	Name, Doc string
	Pos       Pos
	GoName    string // interface type
	GoUnknown string // type of a body whose selector is not known
	GoNew     string // func(d *nl.Decoder, selector string) GoName
	GoBody    string // func(GoName) nl.Body, and the unexported interface method of the same name
	GoIndex   string // unexported constant: the index in the schema table
	Formats   []*Format
	// Reached: an operation has it in its messages, so there are Go types for it.
	Reached bool
	// Bodies are the Go types of the formats, each once; none if not Reached.
	Bodies []*Body
}

// A Format is one form of a sub-message.
type Format struct {
	Value  string
	Number uint64 // Value as a number, if the selector is an integer
	// Numbers are the numbers of a Value that several members of a payload select.
	Numbers []uint64
	GoName  string // the message of Parts, if the spec names it
	Doc     string
	Pos     Pos
	Header  *Struct
	Set     *AttrSet
	Parts   []*Part // instead of Header and Set
	Body    *Body   // nil: no content (none of Header, Set and Parts), or not Reached
}

// A Body is the Go type of one or several formats: a Message, or a Struct when
// the format is a header alone.
type Body struct {
	Message *Message
	Struct  *Struct
	Values  []string // selector values, in order
}

// A Message is a Go type that is encoded and decoded: attributes, with or
// without a fixed header in front.
type Message struct {
	GoName string
	Doc    string
	Set    *AttrSet // nil: no attributes
	Header *Struct  // nil: none
	Fields []*Field
	// Parts are the payload of a message without attributes; then Set and Header
	// are nil.
	Parts []*Part
	// Same lists the other names of the type: messages of the same shape.
	Same []Alias
	// HeaderField and UnknownField are the fields of the header ("" without one)
	// and of the attributes that the spec does not know.
	HeaderField, UnknownField string
}

// An Alias is another name of a message type.
type Alias struct{ GoName, Doc string }

// A Field is an attribute in a message.
type Field struct {
	Attr   *Attr
	GoName string
}

// An Op is one operation of a family.
type Op struct {
	Name, Doc string
	Pos       Pos
	GoName    string // exported, the stem of methods and types
	GoVar     string // unexported variable with the runtime's description
	CName     string
	Set       *AttrSet // nil if it has no attributes
	Header    *Struct
	Do, Dump  *Call
	// Notify is set for a notification: the operation whose reply layout it has.
	Notify *Op
	// Event is the message of a notification or event.
	Event        *Event
	Groups       []*Group
	ID           uint16 // notification or event id; id of a reserved operation
	RequestID    uint16 // of do and dump
	ReplyID      uint16
	Flags        []string // admin-perm, uns-admin-perm
	DontValidate []string
	ConfigCond   string
	RequestFlags []string // create, excl, replace, append, echo
	LastID       uint16   // an event with a range of ids: ID to LastID; else 0
	// Register says what the request does to the port id of its socket: "begin"
	// makes the kernel send messages to it, "end" ends that; else "".
	Register string
	Key      []KeyPart
	Merge    *Merge
	Watch    *Watch
	Split    *Merge // how a request is cut into several
}

// A Transaction says which messages stand around requests that are done together.
type Transaction struct {
	Begin, End *Op // whose do requests these are
	Header     []MemberValue
}

// A MemberValue is the value of a member of the fixed header.
type MemberValue struct {
	Member *Member
	Value  uint32
}

// A Call is the do or dump half of an operation.
type Call struct {
	GoName        string // client method
	GoAllName     string // of a dump: the collecting method
	GoAppendName  string // of a dump: the method that appends to a slice
	Request       *Message
	Reply         *Message // nil: only an acknowledgement
	RequestName   string   // name of Request by the rule: its GoName or one of its aliases
	ReplyName     string   // likewise of Reply
	RequestAttrs  []*Attr
	RequestListed []*Attr // RequestAttrs in the order in which the spec lists them
	ReplyAttrs    []*Attr
	RequestParts  []*Part // of messages without attributes
	ReplyParts    []*Part
	RequestID     uint16
	ReplyID       uint16
	Ack           bool // ask for an acknowledgement besides the reply
	ReplyOptional bool // the reply comes only with the echo flag
	Unflagged     bool // of a dump: requests lack the flag of dumps
	Pre, Post     string
	Doc           string
}

// An Event is a Go type for a notification.
type Event struct {
	GoName string
	Doc    string
	// Message is the layout; a notification's type embeds it.
	Message *Message
	Embed   bool // false: GoName is Message itself
	// GoNotify is the method of a server that sends it.
	GoNotify string
}

// A Group is a multicast group.
type Group struct {
	Name, Doc string
	Pos       Pos
	GoName    string // constant of type nl.Group or variable
	CName     string
	Value     uint32 // number, classic netlink
	Mask      bool   // the spec gives its bit in the address of a socket: joined by bind
	Flags     []string
}

// A KeyPart is a header member or an attribute that identifies a listed object.
type KeyPart struct {
	Member *Member
	Attr   *Attr
	Outer  []*Attr // nests that Attr is in, from the outermost; only of keys and watches
}

// A Merge says how one object is put together from several dump messages. What is
// neither of the key nor a list that continues is taken from the first message
// that has it.
type Merge struct {
	Key   []KeyPart
	Lists []*MergeList
}

// Has reports whether a field is of the key or one of the lists.
func (m *Merge) Has(f *Field) bool {
	return slices.ContainsFunc(m.Key, func(p KeyPart) bool { return p.Attr != nil && p.Attr.ID == f.Attr.ID }) ||
		slices.ContainsFunc(m.Lists, func(l *MergeList) bool { return l.Field == f })
}

// A MergeList is a list that is continued in the next message.
type MergeList struct {
	Field *Field
	Merge *Merge // how the last and first elements, or what is at the ends of chains, join; nil: never
}
