// Command bench measures the runtime and its peers against the limit: what C
// does that only reads message headers. See "make bench".
package main

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime/pprof"
	"strconv"
	"strings"
	"syscall"
)

var workloads = []*workload{w1, w2, w3, w4a, w4b, w5a, w5b, w6a, w6b, w6c, w7}

type options struct {
	workloads  string
	contenders string
	size       int
	rounds     int
	quick      bool
	out        string
	// Of the processes that the command starts.
	inside, contender string
	limit, profile    string
}

func main() {
	var o options
	flag.StringVar(&o.workloads, "workloads", ".", "regular expression of the `names` of workloads")
	flag.StringVar(&o.contenders, "contenders", ".", "regular expression of the `names` of contenders; the limit always runs")
	flag.IntVar(&o.size, "size", 0, "number of items, instead of those of the workload")
	flag.IntVar(&o.rounds, "rounds", 15, "number of rounds")
	flag.BoolVar(&o.quick, "quick", false, "one small size for each workload")
	flag.StringVar(&o.out, "out", "", "`directory` to write bench.md and bench.svg into")
	flag.StringVar(&o.profile, "profile", "", "`directory` for CPU profiles of the contenders in Go")
	flag.StringVar(&o.inside, "inside", "", "run one workload in the namespace of the process")
	flag.StringVar(&o.contender, "contender", "", "be the process of a contender of the workload -inside")
	flag.StringVar(&o.limit, "limit", "", "`path` of the limit program")
	flag.Parse()

	if err := o.run(); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func (o *options) run() error {
	switch {
	case o.contender != "":
		return o.beContender()
	case o.inside != "":
		return o.measure()
	}
	return o.runAll()
}

// A table is the outcome of one workload at one size.
type table struct {
	Workload, Title, Unit string
	Size, Rounds          int
	Results               []*result
}

// runAll runs the workloads, each in a process with a namespace of its own.
func (o *options) runAll() error {
	match, err := regexp.Compile(o.workloads)
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "bench")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	if o.limit, err = buildLimit(dir); err != nil {
		return err
	}
	var tables []*table
	for _, w := range workloads {
		if !match.MatchString(w.name) {
			continue
		}
		for _, size := range o.sizes(w) {
			t, err := o.inNamespace(w, size)
			if err != nil {
				return fmt.Errorf("%s with %d: %w", w.name, size, err)
			}
			tables = append(tables, t)
			t.markdown(os.Stdout)
		}
	}
	if o.out == "" {
		return nil
	}
	return writeReport(o.out, tables)
}

func (o *options) sizes(w *workload) []int {
	switch {
	case o.size > 0:
		return []int{o.size}
	case o.quick:
		return []int{w.quick}
	}
	return w.sizes
}

//go:embed limit/limit.c
var limitSource []byte

// buildLimit compiles the C program.
func buildLimit(dir string) (string, error) {
	path := filepath.Join(dir, "limit")
	cmd := exec.Command("cc", "-O2", "-x", "c", "-o", path, "-")
	cmd.Stdin = bytes.NewReader(limitSource)
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("cc: %w\n%s", err, out)
	}
	return path, nil
}

// child is this program with other flags.
func (o *options) child(flags ...string) ([]string, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	flags = append(flags, "-limit", o.limit, "-profile", o.profile, "-rounds", strconv.Itoa(o.rounds), "-contenders", o.contenders)
	return append([]string{self}, flags...), nil
}

func (o *options) inNamespace(w *workload, size int) (*table, error) {
	argv, err := o.child("-inside", w.name, "-size", strconv.Itoa(size))
	if err != nil {
		return nil, err
	}
	cmd := exec.Command(argv[0], argv[1:]...)
	cmd.Stderr = os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNET}
	out, err := cmd.Output()
	if err != nil {
		return nil, err
	}
	t := &table{Workload: w.name, Title: w.title, Unit: w.unit, Size: size, Rounds: o.rounds}
	return t, json.Unmarshal(out, &t.Results)
}

func (o *options) workload() (*workload, error) {
	for _, w := range workloads {
		if w.name == o.inside {
			return w, nil
		}
	}
	return nil, fmt.Errorf("no workload %q", o.inside)
}

// measure runs one workload and prints its results as JSON.
func (o *options) measure() error {
	w, err := o.workload()
	if err != nil {
		return err
	}
	match, err := regexp.Compile(o.contenders)
	if err != nil {
		return err
	}
	results, err := w.measure(o.size, o.rounds,
		func(c *contender) bool { return match.MatchString(c.name) },
		func(c *contender) (*worker, error) { return o.spawn(w, c) })
	if err != nil {
		return err
	}
	return json.NewEncoder(os.Stdout).Encode(results)
}

func (o *options) spawn(w *workload, c *contender) (*worker, error) {
	if c.argv != nil {
		return startWorker(c.name, append([]string{o.limit}, c.argv(o.size)...)...)
	}
	argv, err := o.child("-inside", w.name, "-size", strconv.Itoa(o.size), "-contender", c.name)
	if err != nil {
		return nil, err
	}
	return startWorker(c.name, argv...)
}

// beContender serves the commands of a workload's process.
func (o *options) beContender() error {
	w, err := o.workload()
	if err != nil {
		return err
	}
	c, err := w.find(o.contender)
	if err != nil {
		return err
	}
	if o.profile != "" {
		name := strings.ReplaceAll(w.name+" "+c.name+".prof", " ", "-")
		f, err := os.Create(filepath.Join(o.profile, name))
		if err != nil {
			return err
		}
		defer f.Close()
		if err := pprof.StartCPUProfile(f); err != nil {
			return err
		}
		defer pprof.StopCPUProfile()
	}
	err = serve(c, o.size, os.Stdin, os.Stdout)
	if err != nil {
		fmt.Println("error", strings.ReplaceAll(err.Error(), "\n", "; "))
		return errors.New(c.name + " ended")
	}
	return nil
}
