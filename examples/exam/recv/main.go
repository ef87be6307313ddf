// Recv prints what other programs send through the kernel, until it is interrupted:
// see send.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"

	"github.com/nlgen/nlgen/families/exam"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := receive(ctx); err != nil && !errors.Is(err, context.Canceled) {
		fmt.Fprintln(os.Stderr, "recv:", err)
		os.Exit(1)
	}
}

func receive(ctx context.Context) error {
	c, err := exam.Dial()
	if err != nil {
		return err
	}
	defer c.Close()
	sub, err := c.Receive(ctx, nil)
	if err != nil {
		return err
	}
	for ev, err := range sub.Events(ctx) {
		if err != nil {
			return err
		}
		if text, ok := ev.(*exam.Text); ok {
			fmt.Print(text.Text)
		}
	}
	return nil
}
