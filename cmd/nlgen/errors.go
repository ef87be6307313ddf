package main

import (
	"context"
	"errors"
	"os"
	"syscall"

	"github.com/nlgen/nlgen/gen/dynamic"
	nl "github.com/nlgen/nlgen/runtime"
)

// failure gives an error of a call the exit status of its kind.
func failure(err error) error {
	if err == nil {
		return nil
	}
	return withStatus(failureStatus(err), err)
}

func failureStatus(err error) int {
	_, badRequest := errors.AsType[*dynamic.Error](err)
	switch {
	case badRequest:
		return exitBadRequest
	case errors.Is(err, context.Canceled):
		return exitInterrupted
	case errors.Is(err, nl.ErrFamilyNotFound), errors.Is(err, syscall.EPROTONOSUPPORT):
		return exitNoFamily
	case errors.Is(err, os.ErrPermission):
		return exitPermission
	case refusal(err) != nil:
		return exitKernel
	case errors.Is(err, errors.ErrUnsupported):
		return exitTooOld // a group; for operations see callCommand.failed
	}
	return exitIO
}

// refusal returns the error as the kernel's answer to a request, nil if it is
// something else.
func refusal(err error) *nl.Error {
	e, ok := errors.AsType[*nl.Error](err)
	if !ok || e.Errno == 0 || e.Err != nil {
		return nil
	}
	return e
}
