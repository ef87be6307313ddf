package audit

import (
	"errors"
	"os"
	"syscall"
	"testing"

	"github.com/nlgen/nlgen/internal/familytest"
)

// dial skips the test where audit does not answer: in a namespace, or without
// privileges.
func dial(t *testing.T) (*Client, *GetStatusReply) {
	t.Helper()
	c, err := Dial()
	if errors.Is(err, syscall.EPROTONOSUPPORT) {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	status, err := c.GetStatus(familytest.Context(t), nil)
	if errors.Is(err, os.ErrPermission) || errors.Is(err, syscall.ECONNREFUSED) {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	return c, status
}

func TestIntegrationStatus(t *testing.T) {
	c, before := dial(t)
	ctx := familytest.Context(t)
	if before.Status.FeatureBitmap&FeatureBitBacklogLimit == 0 {
		t.Errorf("%+v", before.Status)
	}
	if before.Status.Enabled == EnabledLocked {
		t.Skip("the status is locked")
	}
	// Set what it is already: other programs share it.
	err := c.SetStatus(ctx, &SetStatusRequest{Status: StatusData{Mask: StatusMaskFailure, Failure: before.Status.Failure}})
	if err != nil {
		t.Error(err)
	}
	after, err := c.GetStatus(ctx, nil)
	if err != nil || after.Status.Failure != before.Status.Failure {
		t.Errorf("%+v, %v", after, err)
	}
	features, err := c.GetFeature(ctx, nil)
	if err != nil || features.Features.Version != 1 {
		t.Errorf("%+v, %v", features, err)
	}
}
