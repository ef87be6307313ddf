// Package naming turns the names of netlink specs into identifiers of Go and C.
//
// The rules are pure functions of the name: no order, no context and no
// numbering. Two names that become one identifier are a clash, which [Scope]
// collects and the caller reports. Changing a rule renames identifiers in
// every generated package, so the tests pin them.
package naming
