package main

import (
	"context"
	"errors"
	"strings"
	"syscall"
	"testing"

	"github.com/nlgen/nlgen/internal/testenv"
	"github.com/nlgen/nlgen/internal/vm"
)

func TestStatus(t *testing.T) {
	exit := &vm.ExitError{Status: 7}
	kernel := &vm.KernelError{Problems: []string{"BUG: x"}}
	for _, tt := range []struct {
		err  error
		want int
	}{
		{nil, 0},
		{exit, 7},
		{errors.Join(kernel, exit), statusKernel},
		{errors.Join(kernel, &vm.PanicError{}), statusPanic},
		{&vm.TimeoutError{Err: context.DeadlineExceeded}, statusTimeout},
		{&vm.ModuleError{Err: syscall.EBUSY}, statusModule},
		{vm.ErrMissing, statusMissing},
		{errors.New("x"), statusOther},
	} {
		if got := status(tt.err); got != tt.want {
			t.Errorf("status of %v = %d, want %d", tt.err, got, tt.want)
		}
	}
}

func TestRun(t *testing.T) {
	for _, tt := range []struct {
		args           []string
		want           int
		stdout, stderr string
	}{
		{[]string{"-module", "dummy numdummies=1", "-tool", "ip", "--", "sh", "-c", "ip -br link show dummy0; echo error >&2; exit 3"}, 3, "dummy0", "error"},
		{[]string{"-module", "no_such_module", "true"}, statusModule, "", "no_such_module"},
		{nil, 2, "", "usage: vmrun"},
		{[]string{"-share", "/x", "true"}, 2, "", "want HERE:THERE"},
	} {
		var stdout, stderr strings.Builder
		got := run(tt.args, &stdout, &stderr)
		if got == statusMissing {
			testenv.Missing(t, "%s", &stderr)
		}
		if got != tt.want || !strings.Contains(stdout.String(), tt.stdout) || !strings.Contains(stderr.String(), tt.stderr) {
			t.Errorf("vmrun %q = %d, want %d\n%s%s", tt.args, got, tt.want, &stdout, &stderr)
		}
	}
}
