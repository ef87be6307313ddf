package dynamic_test

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/nlgen/nlgen/gen/dynamic"
	"github.com/nlgen/nlgen/gen/model"
	"github.com/nlgen/nlgen/gen/resolve"
	"github.com/nlgen/nlgen/gen/spec"
	"github.com/nlgen/nlgen/gen/tree"
	"github.com/nlgen/nlgen/specs"
)

// resolved returns the family of one of the project's specs.
func resolved(t testing.TB, name string) *model.Family {
	t.Helper()
	data, ok := specs.Find(name)
	if !ok {
		t.Fatalf("there is no spec of %s", name)
	}
	root, diags := tree.Load(name+".yaml", data)
	if err := diags.Err(); err != nil {
		t.Fatal(err)
	}
	s, diags := spec.Decode(root, spec.Options{})
	if err := diags.Err(); err != nil {
		t.Fatal(err)
	}
	f, diags := resolve.Resolve(s, resolve.Options{})
	if err := diags.Err(); err != nil {
		t.Fatal(err)
	}
	return f
}

// target is a message that the fuzzers try.
type target struct {
	codec   *dynamic.Codec
	message *model.Message
}

// targets returns messages of families that between them have all kinds of
// attributes. The corpus counts on their order.
func targets(t testing.TB) []target {
	var list []target
	for _, want := range []struct{ family, op string }{
		{"rt-link", "getlink"}, {"rt-addr", "getaddr"}, {"rt-route", "getroute"}, {"nlctrl", "getpolicy"},
		{"nlctrl", "getfamily"}, {"ethtool", "features-get"}, {"ethtool", "stats-get"}, {"wireguard", "get-device"},
	} {
		f := resolved(t, want.family)
		op := operation(t, f, want.op)
		reply := op.Dump
		if reply == nil {
			reply = op.Do
		}
		list = append(list, target{dynamic.New(f), reply.Reply})
	}
	return list
}

func operation(t testing.TB, f *model.Family, name string) *model.Op {
	t.Helper()
	for _, op := range f.Ops {
		if op.Name == name {
			return op
		}
	}
	t.Fatalf("%s has no operation %s", f.Name, name)
	return nil
}

// Any bytes give an object or an error with a place, and an object that can be
// encoded comes out of that unchanged.
func FuzzDecode(f *testing.F) {
	list := targets(f)
	f.Add(uint8(0), unhex(f, "0000010002000000430001000000000008000300 6c6f0000"))
	f.Add(uint8(0), unhex(f, "00000100020000000000000000000000 18001280 09000100 766c616e00000000 0c000280 0600010005000000"))
	f.Add(uint8(2), unhex(f, "0218000000000200 00000000 08000100 0a000000 14000900 10000000 02000000 08000500 0a000001"))
	f.Add(uint8(3), unhex(f, "06000100 10000000 18000880 14000280 10000180 08000100 01000000 04000200"))
	f.Fuzz(func(t *testing.T, which uint8, b []byte) {
		to := list[int(which)%len(list)]
		o, err := to.codec.DecodeMessage(to.message, b)
		if err != nil {
			located(t, err)
			return
		}
		before := text(t, o)
		wire, err := to.codec.EncodeMessage(to.message, o)
		if err != nil {
			located(t, err) // a limit of the spec
			return
		}
		again, err := to.codec.DecodeMessage(to.message, wire)
		if err != nil {
			t.Fatalf("%s\nencoded to %x\nwhich does not decode: %v", before, wire, err)
		}
		if after := text(t, again); sorted(t, before) != sorted(t, after) {
			t.Fatalf("%x\n gives %s\n  then %x\n gives %s", b, before, wire, after)
		}
	})
}

// Any JSON is encoded or is an error, and what is encoded decodes to something
// that is encoded to the same bytes.
func FuzzEncode(f *testing.F) {
	list := targets(f)
	f.Add(uint8(0), `{"ifname":"eth0","mtu":1500,"linkinfo":{"kind":"vlan","data":{"id":5,"flags":{"flags":["gvrp"],"mask":"0x1"}}}}`)
	f.Add(uint8(1), `{"family":2,"index":1,"local":"192.0.2.1","flags":["permanent"],"cacheinfo":{"valid":1}}`)
	f.Add(uint8(2), `{"dst":"2001:db8::","metrics":{"mtu":1400},"UnknownAttr(200)":{"UnknownAttr(1)":"aa"}}`)
	f.Add(uint8(4), `{"family-name":"nlctrl","ops":[{"1":{"id":3,"flags":"0x1f"}},{"id":4}]}`)
	f.Add(uint8(7), `{"ifname":"wg0","peers":[{"endpoint":"192.0.2.1:51820","allowedips":[{"family":2}]}]}`)
	f.Fuzz(func(t *testing.T, which uint8, object string) {
		to := list[int(which)%len(list)]
		var o dynamic.Object
		if o.UnmarshalJSON([]byte(object)) != nil {
			return
		}
		wire, err := to.codec.EncodeMessage(to.message, &o)
		if err != nil {
			located(t, err)
			return
		}
		back, err := to.codec.DecodeMessage(to.message, wire)
		if strings.Contains(object, "UnknownAttr(") {
			return // may well be a known attribute in disguise
		}
		if err != nil {
			t.Fatalf("%s\nencoded to %x\nwhich does not decode: %v", object, wire, err)
		}
		again, err := to.codec.EncodeMessage(to.message, back)
		if err != nil || !bytes.Equal(wire, again) {
			t.Fatalf("%s\nencoded to %x\n  and then %x, %v", object, wire, again, err)
		}
	})
}

func located(t *testing.T, err error) {
	t.Helper()
	if e, ok := errors.AsType[*dynamic.Error](err); !ok || e.Msg == "" {
		t.Fatalf("an error without a place: %#v", err)
	}
}

func text(t testing.TB, o *dynamic.Object) string {
	t.Helper()
	b, err := json.Marshal(o)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// sorted returns JSON with the members of its objects in order.
func sorted(t testing.TB, object string) string {
	t.Helper()
	d := json.NewDecoder(strings.NewReader(object))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		t.Fatal(err)
	}
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func unhex(t testing.TB, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(strings.ReplaceAll(s, " ", ""))
	if err != nil {
		t.Fatal(err)
	}
	return b
}
