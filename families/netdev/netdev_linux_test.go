package netdev

import (
	"errors"
	"os"
	"slices"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/nlgen/nlgen/internal/familytest"
	"github.com/nlgen/nlgen/internal/netns"
	nl "github.com/nlgen/nlgen/runtime"
)

// setup makes a pair of links v0, v1 of two queues each way. v0 polls them by
// itself, which it does with GRO.
func setup(t *testing.T) (*netns.NS, *Client) {
	t.Helper()
	ns := netns.New(t)
	for _, args := range []string{
		"link add v0 numtxqueues 2 numrxqueues 2 type veth peer name v1 numtxqueues 2 numrxqueues 2",
		"link set v0 up",
		"link set v1 up",
	} {
		ns.Run("ip", strings.Fields(args)...)
	}
	ns.Run("ethtool", "-K", "v0", "gro", "on")
	c, err := Dial(nl.WithNetNS(ns.Fd()))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return ns, c
}

func index(ns *netns.NS, name string) uint32 {
	var links []struct{ Ifindex uint32 }
	ns.JSON(&links, "ip", "-j", "link", "show", "dev", name)
	return links[0].Ifindex
}

func TestIntegrationDev(t *testing.T) {
	ns, c := setup(t)
	ctx := familytest.Context(t)
	raw, err := nl.All[nl.Raw](ctx, c.conn, &opDevGet, &DevGetDumpRequest{})
	if err != nil {
		t.Fatal(err)
	}
	var got []uint32
	for _, m := range raw {
		dev := familytest.RoundTrip[DevGetReply](t, m.Payload)
		got = append(got, dev.Ifindex.Value())
	}
	want := []uint32{index(ns, "lo"), index(ns, "v0"), index(ns, "v1")}
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("devices %d, ip shows %d", got, want)
	}

	v0, err := c.DevGet(ctx, &DevGetRequest{Ifindex: nl.U32(index(ns, "v0"))})
	if err != nil {
		t.Fatal(err)
	}
	if f := v0.XDPFeatures.Value(); f&XDPActBasic == 0 || f&XDPActXSKZerocopy != 0 {
		t.Errorf("XDP features of a veth: %v", f)
	}
	if meta := v0.XDPRxMetadataFeatures.Value(); meta&XDPRxMetadataTimestamp == 0 || meta&XDPRxMetadataHash == 0 {
		t.Errorf("XDP metadata of a veth: %v", meta)
	}
}

func TestIntegrationQueues(t *testing.T) {
	ns, c := setup(t)
	ctx := familytest.Context(t)
	v0 := nl.U32(index(ns, "v0"))
	queues, err := c.QueueGetAll(ctx, &QueueGetDumpRequest{Ifindex: v0})
	if err != nil {
		t.Fatal(err)
	}
	type queue struct {
		id   uint32
		kind QueueType
	}
	var got []queue
	for _, q := range queues {
		got = append(got, queue{q.ID.Value(), q.Type.Value()})
	}
	want := []queue{{0, QueueTypeRx}, {1, QueueTypeRx}, {0, QueueTypeTx}, {1, QueueTypeTx}}
	if !slices.Equal(got, want) {
		t.Errorf("queues %v, want %v", got, want)
	}
	one, err := c.QueueGet(ctx, &QueueGetRequest{Ifindex: v0, ID: nl.U32(1), Type: nl.Some(QueueTypeTx)})
	if err != nil {
		t.Fatal(err)
	}
	if one.ID.Value() != 1 || one.Type.Value() != QueueTypeTx || one.Ifindex != v0 {
		t.Errorf("queue %+v", one)
	}
	if _, err := c.QueueGet(ctx, &QueueGetRequest{Ifindex: v0, ID: nl.U32(9), Type: nl.Some(QueueTypeRx)}); !errors.Is(err, unix.EINVAL) && !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a queue that is not there: %v", err)
	}
}

func TestIntegrationNAPI(t *testing.T) {
	ns, c := setup(t)
	ctx := familytest.Context(t)
	v0 := nl.U32(index(ns, "v0"))
	all, err := c.NAPIGetAll(ctx, &NAPIGetDumpRequest{Ifindex: v0})
	if err != nil {
		t.Fatal(err)
	}
	if len(all) != 2 {
		t.Fatalf("%d instances, want one for each receive queue", len(all))
	}
	for _, n := range all {
		one, err := c.NAPIGet(ctx, &NAPIGetRequest{ID: n.ID})
		if err != nil {
			t.Fatal(err)
		}
		familytest.Equal(t, "instance by its id", one, n)
		if n.Ifindex != v0 || len(n.Unknown) > 0 {
			t.Errorf("instance %+v", n)
		}
	}
	err = c.NAPISet(ctx, &NAPISetRequest{ID: all[0].ID, GROFlushTimeout: nl.U64(12345), DeferHardIrqs: nl.U32(3)})
	if errors.Is(err, unix.EOPNOTSUPP) {
		t.Skip("kernels before 6.13 have no napi-set")
	}
	if err != nil {
		t.Fatal(err)
	}
	set, err := c.NAPIGet(ctx, &NAPIGetRequest{ID: all[0].ID})
	if err != nil {
		t.Fatal(err)
	}
	if set.GROFlushTimeout.Value() != 12345 || set.DeferHardIrqs.Value() != 3 {
		t.Errorf("after napi-set %+v", set)
	}
}

func TestIntegrationErrors(t *testing.T) {
	_, c := setup(t)
	ctx := familytest.Context(t)
	_, err := c.DevGet(ctx, nil)
	var e *nl.Error
	if !errors.As(err, &e) || e.Missing != "ifindex" || e.Errno != unix.EINVAL {
		t.Errorf("a request without the index: %v", err)
	}
	if _, err := c.DevGet(ctx, &DevGetRequest{Ifindex: nl.U32(9999)}); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a device that is not there: %v", err)
	}
	err = c.NAPISet(ctx, &NAPISetRequest{ID: nl.U32(1), GROFlushTimeout: nl.U64(1)})
	// Kernels before 6.13 do not have the operation.
	if !errors.Is(err, unix.EOPNOTSUPP) && (!errors.As(err, &e) || e.Attr != "id") {
		t.Errorf("an id that is out of range: %v", err)
	}
	_, err = c.QueueGet(ctx, &QueueGetRequest{Ifindex: nl.U32(1), ID: nl.U32(0), Type: nl.Some(QueueType(7))})
	if !errors.As(err, &e) || e.Attr != "type" {
		t.Errorf("a type that is out of range: %v", err)
	}
}

func TestIntegrationEvents(t *testing.T) {
	ns, c := setup(t)
	sub, err := c.Subscribe(GroupMgmt)
	if err != nil {
		t.Fatal(err)
	}
	defer sub.Close()
	ns.Run("ip", "link", "add", "br0", "type", "bridge")
	br0 := index(ns, "br0")
	added := familytest.Event(t, sub, func(e *DevAddNtf) bool { return e.Ifindex.Value() == br0 })
	if added.XDPFeatures.Value()&XDPActXSKZerocopy != 0 {
		t.Errorf("added %+v", added)
	}
	ns.Run("ip", "link", "del", "br0")
	familytest.Event(t, sub, func(e *DevDelNtf) bool { return e.Ifindex.Value() == br0 })
}
