package familytest

import (
	"fmt"
	"os"
	"testing"

	"github.com/nlgen/nlgen/internal/netns"
)

const (
	simBus = "/sys/bus/netdevsim"
	simID  = 7
)

// Simulate makes a device of netdevsim with some ports, eth0 and so on, in a
// namespace. It lasts as long as the test. Its name on the bus netdevsim is
// returned. There can be one at a time.
func Simulate(tb testing.TB, ns *netns.NS, ports int) string {
	tb.Helper()
	_, err := os.Stat(simBus)
	NeedModule(tb, "netdevsim", err)
	ns.Run("sh", "-c", fmt.Sprintf("echo %d %d >%s/new_device", simID, ports, simBus))
	tb.Cleanup(func() {
		if err := os.WriteFile(simBus+"/del_device", fmt.Append(nil, simID), 0); err != nil {
			tb.Error(err)
		}
	})
	return fmt.Sprintf("netdevsim%d", simID)
}
