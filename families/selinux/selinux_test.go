package selinux

import (
	"encoding/binary"
	"testing"

	"github.com/nlgen/nlgen/internal/familytest"
	nl "github.com/nlgen/nlgen/runtime"
)

func TestNotifications(t *testing.T) {
	on := familytest.RoundTrip[SetEnforceNtf](t, binary.NativeEndian.AppendUint32(nil, 1))
	familytest.Equal(t, "setenforce", on, &SetEnforceNtf{State: EnforceState{Enforcing: 1}})
	load := familytest.RoundTrip[PolicyLoadNtf](t, binary.NativeEndian.AppendUint32(nil, 7))
	familytest.Equal(t, "policyload", load, &PolicyLoadNtf{State: PolicyState{Seqno: 7}})
	if err := nl.Unmarshal([]byte{1}, new(SetEnforceNtf)); err == nil || err.Error() != "state: 1 bytes at offset 0, want 4" {
		t.Error(err)
	}
}
