// Package testenv says what happens to a test when the machine lacks what it needs:
// it is skipped, but with CI=true in the environment nothing may be left out, and it
// fails.
package testenv

import (
	"fmt"
	"os"
	"os/exec"
	"testing"
)

// Strict reports whether no test may be skipped.
func Strict() bool { return os.Getenv("CI") == "true" }

// Missing ends a test and says what it lacks.
func Missing(tb testing.TB, format string, args ...any) {
	tb.Helper()
	what := fmt.Sprintf(format, args...)
	if Strict() {
		tb.Fatalf("%s; CI must run this test", what)
	}
	tb.Skip(what)
}

// Program returns the path of a program.
func Program(tb testing.TB, name string) string {
	tb.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		Missing(tb, "%v; install the package that has it", err)
	}
	return path
}
