// Package spec reads a netlink spec in YAML into plain Go structs.
//
// A file is loaded with package gen/tree, corrected by package gen/overlay, and
// then read by [Decode].
//
// The language read here is the union of the four schemas of the kernel
// (genetlink, genetlink-c, genetlink-legacy, netlink-raw) over all kernel
// versions, plus extensions whose keys start with "x-nlgen". The package deals
// in shape only: it fills in no defaults and resolves no names. An unknown
// key, a value of the wrong type or outside its choices, a missing key, a
// property that means nothing where it stands: each is a diagnostic, and all
// of them are collected.
//
// The package imports gen/diag and gen/tree and nothing else of the project.
package spec

import (
	"github.com/nlgen/nlgen/gen/diag"
	"github.com/nlgen/nlgen/gen/tree"
)

// Val is the value of an optional property, with its place in the file.
type Val[T any] = tree.Val[T]

// Names is a property that lists names. An empty list is Set; an absent one is
// not.
type Names = Val[[]Val[string]]

// Spec is one netlink family.
type Spec struct {
	Pos  diag.Pos
	Name Val[string] // required; the genetlink family name
	Doc  Val[string] // required

	Protocol     Val[Protocol]     // absent: genetlink
	Protonum     Val[uint32]       // netlink protocol number of a netlink-raw spec
	Version      Val[uint32]       // version byte of the genetlink header
	UAPIHeader   Val[string]       // C header that declares the family
	CFamilyName  Val[string]       // C name of the family name
	CVersionName Val[string]       // C name of the version
	MaxByDefine  Val[bool]         // C: maxima are defines
	CmdMaxName   Val[string]       // C name of the last operation
	CmdCntName   Val[string]       // C name of the number of operations
	KernelPolicy Val[KernelPolicy] // shape of the kernel's policy tables
	KernelFamily *KernelFamily     // nil if absent

	Definitions   []*Definition
	AttributeSets []*AttributeSet // required key, may be empty
	SubMessages   []*SubMessage
	Operations    *Operations // required; nil only if the spec has errors
	McastGroups   []*McastGroup

	GoPackage Val[string]  // x-nlgen-package: name of the Go package
	License   Val[string]  // x-nlgen-license: SPDX expression of the kernel's side
	Framing   Val[Framing] // x-nlgen-framing: what stands in front of messages
	Senders   Val[Senders] // x-nlgen-senders: whose messages are accepted
}

// KernelFamily holds hints for generated kernel code.
type KernelFamily struct {
	Pos      diag.Pos
	Doc      Val[string]
	Headers  Names       // further C headers to include
	SockPriv Val[string] // C type of the per-socket state
}

// McastGroup is a multicast group.
type McastGroup struct {
	Pos         diag.Pos
	Name        Val[string] // required
	Doc         Val[string]
	Value       Val[uint32] // group number of a netlink-raw family
	Mask        Val[uint32] // x-nlgen-mask: its bit in the address of a socket, instead of Value
	Flags       Val[[]Val[OpFlag]]
	CDefineName Val[string] // C name of the define
	GoName      Val[string] // x-nlgen-go-name
	CName       Val[string] // x-nlgen-c-name; Set and empty for null: has none
}

// Definition is a constant, an enum, a set of flags or a struct. Type says
// which; properties of the other kinds are never set.
type Definition struct {
	Pos        diag.Pos
	Name       Val[string]         // required
	Type       Val[DefinitionType] // required
	Doc        Val[string]
	Header     Val[string] // C header that already defines it
	Scope      Val[Scope]  // which generated header gets it
	NamePrefix Val[string] // prefix of C names
	EnumName   Val[string] // C name of the enum; Set and empty for null: unnamed
	GoName     Val[string] // x-nlgen-go-name
	CName      Val[string] // x-nlgen-c-name; Set and empty for null: has none

	Value Val[Literal] // const

	ValueStart  Val[Number] // enum and flags: first value or first bit
	Entries     []*Entry    // enum and flags
	RenderMax   Val[bool]   // enum and flags: emit maximum or mask
	EnumCntName Val[string] // enum: C name of the number of entries

	Members []*Member   // struct
	Layout  Val[Layout] // struct: x-nlgen-layout
}

// Entry is one value of an enum, or one bit of a set of flags.
type Entry struct {
	Pos    diag.Pos
	Name   Val[string] // required
	Value  Val[Int]    // enum: the value; flags: the number of the bit
	Doc    Val[string]
	GoName Val[string] // x-nlgen-go-name
	CName  Val[string] // x-nlgen-c-name; Set and empty for null: has none
}

// Member is one member of a struct.
type Member struct {
	Pos         diag.Pos
	Name        Val[string]   // required
	Type        Val[AttrType] // required; integers, string, binary, pad
	Len         Val[Number]   // bytes of a string, binary or pad
	ByteOrder   Val[ByteOrder]
	Doc         Val[string]
	Enum        Val[string]
	EnumAsFlags Val[bool]
	DisplayHint Val[DisplayHint]
	Struct      Val[string] // binary: the struct embedded here
	Count       Val[Count]  // x-nlgen-count: the member is an array
	GoName      Val[string] // x-nlgen-go-name
	CName       Val[string] // x-nlgen-c-name; Set and empty for null: has none
}

// AttributeSet is a space of attributes with their ids, or a subset of one.
type AttributeSet struct {
	Pos         diag.Pos
	Name        Val[string] // required
	Doc         Val[string]
	NamePrefix  Val[string] // prefix of C names; never with SubsetOf
	EnumName    Val[string] // C name of the enum; Set and empty for null: unnamed
	SubsetOf    Val[string] // the set that ids and defaults come from
	Header      Val[string] // C header that already defines it
	AttrCntName Val[string] // C name of the number of attributes
	AttrMaxName Val[string] // C name of the last attribute
	GoName      Val[string] // x-nlgen-go-name
	CName       Val[string] // x-nlgen-c-name; Set and empty for null: has none
	Attributes  []*Attribute
}

// Attribute is one attribute of a set. In a subset every property but the name
// may be absent, and one that is present overrides that of the parent set.
type Attribute struct {
	Pos              diag.Pos
	Name             Val[string]   // required
	Type             Val[AttrType] // required except in a subset
	Doc              Val[string]
	Value            Val[uint32] // the id
	TypeValue        Names       // names of ids that carry data
	ByteOrder        Val[ByteOrder]
	MultiAttr        Val[bool]
	NestedAttributes Val[string] // the set inside
	Enum             Val[string]
	EnumAsFlags      Val[bool]
	SubType          Val[AttrType] // element type
	Struct           Val[string]   // binary: the payload is this struct
	SubMessage       Val[string]
	Selector         Val[string] // attribute that picks the sub-message's format
	DisplayHint      Val[DisplayHint]
	NamePrefix       Val[string] // C name
	Checks           *Checks     // nil if absent
	GoName           Val[string] // x-nlgen-go-name
	CName            Val[string] // x-nlgen-c-name; Set and empty for null: has none
	Unit             Val[Unit]   // x-nlgen-unit: the value is a duration
	Header           Val[string] // x-nlgen-header: struct in front of the attributes of a nest
	ArrayOf          *ArrayOf    // x-nlgen-array-of; nil if absent
	Ordered          Val[bool]   // x-nlgen-ordered: nest: the order of its attributes counts
	TypeEnums        Names       // x-nlgen-type-enums: enums of the ids in TypeValue
	Hint             Val[Hint]   // x-nlgen-hint
	HeaderSelector   Val[string] // x-nlgen-header-selector: member of the fixed header instead of Selector
}

// Checks are the rules the kernel validates an attribute by.
type Checks struct {
	Pos            diag.Pos
	Doc            Val[string]
	FlagsMask      Val[string] // flags definition whose mask bounds the value
	Min            Val[Number]
	Max            Val[Number]
	MinLen         Val[Number]
	MaxLen         Val[Number]
	ExactLen       Val[Number]
	UnterminatedOK Val[bool] // string: the NUL may be missing
}

// ArrayOf describes a payload that is a row of records, each a fixed header
// followed by attributes (x-nlgen-array-of).
type ArrayOf struct {
	Pos              diag.Pos
	Doc              Val[string]
	Header           Val[string] // required; the struct each record starts with
	LengthMember     Val[string] // member of Header with the length of the record
	NestedAttributes Val[string] // set of the attributes behind the header
}

// SubMessage is a payload whose format another attribute picks.
type SubMessage struct {
	Pos     diag.Pos
	Name    Val[string] // required
	Doc     Val[string]
	GoName  Val[string] // x-nlgen-go-name
	Formats []*Format
}

// Format is one format of a sub-message.
type Format struct {
	Pos          diag.Pos
	Value        Val[string] // required; compared with the selector's value
	Doc          Val[string]
	FixedHeader  Val[string]
	AttributeSet Val[string]
	GoName       Val[string] // x-nlgen-go-name
	Payload      []*Part     // x-nlgen-payload
}

// Operations holds the operations of the family and what they share.
type Operations struct {
	Pos         diag.Pos
	Doc         Val[string]
	EnumModel   Val[EnumModel]
	NamePrefix  Val[string] // prefix of C names
	EnumName    Val[string] // C name of the enum; Set and empty for null: unnamed
	AsyncPrefix Val[string] // C prefix of notifications and events
	AsyncEnum   Val[string] // C enum of notifications and events; Set and empty for null
	FixedHeader Val[string] // struct in front of the attributes of every message
	Transaction *Transaction
	List        []*Operation
}

// Transaction says which messages stand around requests that are done all or not
// at all.
type Transaction struct {
	Pos        diag.Pos
	Doc        Val[string]
	Begin, End Val[string] // required: operations
	Header     []*MemberValue
}

// MemberValue is the value that a member of the fixed header has.
type MemberValue struct {
	Member Val[string]
	Value  Val[uint32]
}

// Operation is a request, a notification, an event or, with none of Do, Dump,
// Notify and Event, an id kept reserved.
type Operation struct {
	Pos          diag.Pos
	Name         Val[string] // required
	Doc          Val[string] // required
	Value        Val[uint32] // id, or reply id of a notification
	AttributeSet Val[string]
	FixedHeader  Val[string] // overrides that of Operations
	Flags        Val[[]Val[OpFlag]]
	DontValidate Val[[]Val[DontValidate]]
	ConfigCond   Val[string] // kernel option the operation depends on
	Do           *SubOp
	Dump         *SubOp
	Notify       Val[string] // operation whose reply it looks like
	Event        *Event
	McastGroup   Val[string] // mcgrp: group it is sent to

	GoName       Val[string]             // x-nlgen-go-name
	CName        Val[string]             // x-nlgen-c-name; Set and empty for null: has none
	RequestFlags Val[[]Val[RequestFlag]] // x-nlgen-request-flags
	Ack          Val[bool]               // x-nlgen-ack: a do with a reply is acknowledged too
	DumpFlag     Val[bool]               // x-nlgen-dump-flag: false: the dump is a do that a list answers
	Key          Names                   // x-nlgen-key: identity of a listed object
	Merge        *Merge                  // x-nlgen-merge; nil if absent
	Watch        *Watch                  // x-nlgen-watch; nil if absent
	Split        *Merge                  // x-nlgen-split: how a request is cut into several; nil if absent
	Register     Val[Register]           // x-nlgen-register
	LastValue    Val[uint32]             // x-nlgen-last-value: event: the end of a range of ids
}

// SubOp is the do or the dump half of an operation.
type SubOp struct {
	Pos     diag.Pos
	Doc     Val[string]
	Request *Message
	Reply   *Message
	Pre     Val[string] // kernel function run before
	Post    Val[string] // kernel function run after
}

// Message is a request or a reply.
type Message struct {
	Pos        diag.Pos
	Doc        Val[string]
	Value      Val[uint32] // message id in the directional model
	Attributes Names
	Payload    []*Part // x-nlgen-payload, instead of attributes
}

// Event is a message the kernel sends on its own.
type Event struct {
	Pos        diag.Pos
	Doc        Val[string]
	Attributes Names
	Payload    []*Part // x-nlgen-payload, instead of attributes
}

// Part is one of the things that a payload consists of, one behind the other.
type Part struct {
	Pos        diag.Pos
	Name       Val[string]   // required
	Type       Val[PartType] // required
	Doc        Val[string]
	Struct     Val[string] // struct and array
	MinLen     Val[Number] // struct: bytes that it has at least; absent: all
	Until      Val[string] // string: the character that ends it; absent: the end of the payload
	Enum       Val[string] // message-type
	SubMessage Val[string]
	Selector   Names       // sub-message: members of structs before it, as PART.MEMBER
	Length     Val[string] // member of a struct before it that counts the bytes of this part
	GoName     Val[string] // x-nlgen-go-name
}

// Merge says how an object split over several dump messages is put together
// again (x-nlgen-merge): messages with equal key are one object, each list named
// is appended, and the rest is taken from the first message that has it.
type Merge struct {
	Pos   diag.Pos
	Doc   Val[string]
	Key   Names
	Lists []*MergeList
}

// MergeList is one list to append. With a key, the last element so far and the
// first new one are merged if their keys are equal.
type MergeList struct {
	Name Val[string] // the attribute that holds the list
	Merge
}
