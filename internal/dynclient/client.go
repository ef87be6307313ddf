// Package dynclient talks to the kernel with a family that is known at run time
// only: requests and replies are JSON with the spec's names. It joins the codec
// of gen/dynamic with the sockets of runtime, for the command line and for
// tests.
package dynclient

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"

	"github.com/nlgen/nlgen/gen/dynamic"
	"github.com/nlgen/nlgen/gen/model"
	nl "github.com/nlgen/nlgen/runtime"
)

// A Client talks to one family. It is safe for concurrent use. An error in a
// request wraps a *dynamic.Error, all others are of type *runtime.Error.
type Client struct {
	family *model.Family
	conn   *nl.Conn
	codec  *dynamic.Codec
	index  index
}

// Dial connects to the kernel for f.
func Dial(f *model.Family, opts ...nl.Option) (*Client, error) {
	schema, ix := newSchema(f)
	family := &nl.Family{
		Name: f.Name, Protocol: f.Protocol, Version: f.Version, Schema: schema,
		Events: events(f, ix), Bare: f.Bare, AnySender: f.AnySender,
	}
	for _, g := range f.Groups {
		if g.Mask {
			family.BindGroups |= 1 << (g.Value - 1)
		}
	}
	conn, err := nl.Dial(family, opts...)
	if err != nil {
		return nil, err
	}
	return &Client{f, conn, dynamic.New(f), ix}, nil
}

// Close ends the client and its calls.
func (c *Client) Close() error { return c.conn.Close() }

// Do performs the operation with a request in JSON, nothing being the empty
// request. The reply is nil if the kernel only acknowledges.
func (c *Client) Do(ctx context.Context, op *model.Op, json []byte, opts ...nl.CallOption) (*dynamic.Object, error) {
	req, err := c.encode(op, false, json)
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
	return c.decode(op, false, rep.Payload)
}

// All performs the dump of the operation and returns its items, each put together
// from its messages. A dump that the kernel interrupts is repeated, as nl.All does.
func (c *Client) All(ctx context.Context, op *model.Op, json []byte, opts ...nl.CallOption) ([]*dynamic.Object, error) {
	req, err := c.encode(op, true, json)
	if err != nil {
		return nil, err
	}
	replies, err := nl.All[nl.Raw](ctx, c.conn, c.op(op, op.Dump), &nl.Raw{Payload: req}, opts...)
	if err != nil {
		return nil, err
	}
	items := make([]*dynamic.Object, 0, len(replies))
	for _, r := range replies {
		item, err := c.decode(op, true, r.Payload)
		if err != nil {
			return nil, err
		}
		items = append(items, item)
	}
	return dynamic.Merge(items, op.Merge), nil
}

func (c *Client) encode(op *model.Op, dump bool, json []byte) ([]byte, error) {
	req, err := c.codec.EncodeRequest(op, dump, json)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", c.family.Name, err)
	}
	return req, nil
}

func (c *Client) decode(op *model.Op, dump bool, body []byte) (*dynamic.Object, error) {
	o, err := c.codec.DecodeReply(op, dump, body)
	return o, c.malformed(op.Name, err)
}

// malformed turns an error of the codec into one about a message from the kernel.
func (c *Client) malformed(op string, err error) error {
	if err == nil {
		return nil
	}
	e := &nl.Error{Family: c.family.Name, Op: op, Err: fmt.Errorf("malformed message: %w", err)}
	if d, ok := errors.AsType[*dynamic.Error](err); ok {
		e.Attr, e.Err = d.Path, errors.New("malformed message: "+d.Msg)
	}
	return e
}

// op describes one half of an operation to the runtime; an operation may be
// tried in the half its spec does not have.
func (c *Client) op(op *model.Op, call *model.Call) *nl.Op {
	o := &nl.Op{Name: op.Name, Request: op.RequestID, Reply: op.ReplyID, Set: c.index.set(op.Set), Header: headerLen(op.Header)}
	if call != nil {
		o.Request, o.Reply = call.RequestID, call.ReplyID
		o.NoReply, o.NoAck, o.Optional = call.Reply == nil, !call.Ack, call.ReplyOptional
		o.Unflagged = call.Unflagged
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
	return c.events(ctx, sub), nil
}

// Register performs an operation that makes the kernel send messages to the socket
// it comes from, joins groups besides, and yields what comes as Listen does.
func (c *Client) Register(ctx context.Context, op *model.Op, json []byte, groups ...*model.Group) (iter.Seq2[*Event, error], error) {
	req, err := c.encode(op, false, json)
	if err != nil {
		return nil, err
	}
	sub, err := nl.Register(ctx, c.conn, c.op(op, op.Do), &nl.Raw{Payload: req})
	if err != nil {
		return nil, err
	}
	for _, g := range groups {
		if err := sub.Join(nl.Group{Name: g.Name, Value: g.Value}); err != nil {
			return nil, errors.Join(err, sub.Close())
		}
	}
	return c.events(ctx, sub), nil
}

// events yields the events of a subscription, which it closes in the end.
func (c *Client) events(ctx context.Context, sub *nl.Subscription) iter.Seq2[*Event, error] {
	return func(yield func(*Event, error) bool) {
		defer sub.Close()
		for m, err := range sub.Events(ctx) {
			var ev *Event
			if err == nil {
				ev, err = c.event(m)
			}
			if !yield(ev, err) {
				return
			}
		}
	}
}

func (c *Client) event(m nl.Message) (*Event, error) {
	if unknown, ok := m.(*nl.UnknownEvent); ok {
		return nil, fmt.Errorf("%s: a notification with the id %d, which the spec does not have", c.family.Name, unknown.ID)
	}
	raw := m.(*event)
	op, o, err := c.codec.DecodeEvent(cmp.Or(raw.id, raw.op.ID), raw.Payload)
	return &Event{op, o}, c.malformed(raw.op.Name, err)
}

// event is a notification as received.
type event struct {
	op *model.Op
	id uint16 // one of those that op stands for
	nl.Raw
}

// SetMessageType implements nl.TypedMessage.
func (e *event) SetMessageType(id uint16) { e.id = id }

func events(f *model.Family, ix index) []nl.EventInfo {
	var list []nl.EventInfo
	for _, op := range f.Ops {
		if op.Event != nil {
			list = append(list, nl.EventInfo{
				ID: op.ID, Last: op.LastID, Name: op.Name, Set: ix.set(op.Set), Header: headerLen(op.Header),
				New: func() nl.Message { return &event{op: op} },
			})
		}
	}
	return list
}
