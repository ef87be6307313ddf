package dynamic_test

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"testing"

	"github.com/nlgen/nlgen/gen"
	"github.com/nlgen/nlgen/gen/dynamic"
	"github.com/nlgen/nlgen/gen/model"
	"github.com/nlgen/nlgen/specs"
)

func payloadFamily(t *testing.T, name string) *model.Family {
	t.Helper()
	data, ok := specs.Find(name)
	if !ok {
		t.Fatalf("no spec %s", name)
	}
	f, diags := gen.Load(name+".yaml", data, gen.Options{})
	if err := diags.Err(); err != nil {
		t.Fatal(err)
	}
	return f
}

// native returns numbers in the byte order of the host.
func native(list ...uint32) (b []byte) {
	for _, v := range list {
		b = binary.NativeEndian.AppendUint32(b, v)
	}
	return b
}

func size(n uint16) []byte {
	return append(binary.NativeEndian.AppendUint16(nil, n), 0, 0)
}

func TestPayloadEvents(t *testing.T) {
	fork := bytes.Join([][]byte{native(1, 1, 7, 0), size(40), native(1, 3), binary.NativeEndian.AppendUint64(nil, 9), native(10, 10, 11, 11)}, nil)
	for _, tt := range []struct {
		family string
		id     uint16
		wire   []byte
		want   string // JSON, or an error
	}{
		{"uevent", 0, []byte("add@/x\x00A=1\x00B=\x00"), `{"action":"add","devpath":"/x","env":{"A":"1","B":""}}`},
		{"uevent", 0, []byte("add"), `uevent: action: no '@' ends the text`},
		{"uevent", 0, []byte("add@/x\x00A\x00"), `uevent: env: "A" is no KEY=VALUE`},
		{"hello", 3, []byte("Hello from kernel\x00"), `{"text":"Hello from kernel"}`},
		{"audit", 1305, []byte("op=set"), `{"type":"config-change","text":"op=set"}`},
		{"audit", 1999, []byte("x"), `{"type":1999,"text":"x"}`},
		{"usersock", 20, []byte{1, 2, 3}, `{"type":20,"data":"010203"}`},
		{"connector", 3, append(fork, native(0, 0)...), `{"header":{"id":{"idx":"proc","val":1},"seq":7,"ack":0,"len":40,"flags":0},"body":{"event":{"what":"fork","cpu":3,"timestamp-ns":9},"data":{"parent-pid":10,"parent-tgid":10,"child-pid":11,"child-tgid":11}}}`},
		{"connector", 3, fork[:30], `message: body: 10 bytes, want 40`},
		{"connector", 3, bytes.Join([][]byte{native(3, 9, 0, 0), size(2), {1, 2}}, nil), `{"header":{"id":{"idx":"w1","val":9},"seq":0,"ack":0,"len":2,"flags":0},"body":"0102"}`},
	} {
		_, o, err := dynamic.New(payloadFamily(t, tt.family)).DecodeEvent(tt.id, tt.wire)
		var got string
		if err != nil {
			got = err.Error()
		} else if text, err := json.Marshal(o); err != nil {
			t.Fatal(err)
		} else {
			got = string(text)
		}
		if got != tt.want {
			t.Errorf("%s: got\n%s\nwant\n%s", tt.family, got, tt.want)
		}
	}
}

func TestPayloadRequests(t *testing.T) {
	listen := bytes.Join([][]byte{native(1, 1, 7, 0), size(8), native(1, 0)}, nil)
	for _, tt := range []struct {
		family, op, json string
		wire             []byte
		wantError        string
	}{
		{"connector", "listen", `{"header": {"seq": 7}, "body": {"mcast-op": "listen"}}`, listen, ""},
		{"connector", "listen", `{"header": {"seq": 7, "id": {"idx": "proc", "val": "0x1"}}, "body": {"mcast-op": 1}}`, listen, ""},
		{"connector", "listen", `{"body": {"mcast": 1}}`, nil, "listen: body: what selects its form is left out, and not just one form fits; give header.id.idx"},
		{"connector", "listen", `{"boddy": {}}`, nil, `listen: unknown part boddy; did you mean "body"?`},
		{"exam", "send", `{"text": "hi"}`, []byte("hi"), ""},
		{"exam", "send", ``, nil, ""},
		{"exam", "send", `{"text": 1}`, nil, "send: text: 1, want a string"},
		{"exam", "receive", `{"text": "x"}`, nil, "receive: unknown attribute text"},
		{"usersock", "send", `{"data": "0aff"}`, []byte{10, 255}, ""},
	} {
		f := payloadFamily(t, tt.family)
		for _, op := range f.Ops {
			if op.Name != tt.op {
				continue
			}
			b, err := dynamic.New(f).EncodeRequest(op, false, []byte(tt.json))
			if !bytes.Equal(b, tt.wire) || err == nil && tt.wantError != "" || err != nil && err.Error() != tt.wantError {
				t.Errorf("%s %s: %x, %v; want %x, %s", tt.op, tt.json, b, err, tt.wire, tt.wantError)
			}
		}
	}
}
