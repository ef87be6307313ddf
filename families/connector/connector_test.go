package connector

import (
	"encoding/binary"
	"testing"

	"github.com/nlgen/nlgen/internal/familytest"
	nl "github.com/nlgen/nlgen/runtime"
)

// header returns a struct cn_msg.
func header(idx, val uint32, size uint16) []byte {
	var b []byte
	for _, w := range []uint32{idx, val, 7, 0} {
		b = binary.NativeEndian.AppendUint32(b, w)
	}
	b = binary.NativeEndian.AppendUint16(b, size)
	return binary.NativeEndian.AppendUint16(b, 0)
}

func words(b []byte, list ...uint32) []byte {
	for _, w := range list {
		b = binary.NativeEndian.AppendUint32(b, w)
	}
	return b
}

// fork is an event as the kernel sends it: the union is as long as its longest
// member.
func fork() []byte {
	b := words(header(1, 1, 40), 1, 3)
	b = binary.NativeEndian.AppendUint64(b, 1e9)
	return words(b, 10, 10, 11, 11, 0, 0)
}

func TestFork(t *testing.T) {
	m := familytest.RoundTrip[Message](t, fork())
	proc := m.Body.(*ProcMessage)
	data := proc.Data.(*ProcFork)
	if m.Header.ID.Index != IndexProc || m.Header.Seq != 7 || m.Header.Len != 40 ||
		proc.Event != (ProcEvent{What: WhatFork, CPU: 3, TimestampNS: 1e9}) ||
		data.ParentPID != 10 || data.ChildPID != 11 {
		t.Errorf("%+v %+v %+v", m, proc, data)
	}
	if b, err := nl.Marshal(m); err != nil || string(b) != string(fork()) {
		t.Errorf("%x, %v", b, err)
	}
}

func TestUnknownBodies(t *testing.T) {
	m := familytest.RoundTrip[Message](t, append(header(3, 1, 5), "12345\x00\x00\x00"...))
	if body := m.Body.(*UnknownBody); string(body.Payload) != "12345" {
		t.Errorf("%+v", body)
	}
	event := fork()
	binary.NativeEndian.PutUint32(event[20:], 0x400)
	m = familytest.RoundTrip[Message](t, event)
	if data := m.Body.(*ProcMessage).Data.(*UnknownProcData); len(data.Payload) != 24 {
		t.Errorf("%+v", data)
	}
}

// TestListen checks that the id and the length follow from the body.
func TestListen(t *testing.T) {
	b, err := nl.Marshal(&ListenRequest{Header: Header{Seq: 7}, Body: &ProcInput{McastOp: McastOpListen}})
	if want := words(header(1, 1, 8), 1, 0); err != nil || string(b) != string(want) {
		t.Errorf("%x, %v, want %x", b, err, want)
	}
	_, err = nl.Marshal(&ListenRequest{Header: Header{ID: ID{Index: IndexW1, Value: 1}}, Body: &ProcInput{}})
	if want := `the selector is "w1/1", but the body belongs to proc/1`; err == nil || err.Error() != want {
		t.Errorf("%v, want %s", err, want)
	}
}

func TestGarbage(t *testing.T) {
	for _, tt := range []struct {
		wire []byte
		want string
	}{
		{nil, "header: 0 bytes at offset 0, want 20"},
		{header(1, 1, 41)[:19], "header: 19 bytes at offset 0, want 20"},
		{append(header(1, 1, 41), make([]byte, 40)...), "body: 40 bytes at offset 20, want 41"},
		{append(header(1, 1, 4), 0, 0, 0, 0), "event: 4 bytes at offset 20, want 16"},
	} {
		if err := nl.Unmarshal(tt.wire, new(Message)); err == nil || err.Error() != tt.want {
			t.Errorf("%x: %v, want %s", tt.wire, err, tt.want)
		}
	}
}
