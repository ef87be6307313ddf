package modules_test

import (
	"encoding/json"
	"errors"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"

	"github.com/nlgen/nlgen/families/demo"
	"github.com/nlgen/nlgen/gen/dynamic"
	"github.com/nlgen/nlgen/gen/model"
	"github.com/nlgen/nlgen/internal/demotest"
	"github.com/nlgen/nlgen/internal/dynclient"
	"github.com/nlgen/nlgen/internal/familytest"
	nl "github.com/nlgen/nlgen/runtime"
)

// An implementation of demo, which comes from the spec alone.
type implementation struct {
	name     string
	protocol int
	options  []nl.Option // to reach it
}

func (i implementation) dial(t testing.TB, opts ...nl.Option) *nl.Conn {
	t.Helper()
	c, err := nl.Dial(demo.Family(), slices.Concat(i.options, opts)...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c
}

var module = implementation{"module", unix.NETLINK_GENERIC, nil}

// TestGuestDemoModule is for a module that is loaded again.
func TestGuestDemoModule(t *testing.T) {
	needGuest(t)
	demotest.Run(t, module.dial)
}

// implementations returns the module and two servers, which serve on sockets so that
// their messages pass through the kernel like the module's.
func implementations(t *testing.T) []implementation {
	t.Helper()
	dynamicServer, err := demotest.ServeDynamic()
	if err != nil {
		t.Fatal(err)
	}
	list := []implementation{module}
	for name, s := range map[string]*nl.Server{"server": demotest.Serve().Server, "dynamic server": dynamicServer} {
		port, err := s.Listen(unix.NETLINK_USERSOCK, 0)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = s.Close() })
		peer := nl.WithPeer(nl.Port(unix.NETLINK_USERSOCK, port))
		list = append(list, implementation{name, unix.NETLINK_USERSOCK, []nl.Option{peer}})
	}
	return list
}

// TestGuestDemo runs one suite of tests against three implementations of one spec: the
// generated module, the generated server in Go, and the server that only reads the
// spec. All messages between them and the generated client are recorded, and must be
// the same bytes. Then the client that only reads the spec makes the same calls.
func TestGuestDemo(t *testing.T) {
	needGuest(t)
	tap := openTap(t)
	list := implementations(t)
	var records []map[string]traffic
	for _, i := range list {
		record := map[string]traffic{}
		t.Run(i.name, func(t *testing.T) {
			for _, part := range demotest.Parts() {
				tap.take(t, i.protocol)
				t.Run(part.Name, func(t *testing.T) { part.Run(t, i.dial) })
				if !part.Timed {
					record[part.Name] = tap.take(t, i.protocol)
				}
			}
		})
		records = append(records, record)
	}
	if t.Failed() {
		return
	}
	calls, events := 0, 0
	for _, seen := range records[0] {
		calls, events = calls+len(seen.Calls), events+len(seen.Events)
	}
	t.Logf("%d calls and %d events each", calls, events)
	if calls < 900 || events < 2 {
		t.Error("the tap has missed some")
	}
	for i := range list[1:] {
		if diff := cmp.Diff(records[0], records[i+1]); diff != "" {
			t.Errorf("module (-), %s (+):\n%s", list[i+1].name, diff)
		}
	}
	for _, part := range demotest.Parts() {
		if part.Forged {
			delete(records[0], part.Name)
		}
	}
	for _, i := range list {
		t.Run("dynamic client of "+i.name, func(t *testing.T) { repeat(t, tap, i, records[0]) })
	}
}

// repeat makes the calls of a record with the client that only reads the spec. It
// leaves out those that must be refused.
func repeat(t *testing.T, tap *tap, i implementation, record map[string]traffic) {
	family, err := demotest.Model()
	if err != nil {
		t.Fatal(err)
	}
	c, err := dynclient.Dial(family, i.options...)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	calls := 0
	for name, seen := range record {
		var want []call
		tap.take(t, i.protocol)
		for _, call := range seen.Calls {
			op, dump, object := parse(t, family, call.Request)
			if object == nil {
				continue
			}
			want = append(want, call)
			text, err := json.Marshal(object)
			if err != nil {
				t.Fatal(err)
			}
			if dump {
				_, err = c.All(familytest.Context(t), op, text)
			} else {
				_, err = c.Do(familytest.Context(t), op, text)
			}
			if _, refused := errors.AsType[*nl.Error](err); err != nil && !refused {
				t.Fatal(err)
			}
		}
		calls += len(want)
		if diff := cmp.Diff(want, tap.take(t, i.protocol).Calls); diff != "" {
			t.Errorf("%s: generated client (-), dynamic client (+):\n%s", name, diff)
		}
	}
	t.Logf("%d calls", calls)
	if calls < 900 {
		t.Error("some calls are left out")
	}
}

// parse returns the operation and the object of a request, none of a malformed one.
func parse(t *testing.T, family *model.Family, m message) (op *model.Op, dump bool, object *dynamic.Object) {
	t.Helper()
	dump = m.flags()&unix.NLM_F_DUMP == unix.NLM_F_DUMP
	for _, op = range family.Ops {
		call := op.Do
		if dump {
			call = op.Dump
		}
		if call == nil || call.RequestID != uint16(m.command()) {
			continue
		}
		object, err := dynamic.New(family).DecodeRequest(op, dump, m.body())
		if _, fault := errors.AsType[*dynamic.Fault](err); err != nil && !fault {
			t.Fatal(err)
		}
		return op, dump, object
	}
	t.Fatalf("no operation has the number %d", m.command())
	return nil, false, nil
}
