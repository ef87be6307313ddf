package mytest

import (
	"encoding/binary"
	"testing"

	"github.com/nlgen/nlgen/internal/familytest"
	nl "github.com/nlgen/nlgen/runtime"
)

// report is a struct fs_error in wire form.
func report() []byte {
	ne := binary.NativeEndian
	b := ne.AppendUint32(nil, 8)
	b = ne.AppendUint32(b, 1)
	b = ne.AppendUint64(b, 2049)
	b = ne.AppendUint64(b, 33)
	b = ne.AppendUint32(b, 5)
	b = ne.AppendUint32(b, 321)
	return append(b, "ext3_find_entry\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"...)
}

func TestReport(t *testing.T) {
	want := FSError{Major: 8, Minor: 1, Inode: 2049, Block: 33, Error: 5, Line: 321, Function: "ext3_find_entry"}
	got := familytest.RoundTrip[ErrorNtf](t, report())
	familytest.Equal(t, "event", got, &ErrorNtf{Report: want})
	b, err := nl.Marshal(&RaiseErrorRequest{Report: want})
	if err != nil || string(b) != string(report()) {
		t.Errorf("%x, %v, want %x", b, err, report())
	}
}

func TestGarbage(t *testing.T) {
	err := nl.Unmarshal(report()[:63], new(ErrorNtf))
	if want := "report: 63 bytes at offset 0, want 64"; err == nil || err.Error() != want {
		t.Errorf("%v, want %s", err, want)
	}
	long := FSError{Function: "a name that is longer than there is room for it"}
	if _, err := nl.Marshal(&RaiseErrorRequest{Report: long}); err == nil {
		t.Error("a name that is too long is taken")
	}
}
