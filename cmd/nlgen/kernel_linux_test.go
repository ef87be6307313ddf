package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/nlgen/nlgen/internal/netns"
)

// A kernel is a network namespace to run command lines in.
type kernel struct{ flag string }

func newKernel(t *testing.T) kernel {
	t.Helper()
	return kernel{fmt.Sprintf("--netns=/proc/self/fd/%d", netns.New(t).Fd())}
}

func (k kernel) nlgen(args ...string) result { return nlgen(append(args, k.flag)...) }

// link is what the tests read of a link.
type link struct {
	Ifname   string   `json:"ifname"`
	Index    int      `json:"ifi-index"`
	Flags    []string `json:"ifi-flags"`
	Linkinfo struct {
		Kind string `json:"kind"`
	} `json:"linkinfo"`
}

func decode[T any](t *testing.T, text string) T {
	t.Helper()
	var v T
	if err := json.Unmarshal([]byte(text), &v); err != nil {
		t.Fatalf("%v: %s", err, text)
	}
	return v
}

const veth = `{"ifname": "nl0", "linkinfo": {"kind": "veth", "data": {"peer": {"ifname": "nl1"}}}}`

// TestCall makes, changes, lists and removes a pair of links.
func TestCall(t *testing.T) {
	k := newKernel(t)
	r := k.nlgen("call", "--family", "rt-link", "--do", "newlink", "--create", "--excl", "--echo", "--json", veth)
	r.want(t, exitOK)
	if l := decode[link](t, r.stdout); l.Ifname != "nl0" {
		t.Errorf("the kernel echoes %+v, want nl0", l)
	}
	r = k.nlgen("call", "--family", "rt-link", "--dump", "getlink")
	r.want(t, exitOK)
	var names []string
	for _, l := range decode[[]link](t, r.stdout) {
		names = append(names, l.Ifname)
	}
	slices.Sort(names)
	if got := strings.Join(names, " "); got != "lo nl0 nl1" {
		t.Errorf("links %s, want lo nl0 nl1", got)
	}

	r = k.nlgen("call", "--family", "rt-link", "--do", "getlink", "--json", `{"ifname": "nl0"}`)
	r.want(t, exitOK)
	made := decode[link](t, r.stdout)
	if made.Linkinfo.Kind != "veth" {
		t.Errorf("link %+v, want a veth", made)
	}

	up := fmt.Sprintf(`{"ifi-index": %d, "ifi-flags": ["up"], "ifi-change": ["up"]}`, made.Index)
	var stdout bytes.Buffer
	if status := run([]string{"call", "--family", "rt-link", "--do", "setlink", "--json", "-", k.flag}, strings.NewReader(up), &stdout, &stdout); status != exitOK {
		t.Fatalf("setlink with a request on the standard input: %d, %s", status, &stdout)
	}
	r = k.nlgen("call", "--family", "rt-link", "--do", "getlink", "--json", `{"ifname": "nl0"}`)
	if l := decode[link](t, r.stdout); !slices.Contains(l.Flags, "up") {
		t.Errorf("flags %v of a link that was set up", l.Flags)
	}

	k.nlgen("call", "--family", "rt-link", "--do", "dellink", "--json", `{"ifname": "nl0"}`).want(t, exitOK)
	k.nlgen("call", "--family", "rt-link", "--do", "getlink", "--json", `{"ifname": "nl0"}`).
		want(t, exitKernel, "nlgen: rt-link: getlink: no such device")
}

// TestCallRefused checks what a user sees of the kernel's errors.
func TestCallRefused(t *testing.T) {
	k := newKernel(t)
	k.nlgen("call", "--family", "rt-link", "--do", "newlink", "--create", "--json", veth).want(t, exitOK)
	for _, tt := range []struct {
		name   string
		args   string
		json   string
		status int
		stderr string
	}{
		{"exists", "--family rt-link --do newlink --create --excl", veth, exitKernel, "rt-link: newlink: file exists"},
		{"kernel's text", "--family rt-link --do newlink --create", `{"ifname": "x", "linkinfo": {"kind": "nonsense"}}`, exitKernel, `(kernel: "Unknown device type")`},
		{"attribute path", "--family ethtool --do features-get", `{"header": {"dev-name": "nonsense"}}`, exitKernel, "ethtool: features-get: header.dev-name: no such device"},
		{"attribute missing", "--family ethtool --do strset-get", "", exitKernel, "ethtool: strset-get: header is missing: invalid argument"},
		{"no such object", "--family nlctrl --do getfamily", `{"family-name": "nonsense"}`, exitKernel, "nlctrl: getfamily: no such file or directory"},
		{"not supported by the object", "--family ethtool --do rings-get", `{"header": {"dev-name": "lo"}}`, exitKernel, "ethtool: rings-get: operation not supported\n"},
		{"unknown attribute", "--family rt-link --do getlink", `{"ifnam": "lo"}`, exitBadRequest, `rt-link: getlink: unknown attribute ifnam; did you mean "ifname"?`},
		{"unknown nested attribute", "--family rt-link --do newlink", `{"linkinfo": {"kin": "veth"}}`, exitBadRequest, `rt-link: newlink: linkinfo: unknown attribute kin; did you mean "kind"?`},
		{"wrong type", "--family rt-link --do newlink", `{"mtu": "big"}`, exitBadRequest, "rt-link: newlink: mtu: "},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := k.nlgen(append(append([]string{"call"}, strings.Fields(tt.args)...), "--json", tt.json)...)
			r.want(t, tt.status, "nlgen: ", tt.stderr)
			if r.stdout != "" {
				t.Errorf("stdout %s", r.stdout)
			}
		})
	}
}

// TestKernelTooOld asks for operations and groups that no kernel has, of families
// that all have.
func TestKernelTooOld(t *testing.T) {
	t.Chdir(t.TempDir())
	writeSpec(t, "nlctrl.yaml", "name: nlctrl\nprotocol: genetlink", 250)
	writeSpec(t, "route.yaml", "name: route\nprotocol: netlink-raw\nprotonum: 0", 1000)
	for _, spec := range []string{"nlctrl", "route"} {
		for _, way := range []string{"--do", "--dump"} {
			nlgen("call", "--spec", spec+".yaml", way, "novelty").
				want(t, exitTooOld, spec+": novelty: operation not supported; the running kernel does not know this operation")
		}
	}
	nlgen("listen", "--spec", "nlctrl.yaml", "novelties").
		want(t, exitTooOld, "nlctrl: join novelties: the family has no such group in this kernel; it has: notify")
}

// TestNoFamily asks for a family that no kernel has.
func TestNoFamily(t *testing.T) {
	t.Chdir(t.TempDir())
	writeSpec(t, "spec.yaml", "name: nonsense\nprotocol: genetlink", 1)
	const want = "nonsense: dial: the kernel does not have this family; is the module nonsense loaded?"
	nlgen("call", "--spec", "spec.yaml", "--do", "novelty").want(t, exitNoFamily, want)
	nlgen("listen", "--spec", "spec.yaml", "novelties").want(t, exitNoFamily, want)
	writeSpec(t, "spec.yaml", "name: nonsense\nprotocol: netlink-raw\nprotonum: 31", 16)
	nlgen("call", "--spec", "spec.yaml", "--do", "novelty").want(t, exitNoFamily, "nonsense: dial: ", "protocol not supported")
}

// writeSpec writes a spec with one operation and one group.
func writeSpec(t *testing.T, file, head string, id int) {
	t.Helper()
	group := "{name: novelties}"
	if strings.Contains(head, "netlink-raw") {
		group = "{name: novelties, value: 31}"
	}
	spec := fmt.Sprintf(`%s
doc: Ahead of its time.
x-nlgen-package: novelty
attribute-sets:
  - {name: attrs, attributes: [{name: id, type: u32}]}
operations:
  list:
    - {name: novelty, doc: d, value: %d, attribute-set: attrs, do: {request: {attributes: [id]}, reply: {attributes: [id]}}, dump: {reply: {attributes: [id]}}}
mcast-groups:
  list: [%s]
`, head, id, group)
	if err := os.WriteFile(file, []byte(spec), 0o666); err != nil {
		t.Fatal(err)
	}
}

// TestNoNamespace names a namespace that is none.
func TestNoNamespace(t *testing.T) {
	nlgen("call", "--family", "rt-link", "--dump", "getlink", "--netns", "no-such-one").
		want(t, exitIO, "/var/run/netns/no-such-one: no such file or directory")
	nlgen("call", "--family", "rt-link", "--dump", "getlink", "--netns", "./kernel_linux_test.go").
		want(t, exitIO, "rt-link: dial: ")
}

// TestListen counts the events of links that come and go while it listens.
func TestListen(t *testing.T) {
	k := newKernel(t)
	stop := k.flap(t)
	r := k.nlgen("listen", "--family", "rt-link", "--count", "3", "--duration", "1m", "rtnlgrp-link")
	stop()
	r.want(t, exitOK)
	lines := strings.SplitAfter(strings.TrimSuffix(r.stdout, "\n"), "\n")
	if len(lines) != 3 {
		t.Errorf("%d events, want 3: %s", len(lines), r.stdout)
	}
	for _, line := range lines {
		ev := decode[struct {
			Name string `json:"name"`
			Msg  link   `json:"msg"`
		}](t, line)
		if ev.Name != "newlink-ntf" && ev.Name != "dellink-ntf" || ev.Msg.Ifname != "flap0" && ev.Msg.Ifname != "flap1" {
			t.Errorf("event %s", line)
		}
	}
}

// flap makes and removes links until the function it returns is called.
func (k kernel) flap(t *testing.T) (stop func()) {
	done, stopped := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		for {
			select {
			case <-done:
				return
			default:
			}
			request := strings.NewReplacer("nl0", "flap0", "nl1", "flap1").Replace(veth)
			k.nlgen("call", "--family", "rt-link", "--do", "newlink", "--create", "--json", request).want(t, exitOK)
			k.nlgen("call", "--family", "rt-link", "--do", "dellink", "--json", `{"ifname": "flap0"}`).want(t, exitOK)
		}
	}()
	return func() { close(done); <-stopped }
}

// TestListenDuration listens while nothing happens.
func TestListenDuration(t *testing.T) {
	k := newKernel(t)
	start := time.Now()
	r := k.nlgen("listen", "--family", "rt-link", "--duration", "50ms", "rtnlgrp-link")
	r.want(t, exitOK)
	if took := time.Since(start); r.stdout != "" || took < 50*time.Millisecond {
		t.Errorf("after %v: %s", took, r.stdout)
	}
}

// TestInterrupt sends signals to a program that listens.
func TestInterrupt(t *testing.T) {
	for _, sig := range []syscall.Signal{syscall.SIGINT, syscall.SIGTERM} {
		cmd := program(t, "listen", "--family", "rt-link", "rtnlgrp-link")
		var stderr bytes.Buffer
		cmd.Stderr = &stderr
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		waitForSocket(t, cmd.Process.Pid)
		if err := cmd.Process.Signal(sig); err != nil {
			t.Fatal(err)
		}
		if err := cmd.Wait(); err != nil || stderr.Len() > 0 {
			t.Errorf("%v: %v, stderr %s", sig, err, &stderr)
		}
	}
}

// TestInterruptCall sends a signal to a call that waits for its request.
func TestInterruptCall(t *testing.T) {
	reader := &idleReader{make(chan struct{}), make(chan struct{})}
	defer close(reader.end)
	go func() {
		<-reader.started
		if err := syscall.Kill(os.Getpid(), syscall.SIGINT); err != nil {
			t.Error(err)
		}
	}()
	var stdout, stderr bytes.Buffer
	status := run([]string{"call", "--family", "rt-link", "--do", "getlink", "--json", "-"}, reader, &stdout, &stderr)
	result{status, stdout.String(), stderr.String()}.want(t, exitInterrupted, "nlgen: the standard input: context canceled")
}

// An idleReader reads nothing until its end.
type idleReader struct{ started, end chan struct{} }

func (r *idleReader) Read([]byte) (int, error) {
	close(r.started)
	<-r.end
	return 0, io.EOF
}

// waitForSocket waits until a process has joined the group of links.
func waitForSocket(t *testing.T, pid int) {
	t.Helper()
	for range 1000 {
		table, err := os.ReadFile("/proc/net/netlink")
		if err != nil {
			t.Skip(err)
		}
		for line := range strings.Lines(string(table)) {
			// sk Eth Pid Groups …
			if f := strings.Fields(line); f[1] == "0" && f[3] == "00000001" && ownsSocket(pid, f[len(f)-1]) {
				return
			}
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Fatal("the program does not listen")
}

func ownsSocket(pid int, inode string) bool {
	fds, _ := filepath.Glob(fmt.Sprintf("/proc/%d/fd/*", pid))
	return slices.ContainsFunc(fds, func(fd string) bool {
		target, err := os.Readlink(fd)
		return err == nil && target == "socket:["+inode+"]"
	})
}

// program returns nlgen as a process of its own.
func program(t *testing.T, args ...string) *exec.Cmd {
	t.Helper()
	cmd := exec.Command("/proc/self/exe", args...)
	cmd.Env = append(os.Environ(), asProgram+"=1")
	return cmd
}

// TestUnprivileged runs the program as a user without any rights.
func TestUnprivileged(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("needs root, to become another user")
	}
	dir := t.TempDir()
	writeSpec(t, filepath.Join(dir, "spec.yaml"), "name: novelty", 1)
	for d := dir; d != os.TempDir() && d != "/"; d = filepath.Dir(d) {
		if err := os.Chmod(d, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	for _, tt := range []struct {
		args   []string
		status int
		stderr string
	}{
		{[]string{"call", "--family", "rt-link", "--do", "newlink", "--create", "--json", veth}, exitPermission, "nlgen: rt-link: newlink: operation not permitted"},
		{[]string{"call", "--family", "rt-link", "--dump", "getlink", "--netns", "/proc/1/ns/net"}, exitPermission, "nlgen: rt-link: dial: "},
		{[]string{"generate", "-o", "out", "spec.yaml"}, exitIO, "nlgen: mkdir out: permission denied"},
		{[]string{"generate", "-o", ".", "spec.yaml"}, exitIO, "permission denied"},
		{[]string{"man", "out"}, exitIO, "nlgen: mkdir out: permission denied"},
		{[]string{"init", "--module", "m.test", "--replace", sourceDir(t), "out"}, exitIO, "nlgen: mkdir out: permission denied"},
		{[]string{"call", "--family", "rt-link", "--do", "getlink", "--json", `{"ifname": "lo"}`}, exitOK, ""},
		{[]string{"list"}, exitOK, ""},
	} {
		t.Run(strings.Join(tt.args, " "), func(t *testing.T) {
			cmd := program(t, tt.args...)
			cmd.Dir = dir
			cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
			var stdout, stderr bytes.Buffer
			cmd.Stdout, cmd.Stderr = &stdout, &stderr
			if err := cmd.Run(); cmd.ProcessState == nil {
				t.Fatal(err)
			}
			result{cmd.ProcessState.ExitCode(), stdout.String(), stderr.String()}.want(t, tt.status, tt.stderr)
		})
	}
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != 1 {
		t.Errorf("files after all that failed: %v %v", entries, err)
	}
}

// TestDebug checks that each message is shown if asked for.
func TestDebug(t *testing.T) {
	cmd := program(t, "call", "--family", "rt-link", "--do", "getlink", "--json", `{"ifname": "lo"}`)
	cmd.Env = append(cmd.Env, "NLGEN_DEBUG=1")
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	if err := cmd.Run(); err != nil {
		t.Fatalf("%v: %s", err, &stderr)
	}
	for _, want := range []string{"rt-link: send getlink:", "rt-link: receive getlink:", `ifname="lo"`} {
		if !strings.Contains(stderr.String(), want) {
			t.Errorf("the debug output lacks %q: %s", want, &stderr)
		}
	}
}

// TestList checks the three forms of the list.
func TestList(t *testing.T) {
	r := nlgen("list", "nlctrl", "rt-link")
	r.want(t, exitOK)
	for _, want := range [][]string{
		{"FAMILY", "KIND", "SPEC", "KERNEL"},
		{"nlctrl", "generic", "v1, 2 ops, 1 group", "v2, 2 ops, 1 group"},
		{"getfamily", "operation", "do, dump", "do, dump"},
		{"notify", "group", "yes", "yes"},
		{"rt-link", "protocol 0", "ops", "-"},
		{"rtnlgrp-link", "group", "yes", "-"},
	} {
		if !slices.ContainsFunc(strings.Split(r.stdout, "\n"), func(line string) bool { return containsAll(line, want) }) {
			t.Errorf("no line with %q in\n%s", want, r.stdout)
		}
	}
	r = nlgen("list", "--format", "json")
	r.want(t, exitOK)
	entries := decode[[]entry](t, r.stdout)
	i := slices.IndexFunc(entries, func(e entry) bool { return e.Family == "nlctrl" })
	if i < 0 || entries[i].Spec == nil || entries[i].Kernel == nil {
		t.Fatalf("no complete entry for nlctrl in %s", r.stdout)
	}
	if op := entries[i].Kernel.operation(3); op == nil || *op != (operation{"getfamily", 3, true, true}) {
		t.Errorf("operation 3 of nlctrl in the kernel: %v, want getfamily", op)
	}
}

func containsAll(s string, parts []string) bool {
	return !slices.ContainsFunc(parts, func(p string) bool { return !strings.Contains(s, p) })
}
