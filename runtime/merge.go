package runtime

import "iter"

// MergeSeq joins messages of a dump that are parts of one object. merge appends
// what its second argument continues of the first, and reports whether it is a
// part of the same object.
func MergeSeq[T any](seq iter.Seq2[*T, error], merge func(m, next *T) bool) iter.Seq2[*T, error] {
	return func(yield func(*T, error) bool) {
		var m *T
		for next, err := range seq {
			switch {
			case err != nil:
				if m != nil && !yield(m, nil) {
					return
				}
				m = nil
				if !yield(nil, err) {
					return
				}
			case m == nil:
				m = next
			case !merge(m, next):
				if !yield(m, nil) {
					return
				}
				m = next
			}
		}
		if m != nil {
			yield(m, nil)
		}
	}
}

// MergeList is MergeSeq for a list.
func MergeList[T any](list []*T, merge func(m, next *T) bool) []*T {
	var merged []*T
	for _, next := range list {
		if n := len(merged); n == 0 || !merge(merged[n-1], next) {
			merged = append(merged, next)
		}
	}
	return merged
}

// MergeFrom is MergeSeq for the messages of list from the n-th.
func MergeFrom[T any](list []T, n int, merge func(m, next *T) bool) []T {
	merged := list[:n]
	for i := n; i < len(list); i++ {
		if len(merged) == n || !merge(&merged[len(merged)-1], &list[i]) {
			merged = append(merged, list[i])
		}
	}
	return merged
}

// MergeElems appends to list the elements that continue it in the next message.
// The last element of list and the first of next may be parts of one; merge
// joins them and reports whether they are.
func MergeElems[T any](list, next []T, merge func(m, next *T) bool) []T {
	if n := len(list); n > 0 && len(next) > 0 && merge(&list[n-1], &next[0]) {
		next = next[1:]
	}
	return append(list, next...)
}
