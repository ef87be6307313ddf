package modules_test

import (
	"testing"

	"github.com/nlgen/nlgen/families/demo"
	"github.com/nlgen/nlgen/internal/demotest"
	nl "github.com/nlgen/nlgen/runtime"
)

func kernelDialer(t testing.TB, opts ...nl.Option) *nl.Conn {
	t.Helper()
	c, err := nl.Dial(demo.Family(), opts...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c
}

// TestGuestDemo runs the tests that servers in Go pass, too.
func TestGuestDemo(t *testing.T) {
	needGuest(t)
	demotest.Run(t, kernelDialer)
}
