package main

import (
	"io"

	"github.com/spf13/cobra"

	"github.com/nlgen/nlgen/gen/diag"
)

func newLint() *cobra.Command {
	var (
		format formatFlag
		flags  specFlags
	)
	cmd := &cobra.Command{
		Use:   "lint [flags] SPEC...",
		Short: "Check specs and print everything that is wrong with them",
		Long: `Lint prints every diagnostic of the specs: errors, warnings and notes. A note
stands for each built-in correction of a kernel's spec that was due.`,
		Args:              someArgs("SPEC"),
		ValidArgsFunction: completeSpecs,
		RunE: func(cmd *cobra.Command, args []string) error {
			opts, diags, err := flags.options()
			if err != nil {
				return err
			}
			used := overlayUse{}
			for _, path := range args {
				_, ds, err := loadFile(path, opts, used)
				if err != nil {
					return err
				}
				diags.Add(ds...)
			}
			diags.Add(used.unused(opts.Overlays)...)
			if err := printDiags(cmd.OutOrStdout(), format, diags); err != nil {
				return withStatus(exitIO, err)
			}
			return errorCount(diags)
		},
	}
	format.add(cmd)
	flags.add(cmd)
	return cmd
}

func printDiags(w io.Writer, format formatFlag, diags diag.List) error {
	if format == formatJSON {
		return printJSON(w, diags)
	}
	_, err := io.WriteString(w, diags.String())
	return err
}
