package hello

import (
	"testing"

	"github.com/nlgen/nlgen/internal/familytest"
)

// TestGreeting decodes what modules send: without a NUL behind the text, with one,
// and with padding.
func TestGreeting(t *testing.T) {
	for _, wire := range []string{"Hello from kernel", "Hello from kernel\x00", "Hello from kernel\x00\x00\x00"} {
		familytest.Equal(t, wire, familytest.RoundTrip[Greeting](t, []byte(wire)), &Greeting{Text: "Hello from kernel"})
	}
}

func TestFamily(t *testing.T) {
	f := Family()
	if f.Protocol != 29 || GroupGreetings.Value != 2 || f.BindGroups != 2 || f.Events[0].ID != 3 {
		t.Errorf("%+v", f)
	}
}
