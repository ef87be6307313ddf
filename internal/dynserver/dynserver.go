// Package dynserver serves a family that is known at run time only, as dynclient is
// a client of one. It joins the codec of gen/dynamic, which checks the requests, with
// the server of runtime, which carries messages. Generated code has no part in it, so
// tests can compare the two.
package dynserver

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"syscall"

	"github.com/nlgen/nlgen/gen/dynamic"
	"github.com/nlgen/nlgen/gen/model"
	nl "github.com/nlgen/nlgen/runtime"
)

// A Handler answers an operation; either function may be nil. Errors are those that
// handlers of runtime return, but the attributes that they name are those of the
// operation's own set, none inside nests.
type Handler struct {
	// Do answers a request. Its reply is left out if the operation has none.
	Do func(context.Context, *dynamic.Object) (*dynamic.Object, error)
	// Dump answers a request for a list.
	Dump func(context.Context, *dynamic.Object) iter.Seq2[*dynamic.Object, error]
}

// A Server is a server of a family. It is safe for concurrent use.
type Server struct {
	*nl.Server
	family *model.Family
	codec  *dynamic.Codec
}

// New returns a server whose operations the handlers answer, by name.
func New(f *model.Family, handlers map[string]Handler, opts ...nl.ServeOption) *Server {
	s := &Server{family: f, codec: dynamic.New(f)}
	family := &nl.Family{Name: f.Name, Protocol: f.Protocol, Version: f.Version, Schema: &nl.Schema{Sets: make([]nl.AttrSet, 1)}}
	var service nl.Service
	for _, g := range f.Groups {
		service.Groups = append(service.Groups, nl.Group{Name: g.Name, Value: g.Value})
	}
	for _, op := range f.Ops {
		if op.Event != nil {
			family.Events = append(family.Events, nl.EventInfo{
				ID: op.ID, Last: op.LastID, Name: op.Name, New: func() nl.Message { return new(event) },
			})
		}
		family.Schema.Sets = append(family.Schema.Sets, names(op))
		set := len(family.Schema.Sets) - 1
		h := handlers[op.Name]
		if op.Do != nil && h.Do != nil {
			o := runtimeOp(op, op.Do, set)
			family.Ops = append(family.Ops, o)
			service.Handlers = append(service.Handlers, nl.HandleDo(o, s.do(op, h.Do)).Before(s.check(op, false)))
		}
		if op.Dump != nil && h.Dump != nil {
			o := runtimeOp(op, op.Dump, set)
			family.Ops = append(family.Ops, o)
			service.Handlers = append(service.Handlers, nl.HandleDump(o, s.dump(op, h.Dump)).Before(s.check(op, true)))
		}
	}
	s.Server = nl.NewServer(family, service, opts...)
	return s
}

// names describes the attributes of an operation by their names alone. So the server
// finds the one that an error names, and has nothing to check.
func names(op *model.Op) nl.AttrSet {
	if op.Set == nil {
		return nl.AttrSet{}
	}
	set := nl.AttrSet{Name: op.Set.Name}
	for _, a := range op.Set.Attrs {
		if a.Wire() {
			set.Attrs = append(set.Attrs, nl.Attr{ID: a.ID, Name: a.Name})
		}
	}
	slices.SortFunc(set.Attrs, func(a, b nl.Attr) int { return int(a.ID) - int(b.ID) })
	return set
}

func runtimeOp(op *model.Op, call *model.Call, set int) *nl.Op {
	o := &nl.Op{
		Name: op.Name, Request: call.RequestID, Reply: call.ReplyID, Set: set,
		NoReply: call.Reply == nil, NoAck: !call.Ack, Optional: call.ReplyOptional, Unflagged: call.Unflagged,
	}
	if op.Header != nil {
		o.Header = op.Header.Size
	}
	return o
}

// A request is one in wire form and, once it has been checked, as an object.
type request struct {
	nl.Raw
	object *dynamic.Object
}

func (s *Server) do(op *model.Op, do func(context.Context, *dynamic.Object) (*dynamic.Object, error)) func(context.Context, *request) (*nl.Raw, error) {
	return func(ctx context.Context, req *request) (*nl.Raw, error) {
		reply, err := do(ctx, req.object)
		if err != nil || op.Do.Reply == nil {
			return nil, err
		}
		return s.encode(op.Do.Reply, reply)
	}
}

func (s *Server) dump(op *model.Op, dump func(context.Context, *dynamic.Object) iter.Seq2[*dynamic.Object, error]) func(context.Context, *request) iter.Seq2[*nl.Raw, error] {
	return func(ctx context.Context, req *request) iter.Seq2[*nl.Raw, error] {
		return func(yield func(*nl.Raw, error) bool) {
			for item, err := range dump(ctx, req.object) {
				var raw *nl.Raw
				if err == nil {
					raw, err = s.encode(op.Dump.Reply, item)
				}
				if !yield(raw, err) {
					return
				}
			}
		}
	}
}

// check returns what checks and decodes requests.
func (s *Server) check(op *model.Op, dump bool) func(nl.Message) error {
	return func(m nl.Message) error {
		req := m.(*request)
		o, err := s.codec.DecodeRequest(op, dump, req.Payload)
		fault, ok := errors.AsType[*dynamic.Fault](err)
		if !ok {
			req.object = o
			return err
		}
		e := &nl.Error{Errno: syscall.EINVAL, Message: fault.Msg}
		if fault.Range {
			e.Errno = syscall.ERANGE
		}
		if fault.Offset >= 0 {
			e.Offset = s.headers() + fault.Offset
		}
		return e
	}
}

const (
	netlinkHeader = 16
	genericHeader = 4

	netlinkGeneric = 16 // the protocol
)

// headers returns the bytes in front of the body of a message.
func (s *Server) headers() int {
	if s.family.Protocol == netlinkGeneric {
		return netlinkHeader + genericHeader
	}
	return netlinkHeader
}

func (s *Server) encode(m *model.Message, o *dynamic.Object) (*nl.Raw, error) {
	b, err := s.codec.EncodeMessage(m, o)
	return &nl.Raw{Payload: b}, err
}

// An event is a notification in wire form.
type event struct {
	id uint16
	nl.Raw
}

// EventID implements nl.IdentifiedEvent.
func (e *event) EventID() uint16 { return e.id }

// Notify sends a notification, by the name of its operation, to a group.
func (s *Server) Notify(group, op string, o *dynamic.Object) error {
	i := slices.IndexFunc(s.family.Groups, func(g *model.Group) bool { return g.Name == group })
	if i < 0 {
		return fmt.Errorf("%s: no group %s", s.family.Name, group)
	}
	ev, err := s.event(op, o)
	if err != nil {
		return err
	}
	return s.Server.Notify(nl.Group{Name: group, Value: s.family.Groups[i].Value}, ev)
}

// Send sends a notification, by the name of its operation, to one client; it waits
// while the client has no room.
func (s *Server) Send(to nl.Requester, op string, o *dynamic.Object) error {
	ev, err := s.event(op, o)
	if err != nil {
		return err
	}
	return s.Server.Send(to, ev)
}

func (s *Server) event(name string, o *dynamic.Object) (*event, error) {
	for _, op := range s.family.Ops {
		if op.Name != name || op.Event == nil {
			continue
		}
		raw, err := s.encode(op.Event.Message, o)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		return &event{op.ID, *raw}, nil
	}
	return nil, fmt.Errorf("%s: no notification %s", s.family.Name, name)
}
