package tree_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/nlgen/nlgen/gen/diag"
	"github.com/nlgen/nlgen/gen/tree"
	"github.com/nlgen/nlgen/internal/golden"
)

// TestLoad covers every diagnostic of Load, and what it makes of a document.
func TestLoad(t *testing.T) {
	golden.Run(t, "testdata/*.txtar", func(t *testing.T, in golden.Files) golden.Files {
		root, diags := tree.Load("in.yaml", []byte(in["in.yaml"]))
		if (root == nil) != diags.HasErrors() {
			t.Errorf("root %v with diagnostics\n%s", root, diags)
		}
		out := golden.Files{"errors.txt": diags.String()}
		if root != nil {
			var b strings.Builder
			dump(&b, root, "")
			out["tree.txt"] = b.String()
		}
		return out
	})
}

func dump(b *strings.Builder, n *tree.Node, indent string) {
	switch n.Kind {
	case tree.Scalar:
		fmt.Fprintf(b, "%s %s %q quoted=%v\n", n.Pos, n.Tag, n.Value, n.Quoted)
	case tree.Mapping:
		fmt.Fprintf(b, "%s mapping\n", n.Pos)
		for _, f := range n.Fields {
			fmt.Fprintf(b, "%s  %q: ", indent, f.Key.Value)
			dump(b, f.Value, indent+"  ")
		}
	case tree.Sequence:
		fmt.Fprintf(b, "%s list\n", n.Pos)
		for _, item := range n.Items {
			fmt.Fprintf(b, "%s  - ", indent)
			dump(b, item, indent+"  ")
		}
	}
}

func TestLoadAliasBomb(t *testing.T) {
	var b strings.Builder
	b.WriteString("a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n")
	for i := 1; i < 9; i++ {
		fmt.Fprintf(&b, "a%d: &a%d [%s]\n", i, i, strings.TrimSuffix(strings.Repeat(fmt.Sprintf("*a%d, ", i-1), 10), ", "))
	}
	root, diags := tree.Load("bomb.yaml", []byte(b.String()))
	if root != nil || len(diags) != 1 || !strings.Contains(diags[0].Msg, "aliases expanded") {
		t.Errorf("root %v, diagnostics %s; want one about the size", root != nil, diags)
	}
}

func TestAliasesAreCopies(t *testing.T) {
	root, diags := tree.Load("in.yaml", []byte("a: &x {k: 1}\nb: *x\n"))
	if err := diags.Err(); err != nil {
		t.Fatal(err)
	}
	root.Get("b").Fields[0].Value.Value = "2"
	if got := root.Get("a").Get("k").Value; got != "1" {
		t.Errorf("a change of the copy changed the original to %s", got)
	}
	if pos := root.Get("b").Get("k").Pos; pos.Line != 1 {
		t.Errorf("the copy is at %s, want the place of the original", pos)
	}
}

func TestClone(t *testing.T) {
	root, _ := tree.Load("in.yaml", []byte("a: [1, {b: c}]\n"))
	clone := root.Clone()
	if diff := cmp.Diff(root, clone); diff != "" {
		t.Fatalf("(-original +clone):\n%s", diff)
	}
	clone.Fields[0].Key.Value = "x"
	clone.Fields[0].Value.Items[1].Fields[0].Value.Value = "x"
	if root.Get("a") == nil || root.Get("a").Items[1].Get("b").Value != "c" {
		t.Error("a change of the clone changed the original")
	}
}

func TestGetOfNothing(t *testing.T) {
	var none *tree.Node
	if none.Get("x") != nil || (&tree.Node{Kind: tree.Scalar}).Get("x") != nil {
		t.Error("found a key where there is none")
	}
}

// scalar returns the node of a YAML scalar.
func scalar(t *testing.T, text string) *tree.Node {
	t.Helper()
	n, diags := tree.Load("in.yaml", []byte("k: "+text+"\n"))
	if err := diags.Err(); err != nil {
		t.Fatal(err)
	}
	return n.Get("k")
}

func TestInteger(t *testing.T) {
	tests := map[string]string{
		"0": "0", "7": "7", "+7": "7", "-7": "-7", "-0": "0",
		"0x1F": "31", "-0x10": "-16", "0o17": "15", "017": "15", "0b101": "5", "1_000": "1000",
		"18446744073709551615": "18446744073709551615", "-9223372036854775808": "-9223372036854775808",
		"18446744073709551616": "", "-9223372036854775809": "",
		`"7"`: "", "'7'": "", "1.5": "", "1e3": "", "x": "", "--1": "", "": "", "[1]": "", "{a: 1}": "",
		"yes": "", "0x": "", "09": "",
	}
	for in, want := range tests {
		got, err := tree.Integer(scalar(t, in))
		if (err == nil) != (want != "") || err == nil && got.String() != want {
			t.Errorf("Integer(%s) = %s, %v, want %q", in, got, err, want)
		}
	}
}

func TestIntConversions(t *testing.T) {
	tests := []struct {
		in       tree.Int
		signed   bool
		unsigned bool
	}{
		{tree.Int{Abs: 1}, true, true},
		{tree.Int{Neg: true, Abs: 1 << 63}, true, false},
		{tree.Int{Abs: 1<<63 - 1}, true, true},
		{tree.Int{Abs: 1 << 63}, false, true},
	}
	for _, tt := range tests {
		s, okS := tt.in.Int64()
		u, okU := tt.in.Uint64()
		if okS != tt.signed || okU != tt.unsigned {
			t.Errorf("%s: fits int64 %v, uint64 %v", tt.in, okS, okU)
		}
		if okS && fmt.Sprint(s) != tt.in.String() || okU && fmt.Sprint(u) != tt.in.String() {
			t.Errorf("%s becomes %d and %d", tt.in, s, u)
		}
	}
}

func TestBool(t *testing.T) {
	tests := map[string]string{
		"true": "true", "True": "true", "yes": "true", "on": "true", "ON": "true",
		"false": "false", "no": "false", "off": "false",
		`"true"`: "error", "1": "error", "": "error", "[true]": "error",
	}
	for in, want := range tests {
		v, err := tree.Bool(scalar(t, in))
		got := fmt.Sprint(v)
		if err != nil {
			got = "error"
		}
		if got != want {
			t.Errorf("Bool(%s) = %s, want %s", in, got, want)
		}
	}
}

func TestText(t *testing.T) {
	tests := map[string]string{
		"plain": "plain", `"off"`: "off", "off": "off", "no": "no", "7": "7", "0x10": "0x10",
		`""`: "", `"null"`: "null", "with space": "with space",
	}
	for in, want := range tests {
		if got, err := tree.Text(scalar(t, in)); err != nil || got != want {
			t.Errorf("Text(%s) = %q, %v, want %q", in, got, err, want)
		}
	}
	for _, in := range []string{"", "~", "null", "[a]", "{a: b}"} {
		if got, err := tree.Text(scalar(t, in)); err == nil {
			t.Errorf("Text(%s) = %q, want an error", in, got)
		}
	}
}

func TestTextOrNull(t *testing.T) {
	for in, want := range map[string]string{"": "", "~": "", `""`: "", "x": "x"} {
		if got, err := tree.TextOrNull(scalar(t, in)); err != nil || got != want {
			t.Errorf("TextOrNull(%s) = %q, %v, want %q", in, got, err, want)
		}
	}
	if _, err := tree.TextOrNull(scalar(t, "[]")); err == nil {
		t.Error("a list is accepted")
	}
}

func TestLenient(t *testing.T) {
	root, _ := tree.Load("in.yaml", []byte("known: 1\nunknwon: 2\n"))
	for lenient, want := range map[bool]diag.Severity{false: diag.Error, true: diag.Warning} {
		d := tree.Decoder{Lenient: lenient}
		m := d.Root(root).Map()
		tree.Value(m, "known", tree.Text)
		m.Done()
		if len(d.Diags) != 1 || d.Diags[0].Severity != want {
			t.Errorf("lenient %v: %v, want one %s", lenient, d.Diags, want)
		}
	}
}
