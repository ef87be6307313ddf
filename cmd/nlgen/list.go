package main

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/nlgen/nlgen/specs"
)

func newList() *cobra.Command {
	var (
		format formatFlag
		dial   dialFlags
	)
	cmd := &cobra.Command{
		Use:   "list [flags] [FAMILY...]",
		Short: "List the families with built-in specs and those of the running kernel",
		Long: `List prints a line for each family with the version, operations and groups of
the spec built into nlgen and those that the running kernel reports. With
arguments it prints every operation and group of these families, and which side
has it.

The kernel reports Generic Netlink families alone, and operations by number: a
number without a name is an operation that the spec does not have.`,
		ValidArgs: specs.Names(),
		RunE: func(cmd *cobra.Command, args []string) error {
			entries, kernelErr := inventory(cmd.Context(), cmd.ErrOrStderr(), dial.options())
			if entries == nil {
				return kernelErr
			}
			entries, err := selectEntries(entries, args)
			if err != nil {
				return err
			}
			if err := printEntries(cmd.OutOrStdout(), format, entries, len(args) > 0); err != nil {
				return withStatus(exitIO, err)
			}
			return kernelErr
		},
	}
	format.add(cmd)
	dial.add(cmd)
	return cmd
}

// selectEntries returns the entries with the names, all without any names.
func selectEntries(entries []*entry, names []string) ([]*entry, error) {
	if len(names) == 0 {
		return entries, nil
	}
	var known []string
	for _, e := range entries {
		known = append(known, e.Family)
	}
	var selected []*entry
	for _, name := range names {
		i := slices.Index(known, name)
		if i < 0 {
			return nil, withStatus(exitNoFamily, unknownName(
				fmt.Sprintf("neither nlgen nor the kernel has a family %q", name), name, "there are", known))
		}
		selected = append(selected, entries[i])
	}
	return selected, nil
}

func printEntries(w io.Writer, format formatFlag, entries []*entry, detailed bool) error {
	if format == formatJSON {
		return printJSON(w, entries)
	}
	tw := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(tw, "FAMILY\tKIND\tSPEC\tKERNEL")
	for _, e := range entries {
		fmt.Fprintf(tw, "%s\t%s\t%s\t%s\n", e.Family, e.Kind, e.Spec.summary(), e.Kernel.summary())
		if detailed {
			printDetails(tw, e)
		}
	}
	return tw.Flush()
}

// summary returns the numbers of a side on one line.
func (s *side) summary() string {
	if s == nil {
		return "-"
	}
	var version string
	if s.Version != 0 {
		version = fmt.Sprintf("v%d, ", s.Version)
	}
	return version + plural(len(s.Operations), "op") + ", " + plural(len(s.Groups), "group")
}

func plural(n int, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return fmt.Sprintf("%d %ss", n, thing)
}

// printDetails prints the operations and groups of a family, those of the spec
// first.
func printDetails(w io.Writer, e *entry) {
	for _, op := range union(e, func(s *side) []operation { return s.Operations }, operation.same) {
		name := op.Name
		if name == "" {
			name = fmt.Sprintf("number %d", op.ID)
		}
		fmt.Fprintf(w, "  %s\toperation\t%s\t%s\n", name, calls(e.Spec, op), calls(e.Kernel, op))
	}
	for _, g := range union(e, func(s *side) []string { return s.Groups }, func(a, b string) bool { return a == b }) {
		fmt.Fprintf(w, "  %s\tgroup\t%s\t%s\n", g, joined(e.Spec, g), joined(e.Kernel, g))
	}
}

// union returns the things that either side of a family lists.
func union[T any](e *entry, list func(*side) []T, same func(a, b T) bool) []T {
	var all []T
	for _, s := range []*side{e.Spec, e.Kernel} {
		if s == nil {
			continue
		}
		for _, v := range list(s) {
			if !slices.ContainsFunc(all, func(a T) bool { return same(a, v) }) {
				all = append(all, v)
			}
		}
	}
	return all
}

func (op operation) same(other operation) bool { return op.ID == other.ID }

// calls says how an operation can be called.
func calls(s *side, op operation) string {
	o := s.operation(op.ID)
	if o == nil {
		return "-"
	}
	var ways []string
	if o.Do {
		ways = append(ways, "do")
	}
	if o.Dump {
		ways = append(ways, "dump")
	}
	return strings.Join(ways, ", ")
}

// joined says whether a side has a group.
func joined(s *side, group string) string {
	if s == nil || !slices.Contains(s.Groups, group) {
		return "-"
	}
	return "yes"
}
