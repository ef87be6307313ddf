package dynclient

import (
	"slices"

	"github.com/nlgen/nlgen/gen/model"
	nl "github.com/nlgen/nlgen/runtime"
)

// index gives the place of each set and sub-message in the runtime's tables. A
// subset has the place of the set whose ids it uses.
type index struct {
	sets map[*model.AttrSet]int
	subs map[*model.SubMessage]int
}

// newSchema describes the attributes of f to the runtime, for errors and the
// debug output.
func newSchema(f *model.Family) (*nl.Schema, index) {
	ix := index{map[*model.AttrSet]int{}, map[*model.SubMessage]int{}}
	s := &nl.Schema{Sets: make([]nl.AttrSet, 1)}
	for _, set := range f.Sets {
		if set.Subset == nil {
			ix.sets[set] = len(s.Sets)
			s.Sets = append(s.Sets, nl.AttrSet{Name: set.Name})
		}
	}
	for i, sub := range f.Subs {
		ix.subs[sub] = i
	}
	for set, i := range ix.sets {
		s.Sets[i].Attrs = attrs(set, ix)
	}
	for _, sub := range f.Subs {
		s.Subs = append(s.Subs, nl.SubMessage{Name: sub.Name, Formats: formats(sub, ix)})
	}
	return s, ix
}

func (ix index) set(s *model.AttrSet) int {
	if s == nil {
		return 0
	}
	return ix.sets[s.Root()]
}

func attrs(set *model.AttrSet, ix index) []nl.Attr {
	var list []nl.Attr
	for _, a := range set.Attrs {
		if !a.Wire() {
			continue
		}
		d := nl.Attr{ID: a.ID, Name: a.Name, Type: wireType(a), Set: ix.set(a.Nested)}
		switch a.Type {
		case model.TypeSubMessage:
			d.Sub, d.Selector = ix.subs[a.Sub], a.SelectorName
		case model.TypeChain:
			d.Skip = len(a.Chain.Levels)
		case model.TypeNest, model.TypeRecords:
			if a.Message != nil {
				d.Skip = headerLen(a.Message.Header)
			}
		}
		list = append(list, d)
	}
	slices.SortStableFunc(list, func(a, b nl.Attr) int { return int(a.ID) - int(b.ID) })
	return list
}

func formats(sub *model.SubMessage, ix index) []nl.Format {
	var list []nl.Format
	for _, f := range sub.Formats {
		list = append(list, nl.Format{Value: f.Value, Number: f.Number, Header: headerLen(f.Header), Set: ix.set(f.Set)})
	}
	return list
}

// headerLen returns the bytes a fixed header takes in front of attributes.
func headerLen(s *model.Struct) int {
	if s == nil {
		return 0
	}
	return (s.Size + 3) &^ 3
}

var wireTypes = map[model.Type]nl.Type{
	model.TypeU8: nl.TypeU8, model.TypeU16: nl.TypeU16, model.TypeU32: nl.TypeU32, model.TypeU64: nl.TypeU64,
	model.TypeS8: nl.TypeS8, model.TypeS16: nl.TypeS16, model.TypeS32: nl.TypeS32, model.TypeS64: nl.TypeS64,
	model.TypeUint: nl.TypeUint, model.TypeSint: nl.TypeSint,
	model.TypeFlag: nl.TypeFlag, model.TypeString: nl.TypeString, model.TypeBitfield32: nl.TypeBitfield32,
	model.TypeNest: nl.TypeNest, model.TypeIndexedArray: nl.TypeIndexed, model.TypeChain: nl.TypeChain,
	model.TypeRecords: nl.TypeRecords, model.TypeOrdered: nl.TypeNest, model.TypeSubMessage: nl.TypeSub,
}

var bigEndianTypes = map[model.Type]nl.Type{
	model.TypeU16: nl.TypeU16BE, model.TypeU32: nl.TypeU32BE, model.TypeU64: nl.TypeU64BE,
}

// wireType returns the runtime's name for how a is laid out; binary for
// whatever has none of its own.
func wireType(a *model.Attr) nl.Type {
	switch a.Hint {
	case model.HintIPv4, model.HintIPv6, model.HintIP:
		return nl.TypeAddr
	case model.HintMAC, model.HintFDDI:
		return nl.TypeMAC
	}
	if t, ok := bigEndianTypes[a.Type]; ok && a.BigEndian {
		return t
	}
	return wireTypes[a.Type]
}
