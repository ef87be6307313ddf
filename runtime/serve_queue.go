package runtime

import (
	"errors"
)

// A packet is a datagram from a client. handled is called when it is done with;
// nil is nothing.
type packet struct {
	b       []byte
	handled func()
}

// A queue holds the packets of a client, which one goroutine handles in turn. It
// is there while there are any.
type queue struct{ packets []packet }

// errBusy says that too many datagrams of a client wait already.
var errBusy = errors.New("too many requests wait")

// enqueue hands over a datagram of a client.
func (s *Server) enqueue(from Requester, p packet) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return errRefused
	}
	q := s.queues[from]
	if q == nil {
		q = new(queue)
		s.queues[from] = q
		s.work.Go(func() { s.drain(from, q) })
	}
	if len(q.packets) >= s.config.pending {
		return errBusy
	}
	q.packets = append(q.packets, p)
	return nil
}

// drain handles the packets of a queue until it is empty.
func (s *Server) drain(from Requester, q *queue) {
	empty := false
	defer func() {
		if !empty { // a handler has ended the goroutine
			s.work.Go(func() { s.drain(from, q) })
		}
	}()
	x := newExchange(s, from)
	for {
		p, ok := s.dequeue(from, q)
		if !ok {
			empty = true
			return
		}
		x.packet(p)
	}
}

// dequeue returns the next packet. Without any, or when the server is closed, the
// queue is no more.
func (s *Server) dequeue(from Requester, q *queue) (packet, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(q.packets) == 0 || s.closed {
		delete(s.queues, from)
		return packet{}, false
	}
	p := q.packets[0]
	q.packets[0] = packet{}
	q.packets = q.packets[1:]
	return p, true
}
