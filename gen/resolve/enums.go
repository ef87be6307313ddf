package resolve

import (
	"math/bits"

	"github.com/nlgen/nlgen/gen/diag"
	"github.com/nlgen/nlgen/gen/model"
	"github.com/nlgen/nlgen/gen/naming"
	"github.com/nlgen/nlgen/gen/spec"
)

// enumerations resolves the enum and flags definitions.
func (r *resolver) enumerations() {
	r.definitions(func(d *spec.Definition, path string) {
		prefix := d.NamePrefix.Or(r.fam.Name + "-" + d.Name.Value + "-")
		e := &model.Enum{
			Name: d.Name.Value, Doc: d.Doc.Value, Pos: d.Pos,
			GoName: r.goName(d.GoName, d.Name, path),
			CName:  d.CName.Or(d.EnumName.Or(naming.C(r.fam.Name + "-" + d.Name.Value))),
			Header: d.Header.Value, Scope: string(d.Scope.Or(spec.ScopeUAPI)),
			RenderMax: d.RenderMax.Value, CntName: d.EnumCntName.Value,
			Flags: d.Type.Value == spec.DefFlags,
		}
		e.CMax = cUpper(prefix + "max")
		if e.Flags {
			e.CMax = cUpper(prefix + "mask")
		}
		e.Entries = r.entries(d, e, prefix, path)
		r.fam.Enums = append(r.fam.Enums, e)
		r.enums[e.Name] = e
	}, spec.DefEnum, spec.DefFlags)
}

func (r *resolver) entries(d *spec.Definition, e *model.Enum, prefix, path string) []*model.Entry {
	var entries []*model.Entry
	next := int64(0)
	if start := r.limit(d.ValueStart, path+"/value-start"); start != nil {
		next = start.Value
	}
	seen := map[string]*spec.Entry{}
	for _, entry := range d.Entries {
		at := path + "/entries/" + entry.Name.Value
		unique(r, seen, entry.Name, at, "entry", entry)
		if entry.Value.Set {
			v, ok := entry.Value.Value.Int64()
			if !ok {
				r.diags.Errorf(entry.Value.Pos, at, "%s is more than an s64 holds", entry.Value.Value)
			}
			next = v
		}
		if e.Flags && (next < 0 || next > 63) {
			r.diags.Add(diag.Diagnostic{
				Pos: entry.Pos, Path: at, Msg: "the flag's bit is not between 0 and 63",
				Hint: "the value of a flags entry is the number of its bit, not its mask",
			})
			next = 0
		}
		entries = append(entries, &model.Entry{
			Name: entry.Name.Value, Doc: entry.Doc.Value, Pos: entry.Pos,
			GoName: r.entryName(entry, at), // the type is put in front later
			CName:  entry.CName.Or(cUpper(prefix + entry.Name.Value)),
			Value:  next,
		})
		next++
	}
	return entries
}

// entryName is the part of a constant's name behind that of its type, so it
// may start with a digit.
func (r *resolver) entryName(entry *spec.Entry, path string) string {
	if entry.GoName.Set {
		return r.givenName(entry.GoName, path, naming.IsSuffix)
	}
	return naming.Suffix(entry.Name.Value)
}

// enumUsers sums up the attributes and members that refer to an enum.
type enumUsers struct {
	plain, mask userWidth
}

type userWidth struct {
	bits     int // of the widest
	unsigned bool
}

func (u *userWidth) add(t model.Type) {
	u.bits = max(u.bits, 8*scalarSize(t))
	u.unsigned = u.unsigned || !signed(t)
}

// useEnum notes that a value of type t holds an enum's value or mask.
func (r *resolver) useEnum(e *model.Enum, t model.Type, asFlags bool) {
	u := r.enumUse[e]
	if u == nil {
		u = &enumUsers{}
		r.enumUse[e] = u
	}
	if asFlags && !e.Flags {
		u.mask.add(t)
		e.AsFlags = true
		return
	}
	u.plain.add(t)
	e.Used = true
}

// enumWidths gives each enum the width of the widest value that holds it.
func (r *resolver) enumWidths() {
	for _, e := range r.fam.Enums {
		u := r.enumUse[e]
		if u == nil {
			u = &enumUsers{plain: userWidth{bits: 32, unsigned: true}}
		}
		if !e.Used {
			u.plain = userWidth{bits: 32, unsigned: true}
		}
		e.Bits, e.Signed = u.plain.bits, !u.plain.unsigned && !e.Flags
		e.MaskBits = u.mask.bits
		r.widen(e)
	}
}

// widen makes room for the values of the entries.
func (r *resolver) widen(e *model.Enum) {
	negative := false
	for _, entry := range e.Entries {
		negative = negative || entry.Value < 0
	}
	if negative {
		e.Signed = true
	}
	for _, entry := range e.Entries {
		v := uint64(entry.Value)
		switch {
		case e.Flags:
			v = entry.Mask()
		case entry.Value < 0:
			v = uint64(^entry.Value)
		}
		need := bits.Len64(v)
		if e.Signed && !negative && need >= e.Bits && need <= 64 {
			e.Signed = false // 0xffffffff stays as it is written
		}
		if e.Signed {
			need++
		}
		for e.Bits < need && e.Bits < 64 {
			e.Bits *= 2
		}
		if !e.AsFlags {
			continue
		}
		if entry.Value < 0 || entry.Value > 63 {
			r.diags.Errorf(entry.Pos, "definitions/"+e.Name+"/entries/"+entry.Name,
				"the value %d is no bit number, but the enum is used for flags", entry.Value)
			continue
		}
		for e.MaskBits <= int(entry.Value) {
			e.MaskBits *= 2
		}
	}
}

// scalarSize returns the bytes a scalar may take, 0 for other types.
func scalarSize(t model.Type) int {
	switch t {
	case model.TypeU8, model.TypeS8:
		return 1
	case model.TypeU16, model.TypeS16:
		return 2
	case model.TypeU32, model.TypeS32, model.TypeBitfield32:
		return 4
	case model.TypeU64, model.TypeS64, model.TypeUint, model.TypeSint:
		return 8
	}
	return 0
}

func signed(t model.Type) bool {
	switch t {
	case model.TypeS8, model.TypeS16, model.TypeS32, model.TypeS64, model.TypeSint:
		return true
	}
	return false
}
