package main

import (
	"context"
	"iter"

	nl "github.com/nlgen/nlgen/runtime"
)

// An ourDump is one operation of a generated client C, dumped in each way that the
// client has. Q is its request, R its reply.
type ourDump[C, Q, R any] struct {
	name   string // of the operation's methods, without what tells them apart
	dial   func(...nl.Option) (*C, error)
	stream func(*C, context.Context, *Q, ...nl.CallOption) iter.Seq2[*R, error]
	into   func(*C, context.Context, []R, *Q, ...nl.CallOption) ([]R, error)
	all    func(*C, context.Context, *Q, ...nl.CallOption) ([]*R, error)
	req    *Q
	tally  func(*tally, *R)
}

func (d ourDump[C, Q, R]) contenders() []*contender {
	return []*contender{
		{name: "ours reused", note: d.name + "Dump, Reuse", start: d.streamed(nl.Reuse())},
		{name: "ours stream", note: d.name + "Dump", start: d.streamed()},
		{name: "ours append", note: d.name + "Append, slice reused", start: goJob(func(int) (func(*tally) error, error) {
			c, err := d.dial()
			var list []R
			return func(t *tally) error {
				list, err = d.into(c, ctx, list[:0], d.req)
				for i := range list {
					d.tally(t, &list[i])
				}
				return err
			}, err
		})},
		{name: "ours all", note: d.name + "All", start: goJob(func(int) (func(*tally) error, error) {
			c, err := d.dial()
			return func(t *tally) error {
				list, err := d.all(c, ctx, d.req)
				for _, m := range list {
					d.tally(t, m)
				}
				return err
			}, err
		})},
	}
}

func (d ourDump[C, Q, R]) streamed(opts ...nl.CallOption) func(int) (*job, error) {
	return goJob(func(int) (func(*tally) error, error) {
		c, err := d.dial()
		return func(t *tally) error {
			for m, err := range d.stream(c, ctx, d.req, opts...) {
				if err != nil {
					return err
				}
				d.tally(t, m)
			}
			return nil
		}, err
	})
}
