package demo_test

import (
	"context"
	"fmt"
	"log"
	"syscall"

	"github.com/nlgen/nlgen/families/demo"
	nl "github.com/nlgen/nlgen/runtime"
)

// things is a server with one thing.
type things struct{ demo.UnimplementedServer }

func (things) Get(_ context.Context, req *demo.GetRequest) (*demo.GetReply, error) {
	if req.ID.Value() != 1 {
		return nil, &nl.Error{Errno: syscall.ENOENT, Message: "there is one thing only", Attr: "id"}
	}
	return &demo.GetReply{ID: req.ID, Name: nl.Some("ball"), Colour: nl.Some(demo.ColourRed)}, nil
}

// A server in the process takes the place of the kernel. For clients in other
// processes there is Listen.
func ExampleServe() {
	srv := demo.Serve(things{})
	defer srv.Close()

	c, err := demo.Dial(nl.WithPeer(srv))
	if err != nil {
		log.Fatal(err)
	}
	defer c.Close()
	ctx := context.Background()
	sub, err := c.Subscribe(demo.GroupAlarms)
	if err != nil {
		log.Fatal(err)
	}

	thing, err := c.Get(ctx, &demo.GetRequest{ID: nl.U32(1)})
	fmt.Println(thing.Name, thing.Colour, err)
	_, err = c.Get(ctx, &demo.GetRequest{ID: nl.U32(2)})
	fmt.Println(err)

	if err := srv.NotifyAlarm(demo.GroupAlarms, &demo.Alarm{Text: nl.Some("fire")}); err != nil {
		log.Fatal(err)
	}
	for ev, err := range sub.Events(ctx) {
		if alarm, ok := ev.(*demo.Alarm); ok {
			fmt.Println(alarm.Text, err)
		}
		break
	}
	// Output:
	// ball red <nil>
	// demo: get: id: no such file or directory (kernel: "there is one thing only")
	// fire <nil>
}
