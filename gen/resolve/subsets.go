package resolve

import (
	"reflect"

	"github.com/nlgen/nlgen/gen/spec"
)

// override returns an attribute of a subset: what the subset says, and for the
// rest what the parent set says. A subset that gives another type takes over
// nothing that depends on the type, such as the byte order.
func override(child, parent *spec.Attribute) *spec.Attribute {
	merged := *parent
	if child.Type.Set && child.Type.Value != parent.Type.Value {
		merged = spec.Attribute{
			Doc: parent.Doc, Value: parent.Value, MultiAttr: parent.MultiAttr,
			NamePrefix: parent.NamePrefix, GoName: parent.GoName, CName: parent.CName,
		}
	}
	merged.Pos, merged.Name = child.Pos, child.Name
	over(&merged.Type, child.Type)
	over(&merged.Doc, child.Doc)
	over(&merged.TypeValue, child.TypeValue)
	over(&merged.ByteOrder, child.ByteOrder)
	over(&merged.MultiAttr, child.MultiAttr)
	over(&merged.NestedAttributes, child.NestedAttributes)
	over(&merged.Enum, child.Enum)
	over(&merged.EnumAsFlags, child.EnumAsFlags)
	over(&merged.SubType, child.SubType)
	over(&merged.Struct, child.Struct)
	over(&merged.SubMessage, child.SubMessage)
	over(&merged.Selector, child.Selector)
	over(&merged.DisplayHint, child.DisplayHint)
	over(&merged.NamePrefix, child.NamePrefix)
	over(&merged.GoName, child.GoName)
	over(&merged.CName, child.CName)
	over(&merged.Unit, child.Unit)
	over(&merged.Header, child.Header)
	over(&merged.Hint, child.Hint)
	over(&merged.Ordered, child.Ordered)
	over(&merged.TypeEnums, child.TypeEnums)
	if child.Checks != nil {
		merged.Checks = child.Checks
	}
	if child.ArrayOf != nil {
		merged.ArrayOf = child.ArrayOf
	}
	return &merged
}

func over[T any](v *spec.Val[T], by spec.Val[T]) {
	if by.Set {
		*v = by
	}
}

// bare reports whether an attribute of a subset is just a name.
func bare(a *spec.Attribute) bool {
	return reflect.DeepEqual(*a, spec.Attribute{Pos: a.Pos, Name: a.Name})
}
