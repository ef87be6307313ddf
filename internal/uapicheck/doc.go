// Package uapicheck compares what specs claim about C with the kernel's own
// headers: ids, values of enums and constants, numbers of multicast groups, and
// the size of structs and the place of every member.
//
// [Claims] lists what a family claims. [Compiler.Check] has a C compiler
// evaluate the same names against the headers and returns what differs.
package uapicheck
