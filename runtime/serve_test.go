package runtime

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"iter"
	"log/slog"
	"net"
	"os"
	"runtime"
	"strings"
	"testing"
	"time"
)

// linkServer is a server of the family of these tests.
type linkServer struct {
	*Server
	log bytes.Buffer
}

// wideLink is a link of which a server takes every attribute.
type wideLink struct{ link }

// Decode implements Message.
func (m *wideLink) Decode(d *Decoder) {
	strict := d.strict
	d.strict = false
	m.link.Decode(d)
	d.strict = strict
}

func (s *linkServer) getLink(ctx context.Context, req *wideLink) (*link, error) {
	switch name := req.Ifname.Value(); name {
	case "panic":
		panic("oops")
	case "exit":
		runtime.Goexit()
	case "wait":
		<-ctx.Done()
		return nil, ctx.Err()
	case "none":
		return nil, &Error{Errno: errNoDevice, Attr: "ifname", Message: "no such link"}
	case "missing":
		return nil, &Error{Errno: errInvalid, Missing: "linkinfo.kind"}
	case "plain":
		return nil, os.ErrPermission
	case "odd":
		return nil, errors.New("no number")
	case "bad":
		return &link{MTU: U32(1)}, nil
	}
	in, _ := IncomingFrom(ctx)
	return &link{Index: in.From.PortID(), Ifname: req.Ifname}, nil
}

func (s *linkServer) echo(_ context.Context, req *link) (*link, error) { return req, nil }

func (s *linkServer) newLink(_ context.Context, req *link) error { return nil }

func (s *linkServer) dump(_ context.Context, req *link) iter.Seq2[*link, error] {
	return func(yield func(*link, error) bool) {
		for i := range 2000 {
			var err error
			m := &link{Index: uint32(i), Ifname: Some("a link of some length")}
			switch {
			case i == 1000 && req.Ifname.Value() == "interrupt":
				err = ErrDumpInterrupted
			case i == 1000 && req.Ifname.Value() == "fail":
				err = &Error{Errno: errDenied, Message: "enough", Attr: "ifname"}
			case i == 1000 && req.Ifname.Value() == "panic":
				panic("oops")
			}
			if !yield(m, err) {
				return
			}
		}
	}
}

func serveLinks(t testing.TB, f *Family, opts ...ServeOption) *linkServer {
	s := new(linkServer)
	log := slog.New(slog.NewTextHandler(&s.log, nil))
	s.Server = NewServer(f, Service{
		Groups: []Group{{Name: "links"}},
		Handlers: []Handler{
			HandleDo(&opGetLink, s.getLink), HandleDump(&opGetLink, s.dump),
			HandleExec(&opNewLink, s.newLink), HandleDo(&opEcho, s.echo), HandleDump(&opList, s.dump),
		},
	}, append(opts, ServeLogger(log))...)
	t.Cleanup(func() { s.Close() })
	return s
}

func (s *linkServer) conn(t testing.TB, opts ...Option) *Conn {
	t.Helper()
	c, err := s.Dial(opts...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

func TestServeErrors(t *testing.T) {
	for _, tt := range []struct{ name, want string }{
		{"panic", `rt-link: getlink: input/output error (kernel: "internal error of the server")`},
		{"exit", `rt-link: getlink: input/output error (kernel: "the handler ended its goroutine")`},
		{"none", `rt-link: getlink: ifname: no such device (kernel: "no such link")`},
		{"missing", `rt-link: getlink: linkinfo.kind is missing: invalid argument`},
		{"plain", `rt-link: getlink: operation not permitted (kernel: "permission denied")`},
		{"odd", `rt-link: getlink: input/output error (kernel: "no number")`},
		{"bad", `rt-link: getlink: input/output error (kernel: "malformed reply: 1 is below the minimum 68")`},
	} {
		for _, whole := range []bool{false, true} {
			t.Run(fmt.Sprint(tt.name, whole), func(t *testing.T) {
				var opts []ServeOption
				if whole {
					opts = append(opts, ServeWholeRequests())
				}
				s := serveLinks(t, &linkFamily, opts...)
				c := s.conn(t)
				req := &link{Ifname: Some(tt.name), Unknown: attr(attrLinkinfo|Nested, attr(1, cstr("veth")))}
				if tt.name == "missing" {
					req.Unknown = attr(attrLinkinfo | Nested)
				}
				_, err := Do[link](ctx, c, &opGetLink, req)
				if err == nil || err.Error() != tt.want {
					t.Errorf("got  %v\nwant %s", err, tt.want)
				}
				if rep, err := Do[link](ctx, c, &opGetLink, &link{Ifname: Some("x")}); err != nil || rep.Ifname.Value() != "x" {
					t.Errorf("after an error: %v, %v", rep, err)
				}
				s.Close()
				logged := tt.name == "panic" || tt.name == "bad"
				if got := strings.Contains(s.log.String(), "op=getlink"); got != logged {
					t.Errorf("log: %s", s.log.String())
				}
			})
		}
	}
}

func TestServeEcho(t *testing.T) {
	c := serveLinks(t, &linkFamily).conn(t)
	for _, flags := range []Flags{0, Echo} {
		reply, err := Do[link](ctx, c, &opEcho, &link{Ifname: Some("x")}, flags|Replace|Excl)
		if err != nil || (reply != nil) != (flags == Echo) {
			t.Errorf("flags %v: %v, %v", flags, reply, err)
		}
	}
	if err := Exec(ctx, c, &opNewLink, &link{}); err != nil {
		t.Error(err)
	}
	if err := Exec(ctx, c, &opAudit, &link{}); !errors.Is(err, errors.ErrUnsupported) {
		t.Errorf("an operation that the server lacks: %v", err)
	}
}

// TestServeUnflagged has dumps that are asked for without the flag of dumps.
func TestServeUnflagged(t *testing.T) {
	c := serveLinks(t, &linkFamily).conn(t)
	if list, err := All[link, link](ctx, c, &opList, nil); err != nil || len(list) != 2000 {
		t.Errorf("%d links, %v", len(list), err)
	}
	flagged := opList
	flagged.Unflagged = false
	if _, err := All[link, link](ctx, c, &flagged, nil); !errors.Is(err, errors.ErrUnsupported) {
		t.Errorf("with the flag: %v", err)
	}
	unflagged := opGetLink
	unflagged.Unflagged = true
	list, err := All[link](ctx, c, &unflagged, &link{Ifname: Some("none")})
	if len(list) != 0 || !errors.Is(err, Errno(errNoDevice)) {
		t.Errorf("a getter: %d links, %v", len(list), err)
	}
}

func TestServeDump(t *testing.T) {
	s := serveLinks(t, &linkFamily)
	c := s.conn(t, WithReceiveBuffer(4<<10), WithDumpRetries(1))
	for _, tt := range []struct {
		name  string
		count int
		is    error
	}{
		{"", 2000, nil},
		{"interrupt", 1999, ErrDumpInterrupted},
		{"fail", 1000, os.ErrPermission},
		{"panic", 1000, errIO},
	} {
		list, err := All[link](ctx, c, &opGetLink, &link{Ifname: Some(tt.name)})
		if len(list) != tt.count || !errors.Is(err, tt.is) {
			t.Errorf("%s: %d links, %v", tt.name, len(list), err)
		}
	}
	// A dump that is left does not keep the server busy.
	for range Dump[link](ctx, c, &opGetLink, &link{}) {
		break
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
}

func TestServeOrder(t *testing.T) {
	c := serveLinks(t, &linkFamily).conn(t)
	b := c.Batch(ctx)
	replies := make([]link, 1000)
	for i := range replies {
		Queue(b, &opGetLink, &link{Ifname: Some(fmt.Sprint(i))}, &replies[i])
	}
	if err := b.Wait(); err != nil {
		t.Fatal(err)
	}
	for i := range replies {
		if replies[i].Ifname.Value() != fmt.Sprint(i) {
			t.Fatalf("reply %d: %v", i, replies[i])
		}
	}
}

func TestServeClose(t *testing.T) {
	s := serveLinks(t, &linkFamily)
	c := s.conn(t)
	sub, err := c.Subscribe(Group{Value: 1})
	if err != nil {
		t.Fatal(err)
	}
	failed := make(chan error)
	go func() {
		_, err := Do[link](ctx, c, &opGetLink, &link{Ifname: Some("wait")})
		failed <- err
	}()
	time.Sleep(10 * time.Millisecond)
	if err := errors.Join(s.Close(), s.Close()); err != nil {
		t.Error(err)
	}
	if err := <-failed; err == nil {
		t.Error("no error of a call under way")
	}
	for _, err := range sub.Events(ctx) {
		if !errors.Is(err, errRefused) {
			t.Errorf("subscription: %v", err)
		}
		break
	}
	if _, err := s.Dial(); !errors.Is(err, errRefused) {
		t.Errorf("dial: %v", err)
	}
	if err := s.Notify(Group{Value: 1}, new(link)); !errors.Is(err, net.ErrClosed) {
		t.Errorf("notify: %v", err)
	}
	if _, err := s.Listen(2, 0); err == nil {
		t.Error("listen: no error")
	}
}

func TestServeTimeout(t *testing.T) {
	c := serveLinks(t, &linkFamily).conn(t, WithTimeout(20*time.Millisecond))
	_, err := Do[link](ctx, c, &opGetLink, &link{Ifname: Some("wait")})
	if !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v", err)
	}
}

func TestServeGeneric(t *testing.T) {
	s := serveLinks(t, &genlFamily)
	c := s.conn(t)
	sub, err := c.Subscribe(Group{Name: "links"})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Notify(Group{Name: "links"}, &link{Index: 3}); err != nil {
		t.Fatal(err)
	}
	for ev, err := range sub.Stream(ctx) {
		if l, ok := ev.Message.(*link); err != nil || !ok || l.Index != 3 || ev.Group != 1 {
			t.Errorf("got %+v, %v", ev, err)
		}
		break
	}
	if err := s.Notify(Group{Name: "others"}, new(link)); !errors.Is(err, errors.ErrUnsupported) {
		t.Errorf("no such group: %v", err)
	}
	if err := s.Notify(Group{Name: "links"}, new(UnknownEvent)); err == nil {
		t.Error("no event of the family, and no error")
	}
	if err := s.Notify(Group{Name: "links"}, &link{MTU: U32(1)}); err == nil || !strings.Contains(err.Error(), "mtu") {
		t.Errorf("an event that breaks the rules: %v", err)
	}
	other := genlFamily
	other.Name = "other"
	if _, err := Dial(&other, WithPeer(s)); !errors.Is(err, ErrFamilyNotFound) {
		t.Errorf("no such family: %v", err)
	}
	families, err := All[controlReply](ctx, s.control(t), &opGetFamily, &controlRequest{})
	if err != nil || len(families) != 2 || families[0].name.Value() != "fake" || len(families[0].groups) != 1 {
		t.Errorf("nlctrl lists %+v, %v", families, err)
	}
	_, err = Do[controlReply](ctx, s.control(t), &opGetFamily, &controlRequest{})
	if err == nil || !strings.Contains(err.Error(), "family-name is missing") {
		t.Errorf("nlctrl without a name: %v", err)
	}
}

// control returns a connection to the server's nlctrl.
func (s *linkServer) control(t testing.TB) *Conn {
	t.Helper()
	c, err := Dial(&controlFamily, WithPeer(s))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

func TestServeOverrun(t *testing.T) {
	s := serveLinks(t, &linkFamily)
	c := s.conn(t, WithReceiveBuffer(2<<10))
	sub, err := c.Subscribe(Group{Value: 1})
	if err != nil {
		t.Fatal(err)
	}
	for i := range 100 {
		if err := s.Notify(Group{Value: 1}, &link{Index: uint32(i)}); err != nil {
			t.Fatal(err)
		}
	}
	got := 0
	for _, err := range sub.Events(ctx) {
		var overrun *OverrunError
		if errors.As(err, &overrun) {
			got += int(overrun.Count)
		} else if err != nil {
			t.Fatal(err)
		} else {
			got++
		}
		if got == 100 {
			break
		}
	}
	s.Overrun(2)
	for i := range 3 {
		_ = s.Notify(Group{Value: 1}, &link{Index: uint32(i)})
	}
	var seen []string
	for ev, err := range sub.Events(ctx) {
		if seen = append(seen, fmt.Sprint(ev, err)); err == nil {
			if ev.(*link).Index != 2 || len(seen) != 2 {
				t.Errorf("got %v", seen)
			}
			break
		}
	}
}

func TestServeHook(t *testing.T) {
	s := serveLinks(t, &linkFamily)
	c := s.conn(t, WithDumpRetries(2))
	faults := 0
	s.SetHook(func(_ context.Context, in Incoming) error {
		faults++
		switch {
		case faults > 2:
			return nil
		case in.Dump:
			return ErrDumpInterrupted
		}
		return errDenied
	})
	if list, err := All[link](ctx, c, &opGetLink, &link{}); err != nil || len(list) != 2000 || faults != 3 {
		t.Errorf("%d links after %d requests, %v", len(list), faults, err)
	}
	faults = 0
	if err := Exec(ctx, c, &opNewLink, &link{}); !errors.Is(err, os.ErrPermission) {
		t.Errorf("got %v", err)
	}
	s.SetHook(nil)
	if err := Exec(ctx, c, &opNewLink, &link{}); err != nil {
		t.Error(err)
	}
}

// TestServePlaces checks paths against places in both directions.
func TestServePlaces(t *testing.T) {
	b := bytes.Join([][]byte{make([]byte, headerLen+linkHeader), vethAttrs(), attr(attrMTU, u32(1)), attr(attrMTU, u32(2)),
		attr(7|Nested, attr(1|Nested, attr(1, u32(1))), attr(2|Nested, attr(1, u32(2))))}, nil)
	tr := linkFamily.requestTree(&opNewLink, b)
	var walk func(n node, path string)
	walk = func(n node, path string) {
		for _, c := range tr.children(n) {
			p := string(appendName([]byte(path), c.name))
			if got, ok := tr.place(p); !ok || got.start != c.start {
				t.Errorf("%s is at %d, found at %d", p, c.start, got.start)
			}
			walk(c, p)
		}
	}
	walk(tr.root, "")
	last, ok := tr.place("mtu")
	if second, _ := tr.place("mtu[1]"); !ok || last.start != second.start {
		t.Errorf("mtu is at %d, want the last, at %d", last.start, second.start)
	}
	for _, path := range []string{"ifname", "linkinfo.nothing", ".", "mtu[2]", "linkinfokind"} {
		if n, ok := tr.place(path); ok {
			t.Errorf("%s found at %d", path, n.start)
		}
	}
}

// FuzzServe sends any bytes to a server: it must answer, with a number that the
// kernel has for bad requests, or not at all, and serve the next request.
func FuzzServe(f *testing.F) {
	request := func(typ, flags uint16, body ...[]byte) []byte { return frame(typ, flags|flagRequest, 1, 0, body...) }
	f.Add(request(18, 0, linkBody(1, "a")), false)
	f.Add(request(18, flagDump, linkBody(1, "a")), false)
	f.Add(request(16, flagAck, make([]byte, linkHeader), vethAttrs()), false)
	f.Add(request(16, flagAck, make([]byte, linkHeader), attr(attrMTU, u32(1))), false)
	f.Add(request(20, 8, linkBody(1, "b"))[:40], false)
	f.Add(request(99, 0), false)
	f.Add(request(controlID, 0, []byte{3, 1, 0, 0}, attr(2, cstr("fake"))), true)
	f.Add(request(firstFamilyID, 0, []byte{18, 1, 0, 0}, linkBody(1, "a")), true)
	f.Add(request(firstFamilyID, 0, []byte{18}), true)
	f.Add(request(firstFamilyID, flagAck, []byte{19, 1, 0, 0}), true)
	f.Fuzz(func(t *testing.T, b []byte, generic bool) {
		family := &linkFamily
		if generic {
			family = &genlFamily
		}
		s := serveLinks(t, family)
		c := s.conn(t, WithTimeout(10*time.Second))
		var sink answers
		x := newExchange(s.Server, Requester{&sink, 1})
		x.packet(packet{b: bytes.Clone(b)})
		for _, m := range sink {
			sink.check(t, m, b)
		}
		if _, err := Do[link](ctx, c, &opGetLink, &link{Ifname: Some("x")}); err != nil {
			t.Errorf("the next request: %v", err)
		}
	})
}

// answers is a carrier that keeps what it is sent.
type answers []message

func (a *answers) send(_ uint32, b []byte) error {
	for b = bytes.Clone(b); len(b) > 0; {
		m, rest, err := splitMessage(b)
		if err != nil {
			return err
		}
		*a = append(*a, m)
		b = rest
	}
	return nil
}

func (a *answers) publish(uint32, []byte) error { return nil }
func (a *answers) part(uint32) int              { return minPart }
func (a *answers) close() error                 { return nil }

func (a *answers) check(t *testing.T, m message, request []byte) {
	if m.Type != typeError && m.Type != typeDone {
		return
	}
	x, err := parseExtack(&m)
	if err != nil {
		t.Fatal(err)
	}
	switch x.errno {
	case 0, errInvalid, errRange, errNoSupport, errNoEntry, errNoDevice, errDenied, errIO:
	default:
		t.Errorf("errno %v", x.errno)
	}
	if x.offset >= len(request) {
		t.Errorf("offset %d of a request of %d bytes", x.offset, len(request))
	}
}
