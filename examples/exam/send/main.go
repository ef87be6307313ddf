// Send sends a file through the kernel to the program that receives: see recv.
//
//	send FILE
package main

import (
	"context"
	"fmt"
	"os"

	"github.com/nlgen/nlgen/families/exam"
)

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: send FILE")
		os.Exit(2)
	}
	if err := send(context.Background(), os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, "send:", err)
		os.Exit(1)
	}
}

func send(ctx context.Context, file string) error {
	text, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	c, err := exam.Dial()
	if err != nil {
		return err
	}
	defer c.Close()
	return c.Send(ctx, &exam.SendRequest{Text: string(text)})
}
