package dynamic

import (
	"bytes"
	"slices"
	"testing"

	"github.com/nlgen/nlgen/gen/model"
)

// header is a fixed header of 6 bytes: a family, a padding byte, a table in
// network order, an index and a MAC address short of its end.
var header = &model.Struct{Name: "hdr", Size: 6, Members: []*model.Member{
	{Name: "family", Type: model.TypeU8, Len: 1, Enum: colour},
	{Name: "pad", Type: model.TypePad, Len: 1, Offset: 1},
	{Name: "table", Type: model.TypeU16, Len: 2, Offset: 2, BigEndian: true},
	{Name: "flags", Type: model.TypeU16, Len: 2, Offset: 4, Enum: caps},
}}

func withHeader(m *model.Message) *model.Message {
	m.Header = header
	return m
}

func TestHeader(t *testing.T) {
	m := withHeader(messageOf(&model.Attr{Name: "name", ID: 3, Type: model.TypeString}))
	const wire = "01 00 0102 0300 0000 0600 0300 61000000"
	both(t, little(), m, `{"family":"green","table":258,"flags":["read","write"],"name":"a"}`, wire)
	both(t, big(), m, `{"family":"green","table":258,"flags":["read","write"],"name":"a"}`,
		"01 00 0102 0003 0000 0006 0003 61000000")
	encodes(t, little(), m, `{"header":{"family":1,"table":258},"flags":3,"name":"a"}`, wire)
	encodes(t, little(), m, `{}`, "00 00 0000 0000 0000")
	decodes(t, little(), m, "01 00 0102 0300", `{"family":"green","table":258,"flags":["read","write"]}`)
}

func TestHeaderClash(t *testing.T) {
	m := withHeader(messageOf(&model.Attr{Name: "table", ID: 3, Type: model.TypeU32}))
	const wire = "00 00 0001 0000 0000 0800 0300 e8030000"
	both(t, little(), m, `{"family":"red","flags":[],"header":{"table":1},"table":1000}`, wire)
	encodes(t, little(), m, `{"table":1000}`, "00 00 0000 0000 0000 0800 0300 e8030000")

	m = withHeader(messageOf(&model.Attr{Name: "table", ID: 3, Type: model.TypeU32}, &model.Attr{Name: "header", ID: 4, Type: model.TypeU8}))
	both(t, little(), m, `{"family":"red","flags":[],"fixed-header":{"table":1},"header":2}`, "00 00 0001 0000 0000 0500 0400 02000000")
}

// structMessage has one attribute, which is a struct with members of all kinds.
func structMessage() *model.Message {
	point := &model.Struct{Name: "point", Size: 2, Members: []*model.Member{
		{Name: "x", Type: model.TypeS8, Len: 1}, {Name: "y", Type: model.TypeS8, Len: 1, Offset: 1},
	}}
	return attrOf(model.Attr{Type: model.TypeStruct, Struct: &model.Struct{Name: "all", Size: 24, Members: []*model.Member{
		{Name: "mode", Type: model.TypeU16, Len: 2, Enum: colour},
		{Name: "at", Type: model.TypeStruct, Len: 2, Offset: 2, Struct: point},
		{Name: "src", Type: model.TypeU32, Len: 4, Offset: 4, BigEndian: true, Hint: model.HintIPv4},
		{Name: "name", Type: model.TypeString, Len: 4, Offset: 8},
		{Name: "mac", Type: model.TypeBinary, Len: 2, Offset: 12, Hint: model.HintMAC},
		{Name: "raw", Type: model.TypeBinary, Len: 2, Offset: 14},
		{Name: "list", Type: model.TypeU16, Len: 2, Offset: 16, Count: 2},
		{Name: "points", Type: model.TypeStruct, Len: 2, Offset: 20, Count: 2, Struct: point},
	}}})
}

func TestStruct(t *testing.T) {
	m := structMessage()
	both(t, little(), m, `{"x":{"mode":"green","at":{"x":-1,"y":2},"src":"192.0.2.1","name":"ab","mac":"02:5e",`+
		`"raw":"aabb","list":[1,2],"points":[{"x":1,"y":2},{"x":3,"y":4}]}}`,
		"1c00 0100 0100 ff02 c0000201 61620000 025e aabb 0100 0200 0102 0304")
	encodes(t, little(), m, `{"x":{"list":[7],"at":{"y":1}}}`,
		"1c00 0100 0000 0001 00000000 00000000 0000 0000 0700 0000 0000 0000")
}

// A struct of another kernel keeps its length.
func TestStructTail(t *testing.T) {
	m := attrOf(model.Attr{Type: model.TypeStruct, Struct: &model.Struct{Size: 4, Members: []*model.Member{
		{Name: "a", Type: model.TypeU16, Len: 2}, {Name: "b", Type: model.TypeU16, Len: 2, Offset: 2},
	}}})
	for wire, object := range map[string]string{
		"0600 0100 01000000":          `{"x":{"a":1,"b":0}}`,
		"0700 0100 01000200":          `{"x":{"a":1,"b":2}}`,
		"0400 0100":                   `{"x":{"a":0,"b":0}}`,
		"0a00 0100 01000200 aabb0000": `{"x":{"a":1,"b":2}}`,
	} {
		decodes(t, little(), m, wire, object)
		again(t, little(), m, unhex(t, wire))
	}
}

// again checks that decoding and encoding gives the same bytes.
func again(t *testing.T, c *Codec, m *model.Message, wire []byte) {
	t.Helper()
	o, err := c.DecodeMessage(m, wire)
	if err != nil {
		t.Fatalf("%x: %v", wire, err)
	}
	got, err := c.EncodeMessage(m, o)
	if err != nil {
		t.Fatalf("%x: %v", wire, err)
	}
	if !bytes.Equal(got, wire) {
		t.Errorf("decoded and encoded again:\n got %x\nwant %x", got, wire)
	}
}

func TestFlexibleArray(t *testing.T) {
	m := attrOf(model.Attr{Type: model.TypeStruct, Struct: &model.Struct{Size: 4, Members: []*model.Member{
		{Name: "n", Type: model.TypeU32, Len: 4},
		{Name: "keys", Type: model.TypeU16, Len: 2, Offset: 4, Flexible: true, Count: 1},
	}}})
	both(t, little(), m, `{"x":{"n":1,"keys":[2,3]}}`, "0c00 0100 01000000 0200 0300")
	both(t, little(), m, `{"x":{"n":1,"keys":[]}}`, "0800 0100 01000000")
	again(t, little(), m, unhex(t, "0b00 0100 01000000 0200 0300"))
}

func TestRecords(t *testing.T) {
	inner := messageOf(&model.Attr{Name: "name", ID: 2, Type: model.TypeString})
	inner.Header = &model.Struct{Name: "hop", Size: 4, Members: []*model.Member{
		{Name: "len", Type: model.TypeU16, Len: 2}, {Name: "hops", Type: model.TypeU16, Len: 2, Offset: 2},
	}}
	m := attrOf(model.Attr{Type: model.TypeRecords, Nested: inner.Set, Message: inner, Struct: inner.Header})
	const wire = "1400 0100 0c00 0100 0600 0200 61000000 0400 0200"
	both(t, little(), m, `{"x":[{"len":12,"hops":1,"name":"a"},{"len":4,"hops":2}]}`, wire)
	encodes(t, little(), m, `{"x":[{"hops":1,"name":"a"},{"hops":2}]}`, wire)
}

func TestSeveralChains(t *testing.T) {
	a := model.Attr{Type: model.TypeChain, Elem: model.TypeU16, Chain: &model.Chain{Levels: []model.ChainLevel{{Name: "id"}}}}
	m := attrOf(a)
	const list = `{"x":[{"id":5,"value":1},{"id":6,"value":2},{"id":7,"value":3}]}`
	decodes(t, little(), m, "1c00 0180 0600 0500 01000000 0600 0600 02000000 0600 0700 03000000", list)
	both(t, little(), m, list,
		"0c00 0180 0600 0500 01000000 0c00 0180 0600 0600 02000000 0c00 0180 0600 0700 03000000")
	a.Multi = true
	both(t, little(), attrOf(a), `{"x":[{"id":5,"value":1}]}`, "0c00 0180 0600 0500 01000000")
}

// kinds is a sub-message with all sorts of forms, selected by kind.
func kinds() *model.SubMessage {
	vlan := &model.AttrSet{Name: "vlan", Attrs: []*model.Attr{
		{Name: "id", ID: 1, Type: model.TypeU16, Checks: model.Checks{Max: limit(4095)}},
	}}
	geneve := &model.AttrSet{Name: "geneve", Attrs: []*model.Attr{
		{Name: "id", ID: 1, Type: model.TypeU32}, {Name: "ttl", ID: 2, Type: model.TypeU8},
	}}
	limits := &model.Struct{Name: "limits", Size: 2, Members: []*model.Member{{Name: "limit", Type: model.TypeU16, Len: 2}}}
	return &model.SubMessage{Name: "data-msg", Formats: []*model.Format{
		{Value: "vlan", Set: vlan},
		{Value: "geneve", Set: geneve},
		{Value: "red", Header: limits},
		{Value: "netem", Header: limits, Set: &model.AttrSet{Name: "netem", Attrs: geneve.Attrs[1:]}},
		{Value: "clsact"},
	}}
}

func subMessage() *model.Message {
	kind := &model.Attr{Name: "kind", ID: 1, Type: model.TypeString}
	return messageOf(kind, &model.Attr{Name: "data", ID: 2, Type: model.TypeSubMessage,
		Sub: kinds(), Selector: kind, SelectorName: "kind"})
}

func TestSubMessage(t *testing.T) {
	m := subMessage()
	for name, tt := range map[string]struct{ json, wire string }{
		"attributes":            {`{"kind":"vlan","data":{"id":5}}`, "0900 0100 766c616e00000000 0c00 0280 0600 0100 05000000"},
		"struct":                {`{"kind":"red","data":{"limit":5}}`, "0800 0100 72656400 0600 0200 05000000"},
		"struct and attributes": {`{"kind":"netem","data":{"limit":5,"ttl":1}}`, "0a00 0100 6e6574656d000000 1000 0280 05000000 0500 0200 01000000"},
		"nothing":               {`{"kind":"clsact","data":{}}`, "0b00 0100 636c7361637400 00 0400 0200"},
		"unknown kind":          {`{"kind":"foo","data":"aabb"}`, "0800 0100 666f6f00 0600 0200 aabb0000"},
	} {
		t.Run(name, func(t *testing.T) { both(t, little(), m, tt.json, tt.wire) })
	}
	nested := "0800 0100 666f6f00 0c00 0280 0500 0300 aa000000"
	encodes(t, little(), m, `{"kind":"foo","data":{"UnknownAttr(3)":"aa"}}`, nested)
	decodes(t, little(), m, nested, `{"kind":"foo","data":"05000300aa000000"}`)
	again(t, little(), m, unhex(t, nested))
	decodes(t, little(), m, "0500 0200 aa000000", `{"data":"aa"}`)
	decodes(t, little(), m, "0c00 0280 0600 0100 05000000 0900 0100 766c616e00000000", `{"data":{"id":5},"kind":"vlan"}`)
	fails(t, m, `{"kind":"vlan","data":"aa"}`, `data: "aa", want an object`)
}

// A selector that is left out follows from the body.
func TestSelectorFromBody(t *testing.T) {
	m := subMessage()
	encodes(t, little(), m, `{"data":{"id":1,"ttl":2}}`,
		"0b00 0100 67656e65766500 00 1400 0280 0800 0100 01000000 0500 0200 02000000")
	fails(t, m, `{"data":{"id":1}}`, "data: kind is left out and several forms fit: vlan, geneve; give kind")
	fails(t, m, `{"data":{"foo":1}}`, "data: kind is left out and no form has all of these attributes")
	fails(t, m, `{"kind":"vlan","data":{"ttl":1}}`, "data: unknown attribute ttl")
	fails(t, m, `{"kind":"foo","data":{"id":1}}`, `data: data-msg has no form for kind "foo"; give the body as hex`)
}

func TestHeaderSelector(t *testing.T) {
	sub := kinds()
	sub.Formats = sub.Formats[:2]
	sub.Formats[0].Value, sub.Formats[1].Value = "red", "green"
	data := &model.Attr{Name: "data", ID: 2, Type: model.TypeSubMessage, Sub: sub, HeaderSelector: header.Members[0], SelectorName: "family"}
	m := withHeader(messageOf(data))
	const wire = "01 00 0000 0000 0000 0c00 0280 0500 0200 07000000"
	both(t, little(), m, `{"family":"green","table":0,"flags":[],"data":{"ttl":7}}`, wire)
	encodes(t, little(), m, `{"header":{"family":"green"},"data":{"ttl":7}}`, wire)

	m = withHeader(messageOf(data, &model.Attr{Name: "family", ID: 3, Type: model.TypeU8}))
	both(t, little(), m, `{"table":0,"flags":[],"header":{"family":"green"},"data":{"ttl":7},"family":5}`, wire+"0500 0300 05000000")
}

func TestIntegerSelector(t *testing.T) {
	kind := &model.Attr{Name: "type", ID: 1, Type: model.TypeU8, Enum: colour}
	sub := kinds()
	sub.Formats = sub.Formats[:2]
	sub.Formats[0].Value, sub.Formats[1].Value = "red", "green"
	m := messageOf(kind, &model.Attr{Name: "data", ID: 2, Type: model.TypeSubMessage, Sub: sub, Selector: kind, SelectorName: "type"})
	const wire = "0500 0100 01000000 0c00 0280 0500 0200 07000000"
	both(t, little(), m, `{"type":"green","data":{"ttl":7}}`, wire)
	encodes(t, little(), m, `{"type":1,"data":{"ttl":7}}`, wire)
	encodes(t, little(), m, `{"data":{"ttl":7}}`, wire)
}

// A selector may stand in a message further out.
func TestOuterSelector(t *testing.T) {
	app := &model.Attr{Name: "app", ID: 1, Type: model.TypeSubMessage, Sub: kinds(), SelectorName: "kind", OuterSelector: true}
	stats := nest(messageOf(app))
	stats.Name, stats.ID = "stats", 2
	m := messageOf(&model.Attr{Name: "kind", ID: 1, Type: model.TypeString}, &stats)
	both(t, little(), m, `{"kind":"vlan","stats":{"app":{"id":5}}}`,
		"0900 0100 766c616e00000000 1000 0280 0c00 0180 0600 0100 05000000")
	decodes(t, little(), m, "0c00 0280 0500 0100 aa000000", `{"stats":{"app":"aa"}}`)
	fails(t, m, `{"stats":{"app":{"id":5}}}`, "stats.app: kind, which says what this is, is missing")
}

func TestOrderedErrors(t *testing.T) {
	m := attrOf(model.Attr{Type: model.TypeOrdered, Message: messageOf(&model.Attr{Name: "id", ID: 1, Type: model.TypeU8})})
	fails(t, m, `{"x":[{"id":1},{}]}`, "x[1]: an object with 0 attributes, want 1")
	fails(t, m, `{"x":[{"id":1},2]}`, "x[1]: 2, want an object")
	fails(t, m, `{"x":{"id":1}}`, "x: an object, want a list")
}

// fails checks the error of encoding.
func fails(t *testing.T, m *model.Message, object, want string) {
	t.Helper()
	b, err := little().EncodeMessage(m, parse(t, object))
	switch {
	case err == nil:
		t.Errorf("%s: got %x, want the error %q", object, b, want)
	case err.Error() != want:
		t.Errorf("%s:\n got %q\nwant %q", object, err, want)
	}
}

func TestEncodeErrors(t *testing.T) {
	inner := messageOf(&model.Attr{Name: "name", ID: 2, Type: model.TypeString}, &model.Attr{Name: "spare", ID: 3, Type: model.TypeUnused})
	indexed := nest(inner)
	indexed.Type, indexed.Elem = model.TypeIndexedArray, model.TypeNest
	mask := uint64(3)
	chain := model.Attr{Type: model.TypeChain, Elem: model.TypeU8, Chain: &model.Chain{Levels: []model.ChainLevel{{Name: "id"}}}}
	for name, tt := range map[string]struct {
		attr       model.Attr
		json, want string
	}{
		"too wide":          {model.Attr{Type: model.TypeU8}, `256`, "x: 256 does not fit into 8 bits, unsigned"},
		"negative":          {model.Attr{Type: model.TypeU8}, `-1`, "x: -1 does not fit into 8 bits, unsigned"},
		"too low":           {model.Attr{Type: model.TypeS8}, `"-0x81"`, "x: -0x81 does not fit into 8 bits, signed"},
		"no integer":        {model.Attr{Type: model.TypeU8}, `1.5`, "x: 1.5 is no integer"},
		"text":              {model.Attr{Type: model.TypeU8}, `"one"`, `x: "one" is no integer`},
		"null":              {model.Attr{Type: model.TypeU8}, `null`, "x: null, want an integer"},
		"enum":              {model.Attr{Type: model.TypeU8, Enum: colour}, `"gren"`, `x: colour has no value "gren"; did you mean "green"?`},
		"flags":             {model.Attr{Type: model.TypeU8, Enum: caps}, `["red"]`, `x[0]: caps has no value "red"; did you mean "read"?`},
		"flag too high":     {model.Attr{Type: model.TypeU8, Enum: caps}, `["top"]`, "x[0]: top does not fit into 8 bits"},
		"minimum":           {model.Attr{Type: model.TypeU8, Checks: model.Checks{Min: limit(2)}}, `1`, "x: 1 is below the minimum 2"},
		"signed minimum":    {model.Attr{Type: model.TypeS8, Checks: model.Checks{Min: limit(-2)}}, `-3`, "x: -3 is below the minimum -2"},
		"maximum":           {model.Attr{Type: model.TypeU8, Checks: model.Checks{Max: limit(2)}}, `3`, "x: 3 is above the maximum 2"},
		"signed maximum":    {model.Attr{Type: model.TypeSint, Checks: model.Checks{Max: limit(-2)}}, `1`, "x: 1 is above the maximum -2"},
		"huge minimum":      {model.Attr{Type: model.TypeU64, Checks: model.Checks{Min: &model.Limit{Unsigned: 1 << 63}}}, `1`, "x: 1 is below the minimum 9223372036854775808"},
		"mask":              {model.Attr{Type: model.TypeU8, Checks: model.Checks{Mask: &mask}}, `5`, "x: 0x5 has bits outside the mask 0x3"},
		"each of several":   {model.Attr{Type: model.TypeU8, Multi: true, Checks: model.Checks{Max: limit(2)}}, `[1,3]`, "x[1]: 3 is above the maximum 2"},
		"each of an array":  {model.Attr{Type: model.TypeArray, Elem: model.TypeU8, Checks: model.Checks{Max: limit(2)}}, `[1,3]`, "x[1]: 3 is above the maximum 2"},
		"long array":        {model.Attr{Type: model.TypeArray, Elem: model.TypeU8, Checks: model.Checks{MaxLen: limit(2)}}, `[1,2,3]`, "x: 3 bytes, at most 2 allowed"},
		"long string":       {model.Attr{Type: model.TypeString, Checks: model.Checks{MaxLen: limit(2)}}, `"abc"`, "x: 3 bytes, at most 2 allowed"},
		"short string":      {model.Attr{Type: model.TypeString, Checks: model.Checks{MinLen: limit(1)}}, `""`, "x: 0 bytes, at least 1 needed"},
		"exact bytes":       {model.Attr{Type: model.TypeBinary, Checks: model.Checks{ExactLen: limit(2)}}, `"aa"`, "x: 1 bytes, want 2"},
		"NUL":               {model.Attr{Type: model.TypeString}, `"a\u0000"`, `x: "a\x00" has a NUL byte inside`},
		"string as list":    {model.Attr{Type: model.TypeString}, `[]`, "x: a list, want a string"},
		"no hex":            {model.Attr{Type: model.TypeBinary}, `"abc"`, `x: "abc", want hex`},
		"no MAC":            {model.Attr{Type: model.TypeBinary, Hint: model.HintMAC}, `"02:zz"`, `x: "02:zz", want a MAC address`},
		"no address":        {model.Attr{Type: model.TypeBinary, Hint: model.HintIP}, `"dead:beef"`, `x: "dead:beef", want an IP address`},
		"no UUID":           {model.Attr{Type: model.TypeBinary, Hint: model.HintUUID}, `1`, "x: 1, want a UUID"},
		"no socket address": {model.Attr{Type: model.TypeBinary, Hint: model.HintSockaddr}, `"192.0.2.1"`, `x: "192.0.2.1", want an IP address with a port`},
		"flag as number":    {model.Attr{Type: model.TypeFlag}, `2`, "x: 2, want true or false"},
		"no object":         {nest(inner), `1`, "x: 1, want an object"},
		"in a nest":         {nest(inner), `{"name":[]}`, "x.name: a list, want a string"},
		"name in a nest":    {nest(inner), `{"nam":"a"}`, `x: unknown attribute nam; did you mean "name"?`},
		"reserved name":     {nest(inner), `{"spare":1}`, "x: unknown attribute spare"},
		"in an array":       {indexed, `[{},{"4":{"name":[]}}]`, "x[1].name: a list, want a string"},
		"no list":           {indexed, `{}`, "x: an object, want a list"},
		"bitfield":          {model.Attr{Type: model.TypeBitfield32}, `{"value":1}`, "x: selector is missing"},
		"bitfield member":   {model.Attr{Type: model.TypeBitfield32}, `{"val":1}`, `x: unknown member val; did you mean "value"?`},
		"chain level":       {chain, `{"value":1}`, "x: id is missing"},
		"chain level range": {chain, `{"id":16384,"value":1}`, "x.id: 16384 is above the maximum 16383"},
		"chain value":       {chain, `{"id":1,"value":256}`, "x.value: 256 does not fit into 8 bits, unsigned"},
		"chain rest":        {chain, `{"id":1,"value":1,"foo":1}`, "x: more than the levels and value"},
	} {
		t.Run(name, func(t *testing.T) { fails(t, attrOf(tt.attr), `{"x":`+tt.json+`}`, tt.want) })
	}

	fails(t, structMessage(), `{"x":{"list":[1,2,3]}}`, "x.list: 3 elements, at most 2 fit")
	fails(t, structMessage(), `{"x":{"name":"abcde"}}`, "x.name: 5 bytes, at most 4 fit")
	fails(t, structMessage(), `{"x":{"at":{"z":1}}}`, "x.at: unknown member z; did you mean \"x\"?")
	fails(t, subMessage(), `{"kind":"vlan","data":{"id":5000}}`, "data.id: 5000 is above the maximum 4095")
	fails(t, withHeader(messageOf()), `{"header":{"tabl":1}}`, `header: unknown member tabl; did you mean "table"?`)
	fails(t, withHeader(messageOf()), `{"header":{"table":1},"table":1}`, "table: given twice, here and in header")
	fails(t, withHeader(messageOf()), `{"table":65536}`, "table: 65536 does not fit into 16 bits, unsigned")

	long := &Object{}
	long.Set("x", Bytes(make([]byte, 65532)))
	if _, err := little().EncodeMessage(attrOf(model.Attr{Type: model.TypeBinary}), long); err == nil ||
		err.Error() != "x: 65536 bytes, an attribute can have 65535" {
		t.Errorf("a long attribute: %v", err)
	}
}

func TestDecodeErrors(t *testing.T) {
	inner := messageOf(&model.Attr{Name: "id", ID: 1, Type: model.TypeU16})
	indexed := nest(inner)
	indexed.Type, indexed.Elem = model.TypeIndexedArray, model.TypeNest
	levels := []model.ChainLevel{{Name: "a"}, {Name: "b"}}
	ordered := nest(inner)
	ordered.Type = model.TypeOrdered
	record := messageOf()
	record.Header = &model.Struct{Size: 4, Members: []*model.Member{{Name: "len", Type: model.TypeU16, Len: 2}}}
	for name, tt := range map[string]struct {
		attr       model.Attr
		wire, want string
	}{
		"scalar":       {model.Attr{Type: model.TypeU16}, "0500 0100 01000000", "x: payload of 1 bytes, want 2"},
		"uint":         {model.Attr{Type: model.TypeUint}, "0600 0100 01000000", "x: payload of 2 bytes, want 4 or 8"},
		"length":       {model.Attr{Type: model.TypeU16}, "0300 0100", "UnknownAttr(1): attribute length 3 does not fit into the 4 bytes left"},
		"in a nest":    {nest(inner), "0c00 0180 0800 0100 01000000", "x.id: payload of 4 bytes, want 2"},
		"end of nest":  {nest(inner), "0800 0180 0800 0100", "x.UnknownAttr(1): attribute length 8 does not fit into the 4 bytes left"},
		"in an array":  {indexed, "1000 0180 0c00 0180 0800 0100 01000000", "x[0].id: payload of 4 bytes, want 2"},
		"array":        {model.Attr{Type: model.TypeArray, Elem: model.TypeU16}, "0500 0100 01000000", "x: payload of 1 bytes, want a multiple of 2"},
		"bitfield":     {model.Attr{Type: model.TypeBitfield32}, "0800 0100 01000000", "x: payload of 4 bytes, want 8"},
		"short chain":  {model.Attr{Type: model.TypeChain, Chain: &model.Chain{Levels: levels}}, "0800 0180 0400 0180", "x: the level b of the chain is missing"},
		"forked chain": {model.Attr{Type: model.TypeChain, Elem: model.TypeBinary, Chain: &model.Chain{Levels: levels}}, "1000 0180 0c00 0180 0400 0200 0400 0300", "x: more than one attribute in a level of the chain"},
		"records":      {model.Attr{Type: model.TypeRecords, Message: record}, "0800 0100 00000000", "x[0]: record length 0 does not fit into the 4 bytes left"},
		"ordered":      {ordered, "1000 0180 0600 0100 01000000 0800 0100", "x[1].UnknownAttr(1): attribute length 8 does not fit into the 4 bytes left"},
		"record":       {model.Attr{Type: model.TypeRecords, Message: record}, "0800 0100 02000000", "x[0].header: 2 bytes where the header takes 4"},
	} {
		t.Run(name, func(t *testing.T) {
			o, err := little().DecodeMessage(attrOf(tt.attr), unhex(t, tt.wire))
			if err == nil {
				t.Fatalf("got %s, want the error %q", text(t, o), tt.want)
			}
			if err.Error() != tt.want {
				t.Errorf("\n got %q\nwant %q", err, tt.want)
			}
		})
	}
	if _, err := little().DecodeMessage(withHeader(messageOf()), make([]byte, 5)); err == nil ||
		err.Error() != "header: 5 bytes where the header takes 6" {
		t.Errorf("short header: %v", err)
	}
}

// A set that nests itself does not take the decoder arbitrarily deep.
func TestDepth(t *testing.T) {
	self := &model.Attr{Name: "x", ID: 1, Type: model.TypeNest}
	m := messageOf(self)
	self.Nested, self.Message = m.Set, m

	var wire []byte
	for range maxDepth {
		n := uint16(len(wire) + 4)
		wire = slices.Concat([]byte{byte(n), byte(n >> 8), 1, 0x80}, wire)
	}
	again(t, little(), m, wire)
	n := uint16(len(wire) + 4)
	deeper := slices.Concat([]byte{byte(n), byte(n >> 8), 1, 0x80}, wire)
	if _, err := little().DecodeMessage(m, deeper); err == nil {
		t.Error("deeper than the limit: no error")
	}
	again(t, little(), messageOf(), deeper)
}

func family() (*model.Family, *model.Op) {
	name := &model.Attr{Name: "name", ID: 1, Type: model.TypeString}
	mtu := &model.Attr{Name: "mtu", ID: 2, Type: model.TypeU16, Checks: model.Checks{Max: limit(9000)}}
	set := &model.AttrSet{Name: "link", Attrs: []*model.Attr{name, mtu}}
	request := &model.Message{Set: set, Header: header, Fields: []*model.Field{{Attr: mtu}}}
	reply := &model.Message{Set: set, Header: header, Fields: []*model.Field{{Attr: name}, {Attr: mtu}}}
	get := &model.Op{Name: "getlink", Set: set, Header: header,
		Do: &model.Call{Request: request, Reply: reply, RequestID: 18, ReplyID: 16}}
	set2 := &model.Op{Name: "setlink", Set: set, Header: header, Do: &model.Call{Request: request, RequestID: 19}}
	ntf := &model.Op{Name: "link-ntf", Set: set, Header: header, ID: 17, Notify: get, Event: &model.Event{Message: reply}}
	return &model.Family{Name: "rt", Ops: []*model.Op{get, set2, ntf}}, get
}

func TestOperations(t *testing.T) {
	f, get := family()
	c := New(f)
	c.order = little().order

	// The attributes listed for the request come first, as in generated code.
	b, err := c.EncodeRequest(get, false, []byte(`{"family":1,"name":"a","mtu":1500}`))
	if want := unhex(t, "0100 0000 0000 0000 0600 0200 dc050000 0600 0100 61000000"); err != nil || !bytes.Equal(b, want) {
		t.Errorf("request: got %x, %v, want %x", b, err, want)
	}
	if b, err = c.EncodeRequest(get, true, nil); err != nil || len(b) != 8 {
		t.Errorf("dump request: got %x, %v", b, err)
	}
	for json, want := range map[string]string{
		`{"mtu":9001}`:      "getlink: mtu: 9001 is above the maximum 9000",
		`{"nmae":"a"}`:      `getlink: unknown attribute nmae; did you mean "name"?`,
		`[]`:                "getlink: a list, want a JSON object",
		`{"mtu":1,"mtu":2}`: `getlink: "mtu" is given twice`,
		`{} {}`:             "getlink: more than one JSON value",
		`{"mtu":1`:          "getlink: the JSON ends too early",
	} {
		if _, err := c.EncodeRequest(get, false, []byte(json)); err == nil || err.Error() != want {
			t.Errorf("%s:\n got %v\nwant %v", json, err, want)
		}
	}

	wire := unhex(t, "0100 0000 0000 0000 0600 0100 61000000")
	const want = `{"family":"green","table":0,"flags":[],"name":"a"}`
	for _, op := range f.Ops[:2] {
		if o, err := c.DecodeReply(op, false, wire); err != nil || text(t, o) != want {
			t.Errorf("reply of %s: got %v, %v", op.Name, o, err)
		}
	}
	for id, name := range map[uint16]string{16: "getlink", 17: "link-ntf"} {
		op, o, err := c.DecodeEvent(id, wire)
		if err != nil || op.Name != name || text(t, o) != want {
			t.Errorf("event %d: got %v, %v, %v", id, op, o, err)
		}
	}
	if _, _, err := c.DecodeEvent(18, wire); err == nil || err.Error() != "no event or reply of rt has the id 18" {
		t.Errorf("unknown event: %v", err)
	}
	if _, err := c.DecodeReply(get, false, wire[:4]); err == nil || err.Error() != "getlink: header: 4 bytes where the header takes 6" {
		t.Errorf("short reply: %v", err)
	}
	if _, err := c.EncodeRequest(f.Ops[2], false, nil); err == nil || err.Error() != "link-ntf: is no request" {
		t.Errorf("a notification as a request: %v", err)
	}
}
