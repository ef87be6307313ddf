// Package familytest has what the tests of the generated packages share.
package familytest

import (
	"context"
	"errors"
	"os"
	"reflect"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	nl "github.com/nlgen/nlgen/runtime"
)

// Context returns a context that ends with the test, or a little before a test
// that hangs would annoy.
func Context(tb testing.TB) context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	tb.Cleanup(cancel)
	return ctx
}

// InGuest is set in the environment of tests that run in a guest of internal/vm,
// where every module is loaded that they ask for.
const InGuest = "NLGEN_VM"

// NeedModule checks the error of the first use of a kernel module. Without the
// module the test is skipped, but in a guest it fails.
func NeedModule(tb testing.TB, name string, err error) {
	tb.Helper()
	switch {
	case (errors.Is(err, syscall.EOPNOTSUPP) || errors.Is(err, os.ErrNotExist)) && os.Getenv(InGuest) == "":
		tb.Skipf("this kernel has no %s; make test-vm runs the test on one that has", name)
	case err != nil:
		tb.Fatal(err)
	}
}

// Find returns the only item of a list that match accepts.
func Find[T any](tb testing.TB, list []T, match func(T) bool) T {
	tb.Helper()
	var found []T
	for _, v := range list {
		if match(v) {
			found = append(found, v)
		}
	}
	if len(found) != 1 {
		tb.Fatalf("found %d items among %d, want 1", len(found), len(list))
	}
	return found[0]
}

// Event reads the stream of a subscription up to the first event of type E that
// match accepts.
func Event[E nl.Message](tb testing.TB, sub *nl.Subscription, match func(E) bool) E {
	tb.Helper()
	for ev, err := range sub.Events(Context(tb)) {
		if err != nil {
			tb.Fatalf("no such %v: %v", reflect.TypeFor[E](), err)
		}
		if e, ok := ev.(E); ok && match(e) {
			return e
		}
	}
	panic("unreachable: a stream without an error does not end")
}

// RoundTrip decodes a message of the kernel, encodes it and decodes it again,
// which must give equal values. It returns the value.
func RoundTrip[T any, P nl.MessagePtr[T]](tb testing.TB, raw []byte) *T {
	tb.Helper()
	first, second := new(T), new(T)
	if err := nl.Unmarshal(raw, P(first)); err != nil {
		tb.Fatalf("decode %x: %v", raw, err)
	}
	b, err := nl.Marshal(P(first))
	if err != nil {
		tb.Fatalf("encode %+v: %v", first, err)
	}
	if err := nl.Unmarshal(b, P(second)); err != nil {
		tb.Fatalf("decode what was encoded, %x: %v", b, err)
	}
	Equal(tb, "decoded again", second, first)
	return first
}

// Equal reports an error if got and want differ, unexported fields included.
func Equal[T any](tb testing.TB, what string, got, want T) {
	tb.Helper()
	all := cmp.Exporter(func(reflect.Type) bool { return true })
	if diff := cmp.Diff(want, got, all); diff != "" {
		tb.Errorf("%s (-want +got):\n%s", what, diff)
	}
}

// NoUnknown reports an error for each attribute in v, at any depth, that the spec
// lacks.
func NoUnknown(tb testing.TB, v any) {
	tb.Helper()
	reportUnknown(tb, reflect.TypeOf(v).String(), reflect.ValueOf(v))
}

func reportUnknown(tb testing.TB, path string, v reflect.Value) {
	tb.Helper()
	switch v.Kind() {
	case reflect.Pointer, reflect.Interface:
		if !v.IsNil() {
			reportUnknown(tb, path, v.Elem())
		}
	case reflect.Slice:
		if raw, ok := v.Interface().(nl.RawAttrs); ok && len(raw) > 0 {
			tb.Errorf("%s: %x", path, []byte(raw))
			return
		}
		for i := range v.Len() {
			reportUnknown(tb, path, v.Index(i))
		}
	case reflect.Struct:
		for f, value := range v.Fields() {
			if f.IsExported() {
				reportUnknown(tb, path+"."+f.Name, value)
			}
		}
	}
}
