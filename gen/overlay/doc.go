// Package overlay corrects and extends specs without editing them.
//
// An overlay is a YAML file that names a spec and lists entries, each of which
// changes one place of it:
//
//	overlay: nlctrl
//	doc: Ids that differ from the kernel's.
//	entries:
//	  - at: attribute-sets/policy-attr-attrs/attributes/mask
//	    when: {value: 11}
//	    set: {value: 12}
//	    why: linux/netlink.h has NL_POLICY_TYPE_ATTR_MASK = 12.
//
// # Places
//
// The key at holds a slash path from the top of the spec, or a list of such
// paths if the same change is due in several places. A segment is the key of a
// mapping or the name of a list item: its name, the value of a sub-message
// format, or the text of a plain item. The key list below operations and
// mcast-groups is left out. Where a thing has been renamed between versions of
// a spec, a segment may give all of its names with bars between them:
//
//	operations/getlink/dump
//	definitions/tc-ratespec/members/cell-align
//	attribute-sets/tc-act-attrs|act-attrs/attributes/kind
//	operations/getaddr/do/request/attributes/ifa-family
//	mcast-groups
//
// # Conditions
//
// The key when maps properties of the place to the values they have if the
// spec needs the change; null stands for an absent property. The key behind
// names the list item that then stands in front of the place, for ids that come
// from the order. With missing: true the change is due if the place itself is
// absent while the one around it exists. Without any of these, the change is
// due if it would change anything.
//
// # Actions
//
// Every entry has exactly one:
//
//	set      merges properties into the place; null removes one. A missing
//	         place is made, in a list at the end or behind the item that
//	         after names.
//	rename   gives the thing another name, and corrects the properties that
//	         refer to a definition, set, attribute, sub-message, operation or
//	         group by name.
//	add      appends those items that are not there yet to the list at the
//	         place, or inserts them behind the item that after names.
//	replace  puts another value in the place.
//	remove   takes the place out of the spec, or the items of the list at the
//	         place that it names.
//
// The key why holds the evidence for a correction or the reason for a change.
//
// Whatever an overlay inserts carries its position in the overlay file.
package overlay
