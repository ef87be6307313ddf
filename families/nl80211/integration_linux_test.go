package nl80211

import (
	"bytes"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/nlgen/nlgen/gen"
	"github.com/nlgen/nlgen/gen/dynamic"
	"github.com/nlgen/nlgen/gen/model"
	"github.com/nlgen/nlgen/internal/dynclient"
	"github.com/nlgen/nlgen/internal/familytest"
	"github.com/nlgen/nlgen/internal/netns"
	nl "github.com/nlgen/nlgen/runtime"
	"github.com/nlgen/nlgen/specs"
)

// A lab is a namespace with two simulated radios.
type lab struct {
	*Client
	t      *testing.T
	ns     *netns.NS
	radios []*radio
}

// A radio of a lab has one interface, a station that is down.
type radio struct {
	*lab
	phy            string
	wiphy, ifindex nl.Opt[uint32]
	ifname         string
	addr           net.HardwareAddr
}

func setup(t *testing.T) *lab {
	t.Helper()
	const class = "/sys/class/mac80211_hwsim"
	_, err := os.Stat(class)
	familytest.NeedModule(t, "mac80211_hwsim", err)
	phys, err := filepath.Glob(class + "/*/ieee80211/*")
	if err != nil || len(phys) != 2 {
		t.Fatalf("simulated radios %v, %v; want 2", phys, err)
	}
	l := &lab{t: t, ns: netns.New(t)}
	host, err := Dial()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { host.Close() })
	if l.Client, err = Dial(nl.WithNetNS(l.ns.Fd())); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	for _, phy := range phys {
		l.radios = append(l.radios, l.take(host, filepath.Base(phy)))
	}
	return l
}

// take moves a radio from the host's namespace to that of the lab, for the time of
// the test.
func (l *lab) take(host *Client, phy string) *radio {
	l.t.Helper()
	home, err := os.Open("/proc/self/ns/net")
	if err != nil {
		l.t.Fatal(err)
	}
	all, err := host.GetWiphyAll(familytest.Context(l.t), nil)
	if err != nil {
		l.t.Fatal(err)
	}
	wiphy := familytest.Find(l.t, all, func(w *GetWiphyReply) bool { return w.WiphyName.Value() == phy }).Wiphy
	move := func(c *Client, ns int) error {
		return c.SetWiphyNetNS(familytest.Context(l.t), &SetWiphyNetNSRequest{Wiphy: wiphy, NetNSFD: nl.U32(uint32(ns))})
	}
	if err := move(host, l.ns.Fd()); err != nil {
		l.t.Fatal(err)
	}
	l.t.Cleanup(func() {
		if err := move(l.Client, int(home.Fd())); err != nil {
			l.t.Error(err)
		}
		home.Close()
	})
	ifs := dump[GetInterfaceReply](l, &opGetInterface, &GetInterfaceDumpRequest{Wiphy: wiphy})
	if len(ifs) != 1 {
		l.t.Fatalf("%s has %d interfaces, want 1", phy, len(ifs))
	}
	r := &radio{lab: l, phy: phy, wiphy: wiphy, ifindex: ifs[0].Ifindex, ifname: ifs[0].Ifname.Value(), addr: ifs[0].MAC}
	l.t.Cleanup(func() { r.become(IfTypeStation) })
	return r
}

// become changes what the interface does; it is down then.
func (r *radio) become(t IfType) {
	r.t.Helper()
	r.ns.Run("ip", "link", "set", r.ifname, "down")
	if err := r.SetInterface(familytest.Context(r.t), &SetInterfaceRequest{Ifindex: r.ifindex, IfType: nl.Some(t)}); err != nil {
		r.t.Fatal(err)
	}
}

func (r *radio) up() { r.ns.Run("ip", "link", "set", r.ifname, "up") }

func (l *lab) subscribe(g nl.Group) *nl.Subscription {
	l.t.Helper()
	sub, err := l.Subscribe(g)
	if err != nil {
		l.t.Fatal(err)
	}
	l.t.Cleanup(func() { sub.Close() })
	return sub
}

// dump returns the decoded messages of a dump, each of which must round trip and
// have nothing that the spec does not know.
func dump[R, Q any, PR nl.MessagePtr[R], PQ nl.MessagePtr[Q]](l *lab, op *nl.Op, req PQ) []*R {
	l.t.Helper()
	raw, err := nl.All[nl.Raw](familytest.Context(l.t), l.conn, op, req)
	if err != nil {
		l.t.Fatal(err)
	}
	var list []*R
	for _, m := range raw {
		v := familytest.RoundTrip[R, PR](l.t, m.Payload)
		familytest.NoUnknown(l.t, v)
		list = append(list, v)
	}
	return list
}

// TestIntegrationWiphys compares a radio with what iw prints of it.
func TestIntegrationWiphys(t *testing.T) {
	l := setup(t)
	ctx := familytest.Context(t)
	req := &GetWiphyDumpRequest{SplitWiphyDump: true}
	parts := dump[GetWiphyReply](l, &opGetWiphy, req)
	all, err := l.GetWiphyAll(ctx, req)
	if err != nil {
		t.Fatal(err)
	}
	if len(all) != 2 || len(parts) < 100 {
		t.Fatalf("%d radios of %d messages, want 2 of more than 100", len(all), len(parts))
	}
	for _, r := range l.radios {
		w := familytest.Find(t, all, func(w *GetWiphyReply) bool { return w.Wiphy == r.wiphy })
		familytest.Equal(t, "what iw says of "+r.phy, r.describe(w), r.iw())
		one, err := l.GetWiphyAll(ctx, &GetWiphyDumpRequest{Ifindex: r.ifindex, SplitWiphyDump: true})
		if err != nil {
			t.Fatal(err)
		}
		if len(one) != 1 || one[0].Wiphy != r.wiphy {
			t.Errorf("%d radios of the interface, want 1", len(one))
		}
		if !w.SupportedIfTypes.MeshPoint || w.SupportedIfTypes.NAN || !w.SoftwareIfTypes.Monitor {
			t.Errorf("interfaces %+v, in software %+v", w.SupportedIfTypes, w.SoftwareIfTypes)
		}
		if !bytes.Equal(w.MAC, r.addr) || w.Features.Value()&FeatureHTIBSS == 0 || len(w.InterfaceCombinations) != 1 {
			t.Errorf("address %v, features %v, combinations %+v", w.MAC, w.Features, w.InterfaceCombinations)
		}
	}
}

// describe is what iw prints about the radio, as far as iw takes it out.
func (r *radio) describe(w *GetWiphyReply) []string {
	var s []string
	for _, c := range w.CipherSuites {
		s = append(s, fmt.Sprintf("%02x-%02x-%02x:%d", byte(c>>24), byte(c>>16), byte(c>>8), byte(c)))
	}
	for _, b := range w.Bands {
		s = append(s, fmt.Sprintf("Band %d:", int(b.Band)+1))
		for _, rate := range b.Value.Rates {
			line := fmt.Sprintf("%d.%d Mbps", rate.Rate.Value()/10, rate.Rate.Value()%10)
			if rate.ShortPreamble {
				line += " (short preamble supported)"
			}
			s = append(s, line)
		}
		for _, f := range b.Value.Freqs {
			s = append(s, f.describe())
		}
	}
	for _, c := range w.SupportedCommands {
		s = append(s, strings.ReplaceAll(c.String(), "-", "_"))
	}
	for _, frames := range [][]WiphyTxFrameTypes{w.TxFrameTypes, txTypes(w.RxFrameTypes)} {
		for _, f := range frames {
			var line string
			for _, t := range f.Value.Types {
				line += fmt.Sprintf(" 0x%02x", t)
			}
			if line != "" {
				s = append(s, line)
			}
		}
	}
	return s
}

func txTypes(rx []WiphyRxFrameTypes) []WiphyTxFrameTypes {
	var tx []WiphyTxFrameTypes
	for _, f := range rx {
		tx = append(tx, WiphyTxFrameTypes(f))
	}
	return tx
}

func (f *Frequency) describe() string {
	line := fmt.Sprintf("%d MHz", f.Freq.Value())
	if f.Disabled {
		return line + " (disabled)"
	}
	line += fmt.Sprintf(" (%d.%d dBm)", f.MaxTxPower.Value()/100, f.MaxTxPower.Value()/10%10)
	var limits []string
	if f.NoIR {
		limits = append(limits, "no IR")
	}
	if f.Radar {
		limits = append(limits, "radar detection")
	}
	if limits != nil {
		line += " (" + strings.Join(limits, ", ") + ")"
	}
	return line
}

var (
	iwCipher  = regexp.MustCompile(`^\t\t\* .*\((..-..-..:\d+)\)$`)
	iwBand    = regexp.MustCompile(`^\t(Band \d+:)$`)
	iwRate    = regexp.MustCompile(`^\t\t\t\* (\d+\.\d Mbps.*)$`)
	iwFreq    = regexp.MustCompile(`^\t\t\t\* (\d+ MHz) \[-?\d+\]( .*)$`)
	iwCommand = regexp.MustCompile(`^\t\t \* ([a-z_0-9]+)$`)
	iwModes   = regexp.MustCompile(`(?s) interface modes.*?\n(\t\w)`)
	iwFrames  = regexp.MustCompile(`^\t\t \* [^:]+:((?: 0x[0-9a-f]+)+)$`)
)

// iw returns parts of what iw prints about the radio.
func (r *radio) iw() []string {
	r.t.Helper()
	var s []string
	info := r.ns.Run("iw", "phy#"+r.wiphy.String(), "info")
	for line := range strings.Lines(iwModes.ReplaceAllString(info, "\n$1")) { // modes look like commands
		line = strings.TrimRight(line, " \n")
		for _, re := range []*regexp.Regexp{iwCipher, iwBand, iwRate, iwFreq, iwCommand, iwFrames} {
			if m := re.FindStringSubmatch(line); m != nil {
				s = append(s, strings.Join(m[1:], ""))
			}
		}
	}
	return s
}

// TestIntegrationDynamic lists radios by the spec alone.
func TestIntegrationDynamic(t *testing.T) {
	l := setup(t)
	data, _ := specs.Find("nl80211")
	f, diags := gen.Load("nl80211.yaml", data, gen.Options{})
	if err := diags.Err(); err != nil {
		t.Fatal(err)
	}
	c, err := dynclient.Dial(f, nl.WithNetNS(l.ns.Fd()))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	op := familytest.Find(t, f.Ops, func(op *model.Op) bool { return op.Name == "get-wiphy" })
	all, err := c.All(familytest.Context(t), op, []byte(`{"split-wiphy-dump": true}`))
	if err != nil {
		t.Fatal(err)
	}
	if len(all) != 2 {
		t.Fatalf("%d radios, want 2", len(all))
	}
	var names []any
	bands, _ := all[0].Get("wiphy-bands")
	for _, b := range bands.([]any) {
		name, _ := b.(*dynamic.Object).Get("band")
		names = append(names, name)
	}
	familytest.Equal(t, "bands", names, []any{"2ghz", "5ghz", "6ghz", "s1ghz"})
}

// TestIntegrationOldDump has what programs get that do not know of split dumps.
func TestIntegrationOldDump(t *testing.T) {
	l := setup(t)
	ctx := familytest.Context(t)
	old := dump[GetWiphyReply](l, &opGetWiphy, &GetWiphyDumpRequest{})
	if len(old) != 2 {
		t.Fatalf("%d radios, want 2", len(old))
	}
	for _, w := range old {
		one, err := l.GetWiphy(ctx, &GetWiphyRequest{Wiphy: w.Wiphy})
		if err != nil {
			t.Fatal(err)
		}
		if len(one.Bands) != 2 || one.ExtFeatures != nil {
			t.Errorf("%d bands, want 2; features %x", len(one.Bands), one.ExtFeatures)
		}
		one.Bands, w.Bands = nil, nil // the kernel loses them where its first buffer was too short
		familytest.Equal(t, "radio by its index", one, w)
	}
	f, err := l.GetProtocolFeatures(ctx, nil)
	if err != nil || f.ProtocolFeatures.Value() != ProtocolFeatureSplitWiphyDump {
		t.Errorf("protocol features %+v, %v", f, err)
	}
}

// TestIntegrationSetWiphy renames a radio and changes a setting.
func TestIntegrationSetWiphy(t *testing.T) {
	l := setup(t)
	ctx := familytest.Context(t)
	sub := l.subscribe(GroupConfig)
	r := l.radios[0]
	rename := func(name string) {
		t.Helper()
		if err := l.SetWiphy(ctx, &SetWiphyRequest{Wiphy: r.wiphy, WiphyName: nl.Some(name)}); err != nil {
			t.Fatal(err)
		}
		familytest.Event(t, sub, func(e *NewWiphyNtf) bool { return e.Wiphy == r.wiphy && e.WiphyName.Value() == name })
	}
	rename("radio")
	rename(r.phy)
	set := &SetWiphyRequest{Wiphy: r.wiphy, WiphyRTSThreshold: nl.U32(1000)}
	if err := l.SetWiphy(ctx, set); err != nil {
		t.Fatal(err)
	}
	w, err := l.GetWiphy(ctx, &GetWiphyRequest{Wiphy: r.wiphy})
	if err != nil || w.WiphyRTSThreshold.Value() != 1000 {
		t.Errorf("threshold %v, %v", w.WiphyRTSThreshold, err)
	}
	set.WiphyRTSThreshold = nl.U32(1<<32 - 1)
	if err := l.SetWiphy(ctx, set); err != nil {
		t.Fatal(err)
	}
}

// TestIntegrationInterfaces makes an interface and removes it.
func TestIntegrationInterfaces(t *testing.T) {
	l := setup(t)
	ctx := familytest.Context(t)
	sub := l.subscribe(GroupConfig)
	r := l.radios[1]
	made, err := l.NewInterface(ctx, &NewInterfaceRequest{
		Wiphy: r.wiphy, Ifname: nl.Some("mon0"), IfType: nl.Some(IfTypeMonitor),
		MonitorFlags: &MonitorFlags{OtherBSS: true, Control: true},
	})
	if err != nil {
		t.Fatal(err)
	}
	ev := familytest.Event(t, sub, func(e *NewInterfaceNtf) bool { return e.Ifname.Value() == "mon0" })
	familytest.Equal(t, "interface in the event", ev.Wdev, made.Wdev)
	got := l.find("mon0")
	if got.IfType.Value() != IfTypeMonitor || got.Wiphy != r.wiphy || got.Ifindex != made.Ifindex {
		t.Errorf("interface %+v", got)
	}
	one, err := l.GetInterface(ctx, &GetInterfaceRequest{Wdev: made.Wdev})
	if err != nil {
		t.Fatal(err)
	}
	familytest.Equal(t, "interface by its id", one, got)
	if info := l.ns.Run("iw", "dev", "mon0", "info"); !strings.Contains(info, "type monitor") {
		t.Errorf("iw says %s", info)
	}

	del := &DelInterfaceRequest{Ifindex: made.Ifindex}
	if err := l.DelInterface(ctx, del); err != nil {
		t.Fatal(err)
	}
	familytest.Event(t, sub, func(e *DelInterfaceNtf) bool { return e.Ifindex == made.Ifindex })
	if err := l.DelInterface(ctx, del); !errors.Is(err, unix.ENODEV) {
		t.Errorf("removed again: %v", err)
	}
	_, err = l.NewInterface(ctx, &NewInterfaceRequest{Wiphy: r.wiphy, Ifname: nl.Some("nan0"), IfType: nl.Some(IfType(13))})
	var e *nl.Error
	if !errors.As(err, &e) || e.Errno != unix.ERANGE || e.Attr != "iftype" {
		t.Errorf("a type that is not there: %v", err)
	}
}

func (l *lab) find(ifname string) *GetInterfaceReply {
	l.t.Helper()
	all := dump[GetInterfaceReply](l, &opGetInterface, &GetInterfaceDumpRequest{})
	return familytest.Find(l.t, all, func(i *GetInterfaceReply) bool { return i.Ifname.Value() == ifname })
}

// Elements of IEEE 802.11.
const (
	elementSSID  = 0
	elementRates = 1
	elementDS    = 3
)

func element(id byte, b ...byte) []byte { return append([]byte{id, byte(len(b))}, b...) }

// beacon is the start of a beacon of an access point without security.
func beacon(bssid net.HardwareAddr, ssid string, channel byte) []byte {
	broadcast := bytes.Repeat([]byte{0xff}, 6)
	return slices.Concat(
		[]byte{0x80, 0, 0, 0}, broadcast, bssid, bssid, []byte{0, 0}, // header
		make([]byte, 8), []byte{100, 0, 1, 0}, // clock, interval, capabilities
		element(elementSSID, []byte(ssid)...), element(elementRates, 0x82, 0x84, 0x8b, 0x96), element(elementDS, channel),
	)
}

// TestIntegrationScan starts an access point on a radio and finds it by the other.
func TestIntegrationScan(t *testing.T) {
	l := setup(t)
	ctx := familytest.Context(t)
	ap, sta := l.radios[0], l.radios[1]
	mlme, scans := l.subscribe(GroupMLME), l.subscribe(GroupScan)
	ap.become(IfTypeAP)
	scan := &TriggerScanRequest{Ifindex: sta.ifindex, ScanFrequencies: []uint32{2412, 2437}, ScanFlags: nl.Some(ScanFlagFlush)}
	if err := l.TriggerScan(ctx, scan); !errors.Is(err, unix.ENETDOWN) {
		t.Errorf("scan by an interface that is down: %v", err)
	}
	ap.up()
	sta.up()
	ap.start("simulated")
	started := familytest.Event(t, mlme, func(e *StartAPNtf) bool { return e.Ifindex == ap.ifindex })
	familytest.Equal(t, "name in the event", string(started.SSID), "simulated")
	if i := l.find(ap.ifname); string(i.SSID) != "simulated" || i.WiphyFreq.Value() != 2437 || i.ChannelWidth.Value() != ChanWidth20NoHT {
		t.Errorf("access point %+v", i)
	}

	if err := l.TriggerScan(ctx, scan); err != nil {
		t.Fatal(err)
	}
	familytest.Event(t, scans, func(e *TriggerScanNtf) bool { return e.Ifindex == sta.ifindex })
	done := familytest.Event(t, scans, func(e *NewScanResultsNtf) bool { return e.Ifindex == sta.ifindex })
	familytest.Equal(t, "frequencies", done.ScanFrequencies, scan.ScanFrequencies)
	found := dump[GetScanReply](l, &opGetScan, &GetScanDumpRequest{Ifindex: sta.ifindex})
	if len(found) != 1 {
		t.Fatalf("%d networks, want 1", len(found))
	}
	bss := found[0].BSS
	familytest.Equal(t, "address", bss.BSSID, ap.addr)
	familytest.Equal(t, "start of the elements", bss.InformationElements[:11], element(elementSSID, []byte("simulated")...))
	if bss.Frequency.Value() != 2437 || bss.BeaconInterval.Value() != 100 || bss.Status.Present() || bss.UseFor.Value()&BSSUseForNormal == 0 {
		t.Errorf("network %+v", bss)
	}
	signal := fmt.Sprintf("signal: %d.%02d dBm", bss.SignalMbm.Value()/100, -bss.SignalMbm.Value()%100)
	if shown := l.ns.Run("iw", "dev", sta.ifname, "scan", "dump"); !strings.Contains(shown, signal) || !strings.Contains(shown, "SSID: simulated") {
		t.Errorf("signal %v, iw shows %s", bss.SignalMbm, shown)
	}

	if err := l.StopAP(ctx, &StopAPRequest{Ifindex: ap.ifindex}); err != nil {
		t.Fatal(err)
	}
	if i := l.find(ap.ifname); i.SSID != nil || i.WiphyFreq.Present() {
		t.Errorf("access point that was stopped %+v", i)
	}
	ap.start("again")
	ap.ns.Run("ip", "link", "set", ap.ifname, "down")
	familytest.Event(t, mlme, func(e *StopAPNtf) bool { return e.Ifindex == ap.ifindex })
}

// start starts an access point on channel 6.
func (r *radio) start(ssid string) {
	r.t.Helper()
	err := r.StartAP(familytest.Context(r.t), &StartAPRequest{
		Ifindex: r.ifindex, SSID: []byte(ssid), WiphyFreq: nl.U32(2437),
		BeaconHead: beacon(r.addr, ssid, 6), BeaconInterval: nl.U32(100), DTIMPeriod: nl.U32(2),
	})
	if err != nil {
		r.t.Fatal(err)
	}
}

// TestIntegrationAbortScan breaks off a scan of all channels, which takes long.
func TestIntegrationAbortScan(t *testing.T) {
	l := setup(t)
	ctx := familytest.Context(t)
	sub := l.subscribe(GroupScan)
	r := l.radios[0]
	r.up()
	if err := l.TriggerScan(ctx, &TriggerScanRequest{Ifindex: r.ifindex, ScanSSIDs: [][]byte{[]byte("a"), {}}}); err != nil {
		t.Fatal(err)
	}
	ev := familytest.Event(t, sub, func(e *TriggerScanNtf) bool { return e.Ifindex == r.ifindex })
	familytest.Equal(t, "names", ev.ScanSSIDs, [][]byte{[]byte("a"), {}})
	if err := l.TriggerScan(ctx, &TriggerScanRequest{Ifindex: r.ifindex}); !errors.Is(err, unix.EBUSY) {
		t.Errorf("a second scan: %v", err)
	}
	if err := l.AbortScan(ctx, &AbortScanRequest{Ifindex: r.ifindex}); err != nil {
		t.Fatal(err)
	}
	familytest.Event(t, sub, func(e *ScanAbortedNtf) bool { return e.Ifindex == r.ifindex })
}

// TestIntegrationIBSS lets both radios join an IBSS and see each other.
func TestIntegrationIBSS(t *testing.T) {
	l := setup(t)
	ctx := familytest.Context(t)
	joins, stations := l.subscribe(GroupMLME), l.subscribe(GroupMLME) // which may come in any order
	bssid := net.HardwareAddr{2, 0x11, 0x22, 0x33, 0x44, 0x55}
	for _, r := range l.radios {
		r.become(IfTypeAdHoc)
		r.up()
		err := l.JoinIBSS(ctx, &JoinIBSSRequest{
			Ifindex: r.ifindex, SSID: []byte("all"), WiphyFreq: nl.U32(2412), FreqFixed: true, MAC: bssid,
		})
		if err != nil {
			t.Fatal(err)
		}
		ev := familytest.Event(t, joins, func(e *JoinIBSSNtf) bool { return e.Ifindex == r.ifindex })
		familytest.Equal(t, "address in the event", ev.MAC, bssid)
	}
	a, b := l.radios[0], l.radios[1]
	seen := familytest.Event(t, stations, func(e *NewStationNtf) bool { return e.Ifindex == a.ifindex })
	familytest.Equal(t, "station in the event", seen.MAC, b.addr)
	list := dump[GetStationReply](l, &opGetStation, &GetStationDumpRequest{Ifindex: a.ifindex})
	if len(list) != 1 || !bytes.Equal(list[0].MAC, b.addr) {
		t.Fatalf("stations %+v", list)
	}
	a.send(b.addr)
	info := a.station(b.addr, func(i *StaInfo) bool { return i.Signal.Value() < 0 && i.TxBitrate != nil })
	if info.TxBitrate.Bitrate32.Value() < 10 || info.Flags.Value().Set&StaFlagMaskAuthorized == 0 || info.BSSParam == nil {
		t.Errorf("station %+v", info)
	}
	shown := l.ns.Run("iw", "dev", a.ifname, "station", "dump")
	if want := fmt.Sprintf("signal:  \t%d", info.Signal.Value()); !strings.Contains(shown, want) {
		t.Errorf("signal %v, iw shows %s", info.Signal, shown)
	}

	if err := l.DelStation(ctx, &DelStationRequest{Ifindex: a.ifindex, MAC: b.addr}); err != nil {
		t.Fatal(err)
	}
	familytest.Event(t, stations, func(e *DelStationNtf) bool { return e.Ifindex == a.ifindex && bytes.Equal(e.MAC, b.addr) })
	for _, r := range l.radios {
		if err := l.LeaveIBSS(ctx, &LeaveIBSSRequest{Ifindex: r.ifindex}); err != nil {
			t.Fatal(err)
		}
	}
	if err := l.LeaveIBSS(ctx, &LeaveIBSSRequest{Ifindex: a.ifindex}); !errors.Is(err, unix.ENOLINK) {
		t.Errorf("left again: %v", err)
	}
}

// station asks for a station until it is as it should be.
func (r *radio) station(addr net.HardwareAddr, ready func(*StaInfo) bool) *StaInfo {
	r.t.Helper()
	ctx := familytest.Context(r.t)
	for {
		s, err := r.GetStation(ctx, &GetStationRequest{Ifindex: r.ifindex, MAC: addr})
		if err != nil {
			r.t.Fatal(err)
		}
		if ready(s.StaInfo) {
			return s.StaInfo
		}
		time.Sleep(10 * time.Millisecond)
	}
}

// send sends a frame to another station.
func (r *radio) send(to net.HardwareAddr) {
	r.t.Helper()
	const etherType = 0x88b5 // for experiments
	frame := slices.Concat(to, r.addr, []byte{etherType >> 8, etherType & 0xff}, make([]byte, 50))
	r.ns.Do(func() {
		fd, err := unix.Socket(unix.AF_PACKET, unix.SOCK_RAW, 0)
		if err != nil {
			r.t.Fatal(err)
		}
		defer unix.Close(fd)
		if err := unix.Sendto(fd, frame, 0, &unix.SockaddrLinklayer{Ifindex: int(r.ifindex.Value())}); err != nil {
			r.t.Fatal(err)
		}
	})
}

// TestIntegrationRegulatory moves to Germany and back.
func TestIntegrationRegulatory(t *testing.T) {
	l := setup(t)
	ctx := familytest.Context(t)
	sub := l.subscribe(GroupRegulatory)
	travel := func(country string, typ RegType) {
		t.Helper()
		if err := l.ReqSetReg(ctx, &ReqSetRegRequest{RegAlpha2: nl.Some(country)}); err != nil {
			t.Fatal(err)
		}
		ev := familytest.Event(t, sub, func(e *RegChangeNtf) bool { return e.RegInitiator.Value() == RegInitiatorUser })
		familytest.Equal(t, "kind of rules", ev.RegType, nl.Some(typ))
	}
	travel("DE", RegTypeCountry)
	reg, err := l.GetReg(ctx, nil)
	if err != nil {
		t.Fatal(err)
	}
	familytest.Equal(t, "list", dump[GetRegReply](l, &opGetReg, &GetRegDumpRequest{}), []*GetRegReply{reg})
	familytest.Equal(t, "country", reg.RegAlpha2, nl.Some("DE"))
	familytest.Equal(t, "radar", reg.DFSRegion, nl.Some(DFSRegionETSI))
	var rules []string
	for _, r := range reg.RegRules {
		rules = append(rules, r.describe())
	}
	var shown []string
	re := regexp.MustCompile(`(?m)^\t\((\d+) - (\d+) @ (\d+)\), \(N/A, (\d+)\), .*?((?:, [A-Z-]+)*)$`)
	for _, m := range re.FindAllStringSubmatch(l.ns.Run("iw", "reg", "get"), -1) {
		shown = append(shown, fmt.Sprintf("%s-%s@%s %sdBm dfs=%t outdoor=%t", m[1], m[2], m[3], m[4],
			strings.Contains(m[5], ", DFS"), !strings.Contains(m[5], ", NO-OUTDOOR")))
	}
	familytest.Equal(t, "rules", rules, shown)
	travel("00", RegTypeWorld)
}

func (r *RegRule) describe() string {
	flags := r.Flags.Value()
	return fmt.Sprintf("%d-%d@%d %ddBm dfs=%t outdoor=%t", r.Start.Value()/1000, r.End.Value()/1000, r.MaxBandwidth.Value()/1000,
		r.MaxEIRP.Value()/100, flags&RegRuleFlagDFS != 0, flags&RegRuleFlagNoOutdoor == 0)
}
