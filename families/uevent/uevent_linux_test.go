package uevent

import (
	"os"
	"testing"

	"github.com/nlgen/nlgen/internal/familytest"
)

// device is one that every kernel has. Writing to the file makes the kernel send
// an event about it.
const device = "/devices/virtual/mem/null"

func TestIntegrationEvent(t *testing.T) {
	c, err := Dial()
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	sub, err := c.Subscribe(GroupKernel)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile("/sys"+device+"/uevent", []byte("change"), 0); err != nil {
		t.Skip(err)
	}
	ev := familytest.Event(t, sub, func(ev *Uevent) bool { return ev.Devpath == device })
	if ev.Action != "change" {
		t.Errorf("action %q", ev.Action)
	}
	for key, want := range map[string]string{
		"ACTION": "change", "DEVPATH": device, "SUBSYSTEM": "mem", "DEVNAME": "null", "MAJOR": "1", "MINOR": "3",
	} {
		if got, _ := ev.Env.Get(key); got != want {
			t.Errorf("%s is %q, want %q", key, got, want)
		}
	}
	if _, ok := ev.Env.Get("SEQNUM"); !ok {
		t.Error("no SEQNUM")
	}
}
