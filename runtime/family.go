package runtime

// genericProtocol is the netlink protocol whose families have a name instead of
// a number (NETLINK_GENERIC).
const genericProtocol = 16

// A Family describes a netlink family: whom to talk to, and what can be said.
// Generated packages have one each. It is not changed after Dial.
type Family struct {
	// Name is the family's name. Generic Netlink resolves it.
	Name string
	// Protocol is the number of the netlink protocol, 16 for Generic Netlink.
	Protocol int
	// Version is put into the header of each request to a generic family.
	Version uint8
	// Bare says that messages have no netlink header: each datagram is one, and
	// there is one event.
	Bare bool
	// AnySender says that messages of other processes are accepted, not only those
	// of the kernel.
	AnySender bool
	// BindGroups is the mask of the groups that a subscription joins by the address
	// of its socket.
	BindGroups uint32
	// Schema names the attributes, for errors and the debug output.
	Schema *Schema
	// Ops lists the operations, for the debug output.
	Ops []*Op
	// Events lists the messages that come to subscribers.
	Events []EventInfo
}

func (f *Family) generic() bool { return f.Protocol == genericProtocol }

// genlLen returns the length of the header between that of netlink and the content.
func (f *Family) genlLen() int {
	if f.generic() {
		return genlHeaderLen
	}
	return 0
}

// An EventInfo describes a message that comes to the subscribers of a group.
type EventInfo struct {
	// ID is the netlink message type, or the command of a generic family.
	ID uint16
	// Last is the end of the range of types it stands for, 0 if it is one.
	Last uint16
	// Name is the spec's name for it.
	Name string
	// Set is the index in Schema.Sets of its attributes.
	Set int
	// Header is the length of its fixed header, 0 if it has none.
	Header int
	// New returns a zero message to decode it into.
	New func() Message
}

// An Op describes an operation: a request and what the kernel answers.
type Op struct {
	// Name is the spec's name of the operation.
	Name string
	// Request is the netlink message type of the request, or the command of a
	// generic family.
	Request uint16
	// Reply is the same of the reply. It is not used to match replies.
	Reply uint16
	// Set is the index in Schema.Sets of its attributes.
	Set int
	// Header is the length of its fixed header, 0 if it has none.
	Header int
	// NoReply says that a do is answered by an acknowledgement alone.
	NoReply bool
	// NoAck says that a do is answered by its reply alone; none is asked for. With
	// NoReply, too, there is no answer at all.
	NoAck bool
	// Optional says that the reply to a do comes only with the Echo flag.
	Optional bool
	// Unflagged says that a dump is asked for without NLM_F_DUMP. The answer is that
	// of a dump all the same: a list that NLMSG_DONE ends.
	Unflagged bool
}

// A Group is a multicast group to subscribe to. Groups of generic families have
// a Name, those of other protocols a number.
type Group struct {
	Name  string
	Value uint32
}

// Flags are the flags of a request that the caller chooses. They are a CallOption.
type Flags uint16

// The request flags (NLM_F_*). An operation says which of them it takes.
const (
	// Echo asks the kernel to send back the object that it made or changed.
	Echo Flags = 0x8
	// Replace replaces an object that exists.
	Replace Flags = 0x100
	// Excl fails if the object exists.
	Excl Flags = 0x200
	// Create creates the object if it does not exist.
	Create Flags = 0x400
	// Append adds at the end of a list.
	Append Flags = 0x800
)

func (f Flags) apply(o *callOptions) { o.flags |= uint16(f) }

// Flags of the netlink header that callers do not choose (NLM_F_*).
const (
	flagRequest     = 0x1
	flagMulti       = 0x2
	flagAck         = 0x4
	flagInterrupted = 0x10
	flagDump        = 0x300
	flagCapped      = 0x100 // of NLMSG_ERROR
	flagTLVs        = 0x200 // of NLMSG_ERROR and NLMSG_DONE
)

var flagNames = FlagNames[Flags]{
	{flagRequest, "request"},
	{flagMulti, "multi"},
	{flagAck, "ack"},
	{Echo, "echo"},
	{flagInterrupted, "dump-intr"},
	{0x20, "dump-filtered"},
	{flagDump, "dump"},
	{Replace, "replace"},
	{Excl, "excl"},
	{Create, "create"},
	{Append, "append"},
}

var controlFlagNames = FlagNames[uint16]{
	{flagMulti, "multi"},
	{flagInterrupted, "dump-intr"},
	{flagCapped, "capped"},
	{flagTLVs, "ack-tlvs"},
}

// String returns the names of the flags, separated by "|".
func (f Flags) String() string { return flagNames.Format(f) }
