package runtime

import (
	"context"
	"errors"
	"iter"
	"unsafe"
)

// Do sends a request and returns the reply. A nil req is a zero request. The
// reply is nil if the kernel sent none, which only some operations allow: those
// with NoReply or Optional, and a few of generic families that can be told not to
// reply. Errors are of type *Error.
func Do[R, Q any, PR MessagePtr[R], PQ MessagePtr[Q]](ctx context.Context, c *Conn, op *Op, req PQ, opts ...CallOption) (*R, error) {
	if req == nil {
		req = new(Q)
	}
	if op.Optional && !echoes(opts) {
		_, err := c.do(ctx, op, req, nil, opts)
		return nil, err
	}
	reply := New[R](storageFor(opts))
	got, err := c.do(ctx, op, req, PR(reply), opts)
	if err != nil || !got {
		return nil, err
	}
	return reply, nil
}

// echoes reports whether the options ask for an optional reply.
func echoes(opts []CallOption) bool {
	for _, o := range opts {
		if f, ok := o.(Flags); ok && f&Echo != 0 {
			return true
		}
	}
	return false
}

// storageFor returns the Decoder that Into names, ready for another message, or nil.
func storageFor(opts []CallOption) *Decoder {
	for _, o := range opts {
		if into, ok := o.(intoOption); ok {
			into.d.Reuse(nil)
			return into.d
		}
	}
	return nil
}

// Exec sends a request and waits until the kernel acknowledges it. A nil req is a
// zero request. Replies, which the Echo flag asks for, are not returned. Errors
// are of type *Error.
func Exec[Q any, PQ MessagePtr[Q]](ctx context.Context, c *Conn, op *Op, req PQ, opts ...CallOption) error {
	if req == nil {
		req = new(Q)
	}
	_, err := c.do(ctx, op, req, nil, opts)
	return err
}

// do is Do and, without a reply to decode into, Exec. It reports whether there
// was a reply.
func (c *Conn) do(ctx context.Context, op *Op, req, reply Message, opts []CallOption) (bool, error) {
	got, err := c.doOnce(ctx, op, req, reply, opts)
	if err == nil {
		return got, nil
	}
	again, err := c.moved(err)
	if !again {
		return false, err
	}
	return c.doOnce(ctx, op, req, reply, opts)
}

func (c *Conn) doOnce(ctx context.Context, op *Op, req, reply Message, opts []CallOption) (bool, error) {
	want := wantReply
	switch {
	case op.NoReply && op.NoAck:
		return false, c.post(ctx, op, req, opts)
	case reply == nil || op.NoReply:
		want = wantAck
	case op.NoAck:
		want = wantReplyOnly
	case op.Optional:
		want = wantAny
	}
	var flags uint16
	if want != wantReplyOnly {
		flags = flagAck
	}
	p, err := c.begin(ctx, op, req, flags, opts)
	if err != nil {
		return false, err
	}
	defer p.end()
	return p.answer(reply, want)
}

// want says which messages answer a do.
type want uint8

const (
	wantReply     want = iota // a reply and an acknowledgement, in any order
	wantReplyOnly             // a reply
	wantAck                   // an acknowledgement; replies do not matter
	wantAny                   // an acknowledgement, perhaps after replies
)

// answer reads the answer to a do and reports whether there was a reply.
func (p *port) answer(reply Message, w want) (bool, error) {
	var got, acked bool
	for {
		if err := p.next(); err != nil {
			return got, err
		}
		switch p.control() {
		case typeError:
			if err := p.status(); err != nil {
				return got, err
			}
			// audit acknowledges before it replies. Generic families reply first, so
			// none will come any more, as with ethtool's flag omit-reply.
			if acked = true; got || w != wantReply || p.conn.family.generic() {
				return got, nil
			}
			continue
		case typeDone:
			return got, p.status()
		}
		p.takeGenl()
		switch {
		case w == wantAck:
			continue
		case !got:
			got = true
			if err := p.decode(reply); err != nil {
				return false, err
			}
		case w != wantAny:
			p.broken = true
			return false, ioError(p.conn.family, p.op.Name, errSecondReply)
		}
		// NLM_F_MULTI does not count here: conntrack sets it on single replies, too.
		if w == wantReplyOnly || acked {
			return true, nil
		}
	}
}

var errSecondReply = errors.New("a second reply came, but the operation has one")

func (p *port) takeGenl() {
	if p.conn.family.generic() {
		p.msg.takeGenl()
	}
}

// Dump sends a dump request and returns the stream of its items, which are safe
// to keep. Nothing is sent before the stream is read; each time it is read sends
// the request anew. A nil req is a zero request.
//
// With Reuse, the items are valid until the next; see there.
//
// An error, of type *Error, ends the stream. If it matches ErrDumpInterrupted the
// stream is complete, but some items may be of before and some of after a change.
func Dump[R, Q any, PR MessagePtr[R], PQ MessagePtr[Q]](ctx context.Context, c *Conn, op *Op, req PQ, opts ...CallOption) iter.Seq2[*R, error] {
	return func(yield func(*R, error) bool) {
		if req == nil {
			req = new(Q)
		}
		p, err := c.dump(ctx, op, req, opts)
		defer func() {
			if p != nil {
				p.discard()
			}
		}()
		var items source[R]
		for p != nil {
			m := items.next(p.opts.reuse)
			if err = p.decode(PR(m)); err != nil {
				break
			}
			if !yield(m, nil) {
				return
			}
			p, err = p.advance()
		}
		if err != nil {
			yield(nil, err)
		}
	}
}

// dump starts a dump and reads its first item. The port is nil if there is none.
func (c *Conn) dump(ctx context.Context, op *Op, req Message, opts []CallOption) (*port, error) {
	p, err := c.dumpOnce(ctx, op, req, opts)
	if err == nil {
		return p, nil
	}
	again, err := c.moved(err)
	if !again {
		return nil, err
	}
	return c.dumpOnce(ctx, op, req, opts)
}

func (c *Conn) dumpOnce(ctx context.Context, op *Op, req Message, opts []CallOption) (*port, error) {
	var flags uint16 = flagDump
	if op.Unflagged {
		flags = 0
	}
	p, err := c.begin(ctx, op, req, flags, opts)
	if err != nil {
		return nil, err
	}
	p.opts.into = nil
	return p.advance()
}

// advance reads the next item of a dump. At the end of the dump it finishes the
// call and returns nil and the error that the dump ended with.
func (p *port) advance() (*port, error) {
	more, err := p.item()
	if more {
		return p, nil
	}
	p.end()
	return nil, err
}

// item reads the next message of a dump and reports whether it is an item.
func (p *port) item() (bool, error) {
	if len(p.rest) == 0 {
		if err := p.over(); err != nil {
			return false, err
		}
	}
	if err := p.next(); err != nil {
		return false, err
	}
	if p.msg.Flags&flagInterrupted != 0 {
		p.interrupted = true
	}
	switch p.msg.Type {
	case typeError, typeDone:
		if err := p.status(); err != nil {
			return false, err
		}
		if p.interrupted {
			return false, ioError(p.conn.family, p.op.Name, ErrDumpInterrupted)
		}
		return false, nil
	}
	p.takeGenl()
	return true, nil
}

// maxChunk bounds the bytes of items allocated at a time; an item that is kept
// keeps those beside it.
const maxChunk = 16 << 10

// A source allocates zero values in slices that double in size.
type source[T any] struct {
	free []T
	size int
}

// next returns a value. With reuse it is the same each time.
func (s *source[T]) next(reuse bool) *T {
	if len(s.free) == 0 {
		s.grow()
	}
	v := &s.free[0]
	if reuse {
		*v = *new(T)
	} else {
		s.free = s.free[1:]
	}
	return v
}

func (s *source[T]) grow() {
	limit := max(maxChunk/max(int(unsafe.Sizeof(*new(T))), 1), 1)
	s.size = min(max(2*s.size, 1), limit)
	s.free = make([]T, s.size)
}

// All sends a dump request and returns its items. It repeats dumps that were
// interrupted by a change, or cut because a message was larger than any before,
// as often as WithDumpRetries says. With an error, of type *Error, it returns the
// items that came before it.
func All[R, Q any, PR MessagePtr[R], PQ MessagePtr[Q]](ctx context.Context, c *Conn, op *Op, req PQ, opts ...CallOption) ([]*R, error) {
	var from source[R]
	return gather(ctx, c, op, req, opts, nil, func(p *port, items []*R) ([]*R, error) {
		m := from.next(false)
		err := p.decode(PR(m))
		if err == nil {
			items = append(items, m)
		}
		return items, err
	})
}

// AppendAll is All for a slice of the caller: it appends the items to dst and
// returns the longer slice. With a dst that has room enough, one that was returned
// before, it allocates nothing but what the items refer to.
func AppendAll[R, Q any, PR MessagePtr[R], PQ MessagePtr[Q]](ctx context.Context, c *Conn, op *Op, dst []R, req PQ, opts ...CallOption) ([]R, error) {
	return gather(ctx, c, op, req, opts, dst, func(p *port, items []R) ([]R, error) {
		n := len(items)
		items = append(items, *new(R))
		if err := p.decode(PR(&items[n])); err != nil {
			return items[:n], err
		}
		return items, nil
	})
}

// gather appends the items of a dump to list, each by a call of add, and repeats
// dumps that did not get through.
func gather[T, Q any, PQ MessagePtr[Q]](ctx context.Context, c *Conn, op *Op, req PQ, opts []CallOption, list []T, add func(*port, []T) ([]T, error)) ([]T, error) {
	if req == nil {
		req = new(Q)
	}
	before := len(list)
	for retries := c.config.dumpRetries; ; retries-- {
		list = list[:before]
		p, err := c.dump(ctx, op, req, opts)
		if p != nil {
			p.opts.reuse = false
		}
		for p != nil {
			if list, err = add(p, list); err != nil {
				p.discard()
				break
			}
			p, err = p.advance()
		}
		if err == nil || retries <= 0 || !errors.Is(err, ErrDumpInterrupted) && !errors.Is(err, ErrTruncated) {
			return list, err
		}
	}
}
