package uapicheck

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
)

// A Compiler evaluates C against a set of UAPI headers.
type Compiler struct {
	Path    string // of the C compiler
	Include string // directory with linux/netlink.h and the other headers
	Dir     string // directory to work in
}

// A Result is what the headers say about the claims of a family.
type Result struct {
	Mismatches []Mismatch
	Unknown    []Claim // about names the headers do not declare
}

// A Mismatch is a claim that the headers contradict.
type Mismatch struct {
	Claim
	Got string
}

// String formats the mismatch like a diagnostic of the spec.
func (m Mismatch) String() string {
	return fmt.Sprintf("%s: %s: %s is %s in the headers, the spec says %s", m.Pos, m.Path, m.Expr, m.Got, m.Want)
}

const source = "claims.c"

// Check evaluates the claims against the headers named.
func (c Compiler) Check(headers []string, claims []Claim) (Result, error) {
	if err := c.stubs(); err != nil {
		return Result{}, err
	}
	known, unknown, err := c.declared(headers, claims)
	if err != nil {
		return Result{}, err
	}
	values, err := c.run(headers, known)
	if err != nil {
		return Result{}, err
	}
	if len(values) != len(known) {
		return Result{}, fmt.Errorf("%d values for %d claims", len(values), len(known))
	}
	res := Result{Unknown: unknown}
	for i, claim := range known {
		if values[i] != claim.Want {
			res.Mismatches = append(res.Mismatches, Mismatch{claim, values[i]})
		}
	}
	return res, nil
}

// stubs makes the kernel-internal headers that installed UAPI headers do not
// include but those in the kernel's source do.
func (c Compiler) stubs() error {
	dir := filepath.Join(c.Dir, "stubs", "linux")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	for _, name := range []string{"compiler.h", "compiler_types.h"} {
		if err := os.WriteFile(filepath.Join(dir, name), nil, 0o644); err != nil {
			return err
		}
	}
	return nil
}

// declared splits the claims by whether the headers declare their names: it
// drops those the compiler complains about until it complains no more.
func (c Compiler) declared(headers []string, claims []Claim) (known, unknown []Claim, err error) {
	known = claims
	for {
		text, first := program(headers, known)
		out, err := c.compile(text, "-fsyntax-only")
		if err == nil {
			return known, unknown, nil
		}
		bad := faulty(out, first)
		var kept []Claim
		for i, claim := range known {
			if bad[i] {
				unknown = append(unknown, claim)
			} else {
				kept = append(kept, claim)
			}
		}
		if len(kept) == len(known) {
			return nil, nil, fmt.Errorf("the headers do not compile: %w\n%s", err, out)
		}
		known = kept
	}
}

var errorLine = regexp.MustCompile(`(?m)^` + regexp.QuoteMeta(source) + `:(\d+):(?:\d+:)? (?:fatal )?error: `)

// faulty returns the indices of the claims with an error, given the line of the
// first claim.
func faulty(out []byte, first int) map[int]bool {
	bad := map[int]bool{}
	for _, m := range errorLine.FindAllSubmatch(out, -1) {
		if line, err := strconv.Atoi(string(m[1])); err == nil && line >= first {
			bad[line-first] = true
		}
	}
	return bad
}

// program returns a program that prints the value of each claim on a line of
// its own, and the number of the line with the first claim. Every claim takes
// one line of the source.
func program(headers []string, claims []Claim) (text string, first int) {
	var b strings.Builder
	for _, h := range headers {
		fmt.Fprintf(&b, "#if __has_include(<%s>)\n#include <%s>\n#endif\n", h, h)
	}
	b.WriteString("int printf(const char *, ...);\n")
	b.WriteString("static const struct { const char *text; long long value; } claims[] = {\n")
	first = strings.Count(b.String(), "\n") + 1
	for _, c := range claims {
		if c.Text {
			fmt.Fprintf(&b, "\t{ %s, 0 },\n", c.Expr)
		} else {
			fmt.Fprintf(&b, "\t{ 0, (long long)(%s) },\n", c.Expr)
		}
	}
	b.WriteString(`	{ 0, 0 }
};
int main(void)
{
	for (unsigned i = 0; i + 1 < sizeof(claims) / sizeof(claims[0]); i++)
		if (claims[i].text)
			printf("%s\n", claims[i].text);
		else
			printf("%lld\n", claims[i].value);
	return 0;
}
`)
	return b.String(), first
}

// run returns the values of the claims, in order.
func (c Compiler) run(headers []string, claims []Claim) ([]string, error) {
	text, _ := program(headers, claims)
	if out, err := c.compile(text, "-o", "claims"); err != nil {
		return nil, fmt.Errorf("%w\n%s", err, out)
	}
	out, err := exec.Command(filepath.Join(c.Dir, "claims")).Output()
	if err != nil {
		return nil, err
	}
	var values []string
	for s := bufio.NewScanner(bytes.NewReader(out)); s.Scan(); {
		values = append(values, s.Text())
	}
	return values, nil
}

// compile runs the compiler and returns what it prints. The defines are those
// that the kernel's own installation of headers removes.
func (c Compiler) compile(text string, args ...string) ([]byte, error) {
	if err := os.WriteFile(filepath.Join(c.Dir, source), []byte(text), 0o644); err != nil {
		return nil, err
	}
	cmd := exec.Command(c.Path, append([]string{
		"-std=gnu11", "-w", "-I", c.Include, "-I", "stubs",
		"-D__user=", "-D__force=", "-D__iomem=", "-D__attribute_const__=",
		"-D__packed=__attribute__((packed))", "-D__EXPORTED_HEADERS__", source,
	}, args...)...)
	cmd.Dir = c.Dir
	cmd.Env = append(os.Environ(), "LC_ALL=C")
	out, err := cmd.CombinedOutput()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		return nil, err
	}
	return out, err
}
