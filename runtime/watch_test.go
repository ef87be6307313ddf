package runtime

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

const (
	evNew   = 16
	evDel   = 17
	evOther = 99 // of a group that hints at changes

	attrCounter = 23
	attrVia     = 40
)

var linkWatch = WatchInfo{
	Groups: []Group{{Value: 1}}, Relist: []Group{{Value: 5}},
	Added: []uint16{evNew}, Removed: []uint16{evDel},
	Key:    []Field{{Offset: 4, Size: 4}},
	Filter: []Filter{{Field: Field{Path: []uint16{attrLinkinfo}}}, {Field: Field{Offset: 0, Size: 1}, Values: []uint64{0}}},
	Ignore: []Field{{Path: []uint16{attrCounter}}, {Offset: 12, Size: 4}, {Path: []uint16{30, 2}}},
}

// sharedWatch is for objects that may have the key of another.
var sharedWatch = WatchInfo{
	Groups: []Group{{Value: 1}}, Added: []uint16{evNew}, Removed: []uint16{evDel},
	Key: []Field{{Offset: 4, Size: 4}}, Shared: true, Within: []Field{{Path: []uint16{attrVia}}},
}

var twinWatch = WatchInfo{
	Groups: []Group{{Value: 1}}, Added: []uint16{evNew}, Removed: []uint16{evDel},
	Key: []Field{{Offset: 4, Size: 4}}, Shared: true, Twins: true,
}

// A watchScript is a kernel whose list and events a test decides.
type watchScript struct {
	t     *testing.T
	kern  *fakeKernel
	dumps []func(w *watchScript, d *dumpScript)
	later func() // called when the dump has no more to read
}

// A dumpScript answers one dump.
type dumpScript struct {
	s   *fakeSocket
	req message
}

// items sends a datagram with objects.
func (d *dumpScript) items(bodies ...[]byte) *dumpScript {
	var b []byte
	for _, body := range bodies {
		m := answer(d.req, evNew, flagMulti, body)
		b = append(b, append(m, make([]byte, align4(len(m))-len(m))...)...)
	}
	d.s.push(b)
	return d
}

func (d *dumpScript) done() { d.s.push(doneReply(d.req, 0, 0)) }

func (d *dumpScript) interrupted() { d.s.push(doneReply(d.req, 0, flagInterrupted)) }

// events is the socket of the subscription.
func (w *watchScript) events() *fakeSocket {
	w.kern.mu.Lock()
	defer w.kern.mu.Unlock()
	return w.kern.sockets[1]
}

func (w *watchScript) event(id, flags uint16, body []byte) {
	w.events().push(frame(id, flags, 0, 0, body))
}

func (w *watchScript) overrun() { w.events().pushFrom(datagram{err: syscall.ENOBUFS}) }

func (w *watchScript) serve(s *fakeSocket, req message) {
	if req.Type != opGetLink.Request || req.Flags&flagDump != flagDump {
		s.push(errorReply(req, -19)) // the request for the lock
		return
	}
	if len(w.dumps) == 0 {
		w.t.Error("one list too many")
		s.push(doneReply(req, 0, 0))
		return
	}
	next := w.dumps[0]
	w.dumps = w.dumps[1:]
	next(w, &dumpScript{s, req})
}

func obj(index uint32, name string, more ...[]byte) []byte {
	b := linkBody(index, name)
	for _, m := range more {
		b = append(b, m...)
	}
	return b
}

func via(s string) []byte { return attr(attrVia, []byte(s)) }

// changeText is a change as a line.
func changeText(c Change[link], err error) string {
	name := func(l *link) string {
		if l == nil {
			return "-"
		}
		text := fmt.Sprintf("%d%v", l.Index, l.Ifname)
		if len(l.Unknown) > 0 {
			text += fmt.Sprintf("+%q", attribute(l.Unknown, attrVia))
		}
		return text
	}
	switch {
	case err != nil:
		return "error " + err.Error()
	case c.Kind == Synced:
		return "synced"
	case c.Kind == Changed:
		return "changed " + name(c.Old) + " to " + name(c.New)
	case c.Kind == Added:
		return "added " + name(c.New)
	}
	return "removed " + name(c.Old)
}

// A list is the simplest dump: these objects.
func list(bodies ...[]byte) func(*watchScript, *dumpScript) {
	return func(_ *watchScript, d *dumpScript) { d.items(bodies...).done() }
}

func TestWatch(t *testing.T) {
	a, b, c := obj(1, "a"), obj(2, "b"), obj(3, "c")
	type step = func(w *watchScript)
	type dumps = []func(*watchScript, *dumpScript)
	ev := func(id uint16, body []byte) step { return func(w *watchScript) { w.event(id, 0, body) } }
	replace := func(body []byte) step { return func(w *watchScript) { w.event(evNew, uint16(Replace), body) } }
	overrun := func(w *watchScript) { w.overrun() }
	tests := []struct {
		name  string
		info  *WatchInfo
		dumps dumps
		steps []step // each after the stream has nothing more to say
		want  string
	}{
		{"list and events", &linkWatch, dumps{list(a, b)}, []step{
			ev(evNew, c), ev(evNew, obj(1, "a2")), ev(evNew, obj(1, "a2")), ev(evDel, b), ev(evDel, b), ev(evNew, b),
		}, "added 1a, added 2b, synced, added 3c, changed 1a to 1a2, removed 2b, added 2b"},
		{"what is ignored", &linkWatch, dumps{list(a)}, []step{
			ev(evNew, obj(1, "a", attr(attrCounter, u32(7)))),
			ev(evNew, obj(1, "a", attr(attrCounter, u32(8)))),
			ev(evNew, obj(1, "a2", attr(30, attr(1, u32(1)), attr(2, u32(1))))),
			ev(evNew, obj(1, "a2", attr(30, attr(1, u32(1)), attr(2, u32(2))))),
			ev(evNew, obj(1, "a3", attr(30, attr(1, u32(2)), attr(2, u32(2))))),
		}, `added 1a, synced, changed 1a to 1a2+"", changed 1a2+"" to 1a3+""`},
		{"an event of before the list is older", &linkWatch, dumps{func(w *watchScript, d *dumpScript) {
			// The kernel went from a to a1 to a2; the last event is not there yet.
			w.event(evNew, 0, obj(1, "a1"))
			d.items(obj(1, "a2"), b).done()
		}}, []step{ev(evNew, obj(1, "a2"))}, "added 1a1, added 2b, synced, changed 1a1 to 1a2"},
		{"an event that the list was ahead of", &linkWatch, dumps{list(a)}, []step{ev(evNew, a)}, "added 1a, synced"},
		{"removed while the list came", &linkWatch, dumps{func(w *watchScript, d *dumpScript) {
			w.event(evDel, 0, b)
			d.items(a, b).done()
		}, list(a)}, nil, "added 1a, synced"},
		{"removed and made again while the list came", &linkWatch, dumps{func(w *watchScript, d *dumpScript) {
			w.event(evDel, 0, b)
			w.event(evNew, 0, obj(2, "b2"))
			d.items(a, b).done()
		}, list(a, obj(2, "b2"))}, nil, "added 2b2, added 1a, synced"},
		{"a list that lost its place", &linkWatch, dumps{func(w *watchScript, d *dumpScript) {
			d.items(a)
			w.later = func() { w.event(evDel, 0, a); d.items(c).done() } // b moves to the place of a
		}, list(b, c)}, nil, "added 1a, removed 1a, added 3c, added 2b, synced"},
		{"a list that always changes", &linkWatch, dumps{
			func(w *watchScript, d *dumpScript) { w.event(evDel, 0, c); d.items(a).done() },
			func(w *watchScript, d *dumpScript) { w.event(evDel, 0, c); d.items(a).done() },
			func(w *watchScript, d *dumpScript) { w.event(evDel, 0, c); d.items(a).done() },
		}, nil, "added 1a, synced"},
		{"overrun", &linkWatch, dumps{list(a, b), list(obj(1, "a2"), c)}, []step{overrun},
			"added 1a, added 2b, synced, changed 1a to 1a2, added 3c, removed 2b, synced"},
		{"events before an overrun are of before", &linkWatch, dumps{list(a, b), list(a)}, []step{func(w *watchScript) {
			w.overrun()
			w.event(evNew, 0, obj(2, "b2"))
			w.event(evNew, 0, c)
		}}, "added 1a, added 2b, synced, changed 2b to 2b2, added 3c, removed 2b2, removed 3c, synced"},
		{"overrun while the list came", &linkWatch, dumps{func(w *watchScript, d *dumpScript) {
			w.overrun()
			d.items(a, b).done()
		}, list(a)}, nil, "added 1a, added 2b, removed 2b, synced"},
		{"overrun and a grave", &linkWatch, dumps{func(w *watchScript, d *dumpScript) {
			w.event(evDel, 0, b)
			w.overrun()
			d.items(a, b).done()
		}, list(a, b)}, nil, "added 1a, added 2b, synced"},
		{"interrupted", &linkWatch, dumps{
			func(w *watchScript, d *dumpScript) {
				d.items(a, b)
				w.later = func() { w.event(evDel, 0, b); d.interrupted() }
			},
			func(w *watchScript, d *dumpScript) { d.items(a, c).done() },
		}, nil, "added 1a, added 2b, removed 2b, added 3c, synced"},
		{"interrupted often", &linkWatch, dumps{
			func(w *watchScript, d *dumpScript) { d.interrupted() }, func(w *watchScript, d *dumpScript) { d.interrupted() },
			func(w *watchScript, d *dumpScript) { d.interrupted() }, func(w *watchScript, d *dumpScript) { d.interrupted() },
			func(w *watchScript, d *dumpScript) { d.interrupted() }, list(a),
		}, nil, "added 1a, synced"},
		{"a hint", &linkWatch, dumps{list(a, b), list(a)}, []step{ev(evOther, nil)}, "added 1a, added 2b, synced, removed 2b, synced"},
		{"a hint while the list came", &linkWatch, dumps{func(w *watchScript, d *dumpScript) {
			w.event(evOther, 0, nil)
			d.items(a, b).done()
		}, list(a)}, nil, "added 1a, added 2b, removed 2b, synced"},
		{"hints are for those who ask", &sharedWatch, dumps{list(a)}, []step{ev(evOther, nil)}, "added 1a, synced"},
		{"an event that cannot be read", &linkWatch, dumps{list(a), list(a, b)}, []step{
			func(w *watchScript) { w.events().push([]byte{1, 2, 3}) },
		}, "added 1a, synced, error rt-link: events: malformed event: malformed datagram: 3 bytes are too few for a message, added 2b, synced"},
		{"an event with bad attributes", &linkWatch, dumps{list(a), list(a, b), list(b)}, []step{
			ev(evNew, append(obj(2, "b"), 99, 0, 1, 0)), ev(evDel, append(obj(1, "a"), 99, 0, 1, 0)),
		}, "added 1a, synced, error rt-link: getlink: header: malformed reply: its attributes do not fit into it, added 2b, synced, " +
			"error rt-link: getlink: header: malformed reply: its attributes do not fit into it, removed 1a, synced"},
		{"an object that cannot be decoded", &linkWatch, dumps{list(a, append(b, attr(attrMTU, u16(1))...))}, []step{
			ev(evNew, obj(1, "a2", attr(attrMTU, u16(1)))), ev(evNew, obj(1, "a3")), ev(evNew, obj(2, "b2")), ev(evDel, obj(2, "b2")),
		}, "added 1a, error rt-link: getlink: mtu: malformed reply: payload of 2 bytes, want 4, synced, " +
			"error rt-link: getlink: mtu: malformed reply: payload of 2 bytes, want 4, changed - to 1a3, changed - to 2b2, removed 2b2"},
		{"an event that is too long", &linkWatch, dumps{list(a), list(b)}, []step{
			func(w *watchScript) { w.events().push(make([]byte, initialReceiveSize+1)) },
		}, "added 1a, synced, error rt-link: events: malformed event: message larger than the receive buffer: 65537 bytes for a buffer of 65536, " +
			"added 2b, removed 1a, synced"},
		{"a list that does not fit", &linkWatch, dumps{
			func(w *watchScript, d *dumpScript) { d.s.push(make([]byte, initialReceiveSize+1)) }, list(a),
		}, nil, "added 1a, synced"},
		{"events of others", &linkWatch, dumps{list(a)}, []step{
			func(w *watchScript) {
				w.events().pushFrom(datagram{b: frame(evDel, 0, 0, 0, a), from: 42})
				w.event(evNew, 0, obj(2, "b", attr(attrLinkinfo, []byte("x"))))
				w.event(evNew, 0, append([]byte{7}, obj(3, "bridge")[1:]...))
				w.event(typeDone, 0, u32(0))
			},
		}, `added 1a, synced, added 2b+""`},

		{"shared: apart by a field", &sharedWatch, dumps{list(obj(1, "a", via("x")))}, []step{
			ev(evNew, obj(1, "a", via("y"))), ev(evDel, obj(1, "a", via("x"))), replace(obj(1, "a", via("z"))),
		}, `added 1a+"x", synced, added 1a+"y", removed 1a+"x", changed 1a+"y" to 1a+"z"`},
		{"shared: unclear which is replaced", &sharedWatch, dumps{
			list(obj(1, "a", via("x")), obj(1, "b", via("y"))), list(obj(1, "c", via("y")), obj(1, "b", via("y"))),
		}, []step{replace(obj(1, "c", via("y")))},
			`added 1a+"x", added 1b+"y", synced, changed 1a+"x" to 1c+"y", synced`},
		{"shared: unclear whether another form", &sharedWatch, dumps{list(a), list(obj(1, "a2"), obj(1, "a3"))}, []step{
			ev(evNew, obj(1, "a2")),
		}, "added 1a, synced, removed 1a, added 1a3, added 1a2, synced"},
		{"shared: a part is removed", &sharedWatch, dumps{list(obj(1, "ab")), list(obj(1, "b"))}, []step{ev(evDel, obj(1, "a"))},
			"added 1ab, synced, changed 1ab to 1b, synced"},
		{"shared: removed while the list came", &sharedWatch, dumps{func(w *watchScript, d *dumpScript) {
			w.event(evDel, 0, b)
			d.items(a, b).done()
		}, list(a)}, nil, "added 1a, synced"},
		{"shared: replaced while the list came", &sharedWatch, dumps{list(a, b), func(w *watchScript, d *dumpScript) {
			w.event(evNew, uint16(Replace), obj(2, "b2"))
			d.items(a, b).done()
		}}, []step{overrun}, "added 1a, added 2b, synced, changed 2b to 2b2, synced"},
		{"shared: the list has what an event may have replaced", &sharedWatch, dumps{func(w *watchScript, d *dumpScript) {
			w.event(evNew, uint16(Replace), obj(2, "b2"))
			d.items(a, b).done()
		}, list(a, obj(2, "b2"))}, nil, "added 2b2, added 1a, synced"},
		{"shared: the list is ahead of the event that replaces", &sharedWatch, dumps{list(a), func(w *watchScript, d *dumpScript) {
			d.items(obj(1, "a2"))
			d.done()
		}}, []step{overrun, replace(obj(1, "a2"))}, "added 1a, synced, changed 1a to 1a2, synced"},
		{"shared: the event that replaces comes after its object was listed", &sharedWatch, dumps{list(a), func(w *watchScript, d *dumpScript) {
			d.items(obj(1, "a2"), b)
			w.later = func() { w.event(evNew, uint16(Replace), obj(1, "a2")); d.done() }
		}, list(obj(1, "a2"), b)}, []step{overrun}, "added 1a, synced, added 2b, changed 1a to 1a2, synced"},
		{"shared: overrun", &sharedWatch, dumps{list(obj(1, "a", via("x")), obj(1, "b", via("y"))), list(obj(1, "b", via("y")), obj(1, "c"), obj(1, "d"))},
			[]step{overrun}, `added 1a+"x", added 1b+"y", synced, removed 1a+"x", added 1d, added 1c, synced`},
		{"twins", &twinWatch, dumps{list(a, a), list(a), list()}, []step{ev(evDel, a), ev(evNew, a), ev(evDel, a)},
			"added 1a, synced, synced, removed 1a, synced"},
		{"twins: an object takes its own place", &twinWatch, dumps{list(a)}, []step{replace(a), ev(evDel, a)},
			"added 1a, synced, removed 1a"},
		{"twins: an object becomes what another is", &twinWatch, dumps{
			list(a, obj(1, "a2")), list(obj(1, "a2"), obj(1, "a2")), list(obj(1, "a2")),
		}, []step{replace(obj(1, "a2")), ev(evDel, obj(1, "a2")), ev(evDel, obj(1, "a2"))},
			"added 1a, added 1a2, synced, removed 1a, synced, synced, removed 1a2"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := &watchScript{t: t, dumps: tt.dumps}
			w.kern = &fakeKernel{serve: w.serve}
			conn := connectFake(t, &linkFamily, w.kern)
			limited, cancel := context.WithTimeout(ctx, 10*time.Second)
			defer cancel()
			var got []string
			steps := tt.steps
			w.kern.idle = func(s *fakeSocket) { // nothing is left to receive
				switch {
				case s != w.kern.sockets[1]:
					if later := w.later; later != nil {
						w.later = nil
						later()
					}
				case len(steps) > 0:
					next := steps[0]
					steps = steps[1:]
					next(w)
				default:
					cancel()
				}
			}
			for c, err := range Watch[link, link](limited, conn, &opGetLink, tt.info, nil) {
				if errors.Is(err, context.Canceled) {
					break
				}
				got = append(got, changeText(c, err))
			}
			if diff := cmp.Diff(removedSorted(strings.Split(tt.want, ", ")), removedSorted(strings.Split(strings.Join(got, ", "), ", "))); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
			if len(w.dumps) > 0 || len(steps) > 0 {
				t.Errorf("%d lists were not asked for, %d steps not made", len(w.dumps), len(steps))
			}
		})
	}
}

func TestWatchRequest(t *testing.T) {
	w := &watchScript{t: t, dumps: []func(*watchScript, *dumpScript){list(obj(1, "a"), obj(2, "b", attr(attrLinkinfo, []byte("x"))))}}
	w.kern = &fakeKernel{serve: w.serve}
	conn := connectFake(t, &linkFamily, w.kern)
	watch := func(req *link) string {
		for c, err := range Watch[link, link](ctx, conn, &opGetLink, &linkWatch, req) {
			return changeText(c, err)
		}
		return ""
	}
	tests := []struct {
		name string
		req  *link
		want string
	}{
		{"filter that is applied to the list too", &link{Unknown: attr(attrLinkinfo, []byte("x"))}, `added 2b+""`},
		{"filter that events do not have", &link{Ifname: Some("a")}, "error rt-link: getlink: a watch cannot be limited by all that the request says: unsupported operation"},
		{"request that cannot be encoded", &link{MTU: U32(1)}, "error rt-link: getlink: mtu: 1 is below the minimum 68"},
	}
	for _, tt := range tests {
		if got := watch(tt.req); got != tt.want {
			t.Errorf("%s: got %s, want %s", tt.name, got, tt.want)
		}
	}
	if n := w.kern.open(); n > 1 {
		t.Errorf("%d sockets are open, want that of the Conn at most", n)
	}
	conn.Close()
	if got := watch(nil); got != "error rt-link: subscribe: use of closed network connection" {
		t.Errorf("closed: %s", got)
	}
}

func TestWatchEnds(t *testing.T) {
	w := &watchScript{t: t}
	fail := func(w *watchScript, d *dumpScript) { d.s.push(errorReply(d.req, -95)) }
	w.dumps = []func(*watchScript, *dumpScript){list(), list(), fail}
	w.kern = &fakeKernel{serve: w.serve}
	conn := connectFake(t, &linkFamily, w.kern)
	last := func(ctx context.Context, synced func()) (err error) {
		for c, e := range Watch[link, link](ctx, conn, &opGetLink, &linkWatch, nil) {
			if err = e; c.Kind == Synced {
				synced()
			}
		}
		return err
	}
	canceled, cancel := context.WithCancel(ctx)
	if err := last(canceled, cancel); !errors.Is(err, context.Canceled) {
		t.Errorf("canceled: %v", err)
	}
	w.kern.sockets = w.kern.sockets[:1] // events asks for the second
	w.dumps = w.dumps[1:]
	if err := last(ctx, func() {}); !errors.Is(err, syscall.EOPNOTSUPP) {
		t.Errorf("refused: %v", err)
	}
	w.dumps = append(w.dumps, list())
	if err := last(ctx, func() { time.AfterFunc(time.Millisecond, func() { conn.Close() }) }); err == nil || !strings.Contains(err.Error(), "closed") {
		t.Errorf("closed: %v", err)
	}
}

func TestFieldKeys(t *testing.T) {
	// Absent, empty and set fields, and lengths, make different keys.
	fields := []Field{{Path: []uint16{1}}, {Path: []uint16{2, 3}}, {Offset: 0, Size: 4}}
	bodies := [][]byte{
		u32(1),
		append(u32(1), attr(1)...),
		append(u32(1), attr(1, []byte{0xff, 0xff})...),
		append(u32(1), attr(2, attr(3, []byte{1}))...),
		append(u32(1), attr(2, attr(3, []byte{1, 0}))...),
		append(u32(1), attr(1, []byte{1})...),
		u32(2),
	}
	seen := map[string]int{}
	for i, b := range bodies {
		var key []byte
		for _, f := range fields {
			key = f.appendKey(key, b, 4)
		}
		if j, twice := seen[string(key)]; twice {
			t.Errorf("bodies %d and %d have one key", j, i)
		}
		seen[string(key)] = i
	}
}

// TestWatchAllocs checks that events which change nothing cost no memory.
func TestWatchAllocs(t *testing.T) {
	for _, info := range []*WatchInfo{&linkWatch, &sharedWatch} {
		w := &watcher{conn: &Conn{family: &linkFamily}, op: &opGetLink, info: info, view: map[string]*object{}, want: make([][]byte, len(info.Filter))}
		w.tell = func(ChangeKind, []byte, []byte) error { return nil }
		w.ignore = ignoredFields(info.Ignore)
		bodies := [][]byte{obj(1, "a", attr(attrCounter, u32(1))), obj(1, "a", attr(attrCounter, u32(1)))}
		if info == &linkWatch {
			bodies[1] = obj(1, "a", attr(attrCounter, u32(2)))
		}
		i := 0
		allocs := testing.AllocsPerRun(100, func() {
			i++
			if err := w.came(bodies[i%2], 0); err != nil {
				t.Fatal(err)
			}
		})
		if allocs != 0 {
			t.Errorf("%v allocations for an event", allocs)
		}
	}
}

// removedSorted sorts the removals that stand beside each other: those that a list
// shows come in any order.
func removedSorted(changes []string) []string {
	for start := 0; start < len(changes); start++ {
		end := start
		for end < len(changes) && strings.HasPrefix(changes[end], "removed ") {
			end++
		}
		if end > start {
			slices.Sort(changes[start:end])
			start = end
		}
	}
	return changes
}
