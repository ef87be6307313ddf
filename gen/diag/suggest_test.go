package diag_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/nlgen/nlgen/gen/diag"
)

func TestDidYouMean(t *testing.T) {
	candidates := []string{"type", "value", "nested-attributes", "enum"}
	tests := map[string]string{
		"tpye": "type", "typ": "type", "Value": "value", "nested-atributs": "nested-attributes", "enums": "enum", "nested": "nested-attributes", "valuable": "", "enumeration": "enum",
		"zebra": "", "": "", strings.Repeat("type", 100): "",
	}
	for in, want := range tests {
		if want != "" {
			want = fmt.Sprintf("did you mean %q?", want)
		}
		if got := diag.DidYouMean(in, candidates); got != want {
			t.Errorf("DidYouMean(%q) = %q, want %q", in, got, want)
		}
	}
}
