package main

import (
	"context"
	"errors"
	"os"
	"syscall"

	"github.com/nlgen/nlgen/gen/dynamic"
	nl "github.com/nlgen/nlgen/runtime"
)

// kernelError gives an error of a call the exit status of its kind.
func kernelError(err error) error {
	if err == nil {
		return nil
	}
	return withStatus(kernelStatus(err), err)
}

func kernelStatus(err error) int {
	var (
		request *dynamic.Error
		call    *nl.Error
	)
	switch {
	case errors.As(err, &request):
		return exitBadRequest
	case errors.Is(err, nl.ErrFamilyNotFound), errors.Is(err, syscall.EPROTONOSUPPORT):
		return exitNoFamily
	case errors.Is(err, os.ErrPermission):
		return exitPermission
	case errors.Is(err, syscall.EOPNOTSUPP):
		return exitTooOld
	case errors.As(err, &call) && call.Errno != 0:
		return exitKernel
	case errors.Is(err, context.Canceled):
		return exitOK
	}
	return exitIO
}
