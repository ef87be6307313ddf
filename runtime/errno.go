//go:build !plan9

package runtime

import "syscall"

// An Errno is an error number, the same type as unix.Errno.
type Errno = syscall.Errno

const (
	errNoEntry   = syscall.ENOENT
	errNoProcess = syscall.ESRCH
	errNoDevice  = syscall.ENODEV
	errNoBuffers = syscall.ENOBUFS
	errTooLong   = syscall.EMSGSIZE
	errNoAddress = syscall.EADDRNOTAVAIL
	errInvalid   = syscall.EINVAL
	errRange     = syscall.ERANGE
	errNoSupport = syscall.EOPNOTSUPP
	errIO        = syscall.EIO
	errExists    = syscall.EEXIST
	errDenied    = syscall.EPERM
	errRefused   = syscall.ECONNREFUSED
)
