package kernel_test

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"os"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/nlgen/nlgen/gen/model"
	"github.com/nlgen/nlgen/internal/dynclient"
	"github.com/nlgen/nlgen/internal/vm"
	nl "github.com/nlgen/nlgen/runtime"
)

// allShapes is a request with every attribute of the family shapes.
const allShapes = `{
	"form": "dot",
	"kind": "line", "shape": {"width": 1, "height": 2, "text": "long", "dots": [{"x": 1, "name": "a"}, {"x": 2}]},
	"number": "line", "anything": {"width": 3, "height": 4},
	"auto": "dot", "many": [{"x": 1}, {}, {"name": "three"}],
	"outer": "again", "nest": {"value": 5, "deep": {"value": 6, "deep": {"value": 7}}},
	"list": [{"value": 8}, {"deep": {"value": 9}}],
	"by-header": {"x": 9},
	"hops": [{"weight": 1, "gateway": 16909060}, {"weight": 2, "again": [{"weight": 3}, {"weight": 4, "gateway": 1}]}],
	"headed": {"width": 1, "height": 1, "gateway": 1}, "headeds": [{"width": 2, "height": 0}, {"width": 3, "height": 0, "gateway": 2}],
	"arrays": [[1, 2], [], [3]], "gap": 77,
	"steps": [{"go": 3}, {"turn": true}, {"go": 4}, {"repeat": [{"go": 1}, {"turn": true}]}, {"go": 0}]
}`

func TestGuestShapes(t *testing.T) {
	c, f := dialShapes(t)
	for _, request := range []string{
		allShapes,
		`{"header": {"form": "hollow"}, "by-header": {}, "number": "hollow", "anything": {}}`,
		`{"header": {"form": "line"}, "by-header": {"width": 1, "height": 2}, "auto": "line", "many": [{"width": 5, "height": 6}]}`,
		`{"kind": "default", "shape": {"text": "no header"}}`,
		`{"kind": "again", "shape": {"kind": "again", "shape": {"number": "dot", "anything": {"x": 1}}}}`,
	} {
		echoes(t, c, f, request)
	}
}

func TestGuestShapesDump(t *testing.T) {
	c, f := dialShapes(t)
	all, err := c.All(t.Context(), operation(t, f, "echo"), []byte(allShapes))
	if err != nil || len(all) != 100 {
		t.Errorf("%d objects, want 100 (%v)", len(all), err)
	}
}

// TestGuestImplied has the module leave out selectors.
func TestGuestImplied(t *testing.T) {
	c, f := dialShapes(t)
	o, err := c.Do(t.Context(), operation(t, f, "implied"), []byte(`{}`))
	if err != nil {
		t.Fatal(err)
	}
	got, err := json.Marshal(o)
	want := `{"kind": "dot", "shape": {"x": 7}, "number": "line", "anything": {"width": 2, "height": 3}}`
	if err != nil || !same(t, got, []byte(want)) {
		t.Errorf("%s, want %s (%v)", got, want, err)
	}
}

func TestGuestShapesGarbage(t *testing.T) {
	_, f := dialShapes(t)
	garbage(t, rawCall(t, f, "echo"), echoRequest(t, f, allShapes))
}

// Numbers of attributes, and the flag of a nest.
const (
	aKind, aShape, aNumber, aAnything, aByHeader, aHops, aHeaded, aSteps = 1, 2, 3, 4, 10, 11, 12, 15
	nested                                                               = 0x8000
)

// TestGuestShapesRefuses sends what the module must find by itself, and looks where
// in the message it found it.
func TestGuestShapesRefuses(t *testing.T) {
	_, f := dialShapes(t)
	send := rawCall(t, f, "echo")
	dot := attribute(aKind, []byte("dot\x00"))
	line := attribute(aNumber, number(5))
	hop := func(length, weight uint16) []byte {
		return binary.NativeEndian.AppendUint16(binary.NativeEndian.AppendUint16(nil, length), weight)
	}
	const first = 24 // offset of the first attribute
	for _, tt := range []struct {
		name   string
		kind   byte // in the header
		attrs  [][]byte
		errno  syscall.Errno
		offset int
		text   string
	}{
		{"unknown text", 3, [][]byte{attribute(aKind, []byte("nosuch\x00")), attribute(aShape | nested)},
			syscall.EOPNOTSUPP, first, "no such form"},
		{"unknown number", 3, [][]byte{attribute(aNumber, number(11)), attribute(aAnything)},
			syscall.EOPNOTSUPP, first, "no such form"},
		{"unknown header", 11, [][]byte{dot, attribute(aByHeader)}, syscall.EOPNOTSUPP, first + 8, "no such form"},
		{"no value of the enum", 3, [][]byte{attribute(aNumber, number(4))}, syscall.EINVAL, first, "not a value of the enum"},
		{"selector is missing", 3, [][]byte{attribute(aShape | nested)}, syscall.EINVAL, first, "selects the form is missing"},
		{"selector comes later", 3, [][]byte{attribute(aShape|nested, attribute(1, number(10))), dot},
			syscall.ERANGE, first + 4, "integer out of range"},
		{"no header inside", 3, [][]byte{attribute(aKind, []byte("again\x00")), attribute(aShape|nested, attribute(aByHeader))},
			syscall.EINVAL, first + 16, "header that selects"},
		{"not nested", 3, [][]byte{dot, attribute(aShape)}, syscall.EINVAL, first + 8, "NLA_F_NESTED is missing"},
		{"form not nested", 3, [][]byte{attribute(aNumber, number(3)), attribute(aAnything)}, syscall.EINVAL, first + 8, "NLA_F_NESTED is missing"},
		{"form nested", 3, [][]byte{line, attribute(aAnything|nested, make([]byte, 8))}, syscall.EINVAL, first + 8, "NLA_F_NESTED not expected"},
		{"struct too short", 3, [][]byte{line, attribute(aAnything, make([]byte, 7))}, syscall.ERANGE, first + 8, "wrong length"},
		{"struct too long", 3, [][]byte{line, attribute(aAnything, make([]byte, 9))}, syscall.ERANGE, first + 8, "wrong length"},
		{"not empty", 9, [][]byte{attribute(aByHeader, make([]byte, 1))}, syscall.ERANGE, first, "not empty"},
		{"unknown inside", 3, [][]byte{dot, attribute(aShape|nested, attribute(9))}, syscall.EINVAL, first + 12, "Unknown attribute"},
		{"gap inside", 3, [][]byte{dot, attribute(aShape|nested, attribute(2))}, syscall.EINVAL, first + 12, "Unsupported attribute"},
		{"gap", 3, [][]byte{dot, attribute(20)}, syscall.EINVAL, first + 8, "Unsupported attribute"},
		{"unknown", 3, [][]byte{dot, attribute(31)}, syscall.EINVAL, first + 8, "Unknown attribute"},
		{"record too long", 3, [][]byte{attribute(aHops, hop(8, 0))}, syscall.EINVAL, first, "record does not fit"},
		{"record too short", 3, [][]byte{attribute(aHops, hop(3, 0))}, syscall.EINVAL, first, "record does not fit"},
		{"half a record", 3, [][]byte{attribute(aHops, hop(4, 0), []byte{1})}, syscall.EINVAL, first, "record does not fit"},
		{"unknown in record", 3, [][]byte{attribute(aHops, hop(8, 0), attribute(3))}, syscall.EINVAL, first + 8, "Unknown attribute"},
		{"bytes behind", 3, [][]byte{attribute(aHeaded|nested, make([]byte, 10))}, syscall.EINVAL, 0, "bytes leftover"},
		{"no header", 3, [][]byte{attribute(aHeaded|nested, make([]byte, 7))}, syscall.EINVAL, first, "shorter than the header"},
		{"step too far", 3, [][]byte{attribute(aSteps|nested, attribute(1, number(1)), attribute(1, number(101)))},
			syscall.ERANGE, first + 12, "integer out of range"},
		{"unknown step", 3, [][]byte{attribute(aSteps|nested, attribute(2), attribute(4))},
			syscall.EINVAL, first + 8, "Unknown attribute"},
		{"deep bodies", 3, deepBodies(40), syscall.EINVAL, first + 16 + 16*16, "too deep"},
		{"deep records", 3, [][]byte{deepRecords(40)}, syscall.EINVAL, first + 4 + 16*8, "too deep"},
	} {
		_, err := send(append([]byte{tt.kind, 0, 0, 0}, slices.Concat(tt.attrs...)...))
		refused(t, tt.name, err, tt.errno, tt.offset, tt.text)
	}
	if _, err := send(append([]byte{3, 0, 0, 0}, slices.Concat(deepBodies(15)...)...)); err != nil {
		t.Errorf("15 bodies in each other: %v", err)
	}
}

// refused checks how a request was refused.
func refused(t *testing.T, name string, err error, errno syscall.Errno, offset int, text string) {
	t.Helper()
	e, ok := errors.AsType[*nl.Error](err)
	if !ok {
		t.Errorf("%s: %v", name, err)
	} else if e.Errno != errno || e.Offset != offset || !strings.Contains(e.Message, text) {
		t.Errorf("%s: %v at %d, want %v at %d: %s", name, err, e.Offset, errno, offset, text)
	}
}

// deepBodies returns bodies inside bodies.
func deepBodies(n int) [][]byte {
	again := attribute(aKind, []byte("again\x00"))
	if n == 0 {
		return [][]byte{again}
	}
	return [][]byte{again, attribute(aShape|nested, deepBodies(n-1)...)}
}

// deepRecords returns records inside records.
func deepRecords(n int) []byte {
	typ := uint16(2)
	if n == 40 {
		typ = aHops
	}
	var inner []byte
	if n > 0 {
		inner = deepRecords(n - 1)
	}
	header := binary.NativeEndian.AppendUint16(nil, uint16(4+len(inner)))
	return attribute(typ, append(header, 0, 0), inner)
}

func number(v uint32) []byte { return binary.NativeEndian.AppendUint32(nil, v) }

// attribute returns an attribute with its padding.
func attribute(typ uint16, payload ...[]byte) []byte {
	content := slices.Concat(payload...)
	b := binary.NativeEndian.AppendUint16(nil, uint16(4+len(content)))
	b = append(binary.NativeEndian.AppendUint16(b, typ), content...)
	return append(b, make([]byte, -len(b)&3)...)
}

func dialShapes(t *testing.T) (*dynclient.Client, *model.Family) {
	t.Helper()
	if os.Getenv(vm.InGuest) == "" {
		t.Skip("TestLoaded runs this in a guest")
	}
	return connect(t, read(t, shapes))
}
