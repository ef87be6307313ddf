package main

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"time"

	"github.com/spf13/cobra"

	"github.com/nlgen/nlgen/gen/dynamic"
	"github.com/nlgen/nlgen/gen/model"
	"github.com/nlgen/nlgen/internal/dynclient"
)

// A listenCommand is the command line of nlgen listen.
type listenCommand struct {
	family   familyFlag
	dial     dialFlags
	register string
	input    string
	count    int
	duration time.Duration
}

func newListen() *cobra.Command {
	var l listenCommand
	cmd := &cobra.Command{
		Use:   "listen (--spec FILE | --family NAME) [flags] [GROUP...]",
		Short: "Print the notifications of multicast groups as JSON",
		Long: `Listen joins multicast groups and prints each notification as one line of JSON
with its name and its message, until it is interrupted. What is lost because the
reader is too slow, and messages that cannot be decoded, are reported on the
standard error, and listening goes on.`,
		Example: `  nlgen listen --family rt-link --count 10 rtnlgrp-link
  nlgen listen --family exam --register receive`,
		Args: func(cmd *cobra.Command, args []string) error {
			if l.register != "" {
				return nil // without a group the kernel sends to this socket alone
			}
			return someArgs("GROUP")(cmd, args)
		},
		RunE: func(cmd *cobra.Command, args []string) error { return l.run(cmd, args) },
	}
	l.family.add(cmd)
	l.dial.add(cmd)
	f := cmd.Flags()
	f.StringVar(&l.register, "register", "", "perform the operation `OP` first, which registers for messages")
	f.StringVar(&l.input, "json", "", "the request of --register as a `JSON` object")
	f.IntVar(&l.count, "count", 0, "stop after `N` notifications")
	f.DurationVar(&l.duration, "duration", 0, "stop after `DURATION`")
	cmd.ValidArgsFunction = l.family.completeGroups
	return cmd
}

func (l *listenCommand) run(cmd *cobra.Command, names []string) error {
	family, err := l.family.load(cmd.ErrOrStderr())
	if err != nil {
		return err
	}
	var groups []*model.Group
	for _, name := range names {
		g, err := findGroup(family, name)
		if err != nil {
			return err
		}
		groups = append(groups, g)
	}
	client, err := dynclient.Dial(family, l.dial.options()...)
	if err != nil {
		return failure(err)
	}
	defer client.Close()
	ctx := cmd.Context()
	if l.duration > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, l.duration)
		defer cancel()
	}
	events, err := l.listen(ctx, client, family, groups)
	if err != nil {
		return err
	}
	n := 0
	for ev, err := range events {
		switch {
		case ctx.Err() != nil:
			return nil
		case err != nil:
			fmt.Fprintln(cmd.ErrOrStderr(), "nlgen: "+err.Error())
			continue
		}
		if err := printLine(cmd.OutOrStdout(), notification{ev.Op.Name, ev.Message}); err != nil {
			return withStatus(exitIO, err)
		}
		if n++; n == l.count {
			return nil
		}
	}
	return withStatus(exitIO, errors.New("no more notifications can be received"))
}

// listen joins the groups, after it has registered if it is to.
func (l *listenCommand) listen(ctx context.Context, client *dynclient.Client, f *model.Family, groups []*model.Group) (iter.Seq2[*dynclient.Event, error], error) {
	if l.register == "" {
		events, err := client.Listen(ctx, groups...)
		return events, failure(err)
	}
	op, err := findOp(f, l.register)
	switch {
	case err != nil:
		return nil, err
	case op.Register != "begin":
		return nil, withStatus(exitUsage, fmt.Errorf("%s registers nothing", op.Name))
	}
	events, err := client.Register(ctx, op, []byte(l.input), groups...)
	return events, failure(err)
}

// A notification is a line of the output; the form is that of the kernel's own client.
type notification struct {
	Name string          `json:"name"`
	Msg  *dynamic.Object `json:"msg"`
}
