package runtime_test

import (
	"context"
	"fmt"
	"iter"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/nlgen/nlgen/families/nlctrl"
	"github.com/nlgen/nlgen/families/rtaddr"
	"github.com/nlgen/nlgen/families/rtlink"
	"github.com/nlgen/nlgen/families/rtneigh"
	"github.com/nlgen/nlgen/families/rtroute"
	"github.com/nlgen/nlgen/families/rtrule"
	"github.com/nlgen/nlgen/internal/netns"
	nl "github.com/nlgen/nlgen/runtime"
)

// A followed is a watch whose changes are applied to a replica.
type followed struct {
	settle  func()
	compare func()
}

func followReplica[T any](t *testing.T, wg *sync.WaitGroup, form func(*T) string,
	seq iter.Seq2[nl.Change[T], error], list func() ([]*T, error)) followed {
	r := newReplica(t, form)
	r.exact = true
	wg.Go(func() { r.follow(seq) })
	return followed{
		settle:  func() { r.settle(300 * time.Millisecond) },
		compare: func() { t.Helper(); r.compare(list()) },
	}
}

// TestKernelWatchFamilies watches what ip changes, also what goes without an event of
// its own.
func TestKernelWatchFamilies(t *testing.T) {
	ns := netns.New(t)
	ns.Run("ip", "link", "set", "lo", "up")
	ns.Run("sysctl", "-qw", "net.ipv6.conf.default.accept_dad=0")
	watching, stop := context.WithCancel(always)
	var wg sync.WaitGroup
	defer wg.Wait()
	defer stop()

	links := stormClient(t, ns, rtlink.Dial)
	addrs := stormClient(t, ns, rtaddr.Dial)
	routes := stormClient(t, ns, rtroute.Dial)
	rules := stormClient(t, ns, rtrule.Dial)
	neighs := stormClient(t, ns, rtneigh.Dial)
	families := stormClient(t, ns, nlctrl.Dial)
	watches := map[string]followed{
		"links": followReplica(t, &wg, func(m *rtlink.GetLinkReply) string {
			return fmt.Sprint(m.Header.Index, m.Ifname, m.MTU, m.Header.Flags) + linkForm(m)
		},
			links.WatchLink(watching, nil), func() ([]*rtlink.GetLinkReply, error) { return links.GetLinkAll(always, nil) }),
		"addresses": followReplica(t, &wg, func(m *rtaddr.GetAddrReply) string {
			c := *m
			c.Cacheinfo = nl.Opt[rtaddr.Cacheinfo]{}
			return form(&c)
		}, addrs.WatchAddr(watching, nil), func() ([]*rtaddr.GetAddrReply, error) { return addrs.GetAddrAll(always, nil) }),
		"routes": followReplica(t, &wg, routeForm,
			routes.WatchRoute(watching, nil), func() ([]*rtroute.GetRouteReply, error) { return routes.GetRouteAll(always, nil) }),
		"rules": followReplica(t, &wg, func(m *rtrule.GetRuleReply) string { return form(m) },
			rules.WatchRule(watching, nil), func() ([]*rtrule.GetRuleReply, error) { return rules.GetRuleAll(always, nil) }),
		"neighbours": followReplica(t, &wg, func(m *rtneigh.GetNeighReply) string {
			c := *m
			c.Cacheinfo, c.Probes = nl.Opt[rtneigh.Cacheinfo]{}, nl.Opt[uint32]{}
			return form(&c)
		}, func(yield func(nl.Change[rtneigh.GetNeighReply], error) bool) {
			for c, err := range neighs.WatchNeigh(watching, nil) {
				if (c.Old == nil || permanent(c.Old)) && (c.New == nil || permanent(c.New)) && !yield(c, err) {
					return
				}
			}
		}, func() ([]*rtneigh.GetNeighReply, error) {
			all, err := neighs.GetNeighAll(always, nil)
			return slices.DeleteFunc(all, func(m *rtneigh.GetNeighReply) bool { return !permanent(m) }), err
		}),
		"families": followReplica(t, &wg, func(m *nlctrl.GetFamilyReply) string { return form(m) },
			families.WatchFamily(watching, nil), func() ([]*nlctrl.GetFamilyReply, error) { return families.GetFamilyAll(always, nil) }),
	}
	steps := []string{
		"ip link add v0 type veth peer name v1",
		"ip link set v0 up", "ip link set v1 up",
		"ip addr add 10.1.0.1/24 dev v0", "ip addr add fd01::1/64 dev v0 nodad",
		"ip neigh add 10.1.0.9 lladdr 02:00:00:00:00:09 dev v0 nud permanent",
		"ip neigh replace 10.1.0.9 lladdr 02:00:00:00:00:0a dev v0 nud permanent",
		"ip route add 10.2.0.0/16 via 10.1.0.2", "ip route replace 10.2.0.0/16 via 10.1.0.3", "ip route append 10.2.0.0/16 via 10.1.0.4",
		"ip route add 10.3.0.0/16 via 10.1.0.2", "ip route add 10.4.0.0/16 nexthop via 10.1.0.2 nexthop via 10.1.0.3",
		"ip -6 route add fd02::/64 via fd01::2", "ip -6 route append fd02::/64 via fd01::3", "ip -6 route del fd02::/64 via fd01::2",
		"ip -6 route add fd03::/64 dev v0", "ip -6 route append fd03::/64 dev v1", "ip -6 route replace fd03::/64 dev v1",
		"ip -6 route del fd03::/64 dev v1", "ip -6 route del fd03::/64 dev v1",
		"ip rule add from 10.9.0.0/16 table 100", "ip rule add iif v0 table 101", "ip rule del from 10.9.0.0/16 table 100",
		"ip link add br0 type bridge", "ip link set v1 master br0", "ip link set v1 nomaster",
		"ip nexthop add id 7 via 10.1.0.5 dev v0", "ip route add 10.5.0.0/16 nhid 7", "ip nexthop del id 7",
		"ip link set v0 down", "ip link set v0 up", "ip addr del 10.1.0.1/24 dev v0",
		"ip link set v0 name w0", "ip link del w0",
	}
	for _, step := range steps {
		args := strings.Fields(step)
		ns.Run(args[0], args[1:]...)
		if !strings.Contains(step, "down") && !strings.Contains(step, " del ") {
			continue
		}
		var quiet sync.WaitGroup
		for _, w := range watches {
			quiet.Go(w.settle)
		}
		quiet.Wait()
		for name, w := range watches {
			if w.compare(); t.Failed() {
				t.Fatalf("%s after %q", name, step)
			}
		}
	}
}

// permanent reports whether a neighbour is one that was set. The kernel is silent
// about most others, as those for multicast.
func permanent(m *rtneigh.GetNeighReply) bool { return m.Header.State&unix.NUD_PERMANENT != 0 }

// TestKernelAllNamespaces gets an event of another namespace, which has an id here.
func TestKernelAllNamespaces(t *testing.T) {
	here, there := netns.New(t), netns.New(t)
	if err := os.MkdirAll("/var/run/netns", 0o755); err != nil {
		t.Skip(err)
	}
	name := fmt.Sprintf("nlgen-test-%d", os.Getpid())
	there.Do(func() {
		file := "/var/run/netns/" + name
		if err := os.WriteFile(file, nil, 0o644); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			_ = unix.Unmount(file, unix.MNT_DETACH)
			_ = os.Remove(file)
		})
		if err := unix.Mount("/proc/thread-self/ns/net", file, "", unix.MS_BIND, ""); err != nil {
			t.Skip(err)
		}
	})
	here.Run("ip", "netns", "set", name, "33")

	named, err := rtlink.Dial(nl.WithNetNSName(name))
	if err != nil {
		t.Fatal(err)
	}
	defer named.Close()
	links := stormClient(t, here, rtlink.Dial, nl.WithAllNamespaces())
	sub, err := links.Subscribe(rtlink.GroupLink)
	if err != nil {
		t.Fatal(err)
	}
	for i, ns := range []*netns.NS{there, here} {
		ns.Run("ip", "link", "add", fmt.Sprint("all", i), "type", "ifb")
	}
	limited, cancel := context.WithTimeout(always, 10*time.Second)
	defer cancel()
	seen := map[string]string{}
	for e, err := range sub.Stream(limited) {
		if err != nil {
			t.Fatal(err)
		}
		m := e.Message.(*rtlink.NewLinkNtf)
		seen[m.Ifname.Value()] = fmt.Sprint(e.Group, e.NSID, e.Header.Type)
		if len(seen) == 2 {
			break
		}
	}
	if seen["all0"] != "1 33 16" || seen["all1"] != "1 - 16" {
		t.Errorf("group, namespace and type: %v", seen)
	}
	if l, err := named.GetLink(always, &rtlink.GetLinkRequest{Ifname: nl.Some("all0")}); err != nil {
		t.Errorf("by name: %v, %v", l, err)
	}
}
