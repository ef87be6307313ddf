package runtime

import (
	"net"
	"os"
	"slices"
	"sync"
	"time"
)

// A pipe carries the messages between a server and the connections to it within
// the process.
type pipe struct {
	server *Server

	mu      sync.Mutex
	closed  bool
	port    uint32 // given out last
	sockets map[uint32]*pipeSocket
}

func newPipe(s *Server) *pipe { return &pipe{server: s, sockets: make(map[uint32]*pipeSocket)} }

const (
	// pipeBuffer is the default size of receive buffers, that of Linux.
	pipeBuffer = 208 << 10
	// datagramCost is what a datagram takes of a receive buffer besides its bytes.
	datagramCost = 256
	// Parts of dumps are as large as the buffers of their reader, within the
	// kernel's limits.
	minPart, maxPart = 8 << 10, 32 << 10
)

// A pipeTransport is the pipe as connections see it. To close one of them leaves
// the pipe to the others.
type pipeTransport struct{ *pipe }

func (t pipeTransport) family(name string) (familyInfo, error) { return askFamily(t, name) }
func (t pipeTransport) close() error                           { return nil }

func (p *pipe) dial(o socketOptions) (socket, error) {
	s := &pipeSocket{pipe: p, limit: o.readBuffer, groups: make(map[uint32]bool)}
	if s.limit <= 0 {
		s.limit = pipeBuffer
	}
	for i := range 32 {
		if o.groups>>i&1 != 0 {
			s.groups[uint32(i+1)] = true
		}
	}
	s.changed = sync.NewCond(&s.mu)
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return nil, errRefused
	}
	p.port++
	s.port = p.port
	p.sockets[s.port] = s
	return s, nil
}

// find returns the socket of a port id, nil if it is closed.
func (p *pipe) find(port uint32) *pipeSocket {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.sockets[port]
}

func (p *pipe) all() []*pipeSocket {
	p.mu.Lock()
	defer p.mu.Unlock()
	list := make([]*pipeSocket, 0, len(p.sockets))
	for _, s := range p.sockets {
		list = append(list, s)
	}
	return list
}

func (p *pipe) send(to uint32, b []byte) error {
	s := p.find(to)
	if s == nil {
		return errRefused
	}
	return s.put(slices.Clone(b))
}

func (p *pipe) publish(group uint32, b []byte) error {
	for _, s := range p.all() {
		s.offer(group, b)
	}
	return nil
}

func (p *pipe) part(to uint32) int {
	if s := p.find(to); s != nil {
		return s.part()
	}
	return minPart
}

func (p *pipe) overrun(n int) {
	for _, s := range p.all() {
		s.mu.Lock()
		s.skip += n
		s.mu.Unlock()
	}
}

// close refuses connections: the server is closed.
func (p *pipe) close() error {
	p.mu.Lock()
	p.closed = true
	p.mu.Unlock()
	for _, s := range p.all() {
		s.hangUp()
	}
	return nil
}

// A pipeSocket is the client's end of a pipe.
type pipeSocket struct {
	pipe *pipe
	port uint32

	mu       sync.Mutex
	changed  *sync.Cond
	queue    []pipeDatagram
	size     int // what the queue takes of the limit
	limit    int
	reader   int // length of the largest buffer that was read into
	pending  int // datagrams sent that the server has not handled yet
	deadline time.Time
	timer    *time.Timer
	closed   bool
	refused  bool // the server is closed
	full     bool // no room until the queue is empty
	overrun  bool // messages were lost since the last receive
	skip     int  // events still to be lost
	lost     uint32
	groups   map[uint32]bool
	about    origin
}

type pipeDatagram struct {
	b     []byte
	group uint32
}

func (d pipeDatagram) cost() int { return len(d.b) + datagramCost }

// failed returns why the socket cannot go on.
func (s *pipeSocket) failed() error {
	switch {
	case s.closed:
		return net.ErrClosed
	case !s.deadline.IsZero() && !time.Now().Before(s.deadline):
		return os.ErrDeadlineExceeded
	}
	return nil
}

// send hands a datagram to the server. It waits if too many are there already.
func (s *pipeSocket) send(b []byte) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for {
		err := s.failed()
		switch {
		case err != nil:
			return err
		case s.refused:
			return errRefused
		}
		if s.pending < s.pipe.server.config.pending {
			break
		}
		s.changed.Wait()
	}
	s.pending++
	return s.pipe.server.enqueue(Requester{s.pipe, s.port}, packet{slices.Clone(b), s.handled})
}

// handled says that the server has handled a datagram.
func (s *pipeSocket) handled() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.pending--
	s.changed.Broadcast()
}

// put queues a datagram for the client when there is room.
func (s *pipeSocket) put(b []byte) error {
	d := pipeDatagram{b: b}
	s.mu.Lock()
	defer s.mu.Unlock()
	for !s.closed && !s.refused && len(s.queue) > 0 && s.size+d.cost() > s.limit {
		s.changed.Wait()
	}
	if s.closed || s.refused {
		return errRefused
	}
	s.push(d)
	return nil
}

// offer queues a datagram for the client if it is in the group and there is room,
// else it is lost.
func (s *pipeSocket) offer(group uint32, b []byte) {
	d := pipeDatagram{b, group}
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case !s.groups[group] || s.closed:
	case s.skip > 0:
		s.skip--
		s.lose()
	case s.full || s.size+d.cost() > s.limit:
		s.full = true
		s.lose()
	default:
		s.push(d)
	}
}

func (s *pipeSocket) push(d pipeDatagram) {
	s.queue = append(s.queue, d)
	s.size += d.cost()
	s.changed.Broadcast()
}

func (s *pipeSocket) lose() {
	s.lost++
	s.overrun = true
	s.changed.Broadcast()
}

func (s *pipeSocket) part() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return max(minPart, min(s.reader, maxPart))
}

func (s *pipeSocket) receive(buf []byte) (int, uint32, error) { return s.read(buf, true) }
func (s *pipeSocket) poll(buf []byte) (int, uint32, error)    { return s.read(buf, false) }

func (s *pipeSocket) read(buf []byte, wait bool) (int, uint32, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.reader = max(s.reader, len(buf))
	for {
		err := s.failed()
		switch {
		case s.closed, wait && err != nil:
			return 0, 0, err
		case s.overrun:
			s.overrun = false
			return 0, 0, errNoBuffers
		case len(s.queue) > 0:
			return s.take(buf), 0, nil
		case s.refused:
			return 0, 0, errRefused
		case !wait:
			return 0, 0, errNothing
		}
		s.changed.Wait()
	}
}

func (s *pipeSocket) take(buf []byte) int {
	d := s.queue[0]
	s.queue[0] = pipeDatagram{}
	s.queue = s.queue[1:]
	s.size -= d.cost()
	if len(s.queue) == 0 {
		s.queue, s.full = nil, false
	}
	s.about = origin{group: d.group}
	copy(buf, d.b)
	s.changed.Broadcast()
	return len(d.b)
}

func (s *pipeSocket) origin() origin {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.about
}

func (s *pipeSocket) setDeadline(t time.Time) error {
	return s.change(func() {
		s.deadline = t
		if s.timer != nil {
			s.timer.Stop()
			s.timer = nil
		}
		if !t.IsZero() {
			s.timer = time.AfterFunc(time.Until(t), s.wake)
		}
	})
}

func (s *pipeSocket) wake() { _ = s.change(func() {}) }

// change changes the socket, unless it is closed, and wakes who waits for it.
func (s *pipeSocket) change(f func()) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return net.ErrClosed
	}
	f()
	s.changed.Broadcast()
	return nil
}

func (s *pipeSocket) join(group uint32) error {
	return s.change(func() { s.groups[group] = true })
}

func (s *pipeSocket) leave(group uint32) error {
	return s.change(func() { delete(s.groups, group) })
}

func (s *pipeSocket) portID() uint32 { return s.port }
func (s *pipeSocket) waits() bool    { return true }

func (s *pipeSocket) raise(receive, _ int) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.limit = max(s.limit, receive)
	return s.limit, nil
}

func (s *pipeSocket) drops() (uint32, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.lost, nil
}

// hangUp makes the socket fail once it has been read empty: the server is closed.
func (s *pipeSocket) hangUp() { _ = s.change(func() { s.refused = true }) }

func (s *pipeSocket) close() error {
	err := s.change(func() {
		s.closed = true
		s.queue, s.size = nil, 0
		if s.timer != nil {
			s.timer.Stop()
		}
	})
	s.pipe.mu.Lock()
	delete(s.pipe.sockets, s.port)
	s.pipe.mu.Unlock()
	return err
}
