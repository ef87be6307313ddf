package runtime

import "strconv"

// An Errno is an error number of Linux; Plan 9 has none.
type Errno uintptr

// Error returns the number.
func (e Errno) Error() string { return "errno " + strconv.Itoa(int(e)) }

const (
	errNoEntry   Errno = 2
	errNoProcess Errno = 3
	errNoDevice  Errno = 19
	errTooLong   Errno = 90
	errNoAddress Errno = 99
	errNoBuffers Errno = 105
	errInvalid   Errno = 22
	errRange     Errno = 34
	errNoSupport Errno = 95
	errIO        Errno = 5
	errExists    Errno = 17
	errDenied    Errno = 1
	errRefused   Errno = 111
)
