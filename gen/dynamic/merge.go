package dynamic

import (
	"reflect"

	"github.com/nlgen/nlgen/gen/model"
)

// Merge joins the items of a dump that are parts of one object, as the rule says,
// and returns the objects. It changes the items and the slice.
func Merge(items []*Object, rule *model.Merge) []*Object {
	if rule == nil {
		return items
	}
	merged := items[:0]
	for _, next := range items {
		if n := len(merged); n == 0 || !merged[n-1].merge(next, rule) {
			merged = append(merged, next)
		}
	}
	return merged
}

// merge adds to o what next has of it and reports whether both are parts of one.
// A key that next lacks says nothing.
func (o *Object) merge(next *Object, rule *model.Merge) bool {
	for _, part := range rule.Key {
		if v, ok := next.key(part); ok {
			if old, _ := o.key(part); !reflect.DeepEqual(v, old) {
				return false
			}
		}
	}
	o.take(next, rule)
	return true
}

// key returns the value of a part of a key.
func (o *Object) key(part model.KeyPart) (any, bool) {
	if part.Member == nil {
		return o.Get(part.Attr.Name)
	}
	for _, name := range []string{fixedHeaderKey, plainHeaderKey} {
		v, _ := o.Get(name)
		header, isObject := v.(*Object)
		if isObject && header.index(part.Member.Name) >= 0 {
			return header.Get(part.Member.Name)
		}
	}
	return o.Get(part.Member.Name)
}

// take adds the members of next that o lacks, and those that continue its lists.
func (o *Object) take(next *Object, rule *model.Merge) {
	for _, m := range next.members {
		old, ok := o.Get(m.Name)
		if !ok {
			o.members = append(o.members, m)
			continue
		}
		for _, l := range rule.Lists {
			if l.Field.Attr.Name == m.Name {
				o.Set(m.Name, mergeLists(old, m.Value, l))
			}
		}
	}
}

// mergeLists appends next to list. One chain stands for a list of one.
func mergeLists(list, next any, rule *model.MergeList) any {
	all, rest := listOf(list), listOf(next)
	if n := len(all); rule.Merge != nil && n > 0 && len(rest) > 0 && mergeElements(all[n-1], rest[0], rule) {
		rest = rest[1:]
	}
	if len(rest) == 0 {
		return list
	}
	return append(all, rest...)
}

func listOf(v any) []any {
	if list, ok := v.([]any); ok {
		return list
	}
	return []any{v}
}

// mergeElements is merge for the elements of a list. Chains have their levels
// among their members, elements of indexed arrays are in an object of the index.
func mergeElements(a, b any, rule *model.MergeList) bool {
	o, next := a.(*Object), b.(*Object)
	switch attr := rule.Field.Attr; {
	case attr.Chain != nil:
		for _, level := range attr.Chain.Levels {
			if v, _ := next.Get(level.Name); !reflect.DeepEqual(v, o.members[o.index(level.Name)].Value) {
				return false
			}
		}
	case attr.Type == model.TypeIndexedArray:
		o, next = o.members[0].Value.(*Object), next.members[0].Value.(*Object)
	}
	return o.merge(next, rule.Merge)
}
