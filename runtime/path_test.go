package runtime

import (
	"bytes"
	"fmt"
	"testing"
)

// mark is an attribute to find: its id is not in any set.
var mark = attr(99, []byte("mark"))

func TestPath(t *testing.T) {
	head := make([]byte, linkHeader)
	tests := []struct {
		name string
		body [][]byte
		want string
	}{
		{"top", [][]byte{attr(attrMTU, u32(1)), mark}, "#99"},
		{"nest with header", [][]byte{attr(attrLinkinfo, attr(1, cstr("veth")), attr(2, attr(1, head, mark)))}, "linkinfo.data.peer.#99"},
		{"recursion", [][]byte{attr(attrLinkinfo, attr(1, cstr("veth")), attr(2, attr(1, head,
			attr(attrLinkinfo, attr(1, cstr("vlan")), attr(2, attr(1, mark))))))}, "linkinfo.data.peer.linkinfo.data.id"},
		{"unknown kind", [][]byte{attr(attrLinkinfo, attr(1, cstr("dummy")), attr(2, mark))}, "linkinfo.data"},
		{"kind behind the body", [][]byte{attr(attrLinkinfo, attr(2, attr(1, mark)), attr(1, cstr("vlan")))}, "linkinfo.data.id"},
		{"no kind", [][]byte{attr(attrLinkinfo, attr(2, mark))}, "linkinfo.data"},
		{"number selects", [][]byte{attr(5, []byte{1}), attr(6, mark)}, "mode-data.#99"},
		{"number selects a form with header", [][]byte{attr(5, []byte{2}), attr(6, u32(0), mark)}, "mode-data.#99"},
		{"outer selector", [][]byte{attr(5, []byte{1}), attr(12, attr(2, mark))}, "outer-data.by-mode.#99"},
		{"element", [][]byte{attr(7, attr(1, attr(1, u32(0))), attr(2, mark))}, "ops[1].#99"},
		{"scalar element", [][]byte{attr(8, attr(1, u32(7)), attr(2, mark))}, "numbers[1]"},
		{"chain", [][]byte{attr(9, attr(3, attr(44, attr(1, u32(0)), mark)))}, "policy.3.44.#99"},
		{"second chain", [][]byte{attr(9, attr(3, attr(44)), attr(5, attr(6, mark)))}, "policy.5.6.#99"},
		{"record", [][]byte{attr(10, record(attr(1, u32(1))), record(attr(1, u32(0)), mark))}, "hops[1].#99"},
		{"repeated", [][]byte{attr(attrLinkinfo), attr(attrMTU), attr(attrLinkinfo, mark), attr(attrLinkinfo)}, "linkinfo[1].#99"},
		{"unknown attribute", [][]byte{attr(77, mark)}, "#77"},
		{"leaf", [][]byte{attr(attrMTU, mark)}, "mtu"},
	}
	for _, tt := range tests {
		body := append(make([]byte, linkHeader), bytes.Join(tt.body, nil)...)
		tree := newTree(&linkSchema, body, 0, linkHeader, setLink)
		at := bytes.Index(body, mark)
		if got := tree.path(at); got != tt.want {
			t.Errorf("%s: %s, want %s", tt.name, got, tt.want)
		}
	}
}

// record is a struct of eight bytes, its length first, and attributes.
func record(attrs ...[]byte) []byte {
	b := append(make([]byte, 8), bytes.Join(attrs, nil)...)
	native.PutUint16(b, uint16(len(b)))
	return b
}

func TestPathWithoutSchema(t *testing.T) {
	body := attr(3, mark)
	if got := newTree(nil, body, 0, 0, 5).path(0); got != "#3" {
		t.Error(got)
	}
}

func TestDescribe(t *testing.T) {
	tests := []struct {
		body []byte
		want string
	}{
		{nil, ""},
		{attr(attrIfname, cstr("eth\"0")), `ifname="eth\"0"`},
		{attr(attrMTU, u32(1500)), "mtu=1500"},
		{attr(attrMTU, []byte{1, 2, 3}), "mtu=010203"},
		{attr(11), "up"},
		{attr(attrLinkinfo), "linkinfo={}"},
		{attr(77, make([]byte, 65)), "#77=" + string(bytes.Repeat([]byte("00"), 64)) + "...(65 bytes)"},
		{vethAttrs(), `linkinfo={kind="veth" data={peer={header=00000000000000000000000000000000 ifname="v1"}}}`},
		{attr(7, attr(1, attr(2, []byte{10, 0, 0, 1})), attr(2, attr(1, u32(4)))), "ops={[0]={via=10.0.0.1} [1]={id=4}}"},
		{attr(9, attr(3, attr(4, attr(1, u32(5))))), "policy={3={4={id=5}}}"},
		{attr(10, record(attr(1, u32(1))), record()), fmt.Sprintf("hops={[0]={header=%x000000000000 id=1} [1]={header=%x000000000000}}", u16(16), u16(8))},
	}
	c, _ := dialFake(t, &linkFamily, slow)
	for _, tt := range tests {
		m := message{Header: Header{Type: 16}, body: tt.body}
		if got := c.describe(&m, setLink, 0); got != tt.want {
			t.Errorf("got  %s\nwant %s", got, tt.want)
		}
	}
}

func TestValue(t *testing.T) {
	tests := []struct {
		typ  Type
		b    []byte
		want string
	}{
		{TypeS8, []byte{0xff}, "-1"},
		{TypeS32, u32(0xfffffffe), "-2"},
		{TypeSint, u64(1<<64 - 3), "-3"},
		{TypeUint, u64(1 << 40), "1099511627776"},
		{TypeU16BE, []byte{1, 2}, "258"},
		{TypeU32BE, []byte{0, 0, 1, 2}, "258"},
		{TypeMAC, []byte{2, 0, 0, 0, 0, 1}, "02:00:00:00:00:01"},
		{TypeAddr, []byte{1, 2, 3}, "010203"},
		{TypeBitfield32, append(u32(1), u32(3)...), "0x1/0x3"},
		{TypeBinary, []byte{0xab}, "ab"},
	}
	for _, tt := range tests {
		if got := value(tt.typ, tt.b); got != tt.want {
			t.Errorf("value(%d, %x) = %s, want %s", tt.typ, tt.b, got, tt.want)
		}
	}
}

func TestDescribeControl(t *testing.T) {
	req := message{raw: make([]byte, headerLen)}
	tests := []struct {
		b    []byte
		want string
	}{
		{errorReply(req, 0), "NLMSG_ERROR 0"},
		{errorReply(req, -17, attr(extackMsg, cstr("taken"))), `NLMSG_ERROR 17 (file exists) "taken"`},
		{doneReply(req, 0, 0, attr(extackMsg, cstr("half"))), `NLMSG_DONE 0 "half"`},
		{frame(typeError, 0, 0, 0), "malformed NLMSG_ERROR of 0 bytes"},
	}
	for _, tt := range tests {
		m, _, err := splitMessage(tt.b)
		if err != nil {
			t.Fatal(err)
		}
		if got := describeControl(&m); got != tt.want {
			t.Errorf("got  %s\nwant %s", got, tt.want)
		}
	}
}
