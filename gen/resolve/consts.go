package resolve

import (
	"cmp"
	"math"

	"github.com/nlgen/nlgen/gen/model"
	"github.com/nlgen/nlgen/gen/spec"
)

// definitions calls f for each definition of the given kinds.
func (r *resolver) definitions(f func(d *spec.Definition, path string), kinds ...spec.DefinitionType) {
	for _, d := range r.spec.Definitions {
		for _, k := range kinds {
			if d.Type.Value == k {
				f(d, "definitions/"+d.Name.Value)
			}
		}
	}
}

// constants resolves the const definitions.
func (r *resolver) constants() {
	r.uniqueDefinitions()
	r.definitions(func(d *spec.Definition, path string) {
		prefix := r.fam.Name + "-"
		if d.Header.Set {
			prefix = "" // somebody else's name
		}
		c := &model.Const{
			Name: d.Name.Value, Doc: d.Doc.Value, Pos: d.Pos,
			GoName: r.goName(d.GoName, d.Name, path),
			CName:  d.CName.Or(cUpper(d.NamePrefix.Or(prefix) + d.Name.Value)),
			Header: d.Header.Value, Scope: string(d.Scope.Or(spec.ScopeUAPI)),
			IsString: d.Value.Value.IsText, Str: d.Value.Value.Text,
		}
		if !c.IsString {
			c.Int = r.int64(d.Value.Value.Int, d.Value, path)
		}
		r.fam.Consts = append(r.fam.Consts, c)
		r.consts[c.Name] = c
		if d.NamePrefix.Set {
			// Checks name a constant with a prefix by both together.
			r.consts[d.NamePrefix.Value+c.Name] = c
		}
	}, spec.DefConst)
}

func (r *resolver) uniqueDefinitions() {
	seen := map[string]*spec.Definition{}
	for _, d := range r.spec.Definitions {
		unique(r, seen, d.Name, "definitions/"+d.Name.Value, "definition", d)
	}
}

func (r *resolver) int64(i spec.Int, at spec.Val[spec.Literal], path string) int64 {
	v, ok := i.Int64()
	if !ok {
		r.diags.Errorf(at.Pos, path, "%s is more than an s64 holds", i)
	}
	return v
}

// typeLimits are the limits that checks may name.
var typeLimits = map[string]model.Limit{
	"u8-min": {}, "u8-max": {Value: math.MaxUint8},
	"u16-min": {}, "u16-max": {Value: math.MaxUint16},
	"u32-min": {}, "u32-max": {Value: math.MaxUint32},
	"u64-min": {}, "u64-max": {Unsigned: math.MaxUint64},
	"s8-min": {Value: math.MinInt8}, "s8-max": {Value: math.MaxInt8},
	"s16-min": {Value: math.MinInt16}, "s16-max": {Value: math.MaxInt16},
	"s32-min": {Value: math.MinInt32}, "s32-max": {Value: math.MaxInt32},
	"s64-min": {Value: math.MinInt64}, "s64-max": {Value: math.MaxInt64},
}

// limit resolves a number: an integer, a limit of a type, a constant, or one
// less than a constant. It returns nil if there is none or it is wrong.
func (r *resolver) limit(n spec.Val[spec.Number], path string) *model.Limit {
	if !n.Set {
		return nil
	}
	l := &model.Limit{Text: n.Value.String(), MinusOne: n.Value.Offset != 0}
	if n.Value.Name == "" {
		if v, ok := n.Value.Int.Int64(); ok {
			l.Value = v
		} else {
			l.Unsigned = n.Value.Int.Abs
		}
		return l
	}
	if t, ok := typeLimits[n.Value.Name]; ok {
		l.Value, l.Unsigned = t.Value, t.Unsigned
	} else {
		ref := spec.Val[string]{Value: n.Value.Name, Pos: n.Pos, Set: true}
		c, ok := lookup(r, r.consts, ref, path, "constant")
		switch {
		case !ok:
			return nil
		case c.IsString:
			r.diags.Errorf(n.Pos, path, "the constant %q is a text, a number is wanted", c.Name)
			return nil
		}
		l.Const, l.Value = c, c.Int
	}
	switch {
	case l.Unsigned != 0:
		l.Unsigned += uint64(n.Value.Offset)
	case l.Value != math.MinInt64:
		l.Value += n.Value.Offset
	}
	return l
}

// small resolves a number that counts something, with an upper bound.
func (r *resolver) small(n spec.Val[spec.Number], path string, most int64) int {
	l := r.limit(n, path)
	if l == nil {
		return 0
	}
	if l.Unsigned != 0 || l.Value < 0 || l.Value > most {
		r.diags.Errorf(n.Pos, path, "%s is not between 0 and %d", l.Text, most)
		return 0
	}
	return int(l.Value)
}

// compareLimits orders limits. A value beyond int64 has only Unsigned.
func compareLimits(a, b *model.Limit) int {
	return cmp.Or(cmp.Compare(a.Unsigned, b.Unsigned), cmp.Compare(a.Value, b.Value))
}
