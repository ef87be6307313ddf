package runtime

import (
	"encoding/binary"
	"encoding/json"
	"reflect"
	"testing"
)

// A parcel is a payload of all kinds of parts.
type parcel struct {
	Name  string
	First pair
	Body  []byte
}

func (m *parcel) Encode(e *Encoder, b []byte) []byte {
	b = AppendTextUntil(e, b, "name", m.Name, '@')
	at := len(b)
	b = m.First.Encode(e, b)
	start := len(b)
	b = append(b, m.Body...)
	PutLength(e, b, "body", at+4, 4, binary.NativeEndian, start)
	return b
}

func (m *parcel) Decode(d *Decoder) {
	GetTextUntil(d, "name", &m.Name, '@')
	GetPart(d, "first", &m.First, 8)
	end := d.Limit("body", uint64(m.First.B))
	GetRest(d, &m.Body)
	d.Unlimit(end)
}

type pairs struct{ List []pair }

func (m *pairs) Encode(e *Encoder, b []byte) []byte { return AppendStructs(e, b, m.List) }
func (m *pairs) Decode(d *Decoder)                  { GetStructs(d, "list", &m.List, 8) }

type last struct{ Pair pair }

func (m *last) Encode(e *Encoder, b []byte) []byte { return m.Pair.Encode(e, b) }
func (m *last) Decode(d *Decoder)                  { GetLast(d, "pair", &m.Pair, 4) }

func TestParts(t *testing.T) {
	two := append(append(u32(1), u32(2)...), append(u32(3), u32(4)...)...)
	for _, tt := range []struct {
		name      string
		wire      []byte
		into      Message
		want      Message
		wantError string
	}{
		{"all", append([]byte("ab@"), append(append(u32(7), u32(2)...), "xy"...)...), new(parcel),
			&parcel{"ab", pair{A: 7, B: 2}, []byte("xy")}, ""},
		{"padding after a length", append([]byte("@"), append(append(u32(7), u32(1)...), "x\x00\x00\x00"...)...), new(parcel),
			&parcel{"", pair{A: 7, B: 1}, []byte("x")}, ""},
		{"no end of text", []byte("ab"), new(parcel), nil, `name: no '@' ends the text at offset 0`},
		{"short struct", []byte("ab@1234"), new(parcel), nil, "first: 4 bytes at offset 3, want 8"},
		{"short body", append([]byte("@"), append(append(u32(7), u32(9)...), "xy"...)...), new(parcel), nil, "body: 2 bytes at offset 9, want 9"},
		{"structs", two, new(pairs), &pairs{[]pair{{A: 1, B: 2}, {A: 3, B: 4}}}, ""},
		{"structs and padding", append(two, 0, 0), new(pairs), &pairs{[]pair{{A: 1, B: 2}, {A: 3, B: 4}}}, ""},
		{"half a struct", two[:12], new(pairs), nil, "list[1]: 4 bytes at offset 8, want 8"},
		{"shorter struct", two[:4], new(last), &last{pair{A: 1, Tail: Tail{missing: 4}}}, ""},
		{"longer struct", two[:12], new(last), &last{pair{A: 1, B: 2, Tail: Tail{rest: string(two[8:12])}}}, ""},
		{"too short", two[:3], new(last), nil, "pair: 3 bytes at offset 0, want 4"},
	} {
		err := Unmarshal(tt.wire, tt.into)
		if got := errorText(err); got != tt.wantError {
			t.Errorf("%s: error %q, want %q", tt.name, got, tt.wantError)
		}
		if tt.want != nil && !reflect.DeepEqual(tt.into, tt.want) {
			t.Errorf("%s: %+v, want %+v", tt.name, tt.into, tt.want)
		}
	}
}

func errorText(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

func TestKeyValues(t *testing.T) {
	const wire = "A=1\x00B=x=y\x00A=\x00"
	var l KeyValues
	if err := Unmarshal([]byte(wire+"\x00\x00"), &l); err != nil {
		t.Fatal(err)
	}
	want := KeyValues{{"A", "1"}, {"B", "x=y"}, {"A", ""}}
	if !reflect.DeepEqual(l, want) {
		t.Errorf("%v, want %v", l, want)
	}
	if v, ok := l.Get("A"); v != "1" || !ok {
		t.Errorf("A is %q, %v", v, ok)
	}
	if _, ok := l.Get("C"); ok {
		t.Error("C is there")
	}
	if b, err := Marshal(&l); string(b) != wire || err != nil {
		t.Errorf("%q, %v", b, err)
	}
	text, err := json.Marshal(l)
	if string(text) != `{"A":"1","B":"x=y","A":""}` || err != nil {
		t.Errorf("%s, %v", text, err)
	}
	var again KeyValues
	if err := json.Unmarshal(text, &again); err != nil || !reflect.DeepEqual(again, l) {
		t.Errorf("%v, %v", again, err)
	}
	for _, bad := range []string{`[]`, `{"A":1}`, `"x"`} {
		if json.Unmarshal([]byte(bad), new(KeyValues)) == nil {
			t.Errorf("%s is taken", bad)
		}
	}
	if err := Unmarshal([]byte("A=1\x00BC\x00"), new(KeyValues)); errorText(err) != `[1]: "BC" at offset 4 is no KEY=VALUE` {
		t.Error(err)
	}
}

func TestPartsThatCannotBe(t *testing.T) {
	for _, tt := range []struct {
		put  func(e *Encoder, b []byte) []byte
		want string
	}{
		{func(e *Encoder, b []byte) []byte { return AppendText(e, b, "t", "a\x00") }, "t: a NUL in the text"},
		{func(e *Encoder, b []byte) []byte { return AppendTextUntil(e, b, "t", "a@b", '@') }, `t: '@' in the text, which it would end`},
		{func(e *Encoder, b []byte) []byte { return (&KeyValues{{"A=", "1"}}).Encode(e, b) }, `"A="="1" cannot be told apart from other entries`},
		{func(e *Encoder, b []byte) []byte { return (&KeyValues{{"A", "1\x00"}}).Encode(e, b) }, `"A"="1\x00" cannot be told apart from other entries`},
		{checks(func(e *Encoder) { PutLength(e, make([]byte, 300), "b", 0, 1, native, 0) }), "b: 300 bytes are more than its length can say"},
		{func(e *Encoder, b []byte) []byte { return AppendRestBody(e, b, "fork", &Raw{}, Body{Values: "exec"}) }, `the selector is "fork", but the body belongs to exec`},
	} {
		_, err := Marshal(funcs{encode: tt.put})
		if errorText(err) != tt.want {
			t.Errorf("error %q, want %q", errorText(err), tt.want)
		}
	}
}
