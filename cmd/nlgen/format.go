package main

import (
	"encoding/json"
	"errors"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"
)

// A formatFlag is the form of a command's output.
type formatFlag string

const (
	formatText formatFlag = "text"
	formatJSON formatFlag = "json"
)

func (f *formatFlag) add(cmd *cobra.Command) {
	addChoice(cmd, f, "format", "`FORMAT` of the output: text or json", formatText, formatJSON)
}

// A choice is a flag that has one of several values.
type choice[T ~string] struct {
	value *T
	of    []T
}

// addChoice adds a flag whose value is one of those given, by default the first.
func addChoice[T ~string](cmd *cobra.Command, value *T, name, usage string, of ...T) {
	*value = of[0]
	c := &choice[T]{value, of}
	cmd.Flags().Var(c, name, usage)
	cobra.CheckErr(cmd.RegisterFlagCompletionFunc(name, cobra.FixedCompletions(
		c.names(), cobra.ShellCompDirectiveNoFileComp)))
}

func (c *choice[T]) names() []string {
	var names []string
	for _, v := range c.of {
		names = append(names, string(v))
	}
	return names
}

// Set implements pflag.Value.
func (c *choice[T]) Set(s string) error {
	if !slices.Contains(c.of, T(s)) {
		return errors.New("want " + strings.Join(c.names(), " or "))
	}
	*c.value = T(s)
	return nil
}

// String implements pflag.Value. The zero choice is one of nothing.
func (c *choice[T]) String() string {
	if c.value == nil {
		return ""
	}
	return string(*c.value)
}

// Type implements pflag.Value.
func (c *choice[T]) Type() string { return "choice" }

func printJSON(w io.Writer, v any) error {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	return enc.Encode(v)
}

// printLine prints v as JSON on one line.
func printLine(w io.Writer, v any) error {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	return enc.Encode(v)
}
