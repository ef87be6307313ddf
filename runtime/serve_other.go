//go:build !linux

package runtime

import (
	"errors"
	"fmt"
	"runtime"
)

func noSockets() error {
	return fmt.Errorf("no netlink on %s: %w", runtime.GOOS, errors.ErrUnsupported)
}

func (p remotePeer) connect(config) (transport, error) { return nil, noSockets() }

// Listen fails: netlink is Linux's.
func (s *Server) Listen(int, uint32) (uint32, error) {
	return 0, ioError(s.family, "listen", noSockets())
}
