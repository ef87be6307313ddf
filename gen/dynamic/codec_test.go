package dynamic

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/nlgen/nlgen/gen/model"
)

// The enums of the tests.
var (
	colour = &model.Enum{Name: "colour", Entries: []*model.Entry{
		{Name: "red"}, {Name: "green", Value: 1}, {Name: "back", Value: -1},
	}}
	caps = &model.Enum{Name: "caps", Flags: true, Entries: []*model.Entry{
		{Name: "read"}, {Name: "write", Value: 1}, {Name: "top", Value: 31},
	}}
)

func limit(n int64) *model.Limit { return &model.Limit{Value: n} }

// attrOf makes an attribute called x with the id 1 of a set of its own.
func attrOf(a model.Attr) *model.Message {
	a.Name, a.ID = "x", 1
	return messageOf(&a)
}

func messageOf(attrs ...*model.Attr) *model.Message {
	set := &model.AttrSet{Name: "set", Attrs: attrs}
	m := &model.Message{Set: set}
	for _, a := range attrs {
		a.Set = set
		m.Fields = append(m.Fields, &model.Field{Attr: a})
	}
	return m
}

func nest(m *model.Message) model.Attr {
	return model.Attr{Type: model.TypeNest, Message: m, Nested: m.Set}
}

// unhex reads hex with spaces anywhere.
func unhex(t *testing.T, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(strings.NewReplacer(" ", "", "\n", "", "\t", "").Replace(s))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func parse(t *testing.T, text string) *Object {
	t.Helper()
	o := new(Object)
	if err := o.UnmarshalJSON([]byte(text)); err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return o
}

func text(t *testing.T, o *Object) string {
	t.Helper()
	b, err := json.Marshal(o)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func little() *Codec { return &Codec{family: &model.Family{Name: "test"}, order: binary.LittleEndian} }
func big() *Codec    { return &Codec{family: &model.Family{Name: "test"}, order: binary.BigEndian} }

// both checks that a JSON object and wire bytes are each other's form.
func both(t *testing.T, c *Codec, m *model.Message, object, wire string) {
	t.Helper()
	encodes(t, c, m, object, wire)
	decodes(t, c, m, wire, object)
}

func encodes(t *testing.T, c *Codec, m *model.Message, object, wire string) {
	t.Helper()
	got, err := c.EncodeMessage(m, parse(t, object))
	if err != nil {
		t.Fatalf("encoding %s: %v", object, err)
	}
	if want := unhex(t, wire); !bytes.Equal(want, got) {
		t.Errorf("encoding %s:\n got %x\nwant %x", object, got, want)
	}
}

func decodes(t *testing.T, c *Codec, m *model.Message, wire, object string) {
	t.Helper()
	o, err := c.DecodeMessage(m, unhex(t, wire))
	if err != nil {
		t.Fatalf("decoding %s: %v", wire, err)
	}
	if diff := cmp.Diff(object, text(t, o)); diff != "" {
		t.Errorf("decoding %s (-want +got):\n%s", wire, diff)
	}
}

func TestScalars(t *testing.T) {
	for name, tt := range map[string]struct {
		attr        model.Attr
		json        string // value of x
		little, big string // the attribute
	}{
		"u8":  {model.Attr{Type: model.TypeU8}, `200`, "0500 0100 c8000000", "0005 0001 c8000000"},
		"u16": {model.Attr{Type: model.TypeU16}, `258`, "0600 0100 02010000", "0006 0001 01020000"},
		"u32": {model.Attr{Type: model.TypeU32}, `16909060`, "0800 0100 04030201", "0008 0001 01020304"},
		"u64": {model.Attr{Type: model.TypeU64}, `18446744073709551615`,
			"0c00 0100 ffffffffffffffff", "000c 0001 ffffffffffffffff"},
		"s8":  {model.Attr{Type: model.TypeS8}, `-2`, "0500 0100 fe000000", "0005 0001 fe000000"},
		"s16": {model.Attr{Type: model.TypeS16}, `-2`, "0600 0100 feff0000", "0006 0001 fffe0000"},
		"s32": {model.Attr{Type: model.TypeS32}, `-2`, "0800 0100 feffffff", "0008 0001 fffffffe"},
		"s64": {model.Attr{Type: model.TypeS64}, `-9223372036854775808`,
			"0c00 0100 0000000000000080", "000c 0001 8000000000000000"},
		"big-endian u16": {model.Attr{Type: model.TypeU16, BigEndian: true}, `258`,
			"0600 0100 01020000", "0006 0001 01020000"},
		"big-endian u32": {model.Attr{Type: model.TypeU32, BigEndian: true}, `16909060`,
			"0800 0100 01020304", "0008 0001 01020304"},
		"big-endian u64": {model.Attr{Type: model.TypeU64, BigEndian: true}, `1`,
			"0c00 0100 0000000000000001", "000c 0001 0000000000000001"},
		"uint of 4 bytes": {model.Attr{Type: model.TypeUint}, `4294967295`,
			"0800 0100 ffffffff", "0008 0001 ffffffff"},
		"uint of 8 bytes": {model.Attr{Type: model.TypeUint}, `4294967296`,
			"0c00 0100 0000000001000000", "000c 0001 0000000100000000"},
		"sint of 4 bytes": {model.Attr{Type: model.TypeSint}, `-2147483648`,
			"0800 0100 00000080", "0008 0001 80000000"},
		"sint of 8 bytes": {model.Attr{Type: model.TypeSint}, `2147483648`,
			"0c00 0100 0000008000000000", "000c 0001 0000000080000000"},
		"enum":         {model.Attr{Type: model.TypeU16, Enum: colour}, `"green"`, "0600 0100 01000000", "0006 0001 00010000"},
		"unknown enum": {model.Attr{Type: model.TypeU8, Enum: colour}, `7`, "0500 0100 07000000", "0005 0001 07000000"},
		"negative enum": {model.Attr{Type: model.TypeU32, Enum: colour, BigEndian: true}, `"back"`,
			"0800 0100 ffffffff", "0008 0001 ffffffff"},
		"enum of uint": {model.Attr{Type: model.TypeUint, Enum: colour}, `"green"`, "0800 0100 01000000", "0008 0001 00000001"},
		"flags":        {model.Attr{Type: model.TypeU32, Enum: caps}, `["read","top"]`, "0800 0100 01000080", "0008 0001 80000001"},
		"no flags":     {model.Attr{Type: model.TypeU8, Enum: caps}, `[]`, "0500 0100 00000000", "0005 0001 00000000"},
		"unknown flags": {model.Attr{Type: model.TypeU8, Enum: caps}, `["write","0xf0"]`,
			"0500 0100 f2000000", "0005 0001 f2000000"},
		"enum as flags": {model.Attr{Type: model.TypeU8, Enum: colour, AsFlags: true}, `["red","green"]`,
			"0500 0100 03000000", "0005 0001 03000000"},
		"hex": {model.Attr{Type: model.TypeU32, Hint: model.HintHex}, `"0xff"`, "0800 0100 ff000000", "0008 0001 000000ff"},
		"negative hex": {model.Attr{Type: model.TypeS16, Hint: model.HintHex}, `"-0x10"`,
			"0600 0100 f0ff0000", "0006 0001 fff00000"},
		"ipv4": {model.Attr{Type: model.TypeU32, Hint: model.HintIPv4, BigEndian: true}, `"10.0.0.1"`,
			"0800 0100 0a000001", "0008 0001 0a000001"},
		"ipv4 in host order": {model.Attr{Type: model.TypeU32, Hint: model.HintIPv4}, `"10.0.0.1"`,
			"0800 0100 0a000001", "0008 0001 0a000001"},
	} {
		t.Run(name, func(t *testing.T) {
			m, object := attrOf(tt.attr), `{"x":`+tt.json+`}`
			both(t, little(), m, object, tt.little)
			both(t, big(), m, object, tt.big)
		})
	}
}

func TestValues(t *testing.T) {
	stats := &model.Struct{Name: "stats", Size: 4, Members: []*model.Member{
		{Name: "a", Type: model.TypeU16, Len: 2}, {Name: "b", Type: model.TypeU16, Len: 2, Offset: 2},
	}}
	inner := messageOf(&model.Attr{Name: "name", ID: 2, Type: model.TypeString})
	ordered := nest(inner)
	ordered.Type = model.TypeOrdered
	indexed := nest(inner)
	indexed.Type, indexed.Elem = model.TypeIndexedArray, model.TypeNest
	multi := nest(inner)
	multi.Multi = true
	levels := []model.ChainLevel{{Name: "policy"}, {Name: "attr"}}
	named := []model.ChainLevel{{Name: "policy", Enum: colour}}
	chain := nest(inner)
	chain.Type, chain.Elem, chain.Chain = model.TypeChain, model.TypeNest, &model.Chain{Levels: levels}

	for name, tt := range map[string]struct {
		attr       model.Attr
		json, wire string
	}{
		"string":       {model.Attr{Type: model.TypeString}, `"lo"`, "0700 0100 6c6f0000"},
		"empty string": {model.Attr{Type: model.TypeString}, `""`, "0500 0100 00000000"},
		"flag":         {model.Attr{Type: model.TypeFlag}, `true`, "0400 0100"},
		"binary":       {model.Attr{Type: model.TypeBinary}, `"00ff10"`, "0700 0100 00ff1000"},
		"empty binary": {model.Attr{Type: model.TypeBinary}, `""`, "0400 0100"},
		"hex bytes":    {model.Attr{Type: model.TypeBinary, Hint: model.HintHex}, `"00 ff"`, "0600 0100 00ff0000"},
		"mac":          {model.Attr{Type: model.TypeBinary, Hint: model.HintMAC}, `"02:00:5e:00:53:01"`, "0a00 0100 02005e0053010000"},
		"ipv4 bytes":   {model.Attr{Type: model.TypeBinary, Hint: model.HintIPv4}, `"192.0.2.1"`, "0800 0100 c0000201"},
		"ipv6": {model.Attr{Type: model.TypeBinary, Hint: model.HintIPv6}, `"2001:db8::1"`,
			"1400 0100 20010db8000000000000000000000001"},
		"16 bytes hinted ipv4": {model.Attr{Type: model.TypeBinary, Hint: model.HintIPv4}, `"::1"`,
			"1400 0100 00000000000000000000000000000001"},
		"address of another family": {model.Attr{Type: model.TypeBinary, Hint: model.HintIP}, `"010203"`, "0700 0100 01020300"},
		"uuid": {model.Attr{Type: model.TypeBinary, Hint: model.HintUUID}, `"00112233-4455-6677-8899-aabbccddeeff"`,
			"1400 0100 00112233445566778899aabbccddeeff"},
		"sockaddr_in": {model.Attr{Type: model.TypeBinary, Hint: model.HintSockaddr}, `"192.0.2.1:51820"`,
			"1400 0100 0200 ca6c c0000201 0000000000000000"},
		"sockaddr_in6": {model.Attr{Type: model.TypeBinary, Hint: model.HintSockaddr}, `"[fe80::1%3]:80"`,
			"2000 0100 0a00 0050 00000000 fe800000000000000000000000000001 03000000"},
		"sockaddr_in6 with flow label": {model.Attr{Type: model.TypeBinary, Hint: model.HintSockaddr},
			`"0a00005000000001fe8000000000000000000000000000010000000` + `0"`,
			"2000 0100 0a00 0050 00000001 fe800000000000000000000000000001 00000000"},
		"bitfield32": {model.Attr{Type: model.TypeBitfield32}, `{"value":1,"selector":3}`, "0c00 0100 01000000 03000000"},
		"bitfield32 of an enum": {model.Attr{Type: model.TypeBitfield32, Enum: caps},
			`{"value":["read"],"selector":["read","write"]}`, "0c00 0100 01000000 03000000"},
		"struct": {model.Attr{Type: model.TypeStruct, Struct: stats}, `{"a":1,"b":2}`, "0800 0100 01000200"},
		"several structs": {model.Attr{Type: model.TypeStruct, Struct: stats, Multi: true},
			`[{"a":1,"b":2},{"a":3,"b":4}]`, "0800 0100 01000200 0800 0100 03000400"},
		"several scalars": {model.Attr{Type: model.TypeU8, Multi: true}, `[1,2]`, "0500 0100 01000000 0500 0100 02000000"},
		"array":           {model.Attr{Type: model.TypeArray, Elem: model.TypeU32}, `[1,2]`, "0c00 0100 01000000 02000000"},
		"big-endian array": {model.Attr{Type: model.TypeArray, Elem: model.TypeU16, BigEndian: true}, `[1,2]`,
			"0800 0100 00010002"},
		"array of an enum": {model.Attr{Type: model.TypeArray, Elem: model.TypeU8, Enum: colour}, `["red","green"]`, "0600 0100 00010000"},
		"nest":             {nest(inner), `{"name":"a"}`, "0c00 0180 0600 0200 61000000"},
		"empty nest":       {nest(inner), `{}`, "0400 0180"},
		"several nests":    {multi, `[{"name":"a"},{}]`, "0c00 0180 0600 0200 61000000 0400 0180"},
		"indexed nests": {indexed, `[{"1":{"name":"a"}},{"7":{}}]`,
			"1400 0180 0c00 0180 0600 0200 61000000 0400 0780"},
		"ordered": {ordered, `[{"name":"a"},{"name":"bcd"},{"name":"a"}]`,
			"1c00 0180 0600 0200 61000000 0800 0200 62636400 0600 0200 61000000"},
		"indexed scalars": {model.Attr{Type: model.TypeIndexedArray, Elem: model.TypeU32, BigEndian: true, Hint: model.HintIPv4},
			`["192.0.2.1","192.0.2.2"]`, "1400 0180 0800 0100 c0000201 0800 0200 c0000202"},
		"indexed bytes": {model.Attr{Type: model.TypeIndexedArray, Elem: model.TypeBinary}, `["aa","bbcc"]`,
			"1400 0180 0500 0100 aa000000 0600 0200 bbcc0000"},
		"indexed structs": {model.Attr{Type: model.TypeIndexedArray, Elem: model.TypeStruct, Struct: stats}, `[{"a":1,"b":0}]`,
			"0c00 0180 0800 0100 01000000"},
		"chain": {chain, `{"policy":5,"attr":6,"name":"a"}`,
			"1400 0180 1000 0580 0c00 0680 0600 0200 61000000"},
		"chain to a scalar": {model.Attr{Type: model.TypeChain, Elem: model.TypeU16, Chain: &model.Chain{Levels: levels[:1]}},
			`{"policy":5,"value":258}`, "0c00 0180 0600 0500 02010000"},
		"chain by name": {model.Attr{Type: model.TypeChain, Elem: model.TypeU16, Chain: &model.Chain{Levels: named}},
			`{"policy":"green","value":258}`, "0c00 0180 0600 0100 02010000"},
		"chain without the name": {model.Attr{Type: model.TypeChain, Elem: model.TypeU16, Chain: &model.Chain{Levels: named}},
			`{"policy":5,"value":258}`, "0c00 0180 0600 0500 02010000"},
	} {
		t.Run(name, func(t *testing.T) {
			both(t, little(), attrOf(tt.attr), `{"x":`+tt.json+`}`, tt.wire)
		})
	}
}

// What is taken besides the form that decoding gives.
func TestLenientInput(t *testing.T) {
	inner := messageOf(&model.Attr{Name: "name", ID: 2, Type: model.TypeString})
	indexed := nest(inner)
	indexed.Type, indexed.Elem = model.TypeIndexedArray, model.TypeNest
	for name, tt := range map[string]struct {
		attr       model.Attr
		json, wire string
	}{
		"number as text":       {model.Attr{Type: model.TypeU8}, `"12"`, "0500 0100 0c000000"},
		"hex number":           {model.Attr{Type: model.TypeU8}, `"0x1f"`, "0500 0100 1f000000"},
		"leading zero":         {model.Attr{Type: model.TypeU8}, `"010"`, "0500 0100 0a000000"},
		"enum as number":       {model.Attr{Type: model.TypeU8, Enum: colour}, `1`, "0500 0100 01000000"},
		"enum as text":         {model.Attr{Type: model.TypeU8, Enum: colour}, `"0x7"`, "0500 0100 07000000"},
		"flags as number":      {model.Attr{Type: model.TypeU8, Enum: caps}, `3`, "0500 0100 03000000"},
		"flags with bars":      {model.Attr{Type: model.TypeU8, Enum: caps}, `"read|write"`, "0500 0100 03000000"},
		"one of several":       {model.Attr{Type: model.TypeU8, Multi: true}, `1`, "0500 0100 01000000"},
		"none of several":      {model.Attr{Type: model.TypeU8, Multi: true}, `[]`, ""},
		"empty text as flag":   {model.Attr{Type: model.TypeFlag}, `""`, "0400 0100"},
		"flag as text":         {model.Attr{Type: model.TypeFlag}, `"true"`, "0400 0100"},
		"flag not set":         {model.Attr{Type: model.TypeFlag}, `false`, ""},
		"mac with dashes":      {model.Attr{Type: model.TypeBinary, Hint: model.HintMAC}, `"02-00"`, "0600 0100 02000000"},
		"mac without":          {model.Attr{Type: model.TypeBinary, Hint: model.HintMAC}, `"0200"`, "0600 0100 02000000"},
		"address as hex":       {model.Attr{Type: model.TypeBinary, Hint: model.HintIP}, `"c0000201"`, "0800 0100 c0000201"},
		"bytes with spaces":    {model.Attr{Type: model.TypeBinary}, `"AA bb"`, "0600 0100 aabb0000"},
		"number as string":     {model.Attr{Type: model.TypeString}, `7`, "0600 0100 37000000"},
		"nests without index":  {indexed, `[{"name":"a"}]`, "1000 0180 0c00 0180 0600 0200 61000000"},
		"struct as hex":        {model.Attr{Type: model.TypeStruct, Struct: &model.Struct{Size: 4}}, `"010203"`, "0700 0100 01020300"},
		"whole nest left open": {nest(inner), `{"UnknownAttr(9)":{"UnknownAttr(1)":["aa","bb"]}}`, "1800 0180 1400 0980 0500 0100 aa000000 0500 0100 bb000000"},
	} {
		t.Run(name, func(t *testing.T) {
			encodes(t, little(), attrOf(tt.attr), `{"x":`+tt.json+`}`, tt.wire)
		})
	}
}

// What the kernel may send although it is not the form that encoding gives.
func TestLenientWire(t *testing.T) {
	inner := messageOf(&model.Attr{Name: "name", ID: 2, Type: model.TypeString})
	for name, tt := range map[string]struct {
		attr       model.Attr
		wire, json string
	}{
		"string without NUL":       {model.Attr{Type: model.TypeString}, "0600 0100 6c6f0000", `{"x":"lo"}`},
		"string with more":         {model.Attr{Type: model.TypeString}, "0800 0100 6c006f00", `{"x":"l"}`},
		"flag with payload":        {model.Attr{Type: model.TypeFlag}, "0500 0100 01000000", `{"x":true}`},
		"flag with a zero byte":    {model.Attr{Type: model.TypeFlag}, "0500 0100 00000000", `{"x":false}`},
		"nest without flag":        {nest(inner), "0c00 0100 0600 0200 61000000", `{"x":{"name":"a"}}`},
		"network order flag":       {model.Attr{Type: model.TypeU16, BigEndian: true}, "0600 0140 01020000", `{"x":258}`},
		"uint of 8 bytes":          {model.Attr{Type: model.TypeUint}, "0c00 0100 0100000000000000", `{"x":1}`},
		"padding short of 4 bytes": {model.Attr{Type: model.TypeU8}, "0500 0100 01", `{"x":1}`},
		"bytes after the last":     {model.Attr{Type: model.TypeU8}, "0500 0100 01000000 0000", `{"x":1}`},
		"the last one counts":      {model.Attr{Type: model.TypeU8}, "0500 0100 01000000 0500 0100 02000000", `{"x":2}`},
		"padding":                  {model.Attr{Type: model.TypePad}, "0400 0100", `{}`},
		"reserved":                 {model.Attr{Type: model.TypeUnused}, "0500 0100 01000000", `{"UnknownAttr(1)":"01"}`},
	} {
		t.Run(name, func(t *testing.T) {
			decodes(t, little(), attrOf(tt.attr), tt.wire, tt.json)
		})
	}
}

func TestUnknown(t *testing.T) {
	m := attrOf(model.Attr{Type: model.TypeU8})
	for name, tt := range map[string]struct{ wire, json string }{
		"bytes":           {"0600 0900 aabb0000", `{"UnknownAttr(9)":"aabb"}`},
		"nest":            {"0c00 0980 0500 0100 aa000000", `{"UnknownAttr(9)":{"UnknownAttr(1)":"aa"}}`},
		"empty nest":      {"0400 0980", `{"UnknownAttr(9)":{}}`},
		"network order":   {"0600 0940 aabb0000", `{"UnknownAttr(0x4009)":"aabb"}`},
		"no nest at all":  {"0800 0980 aabbccdd", `{"UnknownAttr(0x8009)":"aabbccdd"}`},
		"three times":     {"0500 0900 aa000000 0500 0900 bb000000 0500 0900 cc000000", `{"UnknownAttr(9)":["aa","bb","cc"]}`},
		"after the known": {"0500 0100 01000000 0400 0900", `{"x":1,"UnknownAttr(9)":""}`},
		"odd padding":     {"0c00 0980 0500 0100 aa000001", `{"UnknownAttr(0x8009)":"05000100aa000001"}`},
	} {
		t.Run(name, func(t *testing.T) { both(t, little(), m, tt.json, tt.wire) })
	}
}
