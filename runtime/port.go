package runtime

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"
)

// A port is a socket with what a call on it needs; it serves one call at a time.
type port struct {
	socket
	conn *Conn
	// first and seq are the sequence numbers of the requests sent last.
	first, seq uint32
	enc        Encoder
	dec        Decoder
	buf        []byte
	rest       []byte // received, not yet read
	wake       func()
	// What the buffers of the socket were asked to hold.
	receiveRoom, sendRoom int

	// Of the call under way.
	ctx         context.Context
	stop        func() bool
	op          *Op
	opts        callOptions
	sent        []byte // the request that is answered
	broken      bool   // what the socket returns next is not known
	interrupted bool   // the dump is not consistent
	msg         message
}

func newPort(c *Conn, s socket) *port {
	p := &port{socket: s, conn: c}
	p.wake = func() { _ = s.setDeadline(past) }
	return p
}

// begin starts a call: it sends the request with the flags and those of the options.
func (c *Conn) begin(ctx context.Context, op *Op, req Message, flags uint16, opts []CallOption) (*port, error) {
	p, err := c.acquire(ctx)
	if err != nil {
		return nil, ioError(c.family, op.Name, err)
	}
	p.start(ctx, op)
	for _, o := range opts {
		o.apply(&p.opts)
	}
	if err := p.request(req, flags|p.opts.flags); err != nil {
		p.end()
		return nil, err
	}
	return p, nil
}

// start makes the port serve a call.
func (p *port) start(ctx context.Context, op *Op) {
	p.ctx, p.op, p.opts = ctx, op, callOptions{}
	p.broken, p.interrupted = false, false
}

// end finishes the call. The socket is used again unless the state of the
// conversation is unclear.
func (p *port) end() {
	if p.stop != nil && !p.stop() {
		p.broken = true // its deadline may change at any time
	}
	p.ctx, p.stop, p.op, p.rest, p.sent, p.msg = nil, nil, nil, nil, nil, message{}
	p.opts = callOptions{}
	p.conn.release(p, !p.broken)
}

// discard finishes a call whose answer was not read to its end.
func (p *port) discard() {
	p.broken = true
	p.end()
}

func (p *port) request(req Message, flags uint16) error {
	p.enc = Encoder{buf: p.enc.buf[:0]}
	if err := p.conn.encode(&p.enc, p.op, req, flags); err != nil {
		return err
	}
	p.sent = p.enc.buf
	p.seq++
	p.first = p.seq
	native.PutUint32(p.sent[8:], p.seq)
	native.PutUint32(p.sent[12:], p.portID())
	if p.conn.tracing {
		p.conn.trace("send", p.op.Name, p.op.Set, p.op.Header, p.sent)
	}
	return p.deliver(p.sent)
}

// patience bounds what follows, in which the socket may wait: by the end of the
// call's context and by the time that an answer may take.
func (p *port) patience() error {
	if err := p.over(); err != nil {
		return err
	}
	if p.stop == nil && p.ctx.Done() != nil {
		p.stop = context.AfterFunc(p.ctx, p.wake)
	}
	d := p.conn.config.timeout
	if d <= 0 {
		return nil
	}
	if err := p.setDeadline(time.Now().Add(d)); err != nil {
		return p.ioError(err)
	}
	return p.over() // the deadline that cancels the call may just have been overwritten
}

// over returns an error if the call's context is done.
func (p *port) over() error {
	if p.ctx.Err() != nil {
		return p.ioError(os.ErrDeadlineExceeded)
	}
	return nil
}

// makeRoom raises the buffers of the socket if they may be smaller. What cannot be
// had, sending or receiving finds out.
func (p *port) makeRoom(receive, send int) {
	if receive <= p.receiveRoom && send <= p.sendRoom {
		return
	}
	p.receiveRoom, p.sendRoom = max(receive, batchReceiveBuffer), max(send, chunkBytes)
	if n, err := p.raise(p.receiveRoom, p.sendRoom); err == nil {
		p.conn.room.Store(int64(n))
	}
}

// encode appends a request to e: the netlink header, without sequence number and
// port id, and what follows it.
func (c *Conn) encode(e *Encoder, op *Op, req Message, flags uint16) error {
	f := c.family
	start := len(e.buf)
	h := Header{Type: c.messageType(op), Flags: flags | flagRequest}
	b := h.append(e.buf)
	if f.generic() {
		b = append(b, uint8(op.Request), f.Version, 0, 0)
	}
	e.buf = req.Encode(e, b)
	endMessage(e.buf, start)
	if err := e.err; err != nil {
		path := f.requestTree(op, e.buf[start:]).path(err.offset - start)
		return &Error{Family: f.Name, Op: op.Name, Attr: path, Err: err}
	}
	return nil
}

// requestTree returns a request in wire form as a tree of names.
func (f *Family) requestTree(op *Op, b []byte) *tree {
	return newTree(f.Schema, b, headerLen+f.genlLen(), op.Header, op.Set)
}

// next reads the next message that answers the request into p.msg.
func (p *port) next() error {
	err := p.receiveAnswer()
	if err == nil && p.conn.tracing {
		p.traceReceived()
	}
	return err
}

func (p *port) traceReceived() {
	p.conn.trace("receive", p.op.Name, p.op.Set, p.op.Header, p.msg.raw)
}

// receiveAnswer is next without showing the message.
func (p *port) receiveAnswer() error {
	for {
		for len(p.rest) > 0 {
			rest, err := p.msg.split(p.rest)
			if err != nil {
				return p.ioError(err)
			}
			p.rest = rest
			if p.answers(&p.msg) {
				return nil
			}
		}
		if err := p.fill(); err != nil {
			return err
		}
	}
}

// answers reports whether the message belongs to a request. Some families, audit
// is one, leave the port id 0.
func (p *port) answers(m *message) bool {
	return m.Sequence-p.first <= p.seq-p.first && (m.PortID == p.portID() || m.PortID == 0) && m.Type != typeNoop
}

// fill receives a datagram from the kernel.
func (p *port) fill() error {
	if size := int(p.conn.receiveSize.Load()); len(p.buf) < size {
		p.buf = make([]byte, size)
	}
	n, from, err := 0, uint32(0), errNothing
	if !p.waits() {
		n, from, err = p.poll(p.buf)
	}
	if err == errNothing {
		if err := p.patience(); err != nil {
			return err
		}
		n, from, err = p.receive(p.buf)
	}
	switch {
	case err != nil:
		return p.ioError(err)
	case from != 0 && !p.conn.family.AnySender:
		return nil // another process wrote to our port id
	case n > len(p.buf):
		p.conn.grow(n)
		return p.ioError(fmt.Errorf("%w: %d bytes for a buffer of %d", ErrTruncated, n, len(p.buf)))
	}
	p.rest = p.buf[:n]
	return nil
}

// ioError returns the error for err, which came from the socket or makes the rest
// of the conversation unreadable.
func (p *port) ioError(err error) error {
	p.broken = true
	if errors.Is(err, os.ErrDeadlineExceeded) {
		// The time is over either for the context or for the kernel's answer.
		err = context.DeadlineExceeded
		if p.ctx.Err() != nil {
			err = contextError(p.ctx)
		}
	}
	return ioError(p.conn.family, p.op.Name, err)
}

// decode decodes the body of the message into m.
func (p *port) decode(m Message) error {
	if p.opts.header != nil {
		*p.opts.header = p.msg.Header
	}
	d := &p.dec
	switch {
	case p.opts.into != nil:
		d = p.opts.into
		d.read(p.msg.body) // m is in its storage
	case p.opts.reuse:
		d.Reuse(p.msg.body)
	default:
		d.Reset(p.msg.body)
		d.share()
	}
	m.Decode(d)
	if d.err != nil {
		return p.conn.malformed(p.op, p.msg.body, d.err)
	}
	return nil
}

// malformed returns the error of a reply that cannot be decoded.
func (c *Conn) malformed(op *Op, body []byte, err *codecError) error {
	t := newTree(c.family.Schema, body, 0, op.Header, op.Set)
	return &Error{Family: c.family.Name, Op: op.Name, Attr: t.path(err.offset), Err: &malformedError{"reply", err}}
}
