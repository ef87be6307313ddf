package resolve_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/nlgen/nlgen/gen/model"
	"github.com/nlgen/nlgen/gen/resolve"
)

// licensed is a spec with a licence, which stands at 5:18.
func licensed(license string) string {
	return fmt.Sprintf("name: test\ndoc: A family.\nattribute-sets: []\noperations: {list: []}\nx-nlgen-license: %q\n", license)
}

func TestLicense(t *testing.T) {
	const (
		gpl = "GPL-2.0 WITH Linux-syscall-note"
		bsd = "((GPL-2.0 WITH Linux-syscall-note) OR BSD-3-Clause)"
	)
	for _, tt := range []struct{ in, source, uapi, module string }{
		{"GPL-2.0", "GPL-2.0", gpl, "GPL"},
		{"(GPL-2.0)", "(GPL-2.0)", gpl, "GPL"},
		{gpl, gpl, gpl, "GPL"},
		{"GPL-2.0-only", "GPL-2.0-only", "GPL-2.0-only WITH Linux-syscall-note", "GPL"},
		{"GPL-2.0-or-later", "GPL-2.0-or-later", "GPL-2.0-or-later WITH Linux-syscall-note", "GPL"},
		{"GPL-2.0+ OR MIT", "GPL-2.0+ OR MIT", "((GPL-2.0+ WITH Linux-syscall-note) OR MIT)", "Dual MIT/GPL"},
		{"BSD-2-Clause\nOR GPL-2.0", "BSD-2-Clause OR GPL-2.0", "(BSD-2-Clause OR (GPL-2.0 WITH Linux-syscall-note))", "Dual BSD/GPL"},
		{bsd, bsd, bsd, "Dual BSD/GPL"},
		{"GPL-2.0 OR MPL-1.1", "GPL-2.0 OR MPL-1.1", "((GPL-2.0 WITH Linux-syscall-note) OR MPL-1.1)", "Dual MPL/GPL"},
		{"GPL-2.0 OR Apache-2.0", "GPL-2.0 OR Apache-2.0", "((GPL-2.0 WITH Linux-syscall-note) OR Apache-2.0)", "GPL"},
		{"GPL-2.0 OR MIT AND (Zlib OR ISC)", "GPL-2.0 OR MIT AND (Zlib OR ISC)", "((GPL-2.0 WITH Linux-syscall-note) OR (MIT AND (Zlib OR ISC)))", "GPL"},
		{"Zlib OR (GPL-2.0 OR MIT)", "Zlib OR (GPL-2.0 OR MIT)", "(Zlib OR (GPL-2.0 WITH Linux-syscall-note) OR MIT)", "Dual MIT/GPL"},
	} {
		f, diags := resolve.Resolve(decode(t, load(t, "spec.yaml", []byte(licensed(tt.in)))), resolve.Options{})
		if err := diags.Err(); err != nil {
			t.Errorf("%s: %v", tt.in, err)
			continue
		}
		want := model.License{Source: tt.source, UAPI: tt.uapi, Module: tt.module}
		if diff := cmp.Diff(want, f.C.License); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tt.in, diff)
		}
	}
}

// TestLicenseRefused has what no module may have, and what no file should: text that
// ends a comment.
func TestLicenseRefused(t *testing.T) {
	const noChoice, noLicense = "does not allow GPL-2.0", "is no SPDX licence expression"
	for in, want := range map[string]string{
		"MIT":                               noChoice,
		"GPL-3.0-only":                      noChoice,
		"LGPL-2.0":                          noChoice,
		"GPL-2.0 AND MIT":                   noChoice,
		"(GPL-2.0 OR MIT) AND ISC":          noChoice,
		"GPL-2.0 WITH GCC-exception-2.0":    noChoice,
		"":                                  noLicense,
		"GPL-2.0 or MIT":                    noLicense,
		"GPL-2.0 OR":                        noLicense,
		"OR":                                noLicense,
		"GPL-2.0 WITH":                      noLicense,
		"(GPL-2.0":                          noLicense,
		"GPL-2.0)":                          noLicense,
		"GPL-2.0 */":                        noLicense,
		"GPL-2.0 WITH Linux-syscall-note*/": noLicense,
	} {
		_, diags := resolve.Resolve(decode(t, load(t, "spec.yaml", []byte(licensed(in)))), resolve.Options{})
		got := strings.TrimSpace(diags.String())
		if !strings.HasPrefix(got, "spec.yaml:5:18: x-nlgen-license: ") || !strings.Contains(got, want) || strings.Contains(got, "\n") {
			t.Errorf("%q: %s; want one error, %s", in, got, want)
		}
	}
}
