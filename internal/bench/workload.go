package main

import (
	"errors"
	"fmt"
	"math/rand/v2"
)

// A workload is work that contenders do in turn.
type workload struct {
	name  string // W1
	title string
	unit  string // what the items are, in the singular
	sizes []int  // numbers of items
	quick int    // number of items in quick mode
	// limit is the contender that the others are measured against.
	limit      *contender
	contenders []*contender

	// The hooks run in the namespace of the workload, with its size.
	setup   func(n int) error           // once
	before  func(n int) error           // before each run
	armed   func(n int) error           // after the contender has prepared
	inspect func(n int, t *tally) error // after a check: what the contender did
	// storm makes events while the contender runs, until stop is closed: it loses
	// what it is too slow for.
	storm func(n int, stop <-chan struct{}) error
}

// A contender is one way to do the work: in C if argv is set.
type contender struct {
	name  string
	note  string // what is special, for the table
	start func(n int) (*job, error)
	argv  func(n int) []string // of the limit program
	// counts says that the sum of a check means nothing: only items are counted.
	counts bool
}

// A job is a contender that is ready to run.
type job struct {
	prepare func() error // optional
	run     func(t *tally) error
}

// goJob makes the start function of a contender without preparations.
func goJob(start func(n int) (func(t *tally) error, error)) func(int) (*job, error) {
	return func(n int) (*job, error) {
		run, err := start(n)
		return &job{run: run}, err
	}
}

// A result is what a contender took in all rounds.
type result struct {
	Contender string
	Note      string
	Time      []float64 // nanoseconds per item
	Ratio     []float64 // of the time to that of the limit in the same round
	CPU       []float64 // the same of the CPU time
	Allocs    float64   // per item
	Bytes     float64   // per item
	Lost      []float64 // share of the events that were lost
	PeakKiB   int
}

// all returns the limit and the contenders.
func (w *workload) all() []*contender { return append([]*contender{w.limit}, w.contenders...) }

func (w *workload) find(name string) (*contender, error) {
	for _, c := range w.all() {
		if c.name == name {
			return c, nil
		}
	}
	return nil, fmt.Errorf("%s has no contender %q", w.name, name)
}

// measure runs the contenders in a namespace that is the workload's own, after a
// check that all do the same.
func (w *workload) measure(n, rounds int, only func(*contender) bool, spawn func(*contender) (*worker, error)) ([]*result, error) {
	if w.setup != nil {
		if err := w.setup(n); err != nil {
			return nil, fmt.Errorf("setup: %w", err)
		}
	}
	var workers []*worker
	var results []*result
	for i, c := range w.all() {
		if i > 0 && !only(c) {
			continue
		}
		p, err := spawn(c)
		if err != nil {
			return nil, err
		}
		workers = append(workers, p)
		results = append(results, &result{Contender: c.name, Note: c.note})
	}
	if err := w.compare(n, workers); err != nil {
		return nil, err
	}
	order := make([]int, len(workers))
	for i := range order {
		order[i] = i
	}
	for range rounds {
		times, cpu, lost := make([]float64, len(workers)), make([]float64, len(workers)), make([]float64, len(workers))
		rand.Shuffle(len(order), func(i, j int) { order[i], order[j] = order[j], order[i] })
		for _, i := range order {
			r, err := w.once(n, workers[i], "run")
			if err != nil {
				return nil, err
			}
			items := float64(max(r.Items, 1))
			times[i], cpu[i] = float64(r.Time)/items, float64(r.CPU)/items
			lost[i] = max(1-items/float64(n), 0)
			results[i].Allocs, results[i].Bytes = float64(r.Allocs)/items, float64(r.Bytes)/items
		}
		for i, t := range times {
			results[i].Time = append(results[i].Time, t)
			results[i].Ratio = append(results[i].Ratio, t/times[0])
			results[i].CPU = append(results[i].CPU, cpu[i]/cpu[0])
			if w.storm != nil {
				results[i].Lost = append(results[i].Lost, lost[i])
			}
		}
	}
	for i, p := range workers {
		var err error
		if results[i].PeakKiB, err = p.close(); err != nil {
			return nil, fmt.Errorf("%s: %w", p.name, err)
		}
	}
	return results, nil
}

// once does one run of a contender.
func (w *workload) once(n int, p *worker, command string) (run, error) {
	var r run
	steps := []func() error{
		func() error { return call(w.before, n) },
		func() (err error) { _, err = p.command("prepare"); return },
		func() error { return call(w.armed, n) },
		func() (err error) {
			defer w.start(n, &err)()
			r, err = p.command(command)
			return err
		},
	}
	for _, step := range steps {
		if err := step(); err != nil {
			return r, err
		}
	}
	return r, nil
}

// start starts the storm, if there is one, and returns the function that ends it.
func (w *workload) start(n int, err *error) (end func()) {
	if w.storm == nil {
		return func() {}
	}
	stop, done := make(chan struct{}), make(chan error)
	go func() { done <- w.storm(n, stop) }()
	return func() {
		close(stop)
		*err = errors.Join(*err, <-done)
	}
}

func call(hook func(int) error, n int) error {
	if hook == nil {
		return nil
	}
	return hook(n)
}

// compare checks that the contenders saw the same items, or did the same.
func (w *workload) compare(n int, workers []*worker) error {
	var want *tally
	var errs []error
	for _, p := range workers {
		r, err := w.once(n, p, "check")
		if err != nil {
			return err
		}
		c, err := w.find(p.name)
		if err != nil {
			return err
		}
		got := &tally{items: r.Items, sum: r.Sum}
		if w.inspect != nil {
			if err := w.inspect(n, got); err != nil {
				return err
			}
		} else if c.counts {
			continue
		}
		switch {
		case want == nil:
			want = got
		case *got != *want:
			errs = append(errs, fmt.Errorf("%s: %d items with digest %#x, others had %d with %#x",
				p.name, got.items, got.sum, want.items, want.sum))
		}
	}
	return errors.Join(errs...)
}
