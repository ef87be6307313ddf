package main

import (
	"errors"
	"os"
	"strings"

	"golang.org/x/sys/unix"
)

// A kernelLog reads the kernel's messages.
type kernelLog struct{ fd int }

func openLog() (*kernelLog, error) {
	fd, err := unix.Open("/dev/kmsg", unix.O_RDONLY|unix.O_NONBLOCK|unix.O_CLOEXEC, 0)
	return &kernelLog{fd}, err
}

// read returns the messages since the last call.
func (l *kernelLog) read() []string {
	var lines []string
	buf := make([]byte, 8<<10)
	for {
		n, err := unix.Read(l.fd, buf)
		switch {
		case errors.Is(err, unix.EPIPE): // some were overwritten
			lines = append(lines, "agent: messages were lost")
		case errors.Is(err, unix.EINTR):
		case err != nil:
			return lines
		default:
			lines = append(lines, text(string(buf[:n])))
		}
	}
}

// text returns the message of a record, which is "priority,number,time,flags;text"
// and lines of properties.
func text(record string) string {
	_, rest, _ := strings.Cut(record, ";")
	line, _, _ := strings.Cut(rest, "\n")
	return line
}

// clearWarnOnce lets a WARN_ONCE speak again, so that each command gets its own.
func clearWarnOnce() {
	_ = os.WriteFile("/sys/kernel/debug/clear_warn_once", []byte("1"), 0)
}
