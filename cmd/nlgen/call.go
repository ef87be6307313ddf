package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/nlgen/nlgen/families/nlctrl"
	"github.com/nlgen/nlgen/gen/dynamic"
	"github.com/nlgen/nlgen/gen/model"
	"github.com/nlgen/nlgen/internal/dynclient"
	nl "github.com/nlgen/nlgen/runtime"
)

// A callCommand is the command line of nlgen call.
type callCommand struct {
	family                        familyFlag
	do, dump, input               string
	dial                          dialFlags
	create, excl, replace, append bool
	echo                          bool
}

func newCall() *cobra.Command {
	var c callCommand
	cmd := &cobra.Command{
		Use:   "call (--spec FILE | --family NAME) (--do OP | --dump OP) [flags]",
		Short: "Ask the kernel something and print its answer as JSON",
		Long: `Call sends one request and prints the reply as a JSON object, or the items of a
dump as a JSON array. Names are those of the spec, in both directions; enums and
flags go by name, addresses as text, bytes as hex.`,
		Example: `  nlgen call --family rt-link --do getlink --json '{"ifname": "lo"}'
  nlgen call --family rt-route --dump getroute
  nlgen call --family rt-link --do newlink --create --excl --json '{"ifname": "d0", "linkinfo": {"kind": "dummy"}}'`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return c.run(cmd) },
	}
	c.family.add(cmd)
	c.dial.add(cmd)
	f := cmd.Flags()
	f.StringVar(&c.do, "do", "", "perform the operation `OP`")
	f.StringVar(&c.dump, "dump", "", "list all objects with the operation `OP`")
	f.StringVar(&c.input, "json", "", "the request as a `JSON` object; - reads it from the standard input")
	f.BoolVar(&c.create, "create", false, "create the object if it does not exist")
	f.BoolVar(&c.excl, "excl", false, "fail if the object exists")
	f.BoolVar(&c.replace, "replace", false, "replace the object if it exists")
	f.BoolVar(&c.append, "append", false, "add to the end of the list of objects")
	f.BoolVar(&c.echo, "echo", false, "answer with the object as it is afterwards, where the kernel can")
	cmd.MarkFlagsOneRequired("do", "dump")
	cmd.MarkFlagsMutuallyExclusive("do", "dump")
	cobra.CheckErr(cmd.RegisterFlagCompletionFunc("do", c.family.completeOps(func(op *model.Op) *model.Call { return op.Do })))
	cobra.CheckErr(cmd.RegisterFlagCompletionFunc("dump", c.family.completeOps(func(op *model.Op) *model.Call { return op.Dump })))
	return cmd
}

func (c *callCommand) run(cmd *cobra.Command) error {
	family, err := c.family.load(cmd.ErrOrStderr())
	if err != nil {
		return err
	}
	op, err := findOp(family, c.do+c.dump) // one of them is empty
	if err != nil {
		return err
	}
	input, err := c.request(cmd.Context(), cmd.InOrStdin())
	if err != nil {
		return err
	}
	client, err := dynclient.Dial(family, c.dial.options()...)
	if err != nil {
		return failure(err)
	}
	defer client.Close()
	answer, err := c.ask(cmd.Context(), client, op, input)
	if err != nil {
		return c.failed(cmd.Context(), family, op, err)
	}
	if answer == nil {
		return nil
	}
	return withStatus(exitIO, printLine(cmd.OutOrStdout(), answer))
}

// ask returns the answer as something to be printed, nil if there is nothing.
func (c *callCommand) ask(ctx context.Context, client *dynclient.Client, op *model.Op, input []byte) (any, error) {
	if c.dump != "" {
		return client.All(ctx, op, input, c.flags())
	}
	reply, err := client.Do(ctx, op, input, c.flags())
	if reply == nil {
		return nil, err
	}
	return reply, err
}

// failed returns the error of a call with its exit status. The kernel has one
// number for what an object does not support and for what it does not know.
func (c *callCommand) failed(ctx context.Context, f *model.Family, op *model.Op, err error) error {
	e := refusal(err)
	if e == nil || !errors.Is(e, errors.ErrUnsupported) || e.Message != "" || c.known(ctx, f, op) {
		return failure(err)
	}
	return withStatus(exitTooOld, fmt.Errorf("%w; the running kernel does not know this operation", err))
}

// known reports whether the kernel knows the operation; for classic netlink it
// does not say.
func (c *callCommand) known(ctx context.Context, f *model.Family, op *model.Op) bool {
	if !f.Generic {
		return false
	}
	ctrl, err := nlctrl.Dial(c.dial.options()...)
	if err != nil {
		return true
	}
	defer ctrl.Close()
	family, err := ctrl.GetFamily(ctx, &nlctrl.GetFamilyRequest{FamilyName: nl.Some(f.Name)})
	if err != nil {
		return true
	}
	capability := nlctrl.OpFlagCmdCapDo
	if c.dump != "" {
		capability = nlctrl.OpFlagCmdCapDump
	}
	return slices.ContainsFunc(family.Ops, func(o nlctrl.OpAttrs) bool {
		return o.ID.Value() == uint32(op.RequestID) && o.Flags.Value()&capability != 0
	})
}

// request returns the request as JSON text, which may be empty.
func (c *callCommand) request(ctx context.Context, stdin io.Reader) ([]byte, error) {
	text := []byte(c.input)
	if c.input == "-" {
		var err error
		if text, err = readAll(ctx, stdin); err != nil {
			return nil, failure(err)
		}
	}
	if len(strings.TrimSpace(string(text))) == 0 {
		return nil, nil
	}
	if err := new(dynamic.Object).UnmarshalJSON(text); err != nil {
		return nil, withStatus(exitBadRequest, fmt.Errorf("the request: %w", err))
	}
	return text, nil
}

// readAll reads r to its end, or until ctx is done.
func readAll(ctx context.Context, r io.Reader) ([]byte, error) {
	var text []byte
	var err error
	done := make(chan struct{})
	go func() {
		text, err = io.ReadAll(r)
		close(done)
	}()
	select {
	case <-done:
		return text, err
	case <-ctx.Done():
		return nil, fmt.Errorf("the standard input: %w", ctx.Err())
	}
}

func (c *callCommand) flags() nl.Flags {
	var flags nl.Flags
	for flag, set := range map[nl.Flags]bool{
		nl.Create: c.create, nl.Excl: c.excl, nl.Replace: c.replace, nl.Append: c.append, nl.Echo: c.echo,
	} {
		if set {
			flags |= flag
		}
	}
	return flags
}

// dialFlags are the flags of commands that talk to the kernel.
type dialFlags struct {
	netns   string
	timeout time.Duration
}

func (d *dialFlags) add(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringVar(&d.netns, "netns", "", "talk to the network namespace `NAME`, one of ip netns or a path")
	f.DurationVar(&d.timeout, "timeout", 0, "give up after `DURATION` without an answer")
}

func (d *dialFlags) options() []nl.Option {
	opts := []nl.Option{nl.WithTimeout(d.timeout)}
	switch {
	case strings.Contains(d.netns, "/"):
		opts = append(opts, nl.WithNetNSPath(d.netns))
	case d.netns != "":
		opts = append(opts, nl.WithNetNSName(d.netns))
	}
	return opts
}
