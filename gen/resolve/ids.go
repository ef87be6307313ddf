package resolve

import (
	"math"

	"github.com/nlgen/nlgen/gen/spec"
)

// messageIDs numbers the operations by the enum model of the family.
func (r *resolver) messageIDs() {
	ids := &idSpace{r: r, next: 1, nextReply: 1, taken: map[int]*opNode{}}
	number := ids.unified
	if r.spec.Operations.EnumModel.Value == spec.Directional {
		number = ids.directional
	}
	for _, n := range r.opList {
		number(n)
		n.callIDs()
	}
}

// idSpace counts message ids.
type idSpace struct {
	r               *resolver
	next, nextReply int
	taken           map[int]*opNode // by request id
}

// unified counts every operation, and a reply has the id of its request.
func (s *idSpace) unified(n *opNode) {
	if n.def.Value.Set {
		s.next = int(n.def.Value.Value)
	}
	id := s.take(n, s.next)
	n.ID, n.RequestID, n.ReplyID = id, id, id
	s.next++
}

// directional counts requests and replies apart. Notifications and events have
// reply ids; the ids of an operation stand in its do half, or in the dump half
// if that is the only one.
func (s *idSpace) directional(n *opNode) {
	half := n.def.Do
	if half == nil {
		half = n.def.Dump
	}
	if half == nil {
		s.async(n)
		return
	}
	if half.Request != nil && n.given(half.Request.Value) {
		s.next = int(half.Request.Value.Value)
	}
	n.RequestID = s.take(n, s.next)
	s.next++
	if half.Reply == nil {
		return
	}
	if n.given(half.Reply.Value) {
		s.nextReply = int(half.Reply.Value.Value)
	}
	n.ReplyID = s.fit(n, s.nextReply)
	s.nextReply++
}

func (s *idSpace) async(n *opNode) {
	if n.def.Event == nil && !n.def.Notify.Set {
		s.r.diags.Errorf(n.def.Pos, n.path, "with directional ids an operation needs do, dump, notify or event")
		return
	}
	if n.given(n.def.Value) {
		s.nextReply = int(n.def.Value.Value)
	}
	n.ID = s.fit(n, s.nextReply)
	n.ReplyID = n.ID
	s.nextReply++
}

// given reports whether the spec says an id. As in the kernel's own tools one of 0
// counts as absent, but with payloads of their own protocols are free to use it.
func (n *opNode) given(id spec.Val[uint32]) bool {
	return id.Value != 0 || id.Set && n.hasPayload()
}

// take gives a request id to an operation; no two may have the same.
func (s *idSpace) take(n *opNode, id int) uint16 {
	// Payloads can tell requests of one id apart, as with the connector.
	if other := s.taken[id]; other != nil && !(n.hasPayload() && other.hasPayload()) {
		s.r.diags.Errorf(n.def.Pos, n.path, "the id %d is already that of %q at %s", id, other.Name, other.def.Pos)
	}
	s.taken[id] = n
	return s.fit(n, id)
}

func (s *idSpace) fit(n *opNode, id int) uint16 {
	limit := math.MaxUint16
	if s.r.fam.Generic {
		limit = math.MaxUint8 // genlmsghdr.cmd
	}
	if id > limit {
		s.r.diags.Errorf(n.def.Pos, n.path, "the id %d is above %d", id, limit)
	}
	return uint16(id)
}

// callIDs copies the ids into the halves. A dump may reply with an id of its
// own, which takes no part in the counting.
func (n *opNode) callIDs() {
	if n.Do != nil {
		n.Do.RequestID, n.Do.ReplyID = n.RequestID, n.ReplyID
	}
	if n.Dump == nil {
		return
	}
	n.Dump.RequestID, n.Dump.ReplyID = n.RequestID, n.ReplyID
	if reply := n.def.Dump.Reply; reply != nil && n.given(reply.Value) {
		n.Dump.ReplyID = uint16(reply.Value.Value)
	}
}
