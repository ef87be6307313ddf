package audit

import (
	"encoding/binary"
	"errors"
	"os"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/nlgen/nlgen/internal/familytest"
)

// dial skips the test where audit does not answer: in a namespace, or without
// privileges. In a guest it answers.
func dial(t *testing.T) (*Client, *GetStatusReply) {
	t.Helper()
	c, err := Dial()
	if err != nil && os.Getenv(familytest.InGuest) != "" {
		t.Fatal(err)
	}
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

// TestIntegrationRecords reads records as they are made: of a change of the status, and
// of a message that a program sends. It switches audit on, which is for a guest alone.
func TestIntegrationRecords(t *testing.T) {
	if os.Getenv(familytest.InGuest) == "" {
		t.Skip("this changes what the machine records")
	}
	c, before := dial(t)
	ctx := familytest.Context(t)
	set := func(status StatusData) {
		t.Helper()
		if err := c.SetStatus(ctx, &SetStatusRequest{Status: status}); err != nil {
			t.Fatal(err)
		}
	}
	sub, err := c.Subscribe(GroupReadlog)
	if err != nil {
		t.Fatal(err)
	}
	defer sub.Close()
	set(StatusData{Mask: StatusMaskEnabled, Enabled: EnabledYes})
	set(StatusData{Mask: StatusMaskBacklogLimit, BacklogLimit: 321})
	familytest.Event(t, sub, func(r *Record) bool {
		return r.Type == RecordTypeConfigChange && strings.Contains(r.Text, "audit_backlog_limit=321 ")
	})
	tell(t, RecordTypeUserAvc, "what a program says")
	familytest.Event(t, sub, func(r *Record) bool {
		return r.Type == RecordTypeUserAvc && strings.HasPrefix(r.Text, "audit(") && strings.Contains(r.Text, "msg='what a program says'")
	})
	set(StatusData{Mask: StatusMaskBacklogLimit, BacklogLimit: before.Status.BacklogLimit})
	set(StatusData{Mask: StatusMaskEnabled, Enabled: before.Status.Enabled})
	familytest.Event(t, sub, func(r *Record) bool {
		return r.Type == RecordTypeConfigChange && strings.Contains(r.Text, "audit_enabled=0 old=1 ")
	})
}

// tell sends a record of a program.
func tell(t *testing.T, typ RecordType, text string) {
	t.Helper()
	fd, err := unix.Socket(unix.AF_NETLINK, unix.SOCK_RAW|unix.SOCK_CLOEXEC, unix.NETLINK_AUDIT)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(fd)
	ne := binary.NativeEndian
	m := ne.AppendUint32(nil, uint32(unix.NLMSG_HDRLEN+len(text)+1))
	m = ne.AppendUint16(m, uint16(typ))
	m = ne.AppendUint16(m, unix.NLM_F_REQUEST)
	m = append(ne.AppendUint64(m, 1), text...)
	if err := unix.Sendto(fd, append(m, 0), 0, &unix.SockaddrNetlink{Family: unix.AF_NETLINK}); err != nil {
		t.Fatal(err)
	}
}
