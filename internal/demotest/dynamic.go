package demotest

import (
	"context"
	"fmt"
	"iter"
	"maps"
	"slices"
	"sync"

	"github.com/nlgen/nlgen/gen"
	"github.com/nlgen/nlgen/gen/dynamic"
	"github.com/nlgen/nlgen/gen/model"
	"github.com/nlgen/nlgen/internal/dynserver"
	nl "github.com/nlgen/nlgen/runtime"
	"github.com/nlgen/nlgen/specs"
)

// Model returns the model of the family.
func Model() (*model.Family, error) {
	spec, ok := specs.Find("demo")
	if !ok {
		return nil, fmt.Errorf("no spec demo")
	}
	f, diags := gen.Load("demo.yaml", spec, gen.Options{})
	return f, diags.Err()
}

// dynamicServer does what Server does, with what the spec says at run time.
type dynamicServer struct {
	serving    *dynserver.Server
	registered registry

	mu     sync.Mutex
	things map[uint64]*dynamic.Object
}

// ServeDynamic returns a server without generated code, with a new set of things.
func ServeDynamic(opts ...nl.ServeOption) (*nl.Server, error) {
	f, err := Model()
	if err != nil {
		return nil, err
	}
	s := &dynamicServer{things: map[uint64]*dynamic.Object{}}
	s.serving = dynserver.New(f, map[string]dynserver.Handler{
		"get":  {Do: s.get, Dump: s.getDump},
		"set":  {Do: s.set},
		"del":  {Do: s.del},
		"echo": {Do: func(_ context.Context, req *dynamic.Object) (*dynamic.Object, error) { return req, nil }},
		"ring": {Do: s.ring},
		"register": {Do: func(ctx context.Context, _ *dynamic.Object) (*dynamic.Object, error) {
			return nil, s.registered.add(ctx)
		}},
		"unregister": {Do: func(ctx context.Context, _ *dynamic.Object) (*dynamic.Object, error) {
			return nil, s.registered.remove(ctx)
		}},
	}, opts...)
	return s.serving.Server, nil
}

// thing returns the number in a request and the thing that has it, if there is one.
func (s *dynamicServer) thing(req *dynamic.Object) (id uint64, thing *dynamic.Object, err error) {
	v, ok := req.Get("id")
	if !ok {
		return 0, nil, missing("id")
	}
	id = v.(uint64)
	return id, s.things[id], nil
}

func (s *dynamicServer) get(_ context.Context, req *dynamic.Object) (*dynamic.Object, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	_, thing, err := s.thing(req)
	if err == nil && thing == nil {
		err = notFound
	}
	return thing, err
}

func (s *dynamicServer) getDump(_ context.Context, req *dynamic.Object) iter.Seq2[*dynamic.Object, error] {
	return func(yield func(*dynamic.Object, error) bool) {
		s.mu.Lock()
		things := maps.Clone(s.things)
		s.mu.Unlock()
		wanted, filtered := req.Get("colour")
		for _, id := range slices.Sorted(maps.Keys(things)) {
			if colour, _ := things[id].Get("colour"); filtered && colour != wanted {
				continue
			}
			if !yield(things[id], nil) {
				return
			}
		}
	}
}

func (s *dynamicServer) set(_ context.Context, req *dynamic.Object) (*dynamic.Object, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	id, _, err := s.thing(req)
	if err != nil {
		return nil, err
	}
	s.things[id] = req
	return nil, s.serving.Notify("things", "changed", req)
}

func (s *dynamicServer) del(_ context.Context, req *dynamic.Object) (*dynamic.Object, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	id, thing, err := s.thing(req)
	if err == nil && thing == nil {
		err = notFound
	}
	delete(s.things, id)
	return nil, err
}

func (s *dynamicServer) ring(_ context.Context, req *dynamic.Object) (*dynamic.Object, error) {
	s.registered.send(func(r nl.Requester) error { return s.serving.Send(r, "alarm", req) })
	return nil, s.serving.Notify("alarms", "alarm", req)
}
