package spec_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestDocumented looks for each key of the extensions in their documentation.
func TestDocumented(t *testing.T) {
	doc, err := os.ReadFile("../../docs/spec-language.md")
	if err != nil {
		t.Fatal(err)
	}
	sources, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	keys := 0
	for _, name := range sources {
		source, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, key := range regexp.MustCompile(`"(x-nlgen-[a-z-]+)"`).FindAllSubmatch(source, -1) {
			keys++
			if !strings.Contains(string(doc), "`"+string(key[1])+"`") {
				t.Errorf("docs/spec-language.md does not say what %s means", key[1])
			}
		}
	}
	if keys == 0 {
		t.Error("no keys found")
	}
}
