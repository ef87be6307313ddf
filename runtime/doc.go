// Package runtime is what the Go code that nlgen generates rests on: the codec of
// netlink messages, and the conversation with the kernel. Generated code imports
// it as nl.
//
// # Calls
//
// Dial opens a Conn for a Family. Do sends a request and returns the reply, Exec
// waits for an acknowledgement alone, Dump streams a list and All collects one.
// Generated clients have a method of one line for each of these that the family
// has. All are safe for concurrent use, also inside the loop over a dump: calls at
// the same time use a socket each, of a pool. The context of a call bounds it; a
// call that was given up never disturbs later ones, since its socket is closed.
//
// Replies belong to a call by sequence number and port id, never by type, since
// notifications and replies may share types.
//
// # Lists that change
//
// If objects come or go during a dump, the kernel says that the list may be
// inconsistent: Dump ends with ErrDumpInterrupted, All starts over.
//
// # Many messages
//
// With Reuse, a dump decodes into one message again and again, and allocates
// nothing for each; with Into, calls do. AppendAll collects a list in a slice that the caller uses
// again. A Batch sends many requests with few system calls and returns the reply
// or the error of each to its place; a transaction is a batch that is done all or
// not at all. Without a Conn, an Encoder and DecodeInto do the same for messages.
//
// Values that replies refer to are allocated several at a time: one that is kept
// keeps up to 4 KiB of those beside it, and an item of a dump up to 16 KiB.
//
// # Events
//
// Subscribe joins multicast groups with a socket of its own. Events streams the
// messages, Stream the same with their headers, groups and namespaces. If they come
// faster than they are read, the stream says how many were lost, by an error that
// matches ErrOverrun, and goes on.
//
// # Watches
//
// Watch lists the objects of a dump and yields each change from then on: Added,
// Changed, Removed, and Synced when the list is complete. It subscribes before it
// lists, tells older events from newer objects, and lists again when events were
// lost, a dump was interrupted, or the kernel changes what no event tells of.
//
// # Values that may be absent
//
// Opt holds an attribute that may be absent, which differs from a present zero.
// Attributes that a spec does not know are kept, in RawAttrs, and encoded again
// unchanged; Raw holds a message that is not interpreted at all.
//
// # Errors
//
// Every error of a call is an *Error: the operation, the kernel's error number and
// text, and the path of the attribute at fault, for example
//
//	rt-link: newlink: linkinfo.data.peer.ifname: file exists (kernel: "...")
//
// errors.Is knows the error numbers, os.ErrExist, os.ErrNotExist and
// os.ErrPermission, the errors of contexts, and net.ErrClosed after Close.
//
// # Serving
//
// A Server answers the requests of a family, for connections in its process
// (WithPeer) and for other programs (Listen, Port). Generated packages have typed
// ones; package nltest makes fake kernels for tests of them.
//
// # Seeing the messages
//
// With NLGEN_DEBUG=1 in the environment each message is printed to the standard
// error, decoded by name; WithLogger sends the same to a slog.Logger.
//
// # Network namespaces
//
// A Conn stays in the namespace of the thread that called Dial, whichever thread
// uses it, or in that of WithNetNS, WithNetNSPath or WithNetNSName.
package runtime
