// Package specs holds nlgen's own specs, one YAML file for each family, for
// programs that want them without a checkout.
package specs

import (
	"embed"
	"io/fs"
	"slices"
	"strings"
)

//go:embed *.yaml
var files embed.FS

const suffix = ".yaml"

// Names returns the names of all families, sorted.
func Names() []string {
	entries, err := fs.ReadDir(files, ".")
	if err != nil {
		panic(err) // embedded: cannot fail
	}
	var names []string
	for _, e := range entries {
		names = append(names, strings.TrimSuffix(e.Name(), suffix))
	}
	slices.Sort(names)
	return names
}

// Find returns the spec of the family name.
func Find(name string) (spec []byte, ok bool) {
	spec, err := files.ReadFile(name + suffix)
	return spec, err == nil
}
