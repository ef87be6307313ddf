// Package demotest holds a server of the family demo, and tests that any
// implementation of the family has to pass.
package demotest

import (
	"context"
	"errors"
	"iter"
	"maps"
	"slices"
	"sync"
	"syscall"

	"github.com/nlgen/nlgen/families/demo"
	nl "github.com/nlgen/nlgen/runtime"
)

// A Server keeps things. It implements demo.Server.
type Server struct {
	serving *demo.Serving

	registered registry

	mu     sync.Mutex
	things map[uint32]*demo.GetReply
}

// Serve returns a server with a new set of things.
func Serve(opts ...nl.ServeOption) *demo.Serving {
	s := &Server{things: map[uint32]*demo.GetReply{}}
	s.serving = demo.Serve(s, opts...)
	return s.serving
}

// Get implements demo.Server.
func (s *Server) Get(_ context.Context, req *demo.GetRequest) (*demo.GetReply, error) {
	id, ok := req.ID.Get()
	if !ok {
		return nil, missing("id")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	thing, ok := s.things[id]
	if !ok {
		return nil, notFound
	}
	return thing, nil
}

var notFound = &nl.Error{Errno: syscall.ENOENT, Message: "there is no such thing", Attr: "id"}

func missing(attr string) error { return &nl.Error{Errno: syscall.EINVAL, Missing: attr} }

// GetDump implements demo.Server. A thing that is changed meanwhile interrupts the
// dump.
func (s *Server) GetDump(_ context.Context, req *demo.GetDumpRequest) iter.Seq2[*demo.GetReply, error] {
	return func(yield func(*demo.GetReply, error) bool) {
		s.mu.Lock()
		things := maps.Clone(s.things)
		s.mu.Unlock()
		for _, id := range slices.Sorted(maps.Keys(things)) {
			thing := things[id]
			if c, ok := req.Colour.Get(); ok && thing.Colour != nl.Some(c) {
				continue
			}
			if !yield(thing, nil) {
				return
			}
			s.mu.Lock()
			changed := s.things[id] != thing
			s.mu.Unlock()
			if changed && !yield(nil, nl.ErrDumpInterrupted) {
				return
			}
		}
	}
}

// Set implements demo.Server.
func (s *Server) Set(ctx context.Context, req *demo.SetRequest) error {
	id, ok := req.ID.Get()
	if !ok {
		return missing("id")
	}
	thing := &demo.GetReply{ID: req.ID, Name: req.Name, Colour: req.Colour, Features: req.Features, Size: req.Size}
	s.mu.Lock()
	s.things[id] = thing
	s.mu.Unlock()
	return s.serving.NotifyChanged(demo.GroupThings, &demo.Changed{GetReply: *thing})
}

// Del implements demo.Server.
func (s *Server) Del(_ context.Context, req *demo.DelRequest) error {
	id, ok := req.ID.Get()
	if !ok {
		return missing("id")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, ok := s.things[id]; !ok {
		return notFound
	}
	delete(s.things, id)
	return nil
}

// Echo implements demo.Server.
func (s *Server) Echo(_ context.Context, req *demo.EchoRequest) (*demo.EchoReply, error) {
	reply := demo.EchoReply(*req)
	return &reply, nil
}

// Ring implements demo.Server.
func (s *Server) Ring(_ context.Context, req *demo.RingRequest) error {
	alarm := &demo.Alarm{Level: req.Level, Text: req.Text}
	s.registered.send(func(r nl.Requester) error { return s.serving.Send(r, alarm) })
	return s.serving.NotifyAlarm(demo.GroupAlarms, alarm)
}

// Register implements demo.Server.
func (s *Server) Register(ctx context.Context, _ *demo.RegisterRequest) error {
	return s.registered.add(ctx)
}

// Unregister implements demo.Server.
func (s *Server) Unregister(ctx context.Context, _ *demo.UnregisterRequest) error {
	return s.registered.remove(ctx)
}

// A registry knows the clients that have registered themselves.
type registry struct {
	mu      sync.Mutex
	clients map[nl.Requester]bool
}

func (g *registry) add(ctx context.Context) error    { return g.set(ctx, true) }
func (g *registry) remove(ctx context.Context) error { return g.set(ctx, false) }

func (g *registry) set(ctx context.Context, registered bool) error {
	in, ok := nl.IncomingFrom(ctx)
	if !ok {
		return errors.New("not called by a server")
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.clients == nil {
		g.clients = map[nl.Requester]bool{}
	}
	g.clients[in.From] = registered
	return nil
}

// send calls send for each client, and forgets those that are gone.
func (g *registry) send(send func(nl.Requester) error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for r, registered := range g.clients {
		if !registered || send(r) != nil {
			delete(g.clients, r)
		}
	}
}
