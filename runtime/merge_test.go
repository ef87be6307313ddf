package runtime

import (
	"errors"
	"iter"
	"slices"
	"testing"
)

// part is a message of an object; parts of one object have the same key.
type part struct {
	key  int
	list []string
}

func (p *part) merge(next *part) bool {
	if p.key != next.key {
		return false
	}
	p.list = append(p.list, next.list...)
	return true
}

func parts(err error) iter.Seq2[*part, error] {
	return func(yield func(*part, error) bool) {
		for _, p := range []part{{1, []string{"a"}}, {1, []string{"b"}}, {2, nil}, {3, []string{"c"}}, {3, nil}} {
			if !yield(&p, nil) {
				return
			}
		}
		if err != nil {
			yield(nil, err)
		}
	}
}

func TestMergeSeq(t *testing.T) {
	for _, fail := range []error{nil, errors.New("interrupted")} {
		var keys []int
		var lists []string
		var last error
		for p, err := range MergeSeq(parts(fail), (*part).merge) {
			if last = err; err == nil {
				keys, lists = append(keys, p.key), append(lists, p.list...)
			}
		}
		if !slices.Equal(keys, []int{1, 2, 3}) || !slices.Equal(lists, []string{"a", "b", "c"}) || last != fail {
			t.Errorf("%v, %v, %v; want three objects and %v", keys, lists, last, fail)
		}
	}
}

func TestMergeSeqBreak(t *testing.T) {
	for p := range MergeSeq(parts(nil), (*part).merge) {
		if p.key != 1 || len(p.list) != 2 {
			t.Errorf("first object %+v", p)
		}
		break
	}
}
