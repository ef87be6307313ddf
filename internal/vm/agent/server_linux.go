package main

import (
	"bytes"
	"encoding/gob"
	"errors"
	"io"
	"os"
	"os/exec"
	"sync"
	"syscall"
	"time"

	"github.com/nlgen/nlgen/internal/vm/proto"
)

// A server answers the requests of the harness.
type server struct {
	dec *gob.Decoder
	log *kernelLog

	send sync.Mutex // held while enc is used
	enc  *gob.Encoder

	mu      sync.Mutex
	process *os.Process // what runs now
}

func newServer(port io.ReadWriter, log *kernelLog) *server {
	return &server{dec: gob.NewDecoder(port), enc: gob.NewEncoder(port), log: log}
}

// run answers requests until one ends the guest.
func (s *server) run() error {
	if err := s.done(proto.Reply{}); err != nil { // says that the guest is up
		return err
	}
	for {
		var req proto.Request
		if err := s.dec.Decode(&req); err != nil {
			return err
		}
		switch {
		case req.Exec != nil:
			go s.exec(req.Exec)
		case req.Cancel:
			s.kill()
		case req.Restart:
			return s.done(proto.Reply{})
		}
	}
}

func (s *server) exec(req *proto.Exec) {
	clearWarnOnce()
	cmd := exec.Command(req.Args[0], req.Args[1:]...)
	cmd.Env = append(os.Environ(), req.Env...)
	cmd.Dir = req.Dir
	cmd.Stdin = bytes.NewReader(req.Stdin)
	cmd.Stdout = output(func(b []byte) error { return s.reply(proto.Reply{Stdout: b}) })
	cmd.Stderr = output(func(b []byte) error { return s.reply(proto.Reply{Stderr: b}) })
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	// What a command leaves in the background may hold its output open.
	cmd.WaitDelay = time.Second

	rep := proto.Reply{}
	if err := s.wait(cmd); err != nil {
		rep.Err = err.Error()
	} else {
		rep.Status = status(cmd.ProcessState)
	}
	// A harness that is not there any more ends the guest.
	_ = s.done(rep)
}

// wait runs a command. How the command ended is no error.
func (s *server) wait(cmd *exec.Cmd) error {
	s.mu.Lock()
	err := cmd.Start()
	s.process = cmd.Process
	s.mu.Unlock()
	if err != nil {
		return err
	}
	err = cmd.Wait()
	s.mu.Lock()
	s.process = nil
	s.mu.Unlock()
	if exit := new(exec.ExitError); errors.As(err, &exit) || errors.Is(err, exec.ErrWaitDelay) {
		return nil
	}
	return err
}

// kill ends the command that runs and what it started.
func (s *server) kill() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.process != nil {
		_ = syscall.Kill(-s.process.Pid, syscall.SIGKILL)
	}
}

func (s *server) done(rep proto.Reply) error {
	rep.Done, rep.Log = true, s.log.read()
	return s.reply(rep)
}

func (s *server) reply(rep proto.Reply) error {
	s.send.Lock()
	defer s.send.Unlock()
	return s.enc.Encode(rep)
}

func status(state *os.ProcessState) int {
	if ws, ok := state.Sys().(syscall.WaitStatus); ok && ws.Signaled() {
		return 128 + int(ws.Signal())
	}
	return state.ExitCode()
}

// output is a writer that sends what is written to it.
type output func([]byte) error

func (f output) Write(b []byte) (int, error) {
	if err := f(b); err != nil {
		return 0, err
	}
	return len(b), nil
}
