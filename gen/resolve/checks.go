package resolve

import (
	"math"
	"slices"

	"github.com/nlgen/nlgen/gen/model"
	"github.com/nlgen/nlgen/gen/spec"
)

// checks resolves the limits on an attribute's value.
func (r *resolver) checks(a *model.Attr, src attrSource) {
	a.Checks.Sparse = a.Enum != nil && !a.AsFlags && sparse(a.Enum)
	c := src.Checks
	if c == nil {
		return
	}
	path := src.path + "/checks"
	a.Checks.UnterminatedOK = c.UnterminatedOK.Value
	if isScalar(a.Type) {
		a.Checks.Min = r.inRange(a, c.Min, path+"/min")
		a.Checks.Max = r.inRange(a, c.Max, path+"/max")
	}
	if scalarSize(a.Type) == 0 {
		a.Checks.MinLen = r.length(c.MinLen, path+"/min-len")
		a.Checks.MaxLen = r.length(c.MaxLen, path+"/max-len")
		a.Checks.ExactLen = r.length(c.ExactLen, path+"/exact-len")
	}
	r.ordered(a.Checks.Min, a.Checks.Max, c.Max, path)
	r.ordered(a.Checks.MinLen, a.Checks.MaxLen, c.MaxLen, path)
	if e, ok := lookup(r, r.enums, c.FlagsMask, path+"/flags-mask", "enum or flags definition"); ok && scalarSize(a.Type) > 0 {
		mask := uint64(0)
		for _, entry := range e.Entries {
			mask |= entry.Mask()
		}
		a.Checks.Mask, a.Checks.MaskEnum = &mask, e
	}
}

// sparse reports whether the values of an enum have gaps.
func sparse(e *model.Enum) bool {
	if len(e.Entries) == 0 {
		return false
	}
	var values []int64
	for _, entry := range e.Entries {
		values = append(values, entry.Value)
	}
	slices.Sort(values)
	values = slices.Compact(values)
	return values[len(values)-1]-values[0] != int64(len(values)-1)
}

// inRange resolves a limit on the value of an attribute's type.
func (r *resolver) inRange(a *model.Attr, n spec.Val[spec.Number], path string) *model.Limit {
	l := r.limit(n, path)
	if l == nil {
		return nil
	}
	size := scalarSize(valueType(a))
	low, high := model.Limit{}, model.Limit{Value: 1<<(8*size) - 1}
	switch {
	case signed(valueType(a)):
		low.Value, high.Value = -1<<(8*size-1), 1<<(8*size-1)-1
	case size == 8:
		high = model.Limit{Unsigned: math.MaxUint64}
	}
	if compareLimits(l, &low) < 0 || compareLimits(l, &high) > 0 {
		r.diags.Errorf(n.Pos, path, "%s is not a value of type %s", l.Text, r.attrs[a].Type.Value)
	}
	return l
}

func (r *resolver) length(n spec.Val[spec.Number], path string) *model.Limit {
	l := r.limit(n, path)
	if l != nil && (l.Unsigned != 0 || l.Value < 0 || l.Value > maxStruct) {
		r.diags.Errorf(n.Pos, path, "%s is not a length an attribute can have", l.Text)
	}
	return l
}

func (r *resolver) ordered(low, high *model.Limit, at spec.Val[spec.Number], path string) {
	if low != nil && high != nil && compareLimits(low, high) > 0 {
		r.diags.Errorf(at.Pos, path, "the maximum %s is below the minimum %s", high.Text, low.Text)
	}
}
