package dynamic_test

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"strings"
	"testing"

	"github.com/nlgen/nlgen/gen/dynamic"
	"github.com/nlgen/nlgen/internal/golden"
)

// TestGolden codes real messages. Each archive has a file "message" that names
// the spec, the operation and "do" or "dump", and then either
//
//	wire    a reply in hex, as a little-endian kernel sent it, for which
//	        want/object.json and want/wire, what encoding that gives, are got, or
//	object.json
//	        a request, for which want/wire or want/error is got.
func TestGolden(t *testing.T) {
	golden.Run(t, "testdata/*.txtar", func(t *testing.T, in golden.Files) golden.Files {
		names := strings.Fields(in["message"])
		f := resolved(t, names[0])
		op, dump := operation(t, f, names[1]), names[2] == "dump"
		codec := dynamic.NewLittleEndian(f)
		if object, ok := in["object.json"]; ok {
			wire, err := codec.EncodeRequest(op, dump, []byte(object))
			if err != nil {
				return golden.Files{"error": err.Error() + "\n"}
			}
			return golden.Files{"wire": lines(wire)}
		}
		o, err := codec.DecodeReply(op, dump, unhex(t, strings.Join(strings.Fields(in["wire"]), "")))
		if err != nil {
			t.Fatal(err)
		}
		call := op.Do
		if dump {
			call = op.Dump
		}
		again, err := codec.EncodeMessage(call.Reply, o)
		if err != nil {
			t.Fatal(err)
		}
		return golden.Files{"object.json": indented(t, o), "wire": lines(again)}
	})
}

func indented(t *testing.T, o *dynamic.Object) string {
	t.Helper()
	var b bytes.Buffer
	if err := json.Indent(&b, []byte(text(t, o)), "", "  "); err != nil {
		t.Fatal(err)
	}
	return b.String() + "\n"
}

// lines returns hex in lines of 32 bytes.
func lines(b []byte) string {
	var s strings.Builder
	for len(b) > 0 {
		n := min(len(b), 32)
		s.WriteString(hex.EncodeToString(b[:n]) + "\n")
		b = b[n:]
	}
	return s.String()
}
