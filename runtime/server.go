package runtime

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"log/slog"
	"net"
	"reflect"
	"sync"
	"sync/atomic"
)

// A Server answers the requests of a family as the kernel would: it checks each
// against the spec, calls the handler of its operation, and sends replies,
// acknowledgements and errors that name the attribute at fault. Clients reach it
// within the process, by Dial or WithPeer, and through sockets, by Listen.
//
// The requests of one client are handled one after the other, those of several at
// the same time. A handler that panics fails its request with EIO. All methods
// are safe for concurrent use.
type Server struct {
	family   *Family
	services []*service
	groups   []Group // of a generic family
	config   serveConfig
	events   map[reflect.Type]*EventInfo
	pipe     *pipe
	hook     atomic.Pointer[Hook]
	ctx      context.Context // of the handlers
	cancel   context.CancelFunc
	work     sync.WaitGroup

	mu       sync.Mutex
	closed   bool
	carriers []carrier
	queues   map[Requester]*queue
}

// A carrier takes datagrams from a server to its clients.
type carrier interface {
	// send takes a datagram to a client. While the client has no room for it, send
	// waits; it fails if the client is gone or the server closes.
	send(to uint32, b []byte) error
	// publish takes a datagram to the members of a group that have room for it.
	publish(group uint32, b []byte) error
	// part returns how many bytes a part of a dump may have for a client.
	part(to uint32) int
	close() error
}

// A Requester is a client of a server: the socket that it uses.
type Requester struct {
	carrier carrier
	port    uint32
}

// PortID returns the port id of the client's socket.
func (r Requester) PortID() uint32 { return r.port }

// A service is a family that a server answers for.
type service struct {
	family   *Family
	id       uint16 // message type, if it is generic
	handlers map[handlerKey]*Handler
	rules    map[ruleKey]Rule
}

// A Service is what a server does: how it answers, and what it has besides.
type Service struct {
	// Groups are the multicast groups of a generic family; they are numbered in
	// this order.
	Groups   []Group
	Handlers []Handler
	// Rules add to what the schema and the messages of the family say.
	Rules []Rule
}

type handlerKey struct {
	request uint16
	dump    bool
}

func newService(f *Family, id uint16, with Service) *service {
	v := &service{f, id, make(map[handlerKey]*Handler), make(map[ruleKey]Rule)}
	for i, h := range with.Handlers {
		v.handlers[handlerKey{h.op.Request, h.dump != nil}] = &with.Handlers[i]
	}
	for _, r := range with.Rules {
		v.rules[r.ruleKey] = r
	}
	return v
}

// A Handler answers an operation. HandleDo, HandleExec and HandleDump make one.
type Handler struct {
	op      *Op
	request func() Message
	before  func(Message) error
	do      func(context.Context, Message) (Message, error)
	dump    func(context.Context, Message) iter.Seq2[Message, error]
}

// HandleDo makes a Handler of a function that answers a do by a reply. Without an
// error, a nil reply is none.
func HandleDo[R, Q any, PR MessagePtr[R], PQ MessagePtr[Q]](op *Op, do func(context.Context, *Q) (*R, error)) Handler {
	return Handler{op: op, request: newMessage[Q, PQ], do: func(ctx context.Context, req Message) (Message, error) {
		reply, err := do(ctx, req.(PQ))
		if err != nil || reply == nil {
			return nil, err
		}
		return PR(reply), nil
	}}
}

// HandleExec makes a Handler of a function that answers a do without a reply.
func HandleExec[Q any, PQ MessagePtr[Q]](op *Op, do func(context.Context, *Q) error) Handler {
	return Handler{op: op, request: newMessage[Q, PQ], do: func(ctx context.Context, req Message) (Message, error) {
		return nil, do(ctx, req.(PQ))
	}}
}

// HandleDump makes a Handler of a function that answers a dump. An error that
// matches ErrDumpInterrupted tells the client that the list may be inconsistent,
// and the dump goes on; any other ends it. The stream is asked for the next items
// when the client has read what came before.
func HandleDump[R, Q any, PR MessagePtr[R], PQ MessagePtr[Q]](op *Op, dump func(context.Context, *Q) iter.Seq2[*R, error]) Handler {
	return Handler{op: op, request: newMessage[Q, PQ], dump: func(ctx context.Context, req Message) iter.Seq2[Message, error] {
		return func(yield func(Message, error) bool) {
			for m, err := range dump(ctx, req.(PQ)) {
				if !yield(PR(m), err) {
					return
				}
			}
		}
	}}
}

// Before returns a handler that first checks each request. An error of the check is
// the whole answer, also to a dump, while one of HandleDump's function ends a list.
func (h Handler) Before(check func(Message) error) Handler {
	h.before = check
	return h
}

func newMessage[T any, P MessagePtr[T]]() Message { return P(new(T)) }

// ErrUnimplemented is what an operation answers that a server lacks, EOPNOTSUPP.
var ErrUnimplemented = &Error{Errno: errNoSupport, Message: "the server does not implement this operation"}

// UnimplementedDump is a dump that fails with ErrUnimplemented.
func UnimplementedDump[R any](yield func(*R, error) bool) { yield(nil, ErrUnimplemented) }

// A ServeOption changes how a server answers.
type ServeOption func(*serveConfig)

type serveConfig struct {
	logger  *slog.Logger
	wordy   bool
	pending int
}

// ServeLogger sets where the server reports handlers that panic and replies that
// break the rules of the spec. The default is slog.Default.
func ServeLogger(l *slog.Logger) ServeOption { return func(c *serveConfig) { c.logger = l } }

// ServeWholeRequests makes errors carry the request that failed, as the kernel's
// do for clients that do not ask for capped acknowledgements. Without it they
// carry its header.
func ServeWholeRequests() ServeOption { return func(c *serveConfig) { c.wordy = true } }

// defaultPending bounds the datagrams of a client that wait for their turn.
const defaultPending = 256

// NewServer returns a server for the family. Close it to release its resources.
func NewServer(f *Family, with Service, opts ...ServeOption) *Server {
	s := &Server{
		family: f,
		config: serveConfig{pending: defaultPending},
		events: make(map[reflect.Type]*EventInfo),
		queues: make(map[Requester]*queue),
	}
	for _, o := range opts {
		o(&s.config)
	}
	s.ctx, s.cancel = context.WithCancel(context.Background())
	s.services = []*service{newService(f, firstFamilyID, with)}
	if f.generic() {
		s.services = append(s.services, s.controlService())
		for i, g := range with.Groups {
			s.groups = append(s.groups, Group{g.Name, uint32(i + 1)})
		}
	}
	for i := range f.Events {
		s.events[reflect.TypeOf(f.Events[i].New())] = &f.Events[i]
	}
	s.pipe = newPipe(s)
	s.carriers = []carrier{s.pipe}
	return s
}

// Family returns the family that the server answers for.
func (s *Server) Family() *Family { return s.family }

// connect implements Peer.
func (s *Server) connect(config) (transport, error) { return pipeTransport{s.pipe}, nil }

// Dial opens a connection to the server within the process. It needs no
// privileges, nor Linux.
func (s *Server) Dial(opts ...Option) (*Conn, error) {
	return Dial(s.family, append(opts, WithPeer(s))...)
}

// Close ends the server: the contexts of handlers are done, connections are
// refused. It waits for the handlers to return.
func (s *Server) Close() error {
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		return nil
	}
	s.closed = true
	carriers := s.carriers
	s.mu.Unlock()
	s.cancel()
	var errs []error
	for _, c := range carriers {
		errs = append(errs, c.close())
	}
	s.work.Wait()
	return errors.Join(errs...)
}

// add makes a carrier part of the server, unless that is closed.
func (s *Server) add(c carrier, work func()) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return net.ErrClosed
	}
	s.carriers = append(s.carriers, c)
	s.work.Go(work)
	return nil
}

// Notify sends an event to all members of a multicast group. Its type must be one
// of the family's events. Members that have no room lose it, which their streams
// tell them by an ErrOverrun.
func (s *Server) Notify(g Group, m Message) error {
	b, err := s.event(m)
	if err != nil {
		return err
	}
	id := g.Value
	if s.family.generic() {
		info := familyInfo{groups: s.groups}
		var ok bool
		if id, ok = info.group(g.Name); !ok {
			return ioError(s.family, "notify "+groupName(g), &groupError{info.groupNames()})
		}
	}
	s.mu.Lock()
	carriers, closed := s.carriers, s.closed
	s.mu.Unlock()
	if closed {
		return ioError(s.family, "notify "+groupName(g), net.ErrClosed)
	}
	var errs []error
	for _, c := range carriers {
		errs = append(errs, c.publish(id, b))
	}
	if err := errors.Join(errs...); err != nil {
		return ioError(s.family, "notify "+groupName(g), err)
	}
	return nil
}

// Send sends an event to one client, which has registered itself for it by a
// request; see Incoming. It waits while the client has no room.
func (s *Server) Send(to Requester, m Message) error {
	b, err := s.event(m)
	if err != nil {
		return err
	}
	if to.carrier == nil {
		return ioError(s.family, "send", errRefused)
	}
	if err := to.carrier.send(to.port, b); err != nil {
		return ioError(s.family, "send", err)
	}
	return nil
}

// An IdentifiedEvent says which of a family's events it is. Events that share a type
// do, so that a server knows what to send; EventID is the netlink message type, or the
// command of a generic family.
type IdentifiedEvent interface {
	Message
	EventID() uint16
}

// eventInfo returns which event a message is, nil if it is none of the family's.
func (s *Server) eventInfo(m Message) *EventInfo {
	e, ok := m.(IdentifiedEvent)
	if !ok {
		return s.events[reflect.TypeOf(m)]
	}
	for i := range s.family.Events {
		if info := &s.family.Events[i]; info.ID == e.EventID() {
			return info
		}
	}
	return nil
}

// event returns an event in wire form.
func (s *Server) event(m Message) ([]byte, error) {
	info := s.eventInfo(m)
	if info == nil {
		return nil, ioError(s.family, "notify", fmt.Errorf("%T is none of the family's events", m))
	}
	var e Encoder
	if s.family.Bare {
		e.buf = m.Encode(&e, nil)
	} else {
		s.services[0].put(&e, Header{Type: info.ID}, info.ID, m)
	}
	if err := e.err; err != nil {
		start := 0
		if !s.family.Bare {
			start = headerLen + s.family.genlLen()
		}
		path := newTree(s.family.Schema, e.buf, start, info.Header, info.Set).path(err.offset)
		return nil, &Error{Family: s.family.Name, Op: info.Name, Attr: path, Err: err}
	}
	return e.buf, nil
}

// put appends a message: the header h, and what follows it. The id is its type, or
// its command if the family is generic.
func (v *service) put(e *Encoder, h Header, id uint16, m Message) {
	start := len(e.buf)
	h.Type = id
	if v.family.generic() {
		h.Type = v.id
	}
	b := h.append(e.buf)
	if v.family.generic() {
		b = append(b, uint8(id), v.family.Version, 0, 0)
	}
	e.buf = m.Encode(e, b)
	endMessage(e.buf, start)
}

// append appends the header in wire form; endMessage fills in the length.
func (h *Header) append(b []byte) []byte {
	b, p := Grow(b, headerLen)
	native.PutUint16(p[4:], h.Type)
	native.PutUint16(p[6:], h.Flags)
	native.PutUint32(p[8:], h.Sequence)
	native.PutUint32(p[12:], h.PortID)
	return b
}

func endMessage(b []byte, start int) {
	native.PutUint32(b[start:], uint32(len(b)-start))
}

// An Incoming is a request that a server handles.
type Incoming struct {
	// Op is its operation, and Dump says that it asks for a list.
	Op   *Op
	Dump bool
	// Header is its netlink header; the flags that its caller chose are
	// Flags(Header.Flags).
	Header Header
	// From is the client, whom Send can reach later.
	From Requester
}

type incomingKey struct{}

// IncomingFrom returns the request that the context of a handler belongs to.
func IncomingFrom(ctx context.Context) (Incoming, bool) {
	in, ok := ctx.Value(incomingKey{}).(*Incoming)
	if !ok {
		return Incoming{}, false
	}
	return *in, true
}

// A Hook is called with each request before its handler; the context is that of
// the handler. An error is the answer. One that matches ErrDumpInterrupted makes
// a dump end as interrupted.
type Hook func(context.Context, Incoming) error

// SetHook makes the server call h, nil for none. Tests use it to inject errors.
func (s *Server) SetHook(h Hook) {
	if h == nil {
		s.hook.Store(nil)
		return
	}
	s.hook.Store(&h)
}

// Overrun makes all subscriptions of connections within the process lose their
// next n events, as if they read too slowly.
func (s *Server) Overrun(n int) { s.pipe.overrun(n) }

func (s *Server) log() *slog.Logger {
	if s.config.logger != nil {
		return s.config.logger
	}
	return slog.Default()
}
