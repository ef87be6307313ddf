package spec

import (
	"strconv"

	"github.com/nlgen/nlgen/gen/tree"
)

// Protocol is the level of the spec language, and with it the netlink family.
type Protocol string

// The protocols.
const (
	Genetlink       Protocol = "genetlink"
	GenetlinkC      Protocol = "genetlink-c"
	GenetlinkLegacy Protocol = "genetlink-legacy"
	NetlinkRaw      Protocol = "netlink-raw"
)

// KernelPolicy is the shape of the kernel's policy tables.
type KernelPolicy string

// The policy shapes.
const (
	PolicySplit  KernelPolicy = "split"
	PolicyPerOp  KernelPolicy = "per-op"
	PolicyGlobal KernelPolicy = "global"
)

// DefinitionType is the kind of a definition.
type DefinitionType string

// The kinds of definitions.
const (
	DefConst  DefinitionType = "const"
	DefEnum   DefinitionType = "enum"
	DefFlags  DefinitionType = "flags"
	DefStruct DefinitionType = "struct"
)

// Scope says which generated header gets a definition.
type Scope string

// The scopes.
const (
	ScopeUAPI   Scope = "uapi"
	ScopeKernel Scope = "kernel"
	ScopeUser   Scope = "user"
)

// Layout is the rule that places the members of a struct.
type Layout string

// The layouts.
const (
	Packed  Layout = "packed"  // one behind the other
	Natural Layout = "natural" // aligned as a C compiler does
)

// AttrType is the type of an attribute, of its elements or of a struct member.
type AttrType string

// The attribute types.
const (
	TypeU8            AttrType = "u8"
	TypeU16           AttrType = "u16"
	TypeU32           AttrType = "u32"
	TypeU64           AttrType = "u64"
	TypeS8            AttrType = "s8"
	TypeS16           AttrType = "s16"
	TypeS32           AttrType = "s32"
	TypeS64           AttrType = "s64"
	TypeUint          AttrType = "uint"
	TypeSint          AttrType = "sint"
	TypeFlag          AttrType = "flag"
	TypeString        AttrType = "string"
	TypeBinary        AttrType = "binary"
	TypeNest          AttrType = "nest"
	TypeIndexedArray  AttrType = "indexed-array"
	TypeNestTypeValue AttrType = "nest-type-value"
	TypeBitfield32    AttrType = "bitfield32"
	TypeSubMessage    AttrType = "sub-message"
	TypePad           AttrType = "pad"
	TypeUnused        AttrType = "unused"
)

// ByteOrder is the byte order of an integer.
type ByteOrder string

// The byte orders.
const (
	LittleEndian ByteOrder = "little-endian"
	BigEndian    ByteOrder = "big-endian"
)

// DisplayHint says how people write the value.
type DisplayHint string

// The display hints.
const (
	HintHex      DisplayHint = "hex"
	HintMAC      DisplayHint = "mac"
	HintFDDI     DisplayHint = "fddi"
	HintIPv4     DisplayHint = "ipv4"
	HintIPv6     DisplayHint = "ipv6"
	HintIPv4Or6  DisplayHint = "ipv4-or-v6"
	HintUUID     DisplayHint = "uuid"
	HintSockaddr DisplayHint = "sockaddr_in-or-sockaddr_in6"
)

// Hint is an extended display hint (x-nlgen-hint).
type Hint string

// Sockaddr marks bytes that are a struct sockaddr_in or sockaddr_in6.
const Sockaddr Hint = "sockaddr"

// Unit is the unit of a duration (x-nlgen-unit).
type Unit string

// The units.
const (
	Nanoseconds  Unit = "ns"
	Microseconds Unit = "us"
	Milliseconds Unit = "ms"
	Seconds      Unit = "s"
)

// EnumModel is the way message ids are counted.
type EnumModel string

// The enum models.
const (
	Unified     EnumModel = "unified"
	Directional EnumModel = "directional"
)

// OpFlag is a privilege an operation or a multicast group needs.
type OpFlag string

// The operation flags.
const (
	AdminPerm    OpFlag = "admin-perm"
	UnsAdminPerm OpFlag = "uns-admin-perm"
)

// DontValidate names a validation the kernel skips.
type DontValidate string

// The validations that can be skipped.
const (
	SkipStrict     DontValidate = "strict"
	SkipDump       DontValidate = "dump"
	SkipDumpStrict DontValidate = "dump-strict"
)

// RequestFlag is a request flag an operation takes (x-nlgen-request-flags).
type RequestFlag string

// The request flags.
const (
	RequestCreate  RequestFlag = "create"
	RequestExcl    RequestFlag = "excl"
	RequestReplace RequestFlag = "replace"
	RequestAppend  RequestFlag = "append"
	RequestEcho    RequestFlag = "echo"
)

// Framing is what stands in front of the messages of a family (x-nlgen-framing).
type Framing string

// The framings.
const (
	FramingNetlink Framing = "netlink" // a netlink header
	FramingNone    Framing = "none"    // nothing: a datagram is a message
)

// Senders are those whose messages a client accepts (x-nlgen-senders).
type Senders string

// The senders.
const (
	SendersKernel Senders = "kernel"
	SendersAny    Senders = "any" // other processes, too
)

// Register says what an operation does to the port id of its socket
// (x-nlgen-register).
type Register string

// The registrations.
const (
	RegisterBegin Register = "begin" // messages are sent to it from then on
	RegisterEnd   Register = "end"   // no more messages are sent to it
)

// PartType is the type of a part of a payload (x-nlgen-payload).
type PartType string

// The types of parts.
const (
	PartStruct      PartType = "struct"
	PartArray       PartType = "array" // structs to the end of the payload
	PartString      PartType = "string"
	PartBinary      PartType = "binary"       // bytes to the end of the payload
	PartKeyValues   PartType = "key-values"   // KEY=VALUE texts, each ended by a NUL
	PartSubMessage  PartType = "sub-message"  // what members of a struct before it select
	PartMessageType PartType = "message-type" // the type in the netlink header, no part of the payload
)

// Int is an integer between the least s64 and the greatest u64.
type Int = tree.Int

// Literal is the value of a constant: an integer, or a string if IsText.
type Literal struct {
	IsText bool
	Text   string
	Int    Int
}

// Number is an integer, or the value of a named constant, or of a limit such
// as u16-max or s8-min, plus an offset. With an empty Name it is Int.
type Number struct {
	Int    Int
	Name   string
	Offset int64 // 0, or -1 for "NAME - 1"
}

// String formats the number as specs write it.
func (n Number) String() string {
	switch {
	case n.Name == "":
		return n.Int.String()
	case n.Offset < 0:
		return n.Name + " - " + strconv.FormatInt(-n.Offset, 10)
	}
	return n.Name
}

// Count is the number of elements of an array member. A flexible array takes
// what is left of the payload.
type Count struct {
	N        uint32
	Flexible bool
}
