package runtime

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"os"
	"sync"
	"sync/atomic"
	"time"
)

// A Conn talks to a family of the kernel. It keeps a pool of sockets: calls that
// run at the same time, also inside the loop over a dump, have one each. A Conn
// is safe for concurrent use.
type Conn struct {
	family    *Family
	transport transport
	config    config
	debug     bool // print messages to the standard error
	tracing   bool // somebody may want to see the messages
	slots     chan struct{}
	closing   chan struct{}

	// receiveSize is how large the receive buffers must be; it grows with the
	// messages seen.
	receiveSize atomic.Int64
	// replySize is the length of the largest reply in a batch, room the receive
	// buffer that a batch can have; 0 is not known.
	replySize, room atomic.Int64
	// info is what the kernel said about a generic family.
	info atomic.Pointer[familyInfo]

	mu     sync.Mutex
	closed bool
	idle   []*port
	ports  map[*port]struct{}
	subs   map[*Subscription]struct{}
}

const (
	// maxIdle bounds the sockets that are kept for later calls.
	maxIdle = 4
	// initialReceiveSize exceeds the largest part of a dump that kernels send
	// unless a family asks for more, 32 KiB, and all replies seen.
	initialReceiveSize = 64 << 10
)

// Dial opens a connection to the kernel for f. It fails with ErrFamilyNotFound
// if the kernel does not have the generic family.
func Dial(f *Family, opts ...Option) (*Conn, error) {
	cfg := config{dumpRetries: defaultDumpRetries}
	for _, o := range opts {
		o(&cfg)
	}
	t, err := newTransport(f, cfg)
	if err != nil {
		return nil, ioError(f, "dial", err)
	}
	return connect(f, t, cfg)
}

// connect makes a Conn whose sockets come from t, which it closes with the Conn.
func connect(f *Family, t transport, cfg config) (*Conn, error) {
	c := &Conn{
		family:    f,
		transport: t,
		config:    cfg,
		debug:     os.Getenv("NLGEN_DEBUG") == "1",
		closing:   make(chan struct{}),
		ports:     make(map[*port]struct{}),
		subs:      make(map[*Subscription]struct{}),
	}
	c.tracing = c.debug || cfg.logger != nil
	c.receiveSize.Store(initialReceiveSize)
	if cfg.maxSockets > 0 {
		c.slots = make(chan struct{}, cfg.maxSockets)
	}
	if err := c.open(); err != nil {
		c.Close()
		return nil, ioError(f, "dial", err)
	}
	return c, nil
}

// open finds the family and opens the first socket, to report early what cannot work.
func (c *Conn) open() error {
	if c.family.generic() {
		if _, err := c.resolve(); err != nil {
			return err
		}
	}
	p, err := c.acquire(context.Background())
	if err != nil {
		return err
	}
	c.release(p, true)
	return nil
}

// Close closes all sockets. Calls and streams that are under way, and later
// ones, end with net.ErrClosed. Subscriptions of the Conn are closed, too.
func (c *Conn) Close() error {
	c.mu.Lock()
	if c.closed {
		c.mu.Unlock()
		return nil
	}
	c.closed = true
	close(c.closing)
	var errs []error
	for p := range c.ports {
		errs = append(errs, p.close())
	}
	subs := c.subs
	c.ports, c.subs, c.idle = nil, nil, nil
	c.mu.Unlock()

	for s := range subs {
		errs = append(errs, s.socket.close())
	}
	return errors.Join(append(errs, c.transport.close())...)
}

// acquire returns a socket for one call, an idle one or else a new one.
func (c *Conn) acquire(ctx context.Context) (*port, error) {
	if err := ctx.Err(); err != nil {
		return nil, contextError(ctx)
	}
	if c.slots != nil {
		select {
		case c.slots <- struct{}{}:
		case <-ctx.Done():
			return nil, contextError(ctx)
		case <-c.closing:
			return nil, net.ErrClosed
		}
	}
	c.mu.Lock()
	if c.closed {
		c.mu.Unlock()
		c.freeSlot()
		return nil, net.ErrClosed
	}
	if n := len(c.idle); n > 0 {
		p := c.idle[n-1]
		c.idle = c.idle[:n-1]
		c.mu.Unlock()
		return p, nil
	}
	c.mu.Unlock()

	p, err := c.dial()
	if err != nil {
		c.freeSlot()
	}
	return p, err
}

func (c *Conn) socketOptions() socketOptions {
	return socketOptions{readBuffer: c.config.readBuffer, writeBuffer: c.config.writeBuffer, strict: !c.config.lenient}
}

func (c *Conn) dial() (*port, error) {
	s, err := c.transport.dial(c.socketOptions())
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.closed && err == nil:
		return nil, errors.Join(net.ErrClosed, s.close())
	case c.closed:
		return nil, net.ErrClosed
	case err != nil:
		return nil, err
	}
	p := newPort(c, s)
	c.ports[p] = struct{}{}
	return p, nil
}

// release takes back a socket from a call. One that is not reusable, because
// more answers may come, is closed.
func (c *Conn) release(p *port, reusable bool) {
	defer c.freeSlot()
	c.mu.Lock()
	if c.closed {
		c.mu.Unlock()
		return
	}
	if reusable && len(c.idle) < maxIdle {
		c.idle = append(c.idle, p)
		c.mu.Unlock()
		return
	}
	delete(c.ports, p)
	c.mu.Unlock()
	p.close()
}

func (c *Conn) freeSlot() {
	if c.slots != nil {
		<-c.slots
	}
}

// batchRoom returns how many bytes of answers a socket keeps for a batch.
func (c *Conn) batchRoom(ctx context.Context) int {
	if c.room.Load() == 0 {
		if p, err := c.acquire(ctx); err == nil {
			p.makeRoom(batchReceiveBuffer, chunkBytes)
			c.release(p, true)
		}
	}
	return max(int(c.room.Load()), errorCost)
}

// grow makes the receive buffers of later calls hold a message of n bytes.
func (c *Conn) grow(n int) {
	size := int64(n+4095) &^ 4095
	for old := c.receiveSize.Load(); old < size && !c.receiveSize.CompareAndSwap(old, size); {
		old = c.receiveSize.Load()
	}
}

// messageType returns the netlink message type of a request.
func (c *Conn) messageType(op *Op) uint16 {
	if c.family.generic() {
		return c.info.Load().id
	}
	return op.Request
}

// resolve asks the kernel for the id and the groups of the generic family.
func (c *Conn) resolve() (*familyInfo, error) {
	info, err := c.transport.family(c.family.Name)
	if err != nil {
		return nil, err
	}
	c.info.Store(&info)
	return &info, nil
}

// moved reports whether err may come from a generic family that has got another
// id, because its module was loaded again; the call is then worth repeating. If
// the family is gone, moved returns that as the error.
func (c *Conn) moved(err error) (bool, error) {
	var e *Error
	if !c.family.generic() || !errors.As(err, &e) || e.Errno != errNoEntry || e.Message != "" || e.Attr != "" {
		return false, err
	}
	old := c.info.Load().id
	info, resolveErr := c.resolve()
	if errors.Is(resolveErr, ErrFamilyNotFound) {
		return false, ioError(c.family, e.Op, resolveErr)
	}
	return resolveErr == nil && info.id != old, err
}

func (c *Conn) warn(op, text string) {
	if c.config.warn != nil {
		c.config.warn(Warning{c.family.Name, op, text})
	}
	if c.config.logger != nil {
		c.config.logger.Warn("netlink: "+text, slog.String("family", c.family.Name), slog.String("op", op))
	}
}

// Deadlines: past wakes a blocked socket, noDeadline lets it wait.
var past, noDeadline = time.Unix(1, 0), time.Time{}

// contextError returns why ctx is done: its error, and the cause if that says more.
func contextError(ctx context.Context) error {
	err, cause := ctx.Err(), context.Cause(ctx)
	if cause == nil || errors.Is(err, cause) {
		return err
	}
	return &causeError{err, cause}
}

// A causeError is the error of a context together with its cause.
type causeError struct{ err, cause error }

func (e *causeError) Error() string   { return e.err.Error() + ": " + e.cause.Error() }
func (e *causeError) Unwrap() []error { return []error{e.err, e.cause} }
