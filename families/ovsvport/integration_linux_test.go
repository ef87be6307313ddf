package ovsvport

import (
	"errors"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/nlgen/nlgen/families/ovsdatapath"
	"github.com/nlgen/nlgen/internal/familytest"
	"github.com/nlgen/nlgen/internal/netns"
	nl "github.com/nlgen/nlgen/runtime"
)

// setup makes a datapath dp0 and links v0 and v1.
func setup(t *testing.T) (*Client, Header) {
	t.Helper()
	ns := netns.New(t)
	dps, err := ovsdatapath.Dial(nl.WithNetNS(ns.Fd()))
	familytest.NeedModule(t, "openvswitch", err)
	defer dps.Close()
	dp, err := dps.New(familytest.Context(t), &ovsdatapath.NewRequest{Name: nl.Some("dp0"), UpcallPID: nl.U32(0)}, nl.Echo)
	familytest.NeedModule(t, "openvswitch", err)
	ns.Run("ip", "link", "add", "v0", "type", "veth", "peer", "name", "v1")
	c, err := Dial(nl.WithNetNS(ns.Fd()))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c, Header{DPIfindex: dp.Header.DPIfindex}
}

func add(t *testing.T, c *Client, h Header, typ Type, name string, options *Options) *NewReply {
	t.Helper()
	port, err := c.New(familytest.Context(t), &NewRequest{
		Header: h, Name: nl.Some(name), Type: nl.Some(typ), UpcallPIDs: []uint32{0}, Options: options,
	}, nl.Echo)
	if err != nil {
		t.Fatal(err)
	}
	return port
}

func TestIntegrationVport(t *testing.T) {
	c, h := setup(t)
	ctx := familytest.Context(t)
	add(t, c, h, TypeNetdev, "v0", nil)
	add(t, c, h, TypeInternal, "i0", nil)
	tunnel := &Options{DstPort: nl.U16(4790), Extension: &VXLANExtensions{GBP: true}}
	add(t, c, h, TypeVXLAN, "x0", tunnel)

	raw, err := nl.All[nl.Raw](ctx, c.conn, &opGet, &GetDumpRequest{Header: h})
	if err != nil {
		t.Fatal(err)
	}
	type port struct {
		name string
		typ  Type
	}
	got := make(map[uint32]port)
	for _, m := range raw {
		p := familytest.RoundTrip[GetReply](t, m.Payload)
		got[p.PortNo.Value()] = port{p.Name.Value(), p.Type.Value()}
		if p.Header != h || !p.Ifindex.Present() || !p.Stats.Present() || len(p.Unknown) > 0 {
			t.Errorf("port %+v", p)
		}
	}
	familytest.Equal(t, "ports", got, map[uint32]port{
		0: {"dp0", TypeInternal}, 1: {"v0", TypeNetdev}, 2: {"i0", TypeInternal}, 3: {"x0", TypeVXLAN},
	})

	x0, err := c.Get(ctx, &GetRequest{Header: h, PortNo: nl.U32(3)})
	if err != nil {
		t.Fatal(err)
	}
	familytest.Equal(t, "tunnel", x0.Options, tunnel)
	set, err := c.Set(ctx, &SetRequest{Name: nl.Some("v0"), UpcallPIDs: []uint32{7, 8}}, nl.Echo)
	if err != nil {
		t.Fatal(err)
	}
	// Only a datapath with the feature vport-pids shows more than the first.
	familytest.Equal(t, "port ids", set.UpcallPIDs, []uint32{7})
	if _, err := c.Del(ctx, &DelRequest{Header: h, PortNo: nl.U32(1)}); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Get(ctx, &GetRequest{Name: nl.Some("v0")}); !errors.Is(err, unix.ENODEV) {
		t.Errorf("get what is gone: %v", err)
	}
}

func TestIntegrationEvents(t *testing.T) {
	c, h := setup(t)
	sub, err := c.Subscribe(GroupOvsVport)
	if err != nil {
		t.Fatal(err)
	}
	defer sub.Close()
	port := add(t, c, h, TypeInternal, "i0", nil)
	familytest.Event(t, sub, func(e *NewNtf) bool { return e.Header == h && e.PortNo == port.PortNo })
	if _, err := c.Set(familytest.Context(t), &SetRequest{Header: h, PortNo: port.PortNo, UpcallPIDs: []uint32{7}}); err != nil {
		t.Fatal(err)
	}
	familytest.Event(t, sub, func(e *SetNtf) bool { return len(e.UpcallPIDs) == 1 && e.UpcallPIDs[0] == 7 })
	if _, err := c.Del(familytest.Context(t), &DelRequest{Name: nl.Some("i0")}); err != nil {
		t.Fatal(err)
	}
	familytest.Event(t, sub, func(e *DelNtf) bool { return e.PortNo == port.PortNo && e.Name.Value() == "i0" })
}

func TestIntegrationErrors(t *testing.T) {
	c, h := setup(t)
	ctx := familytest.Context(t)
	req := &NewRequest{Header: h, Name: nl.Some("v0"), Type: nl.Some(TypeNetdev), UpcallPIDs: []uint32{0}}
	for _, tt := range []struct {
		what   string
		change func(r *NewRequest)
		want   error
	}{
		{"no such device", func(r *NewRequest) { r.Name = nl.Some("missing") }, unix.ENODEV},
		{"no such datapath", func(r *NewRequest) { r.Header.DPIfindex = 9999 }, unix.ENODEV},
		{"a number that is taken", func(r *NewRequest) { r.PortNo = nl.U32(1) }, unix.EBUSY},
		{"a number that is too large", func(r *NewRequest) { r.PortNo = nl.U32(1 << 16) }, unix.EFBIG},
		{"no such type", func(r *NewRequest) { r.Type = nl.Some(Type(99)) }, unix.EAFNOSUPPORT},
		{"no type", func(r *NewRequest) { r.Type = nl.Opt[Type]{} }, unix.EINVAL},
	} {
		r := *req
		if tt.want == unix.EBUSY {
			add(t, c, h, TypeInternal, "i0", nil)
		}
		tt.change(&r)
		if _, err := c.New(ctx, &r); !errors.Is(err, tt.want) {
			t.Errorf("%s: %v, want %v", tt.what, err, tt.want)
		}
	}
	if _, err := c.Del(ctx, &DelRequest{Header: h, PortNo: nl.U32(0)}); !errors.Is(err, unix.EINVAL) {
		t.Errorf("remove the port of the datapath: %v", err)
	}
	// The client itself would not send one byte.
	short := nl.RawAttrs{5, 0, attrVportPortNo, 0, 1, 0, 0, 0}
	_, err := c.Get(ctx, &GetRequest{Header: h, Unknown: short})
	var e *nl.Error
	if !errors.As(err, &e) || e.Attr != "port-no" || e.Message == "" {
		t.Errorf("a number of one byte: %v", err)
	}
}
