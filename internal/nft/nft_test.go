// Package nft tests transactions with what the kernel's own nftables spec
// generates.
package nft

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/nlgen/nlgen/internal/kernelsrc"
	"github.com/nlgen/nlgen/internal/tempmod"
)

func TestTransaction(t *testing.T) {
	spec := filepath.Join(kernelsrc.Specs(t), "nftables.yaml")
	text, err := os.ReadFile("testdata/nftables_test.go")
	if err != nil {
		t.Fatal(err)
	}
	m := tempmod.New(t)
	m.Run(nil, "go", "run", "github.com/nlgen/nlgen/cmd/nlgen", "generate", "-o", "nftables", spec)
	m.Write("nftables/nftables_test.go", text)
	t.Log(m.Run(nil, "go", "test", "-v", "./nftables"))
}
