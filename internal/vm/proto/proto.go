// Package proto is what the harness and its agent in the guest say to each other:
// gob streams of [Request] and [Reply] over a virtio-serial port.
package proto

// Port is where the guest finds the port.
const Port = "/dev/vport0p1"

// Agent is the path of the agent in the guest. With an argument it is a command
// of its own: load, unload, put or mount.
const Agent = "/init"

// A Request asks for one thing. A second command is sent only after the last
// reply to the first.
type Request struct {
	// Exec runs a command.
	Exec *Exec
	// Cancel kills the command that runs, if one does. It has no reply of its own.
	Cancel bool
	// Restart ends the guest after a reply with the rest of the kernel's log.
	Restart bool
}

// Exec is a command to run.
type Exec struct {
	Args  []string
	Env   []string // added to the agent's
	Dir   string
	Stdin []byte
}

// A Reply is a part of the answer to a request.
type Reply struct {
	// Stdout and Stderr are output of the command, as it comes.
	Stdout, Stderr []byte
	// Done says that this is the last part. The fields below are set only then.
	Done bool
	// Status is the exit status, or 128 and the signal that ended the command.
	Status int
	// Err says why the command was not run.
	Err string
	// Log has the kernel's messages since the previous last part.
	Log []string
}
