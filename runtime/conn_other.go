//go:build !linux

package runtime

import (
	"errors"
	"fmt"
	"runtime"
)

// newKernelTransport fails: netlink is Linux's.
func newKernelTransport(int, namespace) (transport, error) {
	return nil, fmt.Errorf("no netlink on %s: %w", runtime.GOOS, errors.ErrUnsupported)
}
