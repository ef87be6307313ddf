package devlink

import (
	"encoding/binary"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/nlgen/nlgen/internal/familytest"
	"github.com/nlgen/nlgen/internal/netns"
	nl "github.com/nlgen/nlgen/runtime"
)

// A lab is a namespace with a device of netdevsim that has two ports.
type lab struct {
	*Client
	t        *testing.T
	ns       *netns.NS
	bus, dev nl.Opt[string]
}

func setup(t *testing.T) *lab {
	t.Helper()
	ns := netns.New(t)
	name := familytest.Simulate(t, ns, 2)
	c, err := Dial(nl.WithNetNS(ns.Fd()))
	familytest.NeedModule(t, "devlink", err)
	t.Cleanup(func() { c.Close() })
	return &lab{Client: c, t: t, ns: ns, bus: nl.Some("netdevsim"), dev: nl.Some(name)}
}

// handle is how the devlink command names the device.
func (l *lab) handle() string { return l.bus.Value() + "/" + l.dev.Value() }

// dump returns the decoded items of a dump, each of which must round trip.
func dump[R, Q any, PR nl.MessagePtr[R], PQ nl.MessagePtr[Q]](l *lab, op *nl.Op, req PQ) []*R {
	l.t.Helper()
	raw, err := nl.All[nl.Raw](familytest.Context(l.t), l.conn, op, req)
	if err != nil {
		l.t.Fatal(err)
	}
	var list []*R
	for _, m := range raw {
		list = append(list, familytest.RoundTrip[R, PR](l.t, m.Payload))
	}
	return list
}

func TestIntegrationDevice(t *testing.T) {
	l := setup(t)
	ctx := familytest.Context(t)
	list := dump[GetReply](l, &opGet, &GetDumpRequest{})
	if len(list) != 1 {
		t.Fatalf("%d devices, want 1", len(list))
	}
	one, err := l.Get(ctx, &GetRequest{BusName: l.bus, DevName: l.dev})
	if err != nil {
		t.Fatal(err)
	}
	familytest.Equal(t, "the device by its name", one, list[0])
	if one.DevName != l.dev || one.ReloadFailed.Value() != 0 || len(one.Unknown) > 0 {
		t.Errorf("device %+v", one)
	}

	info, err := l.InfoGet(ctx, &InfoGetRequest{BusName: l.bus, DevName: l.dev})
	if err != nil {
		t.Fatal(err)
	}
	version := []InfoVersion{{Name: nl.Some("fw.mgmt"), Value: nl.Some("10.20.30")}}
	familytest.Equal(t, "running", info.InfoVersionRunning, version)
	familytest.Equal(t, "stored", info.InfoVersionStored, version)
	if info.InfoDriverName.Value() != "netdevsim" {
		t.Errorf("driver %v", info.InfoDriverName)
	}
	all := dump[InfoGetReply](l, &opInfoGet, &InfoGetDumpRequest{})
	familytest.Equal(t, "infos", all, []*InfoGetReply{info})
}

func TestIntegrationPorts(t *testing.T) {
	l := setup(t)
	ports := dump[PortGetReply](l, &opPortGet, &PortGetDumpRequest{BusName: l.bus, DevName: l.dev})
	var shown struct {
		Port map[string]struct {
			Type, Netdev, Flavour string
			Port                  uint32
		}
	}
	l.ns.JSON(&shown, "devlink", "-j", "port", "show")
	if len(ports) != 2 || len(shown.Port) != 2 {
		t.Errorf("%d ports, devlink shows %v", len(ports), shown.Port)
	}
	for _, p := range ports {
		one, err := l.PortGet(familytest.Context(t), &PortGetRequest{BusName: l.bus, DevName: l.dev, PortIndex: p.PortIndex})
		if err != nil {
			t.Fatal(err)
		}
		familytest.Equal(t, "port by its index", one, p)
		want := shown.Port[l.handle()+"/"+p.PortIndex.String()]
		if p.PortType.Value().String() != want.Type || p.PortNetdevName.Value() != want.Netdev ||
			p.PortFlavour.Value().String() != want.Flavour || p.PortNumber.Value() != want.Port || len(p.Unknown) > 0 {
			t.Errorf("port %+v, devlink shows %+v", p, want)
		}
	}
}

// u32 is the wire form of a number in a parameter or a report.
func u32(v uint32) []byte { return binary.NativeEndian.AppendUint32(nil, v) }

func (l *lab) param(name string) ([]byte, *Param) {
	l.t.Helper()
	reply, err := l.ParamGet(familytest.Context(l.t), &ParamGetRequest{BusName: l.bus, DevName: l.dev, ParamName: nl.Some(name)})
	if err != nil {
		l.t.Fatal(err)
	}
	values := reply.Param.Values.Value
	if len(values) != 1 || values[0].CMode.Value() != ParamCmodeDriverinit {
		l.t.Fatalf("parameter %s: %+v", name, values)
	}
	return values[0].Data, reply.Param
}

// TestIntegrationParams changes parameters, which a reload brings to the driver.
func TestIntegrationParams(t *testing.T) {
	l := setup(t)
	ctx := familytest.Context(t)
	var names []string
	for _, p := range dump[ParamGetReply](l, &opParamGet, &ParamGetDumpRequest{}) {
		names = append(names, p.Param.Name.Value())
	}
	slices.Sort(names)
	familytest.Equal(t, "parameters", names, []string{"max_macs", "test1"})

	data, p := l.param("max_macs")
	if !slices.Equal(data, u32(32)) || p.Type.Value() != ValueTypeU32 || !p.Generic {
		t.Errorf("max_macs %+v", p)
	}
	// That a switch is on is that there are data, though empty ones.
	if data, p = l.param("test1"); data == nil || len(data) > 0 || p.Type.Value() != ValueTypeFlag || p.Generic {
		t.Errorf("test1 %+v", p)
	}
	sub, err := l.Subscribe(GroupConfig)
	if err != nil {
		t.Fatal(err)
	}
	defer sub.Close()
	set := func(name string, typ ValueType, data []byte) error {
		return l.ParamSet(ctx, &ParamSetRequest{
			BusName: l.bus, DevName: l.dev, ParamName: nl.Some(name), ParamType: nl.Some(typ),
			ParamValueData: data, ParamValueCmode: nl.Some(ParamCmodeDriverinit),
		})
	}
	if err := set("max_macs", ValueTypeU32, u32(16)); err != nil {
		t.Fatal(err)
	}
	ev := familytest.Event(t, sub, func(e *ParamNewNtf) bool { return e.Param.Name.Value() == "max_macs" })
	familytest.Equal(t, "value in the event", ev.Param.Values.Value[0].Data, u32(16))
	if err := set("test1", ValueTypeFlag, nil); err != nil {
		t.Fatal(err)
	}
	if data, _ := l.param("test1"); data != nil {
		t.Errorf("test1 is %x, not off", data)
	}
	if err := set("max_macs", ValueTypeU16, u32(16)); !errors.Is(err, unix.EINVAL) {
		t.Errorf("a value of another type: %v", err)
	}
	if err := set("missing", ValueTypeU32, u32(16)); !errors.Is(err, unix.EINVAL) {
		t.Errorf("a parameter that is not there: %v", err)
	}
}

func TestIntegrationReload(t *testing.T) {
	l := setup(t)
	ctx := familytest.Context(t)
	sub, err := l.Subscribe(GroupConfig)
	if err != nil {
		t.Fatal(err)
	}
	defer sub.Close()
	req := &ReloadRequest{BusName: l.bus, DevName: l.dev}
	if reply, err := l.Reload(ctx, req); err != nil || reply != nil {
		t.Errorf("reload: %+v, %v", reply, err)
	}
	familytest.Event(t, sub, func(e *PortDelNtf) bool { return e.PortIndex.Value() == 0 })
	familytest.Event(t, sub, func(e *PortNewNtf) bool { return e.PortIndex.Value() == 0 && e.PortNetdevName.Present() })
	req.ReloadAction = nl.Some(ReloadActionDriverReinit)
	reply, err := l.Reload(ctx, req)
	if err != nil {
		t.Fatal(err)
	}
	if done := reply.ReloadActionsPerformed.Value(); done.Value != ReloadActionMaskDriverReinit {
		t.Errorf("done: %+v", done)
	}
	dev, err := l.Get(ctx, &GetRequest{BusName: l.bus, DevName: l.dev})
	if err != nil {
		t.Fatal(err)
	}
	familytest.Equal(t, "counters", dev.DevStats.ReloadStats.Actions, []ReloadActionInfo{{
		Action: nl.Some(ReloadActionDriverReinit),
		Stats:  &ReloadActionStats{Entry: []ReloadStatsEntry{{Limit: nl.Some(ReloadLimitUnspec), Value: nl.U32(2)}}},
	}})

	req.ReloadAction = nl.Some(ReloadActionFWActivate)
	_, err = l.Reload(ctx, req)
	var e *nl.Error
	if !errors.As(err, &e) || e.Errno != unix.EOPNOTSUPP || e.Message != "Requested reload action is not supported by the driver" {
		t.Errorf("an action that the driver lacks: %v", err)
	}
	req.ReloadAction, req.NetNSFD = nl.Some(ReloadActionDriverReinit), nl.U32(uint32(netns.New(t).Fd()))
	if _, err := l.Reload(ctx, req); err != nil {
		t.Fatal(err)
	}
	familytest.Event(t, sub, func(e *DelNtf) bool { return e.DevName == l.dev })
	if _, err := l.Get(ctx, &GetRequest{BusName: l.bus, DevName: l.dev}); !errors.Is(err, unix.ENODEV) {
		t.Errorf("after the device has moved: %v", err)
	}
}

func TestIntegrationESwitch(t *testing.T) {
	l := setup(t)
	ctx := familytest.Context(t)
	for _, mode := range []EswitchMode{EswitchModeSwitchdev, EswitchModeLegacy} {
		if err := l.ESwitchSet(ctx, &ESwitchSetRequest{BusName: l.bus, DevName: l.dev, EswitchMode: nl.Some(mode)}); err != nil {
			t.Fatal(err)
		}
		got, err := l.ESwitchGet(ctx, &ESwitchGetRequest{BusName: l.bus, DevName: l.dev})
		if err != nil {
			t.Fatal(err)
		}
		if got.EswitchMode.Value() != mode || got.EswitchEncapMode.Present() {
			t.Errorf("set to %v, got %+v", mode, got)
		}
	}
	err := l.ESwitchSet(ctx, &ESwitchSetRequest{BusName: l.bus, DevName: l.dev, EswitchMode: nl.Some(EswitchMode(9))})
	var e *nl.Error
	if !errors.As(err, &e) || e.Attr != "eswitch-mode" || e.Errno != unix.ERANGE {
		t.Errorf("a mode that is not there: %v", err)
	}
}

func TestIntegrationResources(t *testing.T) {
	l := setup(t)
	list, err := l.ResourceAll(familytest.Context(t), &ResourceDumpRequest{BusName: l.bus, DevName: l.dev})
	if err != nil {
		t.Fatal(err)
	}
	if len(list) != 1 {
		t.Fatalf("%d answers, want 1", len(list))
	}
	got := make(map[string][]string)
	for _, i := range list[0].ResourceList {
		r := i.Resource
		var parts []string
		for _, p := range r.List {
			parts = append(parts, p.Resource.Name.Value())
		}
		got[r.Name.Value()] = parts
		if !r.Size.Present() || r.Unit.Value() != ResourceUnitEntry || len(r.Unknown) > 0 {
			t.Errorf("resource %+v", r)
		}
	}
	familytest.Equal(t, "resources", got, map[string][]string{"IPv4": {"fib", "fib-rules"}, "IPv6": {"fib", "fib-rules"}, "nexthops": nil})
}

func (l *lab) reporter() *HealthReporter {
	l.t.Helper()
	reply, err := l.HealthReporterGet(familytest.Context(l.t), &HealthReporterGetRequest{
		BusName: l.bus, DevName: l.dev, HealthReporterName: nl.Some("dummy"),
	})
	if err != nil {
		l.t.Fatal(err)
	}
	return reply.HealthReporter
}

// breakHealth makes the reporter dummy report an error, by a file of debugfs.
func (l *lab) breakHealth(text string) {
	l.t.Helper()
	dir := l.t.TempDir()
	if err := unix.Mount("none", dir, "debugfs", 0, ""); err != nil {
		l.t.Fatal(err)
	}
	defer unix.Unmount(dir, 0)
	file := filepath.Join(dir, "netdevsim", l.dev.Value(), "health", "break_health")
	if err := os.WriteFile(file, []byte(text), 0); err != nil {
		l.t.Fatal(err)
	}
}

func TestIntegrationHealth(t *testing.T) {
	l := setup(t)
	ctx := familytest.Context(t)
	var names []string
	for _, r := range dump[HealthReporterGetReply](l, &opHealthReporterGet, &HealthReporterGetDumpRequest{}) {
		names = append(names, r.HealthReporter.Name.Value())
	}
	familytest.Equal(t, "reporters", names, []string{"empty", "dummy"})

	err := l.HealthReporterSet(ctx, &HealthReporterSetRequest{
		BusName: l.bus, DevName: l.dev, HealthReporterName: nl.Some("dummy"),
		HealthReporterAutoRecover: nl.U8(0), HealthReporterGracefulPeriod: nl.U64(10),
	})
	if err != nil {
		t.Fatal(err)
	}
	if r := l.reporter(); r.State.Value() != HealthStateHealthy || r.AutoRecover.Value() != 0 || r.GracefulPeriod.Value() != 10 || len(r.Unknown) > 0 {
		t.Errorf("reporter %+v", r)
	}
	sub, err := l.Subscribe(GroupConfig)
	if err != nil {
		t.Fatal(err)
	}
	defer sub.Close()
	l.breakHealth("it hurts")
	familytest.Event(t, sub, func(e *HealthReporterNtf) bool { return e.HealthReporter.State.Value() == HealthStateError })
	if r := l.reporter(); r.State.Value() != HealthStateError || r.ErrCount.Value() != 1 || !r.DumpTSNs.Present() {
		t.Errorf("after an error %+v", r)
	}

	dumps, err := l.HealthReporterDumpGetAll(ctx, &HealthReporterDumpGetDumpRequest{BusName: l.bus, DevName: l.dev, HealthReporterName: nl.Some("dummy")})
	if err != nil {
		t.Fatal(err)
	}
	if len(dumps) != 1 {
		t.Fatalf("%d reports, want 1", len(dumps))
	}
	text := append([]byte("it hurts"), 0)
	familytest.Equal(t, "start of the report", dumps[0].FMsg[:5], []FMsgItem{
		{ObjNestStart: true}, {PairNestStart: true}, {ObjName: nl.Some("break_message")},
		{ObjValueType: nl.Some(ValueTypeNulString)}, {ObjValueData: text},
	})

	if err := l.HealthReporterRecover(ctx, &HealthReporterRecoverRequest{BusName: l.bus, DevName: l.dev, HealthReporterName: nl.Some("dummy")}); err != nil {
		t.Fatal(err)
	}
	familytest.Event(t, sub, func(e *HealthReporterNtf) bool { return e.HealthReporter.RecoverCount.Value() == 1 })
	if err := l.HealthReporterDumpClear(ctx, &HealthReporterDumpClearRequest{BusName: l.bus, DevName: l.dev, HealthReporterName: nl.Some("dummy")}); err != nil {
		t.Fatal(err)
	}
	if r := l.reporter(); r.State.Value() != HealthStateHealthy || r.DumpTSNs.Present() {
		t.Errorf("after the recovery %+v", r)
	}
}

// TestIntegrationDiagnose gets a report by a request without the flag of dumps.
func TestIntegrationDiagnose(t *testing.T) {
	l := setup(t)
	req := &HealthReporterDiagnoseDumpRequest{BusName: l.bus, DevName: l.dev, HealthReporterName: nl.Some("dummy")}
	list, err := l.HealthReporterDiagnoseAll(familytest.Context(t), req)
	if err != nil {
		t.Fatal(err)
	}
	if len(list) != 1 {
		t.Fatalf("%d reports, want 1", len(list))
	}
	fmsg := list[0].FMsg
	familytest.Equal(t, "start of the report", fmsg[:6], []FMsgItem{
		{ObjNestStart: true}, {PairNestStart: true}, {ObjName: nl.Some("test_bool")},
		{ObjValueType: nl.Some(ValueTypeFlag)}, {ObjValueData: []byte{1}}, {NestEnd: true},
	})
	var numbers []uint32
	for i, item := range fmsg {
		if item.ObjValueData != nil && fmsg[i-1].ObjValueType.Value() == ValueTypeU32 {
			numbers = append(numbers, binary.NativeEndian.Uint32(item.ObjValueData))
		}
	}
	familytest.Equal(t, "numbers", numbers, []uint32{3, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9})
	req.HealthReporterName = nl.Some("missing")
	if _, err := l.HealthReporterDiagnoseAll(familytest.Context(t), req); !errors.Is(err, unix.EINVAL) {
		t.Errorf("a reporter that is not there: %v", err)
	}
}
