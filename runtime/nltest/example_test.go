package nltest_test

import (
	"context"
	"fmt"
	"syscall"
	"testing"

	"github.com/nlgen/nlgen/families/netdev"
	nl "github.com/nlgen/nlgen/runtime"
	"github.com/nlgen/nlgen/runtime/nltest"
)

// fakeDevices has a device with the index 1.
type fakeDevices struct{ netdev.UnimplementedServer }

func (fakeDevices) DevGet(_ context.Context, req *netdev.DevGetRequest) (*netdev.DevGetReply, error) {
	if req.Ifindex.Value() != 1 {
		return nil, &nl.Error{Errno: syscall.ENODEV, Attr: "ifindex"}
	}
	return &netdev.DevGetReply{Ifindex: req.Ifindex, XDPFeatures: nl.Some(netdev.XDPActBasic)}, nil
}

// A fake kernel takes three lines and no privileges.
func ExampleNew() {
	var t testing.TB = new(exampleT) // of the test function

	kernel := nltest.New(t, netdev.Serve(fakeDevices{}))
	client := netdev.New(kernel.Conn())
	kernel.Fail("dev-get", syscall.EBUSY)

	for _, index := range []uint32{1, 1, 2, 0} {
		dev, err := client.DevGet(context.Background(), &netdev.DevGetRequest{Ifindex: nl.Some(index)})
		if err != nil {
			fmt.Println(err)
			continue
		}
		fmt.Println(dev.Ifindex, dev.XDPFeatures)
	}
	// Output:
	// netdev: dev-get: device or resource busy
	// 1 basic
	// netdev: dev-get: ifindex: no such device
	// netdev: dev-get: ifindex: 0 is below the minimum 1
}

// exampleT stands for the test that an example is not.
type exampleT struct{ testing.TB }

func (*exampleT) Helper()        {}
func (*exampleT) Cleanup(func()) {}
func (*exampleT) Fatal(v ...any) { panic(fmt.Sprint(v...)) }
