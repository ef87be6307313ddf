package main

import (
	"os"

	"github.com/spf13/cobra"
	"github.com/spf13/cobra/doc"
)

func newMan() *cobra.Command {
	return &cobra.Command{
		Use:   "man DIR",
		Short: "Write the manual pages into a directory",
		Args:  oneArg("DIR"),
		RunE: func(cmd *cobra.Command, args []string) error {
			header := &doc.GenManHeader{Title: "NLGEN", Section: "1", Source: "nlgen", Manual: "nlgen"}
			cmd.Root().DisableAutoGenTag = true
			if err := os.MkdirAll(args[0], 0o777); err != nil {
				return withStatus(exitIO, err)
			}
			return withStatus(exitIO, doc.GenManTree(cmd.Root(), header, args[0]))
		},
	}
}
