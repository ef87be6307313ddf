package runtime

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
)

// An exchange handles the requests of a client, one at a time.
type exchange struct {
	server *Server
	from   Requester
	dec    Decoder
	enc    Encoder // answers
	check  Encoder // requests, encoded again

	// Of the request under way.
	msg     message
	service *service
	handler *Handler
	dumping bool
	done    bool // answered to the end
}

func newExchange(s *Server, from Requester) *exchange {
	x := &exchange{server: s, from: from}
	x.dec.strict, x.dec.exact = true, s.family.generic()
	return x
}

// packet handles the messages of a datagram. What is no message ends it without
// an answer, for there is nobody who knows what to make of one.
func (x *exchange) packet(p packet) {
	if p.handled != nil {
		defer p.handled()
	}
	for b := p.b; len(b) >= headerLen; {
		rest, err := x.msg.split(b)
		if err != nil {
			return
		}
		x.message()
		b = rest
	}
}

// message answers a message: by an acknowledgement if it asks for one, or an error
// whatever it asks for. Dumps, and what ends them, need neither.
func (x *exchange) message() {
	x.service, x.handler, x.dumping, x.done = nil, nil, false, false
	err := errExited
	defer func() { x.finish(err) }()
	if x.msg.Flags&flagRequest == 0 {
		err = nil
		return
	}
	if err = x.find(); err != nil || x.handler == nil {
		return
	}
	err = errExited
	err = x.serve()
}

func (x *exchange) finish(err error) {
	if x.done || err == nil && x.msg.Flags&flagAck == 0 {
		return
	}
	x.answerError(err)
}

var errExited = errors.New("the handler ended its goroutine")

// find looks for the handler of the message. There is none for messages that are
// only acknowledged.
func (x *exchange) find() error {
	v, id, err := x.identify()
	if err != nil || v == nil {
		return err
	}
	x.service = v
	do, dump := v.handlers[handlerKey{id, false}], v.handlers[handlerKey{id, true}]
	wantsDump := x.msg.Flags&flagDump == flagDump
	switch {
	case dump != nil && wantsDump != dump.op.Unflagged:
		x.handler, x.dumping = dump, true
	// In requests that change something the bits of a dump are Replace and Excl.
	case do != nil && (!wantsDump || !v.family.generic() && (do.op.NoReply || do.op.Optional)):
		x.handler = do
	case !v.family.generic() && x.msg.Type <= typeDone:
	default:
		return errNoSupport
	}
	return nil
}

// identify returns the service that the message is for, and the id of its
// operation. There is no service for control messages.
func (x *exchange) identify() (*service, uint16, error) {
	m := &x.msg
	main := x.server.services[0]
	if !main.family.generic() {
		return main, m.Type, nil
	}
	if m.Type < controlID {
		return nil, 0, nil
	}
	for _, v := range x.server.services {
		if v.id != m.Type {
			continue
		}
		if len(m.body) < genlHeaderLen {
			return nil, 0, fault(errInvalid, "the message is too short for its header")
		}
		m.takeGenl()
		return v, uint16(m.Command), nil
	}
	return nil, 0, errNoEntry
}

// serve checks the request and calls its handler.
func (x *exchange) serve() error {
	req, err := x.decode()
	if err != nil {
		return err
	}
	if check := x.handler.before; check != nil {
		if err := x.call(func() error { return check(req) }); err != nil {
			return err
		}
	}
	in := &Incoming{x.handler.op, x.dumping, x.msg.Header, x.from}
	ctx := context.WithValue(x.server.ctx, incomingKey{}, in)
	interrupted := false
	if hook := x.server.hook.Load(); hook != nil {
		err := x.call(func() error { return (*hook)(ctx, *in) })
		interrupted = x.dumping && errors.Is(err, ErrDumpInterrupted)
		if err != nil && !interrupted {
			return err
		}
	}
	if x.dumping {
		return x.dump(ctx, req, interrupted)
	}
	return x.call(func() error {
		reply, err := x.handler.do(ctx, req)
		if err != nil || reply == nil {
			return err
		}
		return x.reply(reply)
	})
}

// call calls a function of the handler's and makes an error of its panic.
func (x *exchange) call(f func() error) (err error) {
	defer func() {
		if v := recover(); v != nil {
			x.server.log().Error("netlink server: handler panics", x.attrs(slog.Any("panic", v), slog.String("stack", string(debug.Stack())))...)
			err = fault(errIO, "internal error of the server")
		}
	}()
	return f()
}

func (x *exchange) attrs(more ...any) []any {
	return append([]any{slog.String("family", x.service.family.Name), slog.String("op", x.handler.op.Name)}, more...)
}

// reply sends the reply to a do. That of an operation with an optional one is sent
// only if it is asked for.
func (x *exchange) reply(m Message) error {
	op := x.handler.op
	if op.NoReply || op.Optional && Flags(x.msg.Flags)&Echo == 0 {
		return nil
	}
	x.enc.reset()
	if err := x.put(m, 0); err != nil {
		return err
	}
	return x.send()
}

// dump sends the list that the handler makes in parts, and its end.
func (x *exchange) dump(ctx context.Context, req Message, interrupted bool) error {
	flags := uint16(flagMulti)
	if interrupted {
		flags |= flagInterrupted
	}
	x.enc.reset()
	var broken error // the client is gone
	err := x.call(func() error {
		for m, err := range x.handler.dump(ctx, req) {
			switch {
			case errors.Is(err, ErrDumpInterrupted):
				flags |= flagInterrupted
				continue
			case err != nil:
				return err
			}
			start := len(x.enc.buf)
			if err := x.put(m, flags); err != nil {
				return err
			}
			if broken = x.flush(start); broken != nil {
				return broken
			}
		}
		return nil
	})
	x.done = true
	if broken != nil {
		return broken
	}
	start := len(x.enc.buf)
	x.putStatus(typeDone, flags, err)
	if err := x.flush(start); err != nil {
		return err
	}
	return x.send()
}

// flush sends what stands in front of start if what follows it does not fit into
// the same part.
func (x *exchange) flush(start int) error {
	x.enc.buf = Align(x.enc.buf)
	if start == 0 || len(x.enc.buf) <= x.from.carrier.part(x.from.port) {
		return nil
	}
	if err := x.from.carrier.send(x.from.port, x.enc.buf[:start]); err != nil {
		return err
	}
	x.enc.buf = x.enc.buf[:copy(x.enc.buf, x.enc.buf[start:])]
	return nil
}

// send sends what was put.
func (x *exchange) send() error {
	if err := x.from.carrier.send(x.from.port, x.enc.buf); err != nil {
		x.done = true // nobody will get the error
	}
	return nil
}

// header returns the header of an answer.
func (x *exchange) header(flags uint16) Header {
	return Header{Flags: flags, Sequence: x.msg.Sequence, PortID: x.from.port}
}

// put appends a reply. One that breaks the rules of the spec is left out.
func (x *exchange) put(m Message, flags uint16) error {
	op, v := x.handler.op, x.service
	start := len(x.enc.buf)
	v.put(&x.enc, x.header(flags), op.Reply, m)
	err := x.enc.err
	if err == nil {
		return nil
	}
	t := newTree(v.family.Schema, x.enc.buf[start:], headerLen+v.family.genlLen(), op.Header, op.Set)
	x.server.log().Error("netlink server: malformed reply", x.attrs(slog.String("attr", t.path(err.offset-start)), slog.Any("error", err))...)
	x.enc.buf, x.enc.err = x.enc.buf[:start], nil
	return fault(errIO, fmt.Sprintf("malformed reply: %v", err))
}

// reset makes the encoder start anew and keep its buffer.
func (e *Encoder) reset() { e.buf, e.err = e.buf[:0], nil }
