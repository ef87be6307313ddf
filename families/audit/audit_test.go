package audit

import (
	"encoding/binary"
	"testing"

	"github.com/nlgen/nlgen/internal/familytest"
	nl "github.com/nlgen/nlgen/runtime"
)

func words(list ...uint32) (b []byte) {
	for _, w := range list {
		b = binary.NativeEndian.AppendUint32(b, w)
	}
	return b
}

// TestStatusOfOtherKernels decodes the status of an old kernel, which is shorter,
// and of one to come.
func TestStatusOfOtherKernels(t *testing.T) {
	old := words(0, 1, 1, 99, 0, 64, 0, 2)
	got := familytest.RoundTrip[GetStatusReply](t, old)
	if s := got.Status; s.Enabled != EnabledYes || s.Failure != FailurePrint || s.PID != 99 || s.BacklogLimit != 64 || s.Backlog != 2 {
		t.Errorf("%+v", s)
	}
	longer := append(old, words(0x7f, 60000, 0, 42)...)
	got = familytest.RoundTrip[GetStatusReply](t, longer)
	if s := got.Status; s.BacklogWaitTime != 60000 || s.FeatureBitmap&FeatureBitFilterFs == 0 {
		t.Errorf("%+v", s)
	}
	for _, wire := range [][]byte{old, longer} {
		m := familytest.RoundTrip[GetStatusReply](t, wire)
		if b, err := nl.Marshal(m); err != nil || string(b) != string(wire) {
			t.Errorf("%x comes back as %x, %v", wire, b, err)
		}
	}
	if err := nl.Unmarshal(old[:31], new(GetStatusReply)); err == nil || err.Error() != "status: 31 bytes at offset 0, want 32" {
		t.Error(err)
	}
}

func TestRecord(t *testing.T) {
	var r Record
	r.SetMessageType(1305)
	if err := nl.Unmarshal([]byte("audit(1.000:7): op=set audit_enabled=1\x00"), &r); err != nil {
		t.Fatal(err)
	}
	if r.Type != RecordTypeConfigChange || r.Text != "audit(1.000:7): op=set audit_enabled=1" {
		t.Errorf("%+v", r)
	}
	if r.SetMessageType(1999); r.Type.String() != "RecordType(1999)" {
		t.Error(r.Type)
	}
}
