package demotest

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/netip"
	"os"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/nlgen/nlgen/families/demo"
	"github.com/nlgen/nlgen/internal/familytest"
	nl "github.com/nlgen/nlgen/runtime"
)

// A Dialer returns a connection to the implementation under test.
type Dialer func(testing.TB, ...nl.Option) *nl.Conn

// A Part is one of the tests. It leaves no things behind.
type Part struct {
	Name string
	Run  func(*testing.T, Dialer)
	// Timed says that the requests which it sends depend on the time.
	Timed bool
	// Forged says that it sends requests that no client encodes.
	Forged bool
}

// Parts returns the tests.
func Parts() []Part {
	return []Part{
		{Name: "echo", Run: testEcho}, {Name: "things", Run: testThings}, {Name: "errors", Run: testErrors},
		{Name: "checks", Run: testChecks, Forged: true}, {Name: "payloads", Run: testPayloads, Forged: true}, {Name: "dump", Run: testDump}, {Name: "events", Run: testEvents},
		{Name: "cancel", Run: testCancel, Timed: true}, {Name: "nlctrl", Run: testGroups},
	}
}

// Run tests an implementation of demo that has no things yet. Its clients are
// unchanged, whatever they talk to.
func Run(t *testing.T, dial Dialer) {
	for _, part := range Parts() {
		t.Run(part.Name, func(t *testing.T) { part.Run(t, dial) })
	}
}

// Everything returns a request with a value of every type.
func Everything() *demo.EchoRequest {
	point := demo.Point{Kind: 1, X: -1 << 40, Y: -7, Port: 80}
	inner := demo.Inner{Value: nl.U32(1), Text: nl.Some("deep"), Inner: &demo.Inner{Value: nl.U32(2)}}
	return &demo.EchoRequest{
		U8: nl.U8(200), U16: nl.U16(60000), U32: nl.U32(4e9), U64: nl.U64(1 << 63),
		S8: nl.Some[int8](-100), S16: nl.Some[int16](-30000), S32: nl.Some[int32](-2e9), S64: nl.Some[int64](-1 << 60),
		Uint: nl.U64(1 << 40), Sint: nl.Some[int64](-5), Be16: nl.U16(1), Be32: nl.U32(2), Be64: nl.U64(3),
		Flag: true, Text: nl.Some("text"), FreeText: nl.Some("free"), Bytes: []byte{1, 2, 3}, Key: []byte("12345678"),
		Address: nl.Some(netip.MustParseAddr("192.0.2.1")), MAC: net.HardwareAddr{2, 0, 0, 0, 0, 1}, Point: nl.Some(point),
		Array32: []uint32{1, 2, 3}, Array64: []uint64{4, 5}, Bits: nl.Some(nl.Bitfield32[demo.Feature]{Value: 1, Selector: 3}),
		Colour: nl.Some(demo.ColourBlue), Level: nl.Some(demo.LevelHighest), Features: nl.Some(demo.FeatureSwim | demo.FeatureFly),
		Colours: nl.Some(demo.ColourMask(5)), Small: nl.Some[int32](-10), Large: nl.U64(1000), Port: nl.U16(443),
		Nest: &inner, List: []uint16{1, 2}, Texts: []string{"a", "b"}, Nests: []demo.Inner{inner, {Value: nl.U32(3)}},
		Points: []demo.Point{point, {Kind: 2}}, Numbers: []uint32{7, 8}, Items: []demo.Inner{{Value: nl.U32(4)}},
	}
}

func testEcho(t *testing.T, dial Dialer) {
	c := demo.New(dial(t))
	for _, want := range []*demo.EchoRequest{{}, Everything()} {
		got, err := c.Echo(familytest.Context(t), want)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(marshal(t, want), marshal(t, got)); diff != "" {
			t.Error(diff)
		}
	}
}

func marshal(t testing.TB, m nl.Message) []byte {
	t.Helper()
	b, err := nl.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// keep makes things that are removed when the test is over.
func keep(t testing.TB, c *demo.Client, things ...*demo.SetRequest) {
	t.Helper()
	for _, thing := range things {
		if err := c.Set(familytest.Context(t), thing); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if err := c.Del(familytest.Context(t), &demo.DelRequest{ID: thing.ID}); err != nil && !errors.Is(err, os.ErrNotExist) {
				t.Error(err)
			}
		})
	}
}

func testThings(t *testing.T, dial Dialer) {
	c := demo.New(dial(t))
	ctx := familytest.Context(t)
	thing := &demo.SetRequest{ID: nl.U32(7), Name: nl.Some("ball"), Colour: nl.Some(demo.ColourRed), Features: nl.Some(demo.FeatureFly), Size: nl.U64(1 << 33)}
	keep(t, c, thing)
	got, err := c.Get(ctx, &demo.GetRequest{ID: nl.U32(7)})
	if err != nil || got.Name != thing.Name || got.Colour != thing.Colour || got.Features != thing.Features || got.Size != thing.Size {
		t.Errorf("got %+v, %v", got, err)
	}
	if err := c.Del(ctx, &demo.DelRequest{ID: nl.U32(7)}); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Get(ctx, &demo.GetRequest{ID: nl.U32(7)}); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("removed, but: %v", err)
	}
}

func testErrors(t *testing.T, dial Dialer) {
	c := demo.New(dial(t))
	ctx := familytest.Context(t)
	_, err := c.Get(ctx, nil)
	var e *nl.Error
	if !errors.As(err, &e) || e.Errno != syscall.EINVAL || e.Missing != "id" {
		t.Errorf("without an id: %v", err)
	}
	_, err = c.Get(ctx, &demo.GetRequest{ID: nl.U32(4711)})
	if !errors.As(err, &e) || e.Errno != syscall.ENOENT || e.Attr != "id" || e.Offset != 20 {
		t.Errorf("no such thing: %v", err)
	}
}

// Attribute returns an attribute in wire form.
func Attribute(id uint16, payload ...byte) nl.RawAttrs {
	b := binary.NativeEndian.AppendUint16(nil, uint16(4+len(payload)))
	b = append(binary.NativeEndian.AppendUint16(b, id), payload...)
	return append(b, make([]byte, -len(b)&3)...)
}

func u32(v uint32) []byte { return binary.NativeEndian.AppendUint32(nil, v) }
func u64(v uint64) []byte { return binary.NativeEndian.AppendUint64(nil, v) }

// id returns the number of an attribute of a set.
func id(set, name string) uint16 {
	for _, s := range demo.Family().Schema.Sets {
		for _, a := range s.Attrs {
			if s.Name == set && a.Name == name {
				return a.ID
			}
		}
	}
	panic("no attribute " + name)
}

// testChecks sends what a generated client refuses to send.
func testChecks(t *testing.T, dial Dialer) {
	value := func(name string, payload ...byte) nl.RawAttrs { return Attribute(id("values", name), payload...) }
	nest := func(name string, payload ...byte) nl.RawAttrs {
		return Attribute(id("values", name)|nl.Nested, payload...)
	}
	inner := func(name string, payload ...byte) []byte { return Attribute(id("inner", name), payload...) }
	for _, tt := range []struct {
		name  string
		attrs nl.RawAttrs
		errno syscall.Errno
		attr  string
	}{
		{"short", value("u32", 1, 2), syscall.EINVAL, "u32"},
		{"long", value("u8", 1, 2), syscall.EINVAL, "u8"},
		{"neither 4 nor 8", value("uint", 1, 2, 3), syscall.EINVAL, "uint"},
		{"above", value("small", u32(11)...), syscall.ERANGE, "small"},
		{"below", value("small", u32(0xfffffff5)...), syscall.ERANGE, "small"},
		{"large", value("large", u64(999)...), syscall.ERANGE, "large"},
		{"big-endian", value("port", 0, 0), syscall.ERANGE, "port"},
		{"short key", value("key", 1), syscall.ERANGE, "key"},
		{"long bytes", value("bytes", make([]byte, 257)...), syscall.ERANGE, "bytes"},
		{"long text", value("text", append([]byte("0123456789012345678901234567890123456789012345678901234567890123456789"), 0)...), syscall.EINVAL, "text"},
		{"text without NUL", value("text", 'a'), syscall.EINVAL, "text"},
		{"flag with bytes", value("flag", 1), syscall.ERANGE, "flag"},
		{"enum", value("colour", u32(3)...), syscall.ERANGE, "colour"},
		{"enum with gaps", value("level", u32(2)...), syscall.EINVAL, "level"},
		{"flags", value("features", u32(8)...), syscall.EINVAL, "features"},
		{"beyond an enum with gaps", value("level", u32(1001)...), syscall.ERANGE, "level"},
		{"short bitfield", value("bits", u32(1)...), syscall.ERANGE, "bits"},
		{"short struct", value("point", 1), syscall.ERANGE, "point"},
		{"torn array", value("array32", 1, 2, 3), syscall.EINVAL, "array32"},
		{"long text without NUL", value("free-text", bytes.Repeat([]byte{'a'}, 65)...), syscall.ERANGE, "free-text"},
		{"empty text", value("text"), syscall.EINVAL, "text"},
		{"empty text without NUL", value("free-text"), syscall.ERANGE, "free-text"},
		{"a nest for a text", Attribute(id("values", "text")|nl.Nested, 'a', 0), syscall.EINVAL, "text"},
		{"mask of an enum", value("colours", 8), syscall.EINVAL, "colours"},
		{"bitfield", value("bits", append(u32(8), u32(8)...)...), syscall.EINVAL, "bits"},
		{"bitfield, not selected", value("bits", append(u32(1), u32(2)...)...), syscall.EINVAL, "bits"},
		{"unknown", Attribute(200, 1), syscall.EINVAL, "#200"},
		{"unused", Attribute(id("values", "be64")+1, 1), syscall.EINVAL, "#14"},
		{"in a nest", nest("nest", inner("value", 1)...), syscall.EINVAL, "nest.value"},
		{"no nest", value("nest", inner("value", u32(1)...)...), syscall.EINVAL, "nest"},
		{"no array", value("items", inner("value", u32(1)...)...), syscall.EINVAL, "items"},
		{"no chain", value("chain", Attribute(1|nl.Nested, Attribute(1|nl.Nested, inner("value", u32(1)...)...)...)...), syscall.EINVAL, "chain"},
		{"a nest", Attribute(id("values", "u32")|nl.Nested, u32(1)...), syscall.EINVAL, "u32"},
		{"first of two", append(value("small", u32(11)...), value("u32", 1)...), syscall.ERANGE, "small"},
		{"second of two", append(value("small", u32(10)...), value("u32", 1)...), syscall.EINVAL, "u32"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := demo.New(dial(t)).Echo(familytest.Context(t), &demo.EchoRequest{Unknown: tt.attrs})
			var e *nl.Error
			if !errors.As(err, &e) || e.Errno != tt.errno || e.Attr != tt.attr {
				t.Errorf("got %v, want %v of %s", err, tt.errno, tt.attr)
			}
		})
	}
	rep, err := demo.New(dial(t)).Echo(familytest.Context(t), &demo.EchoRequest{Unknown: value("free-text", 'a')})
	if err != nil || rep.FreeText.Value() != "a" {
		t.Errorf("a text that may lack its NUL: %v, %v", rep, err)
	}
}

// testPayloads gives each attribute that is no nest many random payloads, mostly of
// wrong lengths. An implementation takes one or says that this attribute is wrong.
func testPayloads(t *testing.T, dial Dialer) {
	c := demo.New(dial(t))
	random := rand.New(rand.NewPCG(1, 2))
	refused := 0
	const rounds = 8
	attrs := leaves()
	for range rounds {
		for _, a := range attrs {
			payload := make([]byte, random.IntN(13))
			for i := range payload {
				payload[i] = byte(random.Uint32N(256) >> random.UintN(8)) // small ones, too
			}
			_, err := c.Echo(familytest.Context(t), &demo.EchoRequest{Unknown: Attribute(a.ID, payload...)})
			if err == nil {
				continue
			}
			refused++
			var e *nl.Error
			if !errors.As(err, &e) || e.Errno != syscall.EINVAL && e.Errno != syscall.ERANGE || e.Attr != a.Name || e.Offset != 20 {
				t.Errorf("%s %x: %v", a.Name, payload, err)
			}
		}
	}
	t.Logf("%d of %d are refused", refused, rounds*len(attrs))
	if total := rounds * len(attrs); refused < total/3 || refused > total*9/10 {
		t.Errorf("%d of %d are refused", refused, total)
	}
}

// leaves returns the attributes that echo takes and that have no others inside.
func leaves() []nl.Attr {
	var list []nl.Attr
	for _, s := range demo.Family().Schema.Sets {
		if s.Name != "values" {
			continue
		}
		for _, a := range s.Attrs {
			switch a.Type {
			case nl.TypeNest, nl.TypeIndexed, nl.TypeChain:
			default:
				list = append(list, a)
			}
		}
	}
	return list
}

func testDump(t *testing.T, dial Dialer) {
	c := demo.New(dial(t))
	ctx := familytest.Context(t)
	if list, err := c.GetAll(ctx, nil); err != nil || len(list) != 0 {
		t.Fatalf("%d things, %v; want none", len(list), err)
	}
	const count = 400 // 36 KiB, more than one part holds
	for i := range count {
		keep(t, c, &demo.SetRequest{
			ID: nl.U32(uint32(i + 1)), Name: nl.Some(fmt.Sprintf("%0*d", demo.NameLen, i+1)), Colour: nl.Some(demo.Colour(i % 3)),
			Features: nl.Some(demo.FeatureWalk), Size: nl.U64(uint64(i)),
		})
	}
	list, err := c.GetAll(ctx, nil)
	if err != nil || len(list) != count {
		t.Fatalf("%d things, %v; want %d", len(list), err, count)
	}
	seen := map[uint32]bool{}
	for thing, err := range c.GetDump(ctx, &demo.GetDumpRequest{Colour: nl.Some(demo.ColourGreen)}) {
		if err != nil || thing.Colour.Value() != demo.ColourGreen {
			t.Fatal(thing, err)
		}
		// The list goes on after a call in the middle of it.
		if _, err := c.Get(ctx, &demo.GetRequest{ID: thing.ID}); err != nil {
			t.Fatal(err)
		}
		seen[thing.ID.Value()] = true
	}
	if want := (count + 1) / 3; len(seen) != want {
		t.Errorf("%d green things, want %d", len(seen), want)
	}
	_, err = c.GetAll(ctx, &demo.GetDumpRequest{Unknown: Attribute(id("thing", "colour"), 9)})
	var e *nl.Error
	if !errors.As(err, &e) || e.Errno != syscall.ERANGE || e.Attr != "colour" {
		t.Errorf("a colour that there is not: %v", err)
	}
}

func testEvents(t *testing.T, dial Dialer) {
	conn := dial(t)
	c := demo.New(conn)
	sub, err := c.Subscribe(demo.GroupThings)
	if errors.Is(err, os.ErrPermission) {
		t.Skip("groups of this protocol need CAP_NET_ADMIN")
	}
	if err != nil {
		t.Fatal(err)
	}
	keep(t, c, &demo.SetRequest{ID: nl.U32(1), Name: nl.Some("bell")})
	familytest.Event(t, sub, func(ev *demo.Changed) bool { return ev.Name.Value() == "bell" })

	if err := sub.Leave(demo.GroupThings); err != nil {
		t.Fatal(err)
	}
	if err := sub.Join(demo.GroupAlarms); err != nil {
		t.Fatal(err)
	}
	keep(t, c, &demo.SetRequest{ID: nl.U32(2)})
	ring(t, c, "fire")
	for ev, err := range sub.Events(familytest.Context(t)) {
		if alarm, ok := ev.(*demo.Alarm); err != nil || !ok || alarm.Text.Value() != "fire" {
			t.Errorf("got %v, %v", ev, err)
		}
		break
	}
}

func ring(t testing.TB, c *demo.Client, text string) {
	t.Helper()
	if err := c.Ring(familytest.Context(t), &demo.RingRequest{Level: nl.Some(demo.LevelHigh), Text: nl.Some(text)}); err != nil {
		t.Fatal(err)
	}
}

func testCancel(t *testing.T, dial Dialer) {
	c := demo.New(dial(t))
	for i := range 50 {
		ctx, cancel := context.WithTimeout(context.Background(), time.Duration(i)*10*time.Microsecond)
		_, err := c.Echo(ctx, Everything())
		cancel()
		if err != nil && !errors.Is(err, context.DeadlineExceeded) {
			t.Fatal(err)
		}
		rep, err := c.Echo(familytest.Context(t), &demo.EchoRequest{U32: nl.U32(uint32(i))})
		if err != nil || rep.U32.Value() != uint32(i) {
			t.Fatalf("after a cancelled call: %v, %v", rep, err)
		}
	}
}

func testGroups(t *testing.T, dial Dialer) {
	sub, err := dial(t).Subscribe(nl.Group{Name: "nonsense"})
	if !errors.Is(err, errors.ErrUnsupported) {
		t.Errorf("a group that there is not: %v, %v", sub, err)
	}
}
