//go:build linux

// Agent is the first process of the guest that package vm boots. It sets up the
// guest and runs the commands that the harness sends, one after another.
package main
