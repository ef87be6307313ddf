package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// Contenders run in processes of their own, so that neither the garbage of one
// nor its memory counts for another. A process reads commands, one in a line,
// and answers each with a line:
//
//	prepare  ok
//	run      ok NANOSECONDS CPU ITEMS SUM ALLOCATIONS BYTES
//	check    the same, hashing the items
//
// or "error TEXT", and ends.

// A run is what one run of a contender took.
type run struct {
	Time   time.Duration
	CPU    time.Duration // of all threads, in user and system mode
	Items  int
	Sum    uint64
	Allocs uint64
	Bytes  uint64
}

// A worker is the process of a contender.
type worker struct {
	name string
	cmd  *exec.Cmd
	in   io.WriteCloser
	out  *bufio.Reader
}

func startWorker(name string, argv ...string) (*worker, error) {
	cmd := exec.CommandContext(context.Background(), argv[0], argv[1:]...)
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	return &worker{name, cmd, in, bufio.NewReader(out)}, cmd.Start()
}

func (w *worker) command(name string) (run, error) {
	var r run
	if _, err := fmt.Fprintln(w.in, name); err != nil {
		return r, fmt.Errorf("%s: %w", w.name, err)
	}
	line, err := w.out.ReadString('\n')
	if err != nil {
		return r, fmt.Errorf("%s: %w", w.name, err)
	}
	if line == "ok\n" {
		return r, nil
	}
	if _, err := fmt.Sscanf(line, "ok %d %d %d %d %d %d\n", &r.Time, &r.CPU, &r.Items, &r.Sum, &r.Allocs, &r.Bytes); err != nil {
		return r, fmt.Errorf("%s: %s", w.name, strings.TrimSpace(line))
	}
	return r, nil
}

// close ends the process and returns the most memory it had, in KiB.
func (w *worker) close() (int, error) {
	peak, err := peakRSS(w.cmd.Process.Pid)
	w.in.Close()
	if waitErr := w.cmd.Wait(); err == nil {
		err = waitErr
	}
	return peak, err
}

// peakRSS reads it from /proc: the figure of getrusage counts the parent, too.
func peakRSS(pid int) (int, error) {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(string(b)) {
		if v, ok := strings.CutPrefix(line, "VmHWM:"); ok {
			return strconv.Atoi(strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(v), "kB")))
		}
	}
	return 0, fmt.Errorf("process %d does not tell its memory", pid)
}

// serve is the process of a contender in Go.
func serve(c *contender, n int, in io.Reader, out io.Writer) error {
	j, err := c.start(n)
	if err != nil {
		return err
	}
	lines := bufio.NewScanner(in)
	for lines.Scan() {
		switch lines.Text() {
		case "prepare":
			if j.prepare != nil {
				if err := j.prepare(); err != nil {
					return err
				}
			}
			fmt.Fprintln(out, "ok")
		default:
			r, err := j.timed(lines.Text() == "check")
			if err != nil {
				return err
			}
			fmt.Fprintln(out, "ok", int64(r.Time), int64(r.CPU), r.Items, r.Sum, r.Allocs, r.Bytes)
		}
	}
	return lines.Err()
}

// timed runs the job once, from a clean heap.
func (j *job) timed(check bool) (run, error) {
	t := &tally{check: check}
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	start, used := time.Now(), cpuTime()
	err := j.run(t)
	elapsed, cpu := time.Since(start), cpuTime()-used
	runtime.ReadMemStats(&after)
	return run{elapsed, cpu, t.items, t.sum, after.Mallocs - before.Mallocs, after.TotalAlloc - before.TotalAlloc}, err
}

// cpuTime returns what the process has used of the CPUs.
func cpuTime() time.Duration {
	var t unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_PROCESS_CPUTIME_ID, &t); err != nil {
		panic(err) // the clock has been there since Linux 2.6.12
	}
	return time.Duration(t.Nano())
}
