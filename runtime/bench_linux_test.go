package runtime

import (
	"testing"

	"golang.org/x/sys/unix"

	"github.com/nlgen/nlgen/internal/netns"
)

// maxDoAllocs is what a call allocates that is answered by its reply: the reply.
const maxDoAllocs = 1

func TestDoAllocs(t *testing.T) {
	c := dialNS(t, netns.New(t), &linkFamily)
	req := &link{Index: 1}
	allocs := testing.AllocsPerRun(100, func() {
		if _, err := Do[shortLink](ctx, c, &opGetLink, req); err != nil {
			t.Fatal(err)
		}
	})
	if allocs > maxDoAllocs {
		t.Errorf("%v allocations per call, want %d", allocs, maxDoAllocs)
	}
}

// TestIntoAllocs has calls decode into one message again and again.
func TestIntoAllocs(t *testing.T) {
	c := dialNS(t, netns.New(t), &linkFamily)
	req := &link{Index: 1}
	var d Decoder
	opts := []CallOption{Into(&d)}
	var last *shortLink
	allocs := testing.AllocsPerRun(100, func() {
		l, err := Do[shortLink](ctx, c, &opGetLink, req, opts...)
		if err != nil || l.Ifname != Some("lo") || last != nil && l != last {
			t.Fatal(l, last, err)
		}
		last = l
	})
	if allocs != 0 {
		t.Errorf("%v allocations per call, want none", allocs)
	}
	for _, err := range Dump[shortLink, link](ctx, c, &opGetLink, nil, opts...) {
		if err != nil {
			t.Error(err)
		}
	}
	if last.Ifname != Some("lo") {
		t.Errorf("a dump has used the storage of a call: %v", last)
	}
}

func TestDumpAllocs(t *testing.T) {
	const links = 61
	c := dialNS(t, newVeths(t, (links-1)/2), &linkFamily)
	count := func() (n int) {
		for _, err := range Dump[shortLink, link](ctx, c, &opGetLink, nil) {
			if err != nil {
				t.Fatal(err)
			}
			n++
		}
		return n
	}
	if n := count(); n != links {
		t.Fatalf("%d links, want %d", n, links)
	}
	// The stream, the request and slices of items that double in size.
	if allocs := testing.AllocsPerRun(20, func() { count() }); allocs > links/4 {
		t.Errorf("%v allocations for %d links", allocs, links)
	}
}

// shortLink keeps nothing of a reply that needs memory beside it.
type shortLink struct {
	Index  uint32
	Ifname Opt[string]
	MTU    Opt[uint32]
}

func (m *shortLink) Encode(_ *Encoder, b []byte) []byte { return b }

func (m *shortLink) Decode(d *Decoder) {
	m.Index = native.Uint32(d.Take(linkHeader)[4:])
	for d.Next() {
		switch d.ID() {
		case attrIfname:
			GetString(d, &m.Ifname)
		case attrMTU:
			GetU32(d, &m.MTU)
		}
	}
}

func BenchmarkDo(b *testing.B) {
	c := dialNS(b, netns.New(b), &linkFamily)
	req := &link{Index: 1}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Do[shortLink](ctx, c, &opGetLink, req); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkLimit is the floor of BenchmarkDo: the two system calls.
func BenchmarkLimit(b *testing.B) {
	var fd int
	netns.New(b).Do(func() {
		var err error
		if fd, err = unix.Socket(unix.AF_NETLINK, unix.SOCK_RAW, unix.NETLINK_ROUTE); err != nil {
			b.Fatal(err)
		}
	})
	defer unix.Close(fd)
	body, err := Marshal(&link{Index: 1})
	if err != nil {
		b.Fatal(err)
	}
	req := frame(opGetLink.Request, flagRequest, 1, 0, body)
	buf := make([]byte, initialReceiveSize)
	for b.Loop() {
		if err := unix.Send(fd, req, 0); err != nil {
			b.Fatal(err)
		}
		if _, err := unix.Read(fd, buf); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkDump(b *testing.B) {
	c := dialNS(b, newVeths(b, 50), &linkFamily)
	b.ReportAllocs()
	for b.Loop() {
		for _, err := range Dump[shortLink, link](ctx, c, &opGetLink, nil) {
			if err != nil {
				b.Fatal(err)
			}
		}
	}
}
