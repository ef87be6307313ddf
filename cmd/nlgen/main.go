// Command nlgen turns netlink specs into Go packages and talks to the kernel by
// them. See nlgen help.
package main

import "os"

func main() {
	os.Exit(run(os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}
