package connector

import (
	"errors"
	"os"
	"os/exec"
	"testing"
	"time"

	"github.com/nlgen/nlgen/internal/familytest"
	nl "github.com/nlgen/nlgen/runtime"
)

// listen returns a subscription to the events of processes, after the kernel has
// acknowledged it. The kernel allows it in the initial namespaces alone.
func listen(t *testing.T) (*Client, *nl.Subscription) {
	t.Helper()
	c, err := Dial()
	if err != nil {
		t.Skip(err)
	}
	t.Cleanup(func() { c.Close() })
	ctx := familytest.Context(t)
	sub, err := c.Listen(ctx, &ListenRequest{Body: &ProcInput{McastOp: McastOpListen}})
	if err != nil {
		t.Skip(err)
	}
	if err := sub.Join(GroupProc); errors.Is(err, os.ErrPermission) {
		t.Skip(err)
	} else if err != nil {
		t.Fatal(err)
	}
	// The kernel's ack may have come before the socket was in the group.
	err = c.Ignore(ctx, sub, &IgnoreRequest{Body: &ProcInput{McastOp: McastOpIgnore}})
	if err == nil {
		err = c.Ignore(ctx, sub, &IgnoreRequest{Body: &ProcInput{McastOp: McastOpListen}})
	}
	if err != nil {
		t.Fatal(err)
	}
	return c, sub
}

// TestIntegrationProcess follows a process from its fork to its end.
func TestIntegrationProcess(t *testing.T) {
	_, sub := listen(t)
	cmd := exec.Command("sh", "-c", "exit 3")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	pid := int32(cmd.Process.Pid)
	if err := cmd.Wait(); err == nil {
		t.Error("the process succeeded")
	}
	var forked, executed bool
	deadline := time.Now().Add(5 * time.Second)
	for ev, err := range sub.Events(familytest.Context(t)) {
		if time.Now().After(deadline) {
			t.Skip("no events of processes here, in a namespace perhaps")
		}
		if err != nil {
			t.Skipf("no events of processes here: %v", err)
		}
		m, ok := ev.(*Message).Body.(*ProcMessage)
		if !ok || m.Event.TimestampNS == 0 {
			continue
		}
		switch d := m.Data.(type) {
		case *ProcFork:
			forked = forked || d.ChildPID == pid && d.ChildTGID == pid && d.ParentTGID == int32(os.Getpid())
		case *ProcExec:
			executed = executed || d.ProcessPID == pid && m.Event.What == WhatExec
		case *ProcExit:
			if d.ProcessPID != pid {
				continue
			}
			if !forked || !executed || d.ExitCode>>8 != 3 || d.ParentTGID != int32(os.Getpid()) {
				t.Errorf("forked %v, executed %v, exit %+v", forked, executed, d)
			}
			return
		}
	}
}
