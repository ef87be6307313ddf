// Package kernel prints the model of a family as C for the kernel: the UAPI
// header, the policies and operation tables of Generic Netlink, and a module
// around them that lacks only the bodies of its handlers.
//
// [Tables] is what a subsystem inside the kernel's tree needs; [Emit] is the
// module. Both print the same UAPI header and the same tables.
package kernel
