package runtime

import (
	"context"
	"errors"
	"fmt"
	"strings"
)

var (
	// ErrNotSent says of a request of a batch that it was not sent, because the
	// batch ended before.
	ErrNotSent = errors.New("not sent")
	// ErrOutcomeUnknown says of a request of a batch that it was sent, but the batch
	// ended before its outcome was known.
	ErrOutcomeUnknown = errors.New("outcome unknown")
	// ErrRolledBack says of a request of a transaction that it was undone or never
	// done, because the transaction failed.
	ErrRolledBack = errors.New("rolled back")
)

// A Batch sends many requests with few system calls. The kernel handles them in
// the order in which they are added; a failure does not stop those after it.
//
// Requests are encoded at once, so they may be changed after they are added. When
// some hundred have come together, they are sent, and their answers are waited
// for; a batch of any length needs the memory for one such chunk, and for the
// failures. Wait does the same with the last. Nothing has to be closed.
//
// A Batch must not be used concurrently.
type Batch struct {
	conn   *Conn
	ctx    context.Context
	config batchConfig
	// brackets make the batch a transaction.
	brackets *Brackets

	enc   Encoder
	queue []queued // those in enc
	opts  callOptions
	room  int // bytes for answers that the queue leaves

	report BatchError
}

// A queued is a request of the chunk that is next to be sent.
type queued struct {
	op       *Op
	start    int // in the Encoder
	reply    Message
	header   *Header
	result   *error
	index    int  // of the caller's, -1: begin or end of a transaction
	replies  bool // a reply will come
	answered bool
}

// Brackets are the messages around the requests of a transaction.
type Brackets struct {
	Begin, End               *Op
	BeginRequest, EndRequest Message
}

// A BatchOption changes how a Batch works.
type BatchOption func(*batchConfig)

type batchConfig struct{ failures int }

const defaultFailures = 1000

// KeepFailures bounds how many failures a BatchError lists; more are only counted.
// The default is 1000.
func KeepFailures(n int) BatchOption { return func(c *batchConfig) { c.failures = n } }

// ErrorTo stores the outcome of a request of a batch in err as soon as it is
// known: nil, or an *Error. Outside of batches it does nothing.
func ErrorTo(err *error) CallOption { return errorOption{err} }

type errorOption struct{ err *error }

func (o errorOption) apply(c *callOptions) { c.result = o.err }

// Batch starts a batch. The end of ctx ends the batch: BatchError tells how far
// it got.
func (c *Conn) Batch(ctx context.Context, opts ...BatchOption) *Batch {
	b := &Batch{conn: c, ctx: ctx, config: batchConfig{failures: defaultFailures}}
	for _, o := range opts {
		o(&b.config)
	}
	return b
}

// Transaction starts a batch that is done all or not at all, between the messages
// of brackets. It is sent as one by Wait, so all of it is held in memory.
func (c *Conn) Transaction(ctx context.Context, brackets *Brackets, opts ...BatchOption) *Batch {
	b := c.Batch(ctx, opts...)
	b.brackets = brackets
	return b
}

// Queue adds a request to the batch. The reply is decoded into reply, a zero
// message, before Wait returns; it may be nil. A nil req is a zero request.
func Queue[R, Q any, PR MessagePtr[R], PQ MessagePtr[Q]](b *Batch, op *Op, req PQ, reply PR, opts ...CallOption) {
	var to Message
	if reply != nil {
		to = reply
	}
	if req == nil {
		req = new(Q)
	}
	b.add(op, req, to, opts)
}

// QueueExec adds a request to the batch whose reply, if there is one, does not
// matter. A nil req is a zero request.
func QueueExec[Q any, PQ MessagePtr[Q]](b *Batch, op *Op, req PQ, opts ...CallOption) {
	if req == nil {
		req = new(Q)
	}
	b.add(op, req, nil, opts)
}

// Len returns how many requests were added since the last Wait.
func (b *Batch) Len() int { return b.report.Requests }

// Limits of a chunk. The kernel drops what exceeds a socket's buffers.
const (
	chunkRequests = 512
	chunkBytes    = 64 << 10
	// Bytes of the receive buffer that an error takes, and a reply at least: the
	// kernel counts the memory, which is several times the message.
	errorCost = 1280
	replyCost = 8 << 10
	// batchReceiveBuffer has room for a chunk of errors, or for 256 replies.
	batchReceiveBuffer = 2 << 20
)

func (b *Batch) add(op *Op, req, reply Message, opts []CallOption) {
	b.opts = callOptions{}
	for _, o := range opts {
		o.apply(&b.opts)
	}
	q := queued{op: op, reply: reply, header: b.opts.header, result: b.opts.result, index: b.report.Requests}
	b.report.Requests++
	if b.report.Err != nil {
		b.notSent(&q)
		return
	}
	q.replies = !op.NoReply && !op.Optional
	cost := errorCost
	if q.replies || b.opts.flags&uint16(Echo) != 0 {
		cost = max(replyCost, 2*int(b.conn.replySize.Load()))
	}
	switch {
	case b.brackets != nil:
		if len(b.queue) == 0 {
			b.bracket(b.brackets.Begin, b.brackets.BeginRequest)
		}
	case len(b.queue) == chunkRequests || cost > b.room:
		b.flush()
	}
	b.encode(q, req)
	b.room -= cost
}

// bracket adds the begin or the end of a transaction.
func (b *Batch) bracket(op *Op, req Message) {
	b.opts = callOptions{}
	b.encode(queued{op: op, index: bracketIndex}, req)
}

// bracketIndex is the index of the messages around a transaction.
const bracketIndex = -1

// encode appends a request to the chunk. One that does not fit into it becomes
// the first of the next.
func (b *Batch) encode(q queued, req Message) {
	b.enc.buf = Align(b.enc.buf)
	q.start = len(b.enc.buf)
	if err := b.conn.encode(&b.enc, q.op, req, b.opts.flags); err != nil {
		b.enc = Encoder{buf: b.enc.buf[:q.start]}
		b.failed(&q, err)
		return
	}
	if n := len(b.enc.buf); n > chunkBytes && q.start > 0 && b.brackets == nil {
		b.enc.buf = b.enc.buf[:q.start]
		b.flush()
		b.enc.buf = append(b.enc.buf, b.enc.buf[q.start:n]...)
		q.start = 0
	}
	if b.report.Err != nil {
		b.enc.buf = b.enc.buf[:0]
		b.notSent(&q)
		return
	}
	b.queue = append(b.queue, q)
}

// Wait sends what has not been sent yet and waits for all answers. It returns nil
// if every request succeeded, else a *BatchError. Then the batch is empty and can
// be used again.
func (b *Batch) Wait() error {
	if b.brackets != nil && len(b.queue) > 0 {
		b.bracket(b.brackets.End, b.brackets.EndRequest)
	}
	b.flush()
	report := b.report
	b.report = BatchError{}
	if report.Failed == 0 && report.Err == nil {
		return nil
	}
	report.Family = b.conn.family.Name
	report.RolledBack = b.brackets != nil && report.Unknown.Len() == 0
	return &report
}

// flush sends the chunk and reads its answers.
func (b *Batch) flush() {
	switch {
	case len(b.queue) == 0 || b.report.Err != nil:
	case b.brackets != nil && b.report.Failed > 0:
		b.rolledBack() // a request could not be encoded
	default:
		b.exchange()
	}
	clear(b.queue) // let go of replies
	b.queue, b.enc.buf = b.queue[:0], b.enc.buf[:0]
	b.room = b.conn.batchRoom(b.ctx)
}

// opBatch stands for all of a batch in errors.
var opBatch = Op{Name: "batch"}

// exchange sends the chunk as one datagram and reads the answers.
func (b *Batch) exchange() {
	p, err := b.conn.acquire(b.ctx)
	if err != nil {
		b.end(0, 0, ioError(b.conn.family, opBatch.Name, err))
		return
	}
	p.start(b.ctx, &opBatch)
	defer p.end()
	p.makeRoom(len(b.queue)*errorCost, len(b.enc.buf))
	b.address(p)
	if err := p.deliver(b.enc.buf); err != nil {
		b.end(0, 0, err)
		return
	}
	known, err := b.answers(p)
	switch {
	case err != nil:
		b.end(known, len(b.queue), err)
	case b.brackets != nil && (b.report.Failed > 0 || b.report.Err != nil):
		b.rolledBack()
	default:
		b.succeeded(len(b.queue))
	}
}

// address numbers the requests of the chunk for the port, and asks the last to be
// acknowledged.
func (b *Batch) address(p *port) {
	n := len(b.queue)
	p.first, p.seq = p.seq+1, p.seq+uint32(n)
	last := b.lastRequest()
	for k := range b.queue {
		m := b.request(k)
		native.PutUint32(m[8:], p.first+uint32(k))
		native.PutUint32(m[12:], p.portID())
		if k == last {
			native.PutUint16(m[6:], native.Uint16(m[6:])|flagAck)
		}
		if p.conn.tracing {
			q := &b.queue[k]
			p.conn.trace("send", q.op.Name, q.op.Set, q.op.Header, m)
		}
	}
}

// lastRequest returns the place in the chunk of the request that is acknowledged.
func (b *Batch) lastRequest() int {
	if b.brackets != nil {
		return len(b.queue) - 2
	}
	return len(b.queue) - 1
}

// request returns the k-th request of the chunk in wire form.
func (b *Batch) request(k int) []byte {
	end := len(b.enc.buf)
	if k+1 < len(b.queue) {
		end = b.queue[k+1].start
	}
	return b.enc.buf[b.queue[k].start:end]
}

// answers reads until the last request is acknowledged and all replies are there,
// or the kernel refuses the transaction. If it fails it says of how many requests
// the outcome is known: the kernel answers in order.
func (b *Batch) answers(p *port) (known int, err error) {
	missing := 0
	for k := range b.queue {
		if b.queue[k].replies {
			missing++
		}
	}
	generic := b.conn.family.generic()
	for acked := false; !acked || missing > 0 && !generic; {
		p.op = &opBatch
		if err := p.receiveAnswer(); err != nil {
			return known, err
		}
		k := int(p.msg.Sequence - p.first)
		q := &b.queue[k]
		known = max(known, k+1)
		control := p.msg.Type == typeError || p.msg.Type == typeDone
		err := b.answer(p, q, b.request(k))
		if over := !control || err != nil; over && !q.answered {
			q.answered = true
			if q.replies {
				missing--
			}
		}
		switch {
		case q.index == bracketIndex && err != nil:
			p.broken = true // an acknowledgement may follow
			b.report.Err = err
			return 0, nil
		case err != nil:
			b.failed(q, err)
		}
		acked = acked || control && k == b.lastRequest()
	}
	return 0, nil
}

// answer takes the message that the port has received for q.
func (b *Batch) answer(p *port, q *queued, request []byte) error {
	p.op, p.sent, p.opts.header = q.op, request, q.header
	if p.conn.tracing {
		p.traceReceived()
	}
	switch {
	case p.msg.Type == typeError, p.msg.Type == typeDone:
		return p.status()
	case q.reply == nil || q.answered:
		return nil
	}
	p.takeGenl()
	if n := int64(len(p.msg.raw)); n > b.conn.replySize.Load() {
		b.conn.replySize.Store(n)
	}
	return p.decode(q.reply)
}

// failed notes a failure.
func (b *Batch) failed(q *queued, err error) {
	b.report.Failed++
	if len(b.report.Failures) < b.config.failures {
		b.report.Failures = append(b.report.Failures, Failure{q.index, err})
	}
	if q.result != nil {
		*q.result = err
		q.result = nil
	}
}

// succeeded notes that the first n requests of the chunk that have not failed are
// done.
func (b *Batch) succeeded(n int) {
	for k := range b.queue[:n] {
		if r := b.queue[k].result; r != nil {
			*r = nil
		}
	}
}

// rolledBack tells the callers of the requests that have not failed themselves.
func (b *Batch) rolledBack() {
	cause := b.report.Err
	if cause == nil {
		cause = b.report.first()
	}
	for k := range b.queue {
		b.queue[k].tell(b.conn.family, ErrRolledBack, cause)
	}
}

// end ends the batch early: of the chunk, the first known requests have been
// answered, and those up to sent were sent.
func (b *Batch) end(known, sent int, err error) {
	b.report.Err = err
	if b.brackets != nil {
		known = 0 // one answer says nothing of the whole
	}
	b.succeeded(known)
	for k := known; k < len(b.queue); k++ {
		q := &b.queue[k]
		switch {
		case q.index == bracketIndex:
		case k >= sent:
			b.notSent(q)
		default:
			b.report.Unknown.add(q.index)
			q.tell(b.conn.family, ErrOutcomeUnknown, err)
		}
	}
}

func (b *Batch) notSent(q *queued) {
	b.report.NotSent.add(q.index)
	q.tell(b.conn.family, ErrNotSent, b.report.Err)
}

// tell tells the caller what became of a request that was not answered.
func (q *queued) tell(f *Family, what, cause error) {
	if q.result != nil {
		*q.result = &Error{Family: f.Name, Op: q.op.Name, Err: fmt.Errorf("%w: %w", what, cause)}
	}
}

// A Range is the indexes from From up to, but not with, To.
type Range struct{ From, To int }

// Len returns how many indexes are in the range.
func (r Range) Len() int { return r.To - r.From }

func (r *Range) add(i int) {
	if r.Len() == 0 {
		r.From = i
	}
	r.To = i + 1
}

// A Failure is a request of a batch that failed, by the order of adding, from 0.
type Failure struct {
	Index int
	Err   error
}

// A BatchError tells what became of the requests of a batch that did not succeed
// as a whole. Requests that are not among the failures, Unknown or NotSent are
// done, unless RolledBack is set.
type BatchError struct {
	// Family is the spec's name of the family.
	Family string
	// Requests is how many requests were added.
	Requests int
	// Failed is how many of them failed, Failures the first of those; see
	// KeepFailures.
	Failed   int
	Failures []Failure
	// Unknown are requests that were sent, but the batch ended before the kernel
	// answered. NotSent are those after them. Requests of the two that failed
	// before they were sent are among the Failures, too.
	Unknown, NotSent Range
	// RolledBack says that nothing was done: the batch is a transaction.
	RolledBack bool
	// Err is why the batch ended before all requests were answered, or nil.
	Err error
}

// first returns the first failure that is known.
func (e *BatchError) first() error {
	if len(e.Failures) > 0 {
		return e.Failures[0].Err
	}
	return errors.New("a request failed")
}

// Error returns how many requests failed, the first failure and why the batch
// ended.
func (e *BatchError) Error() string {
	var s strings.Builder
	fmt.Fprintf(&s, "%s: batch of %d requests", e.Family, e.Requests)
	sep := ": "
	part := func(format string, args ...any) {
		fmt.Fprintf(&s, sep+format, args...)
		sep = "; "
	}
	if e.Failed > 0 {
		part("%d failed", e.Failed)
	}
	if len(e.Failures) > 0 {
		sep = ", "
		part("the first is request %d: %v", e.Failures[0].Index, e.Failures[0].Err)
	}
	if e.Err != nil {
		part("%v", e.Err)
	}
	if n := e.Unknown.Len(); n > 0 {
		part("the outcome of %d from request %d is unknown", n, e.Unknown.From)
	}
	if n := e.NotSent.Len(); n > 0 {
		part("%d from request %d were not sent", n, e.NotSent.From)
	}
	if e.RolledBack {
		part("nothing was done")
	}
	return s.String()
}

// Unwrap returns the failures that are listed, and what ended the batch.
func (e *BatchError) Unwrap() []error {
	var errs []error
	for _, f := range e.Failures {
		errs = append(errs, f.Err)
	}
	if e.Err != nil {
		errs = append(errs, e.Err)
	}
	return errs
}
