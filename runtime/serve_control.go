package runtime

import (
	"context"
	"iter"
)

// controlID is the message type of nlctrl, the family by which clients find the
// others (GENL_ID_CTRL). Those of the others are greater.
const (
	controlID     = 16
	firstFamilyID = 17
)

// Commands, attributes and flags of nlctrl (CTRL_*, GENL_*).
const (
	commandNewFamily = 1
	commandGetFamily = 3

	controlFamilyID   = 1
	controlFamilyName = 2
	controlVersion    = 3
	controlHeaderSize = 4
	controlOps        = 6
	controlGroups     = 7

	controlOpID      = 1
	controlOpFlags   = 2
	controlGroupName = 1
	controlGroupID   = 2

	canDo   = 0x2
	canDump = 0x4
)

// controlFamily is nlctrl, as far as a server answers for it.
var (
	opGetFamily   = Op{Name: "getfamily", Request: commandGetFamily, Reply: commandNewFamily, Set: 1, NoAck: true}
	controlFamily = Family{
		Name: "nlctrl", Protocol: genericProtocol, Version: 2, Ops: []*Op{&opGetFamily},
		Schema: &Schema{Sets: []AttrSet{1: {Name: "ctrl-attrs", Attrs: []Attr{
			{ID: controlFamilyID, Name: "family-id", Type: TypeU16},
			{ID: controlFamilyName, Name: "family-name", Type: TypeString},
		}}}},
	}
)

// A controlRequest asks for a family by its name or id.
type controlRequest struct {
	id      Opt[uint16]
	name    Opt[string]
	unknown RawAttrs
}

func (m *controlRequest) Encode(e *Encoder, b []byte) []byte {
	b = AppendU16(b, controlFamilyID, m.id)
	b = AppendString(e, b, controlFamilyName, m.name)
	return AppendRaw(b, m.unknown)
}

func (m *controlRequest) Decode(d *Decoder) {
	for d.Next() {
		switch d.ID() {
		case controlFamilyID:
			GetU16(d, &m.id)
		case controlFamilyName:
			GetString(d, &m.name)
		default:
			d.Unknown(&m.unknown)
		}
	}
}

// A controlReply describes a family.
type controlReply struct {
	id      Opt[uint16]
	name    Opt[string]
	version uint8
	header  uint32
	ops     []controlOp
	groups  []Group
}

// A controlOp is a command of a family and what it can do.
type controlOp struct {
	id    uint16
	flags uint32
}

func (m *controlReply) Encode(e *Encoder, b []byte) []byte {
	b = AppendString(e, b, controlFamilyName, m.name)
	b = AppendU16(b, controlFamilyID, m.id)
	b = AppendU32(b, controlVersion, Some(uint32(m.version)))
	b = AppendU32(b, controlHeaderSize, Some(m.header))
	if len(m.ops) > 0 {
		b = AppendIndexed(e, b, controlOps, m.ops, Nested, (*controlOp).encode)
	}
	if len(m.groups) > 0 {
		b = AppendIndexed(e, b, controlGroups, m.groups, Nested, encodeControlGroup)
	}
	return b
}

func (op *controlOp) encode(_ *Encoder, b []byte) []byte {
	b = AppendU32(b, controlOpID, Some(uint32(op.id)))
	return AppendU32(b, controlOpFlags, Some(op.flags))
}

func encodeControlGroup(g *Group, e *Encoder, b []byte) []byte {
	b = AppendU32(b, controlGroupID, Some(g.Value))
	return AppendString(e, b, controlGroupName, Some(g.Name))
}

func (m *controlReply) Decode(d *Decoder) {
	for d.Next() {
		switch d.ID() {
		case controlFamilyID:
			GetU16(d, &m.id)
		case controlFamilyName:
			GetString(d, &m.name)
		case controlGroups:
			GetIndexed(d, &m.groups, decodeControlGroup)
		}
	}
}

func decodeControlGroup(g *Group, d *Decoder) {
	var id Opt[uint32]
	var name Opt[string]
	for d.Next() {
		switch d.ID() {
		case controlGroupID:
			GetU32(d, &id)
		case controlGroupName:
			GetString(d, &name)
		}
	}
	*g = Group{Name: name.v, Value: id.v}
}

// controlService answers what clients of a generic family ask nlctrl.
func (s *Server) controlService() *service {
	return newService(&controlFamily, controlID, Service{Handlers: []Handler{
		HandleDo(&opGetFamily, s.getFamily),
		HandleDump(&opGetFamily, s.getFamilies),
	}})
}

func (s *Server) getFamily(_ context.Context, req *controlRequest) (*controlReply, error) {
	if !req.id.ok && !req.name.ok {
		return nil, &Error{Errno: errInvalid, Missing: "family-name"}
	}
	for _, f := range s.described() {
		if (!req.id.ok || req.id == f.id) && (!req.name.ok || req.name == f.name) {
			return f, nil
		}
	}
	return nil, errNoEntry
}

func (s *Server) getFamilies(context.Context, *controlRequest) iter.Seq2[*controlReply, error] {
	return func(yield func(*controlReply, error) bool) {
		for _, f := range s.described() {
			if !yield(f, nil) {
				return
			}
		}
	}
}

// described returns what there is to say about the families that answer.
func (s *Server) described() []*controlReply {
	var list []*controlReply
	for _, v := range s.services {
		r := &controlReply{id: Some(v.id), name: Some(v.family.Name), version: v.family.Version}
		for _, op := range v.family.Ops {
			r.header = uint32(align4(op.Header))
			if flags := v.abilities(op); flags != 0 {
				r.ops = append(r.ops, controlOp{op.Request, flags})
			}
		}
		if v.family != &controlFamily {
			r.groups = s.groups
		}
		list = append(list, r)
	}
	return list
}

// abilities returns how a command can be used.
func (v *service) abilities(op *Op) (flags uint32) {
	if v.handlers[handlerKey{op.Request, false}] != nil {
		flags |= canDo
	}
	if v.handlers[handlerKey{op.Request, true}] != nil {
		flags |= canDump
	}
	return flags
}
