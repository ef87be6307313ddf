package runtime

import (
	"net"
	"os"
	"slices"
	"sync"
	"testing"
	"time"
)

// A fakeKernel is a transport whose sockets answer by a script: serve is called
// with each request and queues what comes back.
type fakeKernel struct {
	serve    func(s *fakeSocket, req message)
	families map[string]familyInfo
	idle     func(s *fakeSocket) // called before a receive that would wait

	mu      sync.Mutex
	sockets []*fakeSocket
}

func (k *fakeKernel) dial(socketOptions) (socket, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	s := &fakeSocket{kernel: k, pid: uint32(1000 + len(k.sockets)), joined: map[uint32]bool{}}
	s.cond = sync.NewCond(&s.mu)
	k.sockets = append(k.sockets, s)
	return s, nil
}

func (k *fakeKernel) family(name string) (familyInfo, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	f, ok := k.families[name]
	if !ok {
		return f, &familyError{name, Errno(errNoEntry)}
	}
	return f, nil
}

func (k *fakeKernel) setFamily(name string, f familyInfo) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.families[name] = f
}

func (k *fakeKernel) close() error { return nil }

// open counts the sockets that are open.
func (k *fakeKernel) open() int {
	k.mu.Lock()
	defer k.mu.Unlock()
	n := 0
	for _, s := range k.sockets {
		s.mu.Lock()
		if !s.closed {
			n++
		}
		s.mu.Unlock()
	}
	return n
}

func (k *fakeKernel) last() *fakeSocket {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.sockets[len(k.sockets)-1]
}

// A datagram is what a receive returns.
type datagram struct {
	b      []byte
	from   uint32
	err    error
	origin origin
}

type fakeSocket struct {
	kernel *fakeKernel
	pid    uint32

	mu       sync.Mutex
	cond     *sync.Cond
	queue    []datagram
	deadline time.Time
	closed   bool
	sends    int
	lost     uint32
	joined   map[uint32]bool
	about    origin
}

func (s *fakeSocket) send(b []byte) error {
	s.mu.Lock()
	s.sends++
	s.mu.Unlock()
	for rest := slices.Clone(b); len(rest) > 0; {
		m, next, err := splitMessage(rest)
		if err != nil {
			return err
		}
		s.kernel.serve(s, m)
		rest = next
	}
	return nil
}

func (s *fakeSocket) receive(buf []byte) (int, uint32, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for told := false; ; {
		switch {
		case s.closed:
			return 0, 0, net.ErrClosed
		case !s.deadline.IsZero() && !time.Now().Before(s.deadline):
			return 0, 0, os.ErrDeadlineExceeded
		case len(s.queue) > 0:
			return s.take(buf)
		}
		if idle := s.kernel.idle; idle != nil && !told {
			told = true
			s.mu.Unlock()
			idle(s)
			s.mu.Lock()
			continue
		}
		s.cond.Wait()
	}
}

func (s *fakeSocket) poll(buf []byte) (int, uint32, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.closed:
		return 0, 0, net.ErrClosed
	case len(s.queue) > 0:
		return s.take(buf)
	}
	return 0, 0, errNothing
}

func (s *fakeSocket) take(buf []byte) (int, uint32, error) {
	d := s.queue[0]
	s.queue = s.queue[1:]
	copy(buf, d.b)
	s.about = d.origin
	return len(d.b), d.from, d.err
}

func (s *fakeSocket) origin() origin { return s.about }

func (s *fakeSocket) setDeadline(t time.Time) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.deadline = t
	if !t.IsZero() {
		time.AfterFunc(time.Until(t), s.cond.Broadcast)
	}
	s.cond.Broadcast()
	return nil
}

func (s *fakeSocket) change(f func()) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	f()
	s.cond.Broadcast()
	return nil
}

func (s *fakeSocket) join(group uint32) error              { return s.change(func() { s.joined[group] = true }) }
func (s *fakeSocket) leave(group uint32) error             { return s.change(func() { delete(s.joined, group) }) }
func (s *fakeSocket) portID() uint32                       { return s.pid }
func (s *fakeSocket) waits() bool                          { return false }
func (s *fakeSocket) raise(receive, send int) (int, error) { return receive, nil }
func (s *fakeSocket) drops() (uint32, error)               { return s.lost, nil }
func (s *fakeSocket) close() error                         { return s.change(func() { s.closed = true }) }

// push queues datagrams, one of each slice of messages.
func (s *fakeSocket) push(datagrams ...[]byte) {
	for _, b := range datagrams {
		s.pushFrom(datagram{b: b})
	}
}

func (s *fakeSocket) pushFrom(d datagram) {
	_ = s.change(func() { s.queue = append(s.queue, d) })
}

// dialFake returns a Conn for f to a kernel that answers by serve.
func dialFake(t testing.TB, f *Family, serve func(s *fakeSocket, req message), opts ...Option) (*Conn, *fakeKernel) {
	t.Helper()
	k := &fakeKernel{serve: serve, families: map[string]familyInfo{}}
	return connectFake(t, f, k, opts...), k
}

func connectFake(t testing.TB, f *Family, k *fakeKernel, opts ...Option) *Conn {
	t.Helper()
	cfg := config{dumpRetries: defaultDumpRetries}
	for _, o := range opts {
		o(&cfg)
	}
	c, err := connect(f, k, cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

// answer returns a message that answers req.
func answer(req message, typ, flags uint16, body ...[]byte) []byte {
	return frame(typ, flags, req.Sequence, req.PortID, body...)
}

// frame returns a message.
func frame(typ, flags uint16, seq, pid uint32, body ...[]byte) []byte {
	payload := slices.Concat(body...)
	b := native.AppendUint32(nil, uint32(headerLen+len(payload)))
	b = native.AppendUint16(b, typ)
	b = native.AppendUint16(b, flags)
	b = native.AppendUint32(b, seq)
	b = native.AppendUint32(b, pid)
	return append(b, payload...)
}

// errorReply returns NLMSG_ERROR with the header of req and extack attributes.
func errorReply(req message, errno int32, tlvs ...[]byte) []byte {
	flags := uint16(flagCapped)
	if len(tlvs) > 0 {
		flags |= flagTLVs
	}
	body := append([][]byte{u32(uint32(errno)), req.raw[:headerLen]}, tlvs...)
	return answer(req, typeError, flags, body...)
}

// doneReply returns NLMSG_DONE with extack attributes.
func doneReply(req message, errno int32, flags uint16, tlvs ...[]byte) []byte {
	if len(tlvs) > 0 {
		flags |= flagTLVs
	}
	return answer(req, typeDone, flags|flagMulti, append([][]byte{u32(uint32(errno))}, tlvs...)...)
}

func u16(v uint16) []byte { return native.AppendUint16(nil, v) }
func u32(v uint32) []byte { return native.AppendUint32(nil, v) }

// attr returns an attribute with its padding.
func attr(id uint16, payload ...[]byte) []byte {
	p := slices.Concat(payload...)
	b := append(u16(uint16(attrHeaderLen+len(p))), u16(id)...)
	b = append(b, p...)
	return append(b, make([]byte, align4(len(p))-len(p))...)
}

func cstr(s string) []byte { return append([]byte(s), 0) }

// link is a message as generated code has them.
type link struct {
	Index   uint32
	Ifname  Opt[string]
	MTU     Opt[uint32]
	Unknown RawAttrs
}

const linkHeader = 16

func (m *link) Encode(e *Encoder, b []byte) []byte {
	b, header := Grow(b, linkHeader)
	native.PutUint32(header[4:], m.Index)
	b = AppendString(e, b, attrIfname, m.Ifname)
	CheckMin(e, len(b), m.MTU, 68)
	b = AppendU32(b, attrMTU, m.MTU)
	return AppendRaw(b, m.Unknown)
}

func (m *link) Decode(d *Decoder) {
	m.Index = native.Uint32(d.Take(linkHeader)[4:])
	for d.Next() {
		switch d.ID() {
		case attrIfname:
			GetString(d, &m.Ifname)
		case attrMTU:
			GetU32(d, &m.MTU)
		default:
			d.Unknown(&m.Unknown)
		}
	}
}

const (
	attrIfname   = 3
	attrMTU      = 4
	attrLinkinfo = 18
	attrPropList = 52
)

const (
	setNone = iota
	setLink
	setLinkinfo
	setVeth
	setVLAN
	setEntry
)

// linkSchema has one attribute of each type that leads to others.
var linkSchema = Schema{
	Sets: []AttrSet{
		setLink: {Name: "link-attrs", Attrs: []Attr{
			{ID: attrIfname, Name: "ifname", Type: TypeString},
			{ID: attrMTU, Name: "mtu", Type: TypeU32},
			{ID: 5, Name: "mode", Type: TypeU8},
			{ID: 6, Name: "mode-data", Type: TypeSub, Sub: 1, Selector: "mode"},
			{ID: 7, Name: "ops", Type: TypeIndexed, Set: setEntry},
			{ID: 8, Name: "numbers", Type: TypeIndexed},
			{ID: 9, Name: "policy", Type: TypeChain, Set: setEntry, Skip: 2},
			{ID: 10, Name: "hops", Type: TypeRecords, Set: setEntry, Skip: 8},
			{ID: 11, Name: "up", Type: TypeFlag},
			{ID: 12, Name: "outer-data", Type: TypeNest, Set: setVLAN},
			{ID: attrLinkinfo, Name: "linkinfo", Type: TypeNest, Set: setLinkinfo},
		}},
		setLinkinfo: {Name: "linkinfo-attrs", Attrs: []Attr{
			{ID: 1, Name: "kind", Type: TypeString},
			{ID: 2, Name: "data", Type: TypeSub, Sub: 0, Selector: "kind"},
		}},
		setVeth: {Name: "veth-attrs", Attrs: []Attr{
			{ID: 1, Name: "peer", Type: TypeNest, Set: setLink, Skip: linkHeader},
		}},
		setVLAN: {Name: "vlan-attrs", Attrs: []Attr{
			{ID: 1, Name: "id", Type: TypeU16},
			{ID: 2, Name: "by-mode", Type: TypeSub, Sub: 1, Selector: "mode"},
		}},
		setEntry: {Name: "entry-attrs", Attrs: []Attr{
			{ID: 1, Name: "id", Type: TypeU32},
			{ID: 2, Name: "via", Type: TypeAddr},
		}},
	},
	Subs: []SubMessage{
		{Name: "linkinfo-data", Formats: []Format{{Value: "veth", Set: setVeth}, {Value: "vlan", Set: setVLAN}}},
		{Name: "mode-data", Formats: []Format{
			{Value: "plain", Number: 1, Set: setEntry},
			{Value: "headed", Number: 2, Header: 4, Set: setEntry},
		}},
	},
}

var (
	opGetLink = Op{Name: "getlink", Request: 18, Reply: 16, Set: setLink, Header: linkHeader, NoAck: true}
	opNewLink = Op{Name: "newlink", Request: 16, Set: setLink, Header: linkHeader, NoReply: true}
	opAudit   = Op{Name: "audit", Request: 19, Set: setLink, Header: linkHeader}
	opEcho    = Op{Name: "echo", Request: 20, Set: setLink, Header: linkHeader, Optional: true}
	opList    = Op{Name: "list", Request: 21, Reply: 16, Set: setLink, Header: linkHeader, Unflagged: true}
)

var linkFamily = Family{
	Name:   "rt-link",
	Schema: &linkSchema,
	Ops:    []*Op{&opGetLink, &opNewLink, &opAudit, &opEcho, &opList},
	Events: []EventInfo{{ID: 16, Name: "newlink-ntf", Set: setLink, Header: linkHeader, New: func() Message { return new(link) }}},
}

var genlFamily = Family{
	Name: "fake", Protocol: genericProtocol, Version: 2, Schema: &linkSchema,
	Events: []EventInfo{{ID: 16, Name: "newlink-ntf", Set: setLink, Header: linkHeader, New: func() Message { return new(link) }}},
}

// linkBody returns the body of a link message.
func linkBody(index uint32, name string) []byte {
	b, err := Marshal(&link{Index: index, Ifname: Some(name)})
	if err != nil {
		panic(err)
	}
	return b
}
