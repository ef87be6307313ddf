// Package dynclient talks to the kernel with a family that is known at run time
// only: requests and replies are JSON with the spec's names. It joins the codec
// of gen/dynamic with the sockets of runtime, for the command line and for
// tests.
package dynclient

import (
	"context"
	"fmt"
	"iter"

	"github.com/nlgen/nlgen/gen/dynamic"
	"github.com/nlgen/nlgen/gen/model"
	nl "github.com/nlgen/nlgen/runtime"
)

// A Client talks to one family. It is safe for concurrent use.
type Client struct {
	conn  *nl.Conn
	codec *dynamic.Codec
	index index
}

// Dial connects to the kernel for f.
func Dial(f *model.Family, opts ...nl.Option) (*Client, error) {
	schema, ix := newSchema(f)
	family := &nl.Family{
		Name: f.Name, Protocol: f.Protocol, Version: f.Version, Schema: schema,
		Events: events(f, ix),
	}
	conn, err := nl.Dial(family, opts...)
	if err != nil {
		return nil, err
	}
	return &Client{conn, dynamic.New(f), ix}, nil
}

// Close ends the client and its calls.
func (c *Client) Close() error { return c.conn.Close() }

// Do performs the operation with a request in JSON, nothing being the empty
// request. The reply is nil if the kernel only acknowledges.
func (c *Client) Do(ctx context.Context, op *model.Op, json []byte, opts ...nl.CallOption) (*dynamic.Object, error) {
	req, err := c.codec.EncodeRequest(op, false, json)
	if err != nil {
		return nil, err
	}
	ro := c.op(op, op.Do)
	if ro.NoReply {
		return nil, nl.Exec(ctx, c.conn, ro, &nl.Raw{Payload: req}, opts...)
	}
	rep, err := nl.Do[nl.Raw](ctx, c.conn, ro, &nl.Raw{Payload: req}, opts...)
	if err != nil || rep == nil {
		return nil, err
	}
	return c.codec.DecodeReply(op, false, rep.Payload)
}

// All performs the dump of the operation and returns its items. A dump that the
// kernel interrupts is repeated, as nl.All does.
func (c *Client) All(ctx context.Context, op *model.Op, json []byte, opts ...nl.CallOption) ([]*dynamic.Object, error) {
	req, err := c.codec.EncodeRequest(op, true, json)
	if err != nil {
		return nil, err
	}
	replies, err := nl.All[nl.Raw](ctx, c.conn, c.op(op, op.Dump), &nl.Raw{Payload: req}, opts...)
	if err != nil {
		return nil, err
	}
	items := make([]*dynamic.Object, 0, len(replies))
	for _, r := range replies {
		item, err := c.codec.DecodeReply(op, true, r.Payload)
		if err != nil {
			return nil, err
		}
		items = append(items, item)
	}
	return items, nil
}

// op describes one half of an operation to the runtime; an operation may be
// tried in the half its spec does not have.
func (c *Client) op(op *model.Op, call *model.Call) *nl.Op {
	o := &nl.Op{Name: op.Name, Request: op.RequestID, Reply: op.ReplyID, Set: c.index.set(op.Set), Header: headerLen(op.Header)}
	if call != nil {
		o.Request, o.Reply = call.RequestID, call.ReplyID
		o.NoReply, o.NoAck, o.Optional = call.Reply == nil, !call.Ack, call.ReplyOptional
	}
	return o
}

// An Event is a notification.
type Event struct {
	Op      *model.Op
	Message *dynamic.Object
}

// Listen subscribes to groups and yields what comes until ctx ends. Errors about
// single messages and lost ones are yielded too, and the stream goes on.
func (c *Client) Listen(ctx context.Context, groups ...*model.Group) (iter.Seq2[*Event, error], error) {
	var list []nl.Group
	for _, g := range groups {
		list = append(list, nl.Group{Name: g.Name, Value: g.Value})
	}
	sub, err := c.conn.Subscribe(list...)
	if err != nil {
		return nil, err
	}
	return func(yield func(*Event, error) bool) {
		defer sub.Close()
		for m, err := range sub.Events(ctx) {
			var ev *Event
			if err == nil {
				ev, err = c.decode(m)
			}
			if !yield(ev, err) {
				return
			}
		}
	}, nil
}

func (c *Client) decode(m nl.Message) (*Event, error) {
	raw, ok := m.(*event)
	if !ok {
		return nil, fmt.Errorf("a message the spec does not describe: %+v", m)
	}
	op, o, err := c.codec.DecodeEvent(raw.op.ID, raw.Payload)
	return &Event{op, o}, err
}

// event is a notification as received.
type event struct {
	op *model.Op
	nl.Raw
}

func events(f *model.Family, ix index) []nl.EventInfo {
	var list []nl.EventInfo
	for _, op := range f.Ops {
		if op.Event != nil {
			list = append(list, nl.EventInfo{
				ID: op.ID, Name: op.Name, Set: ix.set(op.Set), Header: headerLen(op.Header),
				New: func() nl.Message { return &event{op: op} },
			})
		}
	}
	return list
}
