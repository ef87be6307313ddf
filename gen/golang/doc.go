// Package golang writes a resolved family as Go source.
//
// [Emit] is a function of the model alone: every name and number stands there,
// and the same model gives the same bytes. There is one file of code per file
// of output; kinds.go holds what differs from one kind of attribute to the
// next, and nothing else asks for the kind. Generated code rests on package
// runtime; this package does not import it.
package golang
