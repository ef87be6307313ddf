package runtime

import (
	"bytes"
	"encoding/hex"
	"math"
	"net"
	"net/netip"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"
)

// funcs is a message made of functions.
type funcs struct {
	encode func(e *Encoder, b []byte) []byte
	decode func(d *Decoder)
}

func (m funcs) Encode(e *Encoder, b []byte) []byte { return m.encode(e, b) }
func (m funcs) Decode(d *Decoder)                  { m.decode(d) }

// get adapts a Get function to the attributes that have the id 1.
func get[T any](read func(*Decoder, *T)) func(d *Decoder) any {
	return func(d *Decoder) any {
		var v T
		for d.Next() {
			if d.ID() == 1 {
				read(d, &v)
			}
		}
		return v
	}
}

type color uint8

// TestCodec has each kind of attribute as a value and as bytes.
func TestCodec(t *testing.T) {
	v4, v6 := netip.MustParseAddr("192.0.2.1"), netip.MustParseAddr("2001:db8::1")
	v6Bytes := v6.As16()
	zoned := netip.MustParseAddrPort("[fe80::1%7]:258")
	fe80 := zoned.Addr().WithZone("").As16()
	tests := []struct {
		name string
		put  func(e *Encoder, b []byte) []byte
		wire []byte
		get  func(d *Decoder) any
		want any
	}{
		{"u8", func(_ *Encoder, b []byte) []byte { return AppendU8(b, 1, Some(color(0xfe))) }, attr(1, []byte{0xfe}), get(GetU8[color]), Some(color(0xfe))},
		{"u8 zero", func(_ *Encoder, b []byte) []byte { return AppendU8(b, 1, U8(0)) }, attr(1, []byte{0}), get(GetU8[uint8]), U8(0)},
		{"u8 absent", func(_ *Encoder, b []byte) []byte { return AppendU8(b, 1, Opt[uint8]{}) }, nil, get(GetU8[uint8]), Opt[uint8]{}},
		{"s8", func(_ *Encoder, b []byte) []byte { return AppendU8(b, 1, S8(-2)) }, attr(1, []byte{0xfe}), get(GetU8[int8]), S8(-2)},
		{"u16", func(_ *Encoder, b []byte) []byte { return AppendU16(b, 1, U16(0x1234)) }, attr(1, u16(0x1234)), get(GetU16[uint16]), U16(0x1234)},
		{"s16", func(_ *Encoder, b []byte) []byte { return AppendU16(b, 1, S16(-2)) }, attr(1, u16(0xfffe)), get(GetU16[int16]), S16(-2)},
		{"u16 big-endian", func(_ *Encoder, b []byte) []byte { return AppendU16BE(b, 1, U16(0x1234)) }, attr(1, []byte{0x12, 0x34}), get(GetU16BE[uint16]), U16(0x1234)},
		{"u32", func(_ *Encoder, b []byte) []byte { return AppendU32(b, 1, U32(0x12345678)) }, attr(1, u32(0x12345678)), get(GetU32[uint32]), U32(0x12345678)},
		{"s32", func(_ *Encoder, b []byte) []byte { return AppendU32(b, 1, S32(math.MinInt32)) }, attr(1, u32(1<<31)), get(GetU32[int32]), S32(math.MinInt32)},
		{"u32 big-endian", func(_ *Encoder, b []byte) []byte { return AppendU32BE(b, 1, U32(0x12345678)) }, attr(1, []byte{0x12, 0x34, 0x56, 0x78}), get(GetU32BE[uint32]), U32(0x12345678)},
		{"u64", func(_ *Encoder, b []byte) []byte { return AppendU64(b, 1, U64(1<<63|5)) }, attr(1, u64(1<<63|5)), get(GetU64[uint64]), U64(1<<63 | 5)},
		{"s64", func(_ *Encoder, b []byte) []byte { return AppendU64(b, 1, S64(-2)) }, attr(1, u64(math.MaxUint64-1)), get(GetU64[int64]), S64(-2)},
		{"u64 big-endian", func(_ *Encoder, b []byte) []byte { return AppendU64BE(b, 1, U64(0x0102030405060708)) }, attr(1, []byte{1, 2, 3, 4, 5, 6, 7, 8}), get(GetU64BE[uint64]), U64(0x0102030405060708)},
		{"uint of 4", func(_ *Encoder, b []byte) []byte { return AppendUint(b, 1, U64(math.MaxUint32)) }, attr(1, u32(math.MaxUint32)), get(GetUint[uint64]), U64(math.MaxUint32)},
		{"uint of 8", func(_ *Encoder, b []byte) []byte { return AppendUint(b, 1, U64(1<<32)) }, attr(1, u64(1<<32)), get(GetUint[uint64]), U64(1 << 32)},
		{"sint of 4", func(e *Encoder, b []byte) []byte { return AppendSint(b, 1, S64(math.MinInt32)) }, attr(1, u32(1<<31)), get(GetSint[int64]), S64(math.MinInt32)},
		{"sint of 8", func(e *Encoder, b []byte) []byte { return AppendSint(b, 1, S64(1<<31)) }, attr(1, u64(1<<31)), get(GetSint[int64]), S64(1 << 31)},
		{"flag", func(e *Encoder, b []byte) []byte { return AppendFlag(AppendFlag(b, 1, true), 2, false) }, attr(1), get(func(d *Decoder, v *bool) { *v = true }), true},
		{"string", func(e *Encoder, b []byte) []byte { return AppendString(e, b, 1, Some("eth0")) }, attr(1, []byte("eth0\x00")), get(GetString), Some("eth0")},
		{"empty string", func(e *Encoder, b []byte) []byte { return AppendString(e, b, 1, Some("")) }, attr(1, []byte{0}), get(GetString), Some("")},
		{"bytes", func(e *Encoder, b []byte) []byte { return AppendBytes(e, b, 1, []byte{1, 2, 3}) }, attr(1, []byte{1, 2, 3}), get(GetBytes[[]byte]), []byte{1, 2, 3}},
		{"empty bytes", func(e *Encoder, b []byte) []byte { return AppendBytes(e, b, 1, []byte{}) }, attr(1), get(GetBytes[[]byte]), []byte{}},
		{"no bytes", func(e *Encoder, b []byte) []byte { return AppendBytes(e, b, 1, []byte(nil)) }, nil, get(GetBytes[[]byte]), []byte(nil)},
		{"mac", func(e *Encoder, b []byte) []byte { return AppendBytes(e, b, 1, HardwareAddr("02:00:00:00:00:01")) }, attr(1, []byte{2, 0, 0, 0, 0, 1}),
			get(GetBytes[net.HardwareAddr]), HardwareAddr("02:00:00:00:00:01")},
		{"ipv4", func(e *Encoder, b []byte) []byte { return AppendAddr(e, b, 1, Some(v4)) }, attr(1, []byte{192, 0, 2, 1}), getAddr, Some(v4)},
		{"ipv6", func(e *Encoder, b []byte) []byte { return AppendAddr(e, b, 1, Some(v6)) }, attr(1, v6Bytes[:]), getAddr, Some(v6)},
		{"sockaddr_in", func(e *Encoder, b []byte) []byte { return AppendAddrPort(e, b, 1, Some(netip.AddrPortFrom(v4, 258))) },
			attr(1, u16(afInet), []byte{1, 2, 192, 0, 2, 1}, make([]byte, 8)), getAddrPort, Some(netip.AddrPortFrom(v4, 258))},
		{"sockaddr_in6", func(e *Encoder, b []byte) []byte { return AppendAddrPort(e, b, 1, Some(zoned)) },
			attr(1, u16(afInet6), []byte{1, 2}, u32(0), fe80[:], u32(7)), getAddrPort, Some(zoned)},
		{"bitfield32", func(e *Encoder, b []byte) []byte { return AppendBitfield32(b, 1, Some(Bitfield32[uint32]{1, 3})) },
			attr(1, u32(1), u32(3)), get(GetBitfield32[uint32]), Some(Bitfield32[uint32]{1, 3})},
		{"milliseconds", func(e *Encoder, b []byte) []byte {
			return AppendDuration(e, b, 1, Some(1500*time.Millisecond), WireU32, time.Millisecond)
		},
			attr(1, u32(1500)), getDuration(WireU32, time.Millisecond), Some(1500 * time.Millisecond)},
		{"seconds, big-endian", func(e *Encoder, b []byte) []byte {
			return AppendDuration(e, b, 1, Some(258*time.Second), WireU16|BigEndian, time.Second)
		},
			attr(1, []byte{1, 2}), getDuration(WireU16|BigEndian, time.Second), Some(258 * time.Second)},
		{"struct", func(e *Encoder, b []byte) []byte { return AppendStruct(e, b, 1, &Opt[pair]{pair{A: 1, B: 2}, true}) },
			attr(1, u32(1), u32(2)), get(GetStruct[pair]), Some(pair{A: 1, B: 2})},
		{"longer struct", func(e *Encoder, b []byte) []byte {
			return AppendStruct(e, b, 1, &Opt[pair]{pair{1, 2, Tail{rest: "abcd"}}, true})
		},
			attr(1, u32(1), u32(2), []byte("abcd")), get(GetStruct[pair]), Some(pair{1, 2, Tail{rest: "abcd"}})},
		{"shorter struct", func(e *Encoder, b []byte) []byte {
			return AppendStruct(e, b, 1, &Opt[pair]{pair{1, 0, Tail{missing: 4}}, true})
		},
			attr(1, u32(1)), get(GetStruct[pair]), Some(pair{1, 0, Tail{missing: 4}})},
		{"nest", func(e *Encoder, b []byte) []byte { return AppendNest(e, b, 1, &entry{ID: U32(5)}) },
			attr(1|Nested, attr(1, u32(5))), get(GetNest[entry]), &entry{ID: U32(5)}},
		{"empty nest", func(e *Encoder, b []byte) []byte { return AppendNest(e, b, 1, &entry{}) }, attr(1 | Nested), get(GetNest[entry]), &entry{}},
		{"no nest", func(e *Encoder, b []byte) []byte { return AppendNest[entry](e, b, 1, nil) }, nil, get(GetNest[entry]), (*entry)(nil)},
		{"multi", func(e *Encoder, b []byte) []byte {
			return AppendMulti(e, b, 1|Nested, []entry{{ID: U32(5)}, {}}, (*entry).Encode)
		},
			slices.Concat(attr(1|Nested, attr(1, u32(5))), attr(1|Nested)),
			get(func(d *Decoder, v *[]entry) { GetMulti(d, v, (*entry).Decode) }), []entry{{ID: U32(5)}, {}}},
		{"multi string", func(e *Encoder, b []byte) []byte { return AppendMulti(e, b, 1, []string{"a", "bcde"}, WriteString) },
			slices.Concat(attr(1, []byte("a\x00")), attr(1, []byte("bcde\x00"))),
			get(func(d *Decoder, v *[]string) { GetMulti(d, v, ReadString) }), []string{"a", "bcde"}},
		{"array", func(e *Encoder, b []byte) []byte { return AppendArray(e, b, 1, []uint16{1, 2, 3}, WriteU16[uint16]) },
			attr(1, u16(1), u16(2), u16(3)),
			get(func(d *Decoder, v *[]uint16) { GetArray(d, v, ReadU16[uint16]) }), []uint16{1, 2, 3}},
		{"array big-endian", func(e *Encoder, b []byte) []byte { return AppendArray(e, b, 1, []uint32{1}, WriteU32BE[uint32]) },
			attr(1, []byte{0, 0, 0, 1}),
			get(func(d *Decoder, v *[]uint32) { GetArray(d, v, ReadU32BE[uint32]) }), []uint32{1}},
		{"empty array", func(e *Encoder, b []byte) []byte { return AppendArray(e, b, 1, []uint64{}, WriteU64[uint64]) }, attr(1),
			get(func(d *Decoder, v *[]uint64) { GetArray(d, v, ReadU64[uint64]) }), []uint64{}},
		{"indexed", func(e *Encoder, b []byte) []byte {
			return AppendIndexed(e, b, 1, []entry{{ID: U32(5)}, {ID: U32(6)}}, Nested, (*entry).Encode)
		},
			attr(1|Nested, attr(1|Nested, attr(1, u32(5))), attr(2|Nested, attr(1, u32(6)))),
			get(func(d *Decoder, v *[]entry) { GetIndexed(d, v, (*entry).Decode) }), []entry{{ID: U32(5)}, {ID: U32(6)}}},
		{"indexed scalars", func(e *Encoder, b []byte) []byte { return AppendIndexed(e, b, 1, []uint8{5, 6}, 0, WriteU8[uint8]) },
			attr(1|Nested, attr(1, []byte{5}), attr(2, []byte{6})),
			get(func(d *Decoder, v *[]uint8) { GetIndexed(d, v, ReadU8[uint8]) }), []uint8{5, 6}},
		{"chain", func(e *Encoder, b []byte) []byte {
			return AppendMulti(e, b, 1|Nested, []chain{{3, 9, entry{ID: U32(5)}}}, (*chain).Encode)
		},
			attr(1|Nested, attr(3|Nested, attr(9|Nested, attr(1, u32(5))))),
			get(func(d *Decoder, v *[]chain) { GetChains(d, v, (*chain).Decode) }), []chain{{3, 9, entry{ID: U32(5)}}}},
		{"records", func(e *Encoder, b []byte) []byte {
			return AppendRecords(e, b, 1, []hop{{7, Some("abc")}, {8, Opt[string]{}}}, 0, (*hop).Encode)
		},
			attr(1, hopBytes(16, 7, attr(1, []byte("abc\x00"))), hopBytes(8, 8)),
			get(func(d *Decoder, v *[]hop) { GetRecords(d, v, 0, (*hop).Decode) }), []hop{{7, Some("abc")}, {8, Opt[string]{}}}},
		{"ordered", func(e *Encoder, b []byte) []byte {
			return AppendOrdered(e, b, 1|Nested, []entry{{ID: U32(5)}, {ID: U32(6)}}, (*entry).Encode)
		},
			attr(1|Nested, attr(1, u32(5)), attr(1, u32(6))),
			get(func(d *Decoder, v *[]entry) { GetOrdered(d, v, (*entry).Decode) }), []entry{{ID: U32(5)}, {ID: U32(6)}}},
		{"empty ordered", func(e *Encoder, b []byte) []byte { return AppendOrdered(e, b, 1|Nested, []entry{}, (*entry).Encode) }, attr(1 | Nested),
			get(func(d *Decoder, v *[]entry) { GetOrdered(d, v, (*entry).Decode) }), []entry{}},
		{"body", func(e *Encoder, b []byte) []byte { return AppendBody(e, b, 1, &entry{ID: U32(5)}, Body{Nested: true}) },
			attr(1|Nested, attr(1, u32(5))), get(func(d *Decoder, v **entry) { *v = GetBody(d, new(entry)) }), &entry{ID: U32(5)}},
		{"unknown body", func(e *Encoder, b []byte) []byte {
			return AppendBody(e, b, 1, &Raw{Payload: []byte{1, 2, 3}, Nested: true}, Body{Nested: true})
		},
			attr(1|Nested, []byte{1, 2, 3}), get(func(d *Decoder, v **Raw) { *v = GetBody(d, new(Raw)) }), &Raw{[]byte{1, 2, 3}, true}},
		{"unknown", func(_ *Encoder, b []byte) []byte { return AppendRaw(b, RawAttrs(attr(1|Nested, []byte{1, 2, 3}))) }, attr(1|Nested, []byte{1, 2, 3}),
			get(func(d *Decoder, v *RawAttrs) { d.Unknown(v) }), RawAttrs(attr(1|Nested, []byte{1, 2, 3}))},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			b, err := Marshal(funcs{encode: tt.put})
			if err != nil || !bytes.Equal(b, tt.wire) {
				t.Errorf("encoded\n%x, %v; want\n%x", b, err, tt.wire)
			}
			// Attributes around it change nothing.
			for _, wire := range [][]byte{tt.wire, slices.Concat(attr(9, u32(1)), tt.wire, attr(9|netByteOrder, u32(1)))} {
				var got any
				buf := slices.Clone(wire)
				if err := Unmarshal(buf, funcs{decode: func(d *Decoder) { got = tt.get(d) }}); err != nil {
					t.Fatal(err)
				}
				clear(buf) // what was decoded does not depend on the buffer
				if !reflect.DeepEqual(got, tt.want) {
					t.Errorf("decoded %#v, want %#v", got, tt.want)
				}
			}
		})
	}
}

func getAddr(d *Decoder) any {
	return get(func(d *Decoder, v *Opt[netip.Addr]) { GetAddr(d, v, new(RawAttrs)) })(d)
}

func getAddrPort(d *Decoder) any {
	return get(func(d *Decoder, v *Opt[netip.AddrPort]) { GetAddrPort(d, v, new(RawAttrs)) })(d)
}

func getDuration(w Wire, unit time.Duration) func(d *Decoder) any {
	return get(func(d *Decoder, v *Opt[time.Duration]) { GetDuration(d, v, w, unit) })
}

// pair is a struct that may be longer or shorter on the wire.
type pair struct {
	A, B uint32
	Tail Tail
}

func (m *pair) Encode(_ *Encoder, b []byte) []byte {
	b = native.AppendUint32(native.AppendUint32(b, m.A), m.B)
	return m.Tail.AppendTo(b)
}

func (m *pair) Decode(d *Decoder) {
	b := d.Struct(8)
	m.A, m.B = native.Uint32(b), native.Uint32(b[4:])
	m.Tail = d.Tail(8)
}

// entry is a nest.
type entry struct{ ID Opt[uint32] }

func (m *entry) Encode(_ *Encoder, b []byte) []byte { return AppendU32(b, 1, m.ID) }

func (m *entry) Decode(d *Decoder) {
	for d.Next() {
		if d.ID() == 1 {
			GetU32(d, &m.ID)
		}
	}
}

// chain is a nest in a nest in a nest, whose types are data.
type chain struct {
	Policy, Attr uint16
	Value        entry
}

func (m *chain) Encode(e *Encoder, b []byte) []byte {
	b, l1 := BeginLevel(e, b, m.Policy, Nested)
	b, l2 := BeginLevel(e, b, m.Attr, Nested)
	b = m.Value.Encode(e, b)
	return e.End(e.End(b, l2), l1)
}

func (m *chain) Decode(d *Decoder) {
	m.Policy = d.Level()
	m.Attr = d.Level()
	m.Value.Decode(d)
	d.Leave()
	d.Leave()
}

// hop is a record: a struct of eight bytes and attributes.
type hop struct {
	Index uint32
	Name  Opt[string]
}

func (m *hop) Encode(e *Encoder, b []byte) []byte {
	b = native.AppendUint32(native.AppendUint32(b, 0), m.Index)
	return AppendString(e, b, 1, m.Name)
}

func (m *hop) Decode(d *Decoder) {
	m.Index = native.Uint32(d.Take(8)[4:])
	for d.Next() {
		if d.ID() == 1 {
			GetString(d, &m.Name)
		}
	}
}

func hopBytes(size uint16, index uint32, attrs ...[]byte) []byte {
	return slices.Concat(u16(size), u16(0), u32(index), slices.Concat(attrs...))
}

// TestHostOrder has whole messages as literal bytes of either kind of machine.
func TestHostOrder(t *testing.T) {
	m := &link{Index: 0x01020304, Ifname: Some("lo"), MTU: U32(0x5dc)}
	little := "00000000" + "04030201" + "0000000000000000" + "07000300" + "6c6f0000" + "08000400" + "dc050000"
	big := "00000000" + "01020304" + "0000000000000000" + "00070003" + "6c6f0000" + "00080004" + "000005dc"
	want := little
	if native.Uint16([]byte{0, 1}) == 1 {
		want = big
	}
	b, err := Marshal(m)
	if err != nil || hex.EncodeToString(b) != want {
		t.Errorf("%x, %v; want %s", b, err, want)
	}
}

// checks is an encoder that appends nothing.
func checks(check func(e *Encoder)) func(*Encoder, []byte) []byte {
	return func(e *Encoder, b []byte) []byte {
		check(e)
		return b
	}
}

// level is an encoder of a level of a chain.
func level[T Integer](id T) func(*Encoder, []byte) []byte {
	return func(e *Encoder, b []byte) []byte {
		b, start := BeginLevel(e, b, id, Nested)
		return e.End(b, start)
	}
}

func TestEncodeErrors(t *testing.T) {
	addr := netip.Addr{}
	port := netip.AddrPort{}
	long := make([]byte, maxAttrLen)
	tests := []struct {
		put  func(e *Encoder, b []byte) []byte
		want string
	}{
		{func(e *Encoder, b []byte) []byte { return AppendWire(e, b, 1, U64(256), WireU8) }, "256 does not fit into 8 bits"},
		{func(e *Encoder, b []byte) []byte { return AppendWire(e, b, 1, S32(-1), WireU16) }, "-1 does not fit into 16 bits"},
		{func(e *Encoder, b []byte) []byte { return AppendWire(e, b, 1, U64(1<<32), WireU32|BigEndian) }, "4294967296 does not fit into 32 bits"},
		{func(e *Encoder, b []byte) []byte { return AppendAddr(e, b, 1, Some(addr)) }, "the zero netip.Addr is no address"},
		{func(e *Encoder, b []byte) []byte { return AppendAddrPort(e, b, 1, Some(port)) }, "the zero netip.Addr is no address"},
		{func(e *Encoder, b []byte) []byte {
			return AppendAddrPort(e, b, 1, Some(netip.MustParseAddrPort("[fe80::1%eth0]:1")))
		}, "zone eth0 is no scope id"},
		{func(e *Encoder, b []byte) []byte { return AppendBytes(e, b, 1, long) }, "longer than an attribute can be (65535 bytes); split the request"},
		{func(e *Encoder, b []byte) []byte {
			return AppendDuration(e, b, 1, Some(time.Microsecond), WireU32, time.Millisecond)
		}, "1µs is no multiple of 1ms"},
		{func(e *Encoder, b []byte) []byte {
			return AppendDuration(e, b, 1, Some(300*time.Second), WireU8, time.Second)
		}, "300 does not fit into 8 bits"},
		{level(uint16(1 << 14)), "16384 does not fit into 14 bits"},
		{level(int8(-1)), "-1 does not fit into 14 bits"},
		{checks(func(e *Encoder) { CheckMin(e, 0, U8(3), 4) }), "3 is below the minimum 4"},
		{checks(func(e *Encoder) { CheckMax(e, 0, S8(-3), -4) }), "-3 is above the maximum -4"},
		{checks(func(e *Encoder) { CheckMask(e, 0, U8(7), 3) }), "7 has bits outside the mask 3"},
		{checks(func(e *Encoder) { CheckAddr(e, 0, netip.MustParseAddr("::1"), 4) }), "::1 has 16 bytes, want 4"},
		{checks(func(e *Encoder) { CheckEach(e, 0, []uint8{1, 9}, CheckMax[uint8], 8) }), "9 is above the maximum 8"},
		{checks(func(e *Encoder) { CheckLen(e, 0, Some("abc"), 0, 2) }), "3 bytes, at most 2 allowed"},
		{checks(func(e *Encoder) { CheckLen(e, 0, Some(""), 1, 2) }), "0 bytes, at least 1 needed"},
		{checks(func(e *Encoder) { CheckBytes(e, 0, []byte{1}, 6, 6) }), "1 bytes, want 6"},
		{func(e *Encoder, b []byte) []byte { return AppendSelector(e, b, 1, Opt[string]{}, Body{Values: "a b"}) }, "the body does not say the selector; set it to one of a b"},
		{func(e *Encoder, b []byte) []byte { return AppendSelector(e, b, 1, Some("c"), Body{Values: "a b"}) }, `the selector is "c", but the body belongs to a b`},
		{func(e *Encoder, b []byte) []byte {
			return AppendOrdered(e, b, 1, []entry{{ID: U32(1)}, {}}, (*entry).Encode)
		}, "element 1 has none or several attributes, want one"},
		{func(e *Encoder, b []byte) []byte {
			return AppendOrdered(e, b, 1, []entry{{ID: U32(1)}}, func(m *entry, e *Encoder, b []byte) []byte {
				return m.Encode(e, m.Encode(e, b))
			})
		}, "element 0 has none or several attributes, want one"},
		{checks(func(e *Encoder) { CheckMin(e, 0, U8(1), 2); CheckMin(e, 0, U8(0), 2) }), "1 is below the minimum 2"},
	}
	for _, tt := range tests {
		if _, err := Marshal(funcs{encode: tt.put}); err == nil || err.Error() != tt.want {
			t.Errorf("error = %v, want %s", err, tt.want)
		}
	}
}

func TestChecksPass(t *testing.T) {
	_, err := Marshal(funcs{encode: checks(func(e *Encoder) {
		CheckMin(e, 0, U8(4), 4)
		CheckMin(e, 0, Opt[uint8]{}, 4)
		CheckMax(e, 0, S8(-4), -4)
		CheckMask(e, 0, U8(3), 3)
		CheckLen(e, 0, Some("ab"), 2, 2)
		CheckLen(e, 0, Opt[string]{}, 1, 2)
		CheckBytes(e, 0, []byte(nil), 6, 6)
		CheckEach(e, 0, []uint8{1, 8}, CheckMax[uint8], 8)
		CheckAddr(e, 0, netip.MustParseAddr("::1"), 16)
		CheckAddr(e, 0, netip.Addr{}, 4)
	})})
	if err != nil {
		t.Error(err)
	}
}

func TestSelector(t *testing.T) {
	a, ab, none := Body{Values: "a"}, Body{Values: "a b"}, Body{}
	tests := []struct {
		given  Opt[string]
		bodies []Body
		want   Opt[string]
	}{
		{Opt[string]{}, nil, Opt[string]{}},
		{Some("x"), nil, Some("x")},
		{Opt[string]{}, []Body{a}, Some("a")},
		{Opt[string]{}, []Body{none, a}, Some("a")},
		{Some("b"), []Body{ab}, Some("b")},
		{Opt[string]{}, []Body{a, ab}, Some("a")},
	}
	for _, tt := range tests {
		var e Encoder
		if got := Selector(&e, 0, tt.given, tt.bodies...); got != tt.want || e.err != nil {
			t.Errorf("Selector(%v, %v) = %v, %v; want %v", tt.given, tt.bodies, got, e.err, tt.want)
		}
	}
}

// TestDecodeErrors has malformed payloads: an error, no panic, no endless loop.
func TestDecodeErrors(t *testing.T) {
	tests := []struct {
		name string
		wire []byte
		get  func(d *Decoder) any
		want string
	}{
		{"u8", attr(1, u16(1)), get(GetU8[uint8]), "payload of 2 bytes, want 1"},
		{"u16", attr(1, u32(1)), get(GetU16[uint16]), "payload of 4 bytes, want 2"},
		{"u32", attr(1), get(GetU32[uint32]), "payload of 0 bytes, want 4"},
		{"u64", attr(1, u32(1)), get(GetU64[uint64]), "payload of 4 bytes, want 8"},
		{"uint", attr(1, u16(1)), get(GetUint[uint64]), "payload of 2 bytes, want 4 or 8"},
		{"sint", attr(1, []byte{1, 2, 3, 4, 5}), get(GetSint[int64]), "payload of 5 bytes, want 4 or 8"},
		{"bitfield32", attr(1, u32(1)), get(GetBitfield32[uint32]), "4 bytes, want 8"},
		{"array", attr(1, u32(1), u16(2)), get(func(d *Decoder, v *[]uint32) { GetArray(d, v, ReadU32[uint32]) }), "2 bytes, want 4"},
		{"multi", attr(1, u64(1)), get(func(d *Decoder, v *[]uint32) { GetMulti(d, v, ReadU32[uint32]) }), "4 bytes too many"},
		{"multi address", attr(1, u16(1)), get(func(d *Decoder, v *[]netip.Addr) { GetMulti(d, v, ReadAddr) }), "payload of 2 bytes, want 4 or 16"},
		{"nest", attr(1, u16(9), u16(1)), get(GetNest[entry]), "attribute length 9 does not fit into the 4 bytes left"},
		{"nest length 3", attr(1, u16(3), u16(1)), get(GetNest[entry]), "attribute length 3 does not fit into the 4 bytes left"},
		{"message", u32(0), get(GetNest[entry]), "attribute length 0 does not fit into the 4 bytes left"},
		{"chain", attr(1, attr(3)), get(func(d *Decoder, v *[]chain) { GetChains(d, v, (*chain).Decode) }), "a level of the chain is missing"},
		{"records, short", attr(1, []byte{1}), get(func(d *Decoder, v *[]hop) { GetRecords(d, v, 0, (*hop).Decode) }), "1 bytes left, too few for a record"},
		{"records, length", attr(1, hopBytes(99, 1)), get(func(d *Decoder, v *[]hop) { GetRecords(d, v, 0, (*hop).Decode) }), "record length 99 does not fit into the 8 bytes left"},
		{"records, length 0", attr(1, hopBytes(0, 1)), get(func(d *Decoder, v *[]hop) { GetRecords(d, v, 0, (*hop).Decode) }), "record length 0 does not fit into the 8 bytes left"},
		{"records, struct", attr(1, hopBytes(4, 1)), get(func(d *Decoder, v *[]hop) { GetRecords(d, v, 0, (*hop).Decode) }), "4 bytes, want 8"},
		{"ordered", attr(1, attr(1, u32(1)), u16(9), u16(1)), get(func(d *Decoder, v *[]entry) { GetOrdered(d, v, (*entry).Decode) }), "attribute length 9 does not fit into the 4 bytes left"},
		{"ordered, length 0", attr(1, u32(0)), get(func(d *Decoder, v *[]entry) { GetOrdered(d, v, (*entry).Decode) }), "attribute length 0 does not fit into the 4 bytes left"},
		{"deep", deep(maxDepth + 2), func(d *Decoder) any { new(nested).Decode(d); return nil }, "nested deeper than 64 levels"},
	}
	for _, tt := range tests {
		err := Unmarshal(tt.wire, funcs{decode: func(d *Decoder) { tt.get(d) }})
		if err == nil || err.Error() != tt.want {
			t.Errorf("%s: error = %v, want %s", tt.name, err, tt.want)
		}
	}
}

// nested is a nest in itself.
type nested struct{ Inner *nested }

func (m *nested) Encode(e *Encoder, b []byte) []byte { return AppendNest(e, b, 1, m.Inner) }
func (m *nested) Decode(d *Decoder) {
	for d.Next() {
		GetNest(d, &m.Inner)
	}
}

func deep(n int) []byte {
	var b []byte
	for range n {
		b = attr(1|Nested, b)
	}
	return b
}

// What other kernels may send is kept or completed, not refused.
func TestDecodeLenient(t *testing.T) {
	var m link
	wire := slices.Concat(make([]byte, linkHeader), attr(attrIfname|netByteOrder, []byte("no NUL")), attr(77|Nested, []byte{1}), []byte{0, 0, 0})
	if err := Unmarshal(wire, &m); err != nil {
		t.Fatal(err)
	}
	if m.Ifname != Some("no NUL") || !bytes.Equal(m.Unknown, attr(77|Nested, []byte{1})) {
		t.Errorf("%+v", m)
	}
	var a Opt[netip.Addr]
	var u RawAttrs
	err := Unmarshal(attr(1, []byte{1, 2, 3, 4, 5, 6}), funcs{decode: func(d *Decoder) {
		for d.Next() {
			GetAddr(d, &a, &u)
		}
	}})
	if err != nil || a.Present() || !bytes.Equal(u, attr(1, []byte{1, 2, 3, 4, 5, 6})) {
		t.Errorf("%v, %x, %v", a, []byte(u), err)
	}
	u = nil
	err = Unmarshal(attr(1, u16(1), []byte("path")), funcs{decode: func(d *Decoder) {
		for d.Next() {
			GetAddrPort(d, new(Opt[netip.AddrPort]), &u)
		}
	}})
	if err != nil || !bytes.Equal(u, attr(1, u16(1), []byte("path"))) {
		t.Errorf("%x, %v", []byte(u), err)
	}
}

func TestScope(t *testing.T) {
	var inner, after string
	wire := slices.Concat(attr(1, attr(2, attr(3))), attr(4))
	err := Unmarshal(wire, funcs{decode: func(d *Decoder) {
		d.Next()
		d.SetScope("kind", "outer")
		d.Enter()
		d.SetScope("kind", "inner")
		d.Next()
		d.Enter()
		inner = d.Scope("kind")
		d.Leave()
		d.Leave()
		after = d.Scope("kind")
	}})
	if err != nil || inner != "inner" || after != "outer" {
		t.Errorf("%s, %s, %v", inner, after, err)
	}
}

func TestAhead(t *testing.T) {
	for _, wire := range [][]byte{
		slices.Concat(attr(1, cstr("veth")), attr(2)),
		slices.Concat(attr(2), attr(9), attr(1, cstr("veth")), attr(9)),
	} {
		var kind Opt[string]
		err := Unmarshal(wire, funcs{decode: func(d *Decoder) {
			for d.Next() {
				switch d.ID() {
				case 1:
					GetString(d, &kind)
				case 2:
					if got := Ahead(d, 1, kind, GetString); got != Some("veth") || d.ID() != 2 {
						t.Errorf("at %d: %v", d.ID(), got)
					}
				}
			}
		}})
		if err != nil || kind != Some("veth") {
			t.Error(kind, err)
		}
	}
}

func TestInternedStrings(t *testing.T) {
	var d Decoder
	wire := attr(1, cstr("eth0"))
	var o Opt[string]
	read := func() {
		d.Reset(wire)
		d.Next()
		GetString(&d, &o)
	}
	read()
	if allocs := testing.AllocsPerRun(10, read); allocs != 0 || o != Some("eth0") {
		t.Errorf("%v allocations for %v", allocs, o)
	}
	long := strings.Repeat("x", 40)
	wire = attr(1, cstr(long))
	if read(); o != Some(long) {
		t.Error(o)
	}
}

func TestOpt(t *testing.T) {
	var none Opt[uint32]
	some := U32(0)
	if v, ok := none.Get(); v != 0 || ok || none.Present() || !none.IsZero() || none.Or(7) != 7 || none.String() != "-" {
		t.Errorf("absent: %#v", none)
	}
	if v, ok := some.Get(); v != 0 || !ok || !some.Present() || some.IsZero() || some.Or(7) != 0 || some.Value() != 0 || some.String() != "0" {
		t.Errorf("present: %#v", some)
	}
	for _, o := range []Opt[uint32]{none, some} {
		b, err := o.MarshalJSON()
		if err != nil {
			t.Fatal(err)
		}
		got := U32(9)
		if err := got.UnmarshalJSON(b); err != nil || got != o {
			t.Errorf("%s: %#v, %v", b, got, err)
		}
	}
	if err := new(Opt[uint8]).UnmarshalJSON([]byte("300")); err == nil {
		t.Error("300 is a uint8")
	}
	for _, o := range []any{U8(1), U16(1), U64(1), S8(1), S16(1), S32(1), S64(1)} {
		if reflect.ValueOf(o).Field(0).Convert(reflect.TypeFor[int]()).Int() != 1 {
			t.Errorf("%#v", o)
		}
	}
}
