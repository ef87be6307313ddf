package naming

import (
	"cmp"
	"maps"
	"slices"
	"strings"
)

// Initialisms returns the frozen table for the test that pins it.
func Initialisms() []string {
	return slices.SortedFunc(maps.Values(initialisms), func(a, b string) int {
		return cmp.Compare(strings.ToLower(a), strings.ToLower(b))
	})
}
