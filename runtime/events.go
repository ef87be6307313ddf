package runtime

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"net"
	"os"
	"reflect"
	"strings"
	"sync"
)

// ErrOverrun says that events were lost, because they came faster than they were
// read. Errors that match it are of type *OverrunError.
var ErrOverrun = errors.New("events were lost")

// An OverrunError says how many events a subscription has lost. It does not end
// the stream.
type OverrunError struct {
	// Count is how many messages the subscription has lost since it was made, 0 if
	// the kernel does not count them. More may follow until the stream has caught
	// up.
	Count uint32
}

// Error returns the count and what helps.
func (e *OverrunError) Error() string {
	return fmt.Sprintf("%v: %d so far; read faster, or enlarge the buffer by WithReceiveBuffer", ErrOverrun, e.Count)
}

// Is makes the error match ErrOverrun.
func (e *OverrunError) Is(target error) bool { return target == ErrOverrun }

// An UnknownEvent is a message that the spec of the family does not have.
type UnknownEvent struct {
	// ID is the netlink message type, or the command of a generic family.
	ID uint16
	// Raw holds the message, without the netlink and generic headers.
	Raw
}

// An Event is a message of a multicast group and what is known about it besides.
type Event struct {
	// Message is of a type that the family lists for its events, or
	// *UnknownEvent. It is safe to keep, unless the stream reuses messages.
	Message Message
	// Header is its netlink header. PortID and Sequence are those of the request
	// that caused the event, where the family says so.
	Header Header
	// Group is the number of the multicast group, 0 if the kernel does not tell.
	Group uint32
	// NSID is the id of the network namespace that the event is of, as the
	// namespace of the Conn numbers them. It is absent if it is that namespace
	// itself; see WithAllNamespaces.
	NSID Opt[int32]
	// Sender is the port id of the program that sent it, 0 for the kernel.
	Sender uint32
}

// defaultEventBuffer holds a few thousand events.
const defaultEventBuffer = 1 << 20

// A Subscription receives the messages of multicast groups on a socket of its
// own. Join, Leave and Close may be called at any time, Events by one goroutine
// at a time.
type Subscription struct {
	conn   *Conn
	socket socket

	mu     sync.Mutex // held by the stream
	dec    Decoder
	buf    []byte
	rest   []byte // received, not yet read
	from   uint32 // port id of its sender
	reused map[*EventInfo]Message

	sending sync.Mutex // held while a request is sent on the socket
}

// Subscribe subscribes to the groups. Messages are kept for the Subscription from
// then on, until Events reads them.
func (c *Conn) Subscribe(groups ...Group) (*Subscription, error) {
	return c.subscribe(c.config.everywhere, groups)
}

func (c *Conn) subscribe(everywhere bool, groups []Group) (*Subscription, error) {
	o := c.socketOptions()
	o.events, o.everywhere = true, everywhere
	o.groups, groups = c.family.bindGroups(groups)
	if o.readBuffer == 0 {
		o.readBuffer = defaultEventBuffer
	}
	c.mu.Lock()
	closed := c.closed
	c.mu.Unlock()
	if closed {
		return nil, ioError(c.family, "subscribe", net.ErrClosed)
	}
	sock, err := c.transport.dial(o)
	if err != nil {
		return nil, ioError(c.family, "subscribe", err)
	}
	s := &Subscription{conn: c, socket: sock}
	if err := s.register(); err != nil {
		return nil, ioError(c.family, "subscribe", errors.Join(err, sock.close()))
	}
	if err := s.Join(groups...); err != nil {
		s.Close()
		return nil, err
	}
	return s, nil
}

func (s *Subscription) register() error {
	s.conn.mu.Lock()
	defer s.conn.mu.Unlock()
	if s.conn.closed {
		return net.ErrClosed
	}
	s.conn.subs[s] = struct{}{}
	return nil
}

// Close ends the subscription. A stream under way ends with net.ErrClosed.
func (s *Subscription) Close() error {
	s.conn.mu.Lock()
	_, open := s.conn.subs[s]
	delete(s.conn.subs, s)
	s.conn.mu.Unlock()
	if !open {
		return nil
	}
	return s.socket.close()
}

// Join adds groups to the subscription.
func (s *Subscription) Join(groups ...Group) error {
	return s.each("join", groups, s.socket.join)
}

// Leave removes groups from the subscription. Messages that have come already
// still reach the stream.
func (s *Subscription) Leave(groups ...Group) error {
	return s.each("leave", groups, s.socket.leave)
}

func (s *Subscription) each(what string, groups []Group, do func(uint32) error) error {
	for _, g := range groups {
		id, err := s.conn.group(g)
		if err == nil {
			err = do(id)
		}
		if err != nil {
			return ioError(s.conn.family, what+" "+groupName(g), err)
		}
	}
	return nil
}

func groupName(g Group) string {
	if g.Name == "" {
		return fmt.Sprintf("group %d", g.Value)
	}
	return g.Name
}

// group returns the number of a group. The groups of generic families are those
// that the kernel named, now or when the Conn was dialed.
func (c *Conn) group(g Group) (uint32, error) {
	if g.Value != 0 || !c.family.generic() {
		return g.Value, nil
	}
	if id, ok := c.info.Load().group(g.Name); ok {
		return id, nil
	}
	info, err := c.resolve()
	if err != nil {
		return 0, err
	}
	if id, ok := info.group(g.Name); ok {
		return id, nil
	}
	return 0, &groupError{info.groupNames()}
}

// A groupError says that the kernel's family lacks a group. It matches
// errors.ErrUnsupported.
type groupError struct{ has string }

func (e *groupError) Error() string {
	return "the family has no such group in this kernel; it has: " + e.has
}

func (e *groupError) Is(target error) bool { return target == errors.ErrUnsupported }

func (f *familyInfo) group(name string) (uint32, bool) {
	for _, g := range f.groups {
		if g.Name == name {
			return g.Value, true
		}
	}
	return 0, false
}

func (f *familyInfo) groupNames() string {
	if len(f.groups) == 0 {
		return "none"
	}
	var names []string
	for _, g := range f.groups {
		names = append(names, g.Name)
	}
	return strings.Join(names, ", ")
}

// Events is Stream without what is known about the events besides.
func (s *Subscription) Events(ctx context.Context, opts ...CallOption) iter.Seq2[Message, error] {
	return func(yield func(Message, error) bool) {
		for e, err := range s.Stream(ctx, opts...) {
			if !yield(e.Message, err) {
				return
			}
		}
	}
}

// Stream returns the stream of events.
//
// The kernel keeps what is not read yet in the receive buffer of the socket, and
// nothing else does: a reader that is slow for a while loses nothing until the
// buffer is full. Then the kernel drops events, the newest, until the reader has
// emptied the buffer. It never waits for the reader.
//
// Two kinds of errors do not end the stream: one that matches ErrOverrun tells
// that messages were lost, an *Error that a message was malformed. All else ends
// it: the error of ctx when that is done, net.ErrClosed after Close. A stream that
// was left by break can be continued by another call of Stream.
//
// With Reuse there is one message of each type: it is valid, with all that it
// refers to except strings, until the loop asks for the next event. Other options
// have no effect.
func (s *Subscription) Stream(ctx context.Context, opts ...CallOption) iter.Seq2[Event, error] {
	var o callOptions
	for _, opt := range opts {
		opt.apply(&o)
	}
	return func(yield func(Event, error) bool) {
		if !s.mu.TryLock() {
			yield(Event{}, ioError(s.conn.family, "events", errors.New("the subscription is being read already")))
			return
		}
		defer s.mu.Unlock()
		defer s.wakeAfter(ctx)()
		for {
			e, err := s.next(ctx, o.reuse)
			if !yield(e, err) || fatalEvent(err) {
				return
			}
		}
	}
}

// fatalEvent reports whether an error of a subscription ends its stream.
func fatalEvent(err error) bool {
	return err != nil && !errors.Is(err, ErrOverrun) && !isMalformed(err)
}

func isMalformed(err error) bool {
	var malformed *malformedError
	return errors.As(err, &malformed)
}

// wakeAfter makes the end of ctx wake the socket, until the function it returns is
// called, which makes the socket usable again.
func (s *Subscription) wakeAfter(ctx context.Context) func() {
	if ctx.Done() == nil {
		return func() {}
	}
	woken := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		_ = s.socket.setDeadline(past)
		close(woken)
	})
	return func() {
		if !stop() {
			<-woken
			_ = s.socket.setDeadline(noDeadline)
		}
	}
}

// next returns the next event, or an error.
func (s *Subscription) next(ctx context.Context, reuse bool) (Event, error) {
	m, err := s.read(ctx)
	if err != nil {
		return Event{}, err
	}
	v, err := s.decode(&m, reuse)
	if err != nil {
		return Event{}, err
	}
	o := s.socket.origin()
	return Event{Message: v, Header: m.Header, Group: o.group, NSID: o.nsid, Sender: s.from}, nil
}

// read waits for the next message. Its bytes are valid until the next call.
func (s *Subscription) read(ctx context.Context) (message, error) {
	for {
		if m, ok, err := s.split(); ok || err != nil {
			return m, err
		}
		if err := ctx.Err(); err != nil {
			return message{}, contextError(ctx)
		}
		err := s.fill(s.socket.receive)
		if errors.Is(err, os.ErrDeadlineExceeded) {
			err = contextError(ctx)
		}
		if err != nil {
			return message{}, err
		}
	}
}

// poll is read without waiting: ok is false if there is nothing to read.
func (s *Subscription) poll() (m message, ok bool, err error) {
	for {
		if m, ok, err = s.split(); ok || err != nil {
			return m, ok, err
		}
		switch err = s.fill(s.socket.poll); {
		case errors.Is(err, errNothing):
			return m, false, nil
		case err != nil:
			return m, false, err
		}
	}
}

// split returns the next event of the datagram that was received last.
func (s *Subscription) split() (m message, ok bool, err error) {
	for len(s.rest) > 0 {
		if s.rest, err = s.conn.family.split(&m, s.rest); err != nil {
			return m, false, ioError(s.conn.family, "events", &malformedError{"event", err})
		}
		if m.Type > typeDone || s.conn.family.isData(m.Type) {
			return m, true, nil
		}
	}
	return m, false, nil
}

// fill receives a datagram.
func (s *Subscription) fill(receive func([]byte) (int, uint32, error)) error {
	if size := int(s.conn.receiveSize.Load()); len(s.buf) < size {
		s.buf = make([]byte, size)
	}
	n, from, err := receive(s.buf)
	switch {
	case err == nil && from != 0 && !s.conn.family.AnySender:
		return nil // sent by another process
	case err == nil && n > len(s.buf):
		s.conn.grow(n)
		return ioError(s.conn.family, "events", &malformedError{"event", fmt.Errorf("%w: %d bytes for a buffer of %d", ErrTruncated, n, len(s.buf))})
	case err == nil:
		s.rest, s.from = s.buf[:n], from
		return nil
	case errors.Is(err, errNoBuffers):
		count, _ := s.socket.drops()
		return &OverrunError{count}
	case errors.Is(err, errNothing), errors.Is(err, os.ErrDeadlineExceeded):
		return err
	}
	return ioError(s.conn.family, "events", err)
}

// decode decodes an event.
func (s *Subscription) decode(m *message, reuse bool) (Message, error) {
	f := s.conn.family
	id, info := s.identify(m)
	var v Message
	switch {
	case info == &unknownEvent:
		v = &UnknownEvent{ID: id}
		s.dec.Reset(m.body)
	case reuse:
		v = s.reuse(info)
		s.dec.Reuse(m.body)
	default:
		v = info.New()
		s.dec.Reset(m.body)
	}
	v.Decode(&s.dec)
	if err := s.dec.err; err != nil {
		t := newTree(f.Schema, m.body, 0, info.Header, info.Set)
		return nil, &Error{Family: f.Name, Op: info.Name, Attr: t.path(err.offset), Err: &malformedError{"event", err}}
	}
	if t, ok := v.(TypedMessage); ok {
		t.SetMessageType(id)
	}
	return v, nil
}

// reuse returns the message that stands for all of the event, zeroed.
func (s *Subscription) reuse(info *EventInfo) Message {
	v := s.reused[info]
	if v == nil {
		if s.reused == nil {
			s.reused = make(map[*EventInfo]Message)
		}
		v = info.New()
		s.reused[info] = v
	} else {
		reflect.ValueOf(v).Elem().SetZero()
	}
	return v
}

// identify returns the id of an event and what the family says about it. The
// generic header moves from the message's body to its Header.
func (s *Subscription) identify(m *message) (id uint16, info *EventInfo) {
	f := s.conn.family
	id = m.Type
	if f.generic() {
		m.takeGenl()
		id = uint16(m.Command)
	}
	info = f.event(id)
	if s.conn.tracing {
		s.conn.trace("receive", info.Name, info.Set, info.Header, m.raw)
	}
	return id, info
}

// unknownEvent stands for all events that the family does not have.
var unknownEvent = EventInfo{Name: "unknown event"}

// event returns what the family says about the event id, or &unknownEvent.
func (f *Family) event(id uint16) *EventInfo {
	for i := range f.Events {
		if e := &f.Events[i]; f.Bare || e.has(id) {
			return e
		}
	}
	return &unknownEvent
}
