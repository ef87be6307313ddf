package differ

import (
	"bytes"
	"cmp"
	"encoding/hex"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/nlgen/nlgen/gen/dynamic"
	"github.com/nlgen/nlgen/gen/errata"
	"github.com/nlgen/nlgen/gen/model"
	"github.com/nlgen/nlgen/gen/resolve"
	"github.com/nlgen/nlgen/gen/spec"
	"github.com/nlgen/nlgen/gen/tree"
	"github.com/nlgen/nlgen/internal/kernelsrc"
	"github.com/nlgen/nlgen/internal/netns"
	"github.com/nlgen/nlgen/internal/testenv"
	nl "github.com/nlgen/nlgen/runtime"
)

// A call is a request to the kernel.
type call struct {
	spec string // file name of the kernel's spec, without the suffix
	op   string
	dump bool
	json string
}

func (c call) String() string { return c.spec + "/" + c.op + "/" + c.mode() }

func (c call) mode() string {
	if c.dump {
		return "dump"
	}
	return "do"
}

func (c call) request() string { return cmp.Or(c.json, "{}") }

// A client is one of the kernel's specs, corrected by the errata, and the codec
// that runs on it.
type client struct {
	family *model.Family
	codec  *dynamic.Codec
}

func load(t *testing.T, name string) client {
	t.Helper()
	data, err := os.ReadFile(specFile(t, name))
	if err != nil {
		t.Fatal(err)
	}
	root, diags := tree.Load(name, data)
	root, _ = errata.Apply(root)
	s, more := spec.Decode(root, spec.Options{})
	diags.Add(more...)
	f, more := resolve.Resolve(s, resolve.Options{})
	diags.Add(more...)
	if err := diags.Err(); err != nil {
		t.Fatal(err)
	}
	return client{f, dynamic.New(f)}
}

func specFile(t *testing.T, name string) string {
	t.Helper()
	return filepath.Join(kernelsrc.Specs(t), name+".yaml")
}

func (c client) op(t *testing.T, name string) *model.Op {
	t.Helper()
	i := slices.IndexFunc(c.family.Ops, func(op *model.Op) bool { return op.Name == name })
	if i < 0 {
		t.Fatalf("%s has no operation %s", c.family.Name, name)
	}
	return c.family.Ops[i]
}

// ask sends a request and returns the answer as Go values: a list for a dump,
// else an object.
func (c client) ask(t *testing.T, ns *netns.NS, call call) any {
	t.Helper()
	op := c.op(t, call.op)
	half := op.Do
	if call.dump {
		half = op.Dump
	}
	body, err := c.codec.EncodeRequest(op, call.dump, []byte(call.json))
	if err != nil {
		t.Fatal(err)
	}
	conn, err := nl.Dial(&nl.Family{
		Name: c.family.Name, Protocol: c.family.Protocol, Version: c.family.Version, Schema: new(nl.Schema),
	}, nl.WithNetNS(ns.Fd()))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	wire := &nl.Op{Name: op.Name, Request: half.RequestID, Reply: half.ReplyID, NoAck: !half.Ack}
	if !call.dump {
		reply, err := nl.Do[nl.Raw](t.Context(), conn, wire, &nl.Raw{Payload: body})
		if err != nil {
			t.Fatal(err)
		}
		return c.decode(t, op, false, reply.Payload)
	}
	list := []any{}
	for reply, err := range nl.Dump[nl.Raw](t.Context(), conn, wire, &nl.Raw{Payload: body}) {
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, c.decode(t, op, true, reply.Payload))
	}
	return list
}

func (c client) decode(t *testing.T, op *model.Op, dump bool, body []byte) any {
	t.Helper()
	o, err := c.codec.DecodeReply(op, dump, body)
	if err != nil {
		t.Fatalf("%x: %v", body, err)
	}
	text, err := json.Marshal(o)
	if err != nil {
		t.Fatal(err)
	}
	return values(t, string(text))
}

// values returns what JSON text says. Lists of nothing but strings are sorted:
// the Python client prints flags in no order.
func values(t *testing.T, text string) any {
	t.Helper()
	d := json.NewDecoder(strings.NewReader(text))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		t.Fatalf("%v in %s", err, text)
	}
	sortStrings(v)
	return v
}

func sortStrings(v any) {
	switch v := v.(type) {
	case map[string]any:
		for _, elem := range v {
			sortStrings(elem)
		}
	case []any:
		noString := func(elem any) bool { _, ok := elem.(string); return !ok }
		if slices.ContainsFunc(v, noString) {
			for _, elem := range v {
				sortStrings(elem)
			}
			return
		}
		slices.SortFunc(v, func(a, b any) int { return strings.Compare(a.(string), b.(string)) })
	}
}

// python runs a script of the kernel's Python client in the namespace and returns
// the last line it prints; before it there may be warnings of the kernel.
func python(t *testing.T, ns *netns.NS, script string, args ...string) string {
	t.Helper()
	out := ns.Run("python3", append([]string{"-B", script}, args...)...)
	lines := strings.Split(strings.TrimSpace(out), "\n")
	return lines[len(lines)-1]
}

// pythonAsk sends a request with the Python client as it is.
func pythonAsk(t *testing.T, ns *netns.NS, c call) string {
	t.Helper()
	return python(t, ns, filepath.Join(ynlDir(t), "cli.py"), "--no-schema", "--spec", specFile(t, c.spec),
		"--"+c.mode(), c.op, "--json", c.request(), "--process-unknown", "--output-json")
}

// pythonMended does one of the things that testdata/client.py can do.
func pythonMended(t *testing.T, ns *netns.NS, mode string, c call) string {
	t.Helper()
	return python(t, ns, filepath.Join("testdata", "client.py"), ynlDir(t), specFile(t, c.spec), mode, c.op, c.request())
}

func ynlDir(t *testing.T) string {
	t.Helper()
	return filepath.Join(kernelsrc.Dir(t), "tools", "net", "ynl")
}

// needPython skips the test, or fails it if the environment says CI=true, when
// there is no Python with the module yaml.
func needPython(t *testing.T) {
	t.Helper()
	if err := exec.Command("python3", "-c", "import yaml").Run(); err != nil {
		testenv.Missing(t, "python3 with its module yaml: %v", err)
	}
}

// network makes a namespace with links, addresses, routes and queueing
// disciplines in it, in which nothing happens by itself.
func network(t *testing.T) *netns.NS {
	t.Helper()
	ns := netns.New(t)
	for _, args := range []string{
		"link add v0 type veth peer name v1",
		"link set v0 addrgenmode none",
		"link set v1 addrgenmode none",
		"link add br0 type bridge",
		"link add vx0 type vxlan id 5 dstport 4789",
		"link add mv0 link v0 type macvlan mode bridge",
		"link property add dev v0 altname a-second-name altname a-third-name",
		"link add v2 type veth peer name v3",
		"link set v2 master br0",
		"addr add 192.0.2.1/24 dev v0",
		"addr add 198.51.100.1 peer 198.51.100.2/32 dev v1 label v1:x",
		"addr add 2001:db8::1/64 dev v0 nodad",
		"addr add 192.0.2.9/24 dev v0 noprefixroute",
		"link set lo up",
		"link set v0 up",
		"link set v1 up",
		"route add 203.0.113.0/24 via 192.0.2.2 mtu 1400 metric 7",
		"route add 203.0.113.64/26 nexthop via 192.0.2.3 weight 2 nexthop via 192.0.2.4",
		"route add unreachable 10.0.0.0/8",
		"route add 2001:db8:1::/48 via 2001:db8::2 table 1000",
	} {
		ns.Run("ip", strings.Fields(args)...)
	}
	ns.Run("ip", strings.Fields("mptcp endpoint add 192.0.2.1 id 3 dev v0 signal")...)
	for _, args := range []string{
		"qdisc add dev v0 root handle 1: htb default 10",
		"qdisc add dev v1 root handle 2: tbf rate 8mbit burst 10kb latency 50ms",
		"qdisc add dev v1 ingress",
	} {
		ns.Run("tc", strings.Fields(args)...)
	}
	return ns
}

// same asks the kernel through both clients until the answer is known not to
// have changed in between, and returns both.
func same(t *testing.T, ns *netns.NS, c call, mended bool) (ours, theirs any) {
	t.Helper()
	client := load(t, c.spec)
	for range 5 {
		ours = client.ask(t, ns, c)
		if mended {
			theirs = values(t, pythonMended(t, ns, c.mode(), c))
		} else {
			theirs = values(t, pythonAsk(t, ns, c))
		}
		if gocmp.Equal(ours, client.ask(t, ns, c)) {
			return ours, theirs
		}
	}
	t.Fatal("the kernel gives another answer each time")
	return nil, nil
}

func TestAnswers(t *testing.T) {
	needPython(t)
	ns := network(t)
	for _, tt := range []struct {
		call
		// fix checks what is right where the Python client is wrong, and makes
		// both sides equal there.
		fix    func(t *testing.T, ours, theirs map[string]any)
		empty  bool // the kernel has nothing to say
		mended bool // the Python client as it is gives no answer
	}{
		{call: call{"rt_link", "getlink", true, ""}, fix: secondNames, mended: true},
		{call: call{"rt_link", "getlink", false, `{"ifname":"br0"}`}},
		{call: call{"rt_addr", "getaddr", true, ""}, fix: addressFlags},
		{call: call{"rt_route", "getroute", true, ""}, fix: routes},
		{call: call{"rt_route", "getroute", true, `{"rtm-family":10}`}, fix: routes},
		{call: call{"tc", "getqdisc", true, ""}, fix: tokenBucket},
		{call: call{"ethtool", "linkinfo-get", true, ""}},
		{call: call{"ethtool", "linkmodes-get", true, ""}},
		{call: call{"ethtool", "linkstate-get", true, ""}},
		{call: call{"ethtool", "features-get", true, ""}},
		{call: call{"ethtool", "features-get", false, `{"header":{"dev-name":"v0","flags":["compact-bitsets"]}}`}},
		{call: call{"ethtool", "strset-get", true, ""}},
		{call: call{"ethtool", "tsinfo-get", true, ""}},
		{call: call{"ethtool", "channels-get", true, ""}},
		{call: call{"ethtool", "channels-get", false, `{"header":{"dev-name":"v0"}}`}},
		{call: call{"ethtool", "rings-get", true, ""}, empty: true},
		{call: call{"nlctrl", "getfamily", true, ""}},
		{call: call{"nlctrl", "getfamily", false, `{"family-name":"nlctrl"}`}},
		{call: call{"nlctrl", "getpolicy", true, `{"family-name":"ethtool"}`}, mended: true},
		{call: call{"netdev", "dev-get", true, ""}},
		{call: call{"mptcp_pm", "get-addr", true, ""}},
		{call: call{"mptcp_pm", "get-limits", false, ""}},
	} {
		t.Run(tt.String(), func(t *testing.T) {
			ours, theirs := same(t, ns, tt.call, tt.mended)
			if list, ok := ours.([]any); ok && (len(list) == 0) != tt.empty {
				t.Errorf("%d messages", len(list))
			}
			if tt.fix != nil {
				pairs(t, ours, theirs, tt.fix)
			}
			if diff := gocmp.Diff(theirs, ours); diff != "" {
				t.Errorf("-python +nlgen:\n%s", diff)
			}
		})
	}
}

// pairs calls do for the messages of two lists.
func pairs(t *testing.T, ours, theirs any, do func(t *testing.T, ours, theirs map[string]any)) {
	t.Helper()
	a, b := ours.([]any), theirs.([]any)
	if len(a) != len(b) {
		t.Fatalf("%d messages, Python has %d", len(a), len(b))
	}
	for i := range a {
		do(t, a[i].(map[string]any), b[i].(map[string]any))
	}
}

// secondNames: the Python client ignores what a subset says of an attribute, so
// that it shows only the last of several names.
func secondNames(t *testing.T, ours, theirs map[string]any) {
	t.Helper()
	if ours["ifname"] != "v0" {
		return
	}
	want := map[string]any{"alt-ifname": []any{"a-second-name", "a-third-name"}}
	if diff := gocmp.Diff(want, ours["prop-list"]); diff != "" {
		t.Errorf("prop-list (-want +got):\n%s", diff)
	}
	delete(ours, "prop-list")
	delete(theirs, "prop-list")
}

// addressFlags: the Python client shows the eight flags of the header in place
// of the 32 of the attribute, whose name is the same.
func addressFlags(t *testing.T, ours, theirs map[string]any) {
	t.Helper()
	header, _ := ours["header"].(map[string]any)
	if diff := gocmp.Diff(theirs["ifa-flags"], header["ifa-flags"]); diff != "" {
		t.Errorf("flags in the header, -python +nlgen:\n%s", diff)
	}
	if ours["ifa-local"] == "192.0.2.9" {
		want := []any{"noprefixroute", "permanent", "secondary"}
		if diff := gocmp.Diff(want, ours["ifa-flags"]); diff != "" {
			t.Errorf("flags that are not all in the header (-want +got):\n%s", diff)
		}
	}
	ours["ifa-flags"] = theirs["ifa-flags"]
	delete(ours, "header")
}

// routes: the kernel's spec leaves out the last members of struct rta_cacheinfo
// and calls multipath routes binary.
func routes(t *testing.T, ours, theirs map[string]any) {
	t.Helper()
	if cache, ok := ours["rta-cacheinfo"].(map[string]any); ok {
		for _, name := range []string{"rta-id", "rta-ts", "rta-tsage"} {
			if cache[name] != json.Number("0") {
				t.Errorf("rta-cacheinfo.%s is %v", name, cache[name])
			}
			delete(cache, name)
		}
	}
	hops, ok := ours["rta-multipath"]
	if !ok {
		return
	}
	want := values(t, `[
		{"rtnh-len":16,"rtnh-flags":0,"rtnh-hops":1,"rta-gateway":"192.0.2.3"},
		{"rtnh-len":16,"rtnh-flags":0,"rtnh-hops":0,"rta-gateway":"192.0.2.4"}]`)
	for _, hop := range hops.([]any) {
		delete(hop.(map[string]any), "rtnh-ifindex")
	}
	if diff := gocmp.Diff(want, hops); diff != "" {
		t.Errorf("multipath (-want +got):\n%s", diff)
	}
	delete(ours, "rta-multipath")
	delete(theirs, "rta-multipath")
}

// tokenBucket: struct tc_ratespec has three more bytes than the kernel's spec
// says, so that the Python client shows what stands beside the values.
func tokenBucket(t *testing.T, ours, theirs map[string]any) {
	t.Helper()
	if ours["kind"] != "tbf" {
		return
	}
	parms := ours["options"].(map[string]any)["parms"].(map[string]any)
	if rate := parms["rate"].(map[string]any)["rate"]; rate != json.Number("1000000") {
		t.Errorf("tbf: the rate is %v bytes per second, want 1000000", rate)
	}
	delete(ours, "options")
	delete(theirs, "options")
}

// Requests with everything that the Python client can encode.
func TestRequests(t *testing.T) {
	needPython(t)
	ns := netns.New(t)
	for _, tt := range []call{
		{"rt_link", "newlink", false, `{"ifi-index":7,"ifi-flags":1,"address":"02005e005301","ifname":"br0","mtu":1500,` +
			`"linkinfo":{"kind":"bridge","data":{"forward-delay":1500,"vlan-protocol":34984,"mcast-querier-intvl":25500}}}`},
		{"rt_link", "getlink", true, `{"ext-mask":9}`},
		{"rt_link", "dellink", false, `{"ifname":"br0"}`},
		{"rt_addr", "newaddr", false, `{"ifa-family":2,"ifa-prefixlen":24,"ifa-index":3,"ifa-local":"c0000201","ifa-label":"v0:1",` +
			`"ifa-cacheinfo":{"ifa-valid":4294967295}}`},
		{"rt_route", "newroute", false, `{"rtm-family":2,"rtm-dst-len":24,"rtm-type":1,"rta-dst":"cb007100","rta-oif":3,` +
			`"rta-metrics":{"rtax-mtu":1400,"rtax-cc-algo":"reno"}}`},
		{"tc", "newqdisc", false, `{"ifindex":3,"handle":65536,"parent":4294967295,"kind":"fq_codel","options":{"limit":100,"ecn":1}}`},
		{"ethtool", "features-set", false, `{"header":{"dev-name":"v0","flags":["compact-bitsets","omit-reply"]},` +
			`"wanted":{"nomask":true,"size":64,"bits":{"bit":[{"index":1,"value":true},{"name":"rx-gro"}]}}}`},
		{"ethtool", "channels-set", false, `{"header":{"dev-index":2},"rx-count":2,"tx-count":2}`},
		{"ethtool", "coalesce-set", false, `{"header":{"dev-name":"v0"},"rx-usecs":16,"use-adaptive-rx":1}`},
		{"nlctrl", "getpolicy", true, `{"family-name":"ethtool","op":3}`},
		{"netdev", "dev-get", false, `{"ifindex":1}`},
		{"netdev", "qstats-get", true, `{"ifindex":1,"scope":["queue"]}`},
		{"mptcp_pm", "add-addr", false, `{"addr":{"family":2,"id":1,"addr4":3221225985,"flags":3}}`},
	} {
		t.Run(tt.String(), func(t *testing.T) {
			c := load(t, tt.spec)
			ours, err := c.codec.EncodeRequest(c.op(t, tt.op), tt.dump, []byte(tt.json))
			if err != nil {
				t.Fatal(err)
			}
			theirs, err := hex.DecodeString(pythonMended(t, ns, "encode", tt))
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(ours, theirs) {
				t.Errorf("%s\n nlgen %x\npython %x", tt.json, ours, theirs)
			}
		})
	}
}
