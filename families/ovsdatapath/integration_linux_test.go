package ovsdatapath

import (
	"errors"
	"os"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/nlgen/nlgen/internal/familytest"
	"github.com/nlgen/nlgen/internal/netns"
	nl "github.com/nlgen/nlgen/runtime"
)

func dial(t *testing.T) *Client {
	t.Helper()
	c, err := Dial(nl.WithNetNS(netns.New(t).Fd()))
	familytest.NeedModule(t, "openvswitch", err)
	t.Cleanup(func() { c.Close() })
	return c
}

// create makes a datapath. The kernel replies because it is asked for an echo.
func create(t *testing.T, c *Client, name string) *NewReply {
	t.Helper()
	reply, err := c.New(familytest.Context(t), &NewRequest{
		Name:         nl.Some(name),
		UpcallPID:    nl.U32(0),
		UserFeatures: nl.Some(FeatureUnaligned | FeatureVportPIDs),
	}, nl.Echo)
	familytest.NeedModule(t, "openvswitch", err)
	if reply.Header.DPIfindex == 0 || reply.Name.Value() != name {
		t.Fatalf("created %+v", reply)
	}
	return reply
}

func TestIntegrationDatapath(t *testing.T) {
	c := dial(t)
	ctx := familytest.Context(t)
	dp0, dp1 := create(t, c, "dp0"), create(t, c, "dp1")
	raw, err := nl.All[nl.Raw, GetDumpRequest](ctx, c.conn, &opGet, nil)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, m := range raw {
		names = append(names, familytest.RoundTrip[GetReply](t, m.Payload).Name.Value())
	}
	familytest.Equal(t, "datapaths", names, []string{"dp0", "dp1"})

	byName, err := c.Get(ctx, &GetRequest{Name: nl.Some("dp1")})
	if err != nil {
		t.Fatal(err)
	}
	byIndex, err := c.Get(ctx, &GetRequest{Header: dp1.Header})
	if err != nil {
		t.Fatal(err)
	}
	familytest.Equal(t, "by name and by index", byName, byIndex)
	if byName.UserFeatures.Value() != FeatureUnaligned|FeatureVportPIDs || len(byName.Unknown) > 0 || byName.Stats.Value().Flows != 0 {
		t.Errorf("dp1 is %+v", byName)
	}

	set, err := c.Set(ctx, &SetRequest{Header: dp0.Header, MasksCacheSize: nl.U32(512)}, nl.Echo)
	if err != nil {
		t.Fatal(err)
	}
	if set.MasksCacheSize.Value() != 512 || set.Header != dp0.Header {
		t.Errorf("after set %+v", set)
	}
	if reply, err := c.Del(ctx, &DelRequest{Name: nl.Some("dp0")}); err != nil || reply != nil {
		t.Errorf("del without echo: %+v, %v", reply, err)
	}
	if _, err := c.Get(ctx, &GetRequest{Header: dp0.Header}); !errors.Is(err, unix.ENODEV) {
		t.Errorf("get what is gone: %v", err)
	}
}

func TestIntegrationEvents(t *testing.T) {
	c := dial(t)
	ctx := familytest.Context(t)
	sub, err := c.Subscribe(GroupOvsDatapath)
	if err != nil {
		t.Fatal(err)
	}
	defer sub.Close()
	dp := create(t, c, "dp0")
	familytest.Event(t, sub, func(e *NewNtf) bool { return e.Header == dp.Header && e.Name.Value() == "dp0" })
	if _, err := c.Set(ctx, &SetRequest{Header: dp.Header, UserFeatures: nl.Some(Feature(0))}); err != nil {
		t.Fatal(err)
	}
	familytest.Event(t, sub, func(e *SetNtf) bool { return e.UserFeatures.Present() && e.UserFeatures.Value() == 0 })
	if _, err := c.Del(ctx, &DelRequest{Header: dp.Header}); err != nil {
		t.Fatal(err)
	}
	familytest.Event(t, sub, func(e *DelNtf) bool { return e.Header == dp.Header })
}

func TestIntegrationErrors(t *testing.T) {
	c := dial(t)
	ctx := familytest.Context(t)
	dp := create(t, c, "dp0")
	if _, err := c.New(ctx, &NewRequest{Name: nl.Some("dp0"), UpcallPID: nl.U32(0)}); !errors.Is(err, os.ErrExist) {
		t.Errorf("a name that is taken: %v", err)
	}
	if _, err := c.New(ctx, &NewRequest{Name: nl.Some("dp1")}); !errors.Is(err, unix.EINVAL) {
		t.Errorf("no port id: %v", err)
	}
	_, err := c.Set(ctx, &SetRequest{Header: dp.Header, MasksCacheSize: nl.U32(1 << 31)})
	var e *nl.Error
	if !errors.As(err, &e) || e.Errno != unix.ERANGE || e.Attr != "masks-cache-size" || e.Message == "" || e.Policy == nil {
		t.Errorf("a cache that is too large: %v", err)
	}
	if _, err := c.Set(ctx, &SetRequest{Header: dp.Header, UserFeatures: nl.Some(Feature(1 << 31))}); !errors.Is(err, unix.EOPNOTSUPP) {
		t.Errorf("a feature that is not there: %v", err)
	}
}
