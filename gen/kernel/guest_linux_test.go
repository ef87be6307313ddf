package kernel_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/nlgen/nlgen/gen"
	"github.com/nlgen/nlgen/gen/dynamic"
	"github.com/nlgen/nlgen/gen/model"
	"github.com/nlgen/nlgen/internal/dynclient"
	"github.com/nlgen/nlgen/internal/vm"
	nl "github.com/nlgen/nlgen/runtime"
	"github.com/nlgen/nlgen/specs"
)

// TestLoaded loads modules of Generic Netlink and of a classic protocol into a guest
// and has the tests below talk to them there. The guest reports what the kernel
// complains of. The modules of other constructs are only loaded and unloaded: when a
// family is registered, the kernel looks at its tables.
func TestLoaded(t *testing.T) {
	if os.Getenv(vm.InGuest) != "" {
		t.Skip("this is the guest")
	}
	demo := buildModule(t, "../../specs/demo.yaml", "testdata/demo_handlers.c")
	notes := buildModule(t, classic, "testdata/notes_handlers.c")
	shape := buildModule(t, shapes, "testdata/shapes_handlers.c")
	files := []string{demo.File, notes.File, shape.File}
	_, others := buildConstructs(t)
	for _, m := range others {
		files = append(files, m.File)
	}
	g := vm.Start(t, vm.Config{Modules: files})
	for _, spec := range []string{classic, shapes} {
		if err := g.Put(t.Context(), "/tests/"+spec, read(t, spec)); err != nil {
			t.Fatal(err)
		}
	}
	vm.RunTests(t, g, "github.com/nlgen/nlgen/gen/kernel", "-test.run=^TestGuest")
	for _, file := range files {
		if err := g.Unload(t.Context(), strings.TrimSuffix(filepath.Base(file), ".ko")); err != nil {
			t.Error(err)
		}
	}
}

// Specs of families for tests alone.
const (
	classic = "testdata/classic.yaml" // a classic protocol
	shapes  = "testdata/shapes.yaml"  // what policies do not reach
)

func read(t *testing.T, path string) []byte {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// everything is a request with every attribute of the demo family.
const everything = `{
	"u8": 255, "u16": 65535, "u32": 4294967295, "u64": 18446744073709551615,
	"s8": -128, "s16": -32768, "s32": -2147483648, "s64": -9223372036854775808,
	"uint": 4294967296, "sint": -5, "be16": 258, "be32": 16909060, "be64": 72623859790382856,
	"flag": true, "text": "text", "free-text": "free", "bytes": "00ff10", "key": "0102030405060708",
	"address": "192.0.2.1", "mac": "02:00:00:00:00:01",
	"point": {"kind": 1, "x": -1, "y": 2, "port": 80},
	"array32": [1, 2, 3], "array64": [1, 18446744073709551615],
	"bits": {"value": ["walk"], "selector": ["walk", "fly"]},
	"colour": "green", "level": "highest", "features": ["swim", "fly"], "colours": ["red", "blue"],
	"small": -10, "large": 4294967295, "port": 443,
	"nest": {"value": 1, "text": "outer", "inner": {"value": 2, "inner": {"text": "innermost"}}},
	"list": [3, 1, 2], "texts": ["a", "", "c"], "nests": [{"value": 1}, {}, {"text": "x"}],
	"points": [{"kind": 1, "x": 0, "y": 0, "port": 0}, {"kind": 2, "x": 5, "y": 6, "port": 7}],
	"numbers": [7, 8, 9], "items": [{"value": 1}, {"value": 2}],
	"chain": [{"row": 1, "column": 2, "value": 12}, {"row": 3, "column": 4, "text": "34"}]
}`

func TestGuestEcho(t *testing.T) {
	c, f := dial(t)
	echoes(t, c, f, everything)
}

// echoes compares a request with the reply to it.
func echoes(t *testing.T, c *dynclient.Client, f *model.Family, request string) {
	t.Helper()
	op := operation(t, f, "echo")
	got, err := c.Do(t.Context(), op, []byte(request))
	if err != nil {
		t.Fatal(err)
	}
	codec := dynamic.New(f)
	req, err := codec.EncodeRequest(op, false, []byte(request))
	if err != nil {
		t.Fatal(err)
	}
	want, err := codec.DecodeReply(op, false, req)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(text(t, want), text(t, got)); diff != "" {
		t.Error(diff)
	}
}

// TestGuestRefuses sends values that the spec rules out.
func TestGuestRefuses(t *testing.T) {
	c, f := dial(t, func(f *model.Family) {
		for _, s := range f.Sets {
			for _, a := range s.Attrs {
				a.Checks = model.Checks{} // or the client would refuse them itself
			}
		}
	})
	for _, tt := range []struct {
		op, json      string
		errno         syscall.Errno
		attr, missing string
	}{
		{"echo", `{"small": 11}`, syscall.ERANGE, "small", ""},
		{"echo", `{"small": -11}`, syscall.ERANGE, "small", ""},
		{"echo", `{"large": 999}`, syscall.ERANGE, "large", ""},
		{"echo", `{"large": 4294967296}`, syscall.ERANGE, "large", ""},
		{"echo", `{"port": 0}`, syscall.ERANGE, "port", ""},
		{"echo", `{"colour": 3}`, syscall.ERANGE, "colour", ""},
		{"echo", `{"level": 2}`, syscall.EINVAL, "level", ""},
		{"echo", `{"features": 8}`, syscall.EINVAL, "features", ""},
		{"echo", `{"colours": 8}`, syscall.EINVAL, "colours", ""},
		{"echo", `{"bits": {"value": 8, "selector": 8}}`, syscall.EINVAL, "bits", ""},
		{"echo", `{"key": "0102"}`, syscall.ERANGE, "key", ""},
		{"get", `{"id": 0}`, syscall.ERANGE, "id", ""},
		{"get", `{"id": 77}`, syscall.ENOENT, "id", ""},
		{"get", `{}`, syscall.EINVAL, "", "id"},
		{"set", `{"id": 1, "name": "a name that is longer than any thing has"}`, syscall.EINVAL, "name", ""},
	} {
		_, err := c.Do(t.Context(), operation(t, f, tt.op), []byte(tt.json))
		e, ok := errors.AsType[*nl.Error](err)
		if !ok || e.Errno != tt.errno || e.Attr != tt.attr || e.Missing != tt.missing {
			t.Errorf("%s %s: %v (%+v), want %v at %q, missing %q", tt.op, tt.json, err, e, tt.errno, tt.attr, tt.missing)
		}
	}
}

// TestGuestDump lists so many things that one message does not hold them.
func TestGuestDump(t *testing.T) {
	c, f := dial(t)
	const n = 100
	for i := range n {
		req := fmt.Sprintf(`{"id": %d, "name": "thing %d with a longish name", "colour": %d, "size": %d}`, i+1, i+1, i%3, i)
		if _, err := c.Do(t.Context(), operation(t, f, "set"), []byte(req)); err != nil {
			t.Fatal(err)
		}
	}
	all, err := c.All(t.Context(), operation(t, f, "get"), []byte(`{}`))
	if err != nil || len(all) != n {
		t.Fatalf("%d things, want %d (%v)", len(all), n, err)
	}
	for i, o := range all {
		if id, _ := o.Get("id"); fmt.Sprint(id) != fmt.Sprint(i+1) {
			t.Errorf("thing %d has the id %v", i, id)
		}
	}
	green, err := c.All(t.Context(), operation(t, f, "get"), []byte(`{"colour": "green"}`))
	if err != nil || len(green) != 33 {
		t.Errorf("%d green things, want 33 (%v)", len(green), err)
	}
}

// TestGuestEvents rings alarms, and closes a socket that has registered.
func TestGuestEvents(t *testing.T) {
	c, f := dial(t)
	events, err := c.Listen(t.Context(), f.Groups...)
	if err != nil {
		t.Fatal(err)
	}
	registered, _ := dial(t)
	for _, step := range []struct {
		c        *dynclient.Client
		op, json string
	}{
		{c, "ring", `{"level": "high", "text": "fire"}`},
		{c, "set", `{"id": 9, "name": "nine"}`},
		{registered, "register", `{}`},
	} {
		if _, err := step.c.Do(t.Context(), operation(t, f, step.op), []byte(step.json)); err != nil {
			t.Fatal(err)
		}
	}
	if err := registered.Close(); err != nil {
		t.Fatal(err)
	}
	want := []string{"alarm fire", "changed nine", "alarm a registered socket was closed"}
	late := time.AfterFunc(10*time.Second, func() { c.Close() })
	defer late.Stop()
	for ev, err := range events {
		if err != nil {
			t.Fatalf("%v; still to come: %q", err, want)
		}
		got := ev.Op.Name
		for _, name := range []string{"text", "name"} {
			if v, ok := ev.Message.Get(name); ok {
				got += " " + fmt.Sprint(v)
			}
		}
		if got != want[0] {
			t.Errorf("event %q, want %q", got, want[0])
		}
		if want = want[1:]; len(want) == 0 {
			return
		}
	}
}

// TestGuestClassic talks to a protocol of its own: headers, structs, texts, and a group
// with a number above 32.
func TestGuestClassic(t *testing.T) {
	if os.Getenv(vm.InGuest) == "" {
		t.Skip("TestLoaded runs this in a guest")
	}
	c, f := connect(t, read(t, classic))
	events, err := c.Listen(t.Context(), f.Groups...)
	if err != nil {
		t.Fatal(err)
	}
	for _, step := range []struct{ op, request, reply string }{
		{"get", `{"id": 4}`, `{"index":4,"id":4,"text":"a note","tags":["made","up"],` +
			`"author":{"uid":7,"when":-1},"sizes":[1,2,3]}`},
		{"put", `{"index": 2, "text": "hello"}`, `null`},
		{"join", `{}`, `null`},
		{"put", `{"index": 3}`, `null`},
		{"leave", `{}`, `null`},
		{"say", `{"banner": {"kind": 8}, "text": "loud", "rest": "010203"}`,
			`{"lines":[{"kind":8,"length":4},{"kind":0,"length":3}]}`},
	} {
		o, err := c.Do(t.Context(), operation(t, f, step.op), []byte(step.request))
		if err != nil {
			t.Fatal(err)
		}
		got, err := json.Marshal(o)
		if err != nil || !same(t, got, []byte(step.reply)) {
			t.Errorf("%s: %s, want %s (%v)", step.op, got, step.reply, err)
		}
	}
	all, err := c.All(t.Context(), operation(t, f, "get"), []byte(`{}`))
	if err != nil || len(all) != 1000 {
		t.Errorf("%d notes, want 1000 (%v)", len(all), err)
	}
	if _, err := c.Do(t.Context(), operation(t, f, "get"), []byte(`{}`)); err == nil {
		t.Error("a get without the id is not refused")
	}
	want := []string{
		`{"index":2,"text":"hello"}`, `{"index":3}`,
		`{"banner":{"kind":5,"length":4},"text":"loud"}`,
	}
	late := time.AfterFunc(10*time.Second, func() { c.Close() })
	defer late.Stop()
	for ev, err := range events {
		if err != nil {
			t.Fatalf("%v; still to come: %q", err, want)
		}
		got, err := json.Marshal(ev.Message)
		if err != nil || !same(t, got, []byte(want[0])) {
			t.Errorf("event %s, want %s (%v)", got, want[0], err)
		}
		if want = want[1:]; len(want) == 0 {
			return
		}
	}
}

// same reports whether what is in want is in got, at the top level.
func same(t *testing.T, got, want []byte) bool {
	t.Helper()
	var g, w map[string]any
	if err := errors.Join(json.Unmarshal(got, &g), json.Unmarshal(want, &w)); err != nil {
		t.Fatal(err)
	}
	for name, value := range w {
		if !cmp.Equal(g[name], value) {
			return false
		}
	}
	return (g == nil) == (w == nil)
}

// TestGuestGarbage sends requests with bytes changed, cut off and added. Whatever
// they are, the module answers, and goes on.
func TestGuestGarbage(t *testing.T) {
	_, f := dial(t)
	garbage(t, rawCall(t, f, "echo"), echoRequest(t, f, everything))
}

// echoRequest encodes a request of the operation echo.
func echoRequest(t *testing.T, f *model.Family, request string) []byte {
	t.Helper()
	b, err := dynamic.New(f).EncodeRequest(operation(t, f, "echo"), false, []byte(request))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// garbage changes a request.
func garbage(t *testing.T, send func(payload []byte) ([]byte, error), good []byte) {
	t.Helper()
	random := rand.New(rand.NewPCG(1, 2))
	refused, before := 0, 0
	for i := range 20000 {
		if i == 1000 { // what is kept for later is there now
			before = slabs(t)
		}
		bad := append([]byte(nil), good...)
		for range 1 + random.IntN(4) {
			bad[random.IntN(len(bad))] = byte(random.Uint32())
		}
		bad = bad[:len(bad)-random.IntN(2)*random.IntN(len(bad))]
		if _, err := send(bad); err != nil {
			refused++
		}
	}
	if refused == 0 {
		t.Error("no request was refused")
	}
	if grown := slabs(t) - before; grown > leak {
		t.Errorf("the kernel has %d kB more than before", grown)
	}
	if _, err := send(good); err != nil {
		t.Error(err)
	}
}

// leak is how many kB the kernel may have more after 19000 requests: less than a block
// of 64 bytes for one of ten.
const leak = 100

// slabs returns how many kB of the kernel's memory for small objects are in use for
// good.
func slabs(t *testing.T) int {
	t.Helper()
	var kb int
	_, line, _ := strings.Cut(string(read(t, "/proc/meminfo")), "\nSUnreclaim:")
	if _, err := fmt.Sscan(line, &kb); err != nil {
		t.Fatal(err)
	}
	return kb
}

// rawCall returns a function that sends bytes as a request of an operation, and returns
// those of the reply.
func rawCall(t *testing.T, f *model.Family, name string) func(payload []byte) ([]byte, error) {
	t.Helper()
	conn, err := nl.Dial(&nl.Family{Name: f.Name, Protocol: f.Protocol, Version: f.Version})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	op := operation(t, f, name)
	raw := &nl.Op{Name: op.Name, Request: op.RequestID, Reply: op.ReplyID}
	return func(payload []byte) ([]byte, error) {
		reply, err := nl.Do[nl.Raw](t.Context(), conn, raw, &nl.Raw{Payload: payload})
		if err != nil {
			return nil, err
		}
		return reply.Payload, nil
	}
}

// dial connects to the module. The family is changed first, if there is a function
// for that.
func dial(t *testing.T, change ...func(*model.Family)) (*dynclient.Client, *model.Family) {
	t.Helper()
	if os.Getenv(vm.InGuest) == "" {
		t.Skip("TestLoaded runs this in a guest")
	}
	spec, ok := specs.Find("demo")
	if !ok {
		t.Fatal("no spec of the demo family")
	}
	return connect(t, spec, change...)
}

func connect(t *testing.T, spec []byte, change ...func(*model.Family)) (*dynclient.Client, *model.Family) {
	t.Helper()
	f, diags := gen.Load("spec.yaml", spec, gen.Options{})
	if f == nil {
		t.Fatal(diags)
	}
	for _, apply := range change {
		apply(f)
	}
	c, err := dynclient.Dial(f)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c, f
}

func operation(t *testing.T, f *model.Family, name string) *model.Op {
	t.Helper()
	for _, op := range f.Ops {
		if op.Name == name {
			return op
		}
	}
	t.Fatalf("no operation %s", name)
	return nil
}

func text(t *testing.T, o *dynamic.Object) string {
	t.Helper()
	out, err := json.MarshalIndent(o, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}
