package main

import (
	"encoding/json"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/nlgen/nlgen/gen/diag"
)

func newLint() *cobra.Command {
	var (
		format string
		flags  specFlags
	)
	cmd := &cobra.Command{
		Use:   "lint [flags] SPEC...",
		Short: "Check specs and print everything that is wrong with them",
		Long: `Lint prints every diagnostic of the specs: errors, warnings and notes, such as
the built-in corrections applied to a spec of the kernel.`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			print, ok := lintFormats[format]
			if !ok {
				return withStatus(exitUsage, fmt.Errorf("--format %s: want text or json", format))
			}
			opts, diags := flags.options()
			used := overlayUse{}
			for _, path := range args {
				_, ds, err := loadFile(path, opts, used)
				if err != nil {
					return err
				}
				diags.Add(ds...)
			}
			diags.Add(used.unused()...)
			if err := print(cmd, diags); err != nil {
				return withStatus(exitIO, err)
			}
			return errorCount(diags)
		},
	}
	cmd.Flags().StringVar(&format, "format", "text", "`FORMAT` of the output: text or json")
	flags.add(cmd)
	return cmd
}

var lintFormats = map[string]func(*cobra.Command, diag.List) error{
	"text": func(cmd *cobra.Command, diags diag.List) error {
		_, err := fmt.Fprint(cmd.OutOrStdout(), diags)
		return err
	},
	"json": func(cmd *cobra.Command, diags diag.List) error {
		enc := json.NewEncoder(cmd.OutOrStdout())
		enc.SetIndent("", "  ")
		return enc.Encode(diags)
	},
}
