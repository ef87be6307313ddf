package runtime

import (
	"context"
	"errors"
)

// split sets m to the first message of b and returns the bytes that follow it. In
// a Bare family that is all of b.
func (f *Family) split(m *message, b []byte) (rest []byte, err error) {
	if !f.Bare {
		return m.split(b)
	}
	*m = message{raw: b, body: b}
	return nil, nil
}

// isData reports whether a message type below those that are free for families is
// one of an event of this family: they can do as they like.
func (f *Family) isData(id uint16) bool {
	return !f.generic() && f.event(id) != &unknownEvent
}

// has reports whether messages of the type are this event.
func (e *EventInfo) has(id uint16) bool { return e.ID == id || e.ID < id && id <= e.Last }

// bindGroups returns the mask of those groups that are joined by the address of a
// socket, and the others.
func (f *Family) bindGroups(groups []Group) (mask uint32, others []Group) {
	for _, g := range groups {
		if bit := g.mask(); bit&f.BindGroups != 0 {
			mask |= bit
		} else {
			others = append(others, g)
		}
	}
	return mask, others
}

// mask is the bit of a group in an address, 0 if there is none.
func (g Group) mask() uint32 {
	if g.Value == 0 || g.Value > 32 {
		return 0
	}
	return 1 << (g.Value - 1)
}

// control returns the type of an answer if the kernel sent it by itself, and
// typeNoop for one that the family sent: its replies may have any type.
func (p *port) control() uint16 {
	if f := p.conn.family; !f.generic() && !p.op.NoReply && p.op.Reply == p.msg.Type && p.msg.Type <= typeDone {
		return typeNoop
	}
	return p.msg.Type
}

// post sends a request that nothing answers.
func (c *Conn) post(ctx context.Context, op *Op, req Message, opts []CallOption) error {
	p, err := c.begin(ctx, op, req, 0, opts)
	if err != nil {
		return err
	}
	p.end()
	return nil
}

// Register opens a subscription, in no group at first, and sends a request on its
// socket that makes the kernel send messages to it. Errors are of type *Error.
func Register[Q any, PQ MessagePtr[Q]](ctx context.Context, c *Conn, op *Op, req PQ, opts ...CallOption) (*Subscription, error) {
	if req == nil {
		req = new(Q)
	}
	s, err := c.Subscribe()
	if err != nil {
		return nil, err
	}
	if err := s.ask(ctx, op, req, opts); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

// Unregister sends a request on the socket of a subscription that ends what
// Register began. What has come by then still reaches the stream. The answer is
// not waited for: messages that come meanwhile belong to the stream.
func Unregister[Q any, PQ MessagePtr[Q]](ctx context.Context, s *Subscription, op *Op, req PQ, opts ...CallOption) error {
	if req == nil {
		req = new(Q)
	}
	p := s.port(ctx, op, opts)
	s.sending.Lock()
	defer s.sending.Unlock()
	return p.request(req, p.opts.flags)
}

// port returns a port for a request on the socket of the subscription.
func (s *Subscription) port(ctx context.Context, op *Op, opts []CallOption) *port {
	p := newPort(s.conn, s.socket)
	p.start(ctx, op)
	for _, o := range opts {
		o.apply(&p.opts)
	}
	return p
}

// ask sends a request on the socket and waits for its acknowledgement, if there is
// to be one. Messages that come before it are kept for the stream.
func (s *Subscription) ask(ctx context.Context, op *Op, req Message, opts []CallOption) error {
	p := s.port(ctx, op, opts)
	flags := p.opts.flags
	if !op.NoAck {
		flags |= flagAck
	}
	if err := p.request(req, flags); err != nil {
		return err
	}
	var kept []byte
	var err error
	for acked := op.NoAck; !acked && err == nil; {
		kept, acked, err = p.acknowledged(kept)
	}
	if p.stop != nil && !p.stop() && err == nil {
		err = p.ioError(contextError(ctx)) // the socket is no longer usable
	}
	if err != nil {
		return err
	}
	s.rest = kept
	return p.setDeadline(noDeadline)
}

// acknowledged reads a datagram and reports whether the acknowledgement was in it.
// Other messages are appended to kept.
func (p *port) acknowledged(kept []byte) ([]byte, bool, error) {
	if err := p.fill(); err != nil {
		return kept, false, err
	}
	acked := false
	for len(p.rest) > 0 {
		rest, err := p.msg.split(p.rest)
		if err != nil {
			return kept, false, p.ioError(err)
		}
		if acked || p.msg.Type != typeError || !p.answers(&p.msg) {
			kept = append(kept, p.rest[:len(p.rest)-len(rest)]...)
		} else if acked = true; p.status() != nil {
			return kept, false, p.status()
		}
		p.rest = rest
	}
	return kept, acked, nil
}

// PortID returns the port id of the socket, by which other programs and the kernel
// can send messages to it.
func (s *Subscription) PortID() uint32 { return s.socket.portID() }

// An address is to whom a request goes: the kernel if it is zero.
type address struct{ port, groups uint32 }

// ToPort sends a request to the socket of another program instead of the kernel;
// see Event.Sender.
func ToPort(id uint32) CallOption { return addressOption{port: id} }

// ToGroup sends a request to all members of a multicast group, up to number 32,
// instead of the kernel.
func ToGroup(g Group) CallOption { return addressOption{groups: g.mask()} }

type addressOption address

func (o addressOption) apply(c *callOptions) { c.to = address(o) }

var errKernelOnly = errors.New("this connection reaches nobody but the kernel")

// deliver sends a request to where the options say.
func (p *port) deliver(b []byte) error {
	kernel := p.opts.to == (address{})
	if p.waits() || !kernel {
		if err := p.patience(); err != nil {
			return err
		}
	}
	var err error
	if kernel {
		err = p.send(b)
	} else {
		err = p.sendTo(b, p.opts.to)
	}
	if err != nil {
		return p.ioError(err)
	}
	return nil
}

func (p *port) sendTo(b []byte, to address) error {
	s, ok := p.socket.(interface{ sendTo([]byte, address) error })
	if !ok {
		return errKernelOnly
	}
	return s.sendTo(b, to)
}
