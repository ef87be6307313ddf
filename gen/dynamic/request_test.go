package dynamic

import (
	"errors"
	"slices"
	"testing"

	"github.com/nlgen/nlgen/gen/model"
)

// TestDecodeRequest checks one attribute, x, with the id 1.
func TestDecodeRequest(t *testing.T) {
	gaps := &model.Enum{Name: "gaps", Entries: []*model.Entry{{Name: "a", Value: 2}, {Name: "b", Value: 9}}}
	inner := messageOf(&model.Attr{Name: "y", ID: 2, Type: model.TypeU8})
	const none, isInvalid, isRange = "", "invalid", "range"
	for _, tt := range []struct {
		attr model.Attr
		wire string
		want string
		at   int
	}{
		{model.Attr{Type: model.TypeU8}, "05 00 01 00 07000000", none, 0},
		{model.Attr{Type: model.TypeU8}, "06 00 01 00 0700 0000", isInvalid, 0},
		{model.Attr{Type: model.TypeU8}, "05 00 01 80 07000000", isInvalid, 0},
		{model.Attr{Type: model.TypeU8}, "05 00 02 00 07000000", isInvalid, 0},
		{model.Attr{Type: model.TypeU8}, "05 00 01 00 07000000 05 00 03 00 07000000", isInvalid, 8},
		{model.Attr{Type: model.TypeU8}, "05 00 01 00 07000000 0300", isInvalid, -1},
		{model.Attr{Type: model.TypeU8}, "05 00 01 00 07000000 0300 0100", isInvalid, -1},
		{model.Attr{Type: model.TypeUnused}, "05 00 01 00 07000000", isInvalid, 0},
		{model.Attr{Type: model.TypeUint}, "06 00 01 00 0700 0000", isInvalid, 0},
		{model.Attr{Type: model.TypeS8, Checks: model.Checks{Min: limit(-2), Max: limit(2)}}, "05 00 01 00 fe000000", none, 0},
		{model.Attr{Type: model.TypeS8, Checks: model.Checks{Min: limit(-2), Max: limit(2)}}, "05 00 01 00 fd000000", isRange, 0},
		{model.Attr{Type: model.TypeU8, Checks: model.Checks{Max: limit(200)}}, "05 00 01 00 c9000000", isRange, 0},
		{model.Attr{Type: model.TypeU16, BigEndian: true, Checks: model.Checks{Min: limit(256)}}, "06 00 01 00 0100 0000", none, 0},
		{model.Attr{Type: model.TypeU16, BigEndian: true, Checks: model.Checks{Min: limit(256)}}, "06 00 01 00 00ff 0000", isRange, 0},
		{model.Attr{Type: model.TypeU8, Enum: gaps}, "05 00 01 00 09000000", none, 0},
		{model.Attr{Type: model.TypeU8, Enum: gaps}, "05 00 01 00 03000000", isInvalid, 0},
		{model.Attr{Type: model.TypeU8, Enum: gaps}, "05 00 01 00 01000000", isRange, 0},
		{model.Attr{Type: model.TypeU8, Enum: gaps}, "05 00 01 00 0a000000", isRange, 0},
		{model.Attr{Type: model.TypeU32, Enum: caps}, "08 00 01 00 03000080", none, 0},
		{model.Attr{Type: model.TypeU32, Enum: caps}, "08 00 01 00 04000000", isInvalid, 0},
		{model.Attr{Type: model.TypeU16, Enum: gaps, AsFlags: true}, "06 00 01 00 0402 0000", none, 0},
		{model.Attr{Type: model.TypeU16, Enum: gaps, AsFlags: true}, "06 00 01 00 0100 0000", isInvalid, 0},
		{model.Attr{Type: model.TypeFlag}, "04 00 01 00", none, 0},
		{model.Attr{Type: model.TypeFlag}, "05 00 01 00 01000000", isRange, 0},
		{model.Attr{Type: model.TypeString}, "05 00 01 00 61000000", isInvalid, 0},
		{model.Attr{Type: model.TypeString, Checks: model.Checks{MaxLen: limit(1)}}, "06 00 01 00 6100 0000", none, 0},
		{model.Attr{Type: model.TypeString, Checks: model.Checks{MaxLen: limit(1)}}, "07 00 01 00 616200 00", isInvalid, 0},
		{model.Attr{Type: model.TypeString, Checks: model.Checks{MinLen: limit(2)}}, "05 00 01 00 00000000", isInvalid, 0},
		{model.Attr{Type: model.TypeString, Checks: model.Checks{UnterminatedOK: true, MaxLen: limit(1)}}, "05 00 01 00 61000000", none, 0},
		{model.Attr{Type: model.TypeString, Checks: model.Checks{UnterminatedOK: true, MaxLen: limit(1)}}, "06 00 01 00 6161 0000", isRange, 0},
		{model.Attr{Type: model.TypeString, Checks: model.Checks{UnterminatedOK: true}}, "04 00 01 00", isRange, 0},
		{model.Attr{Type: model.TypeBinary, Checks: model.Checks{ExactLen: limit(2)}}, "05 00 01 00 61000000", isRange, 0},
		{model.Attr{Type: model.TypeBinary, Checks: model.Checks{MinLen: limit(2)}}, "05 00 01 00 61000000", isRange, 0},
		{model.Attr{Type: model.TypeBinary, Checks: model.Checks{MaxLen: limit(1)}}, "06 00 01 00 6161 0000", isRange, 0},
		{model.Attr{Type: model.TypeStruct, Struct: header}, "09 00 01 00 0000000000 000000", isRange, 0},
		{model.Attr{Type: model.TypeArray, Elem: model.TypeU16}, "07 00 01 00 010203 00", isInvalid, 0},
		{model.Attr{Type: model.TypeBitfield32, Enum: caps}, "0c 00 01 00 01000000 03000000", none, 0},
		{model.Attr{Type: model.TypeBitfield32, Enum: caps}, "0c 00 01 00 01000000 02000000", isInvalid, 0},
		{model.Attr{Type: model.TypeBitfield32, Enum: caps}, "08 00 01 00 01000000", isRange, 0},
		{model.Attr{Type: model.TypeNest, Nested: inner.Set, Message: inner}, "0c 00 01 80 05 00 02 00 07000000", none, 0},
		{model.Attr{Type: model.TypeNest, Nested: inner.Set, Message: inner}, "0c 00 01 00 05 00 02 00 07000000", isInvalid, 0},
		{model.Attr{Type: model.TypeNest, Nested: inner.Set, Message: inner}, "0c 00 01 80 06 00 02 00 07070000", isInvalid, 4},
		{model.Attr{Type: model.TypeNest, Nested: inner.Set, Message: inner}, "06 00 01 80 0700 0000", isRange, 0},
		{model.Attr{Type: model.TypeIndexedArray, Elem: model.TypeU16}, "0c 00 01 80 05 00 01 00 07000000", isInvalid, 4},
		{model.Attr{Type: model.TypeIndexedArray, Elem: model.TypeNest, Nested: inner.Set, Message: inner},
			"10 00 01 80 0c 00 01 00 06 00 02 00 07070000", isInvalid, 8},
		{model.Attr{Type: model.TypeIndexedArray, Elem: model.TypeNest, Nested: inner.Set, Message: inner},
			"0c 00 01 80 06 00 01 00 07070000", isRange, 4},
	} {
		op := &model.Op{Name: "op", Do: &model.Call{Request: attrOf(tt.attr)}}
		_, err := little().DecodeRequest(op, false, unhex(t, tt.wire))
		got, at := none, 0
		if f, ok := errors.AsType[*Fault](err); ok {
			got, at = isInvalid, f.Offset
			if f.Range {
				got = isRange
			}
		}
		if got != tt.want || at != tt.at {
			t.Errorf("%v %s: %q at %d (%v), want %q at %d", tt.attr.Type, tt.wire, got, at, err, tt.want, tt.at)
		}
	}
}

// TestDecodeRequestHeader checks that places count from the start of the body.
func TestDecodeRequestHeader(t *testing.T) {
	op := &model.Op{Name: "op", Do: &model.Call{Request: withHeader(attrOf(model.Attr{Type: model.TypeU8}))}}
	o, err := little().DecodeRequest(op, false, unhex(t, "01 00 0102 0300 0000 05 00 01 00 07000000"))
	if err != nil || !slices.ContainsFunc(o.Members(), func(m Member) bool { return m == Member{"x", uint64(7)} }) {
		t.Errorf("%v, %v", o, err)
	}
	for wire, want := range map[string]int{"01 00 0102": -1, "01 00 0102 0300 0000 06 00 01 00 07070000": 8} {
		_, err := little().DecodeRequest(op, false, unhex(t, wire))
		if f, ok := errors.AsType[*Fault](err); !ok || f.Offset != want {
			t.Errorf("%s: %v, want a fault at %d", wire, err, want)
		}
	}
}
