package main

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/nlgen/nlgen/families/nlctrl"
	"github.com/nlgen/nlgen/gen"
	"github.com/nlgen/nlgen/gen/model"
	"github.com/nlgen/nlgen/specs"
)

func newList() *cobra.Command {
	return &cobra.Command{
		Use:   "list",
		Short: "List the families with built-in specs and those of the running kernel",
		Long: `List prints a line for each family: the version, operations and groups of the
spec built into nlgen, and those the running kernel reports. The kernel reports
Generic Netlink families alone; a classic protocol shows its number.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			rows, err := builtinRows()
			if err != nil {
				return err
			}
			kernelErr := addKernelRows(cmd.Context(), rows)
			w := tabwriter.NewWriter(cmd.OutOrStdout(), 0, 0, 2, ' ', 0)
			fmt.Fprintln(w, "FAMILY\tSPEC\tOPS\tGROUPS\tKERNEL\tOPS\tGROUPS")
			for _, name := range slices.Sorted(maps.Keys(rows)) {
				r := rows[name]
				fmt.Fprintf(w, "%s\t%s\t%s\n", name, r.spec, r.kernel)
			}
			if err := w.Flush(); err != nil {
				return withStatus(exitIO, err)
			}
			return kernelErr
		},
	}
}

// A row is a family as the spec and as the kernel have it.
type row struct{ spec, kernel side }

// A side is one of the two descriptions of a family.
type side struct {
	known   bool
	version string
	ops     int
	groups  []string
}

// String returns the cells of a side.
func (s side) String() string {
	if !s.known {
		return "-\t-\t-"
	}
	groups := strings.Join(s.groups, ",")
	if groups == "" {
		groups = "none"
	}
	return fmt.Sprintf("%s\t%d\t%s", s.version, s.ops, groups)
}

func builtinRows() (map[string]*row, error) {
	rows := map[string]*row{}
	for _, name := range specs.Names() {
		f, diags, err := loadBuiltin(name, gen.Options{})
		if err != nil {
			return nil, err
		}
		if err := diags.Err(); err != nil {
			return nil, withStatus(exitBadSpec, err)
		}
		rows[f.Name] = &row{spec: specSide(f)}
	}
	return rows, nil
}

func specSide(f *model.Family) side {
	s := side{known: true, version: fmt.Sprintf("v%d", f.Version)}
	if !f.Generic {
		s.version = fmt.Sprintf("protocol %d", f.Protocol)
	}
	for _, op := range f.Ops {
		if op.Do != nil || op.Dump != nil {
			s.ops++
		}
	}
	for _, g := range f.Groups {
		s.groups = append(s.groups, g.Name)
	}
	return s
}

func addKernelRows(ctx context.Context, rows map[string]*row) error {
	c, err := nlctrl.Dial()
	if err != nil {
		return kernelError(err)
	}
	defer c.Close()
	families, err := c.GetFamilyAll(ctx, nil)
	if err != nil {
		return kernelError(err)
	}
	for _, f := range families {
		name := f.FamilyName.Value()
		if rows[name] == nil {
			rows[name] = new(row)
		}
		s := side{known: true, version: fmt.Sprintf("v%d", f.Version.Value()), ops: len(f.Ops)}
		for _, g := range f.McastGroups {
			s.groups = append(s.groups, g.Name.Value())
		}
		rows[name].kernel = s
	}
	return nil
}
