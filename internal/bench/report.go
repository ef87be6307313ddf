package main

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"

	"golang.org/x/sys/unix"
)

// writeReport writes bench.md and bench.svg into dir.
func writeReport(dir string, tables []*table) error {
	var b bytes.Buffer
	introduction(&b)
	for _, t := range tables {
		t.markdown(&b)
	}
	if err := os.WriteFile(filepath.Join(dir, "bench.md"), b.Bytes(), 0o644); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, "bench.svg"), chart(tables), 0o644)
}

func introduction(w io.Writer) {
	fmt.Fprintf(w, `# Benchmarks

Written by "make bench". Machine: Linux %s, %d CPUs (%s), %s.

The limit is what C does that reuses one buffer and looks at message headers
alone; for encoding and decoding it is hand-written Go. Every contender runs in a
process of its own, in a network namespace of the workload; rounds interleave the
contenders in random order. Before them a check compares digests of the decoded
fields, or what was encoded or installed. "× limit" is the median of the ratios to
the limit of the same round, with their range; "CPU × limit" is that of the CPU
time of all threads, which other load on the machine changes less. Allocations and
bytes are per item of the last round, peak is the memory of the process.

[performance.md](performance.md) says what was aimed at, and where the time goes.

"floor" is hand-written Go with blocking system calls. The peers are
mdlayher/netlink with attributes decoded by hand, mdlayher/genetlink,
vishvananda/netlink, jsimonetti/rtnetlink and ti-mo/conntrack, in the versions of
internal/bench/go.mod.

![Ratios to the limit](bench.svg)
`, kernel(), runtime.NumCPU(), processor(), runtime.Version())
}

// kernel returns the version of the kernel, without what a distribution adds.
func kernel() string {
	var u unix.Utsname
	if err := unix.Uname(&u); err != nil {
		return "unknown"
	}
	release, _, _ := strings.Cut(unix.ByteSliceToString(u.Release[:]), "-")
	return release
}

// processor returns the name of the first CPU.
func processor() string {
	info, err := os.ReadFile("/proc/cpuinfo")
	if err != nil {
		return "unknown"
	}
	for line := range strings.Lines(string(info)) {
		key, value, _ := strings.Cut(line, ":")
		if strings.TrimSpace(key) == "model name" {
			return strings.TrimSpace(value)
		}
	}
	return runtime.GOARCH
}

// markdown writes the table of one workload.
func (t *table) markdown(w io.Writer) {
	fmt.Fprintf(w, "\n## %s: %s (%d, %d rounds)\n\n", t.Workload, t.Title, t.Size, t.Rounds)
	head, align := "", ""
	if t.lossy() {
		head, align = " lost | range |", "--:|--:|"
	}
	fmt.Fprintf(w, "| contender | how |%s × limit | range | CPU × limit | ns per %s | allocations | bytes | peak MiB |\n", head, t.Unit)
	fmt.Fprintf(w, "|---|---|%s--:|--:|--:|--:|--:|--:|--:|\n", align)
	for _, r := range t.Results {
		ratio, ns := spreadOf(r.Ratio), spreadOf(r.Time)
		fmt.Fprintf(w, "| %s | %s |", r.Contender, r.Note)
		if t.lossy() {
			lost := spreadOf(r.Lost)
			fmt.Fprintf(w, " %s | %s–%s |", percent(lost.Median), percent(lost.Low), percent(lost.High))
		}
		fmt.Fprintf(w, " %.2f | %.2f–%.2f | %.2f | %.0f | %s | %.0f | %.1f |\n",
			ratio.Median, ratio.Low, ratio.High, spreadOf(r.CPU).Median, ns.Median, allocations(r.Allocs), r.Bytes, float64(r.PeakKiB)/1024)
	}
}

// lossy reports whether it matters what the contenders have lost.
func (t *table) lossy() bool { return t.Results[0].Lost != nil }

// allocations rounds: a run has some of its own, however many its items.
func allocations(perItem float64) string {
	switch {
	case perItem < 0.01:
		return "0"
	case perItem < 1:
		return fmt.Sprintf("%.2f", perItem)
	}
	return fmt.Sprintf("%.1f", perItem)
}
