package uevent

import (
	"testing"

	"github.com/nlgen/nlgen/internal/familytest"
	nl "github.com/nlgen/nlgen/runtime"
)

func TestWire(t *testing.T) {
	const wire = "add@/devices/x\x00ACTION=add\x00DEVPATH=/devices/x\x00OPTIONS=a=b\x00EMPTY=\x00"
	got := familytest.RoundTrip[Uevent](t, []byte(wire))
	familytest.Equal(t, "event", got, &Uevent{Action: "add", Devpath: "/devices/x", Env: nl.KeyValues{
		{Key: "ACTION", Value: "add"}, {Key: "DEVPATH", Value: "/devices/x"}, {Key: "OPTIONS", Value: "a=b"}, {Key: "EMPTY"},
	}})
	if b, err := nl.Marshal(got); err != nil || string(b) != wire {
		t.Errorf("%q, %v", b, err)
	}
}

func TestGarbage(t *testing.T) {
	for wire, want := range map[string]string{
		"":                             `action: no '@' ends the text at offset 0`,
		"libudev\x00\xfe\xed\xca\xfe":  `action: no '@' ends the text at offset 0`,
		"add@/devices/x":               `devpath: no '\x00' ends the text at offset 4`,
		"add@/devices/x\x00ACTION\x00": `[0]: "ACTION" at offset 15 is no KEY=VALUE`,
		"add@/x\x00A=1\x00=2\x00":      `[1]: "=2" at offset 11 is no KEY=VALUE`,
	} {
		if err := nl.Unmarshal([]byte(wire), new(Uevent)); err == nil || err.Error() != want {
			t.Errorf("%q: %v, want %s", wire, err, want)
		}
	}
}
