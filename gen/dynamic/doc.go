// Package dynamic encodes and decodes the messages of any family from its
// model, without generated code: JSON in the names of the spec on one side,
// wire bytes on the other.
//
// It shares nothing with package runtime and with generated code, so that each
// can be tested against the other.
//
// # Objects
//
// A message is an [Object]: attributes and the members of the fixed header by
// name, in one object. Where the attribute set has an attribute of a member's
// name, the attribute keeps the name and the member stands in an object of its
// own under "header" ("fixed-header" if "header" is an attribute). When a
// message is encoded, every member may be given there.
//
// The JSON form is that of the kernel's Python client (tools/net/ynl), which
// see for details:
//
//   - integers are numbers, or the name of the enum's entry, or text in the way
//     of the display hint; flags are a list of names in the order of their bits;
//   - flag attributes are true; strings are strings; bytes are hex without
//     separators, or text in the way of the display hint;
//   - nests, structs and sub-messages are objects, with the members of a fixed
//     header beside the attributes;
//   - an attribute that may be repeated is a list, also if it is there once;
//   - an indexed array of nests is a list of objects with one member, whose
//     name is the index; one of anything else is a list of the values;
//   - a chain of nests is one object with its levels and the attributes inside;
//     the value of a chain that ends in a scalar is its member "value"; several
//     chains in one attribute are a list;
//   - a bitfield is an object of value and selector.
//
// What the model does not know never fails: an attribute is named
// UnknownAttr(id), and its value is hex, or an object if it is marked as a
// nest; an enum value is its number; bits without a name are one hex number at
// the end of the list; a sub-message of unknown kind is hex. An unknown
// attribute whose flag bits or layout that form would lose is named by its
// complete type in hex, UnknownAttr(0xc007), and its value is hex.
//
// An Object got by decoding keeps what a struct had on the wire beyond or short
// of the members in the model, which JSON has no place for.
package dynamic
