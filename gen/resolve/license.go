package resolve

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/nlgen/nlgen/gen/diag"
	"github.com/nlgen/nlgen/gen/model"
)

const (
	defaultLicense = "GPL-2.0"
	syscallNote    = " WITH Linux-syscall-note"
	licenseHint    = "a module needs GPL-2.0, alone or as a choice: GPL-2.0 OR BSD-3-Clause"
)

// gpl2 are the identifiers by which the kernel takes a module for GPL-2.0.
var gpl2 = []string{"GPL-2.0", "GPL-2.0-only", "GPL-2.0+", "GPL-2.0-or-later"}

// dual are the other licences that MODULE_LICENSE has words for. The key is what
// their identifiers start with.
var dual = map[string]string{"BSD": "Dual BSD/GPL", "MIT": "Dual MIT/GPL", "MPL": "Dual MPL/GPL"}

// license returns what the kernel's side says of its licence.
func (r *resolver) license() model.License {
	val := r.spec.License
	text := strings.Join(strings.Fields(val.Or(defaultLicense)), " ")
	choice, ok := parseLicense(text)
	if !ok {
		r.licenseError(fmt.Sprintf("%q is no SPDX licence expression", val.Value))
		return model.License{}
	}
	i := slices.IndexFunc(choice, isGPL2)
	if i < 0 {
		r.licenseError(fmt.Sprintf("%q does not allow GPL-2.0", val.Value))
		return model.License{}
	}
	l := model.License{Source: text, Module: "GPL"}
	for _, other := range choice {
		family, _, _ := strings.Cut(other, "-")
		if words := dual[family]; words != "" && !strings.Contains(other, " ") {
			l.Module = words
			break
		}
	}
	choice[i] = strings.TrimSuffix(choice[i], syscallNote) + syscallNote
	l.UAPI = licenseText(choice)
	return l
}

func (r *resolver) licenseError(msg string) {
	r.diags.Add(diag.Diagnostic{Pos: r.spec.License.Pos, Path: "x-nlgen-license", Msg: msg, Hint: licenseHint})
}

func isGPL2(id string) bool { return slices.Contains(gpl2, strings.TrimSuffix(id, syscallNote)) }

// licenseText joins alternatives as the kernel writes them.
func licenseText(choice []string) string {
	if len(choice) == 1 {
		return choice[0]
	}
	var list []string
	for _, s := range choice {
		if strings.Contains(s, " ") {
			s = "(" + s + ")"
		}
		list = append(list, s)
	}
	return "(" + strings.Join(list, " OR ") + ")"
}

// parseLicense returns the alternatives that an SPDX licence expression leaves.
func parseLicense(text string) (choice []string, ok bool) {
	p := licenseParser{tokens: licenseToken.FindAllString(text, -1)}
	choice = p.alternatives()
	return choice, !p.failed && len(p.tokens) == 0
}

// licenseToken matches whatever is no space, so that nothing is overlooked.
var (
	licenseToken = regexp.MustCompile(`[()]|[^\s()]+`)
	licenseID    = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9.+-]*$`)
)

// A licenseParser reads tokens from the left. AND binds more than OR, WITH most.
type licenseParser struct {
	tokens []string
	failed bool
}

// accept takes the next token if it is the given one.
func (p *licenseParser) accept(token string) bool {
	if len(p.tokens) == 0 || p.tokens[0] != token {
		return false
	}
	p.tokens = p.tokens[1:]
	return true
}

func (p *licenseParser) alternatives() []string {
	choice := p.conjunction()
	for p.accept("OR") {
		choice = append(choice, p.conjunction()...)
	}
	return choice
}

// conjunction returns several alternatives only if it is nothing but these in
// parentheses.
func (p *licenseParser) conjunction() []string {
	choice := p.operand()
	for p.accept("AND") {
		choice = []string{licenseText(choice) + " AND " + licenseText(p.operand())}
	}
	return choice
}

func (p *licenseParser) operand() []string {
	if p.accept("(") {
		choice := p.alternatives()
		p.failed = p.failed || !p.accept(")")
		return choice
	}
	id := p.identifier()
	if p.accept("WITH") {
		id += " WITH " + p.identifier()
	}
	return []string{id}
}

func (p *licenseParser) identifier() string {
	if len(p.tokens) == 0 || !licenseID.MatchString(p.tokens[0]) || slices.Contains([]string{"OR", "AND", "WITH"}, p.tokens[0]) {
		p.failed = true
		p.tokens = nil
		return ""
	}
	id := p.tokens[0]
	p.tokens = p.tokens[1:]
	return id
}
