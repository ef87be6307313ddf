package runtime

import (
	"errors"
	"fmt"
	"os"
	"strings"
)

var (
	// ErrDumpInterrupted ends a dump during which the kernel's objects changed:
	// the items may be of before and after the change, some twice, some missing.
	// All repeats such dumps.
	ErrDumpInterrupted = errors.New("the dump was interrupted by a change and may be inconsistent")

	// ErrTruncated says that a message was larger than the receive buffer and is
	// lost. The buffers of later calls are large enough for it.
	ErrTruncated = errors.New("message larger than the receive buffer")

	// ErrFamilyNotFound says that the kernel does not have the generic family.
	// Such errors match os.ErrNotExist, too.
	ErrFamilyNotFound = errors.New("the kernel does not have this family")
)

// An Error is what went wrong with a call, in the words of the spec. All errors of
// calls are of this type; use errors.As to get at it. errors.Is tells an errno
// (unix.EEXIST), os.ErrExist, os.ErrNotExist, os.ErrPermission, the errors of
// contexts, net.ErrClosed and the errors of this package.
type Error struct {
	// Family and Op are the spec's names of the family and the operation.
	Family, Op string
	// Errno is the kernel's error number, 0 if the error is not the kernel's.
	Errno Errno
	// Message is the kernel's text, if it gave one.
	Message string
	// Attr is the path of the attribute that is wrong, names separated by dots,
	// or "header" for the fixed header.
	Attr string
	// Missing is the path of the attribute that the kernel misses.
	Missing string
	// Policy is what the kernel demands of the attribute, if it said that.
	Policy *Policy
	// Offset is where in the request, counted from its netlink header, the kernel
	// found the attribute; 0 if it did not say.
	Offset int
	// Err is the cause if it is not just the kernel's error number.
	Err error
}

// Error returns the family, the operation, the attribute and the cause.
func (e *Error) Error() string {
	parts := []string{e.Family, e.Op}
	if e.Missing != "" {
		parts = append(parts, e.Missing+" is missing")
	}
	if e.Attr != "" {
		parts = append(parts, e.Attr)
	}
	if e.Err != nil {
		parts = append(parts, e.Err.Error())
	} else {
		parts = append(parts, e.Errno.Error())
	}
	s := strings.Join(parts, ": ")
	if said := e.kernelText(); said != "" {
		s += " (kernel: " + said + ")"
	}
	return s
}

func (e *Error) kernelText() string {
	var said []string
	if e.Message != "" {
		said = append(said, fmt.Sprintf("%q", e.Message))
	}
	if e.Policy != nil {
		said = append(said, "wants "+e.Policy.String())
	}
	return strings.Join(said, ", ")
}

// Unwrap returns the error number and the cause.
func (e *Error) Unwrap() []error {
	var errs []error
	if e.Errno != 0 {
		errs = append(errs, e.Errno)
	}
	if e.Err != nil {
		errs = append(errs, e.Err)
	}
	return errs
}

// Is makes the error numbers that say that an object does not exist match
// os.ErrNotExist. ENOENT matches by itself; links use ENODEV, routes ESRCH,
// addresses EADDRNOTAVAIL.
func (e *Error) Is(target error) bool {
	return target == os.ErrNotExist && (e.Errno == errNoDevice || e.Errno == errNoProcess || e.Errno == errNoAddress)
}

// ioError returns the error of an operation that failed for another reason than
// the kernel's answer.
func ioError(f *Family, op string, err error) *Error {
	e := &Error{Family: f.Name, Op: op, Err: err}
	if errors.As(err, &e.Errno) {
		switch e.Errno {
		case errNoBuffers:
			e.Err = fmt.Errorf("the answer did not fit into the socket's receive buffer, see WithReceiveBuffer: %w", err)
		case errTooLong:
			e.Err = fmt.Errorf("the request does not fit into the socket's send buffer, see WithSendBuffer: %w", err)
		}
	}
	return e
}

// A malformedError is an error in a message from the kernel.
type malformedError struct {
	what string
	err  error
}

func (e *malformedError) Error() string { return "malformed " + e.what + ": " + e.err.Error() }
func (e *malformedError) Unwrap() error { return e.err }

// A familyError says that there is no family of a name.
type familyError struct {
	name string
	err  error
}

func (e *familyError) Error() string {
	return fmt.Sprintf("%v; is the module %s loaded?", ErrFamilyNotFound, moduleOf(e.name))
}

func (e *familyError) Unwrap() []error { return []error{ErrFamilyNotFound, os.ErrNotExist, e.err} }

// modules has the families whose modules have another name.
var modules = map[string]string{
	"MAC80211_HWSIM":  "mac80211_hwsim",
	"HSR":             "hsr",
	"IPVS":            "ip_vs",
	"NET_DM":          "drop_monitor",
	"SMBD_GENL":       "ksmbd",
	"SMC_GEN_NETLINK": "smc",
	"SMC_PNETID":      "smc",
	"TCM-USER":        "target_core_user",
	"TIPC":            "tipc",
	"TIPCv2":          "tipc",
	"batadv":          "batman_adv",
	"l2tp":            "l2tp_netlink",
	"nl80211":         "cfg80211",
	"nl802154":        "cfg802154",
}

func moduleOf(family string) string {
	if strings.HasPrefix(family, "ovs_") {
		return "openvswitch"
	}
	if m, ok := modules[family]; ok {
		return m
	}
	return strings.ReplaceAll(family, "-", "_")
}
