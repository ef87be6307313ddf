package runtime

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"time"
)

// A ChangeKind says what a Change is.
type ChangeKind uint8

// The kinds of changes.
const (
	Added   ChangeKind = iota + 1 // New came
	Changed                       // Old became New
	Removed                       // Old went
	Synced                        // all that the kernel has at this time has been told
)

var changeKindNames = EnumNames[ChangeKind]{{Added, "added"}, {Changed, "changed"}, {Removed, "removed"}, {Synced, "synced"}}

// String returns the name of the kind.
func (k ChangeKind) String() string { return changeKindNames.Format(k) }

// A Change is a step from one state of a list to the next. Old and New are safe
// to keep.
type Change[T any] struct {
	Kind ChangeKind
	Old  *T // of Changed and Removed: as New was in the Change that told of it
	New  *T // of Added and Changed
}

// A WatchInfo says how the list that a dump returns can be followed.
type WatchInfo struct {
	// Groups are those whose events tell of changes. The events of Relist mean
	// changes that no event tells of: the list is read again.
	Groups, Relist []Group
	// Added and Removed are the ids of the events with objects that came or
	// changed, and that went.
	Added, Removed []uint16
	// Key tells the objects apart.
	Key []Field
	// Shared says that several objects may have one key. Then the event of one
	// that takes the place of another has the flag Replace, and Within tells the
	// objects of a key apart where it can.
	Shared bool
	Within []Field
	// Twins says that two objects may be equal in everything. The watch has them as
	// one, which is removed with the last of them.
	Twins bool
	// Filter is by what a request limits the list.
	Filter []Filter
	// Ignore is what changes without an event, such as counters.
	Ignore []Field
}

// A Field is a place in a message: an attribute, or Size bytes at Offset of the
// fixed header.
type Field struct {
	Path         []uint16 // attribute types, from the outermost nest to the attribute
	Offset, Size int
}

// A Filter is a field in which the objects of a list are equal to the request for
// it. If the request leaves it out, or zero, Values are those that objects may
// have; none means any.
type Filter struct {
	Field
	Values []uint64
}

// Watch lists what a dump returns and follows its changes: the stream starts with
// an Added for each object and a Synced, and goes on with each change until the
// loop is left or an error ends it. It subscribes when the stream is read, and
// unsubscribes at its end. A nil req is a zero request; what it filters by is
// applied to events, too.
//
// The changes of each object are yielded in the order in which they happened,
// none twice. If events were lost, because the stream was not read fast enough,
// the list is read again and the difference yielded; then an object that changed
// several times has one Change, and one that came and went has none. Synced tells
// each time that the list has been read. Until events are no longer lost it may
// take long to come, and so may Removed.
//
// Two objects are equal if the kernel's messages are, except for what changes
// without an event: counters, timers. Those that are equal count as one. The messages
// that a dump and an event hold must therefore be alike: requests should not ask for
// more than the default.
//
// A message that cannot be decoded is yielded as an error that does not end the
// stream; the change that it tells is then not seen, later ones are. All other
// errors end it: that of ctx, net.ErrClosed, what the kernel says about the
// request. The stream keeps the objects in wire form, and for as long as it lists
// it has a socket, as Dump does.
func Watch[R, Q any, PR MessagePtr[R], PQ MessagePtr[Q]](ctx context.Context, c *Conn, op *Op, info *WatchInfo, req PQ, opts ...CallOption) iter.Seq2[Change[R], error] {
	return func(yield func(Change[R], error) bool) {
		if req == nil {
			req = new(Q)
		}
		w := &watcher{conn: c, op: op, info: info, req: req, opts: opts, view: make(map[string]*object)}
		w.report = func(err error) error {
			if !yield(Change[R]{}, err) {
				return errLeft
			}
			return nil
		}
		var d Decoder
		decode := func(raw []byte) (*R, error) {
			if raw == nil {
				return nil, nil
			}
			m := new(R)
			d.Reset(raw)
			PR(m).Decode(&d)
			if d.err != nil {
				return nil, c.malformed(op, raw, d.err)
			}
			return m, nil
		}
		w.tell = func(kind ChangeKind, old, now []byte) error {
			before, _ := decode(old) // an error was told when it came
			after, err := decode(now)
			if err != nil {
				return w.report(err)
			}
			if !yield(Change[R]{kind, before, after}, nil) {
				return errLeft
			}
			return nil
		}
		if err := w.run(ctx); err != errLeft {
			yield(Change[R]{}, err)
		}
	}
}

// errLeft says that the reader of the stream left the loop.
var errLeft = errors.New("the stream is no longer read")

// A watcher is a watch under way. Its methods return an error if it must end.
type watcher struct {
	conn *Conn
	op   *Op
	info *WatchInfo
	req  Message
	opts []CallOption

	tell   func(kind ChangeKind, old, now []byte) error
	report func(err error) error

	sub    *Subscription
	want   [][]byte // what the request says of each Filter
	ignore ignored
	key    []byte // that of the message at hand
	view   map[string]*object

	listing bool   // the list is being read
	listed  uint32 // number of the listing, from 1
	pass    uint32 // number of the dump; a listing may take several
	removed int    // events of removals since the dump began
	lost    bool   // events were lost or not understood: the view may be wrong
	hinted  bool   // an event of Relist came: the kernel may have changed
}

func (w *watcher) run(ctx context.Context) error {
	if err := w.prepare(); err != nil {
		return err
	}
	sub, err := w.conn.subscribe(false, slices.Concat(w.info.Groups, w.info.Relist))
	if err != nil {
		return err
	}
	defer sub.Close()
	defer sub.wakeAfter(ctx)()
	w.sub = sub
	for {
		if err := w.list(ctx); err != nil {
			return err
		}
		for !w.lost && !w.hinted {
			m, err := sub.read(ctx)
			if err := w.take(&m, err); err != nil {
				return err
			}
		}
	}
}

// prepare takes from the request what filters.
func (w *watcher) prepare() error {
	var e Encoder
	if err := w.conn.encode(&e, w.op, w.req, 0); err != nil {
		return err
	}
	body := e.buf[headerLen+w.conn.family.genlLen():]
	var fields []Field
	for _, f := range w.info.Filter {
		v := f.of(body, w.op.Header)
		if isZero(v) {
			v = nil
		}
		if v != nil && len(f.Values) > 0 && !slices.Contains(f.Values, number(v)) {
			return w.unwatchable()
		}
		w.want = append(w.want, v)
		fields = append(fields, f.Field)
	}
	if !ignoredFields(fields).equal(body, make([]byte, w.op.Header), w.op.Header) {
		return w.unwatchable()
	}
	w.ignore = ignoredFields(w.info.Ignore)
	return nil
}

// unwatchable is the error of a request that limits the list by what events do not
// say.
func (w *watcher) unwatchable() error {
	return ioError(w.conn.family, w.op.Name, fmt.Errorf("a watch cannot be limited by all that the request says: %w", errors.ErrUnsupported))
}

const (
	// maxPasses bounds how often a list is read because something was removed
	// meanwhile. Most lists of the kernel remember their place by counting, so
	// such a dump may have left something out.
	maxPasses = 3
	// patience is how many dumps in a row may be interrupted, or fail to fit, until
	// the next is put off, for at most maxPause.
	patience = 3
	maxPause = 100 * time.Millisecond
)

// list reads the list and tells what differs from the view, unless w.lost says at
// the end that it must be read again.
//
// The order makes it right. Events that were there before count as the past. From
// then on what an event tells of an object is newer than what a dump does: each
// datagram of the dump is applied only after all events that came before it, and
// not to objects that these told of. If the dump was newer after all, the event
// that says so is still to come.
func (w *watcher) list(ctx context.Context) error {
	if w.hinted {
		w.conn.settle(ctx)
	}
	if err := w.drain(ctx); err != nil {
		return err
	}
	w.lost, w.hinted, w.listing = false, false, true
	w.listed++
	for passes, failures := 1, 0; ; passes++ {
		err := w.dump(ctx)
		switch {
		case err != nil && !w.repeatable(err, failures):
			return err
		case w.lost:
			return nil
		case err != nil:
			failures++
			w.conn.warn(w.op.Name, err.Error()+"; the list is read again")
			if err := pause(ctx, failures); err != nil {
				return ioError(w.conn.family, w.op.Name, err)
			}
		case w.removed == 0 || passes >= maxPasses:
			return w.finish()
		}
	}
}

// repeatable reports whether another dump may do better. Changes interrupt dumps
// for as long as there are changes; what does not fit must fit at some time.
func (w *watcher) repeatable(err error, failures int) bool {
	if errors.Is(err, ErrDumpInterrupted) {
		return true
	}
	return (errors.Is(err, ErrTruncated) || errors.Is(err, errNoBuffers)) && failures < w.conn.config.dumpRetries
}

// pause waits before a dump that follows n failures.
func pause(ctx context.Context, n int) error {
	if n <= patience {
		return nil
	}
	t := time.NewTimer(min(time.Millisecond<<min(n-patience, 10), maxPause))
	defer t.Stop()
	select {
	case <-ctx.Done():
		return contextError(ctx)
	case <-t.C:
		return nil
	}
}

// dump reads the list once and applies it to the view.
func (w *watcher) dump(ctx context.Context) error {
	w.pass++
	w.removed = 0
	p, err := w.conn.dump(ctx, w.op, w.req, w.opts)
	defer func() {
		if p != nil {
			p.discard()
		}
	}()
	for first := true; p != nil; {
		if first {
			if err := w.drain(ctx); err != nil {
				return err
			}
		}
		if err := w.item(p.msg.body); err != nil {
			return err
		}
		first = len(p.rest) == 0
		p, err = p.advance()
	}
	return errors.Join(w.drain(ctx), err)
}

// drain applies the events that have come.
func (w *watcher) drain(ctx context.Context) error {
	for {
		m, ok, err := w.sub.poll()
		if !ok && err == nil {
			return nil
		}
		if err := w.take(&m, err); err != nil {
			return err
		}
		if ctx.Err() != nil {
			return ioError(w.conn.family, w.op.Name, contextError(ctx))
		}
	}
}

// take applies a message of the subscription, or the error that came instead.
func (w *watcher) take(m *message, err error) error {
	switch {
	case err == nil:
		return w.event(m)
	case errors.Is(err, ErrOverrun):
		w.lost = true
		w.conn.warn(w.op.Name, err.Error()+"; the list is read again")
		return nil
	case isMalformed(err):
		w.lost = true
		return w.report(err)
	}
	return err
}

func (w *watcher) event(m *message) error {
	id, info := w.sub.identify(m)
	switch {
	case slices.Contains(w.info.Added, id):
		return w.came(m.body, m.Flags)
	case slices.Contains(w.info.Removed, id):
		return w.went(m.body)
	case info == &unknownEvent && len(w.info.Relist) > 0:
		w.hinted = true
	}
	return nil
}

// opLock asks for the loopback device. It does not matter what comes back.
var opLock = Op{Name: "getlink", Request: 18, Header: 16, NoAck: true}

// settle waits for the end of what the kernel does now. rtnetlink tells that a
// link or an address goes before it drops the routes that go with it, and holds
// its lock until that is done; a request that takes the lock returns after.
func (c *Conn) settle(ctx context.Context) {
	if c.family.Protocol != 0 {
		return
	}
	b := make([]byte, opLock.Header)
	native.PutUint32(b[4:], 1)
	_, _ = Do[Raw](ctx, c, &opLock, &Raw{Payload: b})
}
